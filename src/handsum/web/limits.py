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

# Requests at once, from before their bodies are read; at most so many of them are uploads.
MOST_REQUESTS = 264
MOST_UPLOADS = 200

# The threads that work on cheap requests and on dear ones; they share the networks' calls
# (handsum.pretrained.batching).
THREADS = 8
DEAR_AT_ONCE = 1
# Processor time of a request's thread: a cheap one that takes longer becomes a dear one, and a dear
# one that takes longer is refused.
CHEAP_SECONDS = 1.0
MOST_SECONDS = 30.0
# A request is dear if it draws more digits than this (see `work.is_dear`).
CHEAP_DIGITS = 300
# A picture is dear by its bytes or by its pixels: a small file can hold a huge picture.
DEAR_PICTURE_BYTES = 512 * 1024
DEAR_PICTURE_PIXELS = 1_500_000
