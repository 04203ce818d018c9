"""The parameters of every request, with their bounds and descriptions; /docs shows them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from handsum.seeds import SEED_LIMIT
from handsum.web import limits
from handsum.web.catalogue import (
    FINDER,
    GENERATOR,
    READER,
    AnyReader,
    CheckingReader,
    GenerateModel,
    NumberModel,
    SumModel,
    VisualizeModel,
)

DIGITS = "^[0-9]+$"
MIX = "^[0-9](,[0-9])*$"


def _positive(largest: int, description: str) -> Any:
    """A whole number from 1 to `largest`."""
    return Field(ge=1, le=largest, description=description)


Seed = Annotated[
    int | None,
    Field(
        ge=0,
        lt=SEED_LIMIT,
        description="Random seed; the same seed gives the same answer. Random by default.",
    ),
]
Writer = Annotated[
    str | None,
    Field(
        min_length=1,
        max_length=200,
        description="Whose hand: a writer's number, a mix such as 12+40 or 12:3+40:1, `new` for "
        "an invented hand, or `like:...` for a hand fitted to a picture. By default the seed "
        "chooses a writer.",
        examples=["12"],
    ),
]
Color = Annotated[str, Field(min_length=1, max_length=30)]


class Parameters(BaseModel):
    """Parameters of a request; an unknown one is an error."""

    model_config = ConfigDict(extra="forbid")


class Written(Parameters):
    """The look of a written sum or number, and the format of the answer."""

    seed: Seed = None
    writer: Writer = None
    ink: Annotated[
        Color | None,
        Field(
            description="Colour of the ink: a name such as navy, or #rrggbb. By default dark on "
            "light paper and white on dark paper."
        ),
    ] = None
    paper: Annotated[
        Color, Field(description="Colour of the paper: a name, #rrggbb, or transparent.")
    ] = "white"
    scale: Annotated[
        float | None,
        Field(
            ge=0.25,
            le=limits.LARGEST_SCALE,
            description="Size: picture pixels per pixel of a 28x28 digit. 4 by default, 1 with "
            "`cells`.",
        ),
    ] = None
    height: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=20,
            description="Height of a digit instead of a scale: in pixels, or in mm, cm, in or pt.",
            examples=["12mm"],
        ),
    ] = None
    dpi: Annotated[
        float | None,
        Field(
            ge=1,
            le=10_000,
            description="Resolution for printing, in pixels per inch. 300 by default if the height "
            "is in mm, cm, in or pt.",
        ),
    ] = None
    pen: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=20,
            description="The pen: fine, ballpoint, felt or marker, a width such as 0.5mm (with a "
            "size on paper), or a share of the height. By default the hand's own.",
            examples=["felt"],
        ),
    ] = None
    as_drawn: Annotated[
        bool,
        Field(
            description="Leave each digit its own width, and loops unclosed, or filled where a "
            "finer pen would open them."
        ),
    ] = False
    wide: Annotated[bool, Field(description="Wide gaps between the digits.")] = False
    caption: Annotated[
        bool, Field(description="Print the number or the sum, small, under the digits.")
    ] = False
    cells: Annotated[
        bool, Field(description="Plain 28x28 cells side by side, without gaps and margins.")
    ] = False
    verify: Annotated[
        bool,
        Field(description="Check every digit with the reader, and redraw the ones it misreads."),
    ] = True
    reader: Annotated[CheckingReader, Field(description="The model that checks the digits.")] = (
        READER
    )
    centerline: Annotated[
        bool,
        Field(description="In an SVG, draw the way of the pen instead of outlines, for plotters."),
    ] = False
    animate: Annotated[
        bool,
        Field(description="In an SVG, let the pen write stroke by stroke, as in a GIF or WebP."),
    ] = False
    duration: Annotated[
        float | None,
        Field(
            ge=0.2,
            le=60,
            description="How long the animation takes, in seconds; by default the time of a hand.",
        ),
    ] = None
    format: Annotated[
        Literal["json", "png", "svg", "gif", "webp", "inkml"],
        Field(
            description="JSON with the picture and its details; only the picture; an animation "
            "in which the pen writes; or the strokes as InkML."
        ),
    ] = "json"


class SumQuery(Written):
    """A request for sequences of digits with a given sum."""

    total: Annotated[
        int, Field(ge=0, le=limits.LARGEST_TOTAL, description="The sum of the digits.")
    ]
    length: Annotated[
        int | None,
        _positive(limits.LONGEST, "Number of digits; by default a typical one for the total."),
    ] = None
    count: Annotated[int, _positive(limits.MOST_SEQUENCES, "Number of sequences.")] = 1
    model: Annotated[
        SumModel,
        Field(
            description="The generator. The sequence generators choose the digits themselves, and "
            "can get the sum wrong."
        ),
    ] = GENERATOR


class NumberQuery(Written):
    """A request for a number."""

    text: Annotated[
        str,
        Field(
            min_length=1,
            max_length=limits.LONGEST,
            description="The number: digits and the marks . , - + = / : % ( ) $ €. A space, or an "
            "apostrophe between digits, is a gap.",
            examples=["1234567"],
        ),
    ]
    spacing: Annotated[
        bool, Field(description="Gaps between groups of thousands, counted from the right.")
    ] = False
    model: Annotated[NumberModel, Field(description="The generator.")] = GENERATOR


class GenerateQuery(Parameters):
    """A request for single digits."""

    digits: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=limits.MOST_DIGITS,
            pattern=DIGITS,
            description="The digits to draw, repeated until there are enough; by default all ten.",
        ),
    ] = None
    random: Annotated[bool, Field(description="Choose each digit at random from `digits`.")] = False
    count: Annotated[
        int | None,
        _positive(limits.MOST_DIGITS, "Exact number of digits, instead of rows."),
    ] = None
    rows: Annotated[
        int | None,
        _positive(limits.MOST_DIGITS, "Number of rows; 8 by default."),
    ] = None
    columns: Annotated[
        int | None,
        _positive(limits.MOST_DIGITS, "Number of columns; by default one for each of `digits`."),
    ] = None
    mix: Annotated[
        str | None,
        Field(
            max_length=60,
            pattern=MIX,
            description="Several digits to mix into each image, with commas between them "
            "(cgan only).",
            examples=["6,4,7"],
        ),
    ] = None
    seed: Seed = None
    writer: Writer = None
    model: Annotated[GenerateModel, Field(description="The generator.")] = GENERATOR
    format: Annotated[
        Literal["json", "png"],
        Field(description="JSON with the picture and its details, or only the picture."),
    ] = "json"

    @model_validator(mode="after")
    def _check_size(self) -> GenerateQuery:
        columns = self.columns or len(self.digits or "0123456789")
        if self.count is None and (self.rows or 8) * columns > limits.MOST_DIGITS:
            raise ValueError(f"rows times columns is at most {limits.MOST_DIGITS} digits")
        return self


class InterpolateQuery(Parameters):
    """A request for the digits between two hands, drawings or digits."""

    between: Annotated[
        str,
        Field(
            min_length=1,
            max_length=400,
            description="Two hands such as 12..40; `latents` for two drawings of each digit; or "
            "`digits` for each digit and the next (cgan only).",
        ),
    ] = "latents"
    digits: Annotated[
        str,
        Field(
            min_length=1,
            max_length=limits.MOST_INTERPOLATED,
            pattern=DIGITS,
            description="The digits to draw.",
        ),
    ] = "0123456789"
    steps: Annotated[
        int,
        Field(ge=2, le=limits.MOST_STEPS, description="Number of steps, both ends included."),
    ] = 8
    seed: Seed = None
    writer: Writer = None
    model: Annotated[NumberModel, Field(description="The generator.")] = GENERATOR
    format: Annotated[
        Literal["json", "png", "gif"],
        Field(description="JSON, a strip of pictures, or an animation forwards and backwards."),
    ] = "json"


class HandsQuery(Parameters):
    """A request for samples of hands."""

    first: Annotated[
        int, Field(ge=0, lt=limits.MOST_HANDS, description="The first writer to show.")
    ] = 0
    count: Annotated[int, _positive(limits.MOST_HANDS, "Number of hands to show.")] = 24
    digits: Annotated[
        str,
        Field(min_length=1, max_length=10, pattern=DIGITS, description="The digits they write."),
    ] = "0123456789"
    seed: Seed = None


class LikeQuery(Parameters):
    """A request for a hand fitted to a picture."""

    count: Annotated[
        int,
        _positive(
            limits.MOST_HANDS,
            "Number of hands to show: the fitted one and the most similar writers.",
        ),
    ] = 24
    seed: Seed = None


class PictureQuery(Parameters):
    """How to read a picture."""

    length: Annotated[
        int | None,
        _positive(
            limits.LONGEST,
            "Number of digits in the picture, if known: the most probable ones are read.",
        ),
    ] = None
    punctuation: Annotated[
        bool, Field(description="Keep the signs . , - / : + = % ( ) $ in the rows.")
    ] = False
    pattern: Annotated[
        str | None,
        Field(
            max_length=limits.LONGEST,
            description="What each row may be: amount, date, time, phone, digits{4}, or signs such "
            "as [0-9]+%. The rows then have their signs.",
        ),
    ] = None
    reader: Annotated[
        AnyReader,
        Field(
            description="The model that reads. A sum reader such as cnn-lstm predicts the sum of "
            "the digits that detector finds."
        ),
    ] = FINDER


class VisualizeQuery(Parameters):
    """A request for the stages of a generator."""

    number: Annotated[
        int | None,
        Field(
            ge=0,
            le=limits.LARGEST_TOTAL,
            description="The digit, or the total for a sequence generator; nothing for a generator "
            "of random digits.",
        ),
    ] = None
    length: Annotated[
        int | None,
        _positive(limits.LONGEST, "Number of digits (sequence generators only); 5 by default."),
    ] = None
    writer: Writer = None
    seed: Seed = None
    model: Annotated[VisualizeModel, Field(description="The generator.")] = GENERATOR
