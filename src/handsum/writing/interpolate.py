"""From one hand, one drawing or one digit to another, step by step."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from handsum._version import __version__
from handsum.errors import UsageError
from handsum.files import atomic_write, check_place
from handsum.images import encode_gif, encode_png, tile
from handsum.layout.painting import enlarge
from handsum.layout.rows import check_size
from handsum.seeds import choose_seed
from handsum.writing.digits import Digits, parse_digits
from handsum.writing.hands import blend, choose_hands, hand_vectors, parse_hand

if TYPE_CHECKING:
    from handsum.pretrained.load import DigitGenerator


LATENTS = "latents"
DIGITS = "digits"
SCALE = 4
_FRAME_MILLISECONDS = 80
_REST_MILLISECONDS = 600


def interpolate(
    between: str = LATENTS,
    digits: str = "0123456789",
    *,
    steps: int = 8,
    seed: int | None = None,
    writer: str | int | None = None,
    model: str | None = None,
) -> Digits:
    """Draw each of `digits` in `steps` steps between two hands or two latents: one row each.

    `between` is two hands such as "12..40" (see `hands.parse_hand`), which every step writes with
    the same latents; or "latents", from one random drawing to another in the hand of `writer` (by
    default the seed's choice); or "digits", from each of `digits` to the next by a model that mixes
    digits.

    Raises:
        UsageError: fewer than two steps, what is no such pair, or a model without what it takes.
    """
    from handsum.pretrained.load import load_generator

    if steps < 2:
        raise UsageError(f"{steps} steps lead nowhere: use 2 or more")
    seed, between = choose_seed(seed), between.strip()
    generator = load_generator(model) if model else load_generator()
    if not generator.conditional:
        raise UsageError(f"{generator.name} draws random digits, not those that are asked for")
    if writer is not None and between != LATENTS:
        raise UsageError(f"a writer is for {LATENTS}: {between} names what it goes between")
    if between == DIGITS:
        return _between_digits(generator, parse_digits(digits), steps, seed)
    labels = np.repeat(parse_digits(digits), steps)
    count = len(labels)
    shares = np.tile(np.linspace(0, 1, steps), count // steps)
    ends = [part.strip() for part in between.split("..")]
    knows = len(generator.hands) > 1
    writers, name = np.full(count, -1), between
    if ends == [LATENTS]:
        chosen = choose_hands(generator, writer, 1, seed)
        hands, writers = chosen.drawn.repeat(count, axis=0), chosen.writers.repeat(count)
        name = chosen.name or (str(chosen.writers[0]) if knows else LATENTS)
        towards = shares
    elif len(ends) == 2:
        if not knows:
            raise UsageError(f"{generator.name} knows no writers: use {LATENTS}")
        hands = _between_hands(ends, generator.hands, shares, seed)
        towards = np.zeros(count)
    else:
        raise UsageError(
            f"interpolate between two hands, such as 12..40, or {LATENTS}, or {DIGITS}"
        )
    indices = np.arange(count) // steps
    images = generator.draw_between(labels, hands, towards, seed=seed, indices=indices)
    return Digits(images, labels, writers, steps, seed, generator.name, name)


def _between_hands(ends: list[str], table: np.ndarray, shares: np.ndarray, seed: int) -> np.ndarray:
    """Hands (N, E) by `shares` (N,) on the way between two, from those of all writers (W, E)."""
    # The second of two new hands is another than the first.
    pair = np.concatenate(
        [
            hand_vectors(parse_hand(end), table, place + 1, seed, place)
            for place, end in enumerate(ends)
        ]
    )
    middle, turn = table.mean(0), shares * np.pi / 2
    return middle + blend(np.stack([np.cos(turn), np.sin(turn)], axis=1), pair - middle)


def _between_digits(generator: DigitGenerator, ends: np.ndarray, steps: int, seed: int) -> Digits:
    """From each of the digits (L,) to the next: L - 1 rows, each drawn with latents of its own."""
    if len(ends) < 2:
        raise UsageError("from digit to digit takes two digits or more")
    towards = np.linspace(0, 1, steps)[:, None]
    classes = np.eye(10)[ends]
    shares = np.concatenate(
        [(1 - towards) * one + towards * other for one, other in pairwise(classes)]
    )
    indices = np.arange(len(shares)) // steps
    images = generator.mix(shares, seed=seed, indices=indices)
    # Half-way it counts as the digit that it comes from.
    labels = np.where(
        np.tile(towards[:, 0], len(ends) - 1) <= 0.5, ends[indices], ends[indices + 1]
    )
    writers = np.full(len(shares), -1)
    return Digits(images, labels, writers, steps, seed, generator.name, DIGITS)


def check_interpolation_path(path: Path) -> None:
    """Raise unless an interpolation can be saved under this name: before the work, not after it.

    Raises:
        UsageError: neither a .png nor a .gif.
        HandsumError: a folder of that name, or none to write it in.
    """
    if path.suffix.lower() not in (".png", ".gif"):
        raise UsageError(f"cannot write {path}: an interpolation is a .png strip or a .gif")
    check_place(path)


def save_interpolation(path: Path, digits: Digits) -> None:
    """Write an interpolation as a PNG strip, or as a GIF that goes there and back again.

    Raises:
        UsageError: another suffix, or a strip too large to be opened again.
        HandsumError: the file cannot be written; none is then left half-written.
    """
    check_interpolation_path(path)
    data = encode_strip(digits) if path.suffix.lower() == ".png" else encode_film(digits)
    with atomic_write(path) as file:
        file.write(data)


def shown_digits(digits: Digits) -> str:
    """The digits that an interpolation shows: each row's, or those that it goes between."""
    ends = [*digits.labels[:: digits.columns]]
    if digits.hand == DIGITS:
        ends.append(digits.labels[-1])
    return "".join(map(str, ends))


def encode_strip(digits: Digits) -> bytes:
    """The bytes of a PNG with an interpolation, a row for each digit (see `save_interpolation`)."""
    metadata = {
        "Software": f"handsum {__version__}",
        "handsum:seed": str(digits.seed),
        "handsum:model": digits.model,
        "handsum:writer": str(digits.hand),
        "handsum:digits": shown_digits(digits),
    }
    return encode_png(tile(_enlarged(digits), digits.columns), metadata)


def encode_film(digits: Digits) -> bytes:
    """The bytes of a GIF that goes through an interpolation and back again."""
    steps = digits.columns
    large = _enlarged(digits)
    columns = min(len(large) // steps, 10)
    frames = [Image.fromarray(tile(large[step::steps], columns)) for step in range(steps)]
    there_and_back = frames + frames[-2:0:-1]
    times = [_FRAME_MILLISECONDS] * len(there_and_back)
    times[0] = times[steps - 1] = _REST_MILLISECONDS
    return encode_gif(there_and_back, times)


def _enlarged(digits: Digits) -> np.ndarray:
    # A film's frames have as many pixels together as the strip.
    rows, side = len(digits.images) // digits.columns, 28 * SCALE
    check_size(digits.columns * side, rows * side, "use fewer --digits or --steps")
    return np.stack([enlarge(image, SCALE) for image in digits.images])
