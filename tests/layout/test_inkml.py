"""InkML: read back with a small parser of its own, it holds the strokes and their times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from xml.etree import ElementTree

import numpy as np
import pytest

from handsum.images import describe
from handsum.layout.inkml import encode_inkml
from handsum.layout.rows import Sheet, compose
from handsum.layout.style import DIGIT_HEIGHT, Style
from handsum.layout.tempo import LONGEST, hand_tempo, strokes_as_dicts
from handsum.strokes import Strokes

INKML = "{http://www.w3.org/2003/InkML}"
XML_ID = "{http://www.w3.org/XML/1998/namespace}id"
# Elements by those that they may be in, and the attributes of each, from the recommendation.
ALLOWED = {
    "ink": ({"annotation", "definitions", "traceGroup"}, set()),
    "annotation": (set(), {"type"}),
    "definitions": ({"inkSource", "brush", "context"}, set()),
    "inkSource": ({"traceFormat", "activeArea", "channelProperties"}, {XML_ID}),
    "traceFormat": ({"channel"}, {XML_ID}),
    "channel": (set(), {"name", "type", "units"}),
    "activeArea": (set(), {"width", "height", "units"}),
    "channelProperties": ({"channelProperty"}, set()),
    "channelProperty": (set(), {"channel", "name", "value", "units"}),
    "brush": ({"brushProperty"}, {XML_ID}),
    "brushProperty": (set(), {"name", "value", "units"}),
    "context": (set(), {XML_ID, "inkSourceRef", "traceFormatRef", "brushRef"}),
    "traceGroup": ({"annotation", "traceGroup", "trace"}, {"brushRef", "contextRef"}),
    "trace": (set(), set()),
}


@dataclass
class Read:
    """A digit or mark: its kind and label, and each trace as channels of a name."""

    kind: str
    label: str
    traces: list[dict[str, np.ndarray]]


def read_inkml(data: bytes) -> tuple[list[str], list[list[Read]]]:
    """The texts of the rows, and the digits and marks in each."""
    root = ElementTree.fromstring(data)
    channels = [one.get("name", "") for one in root.iter(f"{INKML}channel")]
    texts, rows = [], []
    for row in root.findall(f"{INKML}traceGroup"):
        texts.append(row.findtext(f"{INKML}annotation") or "")
        items = []
        for group in row.findall(f"{INKML}traceGroup"):
            (annotation,) = group.findall(f"{INKML}annotation")
            traces = []
            for trace in group.findall(f"{INKML}trace"):
                points = [part.split() for part in (trace.text or "").split(",")]
                columns = np.array(points, float).T
                traces.append(dict(zip(channels, columns, strict=True)))
            items.append(Read(annotation.get("type", ""), annotation.text or "", traces))
        rows.append(items)
    return texts, rows


@pytest.fixture
def sheet(write_row: Callable[..., list[Strokes]]) -> Sheet:
    rngs = [np.random.default_rng(n) for n in range(2)]
    return compose([write_row("12"), write_row("408")], rngs, Style(), None, ["12", "4,08"])


@pytest.mark.parametrize("style", [Style(), Style(height="12mm", pen="felt", paper="navy")])
def test_the_traces_are_the_strokes_of_the_sheet(sheet: Sheet, style: Style) -> None:
    texts, rows = read_inkml(encode_inkml(sheet, style, ["12", "4,08"], describe(seed=4)))
    assert texts == ["12", "4,08"]
    assert [[item.label for item in row] for row in rows] == [["1", "2"], ["4", ",", "0", "8"]]
    assert [item.kind for item in rows[1]] == ["digit", "mark", "digit", "digit"]
    moments = iter(hand_tempo(sheet).moments)
    for row, line in zip(rows, sheet.rows, strict=True):
        for item, placed in zip(row, line, strict=True):
            samples = placed.strokes.scale(style.factor).sample(8)
            for trace, points, times in zip(item.traces, samples, next(moments), strict=True):
                assert trace["X"] == pytest.approx(points[:, 0], abs=0.006)
                assert trace["Y"] == pytest.approx(points[:, 1], abs=0.006)
                assert trace["W"] == pytest.approx(2 * points[:, 2], abs=0.0006)
                assert trace["T"] == pytest.approx(times, abs=0.00006)


@pytest.mark.parametrize("text", ["1", "11", "8" * 150])
def test_the_times_are_a_hand_s_as_in_json(
    text: str, write_row: Callable[..., list[Strokes]]
) -> None:
    """However short or long: only an animation rests at the end, or hurries."""
    sheet = compose([write_row(text)], [np.random.default_rng(0)], Style(), None, [text])
    _, ((*_, last),) = read_inkml(encode_inkml(sheet, Style(), [text], describe(seed=4)))
    end = strokes_as_dicts(sheet.rows[0], DIGIT_HEIGHT)[-1]["times"][-1]
    assert last.traces[-1]["T"][-1] == pytest.approx(end, abs=0.001)
    assert (end > LONGEST) == (len(text) > 100)


def test_every_element_is_one_of_inkml(sheet: Sheet) -> None:
    data = encode_inkml(sheet, Style(), ["1 < 2", '"&"'], describe(seed=4, writer="a&b"))
    root = ElementTree.fromstring(data)
    assert root.tag == f"{INKML}ink"
    for element in root.iter():
        name = element.tag.removeprefix(INKML)
        children, attributes = ALLOWED[name]
        assert {child.tag.removeprefix(INKML) for child in element} <= children
        assert {*element.attrib} <= attributes
    names = {element.get(XML_ID) for element in root.iter() if element.get(XML_ID)}
    for element in root.iter():
        for attribute, value in element.attrib.items():
            if attribute.endswith("Ref"):
                assert value.removeprefix("#") in names
    facts = {one.get("type"): one.text for one in root.findall(f"{INKML}annotation")}
    assert facts == describe(seed=4, writer="a&b") | {"paper": "#ffffff"}


@pytest.mark.parametrize(
    ("paper", "held"), [("navy", "#000080"), ("white", "#ffffff"), ("transparent", None)]
)
def test_captions_and_paper_are_held(
    paper: str, held: str | None, write_row: Callable[..., list[Strokes]]
) -> None:
    rngs = [np.random.default_rng(n) for n in range(2)]
    captions = ["1+2 < 4", "mine"]
    digits = [write_row("12"), write_row("408")]
    sheet = compose(digits, rngs, Style(paper=paper), captions, ["12", "408"])
    root = ElementTree.fromstring(encode_inkml(sheet, Style(paper=paper), ["12", "408"], {}))
    assert root.findtext(f"{INKML}annotation") == held
    rows = root.findall(f"{INKML}traceGroup")
    found = [row.findtext(f"{INKML}annotation[@type='caption']") for row in rows]
    assert found == captions


def test_units_give_the_size_on_paper(sheet: Sheet) -> None:
    style = Style(height="12mm", pen="0.6mm", ink="#102a6b", as_drawn=True)
    root = ElementTree.fromstring(encode_inkml(sheet, style, ["12", "408"], {}))
    channels = {one.get("name"): one.get("units") for one in root.iter(f"{INKML}channel")}
    assert channels == {"X": "dev", "Y": "dev", "W": "dev", "T": "s"}
    resolutions = {
        one.get("channel"): (one.get("name"), one.get("value"), one.get("units"))
        for one in root.iter(f"{INKML}channelProperty")
    }
    assert resolutions == dict.fromkeys("XYW", ("resolution", "300", "1/in"))
    area = root.find(f".//{INKML}activeArea")
    assert area is not None
    assert (int(area.get("width", 0)), int(area.get("height", 0))) == sheet.pixels(style.factor)
    brush = {one.get("name"): one.get("value") for one in root.iter(f"{INKML}brushProperty")}
    assert brush["color"] == "#102a6b"
    widths = [
        stroke[:, 2] for row in sheet.rows for item in row for stroke in item.strokes.controls
    ]
    millimetres = 2 * np.concatenate(widths).mean() / 20 * 12
    assert float(brush["width"] or 0) == pytest.approx(millimetres, rel=1e-3)
