"""The command's own process: what it sets for itself, and for itself only."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path

import pytest

from handsum.__main__ import LASTING
from handsum.cli.app import app

# The command, which tells at its end how often it looked for garbage meanwhile, what is then left
# to look through, and how long BLAS's threads spin.
REPORT = """
import atexit, gc, os, sys
def report():
    runs = sum(generation["collections"] for generation in gc.get_stats()) - before
    print(runs, gc.get_freeze_count(), os.environ.get("OPENBLAS_THREAD_TIMEOUT"), file=sys.stderr)
atexit.register(report)
from handsum.__main__ import main
before = sum(generation["collections"] for generation in gc.get_stats())
main()
"""


def run(*arguments: str, **variables: str) -> list[str]:
    environment = {k: v for k, v in os.environ.items() if k != "OPENBLAS_THREAD_TIMEOUT"}
    done = subprocess.run(
        [sys.executable, "-c", REPORT, *arguments],
        env=environment | variables,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr.split()


def test_a_short_command_looks_for_no_garbage(tmp_path: Path) -> None:
    runs, left, spinning = run("number", "12", "--seed", "1", "-o", str(tmp_path / "n.png"))
    assert int(runs) < 5
    assert int(left) > 50_000
    assert int(spinning) < 10
    assert (tmp_path / "n.png").exists()


def test_a_short_command_puts_off_what_it_does_not_use(tmp_path: Path) -> None:
    report = (
        "import atexit, sys, types\n"
        "def report():\n"
        "    for name in LATER:\n"
        "        print(name, type(sys.modules.get(name)) is types.ModuleType, file=sys.stderr)\n"
        "atexit.register(report)\n"
        "from handsum.__main__ import LATER, main\n"
        "main()\n"
    )
    command = [sys.executable, "-c", report, "number", "12", "--seed", "1"]
    picture = tmp_path / "n.png"
    done = subprocess.run(
        [*command, "-o", str(picture)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    loaded = dict(line.split() for line in done.stderr.splitlines())
    assert loaded["numpy.f2py"] == loaded["numpy.testing"] == "False"
    assert picture.exists()


@pytest.mark.parametrize("command", LASTING)
def test_a_lasting_command_looks_for_garbage_as_ever(command: str) -> None:
    runs, left, spinning = run(command, "--help")
    assert int(runs) >= 5
    assert int(left) > 10_000
    assert spinning == "None"


def test_what_the_user_sets_stays() -> None:
    assert run("models", OPENBLAS_THREAD_TIMEOUT="20")[2] == "20"


def test_the_lasting_commands_are_commands() -> None:
    assert set(LASTING) < {command.name for command in app.registered_commands}


def test_importing_the_command_changes_nothing() -> None:
    assert gc.get_threshold()[0] < 1_000_000


def test_a_command_that_ends_waits_for_no_thread() -> None:
    """As when it is interrupted while a network is compiled."""
    code = (
        "import sys, threading, time\n"
        "from handsum import __main__\n"
        "from handsum.cli import app\n"
        "def main():\n"
        "    threading.Thread(target=time.sleep, args=(600,)).start()\n"
        "    print('told')\n"
        "    sys.exit(130)\n"
        "app.main = main\n"
        "__main__.main()\n"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (130, "told\n")
