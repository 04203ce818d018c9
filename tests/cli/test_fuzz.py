"""Any words on the command line: the work is done or there is one line of error, no traceback.

The options come from the commands themselves, so a new option is tried too.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from handsum.cli.app import app, main
from handsum.errors import HandsumError

COMMANDS: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
# Commands that run until they are stopped have tests of their own.
ENDLESS = {"web"}
# Commands that are slow even for little work.
SLOW = {"visualize": 0.2, "writers": 0.2, "export": 0.1, "doctor": 0.1, "models": 0.1}
DOCUMENTED = {0, 1, 2, 130, 143}

# Valid arguments, without which nearly every line would be refused.
GOOD = {
    "dataset": ["digits", "numbers", "sums", "pages"],
    "evaluate": ["cnn", "judge"],
    "export": ["cnn"],
    "number": ["12", "-1,234.50"],
    "predict": ["digit.png"],
    "sum-sequence": ["23"],
    "train": ["cnn", "cnn-sum", "r3gan"],
    "visualize": ["7"],
}

NAMES = (
    "", ".", "..", "/", "-", "--", "~", " ", "dir.png", "dir.png/", "file/a.png", "none/a.png",
    "a.png", "a.PNG", "a.svg", "a.npz", "a.gif", "a", ".png", "{}.png", "{}-{}.npz", "a\nb.png",
    "é七🖋.png", "\udcff.png", "a" * 300 + ".png", "[bold]a.png", "/dev/null", "/dev/full",
    "/dev/null/a.png", "/proc/a.png", "digit.png", "con.png", "empty",
)  # fmt: skip
NUMBERS = (
    "0", "1", "2", "7", "-1", "-0", "007", "23", "1e3", "1.5", ".5", "nan", "inf", "-inf", "1e400",
    "1_000", "１２", "٣", "²", "½", "0x10", str(2**31), str(2**32), str(2**63), str(2**64),
    "9" * 30, "9" * 5000,
    "1,234.50", "+5", "5-", "1-8", "8-1", "1-99999999", "0-0", "12mm", "1e9mm", "0px",
)  # fmt: skip
WORDS = (
    "cnn", "r3gan", "cgan", "dcgan", "lstm-cgan", "judge", "cnnn", "small", "all", "none", "new",
    "12+40", "12:0", "1..2", "latents", "6,4,7", ",", "navy", "#12345", "#112233", "transparent",
    "mnist", "tfds:", "idx:", "idx:dir.png", "folder:empty", "folder:file", "tfds:x/y", "steps=1",
    "steps=", "=", "widths=1,x", "learning_rate=nan", "touching=2", "blur=0.5,jpeg", "test", "png",
    "npz", "digits", "sums", "numbers",
)  # fmt: skip


def is_harmless(name: str) -> bool:
    """Whether a generated name stays in the folder of the test."""
    return not name.startswith("/") and ".." not in name and "\0" not in name


ARBITRARY = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12
).filter(is_harmless)
VALUES = st.one_of(
    st.sampled_from(NAMES),
    st.sampled_from(NUMBERS),
    st.sampled_from(WORDS),
    st.integers(-5, 40).map(str),
    st.integers().map(str),
    st.floats(width=32).map(str),
    ARBITRARY,
)


@st.composite
def command_lines(draw: st.DrawFn, name: str) -> list[str]:
    """A command with some of its options and arguments, each with any value."""
    line = [name]
    for parameter in COMMANDS[name].params:
        if parameter.param_type_name == "argument":
            good = [st.sampled_from(GOOD[name]).map(lambda word: [word])] if GOOD.get(name) else []
            line += draw(st.one_of(*good, st.lists(VALUES, max_size=2)))
        elif "--help" not in parameter.opts and draw(st.integers(0, 3)) == 0:
            line.append(draw(st.sampled_from([*parameter.opts, *parameter.secondary_opts])))
            if not parameter.is_flag:
                line.append(draw(VALUES))
    return line


def run(line: list[str]) -> tuple[int, str, str]:
    """Run a command line in this process; its exit code, standard output and standard error."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", newline="") for _ in range(2))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["handsum", *line])
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        with pytest.raises(SystemExit) as left:
            main()
    for stream in (out, err):
        stream.flush()
    texts = [stream.buffer.getvalue().decode() for stream in (out, err)]  # type: ignore[attr-defined]
    return int(left.value.code or 0), texts[0], texts[1]


@contextlib.contextmanager
def odd_folder() -> Iterator[Path]:
    """A folder with a picture, a file, a folder that has a picture's name, and an empty one."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "far" / "enough"
        folder.mkdir(parents=True)
        (folder / "dir.png").mkdir()
        (folder / "empty").mkdir()
        (folder / "file").write_text("mine")
        picture = np.full((60, 40), 255, np.uint8)
        picture[15:45, 18:22] = 0
        Image.fromarray(picture).save(folder / "digit.png")
        os.chdir(folder)
        try:
            yield folder
        finally:
            os.chdir(before)


def listing(folder: Path) -> set[Path]:
    """All files near a folder, up to where ".." leads."""
    return set(folder.parents[1].rglob("*"))


def check(line: list[str]) -> None:
    with odd_folder() as folder:
        before = listing(folder)
        code, _, err = run(line)
        new = listing(folder) - before
        assert code in DOCUMENTED, (line, code, err)
        assert "Traceback" not in err, (line, err)
        explained = "error: " in err or not line or line[0] == "doctor"
        assert code == 0 or explained, (line, code, err)
        assert not [path for path in new if path.suffix == ".part"], (line, new)
        # A file that cannot be read does not keep `predict` from the others.
        written = [path for path in new if path.is_file()]
        assert code == 0 or not written or line[0] == "predict", (line, code, new, err)
        assert (folder / "file").read_text() == "mine"


class Refused(HandsumError):
    """Raised instead of long work."""


@pytest.fixture(scope="module", autouse=True)
def no_long_work() -> Iterator[None]:
    """Refuse long work at its start, after the command line has been checked."""
    import handsum.datasets.write
    import handsum.evaluation.measure
    import handsum.training.loop
    import handsum.training.sharding

    def refuse(*arguments: object, **options: object) -> None:
        raise Refused("this would have been long work")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(handsum.datasets.write, "write_plan", refuse)
        patch.setattr(handsum.evaluation.measure, "run", refuse)
        patch.setattr(handsum.training.loop, "train", refuse)
        patch.setattr(handsum.training.sharding, "start_processes", refuse)
        for module in ("writing.generate", "writing.write"):
            patch.setattr(f"handsum.{module}.LARGEST", 120)
        yield


def fuzz(name: str, examples: int) -> None:
    @settings(
        max_examples=max(5, int(examples * SLOW.get(name, 1.0))),
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(command_lines(name))
    def fuzzed(line: list[str]) -> None:
        check(line)

    fuzzed()


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - ENDLESS))
def test_any_command_line_is_understood_or_refused_in_a_line(name: str) -> None:
    fuzz(name, 40)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(COMMANDS) - ENDLESS))
def test_many_command_lines(name: str) -> None:
    fuzz(name, 300)


@settings(max_examples=60, deadline=None, database=None, derandomize=True)
@given(st.lists(VALUES, max_size=4))
def test_any_words_at_all(words: list[str]) -> None:
    if words[:1] not in [[name] for name in (*COMMANDS, *ENDLESS)]:
        check(words)


def test_an_interruption_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("handsum.writing.write.number", interrupt)
    with odd_folder():
        code, _, err = run(["number", "12"])
    assert code == 130
    assert "Traceback" not in err


def test_out_of_memory_within_the_network_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 99999999999 bytes.")

    monkeypatch.setattr("handsum.writing.write.number", fail)
    with odd_folder():
        code, _, err = run(["number", "12"])
    assert code == 1
    assert err.startswith("error: this needs more memory than there is")
