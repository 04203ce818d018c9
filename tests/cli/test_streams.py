"""`-` in place of a file: standard output and standard input, with nothing else on them."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from handsum import files
from handsum.cli.app import main

Run = Callable[..., tuple[int, bytes, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run a command in this process and return its exit code and the bytes on its streams."""
    monkeypatch.chdir(tmp_path)
    streams = tmp_path.parent

    def run(*arguments: str, given: bytes | None = None) -> tuple[int, bytes, str]:
        files.standard_input.cache_clear()
        out, err = streams / "out", streams / "err"
        monkeypatch.setattr(sys, "argv", ["handsum", *arguments])
        if given is not None:
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
        with out.open("w") as printed, err.open("w") as noted, monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", printed)
            patch.setattr(sys, "stderr", noted)
            with pytest.raises(SystemExit) as ended:
                main()
        return int(ended.value.code or 0), out.read_bytes(), err.read_text()

    return run


WRITERS_OF_ONE_FILE = [
    (("number", "12"), ".png", ".svg", ".npz"),
    (("sum-sequence", "23", "--count", "2"), ".png", ".svg", ".npz"),
    (("generate", "--rows", "1"), ".png", ".npz"),
    (("writers", "--count", "2"), ".png", ".svg"),
]


@pytest.mark.usefixtures("fake_generator")
@pytest.mark.parametrize(
    ("command", "usual", "ending"),
    [
        (command, usual, one)
        for command, usual, *more in WRITERS_OF_ONE_FILE
        for one in (usual, *more)
    ],
)
def test_a_file_goes_to_standard_output(
    run: Run, tmp_path: Path, command: tuple[str, ...], usual: str, ending: str
) -> None:
    seed = ("--seed", "1")
    name = "-" if ending == usual else f"-{ending}"
    code, out, err = run(*command, *seed, "-o", name)
    assert code == 0, err
    assert "standard output: " in err
    assert list(tmp_path.iterdir()) == []
    assert run(*command, *seed, "-o", f"file{ending}")[0] == 0
    assert out == (tmp_path / f"file{ending}").read_bytes()


@pytest.mark.usefixtures("fake_generator")
@pytest.mark.parametrize("command", [command for command, *_ in WRITERS_OF_ONE_FILE])
def test_json_and_a_file_do_not_share_standard_output(run: Run, command: tuple[str, ...]) -> None:
    code, out, err = run(*command, "-o", "-", "--json")
    assert (code, out) == (2, b"")
    assert err.startswith("error: --json prints on standard output")


def test_a_model_and_its_stages_go_to_standard_output(run: Run, tmp_path: Path) -> None:
    code, out, err = run("export", "cnn", "--format", "stablehlo", "-o", "-")
    assert code == 0
    assert "standard output: cnn, stablehlo" in err
    assert run("export", "cnn", "-o", "cnn.hlo")[0] == 0
    assert len(out) == (tmp_path / "cnn.hlo").stat().st_size > 2**20
    code, out, err = run("visualize", "7", "--seed", "1", "-o", "-")
    assert (code, out[:8]) == (0, b"\x89PNG\r\n\x1a\n")
    assert "standard output: 19 stages" in err
    strip = ("generate", "--digits", "7", "--interpolate", "1..2", "--steps", "2")
    code, out, err = run(*strip, "-o", "-.gif")
    assert (code, out[:6]) == (0, b"GIF89a")
    assert "standard output: 7 in 2 steps" in err


@pytest.mark.parametrize(
    "command",
    [
        ("dataset", "digits", "--count", "2", "-o", "-"),
        ("train", "cnn", "--steps", "1", "-o", "-"),
        ("evaluate", "cnn", "--quick", "--report", "-"),
        ("generate", "--count", "4", "--shards", "2", "-o", "-.npz"),
    ],
    ids=lambda command: command[0],
)
def test_folders_and_several_files_do_not(
    run: Run, tmp_path: Path, command: tuple[str, ...]
) -> None:
    code, out, err = run(*command)
    assert (code, out) == (2, b"")
    assert "standard output" in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def picture(draw_page: Callable[..., np.ndarray]) -> bytes:
    """A PNG of 407."""
    buffer = io.BytesIO()
    page = np.rint(draw_page("407") * 255).astype(np.uint8)
    Image.fromarray(page).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.usefixtures("template_reader")
def test_a_picture_comes_from_standard_input(run: Run, tmp_path: Path, picture: bytes) -> None:
    code, out, err = run("predict", "-", given=picture)
    assert (code, err) == (0, "")
    assert out.decode().startswith("-  407  ")
    code, out, _ = run("predict", "-", "--json", given=picture)
    assert json.loads(out)["files"][0]["digits"] == "407"
    # Its bytes are there again to be drawn on, beside those of a file.
    (tmp_path / "a.png").write_bytes(picture)
    assert run("predict", "-", "a.png", "--annotate", ".", given=picture)[0] == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a-2.png", "a.png", "stdin.png"]
    assert (tmp_path / "stdin.png").read_bytes() == (tmp_path / "a-2.png").read_bytes()


@pytest.mark.usefixtures("template_reader")
@pytest.mark.parametrize("option", ["--annotate", "--show-input"])
def test_an_annotated_picture_goes_to_standard_output(
    run: Run, tmp_path: Path, picture: bytes, option: str
) -> None:
    code, out, err = run("predict", "-", option, "-", given=picture)
    assert code == 0
    assert err.startswith("-  407")
    assert Image.open(io.BytesIO(out)).format == "PNG"
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "a.png").write_bytes(picture)
    for others in (
        ["a.png", option, "-"],
        [option, "-", "--json"],
        ["--annotate", "-", "--show-input", "-"],
    ):
        code, out, err = run("predict", "-", *others, given=picture)
        assert (code, out) == (2, b""), others
        assert "standard output" in err


@pytest.mark.usefixtures("template_reader")
def test_readings_go_to_standard_output(run: Run, tmp_path: Path, picture: bytes) -> None:
    for name, start in {
        "-": b"file,page,row,text,", "-.csv": b"file,page,row,text,", "-.json": b"{",
        "-.alto.xml": b"<?xml", "-.hocr": b"<?xml",
    }.items():  # fmt: skip
        code, out, err = run("predict", "-", "-o", name, given=picture)
        assert (code, out[: len(start)]) == (0, start)
        assert b"407" in re.sub(rb"</?span[^>]*>", b"", out)
        assert err.startswith("-  407")
    assert list(tmp_path.iterdir()) == []
    for others in (["--json"], ["--annotate", "-"]):
        code, out, err = run("predict", "-", "-o", "-", *others, given=picture)
        assert (code, out) == (2, b""), others
        assert "choose one" in err


@pytest.mark.usefixtures("template_reader")
def test_a_pdf_comes_from_standard_input(run: Run, tmp_path: Path, picture: bytes) -> None:
    pytest.importorskip("pypdfium2")
    with Image.open(io.BytesIO(picture)) as image:
        buffer = io.BytesIO()
        image.save(buffer, "PDF", save_all=True, append_images=[image.copy()], resolution=200)
    code, out, _ = run("predict", "-", "--annotate", ".", given=buffer.getvalue())
    assert code == 0
    assert [line.split("  ")[0] for line in out.decode().splitlines()[:2]] == [
        "-, page 1", "-, page 2",
    ]  # fmt: skip
    names = ["stdin-page-1.png", "stdin-page-2.png"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.usefixtures("template_reader")
def test_an_unusable_standard_input_is_one_line(
    run: Run, monkeypatch: pytest.MonkeyPatch, picture: bytes
) -> None:
    def fails(message: str, **given: Any) -> None:
        code, _, err = run("predict", "-", **given)
        assert code == 1
        assert err == f"error: {message}\n"

    fails("cannot read standard input: it is empty", given=b"")
    fails("cannot read standard input: it is not a picture of a known kind (PNG, JPEG, GIF, BMP, "
          "TIFF, WebP, ...)", given=b"no picture")  # fmt: skip
    monkeypatch.setattr(files, "LARGEST_INPUT", 2**20)
    fails("cannot read standard input: it has more than 1 MiB", given=bytes(2**20 + 1))
    monkeypatch.setattr(sys, "stdin", Terminal())
    fails("standard input is a terminal: pipe a file into it")
    monkeypatch.setattr(sys, "stdin", None)
    fails("standard input is closed: pipe a file into it")


@pytest.mark.usefixtures("fake_generator")
@pytest.mark.parametrize("name", ["-", "-.npz", "-.svg"])
def test_a_terminal_takes_text_only(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["handsum", "number", "12", "-o", name])
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    with pytest.raises(SystemExit) as ended:
        main()
    err = capsys.readouterr().err
    assert ("standard output is a terminal" in err) == (name != "-.svg")
    assert ended.value.code == 1


@pytest.mark.skipif(os.name == "nt", reason="pipes and devices are others there")
@pytest.mark.parametrize(
    ("shell", "code", "message"),
    [
        ("| head -c 10", 1, b""),
        (">&-", 1, b"error: standard output is closed: give a file name to write to\n"),
        ("> /dev/full", 1, b"error: cannot write standard output: No space left on device\n"),
    ],
)
def test_an_unusable_standard_output_is_at_most_one_line(
    tmp_path: Path, shell: str, code: int, message: bytes
) -> None:
    if "full" in shell and not Path("/dev/full").exists():
        pytest.skip("no such device")
    # More bytes than a pipe holds.
    command = [sys.executable, "-m", "handsum", "number", "1234567", "--scale", "60", "-o", "-"]
    line = ["bash", "-c", f'set -o pipefail; "$@" {shell}', "-", *command]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, timeout=240, check=False)
    assert (done.returncode, done.stderr) == (code, message)
    assert list(tmp_path.iterdir()) == []
