"""Pages to train on from people's own pictures, when only the text of each row is known.

A reader that knows something finds where each sign of a row stands: the most probable places for
the row's text. From these come the same answers as for composed pages.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from handsum.data.mnist import Dataset
from handsum.data.mnist import load as load_mnist
from handsum.data.pictures.ink import as_bytes, shrink
from handsum.data.signs.alphabet import DIGITS, SIGNS
from handsum.data.signs.answers import Signs
from handsum.data.signs.page import Page
from handsum.data.signs.pattern import Match, Pattern
from handsum.data.signs.rows import possible_rows
from handsum.data.signs.targets import LEAST, MOST, make_targets
from handsum.data.signs.views import pad_with_border
from handsum.errors import DatasetError, HandsumError, UsageError, name_some
from handsum.images import load_picture

Random = np.random.Generator
# Finds the signs of pictures uint8 (H, W) that have at least a probability.
Find = Callable[[Sequence[np.ndarray], float], list[Signs]]

LABELS = "labels.csv"
# Every sixth picture is for validation.
_STRIDE = 6
# The least probability of a sign that the text of a row may have, and of a digit that makes a row.
_LEAST_KNOWN, _LEAST_DIGIT = 0.03, 0.3
# Nobody says that what is found beside the text with this probability is no sign.
_UNSURE = 0.2
# The least share of a row's signs that are read as its text says.
_AGREEING = 0.5
# How much a page is reduced or enlarged.
_SCALES = (0.1, 2.0)


def open_pages(place: str, find: Find | None) -> dict[str, Callable[[], Dataset]]:
    """The splits of a folder of pictures with the texts of their rows in labels.csv.

    labels.csv has the columns `file` and `label`, and a line for each row, from the top: its digits
    and signs, maybe in quotation marks. Every sixth picture, by name, is for validation. The digits
    of the data set are MNIST's: pages are composed of them beside the pages of the folder.

    Raises:
        DatasetError: no such folder or file, a text that no row can have, or fewer than two pages.
        UsageError: nothing can find signs.
    """
    if find is None:
        raise UsageError("pages:DIR is to train the detector on: use another data set here")
    texts = read_texts(Path(os.path.expanduser(place)))
    files = sorted(texts)
    if len(files) < 2:
        raise DatasetError(f"{place} has {len(files)} page: use 2 or more, one is for validation")
    chosen = {
        "train": [file for index, file in enumerate(files) if index % _STRIDE != 1],
        "validation": files[1::_STRIDE],
    }
    return {
        split: partial(_load, split, {file: texts[file] for file in own}, find)
        for split, own in chosen.items()
    }


def _load(split: str, texts: dict[Path, list[str]], find: Find) -> Dataset:
    data = load_mnist("train" if split == "train" else "validation")
    read = {file.name: read_page(file, rows, find) for file, rows in texts.items()}
    pages = tuple(page for page in read.values() if page)
    left_out = tuple(name for name, page in read.items() if page is None)
    if not pages:
        raise DatasetError(
            f"no page to use for {'training' if split == 'train' else split}: the texts of none of "
            f"{name_some(left_out)} were found in their pictures"
        )
    return Dataset(data.images, data.labels, data.writers, pages, left_out)


def read_texts(folder: Path) -> dict[Path, list[str]]:
    """The texts of the rows of each picture in a folder.

    Raises:
        DatasetError: see `open_pages`.
    """
    if not folder.is_dir():
        raise DatasetError(f"{folder} is not a directory")
    texts: dict[Path, list[str]] = {}
    try:
        with (folder / LABELS).open(newline="", encoding="utf-8-sig") as file:
            lines = csv.DictReader(file)
            if not {"file", "label"} <= set(lines.fieldnames or ()):
                raise DatasetError(f"{folder / LABELS} needs the columns file and label")
            for line in lines:
                path = folder / (line["file"] or "")
                # `handsum dataset` writes labels in quotation marks.
                label = "".join((line["label"] or "").strip(' "').split())
                wrong = next((sign for sign in label if sign not in SIGNS), None)
                if not label or wrong:
                    reason = f"has {wrong!r}: use" if wrong else "is empty: give"
                    raise DatasetError(
                        f"{folder / LABELS}, line {lines.line_num}: the label {reason} digits and "
                        f"the signs {SIGNS[DIGITS:]}"
                    )
                if not path.is_file():
                    raise DatasetError(f"{folder / LABELS}, line {lines.line_num}: no file {path}")
                texts.setdefault(path, []).append(label)
    except (OSError, UnicodeError, csv.Error) as error:
        raise DatasetError(f"cannot read {folder / LABELS}: {error}") from error
    return texts


def read_page(file: Path, texts: Sequence[str], find: Find) -> Page | None:
    """A picture with the places of its signs; None if its rows are not found in it.

    Raises:
        DatasetError: the file is no picture.
    """
    try:
        pixels = as_bytes(shrink(load_picture(file))[0])
    except HandsumError as error:
        raise DatasetError(str(error)) from error
    (signs,) = find([pixels], _LEAST_KNOWN)
    found = _match(signs, texts)
    if found is None:
        return None
    labels, heights = np.full(len(signs), -1), np.zeros(len(signs))
    high = signs.boxes[:, 3] - signs.boxes[:, 1]
    for places, match in found:
        own = np.array(match.kinds)
        labels[places[own >= 0]] = own[own >= 0]
        heights[places] = np.median(high[places[(own >= 0) & (own < DIGITS)]])
    sure = labels >= 0
    kept = sure | (signs.scores >= _UNSURE)
    heights = np.where(heights > 0, heights, high)
    labels = np.where(sure, labels, signs.probabilities.argmax(-1))
    return Page(pixels, signs.boxes[kept], labels[kept], heights[kept], sure[kept])


def _match(signs: Signs, texts: Sequence[str]) -> list[tuple[np.ndarray, Match]] | None:
    """The signs of the row of each text and how they match it, the most probable rows in order."""
    rows = possible_rows(signs, _LEAST_DIGIT)
    # best[n]: the best choice of rows for the first n texts, among the rows so far.
    best: list[tuple[float, list[tuple[np.ndarray, Match]]] | None] = [(0.0, [])]
    best += [None] * len(texts)
    patterns = [Pattern("".join(f"\\{sign}" for sign in text)) for text in texts]
    for places in rows:
        row = signs.of(places)
        for index in range(len(texts), 0, -1):
            before = best[index - 1]
            match = patterns[index - 1].read(row.probabilities, row.scores) if before else None
            if before and match and _agrees(match, row):
                total, chosen = before[0] + match.odds, best[index]
                if chosen is None or total > chosen[0]:
                    best[index] = total, [*before[1], (places, match)]
    return best[-1][1] if best[-1] else None


def _agrees(match: Match, row: Signs) -> bool:
    """Whether a row may have this text: at least half of its signs are read as such.

    A sign that stands alone is what the text says: it may be one that is always misread.
    """
    kinds = np.array(match.kinds)
    read = (row.probabilities.argmax(-1) == kinds)[kinds >= 0]
    return len(read) == 1 or bool(read.mean() >= _AGREEING)


def cut_page(page: Page, side: int, random: Random) -> dict[str, np.ndarray]:
    """A random part of a page at a random size, "images" uint8 (side, side), and its answers."""
    index = int(random.choice(np.flatnonzero(page.sure)))
    whole = np.array(page.pixels.shape[::-1])
    height = np.exp(random.uniform(np.log(LEAST), np.log(MOST)))
    scale = float(np.clip(height / max(page.heights[index], 1.0), *_SCALES))
    # The sign that gives the size is somewhere in the picture.
    middle = (page.boxes[index, :2] + page.boxes[index, 2:]) / 2 * scale
    left, top = np.floor(middle - random.uniform(0.1, 0.9, 2) * side).astype(int)
    size = np.maximum(1, np.rint(scale * whole)).astype(int)
    # A page that is smaller than the picture is whole in it.
    low = np.where(size <= side, -(side - size) // 2, np.clip([left, top], 0, size - side))
    reach = np.minimum(np.maximum(low, 0) + side, size)
    box = (*(np.maximum(low, 0) / size * whole), *(reach / size * whole))
    shown = (reach - np.maximum(low, 0)).tolist()
    image = Image.fromarray(page.pixels)
    part = np.asarray(image.resize(shown, Image.Resampling.BICUBIC, box=box, reducing_gap=2.0))
    picture = pad_with_border(part, (side, side), tuple(np.maximum(-low, 0)[::-1].tolist()))
    picture = _relight(picture, random)
    boxes = page.boxes * scale - np.tile(low, 2)
    inside = np.clip(boxes, 0, side)
    share = np.prod(inside[:, 2:] - inside[:, :2], axis=1)
    share /= np.maximum(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1), 1e-6)
    share = np.where(page.sure, share, np.minimum(share, 0.5))
    return {
        "images": picture,
        **make_targets(boxes, page.labels, page.heights * scale, share, side),
    }


def _relight(picture: np.ndarray, random: Random) -> np.ndarray:
    """Another light and contrast, perhaps some noise, perhaps the negative."""
    low, high = random.uniform(0, 0.2), random.uniform(0.75, 1)
    values = 255 * low + (high - low) * picture.astype(np.float32)
    if random.random() < 0.4:
        values += random.uniform(0, 5) * random.normal(size=values.shape).astype(np.float32)
    if random.random() < 0.15:
        values = 255 - values
    return np.rint(values.clip(0, 255)).astype(np.uint8)
