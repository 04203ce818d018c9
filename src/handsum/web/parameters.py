"""What can be asked for: every parameter with its bounds, for the API and its documentation."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from handsum.seeds import SEED_LIMIT
from handsum.web import limits
from handsum.web.catalogue import (
    CONDITIONAL,
    GENERATOR,
    GENERATORS,
    READER,
    SEQUENCES,
    SUM_READERS,
    OneOf,
)

Seed = Annotated[
    int | None,
    Field(
        ge=0, lt=SEED_LIMIT, description="The same seed gives the same answer; chosen if not given."
    ),
]
Writer = Annotated[
    str | None,
    Field(
        min_length=1,
        max_length=200,
        description="Whose hand: a writer's number, a mix such as 12+40 or 12:3+40:1, new "
        "for one that nobody has, or like:... fitted to a picture; chosen by the seed if not "
        "given.",
        examples=["12"],
    ),
]
Color = Annotated[str, Field(min_length=1, max_length=30)]


class Parameters(BaseModel):
    """Parameters of a request; one that is not known is an error."""

    model_config = ConfigDict(extra="forbid")


class Written(Parameters):
    """How what is written looks, and how it comes."""

    seed: Seed = None
    writer: Writer = None
    ink: Annotated[
        Color | None,
        Field(description="A colour name, or #rrggbb; dark on light paper if not given."),
    ] = None
    paper: Annotated[Color, Field(description="A colour, or transparent.")] = "white"
    scale: Annotated[
        float,
        Field(ge=0.25, le=limits.LARGEST_SCALE, description="Pixels to a pixel of a 28x28 digit."),
    ] = 4.0
    caption: Annotated[bool, Field(description="Print what it is under it, small.")] = False
    cells: Annotated[bool, Field(description="Plain 28x28 cells side by side.")] = False
    verify: Annotated[
        bool, Field(description="Let the reader check every digit, and redraw what is unclear.")
    ] = True
    format: Annotated[
        Literal["json", "png", "svg"],
        Field(description="JSON with the picture and its facts, or the picture itself."),
    ] = "json"


class SumQuery(Written):
    """A request for sequences with a sum."""

    total: Annotated[
        int, Field(ge=0, le=limits.LARGEST_TOTAL, description="What the digits sum to.")
    ]
    length: Annotated[
        int | None,
        Field(
            ge=1, le=limits.LONGEST, description="How many digits; a typical number if not given."
        ),
    ] = None
    count: Annotated[
        int, Field(ge=1, le=limits.MOST_SEQUENCES, description="How many such sequences.")
    ] = 1
    spacing: Annotated[
        Literal["normal", "wide"], Field(description="The gaps between the digits.")
    ] = "normal"
    model: Annotated[
        str,
        OneOf((*CONDITIONAL, *SEQUENCES)),
        Field(description="The generator; one of sequences plans for itself."),
    ] = GENERATOR


class NumberQuery(Written):
    """A request for a number."""

    text: Annotated[
        str,
        Field(
            min_length=1,
            max_length=limits.LONGEST,
            description="Digits, points, commas and minus signs.",
            examples=["1234567"],
        ),
    ]
    spacing: Annotated[
        Literal["normal", "thousands"], Field(description="Whether thousands stand apart.")
    ] = "normal"
    model: Annotated[str, OneOf(CONDITIONAL), Field(description="The generator.")] = GENERATOR


class GenerateQuery(Parameters):
    """A request for single digits."""

    digits: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=limits.MOST_DIGITS,
            pattern="^[0-9]+$",
            description="Which digits, over and over; all ten if not given.",
        ),
    ] = None
    random: Annotated[bool, Field(description="Draw each at random from the digits.")] = False
    count: Annotated[
        int | None, Field(ge=1, le=limits.MOST_DIGITS, description="Exactly so many.")
    ] = None
    rows: Annotated[
        int | None, Field(ge=1, le=limits.MOST_DIGITS, description="Rows of the digits.")
    ] = None
    columns: Annotated[
        int | None,
        Field(ge=1, le=limits.MOST_DIGITS, description="Columns; one for each digit if not given."),
    ] = None
    mix: Annotated[
        str | None,
        Field(
            max_length=60,
            pattern="^[0-9](,[0-9])*$",
            description="Digits that each one is all at once, with commas (model cgan).",
            examples=["6,4,7"],
        ),
    ] = None
    seed: Seed = None
    writer: Writer = None
    model: Annotated[str, OneOf(GENERATORS), Field(description="The generator.")] = GENERATOR
    format: Annotated[Literal["json", "png"], Field(description="JSON, or the grid itself.")] = (
        "json"
    )

    @model_validator(mode="after")
    def _bounded(self) -> GenerateQuery:
        columns = self.columns or len(self.digits or "0123456789")
        if self.count is None and (self.rows or 8) * columns > limits.MOST_DIGITS:
            raise ValueError(f"rows times columns are at most {limits.MOST_DIGITS} digits")
        return self


class InterpolateQuery(Parameters):
    """A request for digits on the way from one to another."""

    between: Annotated[
        str,
        Field(
            min_length=1,
            max_length=400,
            description="Two hands such as 12..40; or latents, from one drawing to another; or "
            "digits, from each digit to the next (model cgan).",
        ),
    ] = "latents"
    digits: Annotated[
        str,
        Field(
            min_length=1,
            max_length=limits.MOST_INTERPOLATED,
            pattern="^[0-9]+$",
            description="Which digits.",
        ),
    ] = "0123456789"
    steps: Annotated[int, Field(ge=2, le=limits.MOST_STEPS, description="Steps on the way.")] = 8
    seed: Seed = None
    writer: Writer = None
    model: Annotated[str, OneOf(CONDITIONAL), Field(description="The generator.")] = GENERATOR
    format: Annotated[
        Literal["json", "png", "gif"],
        Field(description="JSON, a strip, or an animation there and back."),
    ] = "json"


class HandsQuery(Parameters):
    """A request for a sheet of hands."""

    first: Annotated[int, Field(ge=0, le=493, description="The first writer.")] = 0
    count: Annotated[int, Field(ge=1, le=limits.MOST_HANDS, description="How many hands.")] = 24
    digits: Annotated[
        str, Field(min_length=1, max_length=10, pattern="^[0-9]+$", description="What they write.")
    ] = "0123456789"
    seed: Seed = 0


class PictureQuery(Parameters):
    """How a picture is to be read."""

    length: Annotated[
        int | None,
        Field(ge=1, le=limits.LONGEST, description="How many digits, where it is known."),
    ] = None
    punctuation: Annotated[bool, Field(description="Keep points and commas in the rows.")] = False
    model: Annotated[
        str,
        OneOf((READER, *SUM_READERS)),
        Field(description="The reader; cnn-lstm gives the sum of what cnn finds."),
    ] = READER


class VisualizeQuery(Parameters):
    """A request for the stages of a generator."""

    number: Annotated[
        int | None,
        Field(
            ge=0,
            le=limits.LARGEST_TOTAL,
            description="The digit, or a sequence model's total; nothing for random digits.",
        ),
    ] = None
    length: Annotated[
        int | None, Field(ge=1, le=limits.LONGEST, description="How many digits (sequences).")
    ] = None
    writer: Writer = None
    seed: Seed = None
    model: Annotated[str, OneOf((*GENERATORS, *SEQUENCES)), Field(description="The generator.")] = (
        GENERATOR
    )
