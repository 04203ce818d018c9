"""Write MNIST's training digits as a reader sees them after cutting plain rows.

python tools/plain_rows.py FOLDER [--count N] [--seed N]

Sets the digits side by side, white on black, in rows of 1 to 8, cuts them out as `handsum dataset
--format cuts` does, and writes them as MNIST's files for `handsum train cnn --dataset idx:FOLDER`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from handsum.data import mnist
from handsum.datasets.formats.arrays import idx_header
from handsum.datasets.formats.cuts import cut_sample
from handsum.datasets.samples import Sample
from handsum.images import DIGIT_SIZE
from handsum.layout.painting import ink_box


def set_row(images: np.ndarray, labels: np.ndarray, index: int, seed: int) -> Sample:
    """Set digits uint8 (L, 28, 28) side by side, unchanged."""
    boxes = [
        (place * DIGIT_SIZE + x, y, width, height)
        for place, (x, y, width, height) in enumerate(map(ink_box, images))
    ]
    digits = tuple(int(label) for label in labels)
    return Sample(
        index=index,
        image=np.hstack(list(images)),
        text="".join(map(str, digits)),
        digits=digits,
        boxes=np.array(boxes, np.int64),
        masks=(),
        strokes=(),
        forms=(),
        total=sum(digits),
        writer=0,
        seed=seed,
        effects={},
    )


def main() -> None:
    """Write the digits of all rows as MNIST's files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=27_000, help="digits")
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    data = mnist.load("train")
    order = rng.permutation(len(data))[: options.count]
    images, labels = [], []
    while len(order):
        row, order = np.split(order, [int(rng.integers(1, 9))])
        sample = set_row(data.images[row], data.labels[row], len(images), options.seed)
        for part, cut in zip((images, labels), cut_sample(sample), strict=True):
            part.append(cut)
    options.folder.mkdir(parents=True, exist_ok=True)
    for name, parts in (("images-idx3", images), ("labels-idx1", labels)):
        column = np.concatenate(parts).astype(np.uint8)
        header = idx_header("ubyte", column.shape)
        (options.folder / f"train-{name}-ubyte").write_bytes(header + column.tobytes())
    print(f"{options.folder}: {len(column)} digits of {len(labels)} rows")


if __name__ == "__main__":
    main()
