"""The answers of the API, as documented JSON; pictures in them are data URLs."""

from __future__ import annotations

import base64

import numpy as np
from pydantic import BaseModel, Field

from handsum import stopping
from handsum.images import encode_png

Box = tuple[int, int, int, int]


def data_url(data: bytes, media_type: str = "image/png") -> str:
    """A file as a data URL."""
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def png_url(pixels: np.ndarray) -> str:
    """Pixels (see `images.encode_png`) as a data URL."""
    stopping.check()
    return data_url(encode_png(pixels))


class Status(BaseModel):
    """The state of the server: which models are loaded."""

    version: str
    state: str = Field(description="loading or ready.")
    done: int = Field(description="Number of steps done.")
    total: int = Field(description="Number of steps in all.")
    doing: str | None = Field(description="The model that is being loaded.")
    ready: list[str] = Field(description="The models that are loaded.")
    failed: dict[str, str] = Field(description="The models that could not be loaded, and why.")


class Model(BaseModel):
    """A model of the zoo."""

    name: str
    task: str
    summary: str
    bundled: bool = Field(description="Whether its weights are in the package.")
    parameters: int | None = Field(description="Number of parameters of the network.")
    bytes: int | None = Field(description="Size of its files.")
    measured: dict[str, str] | None = Field(description="Measured figures by name.")
    default: bool = Field(description="Whether it is a default model.")
    mixes: bool = Field(description="Whether it can mix several digits in one image.")
    writers: int | None = Field(description="Number of hands it knows; 1 if it knows no writers.")


class Zoo(BaseModel):
    """All models."""

    models: list[Model]


class Sequence(BaseModel):
    """A written sequence."""

    text: str | None = Field(
        default=None,
        description="A number with its marks and gaps; null for a sum.",
    )
    digits: str
    total: int = Field(description="The sum of the digits.")
    boxes: list[Box] = Field(description="Each digit's x, y, width and height in the picture.")
    readings: str | None = Field(
        description="The digits as the reader reads them; null without the check."
    )
    redrawn: int = Field(description="Number of digits that were redrawn.")


class WrittenResult(BaseModel):
    """Written sequences and their picture."""

    sequences: list[Sequence]
    writer: int | str | list[int] | None = Field(
        description="The hand; a list if the sequences' hands differ, null if the model knows none."
    )
    seed: int
    model: str
    width: int
    height: int
    picture: str = Field(description="A PNG as a data URL.")
    notes: list[str] = Field(description="Warnings and hints; empty if there are none.")


class Drawn(BaseModel):
    """A single digit: its label, and what the reader reads."""

    asked: int | None = Field(description="Its label; null for random digits and mixtures.")
    reads: int = Field(description="The digit that the reader reads.")
    confidence: float = Field(description="The reader's probability for that digit.")
    is_digit: bool = Field(description="Whether the reader takes it for a digit at all.")
    writer: int = Field(description="The writer; -1 if the hand is not a single writer's.")


class DrawnResult(BaseModel):
    """Single digits, in a grid."""

    digits: list[Drawn]
    columns: int
    seed: int
    model: str
    size: int = Field(description="Width and height of a digit in the picture, in pixels.")
    picture: str = Field(description="The grid of digits, white on black: a PNG as a data URL.")
    probabilities: list[float] = Field(
        description="The reader's mean probability for each digit, 0 to 9."
    )
    notes: list[str] = Field(description="Warnings and hints; empty if there are none.")


class Hand(BaseModel):
    """A writer's hand, or one fitted to a picture's digits."""

    writer: int | str = Field(
        description="The value for `writer`: a number, or `like:...` for a fitted hand."
    )
    picture: str = Field(description="Digits on transparent paper: a PNG as a data URL.")
    width: int
    height: int
    fit: float | None = Field(
        default=None,
        description="For a fitted hand: the share of writers whose own digits are no nearer to "
        "those drawn in their hand.",
    )


class Hands(BaseModel):
    """Samples of hands."""

    writers: int = Field(description="Number of hands to choose from.")
    seed: int
    hands: list[Hand]
    notes: list[str] = Field(description="Warnings and hints; empty if there are none.")


class Read(BaseModel):
    """One digit that was read in a picture."""

    digit: int
    confidence: float = Field(description="The reader's probability for this digit.")
    box: Box = Field(description="Its x, y, width and height in the picture.")
    probabilities: list[float] = Field(description="The probability of each digit, 0 to 9.")
    picture: str = Field(
        description="The digit, cut out to 28x28 as in MNIST, as a PNG's data URL."
    )


class Reading(BaseModel):
    """The digits in a picture, and their sum."""

    digits: list[Read]
    rows: list[str] = Field(description="The text, row by row.")
    others: list[Box] = Field(description="The boxes of marks that are not digits.")
    error: str | None = Field(description="Why no digits were read.")
    width: int = Field(description="Width of the upright picture, in which the boxes are.")
    height: int = Field(description="Height of the upright picture.")
    sum: int | None = Field(description="The most probable sum.")
    probability: float | None = Field(description="The probability of that sum.")
    interval: tuple[int, int] | None = Field(description="The central 90% interval of the sum.")
    distribution: dict[str, float] = Field(description="The probability of each likely sum.")
    notes: list[str] = Field(description="Warnings and hints; empty if there are none.")


class Stage(BaseModel):
    """A stage of a generator."""

    name: str
    title: str
    shape: list[int] = Field(description="(C), (L, C), or (H, W, C).")
    columns: int = Field(description="Number of feature maps in a row of the picture.")
    bound: float = Field(description="Black is -bound, white is +bound.")
    picture: str = Field(
        description="The values as grey levels, 128 for 0: feature maps one pixel apart, or rows "
        "of values. A PNG as a data URL."
    )


class Stages(BaseModel):
    """All stages of one pass through a generator."""

    stages: list[Stage]
    what: str = Field(description='The drawn digit or digits, such as "7, writer 12".')
    model: str
    seed: int
    notes: list[str] = Field(description="Warnings and hints; empty if there are none.")
