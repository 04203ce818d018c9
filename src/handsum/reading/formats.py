"""Readings as CSV, JSON, ALTO and hOCR. The writers take the values of `Prediction.as_dict`."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from handsum._version import __version__
from handsum.errors import UsageError
from handsum.files import STREAM
from handsum.reading.table import Number, find_numbers, join_boxes

Values = Mapping[str, Any]
COLUMNS = (
    "file", "page", "row", "text", "digits", "confidence", "x", "y", "width", "height", "error",
)  # fmt: skip
_ALTO = "http://www.loc.gov/standards/alto/ns-v4#"
_ALTO_SCHEMA = "http://www.loc.gov/standards/alto/v4/alto-4-2.xsd"
_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
_XHTML = "http://www.w3.org/1999/xhtml"
# XML allows no other characters.
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# ALTO holds at most this much of an alternative's probability.
_PLACES = 4


def check_path(path: str | PathLike[str], table: bool = False) -> Path:
    """Return the path of a file to write, with an ending that names its format: "-.csv" for "-".

    Raises:
        UsageError: it names no format, or one that holds no table.
    """
    path = Path(f"{STREAM}.csv") if str(path) == STREAM else Path(path)
    ending = _ending(path)
    if ending is None:
        *most, last = _ENCODERS
        raise UsageError(f"cannot write {path}: end its name in {', '.join(most)} or {last}")
    if table and ending not in (".csv", ".json"):
        raise UsageError(f"{ending[1:]} holds no `table`: choose .csv or .json")
    return path


def encode(path: Path, values: Values, table: bool = False) -> bytes:
    """Encode readings in the format of a path (see `check_path`).

    With `table`, a CSV has a cell for each column of numbers in the picture.
    """
    ending = _ending(path)
    assert ending is not None
    if ending == ".csv" and table:
        return _encode_table(values)
    return _ENCODERS[ending](values)


def _ending(path: Path) -> str | None:
    return next((one for one in _ENCODERS if path.name.lower().endswith(one)), None)


def _encode_csv(values: Values) -> bytes:
    return _write_csv(COLUMNS, (line for file in values["files"] for line in _csv_lines(file)))


def _csv_lines(file: Values) -> Iterator[Sequence[object]]:
    if not file["digits"]:
        yield file["file"], file["page"], *[None] * (len(COLUMNS) - 3), file["error"]
    start = 0
    for row, text in enumerate(file["rows"], 1):
        digits = "".join(sign for sign in text if sign.isdecimal())
        own = slice(start, start + len(digits))
        start = own.stop
        confidence = round(math.prod(file["confidence"][own]), 6)
        box = join_boxes([tuple(one) for one in file["boxes"][own]])
        yield file["file"], file["page"], row, text, digits, confidence, *box, file["error"]


def _encode_table(values: Values) -> bytes:
    count = max((len(row) for file in values["files"] for row in file["table"]), default=0)
    header = ("file", "page", "row", *(f"column {one}" for one in range(1, count + 1)))
    lines = (
        (file["file"], file["page"], number, *row, *[""] * (count - len(row)))
        for file in values["files"]
        for number, row in enumerate(file["table"], 1)
    )
    return _write_csv(header, lines)


def _write_csv(header: Sequence[str], lines: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(header)
    rows.writerows(lines)
    # A file's name may have bytes that are no characters.
    return text.getvalue().encode("utf-8", "backslashreplace")


def _encode_json(values: Values) -> bytes:
    return (json.dumps(values, indent=1, allow_nan=False) + "\n").encode()


def _encode_alto(values: Values) -> bytes:
    """ALTO 4.2: a page for each picture, a line for each row, a string for each number."""
    pages = list(_readable(values))
    files = dict.fromkeys(file["file"] for file in pages)
    names = {name: f"file{number}" for number, name in enumerate(files, 1)}
    root = ET.Element("alto", {
        "xmlns": _ALTO, "xmlns:xsi": _INSTANCE, "SCHEMAVERSION": "4.2",
        "xsi:schemaLocation": f"{_ALTO} {_ALTO_SCHEMA}",
    })  # fmt: skip
    description = ET.SubElement(root, "Description")
    _add(description, "MeasurementUnit", "pixel")
    source = ET.SubElement(description, "sourceImageInformation")
    if len(names) == 1:
        _add(source, "fileName", *names)
    for name, own in names.items():
        # A page refers to its file by this: ALTO itself is made for one file.
        step = ET.SubElement(description, "Processing", ID=own)
        what = values.get("step", "digits read from")
        _add(step, "processingStepDescription", f"{what} {name}")
        software = ET.SubElement(step, "processingSoftware")
        _add(software, "softwareName", "handsum")
        _add(software, "softwareVersion", __version__)
    layout = ET.SubElement(root, "Layout")
    for number, file in enumerate(pages, 1):
        page = ET.SubElement(layout, "Page", {
            "ID": f"page{number}", "PROCESSINGREFS": names[file["file"]],
            "HEIGHT": str(file["size"][1]), "WIDTH": str(file["size"][0]),
            "PHYSICAL_IMG_NR": str(file["page"] or 1),
        })  # fmt: skip
        space = ET.SubElement(page, "PrintSpace", _place((0, 0, *file["size"])))
        _add_alto_lines(space, file, f"page{number}")
    ET.indent(root)
    return _serialise(root)


def _add_alto_lines(space: ET.Element, file: Values, page: str) -> None:
    boxes = [tuple(box) for box in file["boxes"]]
    if not boxes:
        return
    block = ET.SubElement(space, "TextBlock", {"ID": f"{page}_block", **_place(join_boxes(boxes))})
    for row, numbers in enumerate(find_numbers(file["rows"], boxes), 1):
        name = f"{page}_line{row}"
        around = join_boxes([number.box for number in numbers])
        line = ET.SubElement(block, "TextLine", {"ID": name, **_place(around)})
        for index, number in enumerate(numbers, 1):
            if index > 1:
                ET.SubElement(line, "SP")
            string = ET.SubElement(line, "String", {
                "ID": f"{name}_string{index}", "CONTENT": number.text, **_place(number.box),
                "WC": str(round(_confidence(file, number), _PLACES)),
            })  # fmt: skip
            for place in range(number.start, number.stop):
                _add_glyph(string, file, place)


def _add_glyph(string: ET.Element, file: Values, place: int) -> None:
    glyph = ET.SubElement(string, "Glyph", {
        "CONTENT": file["digits"][place], **_place(file["boxes"][place]),
        "GC": str(round(file["confidence"][place], _PLACES)),
    })  # fmt: skip
    for other, probability in file["alternatives"][place].items():
        ET.SubElement(glyph, "Variant", CONTENT=other, VC=str(round(probability, _PLACES)))


def _place(box: Sequence[int]) -> dict[str, str]:
    return dict(zip(("HPOS", "VPOS", "WIDTH", "HEIGHT"), map(str, box), strict=True))


def _encode_hocr(values: Values) -> bytes:
    """hOCR 1.2 as XHTML: a page for each picture, a line for each row, a word for each number."""
    root = ET.Element("html", {"xmlns": _XHTML, "lang": "en"})
    head = ET.SubElement(root, "head")
    _add(head, "title", "Digits read by handsum")
    ET.SubElement(head, "meta", charset="utf-8")
    pages = list(_readable(values))
    for name, content in {
        "ocr-system": f"handsum {__version__}",
        "ocr-number-of-pages": str(len(pages)),
        "ocr-capabilities": "ocr_page ocr_carea ocr_line ocrx_word ocrx_cinfo",
    }.items():
        ET.SubElement(head, "meta", name=name, content=content)
    body = ET.SubElement(root, "body")
    for number, file in enumerate(pages, 1):
        image = _xml_text(file["file"]).replace('"', "%22").replace("\n", r"\n")
        bounds = _bbox((0, 0, *file["size"]))
        title = f'image "{image}"; {bounds}; ppageno {(file["page"] or 1) - 1}'
        page = _add_area(body, "div", "ocr_page", f"page_{number}", title)
        page.text = "\n"  # HTML knows no <div/>
        _add_hocr_lines(page, file, str(number))
    return _serialise(root, "<!DOCTYPE html>\n")


def _add_hocr_lines(page: ET.Element, file: Values, name: str) -> None:
    boxes = [tuple(box) for box in file["boxes"]]
    if not boxes:
        return
    area = _add_area(page, "div", "ocr_carea", f"block_{name}", _bbox(join_boxes(boxes)))
    for row, numbers in enumerate(find_numbers(file["rows"], boxes), 1):
        around = _bbox(join_boxes([number.box for number in numbers]))
        line = _add_area(area, "span", "ocr_line", f"line_{name}_{row}", around)
        line.tail = "\n"
        for index, number in enumerate(numbers, 1):
            percent = int(100 * _confidence(file, number))
            title = f"{_bbox(number.box)}; x_wconf {percent}"
            word = _add_area(line, "span", "ocrx_word", f"word_{name}_{row}_{index}", title)
            word.tail = " " if index < len(numbers) else None
            _add_characters(word, file, number)


def _add_characters(word: ET.Element, file: Values, number: Number) -> None:
    """Add the text of a number, with an element for each digit."""
    place, last = number.start, None
    for sign in number.text:
        if sign.isdecimal():
            confidence = round(100 * file["confidence"][place], 2)
            bounds = " ".join(map(str, _corners(file["boxes"][place])))
            last = ET.SubElement(word, "span", {
                "class": "ocrx_cinfo", "title": f"x_bboxes {bounds}; x_conf {confidence}",
            })  # fmt: skip
            last.text = sign
            place += 1
        elif last is None:
            word.text = (word.text or "") + sign
        else:
            last.tail = (last.tail or "") + sign


def _add_area(parent: ET.Element, tag: str, name: str, own: str, title: str) -> ET.Element:
    return ET.SubElement(parent, tag, {"class": name, "id": own, "title": title})


def _corners(box: Sequence[int]) -> tuple[int, int, int, int]:
    left, top, width, height = box
    return left, top, left + width, top + height


def _bbox(box: Sequence[int]) -> str:
    return "bbox " + " ".join(map(str, _corners(box)))


def _readable(values: Values) -> Iterator[Values]:
    """The pages that could be read."""
    return (file for file in values["files"] if file["size"] is not None)


def _confidence(file: Values, number: Number) -> float:
    """The probability that all digits of a number are right."""
    return math.prod(file["confidence"][number.start : number.stop])


def _add(parent: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(parent, tag).text = _xml_text(text)


def _xml_text(text: str) -> str:
    return _NOT_XML.sub(lambda match: ascii(match[0])[1:-1], text)


def _serialise(root: ET.Element, kind: str = "") -> bytes:
    text: str = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{kind}{text}\n'.encode()


_ENCODERS: dict[str, Callable[[Values], bytes]] = {
    ".csv": _encode_csv,
    ".json": _encode_json,
    ".alto.xml": _encode_alto,
    ".hocr": _encode_hocr,
}
