"""Completion as a person meets it: real shells in a terminal, and their TAB key."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from handsum.cli.completion import datasets, generators, models, pens, readers
from handsum.layout.pens import PENS

pty = pytest.importorskip("pty", reason="there are no such terminals")

# How each shell starts, and reads what `--install-completion` has written.
SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], "source ~/.bashrc"),
    "zsh": (["zsh", "-f", "-i"], "source ~/.zshrc"),
    "fish": (["fish", "-i"], "true"),
}
PATIENCE = 60.0

# The forked process only starts a shell; other tests may have run JAX's threads before.
pytestmark = pytest.mark.filterwarnings("ignore:os.fork")


class Shell:
    """An interactive shell in a terminal of its own."""

    def __init__(self, command: list[str], home: Path, folder: Path) -> None:
        path = f"{home / 'bin'}:{os.environ['PATH']}"
        environment = {**os.environ, "HOME": str(home), "PATH": path, "TERM": "dumb"}
        environment |= {"XDG_CONFIG_HOME": str(home / ".config"), "JAX_PLATFORMS": "cpu"}
        self.process, self.terminal = pty.fork()
        if self.process == 0:
            os.chdir(folder)
            os.execvpe(command[0], command, environment)

    def type(self, keys: str, until: str) -> str:
        """Press keys, and wait until the terminal shows a text; return all that it showed."""
        os.write(self.terminal, keys.encode())
        shown, end = "", time.monotonic() + PATIENCE
        while until not in shown and time.monotonic() < end:
            if select.select([self.terminal], [], [], 0.1)[0]:
                shown += os.read(self.terminal, 65536).decode(errors="replace")
        return shown

    def close(self) -> None:
        os.kill(self.process, 9)
        os.close(self.terminal)
        os.waitpid(self.process, 0)


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shell]:
    """A fresh shell with handsum's completion installed, in a folder with some files."""
    name: str = request.param
    if not shutil.which(name):
        pytest.skip(f"there is no {name}")
    home, folder = tmp_path / "home", tmp_path / "folder"
    (home / "bin").mkdir(parents=True)
    (folder / "pictures").mkdir(parents=True)
    (folder / "photo.png").touch()
    program = home / "bin" / "handsum"
    code = 'import sys; sys.argv[0] = "handsum"; from handsum.__main__ import main; main()'
    program.write_text(f"#!/bin/sh\nexec {sys.executable} -c '{code}' \"$@\"\n")
    program.chmod(0o755)
    # Typer looks for the shell among the processes above.
    line = f"'{program}' --install-completion; true"
    environment = {**os.environ, "HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config")}
    command = [name, "-c", line]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert f"{name} completion installed" in done.stdout, done
    start, load = SHELLS[name]
    opened = Shell(start, home, folder)
    try:
        opened.type(f"{load}; echo re''ady\n", "ready")
        yield opened
    finally:
        opened.close()


LINES = {
    "handsum tra": "handsum train ",
    "handsum export cnn-l": "handsum export cnn-lstm ",
    "handsum number 12 --model writer": "--model writer-cgan ",
    "handsum number 12 -o ph": "-o photo.png ",
    "handsum predict ph": "predict photo.png ",
    "handsum writers --like ph": "--like photo.png ",
    "handsum train cnn --dataset folder:pi": "folder:pictures/",
}


def test_tab_completes_from_the_first_time_on(shell: Shell) -> None:
    for line, whole in LINES.items():
        assert whole in shell.type(f"{line}\t", whole), line
        shell.type("\x15", "")  # deletes the line


def test_models_are_offered_by_what_they_do() -> None:
    names = {name: [one for one, _ in found("")] for name, found in
             (("all", models), ("draw", generators), ("read", readers))}  # fmt: skip
    assert sorted(names["draw"] + names["read"]) == sorted(names["all"])
    assert {"r3gan", "lstm-cgan"} < set(names["draw"])
    assert {"cnn", "judge"} < set(names["read"])
    assert models("zzz") == []
    assert dict(models("cnn-l")) == {"cnn-lstm": "sum reader"}


def test_the_pens_with_a_name_are_offered() -> None:
    assert pens("") == list(PENS)
    assert pens("f") == ["fine", "felt"]
    assert pens("0.5") == []


def test_folders_of_data_sets_are_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a/bc").mkdir(parents=True)
    (tmp_path / "a/.hidden").mkdir()
    (tmp_path / "a/b.txt").touch()
    assert datasets("") == datasets("m") == ["mnist"]
    assert datasets("folder:") == ["folder:a/"]
    assert datasets("idx:a/") == datasets("idx:a/b") == ["idx:a/bc/"]
    assert datasets(f"idx:{tmp_path}/a/b") == [f"idx:{tmp_path}/a/bc/"]
    for nothing in ("tfds:a", "folder:none/", "x:a", "idx:a/b.txt"):
        assert datasets(nothing) == []


def test_the_printed_script_for_zsh_is_whole() -> None:
    if not shutil.which("zsh"):
        pytest.skip("there is no zsh")
    done = subprocess.run(
        ["zsh", "-c", f"{sys.executable} -m handsum --show-completion; true"],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.stdout.startswith("#compdef ")
    assert "loadautofunc" in done.stdout
