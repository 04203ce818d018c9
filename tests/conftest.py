"""Fixtures for all tests: caches of their own, stand-ins for the models, the command line."""

from __future__ import annotations

import importlib
import itertools
import os
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy import ndimage

from handsum.data.signs.alphabet import CLASSES, OTHER
from handsum.data.signs.answers import Signs, merge
from handsum.errors import UsageError
from handsum.images import mnist_digit
from handsum.pretrained.generators import DigitGenerator
from handsum.reading.page import Box, cut_digits
from handsum.strokes import Strokes, draw_strokes

# The corners of a digital clock's digit, and which strokes between them each digit has.
CORNERS = {"a": (6, 4), "b": (20, 4), "c": (6, 14), "d": (20, 14), "e": (6, 23), "f": (20, 23)}
STROKES = {
    0: "ab bf fe ea",
    1: "bf",
    2: "ab bd dc ce ef",
    3: "ab bf fe cd",
    4: "ac cd bf",
    5: "ba ac cd df fe",
    6: "ba ae ef fd dc",
    7: "ab bf",
    8: "ab bf fe ea cd",
    9: "db ba ac cd df fe",
}


def write_clock_digit(label: int, writer: int, rng: np.random.Generator) -> Strokes:
    """The strokes of a digit: the writer sets pen and slant, the generator shifts corners."""
    corners = {
        name: (x + 0.2 * (writer % 3) * (14 - y) + rng.uniform(-1, 1), y + rng.uniform(-1, 1))
        for name, (x, y) in CORNERS.items()
    }
    half = (2 + writer % 2) / 2
    lines = [
        np.array([(*corners[start], half), (*corners[end], half)])
        for start, end in STROKES[label].split()
    ]
    return Strokes(tuple(lines)).shift(-14, -14).scale(1 / 20)


def draw_clock_digit(label: int, rng: np.random.Generator) -> np.ndarray:
    """A digit as an image, uint8 (28, 28), with hard edges."""
    image = Image.new("L", (28, 28))
    pen = ImageDraw.Draw(image)
    corners = {
        name: (x + rng.uniform(-1, 1), y + rng.uniform(-1, 1)) for name, (x, y) in CORNERS.items()
    }
    for start, end in STROKES[label].split():
        pen.line([corners[start], corners[end]], fill=255, width=2)
    return np.asarray(image)


# With `--dist loadfile --no-loadscope-reorder`, workers take files in this order. The page comes
# when models are compiled: each worker's server loads all of them before its first test.
LONGEST = (
    "tests/training",
    "tests/test_documents.py",
    "tests/evaluation",
    "tests/models",
    "tests/cli",
    "tests/writing",
    "tests/test_examples.py",
    "tests/pretrained",
    "tests/web",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest first: the last one may leave the other workers idle."""

    def place(item: pytest.Item) -> int:
        found = (n for n, start in enumerate(LONGEST) if item.nodeid.startswith(start))
        return next(found, len(LONGEST))

    items.sort(key=place)


@pytest.fixture(scope="session", autouse=True)
def caches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the user's caches out of the tests, and compile each function once for all of them.

    The workers of pytest-xdist and the commands that the tests start share one cache. A process
    that trains shares it if its test sets JAX_COMPILATION_CACHE_DIR.
    """
    import jax

    from handsum.pretrained.cache import use_compilation_cache

    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        patch.setenv("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
        patch.setenv("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")
        jax.config.update("jax_compilation_cache_dir", None)
        use_compilation_cache()
        yield


@dataclass
class FakeGenerator:
    """Draws clock digits; `misdraw` says which digit comes for (label, index, attempt)."""

    writers: int = 7
    name: str = "fake-generator"
    conditional: bool = True
    writes_strokes: bool = False
    misdraw: Callable[[int, int, int], int] = lambda label, index, attempt: label
    drawn: dict[bytes, int] = field(default_factory=dict)
    calls: list[int] = field(default_factory=list)

    check_writers = DigitGenerator.check_writers
    check_classes = DigitGenerator.check_classes

    def prepare(self, writers: np.ndarray, *, strokes: bool) -> None:
        """There is nothing to compile."""

    def write(
        self,
        labels: np.ndarray,
        writers: np.ndarray,
        *,
        seed: int,
        indices: np.ndarray | None = None,
        attempts: np.ndarray | None = None,
    ) -> list[Strokes]:
        indices = np.arange(len(labels)) if indices is None else indices
        attempts = np.zeros(len(labels), int) if attempts is None else attempts
        self.calls.append(len(labels))
        written = []
        for label, writer, index, attempt in zip(labels, writers, indices, attempts, strict=True):
            digit = self.misdraw(int(label), int(index), int(attempt))
            rng = np.random.default_rng([seed, index, attempt])
            written.append(write_clock_digit(digit, writer, rng))
            self.drawn[written[-1].draw(28).tobytes()] = digit
        return written

    def draw(self, *columns: np.ndarray, **keys: Any) -> np.ndarray:
        return draw_strokes(self.write(*columns, **keys), 28)

    def reader(self, confidence: float = 0.99) -> FakeReader:
        """Return a reader of what this generator draws."""
        return FakeReader(self, confidence=confidence)


@dataclass
class FakeReader:
    """Knows what the fake generator drew, and is as sure of it as `confidence` says.

    What comes back out of a picture is taken for what it is most like.
    """

    generator: FakeGenerator
    name: str = "fake-reader"
    confidence: float = 0.99
    known: dict[bytes, np.ndarray] = field(default_factory=dict)
    taken: dict[bytes, int] = field(default_factory=dict)

    def prepare(self) -> None:
        """There is nothing to call."""

    def read(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rows = np.full((len(images), 10), (1 - self.confidence) / 9, np.float32)
        for row, image in zip(rows, images, strict=True):
            row[self._recognise(image)] = self.confidence
        return rows, np.full(len(images), np.inf, np.float32)

    def _recognise(self, image: np.ndarray) -> int:
        drawn, key = self.generator.drawn, image.tobytes()
        if key in drawn:
            return drawn[key]
        if key not in self.taken:
            # What is too faint to be cut out of a picture is blank.
            for other in drawn:
                if other not in self.known and any(other):
                    digit = mnist_digit(np.frombuffer(other, np.uint8).reshape(28, 28))
                    self.known[other] = ndimage.gaussian_filter(digit.astype(float), 1)
            blurred = ndimage.gaussian_filter(image.astype(float), 1)
            # Both were centred to whole pixels.
            known = np.stack([*self.known.values()])
            distances = [
                ((known - np.roll(blurred, shift, (0, 1))) ** 2).sum((1, 2))
                for shift in itertools.product((-1, 0, 1), repeat=2)
            ]
            self.taken[key] = drawn[[*self.known][int(np.min(distances, axis=0).argmin())]]
        return self.taken[key]


@pytest.fixture
def draw_row() -> Callable[..., np.ndarray]:
    """Draw the digits of a text without any model: uint8 (L, 28, 28)."""

    def draw(text: str) -> np.ndarray:
        rng = np.random.default_rng(8)
        return np.stack([draw_clock_digit(int(digit), rng) for digit in text])

    return draw


@pytest.fixture
def write_row() -> Callable[[str], list[Strokes]]:
    """Write the digits of a text without any model, as strokes."""

    def write(text: str) -> list[Strokes]:
        rng = np.random.default_rng(8)
        return [write_clock_digit(int(digit), 0, rng) for digit in text]

    return write


@pytest.fixture
def draw_page(draw_row: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """Draw a row of digits as dark ink on light paper, float32 (H, W) in [0, 1]."""

    def draw(text: str, scale: int = 4, ink: float = 0.1, paper: float = 0.9) -> np.ndarray:
        row = Image.fromarray(np.hstack(list(draw_row(text))))
        size = (row.width * scale, row.height * scale)
        coverage = np.asarray(row.resize(size, Image.Resampling.BICUBIC), np.float32) / 255
        return paper + (ink - paper) * coverage

    return draw


@dataclass
class TemplateReader:
    """Reads clock digits by the nearest of ten templates, as sure as `confidence` says."""

    templates: np.ndarray
    confidence: float = 0.97
    odds: float | None = None
    calls: list[int] = field(default_factory=list)

    def read(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        assert images.dtype == np.uint8
        assert images.shape[1:] == (28, 28)
        self.calls.append(len(images))
        seen, known = (
            ndimage.gaussian_filter(digits.astype(float), (0, 1.5, 1.5))
            for digits in (images, self.templates)
        )
        distances = ((seen[:, None] - known) ** 2).mean((2, 3))
        rows = np.full((len(images), 10), (1 - self.confidence) / 9, np.float32)
        rows[np.arange(len(images)), distances.argmin(1)] = self.confidence
        # What is far from every template is no digit.
        odds = (5000 - distances.min(1)) / 500 if self.odds is None else self.odds
        return rows, np.full(len(images), odds, np.float32)


@dataclass
class PieceFinder:
    """Finds connected ink, each piece a digit or something else by what `reader` reads in it."""

    reader: TemplateReader | FakeReader

    def find(self, pictures: Sequence[np.ndarray], least: float = 0.3) -> list[Signs]:
        boxes = [pieces_of(picture) for picture in pictures]
        # A cut shows the dots of dithered paper, which the templates lack.
        soft = [ndimage.gaussian_filter(picture / 255, 1) for picture in pictures]
        cut = [cut_digits(*one) for one in zip(soft, boxes, strict=True)]
        if not sum(map(len, cut)):
            return [merge([], least) for _ in pictures]
        probabilities, odds = self.reader.read(np.concatenate(cut))
        kinds = np.zeros((len(odds), CLASSES))
        kinds[:, :10] = probabilities
        kinds[odds < 0] = np.eye(CLASSES)[OTHER]
        ends = np.cumsum([0, *map(len, boxes)])
        return [
            Signs(
                np.array([(x, y, x + w, y + h) for x, y, w, h in own], float).reshape(-1, 4),
                np.ones(len(own)),
                kinds[start : start + len(own)],
            )
            for own, start in zip(boxes, ends, strict=False)
        ]


def pieces_of(picture: np.ndarray) -> list[Box]:
    """The boxes of connected ink in a picture uint8 (H, W), from left to right."""
    # Smoothed, as paper and ink of two tones may be dithered.
    picture = ndimage.gaussian_filter(picture.astype(float), 1)
    low, high = (float(value) for value in (picture.min(), picture.max()))
    if high - low < 20:
        return []
    dark = np.median(picture) > (low + high) / 2
    ink = picture < (low + high) / 2 if dark else picture > (low + high) / 2
    places = ndimage.find_objects(ndimage.label(ink, np.ones((3, 3)))[0])
    boxes = [(x.start, y.start, x.stop - x.start, y.stop - y.start) for y, x in places]
    return sorted(box for box in boxes if box[3] > 5)


def replace_models(monkeypatch: pytest.MonkeyPatch, reader: Any, **functions: Any) -> None:
    """Put a module of stand-ins in the place of `handsum.pretrained.load`."""
    # Imports the real one by name, whichever test comes first.
    importlib.import_module("handsum.pretrained.export")
    module = types.ModuleType("handsum.pretrained.load")
    functions |= {
        "load_picture_reader": lambda name: reader,
        "load_reader": lambda name=None: reader,
        "load_detector": lambda name=None: PieceFinder(reader),
    }
    for name, function in functions.items():
        setattr(module, name, function)
    monkeypatch.setitem(sys.modules, "handsum.pretrained.load", module)


@pytest.fixture
def template_reader(
    monkeypatch: pytest.MonkeyPatch, draw_page: Callable[..., np.ndarray]
) -> TemplateReader:
    """Replace the default readers by those that know the digits of `draw_page`."""
    pages = [draw_page(str(digit)) for digit in range(10)]
    cut = [cut_digits(page, pieces_of(np.rint(255 * page).astype(np.uint8))) for page in pages]
    reader = TemplateReader(np.concatenate(cut))
    replace_models(monkeypatch, reader)
    return reader


@pytest.fixture
def fake_generator(monkeypatch: pytest.MonkeyPatch) -> FakeGenerator:
    """Replace `handsum.pretrained.load` by a fake generator and fake readers of its digits."""
    generator = FakeGenerator()
    replace_models(
        monkeypatch,
        generator.reader(),
        load_generator=lambda name=None: generator,
        draws_sequences=lambda name: False,
    )
    return generator


@pytest.fixture(scope="session")
def tiny_pen_gan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The snapshot of an untrained `pen-gan` of 20 writers: a smooth line for each digit."""
    from flax import nnx

    from handsum.config import as_dict, replace
    from handsum.models import pen_gan
    from handsum.pretrained.snapshots import Snapshot, save_snapshot
    from handsum.training.state import flatten

    config = replace(
        pen_gan.PRESETS["small"], {"widths": [6, 8], "size": 32, "writers": 20, "steps": 1}
    )
    network = pen_gan.Generator(config, rngs=nnx.Rngs(3))
    network.hand.points.kernel[...] = 0.1 * network.hand.points.kernel[...]
    facts = {"model": "pen-gan", "config": as_dict(config), "parameters": 11_952, "step": 1}
    folder = tmp_path_factory.mktemp("tiny") / "pen-gan"
    save_snapshot(folder, Snapshot(flatten((nnx.state(network, nnx.Param),)), facts))
    return folder


@pytest.fixture
def little_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Readers are measured on a few digits; of generators, what docs/results.json keeps is told."""
    from handsum.evaluation.figures import Effort
    from handsum.pretrained.load import GENERATORS, PENS, SEQUENCE_GENERATORS, locate

    measuring = importlib.import_module("handsum.evaluation.measure")
    few = Effort("quick", 100, 100, 2, 0, 2, 4, 10)
    measure = measuring.run

    def run(models: list[str], samples: list[object] = (), *options: object) -> object:  # type: ignore[assignment]
        try:
            kinds = (*GENERATORS, *SEQUENCE_GENERATORS, *PENS)
            assert all(locate(model, kinds).is_dir() for model in models)
        except UsageError:
            return measure(models, samples, *options)
        tools = str(Path(__file__).parents[1] / "tools")
        monkeypatch.syspath_prepend(tools)
        name = "pen" if "pen" in models else "r3gan"
        return importlib.import_module("docs_build").stored_evaluation(name)

    monkeypatch.setattr(measuring, "run", run)
    monkeypatch.setattr(measuring, "QUICK", few)
    monkeypatch.setattr(measuring, "FULL", few)


@dataclass(frozen=True)
class Finished:
    """A finished command: its exit code and what it printed."""

    code: int
    out: str
    err: str


@pytest.fixture
def run_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., Finished]:
    """Run `handsum ARGUMENTS` in this process, in an empty folder of its own."""
    from handsum.cli.app import main

    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> Finished:
        monkeypatch.setattr(sys, "argv", ["handsum", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as exit_info:
            main()
        printed = capsys.readouterr()
        return Finished(int(exit_info.value.code or 0), printed.out, printed.err)

    return run


@pytest.fixture
def schema_errors() -> Callable[[str, object], list[str]]:
    """What is wrong with a command's JSON, by its schema."""
    import jsonschema

    from handsum import schemas

    def errors(command: str, result: object) -> list[str]:
        validator = jsonschema.Draft202012Validator(schemas.load(command))
        return [error.message for error in validator.iter_errors(result)]

    return errors
