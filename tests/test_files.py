import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from handsum.errors import HandsumError, UsageError
from handsum.files import atomic_folder, atomic_write, check_place, locked, make_folders

HOLD = """
import sys, time
from pathlib import Path
from handsum.files import locked
with locked(Path(sys.argv[1]), "training in"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_lock_belongs_to_one_process(tmp_path: Path) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / ".lock")], stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        held = pytest.raises(UsageError, match=f"another process is writing {tmp_path}")
        with held, locked(tmp_path / ".lock", "writing"):
            pass
    finally:
        # However it ends, its lock is released.
        other.kill()
        other.communicate()
    for _ in range(2):
        with locked(tmp_path / ".lock", "writing"):
            pass


def test_a_lock_in_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HandsumError, match="cannot write to"), locked(tmp_path / "none/.lock", ""):
        pass
    assert not (tmp_path / "none").exists()


def test_a_lock_is_released_by_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), locked(tmp_path / ".lock", "writing"):
        raise ZeroDivisionError
    with locked(tmp_path / ".lock", "writing"):
        pass


def test_a_lock_cannot_be_taken_twice_in_one_process(tmp_path: Path) -> None:
    with locked(tmp_path / ".lock", "writing"):
        second = locked(tmp_path / ".lock", "writing")
        with pytest.raises(UsageError, match="another process is writing"), second:
            pass


def write(path: Path) -> None:
    with atomic_write(path) as file:
        file.write(b"new")


def fill(path: Path) -> None:
    with atomic_folder(path) as folder:
        (folder / "file").write_bytes(b"new")


def make(path: Path) -> None:
    make_folders(path)
    (path / "file").write_bytes(b"new")


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
@pytest.mark.parametrize("there", [True, False])
def test_a_link_to_a_file_stays_a_link(tmp_path: Path, there: bool) -> None:
    target, second, link = tmp_path / "to/target", tmp_path / "second", tmp_path / "link"
    target.parent.mkdir()
    if there:
        target.write_bytes(b"old")
    second.symlink_to("to/target")
    link.symlink_to(second)
    check_place(link)
    write(link)
    assert target.read_bytes() == b"new"
    assert os.readlink(link) == str(second)
    assert os.readlink(second) == "to/target"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["link", "second", "target", "to"]


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("write_into", [fill, make])
def test_a_link_to_a_folder_stays_a_link(
    tmp_path: Path, write_into: Callable[[Path], None], there: bool
) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    if there:
        target.mkdir()
    link.symlink_to("target")
    check_place(link, folder=True)
    write_into(link)
    assert (target / "file").read_bytes() == b"new"
    assert os.readlink(link) == "target"


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
@pytest.mark.parametrize("write_into", [write, fill, make])
def test_links_that_lead_nowhere_are_one_error(
    tmp_path: Path, write_into: Callable[[Path], None]
) -> None:
    link = tmp_path / "link"
    link.symlink_to("link")
    with pytest.raises(HandsumError, match="cannot write"):
        write_into(link)
    link.unlink()
    if write_into is not make:  # which makes the parents, too
        link.symlink_to("missing/target")
        with pytest.raises(HandsumError, match="no folder .*missing"):
            check_place(link, folder=write_into is fill)
        with pytest.raises(HandsumError, match="cannot write .*link: No such file"):
            write_into(link)
        assert link.is_symlink()
        assert [path.name for path in tmp_path.iterdir()] == ["link"]


@pytest.mark.skipif(os.name == "nt", reason="rights to files are another matter there")
@pytest.mark.parametrize("linked", [True, False])
@pytest.mark.parametrize("write_into", [write, fill])
def test_what_is_read_only_is_not_replaced(
    tmp_path: Path, write_into: Callable[[Path], None], linked: bool
) -> None:
    folder = write_into is fill
    target = path = tmp_path / "target"
    if folder:
        target.mkdir()
    else:
        target.write_bytes(b"old")
    if linked:
        path = tmp_path / "link"
        path.symlink_to(target)
    target.chmod(0o555 if folder else 0o444)
    try:
        for attempt in (lambda: check_place(path, folder=folder), lambda: write_into(path)):
            with pytest.raises(HandsumError, match=f"cannot write {path}: it is read-only"):
                attempt()
        assert list(target.iterdir()) == [] if folder else target.read_bytes() == b"old"
    finally:
        target.chmod(0o755)


@pytest.mark.skipif(os.name == "nt", reason="rights to files are another matter there")
def test_a_replaced_file_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "private"
    path.write_bytes(b"old")
    path.chmod(0o600)
    write(path)
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"new", 0o600)


def test_standard_output_takes_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for attempt in (make_folders, lambda path: check_place(path, folder=True)):
        with pytest.raises(UsageError, match="a folder cannot go to standard output"):
            attempt(Path("-"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not os.path.islink("/dev/stdout"), reason="no such device")
@pytest.mark.parametrize("links", [0, 1, 2])
def test_an_open_file_is_not_replaced(tmp_path: Path, links: int) -> None:
    path = Path("/dev/stdout")
    for number in range(links):
        link = tmp_path / str(number)
        link.symlink_to(path)
        path = link
    with pytest.raises(HandsumError, match="device or a pipe: .*- for standard output"):
        write(path)
