"""`interpolate`: the steps from one hand, latent vector or digit to another."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from handsum.arguments import digit_text, hand_name, model_name, parse_digits, whole_number
from handsum.errors import UsageError, shorten
from handsum.files import atomic_write, check_place
from handsum.images import DIGIT_SIZE, LARGEST_SHOWN, describe, encode_gif, encode_png, tile
from handsum.layout.rows import check_size
from handsum.seeds import choose_seed
from handsum.writing.hands import RowHands, blend, choose_hands, hand_vectors, parse_hand

if TYPE_CHECKING:
    from handsum.pretrained.load import DigitGenerator


# What `between` may be, besides two hands.
LATENTS = "latents"
DIGITS = "digits"
SCALE = 4
_FRAME_MILLISECONDS = 80
_REST_MILLISECONDS = 600


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


@dataclass(frozen=True, eq=False, repr=False)
class Interpolation:
    """N steps between hands, latents or digits: `steps` for each row.

    `images` is uint8 (N, 28, 28), white ink on black; `labels` int64 (N,), between two digits the
    nearer one; `writers` int64 (N,), -1 unless all steps are in the hand of one writer. `between`
    is "12..40", "latents" or "digits"; `hand` names the hand of latents, if the model has writers.
    """

    images: np.ndarray
    labels: np.ndarray
    writers: np.ndarray
    steps: int
    between: str
    seed: int
    model: str
    hand: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def digits(self) -> str:
        """The digit of each row; between digits, all that it passes through."""
        ends = [*self.labels[:: self.steps]]
        if self.between == DIGITS:
            ends.append(self.labels[-1])
        return "".join(map(str, ends))

    @property
    def hands(self) -> str:
        """The hand of all steps, or the two hands; without hands "latents" or "digits"."""
        return self.hand or self.between

    def as_dict(self) -> dict[str, Any]:
        """The steps, without their pixels, as `handsum generate --json` prints them."""
        return {
            "digits": self.digits,
            "steps": self.steps,
            "writer": self.hands,
            "seed": self.seed,
            "notes": list(self.notes),
        }

    def save(self, path: str | PathLike[str]) -> None:
        """Write it as a .png strip with a row for each digit, or as a .gif there and back.

        Raises:
            UsageError: another type of file, or a strip too large to open again.
            HandsumError: the file cannot be written; no half-written file is left.
        """
        path = Path(path)
        check_interpolation_path(path)
        data = encode_strip(self) if path.suffix.lower() == ".png" else encode_animation(self)
        with atomic_write(path) as file:
            file.write(data)

    def __repr__(self) -> str:
        return (
            f"<interpolation of {shorten(self.digits)} in {self.steps} steps, "
            f"{shorten(self.hands)}, seed {self.seed}>"
        )

    def _repr_png_(self) -> bytes | None:
        grid = tile(self.images, self.steps)
        return None if max(grid.shape) > LARGEST_SHOWN else encode_png(grid)


def check_interpolation_path(path: Path) -> None:
    """Raise unless an interpolation can be saved under this name; to be called before the work.

    Raises:
        UsageError: not a .png or .gif.
        HandsumError: the name is that of a directory, or its folder is missing.
    """
    if path.suffix.lower() not in (".png", ".gif"):
        raise UsageError(f"cannot write {path}: an interpolation is a .png strip or a .gif")
    check_place(path)


def encode_strip(strip: Interpolation) -> bytes:
    """Return the bytes of a PNG with a row for each digit (see `Interpolation.save`)."""
    return encode_png(tile(_enlarged(strip), strip.steps), _metadata(strip))


def encode_animation(strip: Interpolation) -> bytes:
    """Return the bytes of a GIF that goes through the steps and back."""
    steps = strip.steps
    large = _enlarged(strip)
    columns = min(len(large) // steps, 10)
    frames = [Image.fromarray(tile(large[step::steps], columns)) for step in range(steps)]
    there_and_back = frames + frames[-2:0:-1]
    times = [_FRAME_MILLISECONDS] * len(there_and_back)
    times[0] = times[steps - 1] = _REST_MILLISECONDS
    return encode_gif(there_and_back, times, _metadata(strip))


def _metadata(strip: Interpolation) -> dict[str, str]:
    ends = strip.between if strip.between not in (LATENTS, DIGITS) else None
    return describe(
        seed=strip.seed,
        model=strip.model,
        writer=strip.hand or ends,
        digits=strip.digits,
        between=strip.between,
        steps=strip.steps,
    )


def _enlarged(strip: Interpolation) -> np.ndarray:
    # The frames of the animation have as many pixels together as the strip.
    rows, side = len(strip.images) // strip.steps, DIGIT_SIZE * SCALE
    check_size(strip.steps * side, rows * side, "use fewer `digits` or `steps`")
    size = (SCALE * DIGIT_SIZE, SCALE * DIGIT_SIZE)
    images = (Image.fromarray(image) for image in strip.images)
    return np.stack([np.asarray(image.resize(size, Image.Resampling.BICUBIC)) for image in images])
