"""How training is monitored: sample grids of generators, validation errors of readers.

A monitor compiles one function of the network that the snapshot will hold, and calls it now and
then. It sees the validation set, never the test set.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Protocol, assert_never

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from scipy.special import log_softmax

from handsum.data.mnist import Dataset
from handsum.data.pages.stream import page_maker
from handsum.data.signs.alphabet import CLASSES
from handsum.data.signs.answers import Signs, overlap, read_answers
from handsum.data.signs.targets import is_asked, true_signs
from handsum.data.skills import (
    DrawsDigits,
    DrawsSequences,
    FindsSigns,
    ReadsDigits,
    ReadsSums,
    Skill,
    TracesDigits,
)
from handsum.images import tile
from handsum.metrics.calibration import fit_temperature
from handsum.metrics.detection import SAME, Found, match_signs
from handsum.metrics.strokes import shared_ink
from handsum.models.inference import (
    draw_digits,
    draw_sequences,
    find_signs,
    read_digits,
    read_sums,
    redraw_digits,
)
from handsum.seeds import SEED_LIMIT
from handsum.training.processor import compiler_options

# The share of real digits that a reader may mistake for something else.
LOST = 0.002
# The least probability whose logarithm is a logit.
_LEAST_PROBABILITY = 1e-6


class Monitor(Protocol):
    """Measures a network in training."""

    def look(self, state: tuple[nnx.State, nnx.State]) -> tuple[dict[str, float], np.ndarray]:
        """Figures, and a picture uint8 (H, W) that shows the progress."""

    def facts(self, state: tuple[nnx.State, nnx.State]) -> dict[str, Any]:
        """Facts that the snapshot needs besides its configuration."""


class GeneratorMonitor:
    """Draws the ten digits in ten of the `writers` hands, always from the same random keys."""

    def __init__(self, definition: nnx.GraphDef, writers: int) -> None:
        labels = jnp.tile(jnp.arange(10), 10)
        hands = jnp.repeat(jnp.linspace(0, writers - 1, 10).astype(jnp.int32), 10)

        @jax.jit
        def draw(params: nnx.State, rest: nnx.State) -> jax.Array:
            generator = nnx.merge(definition, params, rest)
            zeros = jnp.zeros(100, jnp.int32)
            return draw_digits(generator, jnp.uint32(0), jnp.arange(100), zeros, labels, hands)

        self._draw = draw

    def look(self, state: tuple[nnx.State, nnx.State]) -> tuple[dict[str, float], np.ndarray]:
        """No figures: generated digits are measured by the evaluation."""
        return {}, tile(np.asarray(self._draw(*state)), 10)

    def facts(self, state: tuple[nnx.State, nnx.State]) -> dict[str, Any]:
        """Nothing besides the configuration."""
        return {}


class PenMonitor:
    """Traces validation digits and draws them again: digits and drawings in turns."""

    def __init__(self, definition: nnx.GraphDef, validation: Dataset) -> None:
        self._images = validation.images[:1000]

        @jax.jit
        def redraw(params: nnx.State, rest: nnx.State) -> jax.Array:
            pen = nnx.merge(definition, params, rest)
            return redraw_digits(pen, jnp.asarray(self._images))

        self._redraw = redraw

    def look(self, state: tuple[nnx.State, nnx.State]) -> tuple[dict[str, float], np.ndarray]:
        """The ink that digits and drawings share, of the ink of either."""
        drawn = np.asarray(self._redraw(*state))
        rows = [np.stack([self._images[i : i + 10], drawn[i : i + 10]]) for i in range(0, 50, 10)]
        picture = tile(np.concatenate(rows).reshape(-1, 28, 28), 10)
        return {"shared_ink": shared_ink(drawn, self._images)}, picture

    def facts(self, state: tuple[nnx.State, nnx.State]) -> dict[str, Any]:
        """Nothing besides the configuration."""
        return {}


class SequenceMonitor:
    """Draws a sequence of each length, always from the same random keys, and counts right plans."""

    def __init__(self, definition: nnx.GraphDef, longest: int) -> None:
        self._longest = longest
        # Twenty totals for each length, from the least to the greatest.
        lengths = jnp.tile(jnp.arange(1, self._longest + 1), 20)
        shares = jnp.repeat(jnp.linspace(0, 1, 20), self._longest)
        totals = jnp.round(9 * lengths * shares).astype(jnp.int32)

        @jax.jit
        def draw(params: nnx.State, rest: nnx.State) -> tuple[jax.Array, jax.Array]:
            generator = nnx.merge(definition, params, rest)
            zeros = jnp.zeros_like(totals)
            rows = jnp.arange(len(totals))
            return draw_sequences(generator, jnp.uint32(0), rows, zeros, totals, lengths)

        self._draw, self._totals, self._lengths = draw, np.asarray(totals), np.asarray(lengths)

    def look(self, state: tuple[nnx.State, nnx.State]) -> tuple[dict[str, float], np.ndarray]:
        """The share of plans that sum to their totals, and a sequence of each length."""
        images, digits = map(np.asarray, self._draw(*state))
        going = np.arange(self._longest) < self._lengths[:, None]
        right = (digits * going).sum(1) == self._totals
        shown = slice(10 * self._longest, 11 * self._longest)
        picture = images[shown] * going[shown, :, None, None]
        return {"plans_right": float(right.mean())}, tile(
            picture.reshape(-1, *picture.shape[2:]), self._longest
        )

    def facts(self, state: tuple[nnx.State, nnx.State]) -> dict[str, Any]:
        """Nothing besides the configuration."""
        return {}


class SumMonitor:
    """Reads the sums of sequences of ten validation digits, and shows the ten worst."""

    def __init__(self, definition: nnx.GraphDef, validation: Dataset) -> None:
        rows = np.random.default_rng(0).integers(len(validation), size=(300, 10))
        self._images, self._totals = validation.images[rows], validation.labels[rows].sum(1)
        lengths = jnp.full(len(rows), 10)

        @jax.jit
        def read(params: nnx.State, rest: nnx.State, pixels: jax.Array) -> jax.Array:
            return read_sums(nnx.merge(definition, params, rest), pixels, lengths)

        self._read = read

    def look(self, state: tuple[nnx.State, nnx.State]) -> tuple[dict[str, float], np.ndarray]:
        """The mean absolute error of the sums, the share that is exact, and the ten worst."""
        sums = np.asarray(self._read(*state, self._images)).argmax(-1)
        errors = np.abs(sums - self._totals)
        worst = np.argsort(-errors, kind="stable")[:10]
        figures = {"validation_mae": errors.mean(), "validation_exact": (errors == 0).mean()}
        picture = tile(self._images[worst].reshape(-1, *self._images.shape[2:]), 10)
        return {name: float(value) for name, value in figures.items()}, picture

    def facts(self, state: tuple[nnx.State, nnx.State]) -> dict[str, Any]:
        """Nothing besides the configuration."""
        return {}


class ClassifierMonitor:
    """Reads the validation set, and shows the 100 digits that it is least sure of.

    `knows_others` says that the network also learned what is not a digit.
    """

    def __init__(self, definition: nnx.GraphDef, validation: Dataset, knows_others: bool) -> None:
        self._validation, self._knows_others = validation, knows_others

        @partial(jax.jit, compiler_options=compiler_options())
        def read(params: nnx.State, rest: nnx.State, pixels: jax.Array) -> jax.Array:
            return read_digits(nnx.merge(definition, params, rest), pixels)

        self._read = read

    def _logits(self, state: tuple[nnx.State, nnx.State]) -> np.ndarray:
        images, size = self._validation.images, 500
        # The last chunk wraps around, so that every call has the same shape.
        starts = range(0, len(images), size)
        chunks = [np.take(images, range(s, s + size), axis=0, mode="wrap") for s in starts]
        return np.concatenate([self._read(*state, chunk) for chunk in chunks])[: len(images)]

    def look(self, state: tuple[nnx.State, nnx.State]) -> tuple[dict[str, float], np.ndarray]:
        """The share of validation digits that are misread, and the least certain digits."""
        logits, labels = self._logits(state), self._validation.labels
        error = float((logits.argmax(-1) != labels).mean())
        likelihood = log_softmax(logits, axis=-1)[np.arange(len(labels)), labels]
        worst = np.argsort(likelihood, kind="stable")[:100]
        return {"validation_error": error}, tile(self._validation.images[worst], 10)

    def facts(self, state: tuple[nnx.State, nnx.State]) -> dict[str, Any]:
        """The temperature that calibrates the logits, and the least log-odds of a digit.

        A share of LOST of the validation digits is below those odds.
        """
        logits = self._logits(state)
        facts = {"temperature": fit_temperature(logits, self._validation.labels)}
        if self._knows_others:
            odds = np.logaddexp.reduce(logits.astype(np.float64), axis=-1)
            facts["least_odds"] = float(np.quantile(odds, LOST))
        return facts


class DetectorMonitor:
    """Finds signs on pages that are composed of validation digits, and marks them."""

    _PAGES, _CALIBRATING = 64, 6

    def __init__(self, definition: nnx.GraphDef, validation: Dataset, side: int) -> None:
        # The highest seed, which a run may have too, but its digits are others.
        self._make = page_maker(validation, side, SEED_LIMIT - 1)
        self._pages = self._compose(0)

        @partial(jax.jit, compiler_options=compiler_options())
        def find(params: nnx.State, rest: nnx.State, images: jax.Array) -> Any:
            return find_signs(nnx.merge(definition, params, rest), images)

        self._find = find

    def _compose(self, part: int) -> list[dict[str, np.ndarray]]:
        """Some pages, the same ones at each call."""
        return [
            self._make(number) for number in range(part * self._PAGES, (part + 1) * self._PAGES)
        ]

    def _read(
        self, state: tuple[nnx.State, nnx.State], pages: list[dict[str, np.ndarray]]
    ) -> list[Signs]:
        """The signs that the network finds on pages."""
        images = jnp.asarray(np.stack([page["images"] for page in pages]))
        heat, kinds, sides = (np.asarray(part) for part in self._find(*state, images))
        return read_answers(heat, kinds, sides, 0.3)

    def look(self, state: tuple[nnx.State, nnx.State]) -> tuple[dict[str, float], np.ndarray]:
        """The shares of signs that are found, and read right; false ones a page; and pages."""
        found = self._read(state, self._pages)
        counts = Found()
        for page, every in zip(self._pages, found, strict=True):
            signs, (boxes, labels) = every.of(is_asked(page, every.boxes)), true_signs(page)
            kinds = signs.probabilities.argmax(-1)
            counts += match_signs(overlap(signs.boxes[:, None], boxes), kinds, labels)
        figures = {
            "found": counts.found_share,
            "right": counts.right_share,
            "false_per_page": counts.false / self._PAGES,
        }
        some = zip(self._pages[:16], found, strict=False)
        shown = [signs.mark(page["images"]) for page, signs in some]
        return figures, tile(np.stack(shown), 4)

    def facts(self, state: tuple[nnx.State, nnx.State]) -> dict[str, Any]:
        """The temperature that calibrates the classes of the signs that are found.

        It is fitted on other pages than `look` looks at.
        """
        rows, kinds = [np.zeros((0, CLASSES))], [np.zeros(0, np.int64)]
        for part in range(1, 1 + self._CALIBRATING):
            pages = self._compose(part)
            for page, signs in zip(pages, self._read(state, pages), strict=True):
                boxes, labels = true_signs(page)
                if len(boxes) and len(signs):
                    shared = overlap(signs.boxes[:, None], boxes)
                    same = shared.max(1) >= SAME
                    rows.append(signs.probabilities[same])
                    kinds.append(labels[shared.argmax(1)[same]])
        logits = np.log(np.maximum(np.concatenate(rows), _LEAST_PROBABILITY))
        # A network that has hardly learned finds nothing.
        fitted = fit_temperature(logits, np.concatenate(kinds)) if len(logits) else 1.0
        return {"temperature": fitted}


def make_monitor(skill: Skill, definition: nnx.GraphDef, validation: Dataset) -> Monitor:
    """The monitor for what a network does."""
    match skill:
        case TracesDigits():
            return PenMonitor(definition, validation)
        case DrawsDigits(writers):
            return GeneratorMonitor(definition, writers)
        case DrawsSequences(longest):
            return SequenceMonitor(definition, longest)
        case FindsSigns(side):
            return DetectorMonitor(definition, validation, side)
        case ReadsSums():
            return SumMonitor(definition, validation)
        case ReadsDigits(knows_others):
            return ClassifierMonitor(definition, validation, knows_others)
        case _:
            assert_never(skill)
