"""The zoo: the task of every model, and what the module of a model offers; imports none of them."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from handsum.config import AnyConfig
from handsum.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from flax import nnx

    from handsum.data.batches import TrainingSet
    from handsum.data.mnist import Dataset
    from handsum.data.skills import Skill
    from handsum.losses import Losses, Parts

Task = Literal[
    "digit generator",
    "random digit generator",
    "sequence generator",
    "digit reader",
    "sum reader",
    "detector",
    "judge",
    "pen",
]


@dataclass(frozen=True)
class Entry:
    """One model: its name (also that of its module), its task and a summary.

    `mixes` says that it can draw digits that are several at once, `writes_strokes` that it draws
    with pen strokes, not in pixels. `weights` names the model whose bundled weights it uses if it
    has none of its own. `warm` are layers that start as those of a trained model, if these are as
    large: pairs of the layer's name, which is that in both networks, and of the trained model's
    part in `FROZEN`.
    """

    name: str
    task: Task
    summary: str
    mixes: bool = False
    writes_strokes: bool = False
    weights: str = ""
    warm: tuple[tuple[str, str], ...] = ()


# For pictures, and for digits in pixels as MNIST has them.
DEFAULT_GENERATOR = "r3gan"
PIXEL_GENERATOR = "r3gan"
DEFAULT_READER = "cnn"
JUDGE = "judge"
PEN = "pen"
DETECTOR = "detector"

ENTRIES = {
    entry.name: entry
    for entry in (
        Entry(
            "r3gan", "digit generator", "class- and writer-conditional R3GAN, one call per digit"
        ),
        Entry(
            "pen-gan",
            "digit generator",
            "class- and writer-conditional GAN that writes pen strokes, one call per digit",
            writes_strokes=True,
            warm=(("hand", "pen"),),
        ),
        Entry(
            "writer-cgan",
            "digit generator",
            "class- and writer-conditional GAN, one call a digit",
        ),
        Entry("cgan", "digit generator", "class-conditional GAN, which also mixes digits", True),
        Entry("dcgan", "random digit generator", "convolutional GAN, random digits"),
        Entry("gan", "random digit generator", "fully connected GAN, random digits"),
        Entry(
            "lstm-cgan", "sequence generator", "an LSTM plans digits to a total, a cGAN draws them"
        ),
        Entry("one-to-many-cgan", "sequence generator", "one generator for each digit of a total"),
        Entry("cnn", "digit reader", "convolutional classifier, augmented for real pictures"),
        Entry(
            "cnn-sum",
            "digit reader",
            "exact sums of the digits that cnn reads; learns from sums alone, too",
            weights="cnn",
        ),
        Entry("cnn-lstm", "sum reader", "CNN and LSTM that predict the sum of a sequence"),
        Entry("detector", "detector", "finds and reads digits and signs in whole pictures"),
        Entry("pen", "pen", "digits to the pen strokes that wrote them, in writing order"),
        Entry("judge", "judge", "residual classifier for evaluation only"),
    )
}


class ModelModule(Protocol[AnyConfig]):
    """The module of a model: its settings, its networks, what it trains on and what it does.

    Training needs nothing else of a model, so a new one is its module and a line in `ENTRIES`.
    """

    @property
    def Config(self) -> type[AnyConfig]:
        """A frozen dataclass on `TrainingConfig`, with bounds at each field."""

    @property
    def PRESETS(self) -> Mapping[str, AnyConfig]:
        """Named configurations: at least `default`, and `small`, which trains on a laptop."""

    @property
    def SNAPSHOT_PART(self) -> str:
        """The part that inference needs."""

    @property
    def FROZEN(self) -> Mapping[str, str]:
        """Bundled models that it learns from but does not change, by the names of their parts."""

    def build(self, config: AnyConfig, *, rngs: nnx.Rngs) -> Parts:
        """The networks to train, by the name of their part."""

    def prepare(self, config: AnyConfig, data: Dataset) -> TrainingSet[AnyConfig]:
        """What it trains on: the configuration fitted to the data set, arrays and batches."""

    def losses(self, config: AnyConfig) -> Losses:
        """The loss of each part, in the order of their updates within a step."""

    def skill(self, config: AnyConfig) -> Skill:
        """What the trained network does."""


def find(name: str, tasks: Iterable[Task] | None = None) -> Entry:
    """The entry of a model, which must have one of `tasks` if they are given.

    Raises:
        UsageError: no such model (the close match and the list), or one that cannot do the job
            (names those that can).
    """
    able = [entry.name for entry in ENTRIES.values() if tasks is None or entry.task in tasks]
    entry = ENTRIES.get(name)
    if entry is None:
        hint = did_you_mean(name, able)
        raise UsageError(f"no model {name!r}: {hint}choose from {', '.join(able)}")
    if name not in able:
        raise UsageError(f"{name} is a {entry.task}, which cannot do this: {', '.join(able)} can")
    return entry


def module(name: str) -> ModelModule[Any]:
    """Import the module of a model."""
    found: Any = importlib.import_module(f"handsum.models.{module_name(find(name).name)}")
    return found


def module_name(name: str) -> str:
    """The name of a model's module."""
    return name.replace("-", "_")
