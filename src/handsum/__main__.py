"""The `handsum` command, and `python -m handsum`: a process of its own, which starts fast."""

from __future__ import annotations

import atexit
import gc
import os
import sys
import threading
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from types import ModuleType

# They run for long, and must give back what they no longer need.
LASTING = ("train", "evaluate", "dataset", "web")
# SciPy takes all of NumPy's names, and so imports the parts that NumPy puts off: a wrapper of
# Fortran, tools for tests and others, a third of what importing SciPy's image operations takes.
LATER = ("numpy.f2py", "numpy.ma", "numpy.polynomial", "numpy.testing")


class _Later:
    """Has the modules of LATER loaded when something of them is first used."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in LATER:
            return None
        spec = PathFinder.find_spec(fullname, path)
        if spec is not None and spec.loader is not None:
            spec.loader = LazyLoader(spec.loader)
        return spec


def main() -> None:
    """Run the command line (see `handsum.cli.app.main`) in a process that does nothing else."""
    short = not set(sys.argv[1:2]) & set(LASTING)
    if short:
        # Half of a short command's time is imports, which make objects by the hundred thousand and
        # keep nearly all of them: looking for those that are not needed finds next to nothing.
        gc.set_threshold(1_000_000)
        # BLAS's threads wait for work by spinning, for milliseconds from their start on.
        os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")
        sys.meta_path.insert(0, _Later())
    # What is left at the end goes with the process, and need not be looked through before.
    atexit.register(gc.freeze)
    from handsum.cli import app

    try:
        app.main()
    except SystemExit as end:
        if short and threading.active_count() > 1 and isinstance(end.code, int):
            # What a thread still compiles, nobody waits for.
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(end.code)
        raise


if __name__ == "__main__":
    main()
