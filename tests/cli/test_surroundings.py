"""The command in unusual environments: closed pipes, no home, no permissions, poor terminals."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from quick import quick

COMMAND = [sys.executable, "-m", "handsum"]
PLAIN = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}

Run = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a command in a process of its own, in an empty folder."""

    def run(
        *arguments: str | bytes,
        before: tuple[str, ...] = (),
        shell: str = "",
        **changes: str | None,
    ) -> subprocess.CompletedProcess[bytes]:
        environment = {**os.environ, "NO_COLOR": "1", **changes}
        environment = {name: value for name, value in environment.items() if value is not None}
        line = ["bash", "-c", f'set -o pipefail; "$@" {shell}', "-"] if shell else []
        done = subprocess.run(
            [*line, *before, *COMMAND, *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            timeout=240,
            check=False,
        )
        assert b"Traceback" not in done.stderr, done.stderr.decode(errors="replace")
        assert not [path for path in tmp_path.rglob(".*") if path.name != ".lock"]
        return done

    return run


# Takes the rights of root away from a process.
POWERLESS = ("setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner", "--inh-caps=-all")


@pytest.fixture
def powerless() -> tuple[str, ...]:
    """A prefix that runs a command with the file permissions of an ordinary user."""
    if os.name == "nt":
        pytest.skip("rights to files are another matter there")
    if os.geteuid() != 0:
        return ()
    if not shutil.which("setpriv"):
        pytest.skip("root may write anywhere, and there is no setpriv")
    return POWERLESS


@pytest.mark.parametrize("command", [("models",), ("models", "--json"), ("--help",)])
def test_a_reader_that_goes_away(run: Run, command: tuple[str, ...]) -> None:
    done = run(*command, shell="| head -c 1")
    assert len(done.stdout) == 1
    assert done.returncode in (0, 1)
    assert done.stderr == b""


def test_a_closed_standard_output(run: Run, tmp_path: Path) -> None:
    assert run("number", "12", "--seed", "1", "-o", "n.png", shell=">&-").returncode == 0
    assert (tmp_path / "n.png").is_file()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such device")
def test_a_full_device(run: Run) -> None:
    done = run("models", shell="> /dev/full")
    assert done.returncode == 1
    assert done.stderr == b"error: No space left on device\n"


@pytest.mark.parametrize("columns", ["1", "20"])
def test_a_narrow_terminal(run: Run, columns: str) -> None:
    done = run("models", COLUMNS=columns)
    assert done.returncode == 0
    # The terminal may break lines; names stay whole.
    assert done.stdout.count(b"one-to-many-cgan") == 1
    assert b"\x1b" not in done.stdout


def test_a_terminal_that_knows_ascii_only(run: Run, tmp_path: Path) -> None:
    done = run("models", **PLAIN)
    assert done.returncode == 0
    assert done.stdout.isascii()
    assert b"r3gan" in done.stdout
    name = "é七.png"
    done = run("number", "12", "--seed", "1", "-o", name, **PLAIN)
    assert done.returncode == 0
    assert done.stdout.isascii()
    assert [path.name for path in tmp_path.iterdir()] == [name]
    done = run("predict", "七.png", name, **PLAIN)
    assert done.returncode == 1
    assert b"12" in done.stdout
    assert done.stderr.startswith(b"error: cannot read \\")


@pytest.mark.skipif(sys.platform != "linux", reason="names are text there")
def test_names_that_are_no_text(run: Run, tmp_path: Path) -> None:
    done = run("number", "12", "--seed", "1", "-o", b"\xff.png", "--json")
    assert done.returncode == 0
    assert os.listdir(os.fsencode(tmp_path)) == [b"\xff.png"]
    done = run("predict", b"\xff.png", b"\xfe.png", "--json")
    assert done.returncode == 1
    assert b'"digits": "12"' in done.stdout


def test_no_home(run: Run, powerless: tuple[str, ...], tmp_path: Path) -> None:
    nowhere = dict.fromkeys(("HOME", "XDG_CACHE_HOME", "MPLCONFIGDIR"))
    done = run("number", "12", "--seed", "1", "-o", "a.png", before=powerless, **nowhere)
    assert done.returncode == 0
    home = tmp_path / "home"
    home.mkdir(mode=0o555)
    done = run(
        "number", "12", "--seed", "1", "-o", "b.png", before=powerless,
        HOME=str(home), XDG_CACHE_HOME=None,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("platform", quick(["cuda", "nonsense"], 0))
@pytest.mark.parametrize(
    "command",
    [
        ("number", "12", "-o", "n.png"),
        ("generate", "--rows", "1", "-o", "g.png"),
        ("predict", "7.png"),
        ("evaluate", "cnn", "--quick"),
        ("visualize", "7", "-o", "layers.png"),
        ("doctor",),
    ],
    ids=lambda command: command[0],
)
def test_no_such_device(
    run: Run, tmp_path: Path, draw_row, command: tuple[str, ...], platform: str
) -> None:
    Image.fromarray(255 - draw_row("7")[0]).save(tmp_path / "7.png")
    done = run(*command, JAX_PLATFORMS=platform)
    if platform == "cuda" and done.returncode == 0:
        pytest.skip("there is such a device")
    assert done.returncode == 1
    (line,) = done.stderr.decode().splitlines()
    assert f"JAX finds no device for JAX_PLATFORMS={platform}" in line
    assert "set JAX_PLATFORMS=cpu" in line
    assert [path.name for path in tmp_path.iterdir()] == ["7.png"]


def test_no_right_to_write(run: Run, powerless: tuple[str, ...], tmp_path: Path) -> None:
    assert run("number", "7", "--seed", "1", "-o", "7.png").returncode == 0
    tmp_path.chmod(0o555)
    try:
        for command in (
            ("number", "12"),
            ("generate", "--rows", "1", "-o", "digits.npz"),
            ("generate", "--count", "2", "-o", "digits"),
            ("dataset", "sums", "--count", "2", "-o", "sums"),
            ("train", "cnn", "--preset", "small", "--steps", "10"),
            ("predict", "7.png", "--annotate", "marked"),
        ):
            done = run(*command, before=powerless)
            assert done.returncode == 1, command
            last = done.stderr.decode().splitlines()[-1]
            assert last.startswith("error: cannot "), last
            assert "Permission denied" in last
        assert [path.name for path in tmp_path.iterdir()] == ["7.png"]
    finally:
        tmp_path.chmod(0o755)


def test_a_damaged_cache_costs_only_time(run: Run, tmp_path: Path) -> None:
    """As if a process had been killed while it was writing there."""
    cache = tmp_path / "cache"
    command = ("number", "12", "--seed", "1", "-o")
    assert run(*command, "a.png", XDG_CACHE_HOME=str(cache)).returncode == 0
    cached = [path for path in cache.rglob("*") if path.is_file()]
    # The compiled code of the generator, the pen, the reader, and the detector at two sizes.
    assert len(cached) == 5
    for path in cached:
        path.write_bytes(path.read_bytes()[:1000])
    done = run(*command, "b.png", XDG_CACHE_HOME=str(cache))
    assert (done.returncode, done.stderr) == (0, b"")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
