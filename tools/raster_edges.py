"""Find how soft the edges of strokes must be, so that their images are like MNIST's digits.

python tools/raster_edges.py

Paths with widths are fitted to validation digits that `pen` writes in one stroke, then drawn with
edges of other softness. A line for each: the mean squared difference of pixels, and the Fréchet
distance to the same digits in the judge's features, over that of 10,000 real digits to 20,000
others. It takes about five minutes.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax

from handsum.data import mnist
from handsum.layers.raster import UNIT, outline_distance, sample
from handsum.metrics.frechet import feature_statistics, frechet_distance
from handsum.pretrained.load import load_pen, load_reader
from handsum.strokes.raster import SOFTNESS

_COUNT, _STEPS, _RATE, _BEND = 512, 100, 0.02, 0.01
_EDGES = (0.08, 0.12, 0.14, 0.16, 0.18, 0.22, 0.28, 0.35)

Path = tuple[jax.Array, jax.Array]


def _distances(path: Path) -> jax.Array:
    """Signed distances (N, 784) of pixels to strokes: points (N, P, 2), log half widths (N, P)."""
    points, widths = path
    controls = jnp.concatenate([points, jnp.exp(widths)[..., None]], axis=-1)
    return outline_distance(sample(UNIT * controls))


def _ink(distances: jax.Array, softness: float) -> jax.Array:
    return jax.nn.sigmoid(-distances / softness)


def _fit(path: Path, ink: jax.Array) -> Path:
    """Paths that give the ink (N, 784) back, with a small price on bends."""
    optimizer = optax.adam(optax.cosine_decay_schedule(_RATE, _STEPS))

    def loss(path: Path) -> jax.Array:
        bends = jnp.square(jnp.diff(path[0], n=2, axis=1)).sum()
        return jnp.square(_ink(_distances(path), SOFTNESS) - ink).sum() / 16 + _BEND * bends

    @jax.jit
    def step(path: Path, state: optax.OptState) -> tuple[Path, optax.OptState]:
        updates, state = optimizer.update(jax.grad(loss)(path), state)
        return optax.apply_updates(path, updates), state

    state = optimizer.init(path)
    for _ in range(_STEPS):
        path, state = step(path, state)
    return path


def main() -> None:
    """Fit paths, draw them with several edges, and print how near they come."""
    judge, digits, training = load_reader("judge"), mnist.load("validation"), mnist.load("train")
    traced = load_pen().trace(digits.images[: 6 * _COUNT])
    rows = [row for row, strokes in enumerate(traced) if len(strokes.controls) == 1][:_COUNT]
    controls = jnp.asarray(np.stack([traced[row].controls[0] for row in rows]), jnp.float32)
    images = digits.images[rows]
    ink = jnp.asarray(images.reshape(len(rows), -1), jnp.float32) / 255
    distances = _distances(_fit((controls[..., :2], jnp.log(controls[..., 2])), ink))
    features = judge.features(training.images[:30_000])
    floor = frechet_distance(
        feature_statistics(features[:20_000]), feature_statistics(features[20_000:])
    )
    real = feature_statistics(judge.features(images))
    for softness in _EDGES:
        drawn = np.asarray(_ink(distances, softness))
        difference = float(np.square(drawn - np.asarray(ink)).mean())
        pixels = np.rint(255 * drawn).astype(np.uint8).reshape(images.shape)
        distance = frechet_distance(real, feature_statistics(judge.features(pixels))) / floor
        print(f"softness {softness:.2f}: difference {difference:.4f}, distance {distance:.2f}")


if __name__ == "__main__":
    main()
