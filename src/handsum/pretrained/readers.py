"""Trained readers: digits with probabilities, their pen strokes, and sums with distributions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from handsum.arguments import digit_images
from handsum.data.signs.answers import Signs, merge, read_answers
from handsum.data.signs.views import WINDOWS, View, in_picture, views_of
from handsum.pretrained.compiled import ArraySpec, rows
from handsum.pretrained.generators import COLUMN, to_strokes
from handsum.pretrained.model import Model
from handsum.pretrained.snapshots import Snapshot
from handsum.strokes import Strokes
from handsum.sums import sum_distribution

# A picture of one digit has one, however unlikely.
_LEAST_ALONE = 0.02
# The least probability of a sign at one of the sizes at which a picture is seen.
_LEAST_SEEN = 0.05
# Of digits that are traced: paler ink than the first is made black, and than the second is none.
_BLACK, _LEAST_INK = 128, 16
_DIGITS = rows(28, 28, dtype=np.uint8)


def window_specs(high: int, wide: int, chunk: int) -> tuple[ArraySpec, ...]:
    """The specs of the arguments of a detector's function that sees windows of a size."""
    return (rows(high, wide, dtype=np.uint8, chunk=chunk),)


class DigitReader(Model):
    """Reads digits: calibrated class probabilities."""

    def __init__(self, name: str, snapshot: Snapshot) -> None:
        super().__init__(name, snapshot)
        self.temperature = float(snapshot.facts.get("temperature", 1.0))
        self.least_odds: float | None = snapshot.facts.get("least_odds")
        self._functions.check("read_digits", (_DIGITS,))

    def prepare(self) -> None:
        """Start to compile for `read`, while the caller does other work."""
        self._functions.prepare("read_digits", (_DIGITS,))

    def logits(self, images: np.ndarray) -> np.ndarray:
        """Logits float32 (N, 10), divided by the temperature, of digits uint8 (N, 28, 28)."""
        read = self._functions("read_digits", (_DIGITS,))
        return read(digit_images(images)) / np.float32(self.temperature)

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """Class probabilities float32 (N, 10) of digits uint8 (N, 28, 28)."""
        return self.read(images)[0]

    def read(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Class probabilities float32 (N, 10) of pictures uint8 (N, 28, 28), and odds (N,).

        The odds are natural logarithms of the odds that a picture is a digit, above the least that
        the reader accepts; infinite if the reader was not trained on anything but digits.
        """
        # Imported here, as listing the models needs no SciPy.
        from scipy.special import softmax

        logits = self.logits(images)
        probabilities = softmax(logits, axis=-1)
        if self.least_odds is None:
            return probabilities, np.full(len(logits), np.inf, np.float32)
        odds = np.logaddexp.reduce(logits * np.float32(self.temperature), axis=-1)
        return probabilities, odds - np.float32(self.least_odds)

    def features(self, images: np.ndarray) -> np.ndarray:
        """Features float32 (N, D) of digits uint8 (N, 28, 28); the logits are linear in them."""
        return self._functions("digit_features", (_DIGITS,))(digit_images(images))


class Pen(Model):
    """Traces digits: gives the pen strokes that wrote them, in writing order."""

    def prepare(self) -> None:
        """Start to compile for `trace`, while the caller does other work."""
        self._functions.prepare("trace_digits", (_DIGITS,))

    def trace(self, images: np.ndarray) -> list[Strokes]:
        """The strokes of digits uint8 (N, 28, 28), white on black; without ink, none.

        Faint ink is traced as if it were black.
        """
        # Imported here, as reading needs no fitting.
        from handsum.strokes.fitting import fit_strokes

        images = digit_images(images)
        most = images.max((1, 2), initial=0, keepdims=True)
        faint = (most < _BLACK) & (most >= _LEAST_INK)
        images = np.where(faint, images * (255 / np.maximum(most, 1)), images).astype(np.uint8)
        controls, exists = self._functions("trace_digits", (_DIGITS,))(images)
        strokes = to_strokes(controls, exists & (most[:, 0] >= _LEAST_INK))
        # The network knows how digits are written; where exactly, the image tells better.
        return fit_strokes(strokes, images)


class Detector(Model):
    """Finds and reads digits and signs in grey pictures: calibrated class probabilities."""

    def __init__(self, name: str, snapshot: Snapshot) -> None:
        super().__init__(name, snapshot)
        self.temperature = float(snapshot.facts.get("temperature", 1.0))

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """Class probabilities float32 (N, 10) of pictures of one digit, uint8 (N, 28, 28).

        They are those of the sign that is most probably a digit; if none is found, all are equal.
        """
        found = np.full((len(images), 10), 0.1, np.float32)
        for row, signs in enumerate(self.find([*digit_images(images)], _LEAST_ALONE)):
            if len(signs):
                odds = signs.scores * signs.probabilities[:, :10].sum(1)
                best = signs.probabilities[odds.argmax(), :10]
                found[row] = best / best.sum()
        return found

    def find(self, pictures: Sequence[np.ndarray], least: float = 0.3) -> list[Signs]:
        """The signs in pictures uint8 (H, W), best first, with boxes in their pixels.

        `least` is the least probability of a sign.
        """
        lowest = min(least, _LEAST_SEEN)
        found: list[list[tuple[float, Signs]]] = [[] for _ in pictures]
        seen: dict[tuple[int, ...], list[View]] = {}
        for index, picture in enumerate(pictures):
            for view in views_of(index, picture):
                seen.setdefault(view.pixels.shape, []).append(view)
        for high, wide, chunk in WINDOWS:
            views = seen.get((high, wide))
            if not views:
                continue
            find = self._functions("find_signs", window_specs(high, wide, chunk))
            for start in range(0, len(views), 4 * chunk):
                some = views[start : start + 4 * chunk]
                heat, kinds, sides = find(np.stack([view.pixels for view in some]))
                signs_of = read_answers(heat, kinds, sides, lowest)
                for view, signs in zip(some, signs_of, strict=True):
                    found[view.picture].append((view.scale, in_picture(view, signs)))
        return [self._calibrate(merge(parts, least)) for parts in found]

    def _calibrate(self, signs: Signs) -> Signs:
        sharp = signs.probabilities ** (1 / self.temperature)
        return replace(signs, probabilities=sharp / sharp.sum(1, keepdims=True))


class SumReader(Model):
    """Reads the sum of a sequence of digits as a distribution."""

    def __init__(self, name: str, snapshot: Snapshot) -> None:
        super().__init__(name, snapshot)
        self._digits: DigitReader | None = None
        if self.task != "sum reader":
            self._digits = DigitReader(name, snapshot)

    def distributions(self, images: np.ndarray) -> np.ndarray:
        """Distributions float64 (N, 9L + 1) of the sums of sequences uint8 (N, L, 28, 28).

        A reader of digits gives the exact distribution of the sum of its digits.
        """
        images = digit_images(images, "(N, L, 28, 28)")
        count, length = images.shape[:2]
        if self._digits is not None:
            digits = self._digits.probabilities(images.reshape(-1, 28, 28))
            digits = digits.reshape(count, length, 10)
            return np.stack([sum_distribution(row) for row in digits])
        # Padding to a power of two compiles few lengths; the network masks the padding out.
        padded = 1 << max(length - 1, 0).bit_length()
        images = np.pad(images, ((0, 0), (0, padded - length), (0, 0), (0, 0)))
        specs = (rows(padded, 28, 28, dtype=np.uint8), COLUMN)
        sums = self._functions("read_sums", specs)(images, np.full(count, length, np.int32))
        return sums[:, : 9 * length + 1].astype(np.float64)
