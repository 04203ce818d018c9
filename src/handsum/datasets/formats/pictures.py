"""PNG files: digits in class folders, for Keras and torchvision, or all pictures in `images`.

Beside them `labels.csv` and `metadata.jsonl`, a row or line for each picture. In both, the
label of a number is JSON, in quotation marks of its own: readers of tables would take 07.50 for the
number 7.5, and 2024-05-12 for a time. In `labels.csv` of pages each row of a page has a line, as
`train detector --dataset pages:FOLDER` reads them.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from handsum.datasets.formats.base import PARTS, encode_picture, join_files, labels_of
from handsum.datasets.plan import Plan, Shard
from handsum.datasets.samples import Sample

COLUMNS = ("file", "label", "total", "writer", "boxes", "index", "seed", "effects")
# The name that Hugging Face's `datasets` looks for.
METADATA = "metadata.jsonl"


def _places(plan: Plan) -> list[str]:
    return list("0123456789") if plan.recipe.kind == "digits" else ["images"]


def write_shard(folder: Path, plan: Plan, shard: Shard, samples: Iterator[Sample]) -> None:
    """Write a shard's pictures and its lines of the two label files."""
    parts = folder / PARTS
    parts.mkdir()
    for place in _places(plan):
        (folder / place).mkdir()
    with (
        (parts / "labels.csv").open("w", encoding="utf-8", newline="") as table,
        (parts / METADATA).open("w", encoding="utf-8") as lines,
    ):
        rows = csv.DictWriter(table, COLUMNS, lineterminator="\n", extrasaction="ignore")
        for sample in samples:
            place = sample.text if plan.recipe.kind == "digits" else "images"
            name = f"{place}/{plan.stem(sample.index)}.png"
            (folder / name).write_bytes(encode_picture(sample.image))
            labels = labels_of(sample)
            text = labels.pop("text")
            label = int(text) if plan.recipe.kind == "digits" else _quoted(text)
            labels = {"file_name": name, "label": label} | labels
            lines.write(json.dumps(labels) + "\n")
            own = labels | {"file": name, "effects": json.dumps(labels["effects"])}
            for line in _lines(sample, own):
                rows.writerow(line)


def _lines(sample: Sample, labels: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The lines of a sample in `labels.csv`: one, or one for each row of a page."""
    start = 0
    for row in sample.rows or (sample.text,):
        digits = [int(sign) for sign in row if sign.isdigit()]
        stop = start + len(digits)
        boxes = ";".join(" ".join(map(str, box)) for box in labels["boxes"][start:stop])
        own = {"label": _quoted(row), "total": sum(digits)} if sample.rows else {}
        yield labels | own | {"boxes": boxes}
        start = stop


def _quoted(text: str) -> str:
    # JSON has no escapes for any character of a number but the euro sign.
    return json.dumps(text, ensure_ascii=False)


def join(folder: Path, parts: list[Path], plan: Plan) -> list[str]:
    """Make `labels.csv` and `metadata.jsonl`, and folders for digits that do not occur."""
    for place in _places(plan):
        # Readers number the folders: with one missing, later digits would get other classes.
        (folder / place).mkdir(exist_ok=True)
    header = io.StringIO()
    csv.writer(header, lineterminator="\n").writerow(COLUMNS)
    return [
        join_files(folder, "labels.csv", parts, header.getvalue().encode()),
        join_files(folder, METADATA, parts),
    ]
