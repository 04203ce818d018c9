"""The result of `interpolate`: saved as a strip or an animation, shown in a notebook."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from handsum.errors import UsageError
from handsum.files import atomic_write, check_place
from handsum.images import DIGIT_SIZE, LARGEST_SHOWN, describe, encode_gif, encode_png, tile
from handsum.layout.rows import check_size
from handsum.writing.digits import shorten

if TYPE_CHECKING:
    from os import PathLike


# What `between` may be, besides two hands.
LATENTS = "latents"
DIGITS = "digits"
SCALE = 4
_FRAME_MILLISECONDS = 80
_REST_MILLISECONDS = 600


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
