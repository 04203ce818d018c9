"""Every command and every line of Python in the documentation works, in the order of the page.

`shortened` reduces the work of a command: a training run to two steps of a small preset on a few
digits, a data set to a few pictures, the evaluation of a reader to a few digits and that of a
generator to the figures in docs/results.json. Each page runs in its own folder, which already has
the files that the page only reads (a photograph, a folder of digits). NOT_RUN lists what cannot run
in a test.

Tracing the training of most models takes longer than everything else, so only `-m slow` trains
them. Otherwise --dry-run checks their configuration, and a snapshot from the package takes the
place of the trained one.
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
# A server runs until it is stopped, and a host of a distributed run waits for the others.
NOT_RUN = ("web", "--distributed")
QUICK_TO_TRACE = ("cnn", "gan")
TINY = {
    "cnn": ["widths=4,4,4", "hidden=8", "non_digit_bank=60"],
    "cnn-lstm": ["widths=4,4,4", "features=8", "hidden=8"],
    "cnn-sum": ["widths=4,4,4", "hidden=8"],
    "judge": ["widths=4,4"],
    "r3gan": ["widths=8,6,4"],
    "pen-gan": ["widths=4,4", "size=16"],
    "writer-cgan": ["widths=8,6,4"],
    "cgan": ["widths=8,6,4"],
    "dcgan": [],
    "gan": ["widths=8,8,8"],
    "lstm-cgan": ["widths=8,6,4", "discriminator_widths=4,6,8"],
    "one-to-many-cgan": ["widths=8,6,4", "discriminator_widths=4,6,8"],
}


def shortened(words: list[str]) -> list[str]:
    """The arguments of a command, changed so that it has less work to do."""
    words = list(words)
    if words[0] == "train":
        return _short_training(words)
    if words[0] == "dataset" and "--count" not in words:
        words += ["--count", "1000"]
    most_pictures = 60 if words[:2] == ["dataset", "digits"] else 4
    hosts = int(words[words.index("--hosts") + 1]) if "--hosts" in words else 1
    for name, most in {"--count": most_pictures, "--workers": 1, "--shards": hosts}.items():
        if name in words:
            place = words.index(name) + 1
            words[place] = str(min(most, int(words[place])))
    return words


def train(words: list[str], run_command: Callable, real: bool) -> Any:
    """Run a shortened training, or check its configuration and put a snapshot in its place."""
    if real or "--resume" in words or "--dry-run" in words or words[1] in QUICK_TO_TRACE:
        return run_command(*words)
    done = run_command(*words, "--dry-run")
    given = [words[place + 1] for place, word in enumerate(words) if word in ("-o", "--output")]
    out = Path(*given) if given else Path("runs", words[1])
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
    already_set = {word.partition("=")[0] for word in words if "=" in word}
    for setting in TINY.get(words[1], []):
        if setting.partition("=")[0] not in already_set:
            words += ["--set", setting]
    return words


def _without(words: list[str], *names: str) -> list[str]:
    """The arguments without these options and their values."""
    for name in names:
        if name in words:
            place = words.index(name)
            words = words[:place] + words[place + 2 :]
    return words


def write_idx(folder: Path, count: int) -> None:
    """Write some of MNIST's digits in MNIST's file format."""
    folder.mkdir()
    for prefix, split in (("train", "train"), ("t10k", "validation")):
        data = load(split).where(np.arange(count))
        for name, array in (("images-idx3", data.images), ("labels-idx1", data.labels)):
            header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
            content = header + array.astype(np.uint8).tobytes()
            (folder / f"{prefix}-{name}-ubyte").write_bytes(content)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the pages only read: pictures and digits."""
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
    with Image.open(folder / "amount.png") as picture:
        picture.convert("L").save(folder / "form.pdf", resolution=200)
    handsum.sum_sequence(45, 10, seed=1).save(folder / "strip.png")
    digits = handsum.generate(count=240, seed=1)
    np.savez(folder / "mine.npz", images=digits.images, labels=digits.labels)
    for index, (image, label) in enumerate(zip(digits.images, digits.labels, strict=True)):
        own = folder / "my-digits" / str(label)
        own.mkdir(parents=True, exist_ok=True)
        Image.fromarray(255 - image).save(own / f"{index:03d}.png")
    write_idx(folder / "few", 240)
    (folder / "numbers.txt").write_text("12.50\n$1,234.50\t2\n")
    return folder


@pytest.fixture
def here(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, little_measured: None
) -> Path:
    """A folder with the prepared files; evaluations measure little."""
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


def test_the_vpype_commands_of_the_guide_run(here: Path, run_command: Callable) -> None:
    cli = pytest.importorskip("vpype_cli")
    pytest.importorskip("vpype_gcode")
    text = (ROOT / "docs/guides/plot.md").read_text()
    words = docs_commands.handsum_commands(text)[0]
    assert run_command(*words).code == 0
    for command, name in zip(
        re.findall(r"^vpype (.*)$", text, re.MULTILINE), ("hpgl", "gcode"), strict=True
    ):
        cli.execute(command)
        assert (here / f"plot.{name}").stat().st_size > 1000


def test_console_blocks_have_only_commands_that_the_tests_know() -> None:
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
        is_module = name in ("handsum.errors", "handsum.schemas")
        found = importlib.import_module(name) if is_module else None
        assert found or getattr(importlib.import_module(module), attribute).__doc__, name
    # The errors are listed as a whole, with their module.
    errors = {name for name in handsum.__all__ if hasattr(handsum.errors, name)}
    functions = set(handsum.__all__) - {"__version__"} - errors
    assert functions <= {name.rpartition(".")[2] for name in named}


def test_every_model_has_a_page_with_its_facts() -> None:
    for name in ENTRIES:
        page = (ROOT / "docs/models" / f"{name}.md").read_text()
        assert page.startswith(f"# {name}\n")
        assert re.search(docs_build.FACTS, page)[1] == name  # type: ignore[index]
        facts = docs_build.model_facts(name)
        if name not in BUNDLED:
            continue
        for what in ("command | `handsum train ", "seed |", "hardware |", "parameters |"):
            assert what in facts, (name, what)


def test_every_picture_made_by_a_command_exists_and_has_a_description() -> None:
    found = [place for page in PAGES for place in docs_commands.pictures(page)]
    assert len(found) >= 15
    assert [place for place in found if not place.is_file()] == []
    for page in PAGES:
        assert "![](" not in page.read_text()


def test_option_names_are_not_broken_across_lines() -> None:
    def mark(html: str) -> str:
        return docs_build.on_page_content(html, None, None, None)

    option = '<span class="whole">--length</span>'
    assert mark("<p><code>--length</code></p>") == '<p><code class="whole">--length</code></p>'
    assert mark("<code>handsum predict --length 5</code>").count(option) == 1
    block = (
        '<div class="language-console highlight"><code>x\n<span>a --length 5</span></code></div>'
    )
    assert mark(block) == block.replace("--length", option)
    assert mark("<pre><code><span>--length</span>\n</code></pre>").count("whole") == 0
    assert mark("a --length of text") == "a --length of text"


def test_the_site_loads_nothing_from_other_servers() -> None:
    import yaml

    config = yaml.safe_load((ROOT / "mkdocs.yml").read_text())
    assert config["theme"]["font"] is False
    assert config["strict"] is True
    for name in ("extra_css", "extra_javascript"):
        assert [one for one in config.get(name, []) if "//" in one] == []
    assert [page for page in PAGES if "```mermaid" in page.read_text()] == []
