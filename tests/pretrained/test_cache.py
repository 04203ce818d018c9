"""The cache folder: where it is, who may change it, and that everything works without one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import types
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image

from handsum.errors import HandsumError
from handsum.pretrained.cache import (
    open_cache,
    read_cached,
    use_compilation_cache,
    write_cached,
)

# A user without an entry in the password database, as in many containers.
NOBODY = """
import pwd
def unknown(*given):
    raise KeyError("no such user")
pwd.getpwuid = pwd.getpwnam = unknown
"""
CACHE = """
import jax
from handsum.pretrained.cache import read_cached, use_compilation_cache, write_cached
write_cached("a", b"1")
use_compilation_cache()
print(jax.config.jax_compilation_cache_dir, read_cached("a"))
"""
COMMAND = """
from handsum.__main__ import main
main()
"""
# The command, which prints the files in the folder SHARED that it opens.
WATCHED = """
import os, sys
def watch(event, details):
    if event == "open" and str(details[0]).startswith(os.environ["SHARED"]):
        print("opened", details[0])
sys.addaudithook(watch)
"""
# Another user, who may read what root may, such as the interpreter in root's home.
CAPABILITIES = ("--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search")


def other(user: int) -> tuple[str, ...]:
    return ("setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *CAPABILITIES)


def run(
    folder: Path, code: str, *arguments: str, before: tuple[str, ...] = (), **changes: str | None
) -> str:
    environment = {**os.environ, "JAX_PLATFORMS": "cpu", **changes}
    environment.pop("JAX_COMPILATION_CACHE_DIR", None)
    done = subprocess.run(
        [*before, sys.executable, "-c", code, *arguments],
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
@pytest.mark.parametrize("home", [None, "", "relative"])
def test_completion_is_not_installed_without_a_home_folder(
    home: str | None, tmp_path: Path
) -> None:
    code = NOBODY + COMMAND
    done = subprocess.run(
        [sys.executable, "-c", code, "--install-completion", "bash"],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name != "HOME"}
        | ({} if home is None else {"HOME": home}),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 2
    assert "there is no home folder to install it in" in " ".join(done.stderr.split())
    assert [*tmp_path.iterdir()] == []


@pytest.mark.skipif(os.name == "nt", reason="folders come from elsewhere there")
@pytest.mark.parametrize(
    ("home", "command"),
    [
        (None, ("number", "12", "-o", "out.png")),
        ("", ("sum-sequence", "23", "-o", "out.png")),
        ("relative", ("predict", "in.png")),
        (None, ("models",)),
        ("", ("--help",)),
        ("relative", ("train", "cnn", "--dry-run")),
    ],
)
def test_a_command_works_without_a_home_folder(
    home: str | None, command: tuple[str, ...], tmp_path: Path
) -> None:
    Image.new("L", (60, 60), 255).save(tmp_path / "in.png")
    places = {"HOME": home, "XDG_CACHE_HOME": home, "MPLCONFIGDIR": None}
    assert run(tmp_path, NOBODY + COMMAND, *command, **places)
    assert {path.name for path in tmp_path.iterdir()} <= {"in.png", "out.png"}


@pytest.mark.skipif(os.name == "nt", reason="folders come from elsewhere there")
@pytest.mark.parametrize(
    "command",
    [
        ("evaluate", "--images", "~/x.npz"),
        ("train", "cnn", "--dataset", "folder:~/x", "-o", "run"),
        ("evaluate", "cnn", "--quick", "--dataset", "idx:~/x"),
    ],
)
def test_a_name_below_a_missing_home_folder_is_an_error_of_one_line(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "HOME"}
    done = subprocess.run(
        [sys.executable, "-c", NOBODY + COMMAND, *command],
        cwd=tmp_path,
        env=environment | {"JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode in (1, 2)
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert "~/x" in line


def test_a_relative_cache_folder_is_not_used(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    with suppress(HandsumError):
        assert open_cache().is_relative_to(tmp_path / "home")
    assert not (tmp_path / "relative").exists()


def test_a_file_is_read_back_whole_or_not_at_all(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    write_cached("a", b"content")
    assert read_cached("a") == b"content"
    assert read_cached("b") is None
    path = tmp_path / "handsum" / "a"
    path.write_bytes(path.read_bytes()[:-1])
    assert read_cached("a") is None


posix = pytest.mark.skipif(os.name == "nt", reason="files show no owners there")


@posix
@pytest.mark.parametrize("mask", [0, 0o002, 0o022, 0o077])
def test_the_cache_is_private_whatever_the_umask(mask: int, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "new" / "cache"))
    before = os.umask(mask)
    try:
        write_cached("a", b"content")
    finally:
        os.umask(before)
    assert read_cached("a") == b"content"
    for name, mode in (("new", 0o700), ("new/cache", 0o700), ("new/cache/handsum", 0o700)):
        assert (tmp_path / name).stat().st_mode & 0o777 == mode
    assert (tmp_path / "new/cache/handsum/a").stat().st_mode & 0o777 == 0o600


def open_to_all(cache: Path) -> None:
    cache.chmod(0o777)


def open_to_the_group(cache: Path) -> None:
    if os.geteuid() == 0:
        os.chown(cache, -1, 12001)
    else:
        pytest.skip("only root may give a folder to another group")
    cache.chmod(0o770)


def open_own_folder(cache: Path) -> None:
    (cache / "handsum").chmod(0o755)


def link_folder(cache: Path) -> None:
    (cache / "handsum").rename(cache / "elsewhere")
    (cache / "handsum").symlink_to(cache / "elsewhere")


def link_file(cache: Path) -> None:
    (cache / "handsum" / "a").rename(cache / "handsum" / "b")
    (cache / "handsum" / "a").symlink_to("b")


def link_compiled(cache: Path) -> None:
    (cache / "handsum" / "xla").rename(cache / "handsum" / "code")
    (cache / "handsum" / "xla").symlink_to("code")


def link_compiled_file(cache: Path) -> None:
    (cache / "handsum" / "xla" / "x-cache").symlink_to("../a")


def open_file(cache: Path) -> None:
    (cache / "handsum" / "a").chmod(0o666)


def open_compiled(cache: Path) -> None:
    (cache / "handsum" / "xla").chmod(0o770)


def pipe(cache: Path) -> None:
    (cache / "handsum" / "a").unlink()
    os.mkfifo(cache / "handsum" / "a")


# What is changed, and which of the two caches (traces, compiled code) may still be used.
CHANGES: list[tuple[Callable[[Path], None], bool, bool]] = [
    (lambda cache: None, True, True),
    (lambda cache: cache.chmod(0o1777), True, True),
    (open_to_all, False, False),
    (open_to_the_group, False, False),
    (open_own_folder, False, False),
    (link_folder, False, False),
    (link_file, False, True),
    (open_file, False, True),
    (pipe, False, True),
    (link_compiled, True, False),
    (link_compiled_file, True, False),
    (open_compiled, True, False),
]


@pytest.fixture
def compiled_folder() -> Iterator[Callable[[], str | None]]:
    """Where JAX would keep compiled code, if a process began now."""
    import jax

    before = jax.config.jax_compilation_cache_dir

    def find() -> str | None:
        jax.config.update("jax_compilation_cache_dir", None)
        use_compilation_cache()
        return jax.config.jax_compilation_cache_dir

    with warnings.catch_warnings():
        yield find
    jax.config.update("jax_compilation_cache_dir", before)


@pytest.fixture
def used(tmp_path: Path, compiled_folder, monkeypatch) -> Path:
    """A cache folder with a trace and a folder for compiled code."""
    cache = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    write_cached("a", b"1")
    assert compiled_folder() == str(cache / "handsum" / "xla")
    return cache


READ = CACHE.replace("write_cached(", "(lambda *_: None)(")


@posix
@pytest.mark.parametrize(("change", "traces", "compiled"), CHANGES)
def test_a_cache_that_others_can_change_is_not_used(
    change: Callable[[Path], None], traces: bool, compiled: bool, used: Path, compiled_folder
) -> None:
    change(used)
    before = sorted(used.rglob("*"))
    assert read_cached("a") == (b"1" if traces else None)
    assert compiled_folder() == (str(used / "handsum" / "xla") if compiled else None)
    assert sorted(used.rglob("*")) == before


def test_a_folder_that_the_user_chose_is_left_alone(tmp_path: Path, used: Path) -> None:
    import jax

    (tmp_path / "chosen").mkdir(mode=0o777)
    jax.config.update("jax_compilation_cache_dir", str(tmp_path / "chosen"))
    use_compilation_cache()
    assert jax.config.jax_compilation_cache_dir == str(tmp_path / "chosen")


@posix
@pytest.mark.parametrize(
    ("name", "members", "primary", "others"),
    [
        ("me", [], ["me"], False),
        ("me", ["me"], ["me"], False),
        ("me", ["you"], ["me"], True),
        ("staff", [], ["me"], True),
        ("me", [], ["me", "you"], True),
    ],
)
def test_a_group_of_one_may_write_to_the_parents(
    name: str,
    members: list[str],
    primary: list[str],
    others: bool,
    tmp_path: Path,
    monkeypatch,
) -> None:
    """Many systems give each user such a group, and make folders that it may write to."""
    group = types.SimpleNamespace(gr_name=name, gr_mem=members, gr_gid=7)
    users = [types.SimpleNamespace(pw_name=one, pw_gid=7) for one in primary]
    users.append(types.SimpleNamespace(pw_name="somebody", pw_gid=8))
    monkeypatch.setattr("pwd.getpwall", lambda: users)
    monkeypatch.setattr("grp.getgrgid", lambda number: group)
    monkeypatch.setattr("pwd.getpwuid", lambda number: types.SimpleNamespace(pw_name="me"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    tmp_path.chmod(0o770)
    if others:
        with pytest.raises(HandsumError, match=f"other users can write to {tmp_path}"):
            open_cache()
    else:
        assert open_cache() == tmp_path / "handsum"


@posix
def test_a_parent_that_is_no_folder_is_named(monkeypatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null/cache")
    with pytest.raises(HandsumError, match="/dev/null is no folder: set XDG_CACHE_HOME"):
        open_cache()


@posix
def test_a_file_that_cannot_be_used_is_replaced(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (open_cache() / "a").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").write_bytes(b"other")
    assert read_cached("a") is None
    write_cached("a", b"own")
    assert read_cached("a") == b"own"
    assert (tmp_path / "elsewhere").read_bytes() == b"other"


@posix
def test_a_linked_parent_is_followed_to_where_it_leads(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "disk").mkdir(mode=0o700)
    (tmp_path / "home").symlink_to("disk")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home" / "cache"))
    assert open_cache() == tmp_path / "disk" / "cache" / "handsum"
    (tmp_path / "disk").chmod(0o777)
    with pytest.raises(HandsumError, match=f"other users can write to {tmp_path}/disk: run chmod"):
        open_cache()


@posix
def test_an_empty_file_of_compiled_code_is_removed(used: Path, compiled_folder) -> None:
    """A killed process leaves it; JAX neither reads nor replaces it."""
    compiled = used / "handsum" / "xla"
    (compiled / "a-cache").touch()
    (compiled / "b-cache").write_bytes(b"code")
    assert compiled_folder() == str(compiled)
    assert [path.name for path in compiled.iterdir()] == ["b-cache"]


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that everybody can reach and write; only root can become another user."""
    if os.name == "nt" or os.geteuid() or not shutil.which("setpriv"):
        pytest.skip("needs root and setpriv")
    # A folder for temporary files may be one that only this user can enter.
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o1777)
    yield folder
    shutil.rmtree(folder)


MINE, THEIRS = 12001, 12002
NUMBER = ("number", "12", "--seed", "1", "-o")


def test_the_compiled_code_of_another_user_is_not_run(shared: Path) -> None:
    """Two users with one XDG_CACHE_HOME: the first one filled it."""
    variables = {"XDG_CACHE_HOME": str(shared / "cache"), "SHARED": f"{shared}/cache"}
    theirs, mine = shared / "theirs", shared / "mine"
    for folder in (theirs, mine):
        folder.mkdir()
        folder.chmod(0o777)
    code = WATCHED + COMMAND
    first = run(theirs, code, *NUMBER, "n.png", before=other(THEIRS), **variables)
    assert "/xla/" in first
    again = run(theirs, code, *NUMBER, "n.png", before=other(THEIRS), **variables)
    assert "/xla/" in again
    for mode in (0o700, 0o777):
        for path in (shared / "cache", *(shared / "cache").rglob("*")):
            path.chmod(mode)
        shown = run(mine, code, *NUMBER, "n.png", before=other(MINE), **variables)
        assert "opened" not in shown
    assert (mine / "n.png").read_bytes() == (theirs / "n.png").read_bytes()


def test_a_file_of_another_user_is_not_read(shared: Path, monkeypatch) -> None:
    """The folder was open to all for a time."""
    shared.chmod(0o755)
    variables = {"XDG_CACHE_HOME": str(shared / "cache")}
    (shared / "cache").mkdir()
    os.chown(shared / "cache", MINE, MINE)
    compiled = shared / "cache" / "handsum" / "xla"
    assert run(shared, CACHE, before=other(MINE), **variables) == f"{compiled} b'1'\n"
    assert run(shared, READ, before=other(MINE), **variables) == f"{compiled} b'1'\n"
    os.chown(shared / "cache" / "handsum" / "a", THEIRS, MINE)
    assert run(shared, READ, before=other(MINE), **variables) == f"{compiled} None\n"
    (compiled / "x-cache").write_bytes(b"code")
    os.chown(compiled / "x-cache", THEIRS, MINE)
    assert run(shared, READ, before=other(MINE), **variables) == "None None\n"


@pytest.mark.parametrize("place", ["", "cache", "cache/handsum"])
def test_doctor_says_in_one_line_why_there_is_no_cache(
    place: str, shared: Path, run_command, monkeypatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(shared / "cache"))
    shared.chmod(0o755)
    open_cache()
    os.chown(shared / place, THEIRS, -1)
    lines = [line for line in run_command("doctor").err.splitlines() if line.startswith("cache")]
    (line,) = lines
    assert line == (
        f"cache traces: not used, so every start compiles again: {shared / place} belongs to "
        "another user: set XDG_CACHE_HOME to a folder of your own"
    )
