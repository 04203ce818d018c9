"""Ctrl-C at any moment of a short command: exit code 130, and nothing is left.

Until Python runs the package's first line, about 20 ms after the start, Ctrl-C meets Python alone,
which dies of the signal or prints a traceback. So the clock starts there. A longer run shows how
commands end:

    python -m pytest tests/test_interrupts.py -m slow -s
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is another thing there")

# The command, which tells its parent when Ctrl-C becomes its own.
COMMAND = """
import os, signal, sys
from handsum import __main__
handle = signal.signal
def handled(number, handler):
    handle(number, handler)
    if number == signal.SIGTERM:
        signal.signal = handle
        os.close(READY)
READY = int(sys.argv.pop(1))
signal.signal = handled
__main__.main()
"""
COMMANDS = {
    "number": ("number", "42", "-o", "x.png"),
    "help": ("--help",),
    "models": ("models",),
    "predict": ("predict", "in.png"),
    "sum-sequence": ("sum-sequence", "23", "--length", "5", "-o", "s.png"),
}


class Bench:
    """A folder and a cache folder, where a command is started again and again."""

    def __init__(self, folder: Path, command: tuple[str, ...], warm: bool) -> None:
        self._work, self._cache, self._warm = folder / "work", folder / "cache", warm
        self._command = command
        self._work.mkdir()

    def start(self) -> subprocess.Popen[bytes]:
        """Start the command; return when Ctrl-C is its own."""
        shutil.rmtree(self._work)
        self._work.mkdir()
        Image.new("L", (60, 60), 255).save(self._work / "in.png")
        if not self._warm:
            shutil.rmtree(self._cache, ignore_errors=True)
        ready, signalled = os.pipe()
        process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, str(signalled), *self._command],
            cwd=self._work,
            env={**os.environ, "XDG_CACHE_HOME": str(self._cache), "JAX_PLATFORMS": "cpu"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=(signalled,),
        )
        os.close(signalled)
        os.read(ready, 1)
        os.close(ready)
        return process

    def measure(self) -> float:
        """The least seconds that the command takes."""
        times = []
        for _ in range(4 if self._warm else 1):
            process, start = self.start(), time.monotonic()
            assert process.communicate(timeout=240)[1] == b""
            assert process.returncode == 0
            times.append(time.monotonic() - start)
        return min(times)

    def interrupt(self, seconds: float) -> str:
        """Interrupt the command after some seconds; return how it ended."""
        process = self.start()
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        try:
            printed = process.communicate(timeout=60)[1]
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return "hung"
        left = [path.name for path in self._work.iterdir() if path.name.startswith(".")]
        left += [path.name for path in self._cache.rglob("*.part")]
        left += [path.name for path in self._cache.rglob("*-cache") if not path.stat().st_size]
        return f"{process.returncode} {printed.decode(errors='replace')} {left or ''}".strip()


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Children of a process that ignores Ctrl-C would ignore it, too."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def endings(folder: Path, name: str, warm: bool, moments: int) -> Counter[str]:
    """How a command ends that is interrupted at random moments."""
    bench, rng = Bench(folder, COMMANDS[name], warm), random.Random(name)
    seconds = bench.measure()
    # One moment in each of as many parts of the whole time.
    moment = (seconds * (index + rng.random()) / moments for index in range(moments))
    return Counter(map(bench.interrupt, moment))


@pytest.mark.parametrize(("name", "warm"), [("number", False), ("models", True), ("predict", True)])
def test_an_interrupted_command_ends_with_130(
    name: str, warm: bool, tmp_path: Path, interruptible: None
) -> None:
    assert set(endings(tmp_path, name, warm, 5)) <= {"130", "0"}


@pytest.mark.slow
@pytest.mark.parametrize("warm", [False, True])
@pytest.mark.parametrize("name", COMMANDS)
def test_at_200_moments(name: str, warm: bool, tmp_path: Path, interruptible: None) -> None:
    found = endings(tmp_path, name, warm, 200)
    print(name, "warm" if warm else "cold", dict(found))
    assert set(found) <= {"130", "0"}
