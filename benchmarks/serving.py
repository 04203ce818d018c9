"""A worker that prepares once, then does a round of work on request and reports its time.

It runs in the environments of both sides, so it imports only the standard library. Whatever the
work prints goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable


def serve(prepare: Callable[[], Callable[[], float]]) -> None:
    """For each line on standard input, do a round of work and print its time as a line of JSON.

    `prepare` returns the function that does a round; that one returns the number of units done.
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
