"""Files that commands replace: through links, and never read-only ones."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

Run = Callable[..., Any]
pytestmark = [
    pytest.mark.usefixtures("fake_generator"),
    pytest.mark.skipif(os.name == "nt", reason="links and rights are another matter there"),
]

COMMANDS = [
    ("number 12 -o", "n.png"),
    ("number 12 -o", "n.svg"),
    ("number 12 -o", "n.npz"),
    ("sum-sequence 9 -o", "s.png"),
    ("sum-sequence 9 --count 2 -o", "s-{}.png"),
    ("generate --rows 1 -o", "d.png"),
    ("generate --rows 1 -o", "d.npz"),
    ("writers --count 2 -o", "w.png"),
    ("generate --count 2 --shards 1 -o", "d.npz"),
]
# The file that a command writes, if it is not the named one.
WRITTEN = {"s-{}.png": "s-1.png", "shards": "d-00000-of-00001.npz"}


@pytest.mark.parametrize(("command", "name"), COMMANDS)
def test_a_command_writes_through_links_and_leaves_read_only_files(
    run_command: Run, tmp_path: Path, command: str, name: str
) -> None:
    written = tmp_path / WRITTEN.get("shards" if "--shards" in command else name, name)
    target = tmp_path / "target"
    written.symlink_to("target")
    line = (*command.split(), name, "--seed", "1")
    assert run_command(*line).code == 0
    assert os.readlink(written) == "target"
    before = target.read_bytes()
    assert before
    target.chmod(0o444)
    done = run_command(*line[:-1], "2")
    assert (done.code, done.out) == (1, "")
    assert done.err == f"error: cannot write {written.name}: it is read-only\n"
    assert target.read_bytes() == before
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("command", ["export cnn --format stablehlo -o", "visualize 7 -o"])
def test_a_read_only_file_is_found_before_the_work(
    run_command: Run, tmp_path: Path, command: str
) -> None:
    path = tmp_path / "f.png"
    path.touch(mode=0o444)
    done = run_command(*command.split(), path.name)
    assert (done.code, done.err) == (1, "error: cannot write f.png: it is read-only\n")


def test_a_report_is_not_written_over_a_read_only_one(run_command: Run, tmp_path: Path) -> None:
    (tmp_path / "page").mkdir()
    (tmp_path / "page/figures.json").touch(mode=0o444)
    done = run_command("evaluate", "cnn", "--quick", "--report", "page")
    assert (done.code, done.out) == (1, "")
    assert done.err == "error: cannot write page/figures.json: it is read-only\n"


@pytest.mark.parametrize("command", ["generate --count 2 -o", "dataset digits --count 2 -o"])
def test_a_folder_is_written_through_a_link(run_command: Run, tmp_path: Path, command: str) -> None:
    (tmp_path / "link").symlink_to("target")
    done = run_command(*command.split(), "link")
    assert done.code == 0, done.err
    assert os.readlink(tmp_path / "link") == "target"
    assert any((tmp_path / "target").rglob("*.png"))


@pytest.mark.parametrize("option", ["--annotate", "--show-input"])
def test_pictures_are_written_through_a_link(
    run_command: Run,
    tmp_path: Path,
    draw_page: Callable[..., np.ndarray],
    template_reader: Any,
    option: str,
) -> None:
    page = np.rint(draw_page("12") * 255).astype(np.uint8)
    Image.fromarray(page).save(tmp_path / "a.png")
    (tmp_path / "link").symlink_to("target")
    assert run_command("predict", "a.png", option, "link").code == 0
    assert os.readlink(tmp_path / "link") == "target"
    assert [path.name for path in (tmp_path / "target").iterdir()] == ["a.png"]
    (tmp_path / "target/a.png").chmod(0o444)
    done = run_command("predict", "a.png", option, "link")
    assert (done.code, done.err) == (1, "error: cannot write link/a.png: it is read-only\n")
