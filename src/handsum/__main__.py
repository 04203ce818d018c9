"""The `handsum` command and `python -m handsum`: a process that starts fast and ends at once."""

from __future__ import annotations

import os
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import NoReturn

# Long-running commands keep normal garbage collection.
LASTING = ("train", "evaluate", "dataset", "web")


def main() -> None:
    """Run the command line (see `handsum.cli.app.main`) in a process that does nothing else."""
    # First of all, and nothing is imported above that takes long: until here, Ctrl-C is Python's.
    _handle_signals(_end)
    import atexit
    import gc
    import threading

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
            _exit(end.code)
        raise
    finally:
        # The work is done. The interpreter takes itself down without a traceback.
        _handle_signals(signal.SIG_IGN)


def _handle_signals(handler: Callable[[int, FrameType | None], NoReturn] | signal.Handlers) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        # A script's background job ignores Ctrl-C, and goes on ignoring it.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def _end(number: int, frame: FrameType | None) -> NoReturn:
    """End the process at once after a signal, without half-written files.

    An exception instead would crash imports, compilers and threads that it interrupts.
    """
    if os.isatty(2):
        # A progress bar hides the cursor; "^C" stands in the line of the next prompt.
        os.write(2, b"\x1b[?25h\n" if "rich.live" in sys.modules else b"\n")
    _exit(128 + number)


def _exit(code: int) -> NoReturn:
    """End the process at once, with all that it has printed and without half-written files."""
    # The module may be in the middle of its import.
    discard = getattr(sys.modules.get("handsum.files"), "discard_unfinished", None)
    if discard:
        discard()
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream:
                stream.flush()
        except OSError:  # such as a full disk
            code = code or 1
        except (RuntimeError, ValueError):  # interrupted while it prints; closed
            pass
    os._exit(code)


if __name__ == "__main__":
    main()
