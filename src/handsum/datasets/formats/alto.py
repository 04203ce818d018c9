"""ALTO: PNG files and, beside each, an XML file of that name with its rows, numbers and digits.

Programs that are trained on scanned pages, such as kraken and eScriptorium, read both.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from handsum.datasets.formats.base import encode_picture
from handsum.datasets.plan import Plan, Shard
from handsum.datasets.samples import Sample
from handsum.reading.formats import encode


def write_shard(folder: Path, plan: Plan, shard: Shard, samples: Iterator[Sample]) -> None:
    """Write a shard's pictures and their descriptions into `images`."""
    place = folder / "images"
    place.mkdir()
    for sample in samples:
        name = plan.stem(sample.index)
        (place / f"{name}.png").write_bytes(encode_picture(sample.image))
        described = encode(Path("page.alto.xml"), describe(sample, f"{name}.png"))
        (place / f"{name}.xml").write_bytes(described)


def describe(sample: Sample, name: str) -> dict[str, Any]:
    """A sample in the values that are written of readings: all is certain."""
    height, width = sample.image.shape[:2]
    file = {
        "file": name,
        "page": None,
        "size": (width, height),
        "rows": list(sample.rows or (sample.text,)),
        "digits": "".join(map(str, sample.digits)),
        "boxes": sample.boxes.tolist(),
        "confidence": [1.0] * len(sample.digits),
        "alternatives": [{} for _ in sample.digits],
    }
    return {"files": [file], "step": "digits written in"}
