"""`interpolate`: draw the steps from one hand, latent vector or digit to another."""

from __future__ import annotations

from itertools import pairwise
from os import PathLike
from typing import TYPE_CHECKING

import numpy as np

from handsum.arguments import digit_text, hand_name, model_name, parse_digits, whole_number
from handsum.errors import UsageError
from handsum.seeds import choose_seed
from handsum.writing.hands import RowHands, blend, choose_hands, hand_vectors, parse_hand
from handsum.writing.interpolation import DIGITS, LATENTS, Interpolation

if TYPE_CHECKING:
    from handsum.pretrained.load import DigitGenerator


def interpolate(
    between: str = LATENTS,
    digits: str | int = "0123456789",
    *,
    steps: int = 8,
    seed: int | None = None,
    writer: int | str | None = None,
    model: str | PathLike[str] | None = None,
) -> Interpolation:
    """Draw each of `digits` in `steps` steps between two hands or two latent vectors.

    `between` is one of: two hands such as "12..40", with the same latents at every step; "latents",
    from one random drawing to another in the hand of `writer` (by default a random writer); or
    "digits", from each digit to the next, with a model that mixes digits.

    Raises:
        UsageError: fewer than two steps, another `between`, or a model that cannot do it.
    """
    from handsum.pretrained.load import load_generator

    steps = whole_number(steps, "a number of steps")
    name, writer = model_name(model), hand_name(writer)
    rows = parse_digits(digit_text(digits, "`digits`"))
    between = between.strip() if isinstance(between, str) else ""
    if steps < 2:
        raise UsageError(f"{steps} steps lead nowhere: use 2 or more")
    seed = choose_seed(seed)
    generator = load_generator(name)
    generator.check_classes("choose another `model`")
    if writer is not None and between != LATENTS:
        raise UsageError(f"a writer is for {LATENTS}: {between} names its own ends")
    if between == DIGITS:
        return _between_digits(generator, rows, steps, seed)
    labels = np.repeat(rows, steps)
    shares = np.tile(np.linspace(0, 1, steps), len(rows))
    if between == LATENTS:
        hands, towards = _one_hand(generator, writer, len(labels), seed), shares
    else:
        hands, towards = _between_hands(generator, between, shares, seed), np.zeros(len(labels))
    indices = np.arange(len(labels)) // steps
    images = generator.draw_between(labels, hands.inputs, towards, seed=seed, indices=indices)
    return Interpolation(
        images, labels, hands.writers, steps, between, seed, generator.name, hands.name
    )


def _one_hand(
    generator: DigitGenerator, writer: int | str | None, count: int, seed: int
) -> RowHands:
    """The same hand for all of `count` rows, with its name if the generator has writers."""
    hand = choose_hands(generator, writer, 1, seed)
    name = hand.name or (str(hand.writers[0]) if generator.writers > 1 else None)
    return RowHands(hand.writers.repeat(count), hand.inputs.repeat(count, axis=0), name)


def _between_hands(
    generator: DigitGenerator, between: str, shares: np.ndarray, seed: int
) -> RowHands:
    """Hands by `shares` (N,) from the first of two hands, such as 12..40, to the second."""
    ends = [part.strip() for part in between.split("..")]
    if len(ends) != 2:
        raise UsageError(
            f"interpolate between two hands, such as 12..40, or {LATENTS}, or {DIGITS}"
        )
    generator.check_writers(f"use {LATENTS}")
    table = generator.hands
    # Two new hands differ: the second has another number.
    pair = np.concatenate(
        [
            hand_vectors(parse_hand(end), table, place + 1, seed, place)
            for place, end in enumerate(ends)
        ]
    )
    middle, turn = table.mean(0), shares * np.pi / 2
    hands = middle + blend(np.stack([np.cos(turn), np.sin(turn)], axis=1), pair - middle)
    return RowHands(np.full(len(shares), -1), hands)


def _between_digits(
    generator: DigitGenerator, ends: np.ndarray, steps: int, seed: int
) -> Interpolation:
    """From each of the digits (L,) to the next: L - 1 rows, each with its own latents."""
    if len(ends) < 2:
        raise UsageError("from digit to digit takes two digits or more")
    towards = np.linspace(0, 1, steps)[:, None]
    classes = np.eye(10)[ends]
    shares = np.concatenate(
        [(1 - towards) * one + towards * other for one, other in pairwise(classes)]
    )
    indices = np.arange(len(shares)) // steps
    images = generator.mix(shares, seed=seed, indices=indices)
    # The middle counts as the first of the two digits.
    labels = np.where(
        np.tile(towards[:, 0], len(ends) - 1) <= 0.5, ends[indices], ends[indices + 1]
    )
    writers = np.full(len(shares), -1)
    return Interpolation(images, labels, writers, steps, DIGITS, seed, generator.name)
