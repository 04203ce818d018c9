"""COCO: PNG files in `images`, and one `annotations.json` with an entry for each digit and sign.

An entry has a box; a digit's has its mask and its strokes, too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from handsum.datasets.formats.base import (
    PARTS,
    concatenate,
    encode_masks,
    encode_picture,
    labels_of,
)
from handsum.datasets.plan import Plan, Shard
from handsum.datasets.samples import Sample
from handsum.files import atomic_write
from handsum.layout.marks import MARKS

NAME = "annotations.json"


def write_shard(folder: Path, plan: Plan, shard: Shard, samples: Iterator[Sample]) -> None:
    """Write a shard's pictures and its entries of the annotations file."""
    parts = folder / PARTS
    parts.mkdir()
    (folder / "images").mkdir()
    with (
        (parts / "images").open("w", encoding="utf-8") as images,
        (parts / "annotations").open("w", encoding="utf-8") as annotations,
    ):
        for sample in samples:
            name = f"{plan.stem(sample.index)}.png"
            (folder / "images" / name).write_bytes(encode_picture(sample.image))
            # Only the first entry of the file has no comma before it.
            comma = ",\n" if sample.index else ""
            labels = labels_of(sample)
            height, width = sample.image.shape[:2]
            size = {"id": sample.index + 1, "file_name": name, "width": width, "height": height}
            keys = ("text", "rows", "row_boxes", "total", "writer", "seed", "effects")
            more = {key: labels[key] for key in keys if key in labels}
            images.write(comma + json.dumps(size | more))
            for place, entry in enumerate(_entries(sample, labels)):
                numbers = {
                    "id": sample.index * plan.recipe.most_characters + place + 1,
                    "iscrowd": 0,
                }
                entry |= numbers | {"image_id": sample.index + 1}
                annotations.write((comma if not place else ",\n") + json.dumps(entry))


def _entries(sample: Sample, labels: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The digits of a sample, then its signs."""
    for place, digit in enumerate(sample.digits):
        yield {
            "category_id": digit + 1,
            "bbox": labels["boxes"][place],
            "segmentation": labels["masks"][place],
            "area": int(sample.masks[place].sum()),
            "strokes": labels["strokes"][place] if sample.strokes else [],
            "form": sample.forms[place] if sample.forms else "",
        }
    runs = encode_masks(sample, sample.sign_masks, sample.sign_boxes)
    for sign, box, mask, run in zip(
        sample.signs, labels["sign_boxes"], sample.sign_masks, runs, strict=True
    ):
        yield {
            "category_id": 11 + MARKS.index(sign),
            "bbox": box,
            "segmentation": run,
            "area": int(mask.sum()),
        }


def join(folder: Path, parts: list[Path], plan: Plan) -> list[str]:
    """Make `annotations.json` without holding all of it in memory."""
    categories = [
        {"id": digit + 1, "name": str(digit), "supercategory": "digit"} for digit in range(10)
    ]
    if plan.recipe.has_signs:
        signs = [{"id": 11 + place, "name": sign} for place, sign in enumerate(MARKS)]
        categories += [sign | {"supercategory": "sign"} for sign in signs]
    info = {"description": f"handwritten {plan.recipe.kind} by handsum", "version": "1.0"}
    with atomic_write(folder / NAME) as file:
        opening = json.dumps({"info": info, "licenses": [], "categories": categories})
        file.write(opening[:-1].encode() + b',\n"images": [\n')
        concatenate(file, (part / "images" for part in parts))
        file.write(b'\n],\n"annotations": [\n')
        concatenate(file, (part / "annotations" for part in parts))
        file.write(b"\n]}\n")
    return [NAME]
