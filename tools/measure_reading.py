"""Measure `handsum predict` on labelled pictures, and the value of each of its steps.

python tools/measure_reading.py FOLDER... [--ablation] [--errors] [--written N] [--others N]

A FOLDER has pictures and labels.csv with the columns file and label, and optionally source. Prints
the number of pictures read exactly, for each source; with --ablation also without each step; with
--errors every misread picture. --written N writes N sums and numbers of 2 to 10 digits in each of
several styles, and reads them back. --others N puts N non-digits of each kind on a page each, and
counts the pages without a digit read.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from handsum.data import mnist
from handsum.data.non_digits import HELD_OUT_FONTS, KINDS, non_digits
from handsum.data.pictures import ink
from handsum.images import save_png
from handsum.layout.painting import enlarge
from handsum.layout.style import Style
from handsum.pretrained.load import DigitReader, load_reader
from handsum.reading import page as segmentation
from handsum.reading import recognition
from handsum.reading.predict import predict
from handsum.writing import write as writing
from handsum.writing.sequences import save_sequences

STYLES = {
    "plain": (Style(), False),
    "captioned, scale 2": (Style(scale=2), True),
    "cells": (Style(cells=True), False),
    "black paper, spaced": (Style(paper="black", spacing="wide"), False),
}


class Credulous:
    """A reader that takes everything for a digit."""

    def __init__(self, reader: DigitReader) -> None:
        self._reader = reader

    def read(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Probabilities (N, 10) and infinite odds (N,)."""
        probabilities, odds = self._reader.read(images)
        return probabilities, np.full_like(odds, np.inf)


def centred_by_box(pixels: np.ndarray) -> np.ndarray:
    """Centre the box of the ink in 28x28, not its mass."""
    digit = np.zeros((28, 28), np.uint8)
    top, left = (28 - pixels.shape[0]) // 2, (28 - pixels.shape[1]) // 2
    digit[top : top + pixels.shape[0], left : left + pixels.shape[1]] = pixels
    return digit


def unshaped(pixels: np.ndarray) -> np.ndarray:
    """Stretch ink to 20x20 without keeping its shape."""
    from PIL import Image

    rows, columns = np.nonzero(pixels >= int(pixels.max()) * 0.2)
    box = pixels[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    stretched = Image.fromarray(box).resize((20, 20), Image.Resampling.BICUBIC)
    return ink.centre_by_mass(np.asarray(stretched))


# Each step: the module that uses it, its name there, and its replacement.
STEPS: dict[str, tuple[Any, str, Any]] = {
    "shape kept": (ink, "mnist_digit", unshaped),
    "stroke width": (ink, "_restroke", lambda ink: (ink, False)),
    "pale strokes strengthened": (ink, "_even", lambda ink: ink),
    "ruled lines taken out": (segmentation, "without_ruling", lambda ink: ink),
    "pieces joined": (segmentation, "join_pieces", lambda parts: parts),
    "cuts": (segmentation, "cut", lambda part, ink, labels, height: ([part], [])),
    "best path": (recognition, "_firm", lambda writings, *read: [True] * len(writings)),
}


@contextmanager
def without(step: str) -> Iterator[None]:
    """Leave a step out."""
    if step == "centred by mass":
        with (
            mock.patch("handsum.images.centre_by_mass", centred_by_box),
            mock.patch("handsum.data.pictures.ink.centre_by_mass", centred_by_box),
        ):
            yield
        return
    home, name, replacement = STEPS[step]
    with mock.patch.object(home, name, replacement):
        yield


def read_labels(folder: Path) -> list[tuple[Path, str, str]]:
    """Return the files of a folder, their labels and their sources."""
    with (folder / "labels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [(folder / row["file"], row["label"], row.get("source", folder.name)) for row in rows]


def measure(rows: list[tuple[Path, str, str]], reader: Any, errors: bool = False) -> Counter[str]:
    """Count the pictures of each source that are read exactly."""
    right: Counter[str] = Counter()
    prediction = predict([path for path, _, _ in rows], reader=reader)
    for (path, label, source), reading in zip(rows, prediction.files, strict=True):
        right[source] += reading.digits == label
        if errors and reading.digits != label:
            sure = " ".join(f"{value:.2f}" for value in reading.confidence)
            print(f"{path.name}: {label} read as {reading.digits or reading.error} ({sure})")
    return right


def show(name: str, right: Counter[str], count: Counter[str]) -> None:
    """Print a row of a Markdown table."""
    cells = (f"{right[source]} of {count[source]}" for source in count)
    print("| " + " | ".join([name, *cells]) + " |", flush=True)


def measure_folders(folders: list[Path], name: str | None, ablation: bool, errors: bool) -> None:
    """Print the table of all folders' sources."""
    rows = [row for folder in folders for row in read_labels(folder)]
    count = Counter(source for _, _, source in rows)
    reader = load_reader(name)
    print("| " + " | ".join(["pictures read exactly", *count]) + " |")
    print("|---" * (len(count) + 1) + "|")
    show("all steps", measure(rows, reader, errors), count)
    if not ablation:
        return
    for step in ("centred by mass", *STEPS):
        with without(step):
            show(f"without: {step}", measure(rows, reader), count)
    show("without: not a digit", measure(rows, Credulous(reader)), count)


def measure_written(count: int) -> None:
    """Write sums and numbers in several styles, as the commands do, and read them back."""
    random = np.random.default_rng(0)
    for name, (style, captioned) in STYLES.items():
        right = 0
        with tempfile.TemporaryDirectory() as folder:
            for index in range(count):
                length = int(random.integers(2, 11))
                if index % 2:
                    text = "".join(map(str, random.integers(0, 10, length)))
                    written = writing.number(text, seed=index, style=style)
                else:
                    total = int(random.integers(0, 9 * length + 1))
                    written = writing.sum_sequence(total, length, seed=index, style=style)
                digits = written.digits[0]
                caption = f"{'+'.join(digits)} = {written.totals[0]}"
                path = Path(folder, f"{index}.png")
                save_sequences(path, written, style, caption=[caption] if captioned else False)
                reading = predict(path).files[0].digits
                right += reading == digits
                if reading != digits:
                    print(f"{name}, seed {index}: {digits} read as {reading}")
        print(f"written, {name}: {right} of {count} read exactly", flush=True)


def measure_others(count: int, reader: Any) -> None:
    """Put non-digits on paper, 84 pixels high, and count the pages without a digit read."""
    digits = mnist.load("validation").images
    random = np.random.default_rng(1)
    for kind in KINDS:
        images = non_digits(digits, count, random, kinds=(kind,), fonts=HELD_OUT_FONTS)
        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder, f"{index}.png") for index in range(count)]
            for path, image in zip(paths, images, strict=True):
                page = np.full((140, 220), 255, np.uint8)
                page[28:112, 68:152] -= enlarge(image, 3)
                save_png(path, page)
            refused = sum(not file.digits for file in predict(paths, reader=reader).files)
        print(f"{kind}: {refused} of {count} refused", flush=True)


def main() -> None:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--reader", help="a reader by name, or a snapshot's folder")
    parser.add_argument("--ablation", action="store_true")
    parser.add_argument("--errors", action="store_true")
    parser.add_argument("--written", type=int, default=0)
    parser.add_argument("--others", type=int, default=0)
    options = parser.parse_args()
    if options.folders:
        measure_folders(options.folders, options.reader, options.ablation, options.errors)
    if options.written:
        measure_written(options.written)
    if options.others:
        measure_others(options.others, load_reader(options.reader))


if __name__ == "__main__":
    main()
