"""Train a reader on your own digits, in folders 0 to 9, and compare it with the one in handsum.

python examples/train_on_own_digits.py my-digits/ --minutes 5

If the folder does not exist, the script fills it with digits in one invented hand, to try this out.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

import handsum
from handsum import train
from handsum.data.sources import load_dataset


def make_digits(folder: Path, count: int) -> None:
    """Write `count` digits in one invented hand into class folders."""
    drawn = handsum.generate(count=count, writer="12:2+40:1", seed=1)
    for index, (image, label) in enumerate(zip(drawn.images, drawn.labels, strict=True)):
        own = folder / str(label)
        own.mkdir(parents=True, exist_ok=True)
        # As a scanner sees it: dark ink on white paper.
        Image.fromarray(255 - image).save(own / f"{index:05d}.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("-o", "--output", type=Path, default=Path("runs/own-digits"))
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--make", type=int, default=600, help="number of digits to make")
    options = parser.parse_args()
    if not options.folder.exists():
        make_digits(options.folder, options.make)
        print(f"made {options.make} digits in {options.folder}")

    source = f"folder:{options.folder}"
    outcome = train(
        "cnn",
        options.output,
        preset="small",
        steps=options.steps,
        dataset=source,
        max_minutes=options.minutes,
    )
    print(f"trained for {outcome.step} steps: {outcome.snapshot}")

    test = load_dataset(source, "test")
    for name in ("cnn", outcome.snapshot):
        read = handsum.load_model(name).probabilities(test.images).argmax(1)
        right = np.mean(read == test.labels)
        print(f"{name}: {right:.1%} of {len(test)} digits that neither was trained on")


if __name__ == "__main__":
    main()
