"""Readings as CSV, JSON, ALTO and hOCR, read back by other readers of these formats."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import numpy as np
import pytest
from PIL import Image

from handsum import schemas
from handsum.data.signs.alphabet import CLASSES, SIGNS
from handsum.data.signs.answers import Signs
from handsum.errors import HandsumError, UsageError
from handsum.reading.predict import predict
from handsum.reading.results import Prediction

pytest.importorskip("pypdfium2")

ODD = 'a "b"; <&\n\x1b é [1].png'
ALTO = "{http://www.loc.gov/standards/alto/ns-v4#}"


@pytest.fixture
def prediction(
    template_reader: Any, draw_page: Callable[..., np.ndarray], tmp_path: Path
) -> Prediction:
    """Of a picture with an odd name, a PDF of two pages, the second blank, and a missing file."""

    def row(text: str) -> np.ndarray:
        parts = [draw_page(part, scale=4) for part in text.split()]
        gap = np.full((112, 100), parts[0][0, 0])
        return np.hstack([one for part in parts for one in (part, gap)])

    page = np.vstack([row("17 408"), row("235 49")])
    picture = Image.fromarray(np.rint(page * 255).astype(np.uint8))
    picture.save(tmp_path / ODD)
    one = Image.fromarray(np.rint(draw_page("56", scale=4) * 255).astype(np.uint8))
    blank = Image.new("L", (300, 200), 230)
    one.save(tmp_path / "b.pdf", save_all=True, append_images=[blank], resolution=200)
    return predict([tmp_path / ODD, tmp_path / "b.pdf", tmp_path / "gone.png"])


def written(prediction: Prediction, name: str, tmp_path: Path, table: bool = False) -> str:
    prediction.save(tmp_path / name, table)
    return (tmp_path / name).read_bytes().decode("utf-8")


def test_the_prediction_is_as_expected(prediction: Prediction) -> None:
    assert [one.rows for one in prediction.files] == [("17408", "23549"), ("56",), (), ()]
    assert prediction.files[0].table == (("17", "408"), ("235", "49"))


def test_csv_has_a_line_for_each_row(prediction: Prediction, tmp_path: Path) -> None:
    text = written(prediction, "r.csv", tmp_path)
    first, second, third, blank, gone = csv.DictReader(io.StringIO(text, newline=""))
    assert list(first) == [
        "file", "page", "row", "text", "digits", "confidence", "x", "y", "width", "height", "error",
    ]  # fmt: skip
    assert first["file"] == str(tmp_path / ODD)
    lines = [(one["page"], one["row"], one["digits"]) for one in (first, second, third)]
    assert lines == [("", "1", "17408"), ("", "2", "23549"), ("1", "1", "56")]
    assert float(first["confidence"]) == pytest.approx(0.97**5, abs=1e-5)
    left, top, width, height = (int(second[name]) for name in ("x", "y", "width", "height"))
    boxes = prediction.files[0].boxes[5:]
    assert (left, top) == (min(box[0] for box in boxes), min(box[1] for box in boxes))
    assert left + width == max(box[0] + box[2] for box in boxes)
    assert top + height == max(box[1] + box[3] for box in boxes)
    assert (blank["page"], blank["text"], blank["error"]) == ("2", "", "no digits found")
    assert gone["error"].endswith("gone.png: No such file or directory")


def test_a_table_has_a_cell_for_each_column(prediction: Prediction, tmp_path: Path) -> None:
    text = written(prediction, "r.csv", tmp_path, table=True)
    header, *lines = csv.reader(io.StringIO(text, newline=""))
    assert header == ["file", "page", "row", "column 1", "column 2"]
    assert [line[1:] for line in lines[:2]] == [["", "1", "17", "408"], ["", "2", "235", "49"]]
    assert lines[2][1:] == ["1", "1", "56", ""]


def test_json_is_that_of_the_command(prediction: Prediction, tmp_path: Path) -> None:
    values = json.loads(written(prediction, "r.json", tmp_path))
    assert values == prediction.as_dict()
    jsonschema.validate(values, schemas.load("predict"))
    assert [(one["page"], one["size"]) for one in values["files"]] == [
        (None, list(prediction.files[0].size or ())),
        (1, list(prediction.files[1].size or ())),
        (2, list(prediction.files[2].size or ())),
        (None, None),
    ]


# From alto-4-2.xsd: the children of an element in their order (+ one or more, * any number, ? at
# most one), its attributes that are required, and the others that are allowed.
PLACE = "HPOS VPOS WIDTH HEIGHT"
RULES = {
    "alto": ("Description? Styles? Tags? Layout", "", "SCHEMAVERSION"),
    "Description": ("MeasurementUnit sourceImageInformation? OCRProcessing* Processing*", "", ""),
    "MeasurementUnit": ("", "", ""),
    "sourceImageInformation": ("fileName? fileIdentifier* documentIdentifier*", "", ""),
    "fileName": ("", "", ""),
    "Processing": (
        "processingCategory? processingDateTime? processingAgency? processingStepDescription* "
        "processingStepSettings? processingSoftware?", "ID", "",
    ),
    "processingStepDescription": ("", "", ""),
    "processingSoftware": (
        "softwareCreator? softwareName? softwareVersion? applicationDescription?", "", "",
    ),
    "softwareName": ("", "", ""),
    "softwareVersion": ("", "", ""),
    "Layout": ("Page*", "", "STYLEREFS"),
    "Page": (
        "TopMargin? LeftMargin? RightMargin? BottomMargin? PrintSpace?", "ID PHYSICAL_IMG_NR",
        "HEIGHT WIDTH PROCESSINGREFS",
    ),
    "PrintSpace": ("Shape? TextBlock*", "", f"ID {PLACE}"),
    "TextBlock": ("Shape? TextLine+", "ID", PLACE),
    "TextLine": ("Shape? (String SP?)+ HYP?", "", f"ID {PLACE}"),
    "String": ("Shape? ALTERNATIVE* Glyph*", "CONTENT", f"ID {PLACE} WC"),
    "SP": ("", "", f"ID {PLACE}"),
    "Glyph": ("Shape? Variant*", "CONTENT", f"ID {PLACE} GC"),
    "Variant": ("", "", "CONTENT VC"),
}  # fmt: skip


def broken_rules(element: ET.Element) -> Iterator[str]:
    """What breaks the rules of ALTO 4.2 in an element and those in it."""
    name = element.tag.removeprefix(ALTO)
    order, required, allowed = RULES[name]
    # "A? B*" becomes "(?:A,)?(?:B,)*".
    pattern = re.sub(r"\w+", lambda tag: f"(?:{tag[0]},)", order).replace(" ", "")
    children = "".join(f"{child.tag.removeprefix(ALTO)}," for child in element)
    if not re.fullmatch(pattern, children):
        yield f"{name}: {children} is not {order}"
    known = {key for key in element.attrib if not key.startswith("{")}
    if not {*required.split()} <= known <= {*required.split(), *allowed.split()}:
        yield f"{name}: {known}"
    for key in known & {*PLACE.split(), "WC", "GC", "VC", "PHYSICAL_IMG_NR"}:
        value = float(element.attrib[key])
        if value < 0 or (key in ("WC", "GC", "VC") and value > 1):
            yield f"{name}: {key}={value}"
    if name == "Glyph" and len(element.attrib["CONTENT"]) != 1:
        yield "Glyph: not one character"
    for child in element:
        yield from broken_rules(child)


def test_alto_keeps_the_rules_of_its_schema(prediction: Prediction, tmp_path: Path) -> None:
    root = ET.fromstring(written(prediction, "r.alto.xml", tmp_path))
    assert list(broken_rules(root)) == []
    names = [element.attrib["ID"] for element in root.iter() if "ID" in element.attrib]
    assert len(names) == len({*names})
    assert all(re.fullmatch(r"[A-Za-z_][\w.-]*", name) for name in names)
    for element in root.iter(f"{ALTO}Page"):
        assert element.attrib["PROCESSINGREFS"] in names


@pytest.mark.parametrize(
    "change",
    [
        lambda root: root.remove(root[1]),
        lambda root: root[0].append(root[0][0]),
        lambda root: next(root.iter(f"{ALTO}String")).attrib.pop("CONTENT"),
        lambda root: next(root.iter(f"{ALTO}Glyph")).attrib.update(GC="1.5"),
        lambda root: next(root.iter(f"{ALTO}TextLine")).insert(0, ET.Element(f"{ALTO}SP")),
        lambda root: next(root.iter(f"{ALTO}TextBlock")).attrib.update(size="9"),
    ],
)
def test_a_broken_alto_is_noticed(
    prediction: Prediction, tmp_path: Path, change: Callable[[ET.Element], object]
) -> None:
    root = ET.fromstring(written(prediction, "r.alto.xml", tmp_path))
    change(root)
    assert list(broken_rules(root))


def test_alto_has_pages_lines_numbers_and_digits(prediction: Prediction, tmp_path: Path) -> None:
    root = ET.fromstring(written(prediction, "r.alto.xml", tmp_path))
    pages = list(root.iter(f"{ALTO}Page"))
    assert [page.attrib["PHYSICAL_IMG_NR"] for page in pages] == ["1", "1", "2"]
    lines = [
        [string.attrib["CONTENT"] for string in line.iter(f"{ALTO}String")]
        for line in root.iter(f"{ALTO}TextLine")
    ]
    assert lines == [["17", "408"], ["235", "49"], ["56"]]
    glyphs = list(pages[0].iter(f"{ALTO}Glyph"))
    reading = prediction.files[0]
    assert [glyph.attrib["CONTENT"] for glyph in glyphs] == [*reading.digits]
    assert [float(glyph.attrib["GC"]) for glyph in glyphs] == [*reading.confidence]
    boxes = [tuple(int(glyph.attrib[key]) for key in PLACE.split()) for glyph in glyphs]
    assert boxes == [*reading.boxes]
    # A name may hold characters that XML forbids.
    steps = [step.text or "" for step in root.iter(f"{ALTO}processingStepDescription")]
    assert steps[0].endswith(ODD.replace("\x1b", r"\x1b"))


class Hocr(HTMLParser):
    """Collects the elements of hOCR: their class, their properties and their text."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict[str, str]] = []
        self.open: list[int | None] = []
        self.meta: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        if tag == "meta":
            self.meta[given.get("name", "")] = given.get("content", "")
            return
        name = given.get("class", "")
        if name.startswith("ocr"):
            # Properties are separated by semicolons, which may be in quoted names.
            parts = re.findall(r'(\w+) ((?:"[^"]*"|[^;"])*)', given["title"])
            self.found.append({"class": name, "text": "", **dict(parts)})
        self.open.append(len(self.found) - 1 if name.startswith("ocr") else None)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag("meta", attrs)

    def handle_endtag(self, tag: str) -> None:
        self.open.pop()

    def handle_data(self, data: str) -> None:
        for place in self.open:
            if place is not None:
                self.found[place]["text"] += data

    def of(self, name: str) -> list[dict[str, str]]:
        return [one for one in self.found if one["class"] == name]


def test_hocr_has_pages_lines_words_and_digits(prediction: Prediction, tmp_path: Path) -> None:
    text = written(prediction, "r.hocr", tmp_path)
    ET.fromstring(text)  # it is XHTML
    parser = Hocr()
    parser.feed(text)
    assert parser.open == []
    assert {*parser.meta["ocr-capabilities"].split()} == {one["class"] for one in parser.found}
    assert parser.meta["ocr-number-of-pages"] == "3"
    pages = parser.of("ocr_page")
    assert [page["ppageno"] for page in pages] == ["0", "0", "1"]
    width, height = prediction.files[0].size or (0, 0)
    assert pages[0]["bbox"] == f"0 0 {width} {height}"
    name = ODD.replace('"', "%22").replace("\n", r"\n").replace("\x1b", r"\x1b")
    assert pages[0]["image"].endswith(f'{name}"')
    assert [line["text"].strip() for line in parser.of("ocr_line")] == ["17 408", "235 49", "56"]
    words = parser.of("ocrx_word")
    assert [word["text"] for word in words] == ["17", "408", "235", "49", "56"]
    assert [word["x_wconf"] for word in words] == ["94", "91", "91", "94", "94"]
    characters = parser.of("ocrx_cinfo")
    assert [one["text"] for one in characters] == [*"174082354956"]
    boxes = [box for reading in prediction.files for box in reading.boxes]
    corners = [f"{left} {top} {left + wide} {top + high}" for left, top, wide, high in boxes]
    assert [one["x_bboxes"] for one in characters] == corners


@pytest.mark.parametrize("name", ["r.alto.xml", "r.hocr", "r.csv", "r.json"])
def test_nothing_read_is_a_valid_file(tmp_path: Path, name: str) -> None:
    text = written(predict(tmp_path / "gone.png"), name, tmp_path)
    if name.endswith(".alto.xml"):
        assert list(broken_rules(ET.fromstring(text))) == []
    elif name.endswith(".hocr"):
        assert 'content="0"' in text
    else:
        assert "No such file" in text


@pytest.mark.parametrize(
    ("name", "table", "message"),
    [
        ("r.xml", False, "end its name in .csv, .json, .alto.xml or .hocr"),
        ("r", False, "end its name in"),
        ("r.alto.xml", True, "alto.xml holds no `table`: choose .csv or .json"),
        ("r.hocr", True, "hocr holds no `table`"),
    ],
)
def test_other_endings_are_refused(
    prediction: Prediction, tmp_path: Path, name: str, table: bool, message: str
) -> None:
    with pytest.raises(UsageError, match=re.escape(message)):
        prediction.save(tmp_path / name, table)
    with pytest.raises(HandsumError, match="cannot write"):
        prediction.save(tmp_path / "none" / "r.csv")


def test_signs_are_in_the_text_of_a_number(
    draw_page: Callable[..., np.ndarray], tmp_path: Path
) -> None:
    class Signed:
        def find(self, pictures: Sequence[np.ndarray], least: float = 0.3) -> list[Signs]:
            boxes = [(22 * n, 0, 22 * n + 20, 40) for n in range(6)]
            kinds = np.eye(CLASSES)[[SIGNS.index(sign) for sign in "12.345"]]
            return [Signs(np.array(boxes, float), np.ones(6), kinds) for _ in pictures]

    Image.fromarray(np.rint(draw_page("12") * 255).astype(np.uint8)).save(tmp_path / "a.png")
    prediction = predict(tmp_path / "a.png", punctuation=True, reader=Signed())
    parser = Hocr()
    parser.feed(written(prediction, "r.hocr", tmp_path))
    assert [one["text"] for one in parser.of("ocrx_word")] == ["12.345"]
    (line,) = csv.DictReader(io.StringIO(written(prediction, "r.csv", tmp_path)))
    assert (line["text"], line["digits"]) == ("12.345", "12345")
