"""Every example runs as its docstring says, with less work; and so does every notebook."""

from __future__ import annotations

import ast
import json
import runpy
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from handsum.data import mnist

EXAMPLES = Path(__file__).parents[1] / "examples"
SCRIPTS = sorted(path.name for path in EXAMPLES.glob("*.py"))
NOTEBOOKS = sorted(path.name for path in EXAMPLES.glob("*.ipynb"))
# Options added to the commands of each script, so that it takes seconds.
LESS = {
    "data_for_ocr.py": "--count 8",
    "train_on_own_digits.py": "--steps 2 --make 240",
    "sums_from_weak_labels.py": "--steps 2",
    "compare_generators.py": "--count 100",
}
PARAMETERS = {
    "teaching_a_gan.ipynb": "STEPS, DIGITS = 2, 10",
    "sums_from_weak_labels.ipynb": "STEPS, PAIRS = 2, 12",
}


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, little_measured: None) -> Path:
    """An empty folder, with a small MNIST and short measurements."""
    import numpy as np

    whole = mnist.load

    def some(split: mnist.Split) -> mnist.Dataset:
        return whole(split).where(np.arange(600))

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(mnist, "load", some)
    return tmp_path


def own_commands(script: str) -> list[list[str]]:
    """The commands in a script's docstring."""
    doc = ast.get_docstring(ast.parse((EXAMPLES / script).read_text())) or ""
    return [
        shlex.split(line) for line in doc.splitlines() if line.startswith(("python", "handsum"))
    ]


@pytest.mark.parametrize("script", SCRIPTS)
def test_an_example_runs_as_its_docstring_says(
    script: str, small: Path, monkeypatch: pytest.MonkeyPatch, run_command, capsys
) -> None:
    import handsum

    (small / "scans").mkdir()
    handsum.number("407", seed=1).save(small / "photo.jpg.png")
    (small / "photo.jpg.png").rename(small / "photo.jpg")
    handsum.number("12", seed=1).save(small / "scans" / "a.png")
    commands = own_commands(script)
    assert [f"examples/{script}" in words for words in commands].count(True) == 1
    for program, *words in commands:
        if program == "handsum":
            assert run_command(*words).code == 0
            continue
        arguments = [*words[1:], *shlex.split(LESS.get(script, ""))]
        monkeypatch.setattr(sys, "argv", [script, *arguments])
        runpy.run_path(str(EXAMPLES / script), run_name="__main__")
    assert capsys.readouterr().out
    assert len((EXAMPLES / script).read_text().splitlines()) < 90


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs_from_top_to_bottom(name: str, small: Path) -> None:
    book = json.loads((EXAMPLES / name).read_text())
    space: dict[str, Any] = {}
    shown = 0
    for cell in book["cells"]:
        if cell["cell_type"] != "code":
            continue
        # Notebooks are stored without outputs, which differ from machine to machine.
        assert (cell["outputs"], cell["execution_count"]) == ([], None)
        source = "".join(cell["source"])
        if "parameters" in cell["metadata"].get("tags", []):
            source = PARAMETERS[name]
        shown += shows_a_picture(run_cell(source, space))
    assert shown >= 2


def run_cell(source: str, space: dict[str, Any]) -> Any:
    """Run a cell; return the value of its last expression, which Jupyter would show."""
    *body, last = ast.parse(source).body
    if not isinstance(last, ast.Expr):
        body, last = [*body, last], None  # type: ignore[list-item]
    exec(compile(ast.Module(body, []), "cell", "exec"), space)
    return last and eval(compile(ast.Expression(last.value), "cell", "eval"), space)


def shows_a_picture(value: Any) -> bool:
    show = getattr(value, "_repr_png_", None)
    return bool(show and show())


def test_the_list_of_examples_is_complete() -> None:
    text = (EXAMPLES / "README.md").read_text()
    assert [name for name in (*SCRIPTS, *NOTEBOOKS) if f"({name})" not in text] == []
