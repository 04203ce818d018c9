"""The result of `visualize`: the stages of a generator, saved as a picture or an animation."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from handsum.arguments import optional_number
from handsum.errors import UsageError, shorten
from handsum.files import atomic_write, check_place
from handsum.images import describe, save_gif

if TYPE_CHECKING:
    from os import PathLike

    from matplotlib.figure import Figure


# Inches: the width of a picture, and the height of a row of values.
_WIDTH, _ROW = 9.0, 0.25

# Titles by the name of a stage, which is the path of a layer in its network. `{}` is the number of
# a layer, counted from 1. Later entries are for names that no earlier one has.
_TITLES = {
    r"condition": "Digit (condition)",
    r"condition of a sequence": "Total and number of digits (condition)",
    r"latents": "Random numbers (latents)",
    r"latents: hand": "Random numbers of the hand (latents)",
    r"latents: own": "Random numbers of each digit (latents)",
    r"latents: plan": "Random numbers of the plan (latents)",
    r"chosen digits": "Chosen digits",
    r"image": "Image",
    r"hands": "Embedding of the hand",
    r"labels|digits": "Embedding of the digit",
    r"mapping": "Style (mapping layer)",
    r"deeper": "Style, second layer",
    r"hand/layers/(\d+)": "Decoder of strokes, layer {}",
    r"hand/points": "Control points of the strokes",
    r"hand/widths": "Widths along the strokes",
    r"hand/presence": "Which strokes there are",
    r"base": "First layer",
    r"blocks/(\d+)/first": "Block {}, first convolution",
    r"blocks/(\d+)/style": "Block {}, style",
    r"blocks/(\d+)/second": "Block {}, second convolution",
    r"ups/(\d+)": "Convolution before upsampling {}",
    r"norms/(\d+)": "Normalization {}",
    r"layers/(\d+)": "Layer {}",
    r"out": "Output layer",
    r"planner/remaining": "Plan, embedding of the sum left",
    r"planner/left": "Plan, embedding of the number of digits left",
    r"planner/totals": "Plan, embedding of the total",
    r"planner/lengths": "Plan, embedding of the number of digits",
    r"planner/slacks?": "Plan, embedding of the distance to all nines",
    r"planner/cell/dense_i": "Plan, LSTM gates from the input",
    r"planner/cell/dense_h": "Plan, LSTM gates from the memory",
    r"planner/first": "Plan, first layer",
    r"planner/hidden/(\d+)": "Plan, hidden layer {}",
    r"planner/out": "Plan, score of each digit",
}


@dataclass(frozen=True, eq=False)
class GeneratorStage:
    """The output of a stage: values (C,) or (L, C), feature maps (H, W, C) or an image (H, W, 1).

    `name` is the path of its layer in the network; `title` says it in words, with the size.
    `channels` is the number of feature maps that the stage has, if only some of them are shown.
    """

    name: str
    values: np.ndarray
    channels: int = 0

    @property
    def title(self) -> str:
        """The name and the size in words."""
        return f"{stage_title(self.name)}: {self._size}"

    @property
    def _size(self) -> str:
        if self.values.ndim < 3:
            return f"{' × '.join(map(str, self.values.shape))} values"
        height, width, channels = self.values.shape
        if self.name == "image":
            return f"{width}×{height} pixels"
        shown = f"{channels} of {self.channels}" if self.channels > channels else channels
        return f"{shown} map{'s' * (shown != 1)} of {width}×{height}"


@dataclass(frozen=True, eq=False, repr=False)
class ForwardPass:
    """The stages of one forward pass of a generator, from the condition to the image.

    `digits` is the drawn digit, or the planned digits with their `total`; None for a random digit.
    `writer` is None for a model without writers.
    """

    stages: tuple[GeneratorStage, ...]
    model: str
    seed: int
    digits: str | None = None
    total: int | None = None
    writer: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def what(self) -> str:
        """The drawn digit and its writer, or the planned digits and their total, in words."""
        if self.digits is None:
            shown = "a random digit"
        elif self.total is None:
            shown = self.digits
        else:
            shown = f"{'+'.join(self.digits)} for {self.total}"
        return shown if self.writer is None else f"{shown}, writer {self.writer}"

    def as_dict(self) -> dict[str, Any]:
        """The stages, without their values, as `handsum visualize --json` prints them."""
        return {
            "model": self.model,
            "what": self.what,
            "stages": [
                {"name": stage.name, "shape": list(stage.values.shape)} for stage in self.stages
            ],
            "seed": self.seed,
            "notes": list(self.notes),
        }

    def save(self, path: str | PathLike[str], channels: int | None = None) -> None:
        """Save the stages as a .png, one below the other, or as a .gif, one after the other.

        `channels` limits each stage to its strongest feature maps.

        Raises:
            UsageError: another type of file, or `channels` for a generator without feature maps.
            HandsumError: the file cannot be written.
        """
        path = Path(path)
        check_stages_path(path)
        channels = optional_number(channels, "a number of channels", 1)
        if channels is not None and all(stage.values.ndim < 3 for stage in self.stages[:-1]):
            raise UsageError(f"{self.model} has no feature maps to choose channels from")
        stages = [
            GeneratorStage(stage.name, strongest(stage.values, channels), stage.values.shape[2])
            if channels is not None and stage.values.ndim == 3
            else stage
            for stage in self.stages
        ]
        heading = f"{self.model}: {self.what}  (seed {self.seed})"
        if path.suffix.lower() == ".gif":
            _save_animation(stages, heading, path, self._metadata(channels))
            return
        figure = _figure(stages, heading)
        with atomic_write(path) as file:
            figure.savefig(file, format="png", dpi=110, metadata=self._metadata(channels))

    def _metadata(self, channels: int | None = None) -> dict[str, str]:
        return describe(
            seed=self.seed,
            model=self.model,
            writer=self.writer,
            digits=self.digits,
            total=self.total,
            channels=channels,
        )

    def __repr__(self) -> str:
        count = len(self.stages)
        return f"<{count} stages of {self.model}, {shorten(self.what)}, seed {self.seed}>"

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        heading = f"{self.model}: {self.what}  (seed {self.seed})"
        figure = _figure(self.stages, heading)
        figure.savefig(buffer, format="png", dpi=80, metadata=self._metadata())
        return buffer.getvalue()


def check_stages_path(path: Path) -> None:
    """Raise unless stages can be saved under this name; to be called before the work.

    Raises:
        UsageError: not a .png or .gif.
        HandsumError: the name is that of a directory, or its folder is missing.
    """
    if path.suffix.lower() not in {".png", ".gif"}:
        raise UsageError(f"{path} is neither a .png (all stages) nor a .gif (through the stages)")
    check_place(path)


def strongest(maps: np.ndarray, channels: int) -> np.ndarray:
    """The `channels` of feature maps (H, W, C) that vary most, strongest first."""
    order = np.argsort(-maps.std((0, 1)), kind="stable")
    return maps[:, :, order[:channels]]


def montage(values: np.ndarray) -> np.ndarray:
    """Arrange values (C,) or (L, C) as rows, feature maps (H, W, C) as a grid with gaps of NaN.

    Returns (Y, X).
    """
    if values.ndim == 1:
        rows = max(1, -(-len(values) // 128))
        width = -(-len(values) // rows)
        return np.pad(values, (0, rows * width - len(values)), constant_values=np.nan).reshape(
            rows, width
        )
    if values.ndim == 2:
        return values
    height, width, channels = values.shape
    columns = min(channels, max(1, round((channels * 8 * height / width) ** 0.5)))
    rows = -(-channels // columns)
    grid = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1), np.nan)
    for channel in range(channels):
        y, x = channel // columns * (height + 1), channel % columns * (width + 1)
        grid[y : y + height, x : x + width] = values[:, :, channel]
    return grid


def _figure(stages: Sequence[GeneratorStage], heading: str, height: float | None = None) -> Figure:
    """A figure with the stages one below the other."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    grids = [montage(stage.values) for stage in stages]
    heights = [
        min(2.5, _WIDTH * len(grid) / grid.shape[1])
        if stage.values.ndim == 3
        else min(1.5, _ROW * len(grid))
        for stage, grid in zip(stages, grids, strict=True)
    ]
    figure = Figure(
        figsize=(_WIDTH, height or sum(heights) + 0.45 * len(stages) + 0.5), layout="constrained"
    )
    FigureCanvasAgg(figure)
    figure.suptitle(heading, fontsize=12)
    axes = figure.subplots(len(stages), squeeze=False, height_ratios=heights)[:, 0]
    for axis, stage, grid in zip(axes, stages, grids, strict=True):
        if stage.name == "image":
            axis.imshow(grid, cmap="gray", vmin=-1, vmax=1)
        else:
            bound = float(np.nanmax(np.abs(grid))) or 1.0
            aspect = "equal" if stage.values.ndim == 3 else "auto"
            axis.imshow(grid, cmap="RdBu_r", vmin=-bound, vmax=bound, aspect=aspect)
        axis.set_title(stage.title, fontsize=8, loc="left", pad=3)
        axis.set_axis_off()
    return figure


def _save_animation(
    stages: Sequence[GeneratorStage], heading: str, path: Path, metadata: Mapping[str, str]
) -> None:
    frames = []
    for stage in stages:
        buffer = io.BytesIO()
        _figure([stage], heading, height=5.0).savefig(buffer, format="png", dpi=80)
        frames.append(Image.open(buffer).convert("RGB"))
    durations = [900] * (len(frames) - 1) + [3000]
    save_gif(path, frames, durations, metadata)


def stage_title(name: str) -> str:
    """The title of a stage by its name, such as "Block 1, first convolution"."""
    place = name.removeprefix("painter/")
    for pattern, title in _TITLES.items():
        if found := re.fullmatch(pattern, place):
            return title.format(*(int(number) + 1 for number in found.groups()))
    # A layer that has no title yet.
    words = [str(int(part) + 1) if part.isdigit() else part for part in place.split("/")]
    text = " ".join(words).replace("_", " ")
    return text[:1].upper() + text[1:]
