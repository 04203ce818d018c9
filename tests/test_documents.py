"""Every command and every line of Python in the documents works, in the order of its page.

A command is run as it stands, but with its work cut down by `shortened`: a training to two steps
of a small preset on a few digits, a data set to a few pictures, an evaluation of a reader to a few
digits, and of a generator to what docs/results.json keeps. Each page runs in a folder of its own,
where the files that it only reads (a photograph, a folder of digits) are there already. What cannot
run in a test is in NOT_RUN.

Tracing most models' training takes longer than all else, so only `-m slow` trains them: otherwise
their configuration is made with --dry-run, and a snapshot of the package stands for the run's.
"""

from __future__ import annotations

import importlib
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import handsum
from handsum.data.mnist import load
from handsum.models.registry import ENTRIES
from handsum.pretrained.snapshots import WEIGHTS
from handsum.pretrained.zoo import list_models

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tools"))
docs_build = importlib.import_module("docs_build")
docs_commands = importlib.import_module("docs_commands")

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
BUNDLED = [row["name"] for row in list_models() if row["bundled"]]
# What a test cannot run: a server runs until it is stopped, and one host waits for the others.
NOT_RUN = ("web", "--distributed")
QUICK_TO_TRACE = ("cnn", "gan")
TINY = {
    "cnn": ["widths=4,4,4", "hidden=8", "non_digit_bank=60"],
    "cnn-lstm": ["widths=4,4,4", "features=8", "hidden=8"],
    "cnn-sum": ["widths=4,4,4", "hidden=8"],
    "judge": ["widths=4,4"],
    "r3gan": ["widths=8,6,4"],
    "writer-cgan": ["widths=8,6,4"],
    "cgan": ["widths=8,6,4"],
    "dcgan": [],
    "gan": ["widths=8,8,8"],
    "lstm-cgan": ["widths=8,6,4", "discriminator_widths=4,6,8"],
    "one-to-many-cgan": ["widths=8,6,4", "discriminator_widths=4,6,8"],
}


def shortened(words: list[str]) -> list[str]:
    """A command's arguments with less work to do."""
    words = list(words)
    if words[0] == "train":
        return _short_training(words)
    if words[0] == "dataset" and "--count" not in words:
        words += ["--count", "1000"]
    most_pictures = 4 if words[:2] in (["dataset", "numbers"], ["dataset", "sums"]) else 60
    hosts = int(words[words.index("--hosts") + 1]) if "--hosts" in words else 1
    for name, most in {"--count": most_pictures, "--workers": 1, "--shards": hosts}.items():
        if name in words:
            place = words.index(name) + 1
            words[place] = str(min(most, int(words[place])))
    return words


def train(words: list[str], run_command: Callable, real: bool) -> Any:
    """Run a shortened training, or try its configuration and put a snapshot where it would be."""
    if real or "--resume" in words or "--dry-run" in words or words[1] in QUICK_TO_TRACE:
        return run_command(*words)
    done = run_command(*words, "--dry-run")
    option = next((word for word in words if word in ("-o", "--output")), None)
    out = Path(words[words.index(option) + 1] if option else f"runs/{words[1]}")
    entry = ENTRIES[words[1]]
    same = (name for name in BUNDLED if ENTRIES[name].task == entry.task and name != "cnn-sum")
    stand_in = entry.weights or (entry.name if entry.name in BUNDLED else next(same))
    if not (out / "snapshot").exists():
        shutil.copytree(WEIGHTS / stand_in, out / "snapshot")
    return done


def _short_training(words: list[str]) -> list[str]:
    if "--resume" in words or "--dry-run" in words:
        return words
    if "classic" in words:
        return [*words, "--dry-run"]  # 22 million parameters
    words = _without(words, "--steps", "--max-minutes", "--batch-size", "--preset")
    words += ["--preset", "small", "--steps", "2", "--batch-size", "8"]
    if "--dataset" not in words:
        words += ["--dataset", "idx:few"]
    given = {one.partition("=")[0] for one in words if "=" in one}
    for setting in TINY.get(words[1], []):
        if setting.partition("=")[0] not in given:
            words += ["--set", setting]
    return words


def _without(words: list[str], *names: str) -> list[str]:
    """The words without these options and their values."""
    for name in names:
        if name in words:
            place = words.index(name)
            words = words[:place] + words[place + 2 :]
    return words


def write_idx(folder: Path, count: int) -> None:
    """Some of MNIST's digits in its own format."""
    folder.mkdir()
    for prefix, split in (("train", "train"), ("t10k", "validation")):
        data = load(split).where(np.arange(count))
        for kind, array in (("images-idx3", data.images), ("labels-idx1", data.labels)):
            header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
            content = header + array.astype(np.uint8).tobytes()
            (folder / f"{prefix}-{kind}-ubyte").write_bytes(content)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the documents only read: pictures, and digits of a reader of them."""
    folder = tmp_path_factory.mktemp("prepared")
    for index, name in enumerate(
        ("photo", "mine", "my-digits", "page", "out", "digits", "scans/a", "photos/b")
    ):
        place = folder / f"{name}.jpg"
        place.parent.mkdir(exist_ok=True)
        handsum.number("407912", seed=index, verify=False).save(folder / "one.png")
        picture = Image.open(folder / "one.png").convert("RGB")
        picture.save(place if name not in ("page", "out", "digits") else place.with_suffix(".png"))
    handsum.number("1234.50", seed=1).save(folder / "amount.png")
    handsum.sum_sequence(45, 10, seed=1).save(folder / "strip.png")
    digits = handsum.generate(count=240, seed=1)
    np.savez(folder / "mine.npz", images=digits.images, labels=digits.labels)
    for index, (image, label) in enumerate(zip(digits.images, digits.labels, strict=True)):
        own = folder / "my-digits" / str(label)
        own.mkdir(parents=True, exist_ok=True)
        Image.fromarray(255 - image).save(own / f"{index:03d}.png")
    write_idx(folder / "few", 240)
    return folder


@pytest.fixture
def here(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, little_measured: None
) -> Path:
    """An empty folder but for what is prepared, where little is measured."""
    for path in prepared.iterdir():
        (tmp_path / path.name).symlink_to(path)
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def run_all(commands: list[list[str]], run_command: Callable, real: bool = False) -> None:
    for words in commands:
        if {*words} & {*NOT_RUN}:
            continue
        short = shortened(words)
        training = short[0] == "train"
        done = train(short, run_command, real) if training else run_command(*short)
        assert done.code == 0, f"handsum {' '.join(words)} (run as {' '.join(short)}): {done.err}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_of_a_page_runs(page: Path, here: Path, run_command: Callable) -> None:
    markdown = page.read_text()
    run_all(docs_commands.handsum_commands(markdown), run_command)
    space: dict[str, object] = {"handsum": handsum}
    for block in re.findall(r"^```python\n(.*?)^```", markdown, re.MULTILINE | re.DOTALL):
        exec(compile(block, str(page), "exec"), space)
    for words in docs_commands.python_commands(markdown):
        assert (ROOT / words[0]).is_file()


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_training_of_a_page_runs(page: Path, here: Path, run_command: Callable) -> None:
    commands = docs_commands.handsum_commands(page.read_text())
    if not any(words[0] == "train" for words in commands):
        pytest.skip("no training")
    run_all(commands, run_command, real=True)


def test_every_example_of_the_commands_help_runs(here: Path, run_command: Callable) -> None:
    commands = docs_commands.handsum_commands(docs_build.command_reference())
    assert len(commands) > 20
    run_all(commands, run_command)


def test_no_console_block_holds_what_no_test_runs() -> None:
    for page in PAGES:
        blocks = re.findall(r"^```console\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
        for line in "".join(blocks).replace("\\\n", " ").splitlines():
            known = (
                "handsum ",
                "python examples/",
                "python tools/",
                "python3 -m venv ",
                "pip install ",
                "pipx ",
                "#",
            )
            bare = re.sub(r"^(?:[A-Z_]+=\S+ )*", "", line)
            assert not bare or bare.startswith(known), f"{name_of(page)}: {line}"


def test_the_command_reference_names_every_command_and_option() -> None:
    import typer

    from handsum.cli.app import app

    text = docs_build.command_reference()
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        section = text.partition(f"## handsum {name}\n")[2].partition("\n## ")[0]
        assert section, name
        for parameter in command.params:
            names = [*parameter.opts, *parameter.secondary_opts]
            if parameter.param_type_name == "argument":
                names = [parameter.metavar or parameter.name.upper()]
            for one in names:
                assert f"`{one}`" in section, (name, one)
            assert parameter.help, (name, parameter.name)


def test_the_python_reference_names_every_public_name() -> None:
    text = (ROOT / "docs/reference/python.md").read_text()
    named = re.findall(r"^::: ([\w.]+)$", text, re.MULTILINE)
    for name in named:
        module, _, attribute = name.rpartition(".")
        found = importlib.import_module(name) if name == "handsum.errors" else None
        assert found or getattr(importlib.import_module(module), attribute).__doc__, name
    functions = set(handsum.__all__) - {"__version__"}
    assert functions <= {name.rpartition(".")[2] for name in named}


def test_every_model_has_a_page_with_its_facts() -> None:
    for name in ENTRIES:
        page = (ROOT / "docs/models" / f"{name}.md").read_text()
        assert page.startswith(f"# {name}\n")
        assert re.search(docs_build.FACTS, page)[1] == name  # type: ignore[index]
        facts = docs_build.model_facts(name)
        if name not in BUNDLED:
            continue
        for what in ("made by | `handsum train ", "seed |", "hardware |", "parameters |"):
            assert what in facts, (name, what)


def test_every_picture_that_a_command_makes_is_there_and_shown_with_words() -> None:
    found = [place for page in PAGES for place in docs_commands.pictures(page)]
    assert len(found) >= 15
    assert [place for place in found if not place.is_file()] == []
    for page in PAGES:
        assert "![](" not in page.read_text()


def test_the_site_needs_nothing_from_elsewhere() -> None:
    import yaml

    config = yaml.safe_load((ROOT / "mkdocs.yml").read_text())
    assert config["theme"]["font"] is False
    assert config["strict"] is True
    for name in ("extra_css", "extra_javascript"):
        assert [one for one in config.get(name, []) if "//" in one] == []
    assert [page for page in PAGES if "```mermaid" in page.read_text()] == []
