"""Limits: how much one request may ask for, and how much work the server accepts at once."""

from __future__ import annotations

# Uploads: large enough for a phone's photo, too small to fill the memory.
MOST_BYTES = 20 * 1024 * 1024
MOST_PIXELS = 25_000_000
BODY_SECONDS = 30.0

LONGEST = 200
MOST_DIGITS = 400
MOST_SEQUENCES = 24
# The number of sequences times their length: every digit is checked in its picture.
MOST_WRITTEN = 1_000
LARGEST_SCALE = 16.0
MOST_HANDS = 494
MOST_STEPS = 61
MOST_INTERPOLATED = 10
LARGEST_TOTAL = 9 * LONGEST
# The longest sequence that the sum readers are compiled for.
LONGEST_SUM = 32

# The number of threads that work on requests; they share the networks' calls
# (handsum.pretrained.batching).
THREADS = 8
LARGE_PICTURES_AT_ONCE = 2
LARGE_PICTURE_BYTES = 512 * 1024
# A small file can hold a huge picture: white pixels compress well.
LARGE_PICTURE_PIXELS = 4_000_000
MOST_WAITING = 256
