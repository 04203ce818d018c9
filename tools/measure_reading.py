"""Measure `handsum predict` on pictures that people made, and on troubles of every day.

python tools/measure_reading.py [FOLDER...] [--reader NAME] [--peer PYTHON] [--errors N] [...]

A FOLDER has pictures and labels.csv with the columns file and label, and optionally kind or source
(a row of the table each) and person. An .npz has images (N, H, W), white on black, and labels.
Of a folder with persons a third of them is left out unless `--held-back` asks for these alone; of
other folders with `--held-back` the last third is read, without it the rest, if the name has
"more_". `--kinds N` reads N pictures of each kind of `reading_kinds.py`, `--crops N` MNIST digits
cropped to their ink, `--test N` MNIST's test digits, `--written N` our own numbers. `--peer` is the
Python of an environment with rapidocr, which then reads the same pictures (see `peer_reading.py`).
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image
from reading_kinds import KINDS, NOTHING, make

from handsum.data import mnist
from handsum.errors import HandsumError
from handsum.images import load_picture
from handsum.reading.predict import predict

Pictures = list[tuple[np.ndarray, str]]


def load(path: Path) -> np.ndarray:
    """A picture as grey values, upright, uint8 (H, W)."""
    return np.rint(255 * load_picture(path)).astype(np.uint8)


def folder_sets(folder: Path, held_back: bool) -> Iterator[tuple[str, Pictures]]:
    """The pictures of a folder, by kind."""
    with (folder / "labels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    if "person" in rows[0]:
        people = sorted({row["person"] for row in rows})
        rows = [row for row in rows if (row["person"] in people[::3]) == held_back]
    elif folder.name.startswith("more_"):
        rows = [row for index, row in enumerate(rows) if (index % 3 == 2) == held_back]
    column = "kind" if "kind" in rows[0] and folder.name != "digits" else "source"
    for kind in sorted({row.get(column, "") for row in rows}):
        own = [row for row in rows if row.get(column, "") == kind]
        yield f"{folder.name}, {kind}", [(load(folder / row["file"]), row["label"]) for row in own]


def archive_set(path: Path) -> tuple[str, Pictures]:
    """The digits of an .npz, dark on light."""
    with np.load(path) as stored:
        images, labels = (stored[name] for name in ("images", "labels"))
    pixels = 255 - np.rint(255 * (images / images.max())).astype(np.uint8)
    return path.stem, [(one, str(label)) for one, label in zip(pixels, labels, strict=True)]


def crop_sets(count: int) -> Iterator[tuple[str, Pictures]]:
    """MNIST validation digits cropped to their ink, 12 to 200 pixels high."""
    data = mnist.load("validation")
    for margin in (0, 1, 2, 4):
        random = np.random.default_rng(margin)
        pictures = []
        for row in random.choice(len(data), count, replace=False):
            image = data.images[row]
            rows, columns = np.nonzero(image > 60)
            ink = 255 - image[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
            scale = np.exp(random.uniform(np.log(12), np.log(200))) / ink.shape[0]
            size = (max(2, round(ink.shape[1] * scale)), max(2, round(ink.shape[0] * scale)))
            large = np.asarray(Image.fromarray(ink).resize(size, Image.Resampling.BICUBIC))
            pictures.append((np.pad(large, margin, constant_values=255), str(data.labels[row])))
        yield f"cropped, margin {margin}", pictures


def test_set(count: int) -> tuple[str, Pictures]:
    """MNIST's test digits."""
    data = mnist.load("test")
    images = 255 - data.images[:count]
    return "MNIST test", [
        (one, str(label)) for one, label in zip(images, data.labels, strict=False)
    ]


def written_sets(count: int) -> Iterator[tuple[str, Pictures]]:
    """Our own numbers, sums, amounts and dates."""
    from handsum.writing import write

    random = np.random.default_rng(0)

    def text(form: str) -> str:
        digits = "".join(map(str, random.integers(0, 10, int(random.integers(2, 9)))))
        if form == "amount":
            return f"${digits[:4]}.{digits[-2:]}"
        if form == "date":
            return (
                f"{random.integers(1, 32)}/{random.integers(1, 13)}/{random.integers(1900, 2100)}"
            )
        return digits

    for form in ("number", "amount", "date"):
        pictures = []
        for index in range(count):
            asked = text(form)
            written = write.number(asked, seed=index)
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder, "n.png")
                written.save(path)
                pictures.append((load(path), "".join(filter(str.isdecimal, asked))))
        yield f"our {form}s", pictures


def read(pictures: Pictures, reader: str | None) -> list[str]:
    """What handsum reads: the rows of each picture, with slashes between them."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, f"{index:05d}.png") for index in range(len(pictures))]
        for path, (pixels, _) in zip(paths, pictures, strict=True):
            Image.fromarray(pixels).save(path)
        return ["/".join(file.rows) for file in predict(paths, reader=reader, images=False).files]


def read_with_peer(pictures: Pictures, python: Path) -> list[str]:
    """What the peer reads."""
    with tempfile.TemporaryDirectory() as folder:
        stored, answers = Path(folder, "pictures.npz"), Path(folder, "readings.json")
        np.savez(stored, **{f"{i:05d}": pixels for i, (pixels, _) in enumerate(pictures)})
        script = Path(__file__).with_name("peer_reading.py")
        subprocess.run([python, script, stored, answers], check=True)
        return json.loads(answers.read_text())


def show(name: str, pictures: Pictures, options: argparse.Namespace) -> None:
    """Print a row of a Markdown table: the share of pictures that are read exactly."""
    cells = []
    labels = [label for _, label in pictures]
    for peer in (False, True) if options.peer else (False,):
        began = time.perf_counter()
        if peer:
            readings = read_with_peer(pictures, options.peer)
            labels = [label.replace("/", "") for label in labels]
        else:
            readings = read(pictures, options.reader)
        seconds = time.perf_counter() - began
        wrong = [pair for pair in zip(labels, readings, strict=True) if pair[0] != pair[1]]
        share = 100 * (1 - len(wrong) / len(pictures))
        cells.append(f"{share:.1f}% ({len(pictures) - len(wrong)})")
        cells += [] if peer else [f"{len(pictures) / seconds:.0f}/s"]
        if not peer:
            listed = [f"{label or 'nothing'} as {reading or 'nothing'}" for label, reading in wrong]
    print(f"| {name} ({len(pictures)}) | " + " | ".join(cells) + " |", flush=True)
    for line in listed[: options.errors]:
        print(f"    {line}", flush=True)


def sets(options: argparse.Namespace) -> Iterator[tuple[str, Pictures]]:
    """All picture sets that were asked for."""
    for folder in options.folders:
        if folder.suffix == ".npz":
            yield archive_set(folder)
        else:
            yield from folder_sets(folder, options.held_back)
    if options.crops:
        yield from crop_sets(options.crops)
    if options.test:
        yield test_set(options.test)
    if options.kinds:
        for kind in (*KINDS, *NOTHING):
            yield kind, make(kind, options.kinds)
    if options.written:
        yield from written_sets(options.written)


def main() -> None:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--reader", help="a reader by name, or a snapshot's folder")
    parser.add_argument("--peer", type=Path, help="the Python of an environment with rapidocr")
    parser.add_argument("--held-back", action="store_true")
    parser.add_argument("--errors", type=int, default=0)
    for name in ("--kinds", "--crops", "--test", "--written"):
        parser.add_argument(name, type=int, default=0)
    options = parser.parse_args()
    print("| pictures read exactly | handsum | speed |" + (" peer |" if options.peer else ""))
    print("|---|---|---|" + ("---|" if options.peer else ""))
    try:
        for name, pictures in sets(options):
            show(name, pictures, options)
    except HandsumError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
