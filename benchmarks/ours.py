"""handsum's side of the benchmarks: a training step, digits in bulk, a data set of numbers.

python benchmarks/ours.py step dcgan classic 16        (a worker: see serving.py)
python benchmarks/ours.py draw 2048
python benchmarks/ours.py numbers 64
"""

from __future__ import annotations

import io
import sys
import tempfile
import zipfile
from collections.abc import Callable

import numpy as np
from serving import serve

# What is measured is the network: neither side augments, or makes pictures that are no digits.
PLAIN = {"cnn": {"augmentation": False, "non_digits": 0}}


def step(model: str, preset: str, batch_size: str, steps: str = "3") -> Callable[[], float]:
    """Train a model on MNIST's training digits, `steps` steps in a round."""
    import jax

    from handsum.data.mnist import load
    from handsum.models import registry
    from handsum.training.runs import configure
    from handsum.training.sharding import make_mesh, replicate
    from handsum.training.state import begin_state, compile_step, make_step

    settings = {"batch_size": int(batch_size)} | PLAIN.get(model, {})
    module, count = registry.module(model), int(steps)
    training_set = module.prepare(configure(model, preset, settings), load("train"))
    config, batches = training_set.config, training_set.batches
    definitions, state = begin_state(model, config)
    mesh = make_mesh(1, config.batch_size)
    function = make_step(definitions, module.losses(config), config, module.SNAPSHOT_PART)
    advance = compile_step(function, jax.default_backend(), mesh)
    data = replicate(training_set.arrays, mesh)
    current = {"state": replicate(state, mesh), "step": 0}

    def work() -> float:
        start = current["step"]
        rows = batches.rows(start, start + count)
        current["state"], metrics = advance(current["state"], data, rows)
        jax.block_until_ready((current["state"], metrics))
        current["step"] = start + count
        return count

    return work


def draw(count: str) -> Callable[[], float]:
    """Draw digits by class into an NPZ archive, as `handsum generate --count` does."""
    from handsum.pretrained.load import load_generator

    generator, number = load_generator(), int(count)
    labels = np.arange(number) % 10

    def work() -> float:
        writers = labels % generator.writers
        images = generator.draw(labels, writers, seed=1, indices=np.arange(number))
        with tempfile.TemporaryFile() as file:
            np.savez_compressed(file, images=images, labels=labels)
        return number

    return work


def numbers(count: str) -> Callable[[], float]:
    """Write numbers of seven digits as PNG pictures with labels, as `handsum dataset` does."""
    from PIL import Image

    from handsum.datasets.recipe import Recipe
    from handsum.datasets.samples import draw_samples

    recipe = Recipe(kind="numbers", count=10**6, seed=1, lengths=(7, 7), verify=False)
    current = {"start": 0}

    def work() -> float:
        start, stop = current["start"], current["start"] + int(count)
        with tempfile.TemporaryFile() as file, zipfile.ZipFile(file, "w") as archive:
            for sample in draw_samples(recipe, start, stop):
                buffer = io.BytesIO()
                Image.fromarray(sample.image).save(buffer, "png")
                archive.writestr(f"{sample.text}-{sample.index}.png", buffer.getvalue())
        current["start"] = stop
        return int(count)

    return work


if __name__ == "__main__":
    task, *arguments = sys.argv[1:]
    serve(lambda: {"step": step, "draw": draw, "numbers": numbers}[task](*arguments))
