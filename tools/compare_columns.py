"""Train a reader that labels the columns of a row, to compare it with `detector`.

python tools/compare_columns.py --minutes N --steps N [--preset small] -o columns.npz
python tools/compare_columns.py --read FOLDER... --columns columns.npz --detector SNAPSHOT

The other architecture for rows: the detector's network, whose features become those of columns,
and a temporal classification loss (Graves et al., 2006). It learns from the rows of the pages that
the detector is trained on, cut out 48 pixels high, with the same optimizer and for as long. It
needs rows that somebody else has found, so both read pictures of one row (see
`measure_reading.py`).
"""

from __future__ import annotations

import argparse
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from measure_reading import archive_set, crop_sets, folder_sets
from measure_reading import read as read_with_detector
from PIL import Image

from handsum.data import mnist
from handsum.data.pages.compose import draw_picture
from handsum.data.pages.writing import Sources
from handsum.data.signs.alphabet import CLASSES, DIGITS
from handsum.data.signs.rows import sort_rows
from handsum.data.signs.views import pad_with_border
from handsum.layers import space_to_depth
from handsum.models.detector import PRESETS, Config, Detector, _contrast, _spread

HEIGHT, WIDTH, LONGEST = 48, 256, 24
SIDE, BATCH = 128, 16


class Columns(Detector):
    """Rows (N, 48, W, 1) in [-1, 1] to logits of the classes and of nothing, (N, W/4, 23)."""

    def __init__(self, config: Config, *, rngs: nnx.Rngs) -> None:
        super().__init__(config, rngs=rngs)
        width = config.widths[1]
        self.fold = nnx.Linear(width * HEIGHT // 4, 2 * width, rngs=rngs)
        self.mix = nnx.Conv(2 * width, 2 * width, (5,), rngs=rngs)
        self.name = nnx.Linear(2 * width, CLASSES + 1, rngs=rngs)

    def __call__(self, images: jax.Array, *, training: bool = False) -> jax.Array:
        features = self.stem(space_to_depth(_contrast(images)), training=training)
        levels = []
        for down, blocks in zip(self.downs, self.blocks, strict=True):
            features = down(space_to_depth(features), training=training)
            for block in blocks:
                features = block(features, training=training)
            levels.append(features)
        for index in range(len(levels) - 2, -1, -1):
            features = _spread(self.ups[index](features, training=training), 2)
            features = self.joins[index](levels[index] + features, training=training)
        features = self.top(features, training=training)
        columns = features.transpose(0, 2, 1, 3).reshape(*features.shape[:3:2], -1)
        hidden = nnx.relu(self.fold(columns))
        return self.name(nnx.relu(hidden + self.mix(hidden)))


def fit(picture: np.ndarray) -> np.ndarray:
    """A row 48 pixels high and 256 wide, narrower if it does not fit."""
    width = min(WIDTH, max(8, round(picture.shape[1] * HEIGHT / picture.shape[0])))
    image = Image.fromarray(picture).resize((width, HEIGHT), Image.Resampling.BICUBIC)
    return pad_with_border(np.asarray(image), (HEIGHT, WIDTH), (0, 0))


def rows_of(sources: Sources, seed: int, number: int) -> list[tuple[np.ndarray, list[int]]]:
    """The rows of a page: pictures uint8 (48, 256), and their signs."""
    picture = draw_picture(sources, SIDE, seed, number)
    random = np.random.default_rng((seed, number, 1))
    boxes = picture.boxes
    sides = np.ceil(np.column_stack([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]])).astype(int)
    found = []
    for row in sort_rows(sides) if len(sides) else []:
        own = boxes[row]
        if not picture.shown[row].all() or len(row) > LONGEST:
            continue
        margin = random.uniform(0, 0.4, 4) * (own[:, 3].max() - own[:, 1].min())
        left, top = np.floor(own[:, :2].min(0) - margin[:2]).astype(int).clip(0)
        right, bottom = np.ceil(own[:, 2:].max(0) + margin[2:]).astype(int)
        cut = picture.pixels[top : max(bottom, top + 2), left : max(right, left + 2)]
        if cut.size:
            found.append((fit(cut), picture.labels[row].astype(int).tolist()))
    return found


def batches(sources: Sources, seed: int) -> Any:
    """Batches of rows: images (B, 48, 256, 1), labels (B, 24) and their padding."""
    waiting: list[tuple[np.ndarray, list[int]]] = []
    number = 0
    with ThreadPoolExecutor(1) as pool:
        later = pool.submit(rows_of, sources, seed, number)
        while True:
            waiting += later.result()
            number += 1
            later = pool.submit(rows_of, sources, seed, number)
            if len(waiting) < BATCH:
                continue
            batch, waiting = waiting[:BATCH], waiting[BATCH:]
            labels = np.zeros((BATCH, LONGEST), np.int32)
            padding = np.ones((BATCH, LONGEST), np.float32)
            for place, (_, signs) in enumerate(batch):
                labels[place, : len(signs)] = signs
                padding[place, : len(signs)] = 0
            yield np.stack([row for row, _ in batch])[..., None], labels, padding


def train(options: argparse.Namespace) -> None:
    """Train for some minutes, and store the mean of the weights."""
    config = PRESETS[options.preset]
    model = Columns(config, rngs=nnx.Rngs(options.seed))
    graph, weights, rest = nnx.split(model, nnx.Param, ...)
    rate = optax.cosine_decay_schedule(config.learning_rate, options.steps, 0.005)
    rule = optax.adamw(rate, weight_decay=config.weight_decay)
    state, mean = rule.init(weights), weights

    @jax.jit
    def step(weights, rest, state, mean, images, labels, padding):  # type: ignore[no-untyped-def]
        def loss(weights):  # type: ignore[no-untyped-def]
            own = nnx.merge(graph, weights, rest, copy=True)
            logits = own(images.astype(jnp.float32) / 127.5 - 1, training=True)
            none = jnp.zeros(logits.shape[:2])
            each = optax.ctc_loss(logits, none, labels, padding, blank_id=CLASSES)
            # A row of no width for its signs has no path, and a loss of 100,000.
            possible = each < 1000
            value = jnp.where(possible, each, 0).sum() / jnp.maximum(possible.sum(), 1)
            return value, nnx.split(own, nnx.Param, ...)[2]

        (value, rest), slopes = jax.value_and_grad(loss, has_aux=True)(weights)
        changes, state = rule.update(slopes, state, weights)
        weights = optax.apply_updates(weights, changes)
        keep = config.ema_decay
        mean = jax.tree.map(lambda old, new: keep * old + (1 - keep) * new, mean, weights)
        return weights, rest, state, mean, value

    data = mnist.load("train")
    start, done = time.monotonic(), 0
    for images, labels, padding in batches(Sources.of(data.images, data.labels), options.seed):
        weights, rest, state, mean, value = step(
            weights, rest, state, mean, images, labels, padding
        )
        done += 1
        if done % 100 == 0:
            print(done, round(time.monotonic() - start), round(float(value), 3), flush=True)
        if done >= options.steps or time.monotonic() - start > 60 * options.minutes:
            break
    leaves = [np.asarray(leaf) for leaf in jax.tree.leaves((mean, rest))]
    np.savez(options.output, **{str(i): leaf for i, leaf in enumerate(leaves)})
    print(f"{done} steps in {time.monotonic() - start:.0f} s")


def read(options: argparse.Namespace) -> None:
    """Print the share of pictures of one row that both read exactly."""
    config = PRESETS[options.preset]
    graph, *parts = nnx.split(Columns(config, rngs=nnx.Rngs(0)), nnx.Param, ...)
    stored = np.load(options.columns)
    leaves = [stored[str(i)] for i in range(len(stored.files))]
    own = nnx.merge(graph, *jax.tree.unflatten(jax.tree.structure(tuple(parts)), leaves))
    forward = nnx.jit(own.__class__.__call__)
    sets: list[Any] = []
    for place in map(Path, options.read):
        sets += [archive_set(place)] if place.suffix == ".npz" else folder_sets(place, False)
    for name, pictures in [*sets, *crop_sets(100)]:
        pictures = pictures[:: max(1, len(pictures) // 300)]
        rows = []
        for picture, _ in pictures:
            margin = max(1, picture.shape[0] // 4)
            high, wide = (side + 2 * margin for side in picture.shape)
            row = fit(pad_with_border(picture, (high, wide), (margin, margin)))
            best = np.asarray(forward(own, row[None, ..., None] / 127.5 - 1))[0].argmax(-1)
            kept = [int(new) for old, new in pairwise([CLASSES, *best]) if new != old]
            rows.append("".join(str(sign) for sign in kept if sign < DIGITS))
        labels = [label for _, label in pictures]
        found = read_with_detector(pictures, options.detector)
        right = [sum(map(str.__eq__, answers, labels)) for answers in (rows, found)]
        shares = [f"{100 * count / len(pictures):.1f}" for count in right]
        print(f"| {name} ({len(pictures)}) | {' | '.join(shares)} |", flush=True)


def main() -> None:
    """Train or read."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--preset", choices=list(PRESETS), default="small")
    parser.add_argument("--output", "-o", type=Path, default=Path("columns.npz"))
    parser.add_argument("--read", nargs="*")
    parser.add_argument("--columns", type=Path)
    parser.add_argument("--detector")
    options = parser.parse_args()
    if options.read is None:
        train(options)
    else:
        read(options)


if __name__ == "__main__":
    main()
