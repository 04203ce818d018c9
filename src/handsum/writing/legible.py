"""Draw the digits of rows again until the whole picture of a row is read right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from handsum.data.pictures.ink import as_bytes
from handsum.images import to_grey
from handsum.layout.loops import loopless
from handsum.layout.rows import Picture, compose, draw_sheet
from handsum.layout.style import DIGIT_HEIGHT, Style
from handsum.reading.finding import find_digits
from handsum.reading.page import Decoded, Finder
from handsum.seeds import Stream, stream
from handsum.strokes import Strokes

Progress = Callable[[int, int], None]
_Asked = dict[int, np.ndarray]

# How often a picture is drawn again, and how many pictures are read at once.
_SETTINGS = 12
_PICTURES_AT_ONCE = 32
# In the first of its tries, a picture is also drawn again if a digit is read with odds of less than
# this: at another size, or in a photo, that digit may be read otherwise.
_SURE, _STRICT = 0.6, 8
# A part of a picture is read together with this many digits on either side of it.
_BESIDE = 2
# Smaller pictures cannot be read, whatever they show. Larger ones show nothing more: of 160 numbers
# checked at this scale, or at 4, and read at 4, none was misread; of 80 checked at 1.4, two were.
LEAST_SCALE, _LARGEST_SCALE = 1.0, 2.0


@dataclass(frozen=True, eq=False)
class Rows:
    """N rows to write: labels (N, L), hands (N,) or (N, E), and texts with punctuation, if any.

    Without `strokes`, the digits are drawn in pixels.
    """

    labels: np.ndarray
    hands: np.ndarray
    seed: int
    texts: tuple[str, ...] | None = None
    strokes: bool = True


def draw_legible(
    rows: Rows,
    strokes: list[Strokes],
    redraw: Callable[[np.ndarray], None],
    style: Style,
    finder: Finder,
    progress: Progress | None = None,
) -> list[str]:
    """Draw digits again that are misread or doubtful in their picture, or lack a loop there.

    `redraw` gives the digits at places (M,) of all rows new `strokes`. Of a long row, what was
    drawn again is read until it is right, and then all of it. Returns each row's last reading.
    """
    labels = rows.labels
    count, length = labels.shape
    everywhere = np.arange(length)
    pictures = _Pictures(rows, strokes, style.at_scale(min(style.factor, _LARGEST_SCALE)))
    seen = np.full((count, length), "", object)
    asked: _Asked = dict.fromkeys(range(count), everywhere)
    for attempt in range(_SETTINGS + 1):
        wrong: _Asked = {}
        while asked and not wrong:
            least = _SURE if attempt < _STRICT else 0
            for row, texts, poor in _look(pictures, finder, asked, least):
                places = asked[row]
                seen[row, places] = texts
                misread = places[seen[row, places] != labels[row, places].astype(str)]
                if len(misread) or poor:
                    wrong[row] = np.union1d(misread, poor).astype(np.int64)
            in_part = [row for row, places in asked.items() if len(places) < length]
            asked = dict.fromkeys(in_part, everywhere)
        if progress:
            progress(labels.size - sum(map(len, wrong.values())), labels.size)
        if not wrong or attempt == _SETTINGS:
            break
        redraw(np.concatenate([row * length + places for row, places in wrong.items()]))
        for row, places in wrong.items():
            # Its neighbours may be read otherwise, too.
            beside = np.unique((places[:, None] + [-1, 0, 1]).clip(0, length - 1))
            asked[row] = beside if 2 * len(beside) < length else everywhere
    return ["".join(row) for row in seen]


@dataclass(frozen=True, eq=False)
class _Pictures:
    """The pictures of rows with their latest strokes."""

    rows: Rows
    strokes: list[Strokes]
    style: Style

    def of(self, row: int) -> tuple[Picture, list[int]]:
        """The picture of a row without its marks, and the digits that lack a loop in it."""
        labels = self.rows.labels[row]
        names = "".join(map(str, labels))
        random = stream(self.rows.seed, Stream.LAYOUT, row)
        text = self.rows.texts[row] if self.rows.texts else names
        own = self.strokes[row * len(labels) : (row + 1) * len(labels)]
        sheet = compose([own], [random], self.style, None, [text])
        digits = [item.strokes.scale(1 / DIGIT_HEIGHT) for item in sheet.digits[0]]
        lacking = [] if self.style.as_drawn else loopless(digits, names)
        # Only the digits are asked for, and signs touch none.
        return draw_sheet(replace(sheet, rows=sheet.digits), self.style), lacking


def _look(
    pictures: _Pictures, finder: Finder, asked: _Asked, least: float
) -> Iterator[tuple[int, list[str], list[int]]]:
    """Each row, what is read at its asked places, and its poor digits.

    These are all that lack a loop, and the asked ones read with smaller odds than `least`.
    """
    rows = sorted(asked)
    for start in range(0, len(rows), _PICTURES_AT_ONCE):
        some = rows[start : start + _PICTURES_AT_ONCE]
        drawn = {row: pictures.of(row) for row in some}
        cuts = [(row, *cut) for row in some for cut in _cut(drawn[row][0], asked[row])]
        pages = find_digits(finder, [shown for *_, shown in cuts])
        texts = {row: dict.fromkeys(asked[row].tolist(), "") for row in some}
        poor = {row: drawn[row][1] for row in some}
        for (row, run, left, _), page in zip(cuts, pages, strict=True):
            for place, digit, odds in _at_places(drawn[row][0].boxes[0], left, page):
                if place in run:
                    texts[row][place] += digit
                    poor[row] += [place] * (odds < least)
        for row in some:
            yield row, list(texts[row].values()), poor[row]


def _cut(picture: Picture, places: np.ndarray) -> list[tuple[set[int], int, np.ndarray]]:
    """The parts of a row's picture with the places, and some digits beside them.

    For each: the places in it, where it begins in the picture, and grey values, uint8 (H, W).
    """
    boxes = picture.boxes[0]
    grey = as_bytes(to_grey(Image.fromarray(picture.pixels)))
    parts = []
    for run in np.split(places, np.flatnonzero(np.diff(places) > _BESIDE) + 1):
        first, last = run[0] - _BESIDE, run[-1] + _BESIDE
        left = int(boxes[first, 0]) if first > 0 else 0
        right = int(boxes[last, 0] + boxes[last, 2]) if last < len(boxes) - 1 else grey.shape[1]
        parts.append((set(run.tolist()), left, grey[:, left:right]))
    return parts


def _at_places(boxes: np.ndarray, left: int, page: Decoded) -> Iterator[tuple[int, str, float]]:
    """The place whose box is nearest to each digit that is read, the digit, and its odds.

    `boxes` are (x, y, width, height).
    """
    middles = boxes[:, 0] + boxes[:, 2] / 2
    between = (middles[1:] + middles[:-1]) / 2
    for digit, odds, box in zip(page.digits, page.odds, page.boxes, strict=True):
        yield int(np.searchsorted(between, left + box[0] + box[2] / 2)), digit, odds
