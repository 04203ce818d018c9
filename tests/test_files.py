import subprocess
import sys
from pathlib import Path

import pytest

from handsum.errors import HandsumError, UsageError
from handsum.files import locked

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
