"""A worker prepares once, then works a round whenever it is asked, and says how long that took.

Runs in the environments of both sides, and so imports nothing but the standard library. What is
printed meanwhile goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable


def serve(prepare: Callable[[], Callable[[], float]]) -> None:
    """Answer each line on standard input by a round of work, as a line of JSON.

    `prepare` gives the function that works a round, and returns how many units it did.
    """
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    work = prepare()
    work()
    answers.write("ready\n")
    for _ in sys.stdin:
        wall, processor = time.perf_counter(), time.process_time()
        count = work()
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        answers.write(json.dumps({"seconds": wall / count, "cpu": processor / count}) + "\n")
