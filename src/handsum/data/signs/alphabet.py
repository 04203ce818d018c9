"""The classes of a reader of pages."""

from __future__ import annotations

# The last class is whatever is none of the others.
SIGNS = "0123456789.,-/:+=%()$"
OTHER = len(SIGNS)
# The first classes are the digits.
DIGITS = 10
CLASSES = OTHER + 1
