"""One plain function for each request: it calls the package and returns the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from starlette.responses import Response

from handsum.errors import UsageError
from handsum.web import limits, results
from handsum.web.catalogue import CONDITIONAL, FINDER, GENERATOR, READER
from handsum.web.parameters import (
    GenerateQuery,
    HandsQuery,
    InterpolateQuery,
    LikeQuery,
    NumberQuery,
    SumQuery,
    VisualizeQuery,
    Written,
)
from handsum.web.problems import in_words
from handsum.web.uploads import open_upload
from handsum.web.work import Progress

if TYPE_CHECKING:
    from handsum.layout.encoding import Output
    from handsum.layout.style import Style
    from handsum.writing.digits import Digits
    from handsum.writing.interpolate import Interpolation
    from handsum.writing.sequences import Sequences
    from handsum.writing.sheet import HandSheet
    from handsum.writing.stages import GeneratorStage


def models() -> results.Zoo:
    """List every model."""
    from handsum.models.registry import ENTRIES
    from handsum.pretrained.zoo import list_models

    return results.Zoo(
        models=[
            results.Model(
                **row,
                measured={one["name"]: one["text"] for one in row["figures"].values()} or None,
                default=row["name"] in (GENERATOR, READER, FINDER),
                mixes=ENTRIES[row["name"]].mixes,
                writers=_writers(row["name"]) if row["name"] in CONDITIONAL else None,
            )
            for row in list_models()
        ]
    )


def _writers(name: str) -> int:
    from handsum.pretrained.snapshots import WEIGHTS, read_facts

    return int(read_facts(WEIGHTS / name)["config"].get("writers", 1))


def write_sum(query: SumQuery, progress: Progress) -> results.WrittenResult | Response:
    """Write sequences with a sum."""
    from handsum.writing import write as writing

    length = writing.length_for(query.total, query.length, query.model)
    if query.count * length > limits.MOST_WRITTEN:
        raise UsageError(
            f"{query.count} sequences of {length} digits are too many at once: "
            f"use up to {limits.MOST_WRITTEN} digits in all"
        )
    style, output = _style(query, query.count, length), _output(query)
    written = writing.sum_sequence(
        query.total,
        length,
        count=query.count,
        seed=query.seed,
        writer=query.writer,
        verify=query.verify,
        model=query.model,
        reader=query.reader,
        style=style,
        progress=progress,
    )
    return _written(written, query, style, output)


def write_number(query: NumberQuery, progress: Progress) -> results.WrittenResult | Response:
    """Write a number."""
    from handsum.writing import write as writing

    style, output = _style(query, 1, len(query.text)), _output(query)
    written = writing.number(
        query.text,
        seed=query.seed,
        writer=query.writer,
        verify=query.verify,
        model=query.model,
        reader=query.reader,
        style=style,
        progress=progress,
    )
    return _written(written, query, style, output)


def _style(query: SumQuery | NumberQuery, count: int, length: int) -> Style:
    """The requested style. Its size is checked here, before the work and not after it."""
    from handsum.layout.rows import check_least_size
    from handsum.layout.style import Style

    style = Style(
        query.scale,
        query.ink,
        query.paper,
        spacing=isinstance(query, NumberQuery) and query.spacing,
        wide=query.wide,
        cells=query.cells,
        dpi=query.dpi,
        height=query.height,
        pen=query.pen,
        as_drawn=query.as_drawn,
    )
    if style.factor > limits.LARGEST_SCALE:
        raise UsageError(
            f"these digits are too large: use a `scale` of up to {limits.LARGEST_SCALE:g}"
        )
    check_least_size(style, count, length, f".{query.format}")
    return style


def _output(query: Written) -> Output:
    """How the picture is written; checked before the work, too."""
    from handsum.layout.encoding import Output

    output = Output(query.centerline, query.animate, query.duration)
    # The picture in JSON is a PNG.
    output.check_ending(".png" if query.format == "json" else f".{query.format}")
    return output


def _written(
    written: Sequences, query: Written, style: Style, output: Output
) -> results.WrittenResult | Response:
    from handsum.layout.encoding import MEDIA_TYPES
    from handsum.writing.sequences import encode_sequences

    shown = written.captions(style) if query.caption else None
    ending = ".png" if query.format == "json" else f".{query.format}"
    file = encode_sequences(written, style, ending, output, captions=shown)
    if query.format != "json":
        return Response(file.data, media_type=MEDIA_TYPES[ending])
    width, height = file.size
    return results.WrittenResult(
        sequences=[results.Sequence(**row) for row in written.as_dicts(file.places, strokes=False)],
        writer=written.writer,
        seed=written.seed,
        model=written.model,
        width=width,
        height=height,
        picture=results.data_url(file.data),
        notes=[in_words(note) for note in written.notes],
    )


def generate(query: GenerateQuery, progress: Progress) -> results.DrawnResult | Response:
    """Draw single digits."""
    from handsum.writing import generate as drawing
    from handsum.writing.digits import encode_digits

    drawn = drawing.generate(
        query.digits,
        random=query.random,
        rows=query.rows,
        columns=query.columns,
        count=query.count,
        seed=query.seed,
        writer=query.writer,
        model=query.model,
        mix=query.mix,
        progress=progress,
    )
    picture = encode_digits(drawn)
    if query.format == "png":
        return Response(picture, media_type="image/png")
    asked = query.mix is None and query.model in CONDITIONAL
    return _drawn(drawn, drawn.columns, picture, drawn.cell, asked)


def interpolate(query: InterpolateQuery, progress: Progress) -> results.DrawnResult | Response:
    """Draw the steps from one hand, drawing or digit to another."""
    from handsum.writing import interpolate as steps

    drawn = steps.interpolate(
        query.between,
        query.digits,
        steps=query.steps,
        seed=query.seed,
        writer=query.writer,
        model=query.model,
    )
    if query.format == "gif":
        return Response(steps.encode_animation(drawn), media_type="image/gif")
    picture = steps.encode_strip(drawn)
    if query.format == "png":
        return Response(picture, media_type="image/png")
    size = 28 * steps.SCALE
    asked = drawn.between != steps.DIGITS
    return _drawn(drawn, drawn.steps, picture, size, asked=asked)


def _drawn(
    drawn: Digits | Interpolation, columns: int, picture: bytes, size: int, asked: bool
) -> results.DrawnResult:
    from handsum.pretrained.load import load_reader

    probabilities, odds = load_reader().read(drawn.images)
    rows = zip(drawn.labels, probabilities, odds, drawn.writers, strict=True)
    return results.DrawnResult(
        digits=[
            results.Drawn(
                asked=int(label) if asked else None,
                reads=int(row.argmax()),
                confidence=float(row.max()),
                is_digit=bool(odd >= 0),
                writer=int(writer),
            )
            for label, row, odd, writer in rows
        ],
        columns=columns,
        seed=drawn.seed,
        model=drawn.model,
        size=size,
        picture=results.data_url(picture),
        probabilities=probabilities.mean(0).tolist(),
        notes=[in_words(note) for note in drawn.notes],
    )


def hands(query: HandsQuery, progress: Progress) -> results.Hands:
    """Show samples of hands."""
    from handsum.writing.writers import writers

    return _sheet(
        writers(query.first, query.count, query.digits, seed=query.seed, progress=progress)
    )


def hands_like(file: BinaryIO, query: LikeQuery, progress: Progress) -> results.Hands:
    """Show a hand fitted to the digits in a picture, and the most similar writers."""
    from handsum.reading.predict import predict_picture
    from handsum.writing.writers import fit_writer

    progress(0, 2)
    prediction = predict_picture(open_upload(file))
    progress(1, 2)
    digits = prediction.files[0].digits[:10] or "0"
    return _sheet(
        fit_writer(prediction, count=query.count, digits=digits, seed=query.seed, progress=progress)
    )


def _sheet(sheet: HandSheet) -> results.Hands:
    from handsum.layout.style import Style
    from handsum.pretrained.load import load_generator
    from handsum.writing.sequences import draw_picture

    style = Style(2.0, "black", "transparent")
    shown = []
    for row, name in enumerate(sheet.names):
        pixels = draw_picture(sheet.sequences, style, rows=slice(row, row + 1)).pixels
        height, width = pixels.shape[:2]
        writer = int(name) if name.isdigit() else name
        url = results.png_url(pixels)
        shown.append(results.Hand(writer=writer, picture=url, width=width, height=height))
    if sheet.hand is not None:
        shown[0].fit = sheet.hand.fit
    return results.Hands(
        writers=load_generator().writers,
        hands=shown,
        seed=sheet.sequences.seed,
        notes=[in_words(note) for note in sheet.notes],
    )


def visualize(query: VisualizeQuery, progress: Progress) -> results.Stages:
    """Show the stages of a generator."""
    from handsum.writing.visualize import visualize as follow

    passed = follow(
        query.number,
        model=query.model,
        length=query.length,
        writer=query.writer,
        seed=query.seed,
    )
    return results.Stages(
        stages=[_stage(stage) for stage in passed.stages],
        what=passed.what,
        model=passed.model,
        seed=passed.seed,
        notes=[in_words(note) for note in passed.notes],
    )


def _stage(stage: GeneratorStage) -> results.Stage:
    from handsum.writing.stages import montage

    grid = np.nan_to_num(montage(stage.values))
    bound = float(np.abs(grid).max()) or 1.0
    grey = np.rint(128 + 127 * grid / bound).astype(np.uint8)
    shape = stage.values.shape
    columns = (grey.shape[1] + 1) // (shape[1] + 1) if len(shape) == 3 else grey.shape[1]
    return results.Stage(
        name=stage.name,
        title=stage.title,
        shape=list(shape),
        columns=columns,
        bound=bound,
        picture=results.png_url(grey),
    )
