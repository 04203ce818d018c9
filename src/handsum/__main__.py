"""The `handsum` command, and `python -m handsum`: a process of its own, which starts fast."""

from __future__ import annotations

import atexit
import gc
import os
import sys

# They run for long, and must give back what they no longer need.
LASTING = ("train", "evaluate", "dataset", "web")


def main() -> None:
    """Run the command line (see `handsum.cli.app.main`) in a process that does nothing else."""
    if not set(sys.argv[1:2]) & set(LASTING):
        # Half of a short command's time is imports, which make objects by the hundred thousand and
        # keep nearly all of them: looking for those that are not needed finds next to nothing.
        gc.set_threshold(1_000_000)
        # BLAS's threads wait for work by spinning, for milliseconds from their start on.
        os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")
    # What is left at the end goes with the process, and need not be looked through before.
    atexit.register(gc.freeze)
    from handsum.cli import app

    app.main()


if __name__ == "__main__":
    main()
