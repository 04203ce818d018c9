"""What is answered, as documented JSON; pictures in it are data URLs."""

from __future__ import annotations

import base64

import numpy as np
from pydantic import BaseModel, Field

from handsum.images import encode_png

Box = tuple[int, int, int, int]


def data_url(data: bytes, kind: str = "image/png") -> str:
    """A file as a data URL."""
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def png_url(pixels: np.ndarray) -> str:
    """Pixels (see `images.encode_png`) as a data URL."""
    return data_url(encode_png(pixels))


class Status(BaseModel):
    """Whether the models are loaded, and which."""

    version: str
    state: str = Field(description="loading or ready.")
    done: int
    wanted: int
    doing: str | None = Field(description="What is being loaded.")
    ready: list[str]
    failed: dict[str, str] = Field(description="What could not be loaded, and why.")


class Model(BaseModel):
    """A model of the zoo."""

    name: str
    task: str
    summary: str
    bundled: bool
    parameters: int | None
    bytes: int | None
    measured: dict[str, str] | None = Field(description="Figures by their name.")
    default: bool = Field(description="Whether it is used where none is asked for.")
    mixes: bool = Field(description="Whether it can draw several digits at once.")
    writers: int | None = Field(description="How many hands it knows; 1 for none in particular.")


class Zoo(BaseModel):
    """All models."""

    models: list[Model]


class Sequence(BaseModel):
    """A written sequence."""

    digits: str
    total: int = Field(description="The sum of the digits.")
    boxes: list[Box] = Field(description="Each digit's x, y, width and height in the picture.")
    readings: str | None = Field(description="What the reader sees; null if it was not asked.")
    redrawn: int = Field(description="How many digits it had drawn again.")


class WrittenResult(BaseModel):
    """Written sequences, and their picture."""

    sequences: list[Sequence]
    writer: int | str | list[int] | None
    seed: int
    model: str
    width: int
    height: int
    picture: str = Field(description="A PNG as a data URL.")


class Drawn(BaseModel):
    """A single digit: what it was asked to be, and what the reader makes of it."""

    asked: int | None = Field(description="null where it was not asked to be any one digit.")
    reads: int
    confidence: float = Field(description="The reader's probability of what it reads.")
    is_digit: bool = Field(description="Whether the reader takes it for a digit at all.")
    writer: int = Field(description="-1 for a hand that is no single writer's.")


class DrawnResult(BaseModel):
    """Single digits in a grid."""

    digits: list[Drawn]
    columns: int
    seed: int
    model: str
    size: int = Field(description="Pixels of a digit's side in the picture.")
    picture: str = Field(description="The grid of digits, white on black: a PNG as a data URL.")
    probabilities: list[float] = Field(description="The reader's, for each class; mean of all.")


class Hand(BaseModel):
    """A writer's hand, or one fitted to a picture's digits."""

    writer: int | str = Field(description="What asks for it: a number, or like:... where fitted.")
    picture: str = Field(description="Digits in that hand, on nothing: a PNG as a data URL.")
    width: int
    height: int
    fit: float | None = Field(
        default=None,
        description="Of a fitted hand: the share of writers whose own digits are no nearer to what "
        "is drawn with theirs.",
    )


class Hands(BaseModel):
    """A sheet of hands."""

    writers: int = Field(description="How many there are to choose from.")
    hands: list[Hand]


class Read(BaseModel):
    """One digit that was read."""

    digit: int
    confidence: float
    box: Box
    probabilities: list[float] = Field(description="Of each class.")
    picture: str = Field(description="The 28x28 picture that the network saw: a PNG's data URL.")


class Reading(BaseModel):
    """What a picture says."""

    digits: list[Read]
    rows: list[str]
    others: list[Box] = Field(description="What is written and is no digit.")
    message: str | None = Field(description="Why nothing was read.")
    width: int = Field(description="Of the upright picture, to which the boxes belong.")
    height: int
    sum: int | None
    probability: float | None
    interval: tuple[int, int] | None = Field(description="The central 90% interval.")
    distribution: dict[str, float] = Field(description="The probability of each likely sum.")


class Stage(BaseModel):
    """A stage of a generator."""

    name: str
    title: str
    shape: list[int] = Field(description="(C), (L, C), or (H, W, C).")
    columns: int = Field(description="Maps beside one another in the picture.")
    bound: float = Field(description="What black (-bound) and white (+bound) stand for.")
    picture: str = Field(
        description="The values as grey, 128 for 0: maps with a gap of a pixel, or rows of values."
    )


class Stages(BaseModel):
    """All stages of one pass through a generator."""

    stages: list[Stage]
    what: str
    model: str
    seed: int
