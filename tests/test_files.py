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


def test_a_folder_is_one_process_s(tmp_path: Path) -> None:
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
        # However it ends, its lock goes with it.
        other.kill()
        other.communicate()
    for _ in range(2):
        with locked(tmp_path / ".lock", "writing"):
            pass


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(HandsumError, match="cannot write to"), locked(tmp_path / "none/.lock", ""):
        pass
