"""The process of the command: its own settings, which change nothing for importers."""

from __future__ import annotations

import gc
import os
import signal
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


INTERRUPTED = """
import os, signal, sys, threading
from handsum import __main__
import handsum.cli.app
import {module} as module
def work(*arguments, **options):
    try:
        os.kill(os.getpid(), {number})
        threading.Event().wait(100)
    except BaseException:
        {reaction}
sys.modules['handsum.cli.dataset'].PATIENCE = 0.5
module.{verb} = work
sys.argv = ["handsum", *{arguments}]
__main__.main()
"""
NUMBER = ("handsum.writing.write", "number", ["number", "12"])
DATASET = ("handsum.datasets", "write_dataset", ["dataset", "sums", "--workers", "2", "-o", "set"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(("module", "verb", "arguments"), [NUMBER, DATASET])
@pytest.mark.parametrize(
    "reaction",
    ["threading.Event().wait(100)", "raise ValueError('setting an array element')", "raise"],
    ids=["lost", "turned into another error", "raised"],
)
def test_a_signal_ends_the_command_whatever_becomes_of_its_exception(
    number: signal.Signals, module: str, verb: str, arguments: list[str], reaction: str
) -> None:
    code = INTERRUPTED.format(
        module=module, verb=verb, arguments=arguments, reaction=reaction, number=int(number)
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (128 + number, "", "")


def test_what_was_printed_and_written_before_a_signal_stays(tmp_path: Path) -> None:
    """Files are whole; what is half-written is removed, in every thread."""
    code = (
        "import os, signal, sys, threading\n"
        "from handsum import __main__\n"
        "from handsum.cli import app\n"
        "from handsum.files import atomic_folder, atomic_write\n"
        "def write():\n"
        "    with atomic_folder('other') as folder:\n"
        "        (folder / 'a').touch()\n"
        "        ready.set()\n"
        "        threading.Event().wait(100)\n"
        "def main():\n"
        "    threading.Thread(target=write, daemon=True).start()\n"
        "    with atomic_write('whole') as file:\n"
        "        file.write(b'1')\n"
        "    ready.wait(100)\n"
        "    with atomic_write('half') as file:\n"
        "        file.write(b'1')\n"
        "        sys.stdout.write('printed')\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "ready = threading.Event()\n"
        "app.main = main\n"
        "__main__.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "printed", "")
    assert [path.name for path in tmp_path.iterdir()] == ["whole"]


@pytest.mark.skipif(os.name == "nt", reason="a shell is needed")
def test_a_background_job_that_ignores_ctrl_c_goes_on(tmp_path: Path) -> None:
    code = (
        "import os, signal\n"
        "from handsum import __main__\n"
        "from handsum.cli import app\n"
        "app.main = lambda: os.kill(os.getpid(), signal.SIGINT)\n"
        "__main__.main()\n"
    )
    line = ["sh", "-c", 'trap "" INT; exec "$@"', "-", sys.executable, "-c", code]
    assert subprocess.run(line, timeout=60).returncode == 0
