"""Pictures of one person's hand, to measure what training on 40 of them gains.

Usage: python tools/one_hand.py FOLDER [--reader NAME]

Of the writers of MNIST's test digits with 100 digits or more, the one is taken whose rows the
reader reads worst. FOLDER/pages gets 40 pictures of two rows with half of this writer's digits,
FOLDER/test 100 rows with the other half, each with the texts in labels.csv.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np
from measure_reading import read
from PIL import Image

from handsum.data import mnist

_HEIGHT, _LENGTH, _MARGIN, _PITCH = 56, 5, 40, 110
_TRIED = 8


def draw_page(
    images: np.ndarray, labels: np.ndarray, rows: int, random: np.random.Generator
) -> tuple[np.ndarray, list[str]]:
    """A sheet with rows of five digits, uint8 (H, W), and their texts."""
    sheet = random.normal(232, 4, (2 * _MARGIN + rows * _PITCH, 520))
    texts = []
    for row in range(rows):
        chosen = random.integers(len(images), size=_LENGTH)
        left = _MARGIN + int(random.integers(0, 60))
        for digit in images[chosen]:
            ink = digit[np.ix_(digit.max(1) > 60, digit.max(0) > 60)]
            scale = _HEIGHT / 20
            size = (max(1, round(ink.shape[1] * scale)), max(1, round(ink.shape[0] * scale)))
            large = np.asarray(Image.fromarray(ink).resize(size, Image.Resampling.BICUBIC))
            top = _MARGIN + row * _PITCH + _HEIGHT - large.shape[0] + int(random.integers(-3, 4))
            part = sheet[top : top + large.shape[0], left : left + large.shape[1]]
            part *= 1 - 0.85 * large[:, : part.shape[1]] / 255
            left += large.shape[1] + int(random.integers(8, 24))
        texts.append("".join(map(str, labels[chosen])))
    return np.rint(sheet.clip(0, 255)).astype(np.uint8), texts


def write(
    folder: Path, images: np.ndarray, labels: np.ndarray, count: int, rows: int, seed: int
) -> None:
    """Write pictures and labels.csv into a folder."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(seed)
    with (folder / "labels.csv").open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["file", "label"])
        for index in range(count):
            picture, texts = draw_page(images, labels, rows, random)
            name = f"{index:03d}.png"
            Image.fromarray(picture).save(folder / name)
            lines.writerows((name, text) for text in texts)


def worst_writer(data: mnist.Dataset, reader: str | None) -> int:
    """The writer with 100 digits or more whose rows are read worst."""
    writers, counts = np.unique(data.writers, return_counts=True)
    shares = {}
    for writer in writers[counts >= 100].tolist():
        own = data.writers == writer
        random = np.random.default_rng(writer)
        pages = [draw_page(data.images[own], data.labels[own], 1, random) for _ in range(_TRIED)]
        texts = [text for _, (text,) in pages]
        found = read([(picture, text) for picture, (text,) in pages], reader)
        shares[writer] = sum(map(str.__eq__, found, texts))
    print(f"{len(shares)} writers; of {_TRIED} rows each, right: {sorted(shares.values())}")
    return min(shares, key=lambda one: shares[one])


def main() -> None:
    """Write the two folders."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--reader")
    options = parser.parse_args()
    data = mnist.load("test")
    own = np.flatnonzero(data.writers == worst_writer(data, options.reader))
    order = np.random.default_rng(0).permutation(own)
    half = len(order) // 2
    for name, rows, count, lines in (
        ("pages", order[:half], 40, 2),
        ("test", order[half:], 100, 1),
    ):
        write(options.folder / name, data.images[rows], data.labels[rows], count, lines, len(name))


if __name__ == "__main__":
    main()
