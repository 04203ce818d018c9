"""How a digit comes about inside a generator: every stage of one forward pass, as pictures."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from handsum.arguments import hand_name
from handsum.errors import UsageError
from handsum.files import atomic_write
from handsum.images import save_gif
from handsum.seeds import choose_seed

if TYPE_CHECKING:
    from matplotlib.figure import Figure


DEFAULT_LENGTH = 5
# Inches of a picture's width, and of the height of a row of values.
_WIDTH, _ROW = 9.0, 0.25
_RECORDING = threading.Lock()


@dataclass(frozen=True)
class Stage:
    """What a stage gives: values (C,) or (L, C), feature maps (H, W, C), an image (H, W, 1)."""

    name: str
    values: np.ndarray
    channels: int = 0

    @property
    def title(self) -> str:
        """The name and the size in words; of `channels` where only some of them are shown."""
        if self.values.ndim == 3:
            height, width, channels = self.values.shape
            shown = f"{channels} of {self.channels}" if self.channels > channels else channels
            return f"{self.name}: {shown} × {height}×{width}"
        return f"{self.name}: {' × '.join(map(str, self.values.shape))} values"


@dataclass(frozen=True)
class Trace:
    """The stages of one forward pass, from condition to image, and what it was asked for."""

    stages: tuple[Stage, ...]
    model: str
    seed: int
    what: str


def trace(
    number: int | None = None,
    *,
    model: str | None = None,
    length: int | None = None,
    writer: int | str | None = None,
    seed: int | None = None,
) -> Trace:
    """Follow one digit, or a total's sequence, through a generator: one forward pass.

    The digit is the first that `generate` draws of it with the same seed, in the same hand.
    `number` is a digit, a total for a model that draws sequences (of `length`, 5 without one), or
    None for a model that draws random digits. Of a sequence, feature maps are its first digit's.

    Raises:
        UsageError: no such digit, total, writer or model, or one that the model cannot take.
    """
    from handsum.models.registry import DEFAULT_GENERATOR
    from handsum.pretrained.load import draws_sequences, load_network

    name, seed = model or DEFAULT_GENERATOR, choose_seed(seed)
    if draws_sequences(name):
        if writer is not None:
            raise UsageError(f"{name} knows no writers: leave out the writer")
        length = DEFAULT_LENGTH if length is None else length
        return _trace_sequence(load_network(name), name, number, length, seed)
    if length is not None:
        raise UsageError(f"{name} draws single digits: leave out the length")
    return _trace_digit(load_network(name), name, number, hand_name(writer), seed)


def _trace_digit(
    generator: Any, name: str, number: int | None, writer: int | str | None, seed: int
) -> Trace:
    import jax.numpy as jnp

    from handsum.models.inference import draw_latents
    from handsum.pretrained.load import load_generator
    from handsum.writing.hands import choose_hands

    facts = load_generator(name)
    if number is None and facts.conditional:
        raise UsageError(f"which digit? {facts.name} draws the one that it is asked for: 0 to 9")
    if number is not None and not facts.conditional:
        raise UsageError(f"{facts.name} draws random digits: leave out the digit")
    if number is not None and not 0 <= number <= 9:
        raise UsageError(f"{number} is no digit: {facts.name} draws the digits 0 to 9")
    hands = choose_hands(facts, writer, 1, seed)
    drawn = jnp.asarray(hands.drawn, jnp.float32 if hands.drawn.ndim == 2 else jnp.int32)
    zero = jnp.zeros(1, jnp.int32)
    latents = draw_latents(generator, jnp.uint32(seed), zero, zero)
    with _recorded(generator) as outputs:
        image = generator(latents, zero + (number or 0), drawn)
    stages = [Stage("latents", np.asarray(latents[0]))]
    what = "a random digit"
    if number is not None:
        stages.insert(0, Stage("condition", np.eye(10)[number]))
        what = str(number)
    if facts.writers > 1:
        what += f", writer {hands.writers[0] if hands.name is None else hands.name}"
    stages += [Stage(path, np.asarray(output)[0]) for path, output in outputs]
    stages.append(Stage("image", np.asarray(image[0])))
    return Trace(tuple(stages), facts.name, seed, what)


def _trace_sequence(generator: Any, name: str, total: int | None, length: int, seed: int) -> Trace:
    import jax
    import jax.numpy as jnp

    from handsum.models.inference import draw_keys
    from handsum.sums import check_total

    if total is None:
        raise UsageError(f"which total? {name} draws sequences that sum to one")
    if not 1 <= length <= generator.longest:
        raise UsageError(f"{name} was trained for lengths from 1 to {generator.longest}")
    check_total(total, length)
    zero = jnp.zeros(1, jnp.int32)
    noise = jax.vmap(generator.noise)(draw_keys(jnp.uint32(seed), zero, zero))
    with _recorded(generator) as outputs:
        images, digits = generator(noise, zero + total, zero + length)
    stages = [Stage("condition", np.array([total, length], float))]
    stages += [Stage(f"latents: {part}", np.asarray(rows[0])) for part, rows in noise.items()]
    # What is of single digits is of the first; what is called at every position is of all.
    calls: dict[str, list[np.ndarray]] = {}
    for path, output in outputs:
        calls.setdefault(path, []).append(np.asarray(output)[0])
    layers = [
        Stage(path, called[0] if len(called) == 1 else np.stack(called[:length]))
        for path, called in calls.items()
    ]
    chosen = np.asarray(digits[0, :length])
    # The digits are chosen where the planning ends and the drawing begins.
    planning = sum(stage.name.startswith("planner/") for stage in layers)
    layers.insert(planning, Stage("chosen digits", np.eye(10)[chosen]))
    stages += layers
    strip = np.concatenate(list(np.asarray(images[0, :length])), axis=1)
    stages.append(Stage("image", strip))
    return Trace(tuple(stages), name, seed, f"{'+'.join(map(str, chosen))} for {total}")


@contextmanager
def _recorded(network: Any) -> Iterator[list[tuple[str, Any]]]:
    """The outputs of a network's layers while it is called, by their paths, in order."""
    from flax import nnx

    from handsum.layers import ConditionalNorm, TransposedConvolution
    from handsum.layers.batch_norm import BatchNorm
    from handsum.layers.planning import Positions

    kinds: tuple[type, ...] = (
        nnx.Linear, nnx.Conv, nnx.Embed, BatchNorm, ConditionalNorm, TransposedConvolution,
        Positions,
    )  # fmt: skip
    paths = {
        id(module): "/".join(map(str, path))
        for path, module in nnx.iter_modules(network)
        if isinstance(module, kinds)
    }
    outputs: list[tuple[str, Any]] = []
    inside = 0

    def wrap(original: Any) -> Any:
        def call(self: Any, *arguments: Any, **options: Any) -> Any:
            nonlocal inside
            inside += 1
            try:
                output = original(self, *arguments, **options)
            finally:
                inside -= 1
            # A layer within a layer is no stage of its own.
            if not inside and id(self) in paths:
                outputs.append((paths[id(self)], output))
            return output

        return call

    # The layers' classes are changed for as long as the call takes, so that networks need no code
    # for being looked into; by one thread at a time.
    with _RECORDING:
        originals = {kind: kind.__call__ for kind in kinds}
        for kind, original in originals.items():
            kind.__call__ = wrap(original)  # type: ignore[method-assign]
        try:
            yield outputs
        finally:
            for kind, original in originals.items():
                kind.__call__ = original  # type: ignore[method-assign]


def strongest(maps: np.ndarray, channels: int) -> np.ndarray:
    """The `channels` feature maps of (H, W, C) that vary most, strongest first."""
    order = np.argsort(-maps.std((0, 1)), kind="stable")
    return maps[:, :, order[:channels]]


def montage(values: np.ndarray) -> np.ndarray:
    """Values (C,) or (L, C) as rows, feature maps (H, W, C) as a grid with gaps of NaN: (Y, X)."""
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


def save(traced: Trace, path: Path, channels: int | None = None) -> None:
    """Save the stages below one another as a PNG, or one after another as a GIF.

    `channels` limits each stage's feature maps to its strongest.

    Raises:
        UsageError: another ending, or channels of a generator that has no feature maps.
    """
    check_path(path)
    if channels is not None and all(stage.values.ndim < 3 for stage in traced.stages[:-1]):
        raise UsageError(f"{traced.model} has no feature maps to choose channels from")
    stages = [
        Stage(stage.name, strongest(stage.values, channels), stage.values.shape[2])
        if channels is not None and stage.values.ndim == 3
        else stage
        for stage in traced.stages
    ]
    heading = f"{traced.model}: {traced.what}  (seed {traced.seed})"
    if path.suffix.lower() == ".gif":
        _save_film(stages, heading, path)
        return
    figure = _figure(stages, heading)
    with atomic_write(path) as file:
        figure.savefig(file, format="png", dpi=110, metadata={"Software": "handsum"})


def check_path(path: Path) -> None:
    """Raise UsageError for a file that is neither a .png nor a .gif."""
    if path.suffix.lower() not in {".png", ".gif"}:
        raise UsageError(f"{path} is neither a .png (all stages) nor a .gif (through the stages)")


def _figure(stages: Sequence[Stage], heading: str, height: float | None = None) -> Figure:
    """A figure with the stages below one another, each as high as its montage asks for."""
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


def _save_film(stages: Sequence[Stage], heading: str, path: Path) -> None:
    frames = []
    for stage in stages:
        buffer = io.BytesIO()
        _figure([stage], heading, height=5.0).savefig(buffer, format="png", dpi=80)
        frames.append(Image.open(buffer).convert("RGB"))
    durations = [900] * (len(frames) - 1) + [3000]
    save_gif(path, frames, durations)
