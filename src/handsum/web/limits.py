"""Limits: how much one request may ask for, and how much work the server accepts at once."""

from __future__ import annotations

# Uploads: large enough for a phone's photo, too small to fill the memory.
MOST_BYTES = 20 * 1024 * 1024
MOST_PIXELS = 25_000_000
BODY_SECONDS = 30.0
# Uploads that are being received at once: of up to MEMORY_BYTES, and of more. One too many ends the
# one without progress (a step of STEP_BYTES) for longest, if that is longer than STALLED_SECONDS.
# If there is none, it ends the slowest that is older than that and below SLOW_RATE (bytes per
# second).
MOST_ARRIVING = 64
STEP_BYTES = 16 * 1024
STALLED_SECONDS = 1.0
SLOW_RATE = 64 * 1024
# A body of more than MEMORY_BYTES lies in a temporary file.
MEMORY_BYTES = 1024 * 1024
MOST_BYTES_IN_FILES = 512 * 1024 * 1024
# Freed memory returns to the system this long after a large body.
TRIM_SECONDS = 10.0

# Open connections; fewer if the process may not open that many files and OTHER_FILES more.
MOST_CONNECTIONS = 400
OTHER_FILES = 192
# The time for the headers of a request, also for the next one after an answer.
HEADERS_SECONDS = 10.0
# The time for a client to take the next part (64 KiB) of an answer.
ANSWER_SECONDS = 30.0
# The time for the rest of a body that an answer did not wait for.
UNREAD_SECONDS = 15.0
UNREAD_AT_ONCE = 8

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

# Requests at once, counted from before their bodies are read, and the uploads among them.
MOST_REQUESTS = 264
MOST_UPLOADS = 200

# The threads that work on cheap requests, on small pictures and on dear requests; they share the
# networks' calls (handsum.pretrained.batching). Few at once: an estimate can be wrong.
THREADS = 3
UPLOADS_AT_ONCE = 1
DEAR_AT_ONCE = 1
# Processor time of a request's thread: a cheap one that takes longer becomes a dear one, and a dear
# one that takes longer is refused.
CHEAP_SECONDS = 0.3
MOST_SECONDS = 30.0
# The largest requests of a queue let others pass that come up to this long after them.
LARGER_WAIT_SECONDS = 3.0
# Between two steps a request pauses for as long as the step took, and at most for this, while
# cheaper ones are at work.
LONGEST_PAUSE = 0.1
# A request is dear if it draws more digits of the usual size than this (see `estimates.cost_of`).
CHEAP_DIGITS = 120
# A picture is dear by its bytes or by its pixels: a small file can hold a huge picture.
DEAR_PICTURE_BYTES = 512 * 1024
DEAR_PICTURE_PIXELS = 1_500_000
