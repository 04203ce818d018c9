"""The process of the command: its own settings, which change nothing for importers."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path

import pytest

from handsum.__main__ import LASTING
from handsum.cli.app import app

# The command, which prints at its end whether garbage collection is normal, and how long the
# threads of BLAS spin.
REPORT = """
import atexit, gc, os, sys
usual = gc.get_threshold()
def report():
    spinning = os.environ.get("OPENBLAS_THREAD_TIMEOUT")
    print(gc.get_threshold() == usual, spinning, file=sys.stderr)
atexit.register(report)
from handsum.__main__ import main
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


def test_a_short_command_delays_garbage_collection(tmp_path: Path) -> None:
    picture = tmp_path / "n.png"
    usual, spinning = run("number", "12", "--seed", "1", "-o", str(picture))
    assert usual == "False"
    assert int(spinning) < 10
    assert picture.exists()


@pytest.mark.parametrize("command", LASTING)
def test_a_long_running_command_keeps_normal_garbage_collection(command: str) -> None:
    assert run(command, "--help") == ["True", "None"]


def test_a_setting_of_the_user_stays() -> None:
    assert run("models", OPENBLAS_THREAD_TIMEOUT="20")[1] == "20"


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
        "    print('done')\n"
        "    sys.exit(130)\n"
        "app.main = main\n"
        "__main__.main()\n"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (130, "done\n")


@pytest.mark.parametrize(
    "reaction",
    ["threading.Event().wait(100)", "raise ValueError('setting an array element')"],
    ids=["lost", "turned into another error"],
)
def test_a_termination_ends_the_command_whatever_becomes_of_it(reaction: str) -> None:
    code = (
        "import os, signal, sys, threading\n"
        "from handsum import __main__\n"
        "from handsum.cli import app\n"
        "from handsum.writing import write\n"
        "app.PATIENCE = 0.5\n"
        "def number(*arguments, **options):\n"
        "    try:\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n"
        "        threading.Event().wait(100)\n"
        "    except BaseException:\n"
        f"        {reaction}\n"
        "write.number = number\n"
        "sys.argv = ['handsum', 'number', '12']\n"
        "__main__.main()\n"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (143, "", "")
