"""How much one request may ask for, and how much the server takes on at once."""

from __future__ import annotations

# Uploads: a telephone's photo passes, nothing that would fill the memory does.
MOST_BYTES = 20 * 1024 * 1024
MOST_PIXELS = 25_000_000
BODY_SECONDS = 30.0

LONGEST = 200
MOST_DIGITS = 400
MOST_SEQUENCES = 24
# Sequences and their length together, for every digit is checked in its picture.
MOST_WRITTEN = 1_000
LARGEST_SCALE = 16.0
MOST_HANDS = 100
MOST_STEPS = 61
MOST_INTERPOLATED = 10
LARGEST_TOTAL = 9 * LONGEST
# What the models of sums are compiled for.
LONGEST_SUM = 32

# Requests are worked on by so many threads; they share the networks' calls
# (handsum.pretrained.batching).
THREADS = 8
LARGE_PICTURES_AT_ONCE = 2
LARGE_PICTURE_BYTES = 512 * 1024
# A few bytes may say of any number of pixels that they are white.
LARGE_PICTURE_PIXELS = 4_000_000
MOST_WAITING = 256
