"""The `handsum` command and `python -m handsum`: a process that starts fast."""

from __future__ import annotations

import atexit
import gc
import os
import sys
import threading

# Long-running commands keep normal garbage collection.
LASTING = ("train", "evaluate", "dataset", "web")


def main() -> None:
    """Run the command line (see `handsum.cli.app.main`) in a process that does nothing else."""
    short = not set(sys.argv[1:2]) & set(LASTING)
    if short:
        # Imports make objects by the hundred thousand and keep nearly all of them: without
        # collections `handsum number` takes 0.88 of the time.
        gc.set_threshold(1_000_000)
        # BLAS's threads spin for milliseconds while they wait for work: 0.85 of the processor time.
        os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")
    # What is left at the end goes with the process: without a last collection 0.8 of the time.
    atexit.register(gc.freeze)
    from handsum.cli import app

    try:
        app.main()
    except SystemExit as end:
        # A thread may still compile, and nobody waits for what it compiles; networks that run when
        # the interpreter is taken down crash.
        ended = end.code in (130, 143)
        if isinstance(end.code, int) and (ended or (short and threading.active_count() > 1)):
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(end.code)
        raise


if __name__ == "__main__":
    main()
