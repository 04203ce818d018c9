"""The cache folder: where it is, and that everything works without one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from handsum.pretrained.cache import cache_folder, read_cached, write_cached

# A user without an entry in the password database, as in many containers.
NOBODY = """
import pwd
def unknown(*given):
    raise KeyError("no such user")
pwd.getpwuid = pwd.getpwnam = unknown
"""
CACHE = """
from handsum.pretrained.cache import cache_folder, read_cached, use_compilation_cache, write_cached
write_cached("a", b"1")
use_compilation_cache()
print(cache_folder(), read_cached("a"))
"""
COMMAND = """
from handsum.__main__ import main
main()
"""


def run(folder: Path, code: str, *arguments: str, **changes: str | None) -> str:
    environment = {**os.environ, "JAX_PLATFORMS": "cpu", **changes}
    environment.pop("JAX_COMPILATION_CACHE_DIR", None)
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        env={name: value for name, value in environment.items() if value is not None},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.skipif(os.name == "nt", reason="folders come from elsewhere there")
@pytest.mark.parametrize("home", [None, "", "relative"])
@pytest.mark.parametrize("cache", [None, "", "relative"])
def test_there_is_no_cache_without_a_home_folder(
    home: str | None, cache: str | None, tmp_path: Path
) -> None:
    places = {"HOME": home, "XDG_CACHE_HOME": cache}
    assert run(tmp_path, NOBODY + CACHE, **places) == "None None\n"
    assert [*tmp_path.iterdir()] == []


@pytest.mark.skipif(os.name == "nt", reason="folders come from elsewhere there")
def test_a_command_works_without_a_home_folder(tmp_path: Path) -> None:
    places = {"HOME": "", "XDG_CACHE_HOME": "", "MPLCONFIGDIR": None}
    shown = run(tmp_path, NOBODY + COMMAND, "number", "12", "--seed", "1", "-o", "n.png", **places)
    assert shown.startswith("n.png: 12")
    assert [path.name for path in tmp_path.iterdir()] == ["n.png"]


def test_a_relative_cache_folder_is_not_used(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    folder = cache_folder()
    assert folder is None or folder.is_relative_to(tmp_path / "home")
    assert not (tmp_path / "relative").exists()


def test_a_file_is_read_back_whole_or_not_at_all(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    write_cached("a", b"content")
    assert read_cached("a") == b"content"
    assert read_cached("b") is None
    path = tmp_path / "handsum" / "a"
    path.write_bytes(path.read_bytes()[:-1])
    assert read_cached("a") is None
