"""Parquet: a row for each sample; its picture is a struct of bytes and path, as Hugging Face's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from handsum.datasets.formats.base import encode_picture, labels_of
from handsum.datasets.plan import Plan, Shard
from handsum.datasets.samples import Sample
from handsum.errors import HandsumError
from handsum.installation import install_command

ROWS_AT_ONCE = 256


def check() -> None:
    """Raise HandsumError unless pyarrow is installed."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        raise HandsumError(
            f"the format parquet needs pyarrow: run {install_command('handsum[datasets]')}"
        ) from error


def write_shard(folder: Path, plan: Plan, shard: Shard, samples: Iterator[Sample]) -> None:
    """Write a shard as `train-00000-of-00004.parquet`, ROWS_AT_ONCE rows at a time."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = _schema(plan.recipe.kind)
    with pq.ParquetWriter(
        folder / f"{plan.split}-{shard.of}.parquet", schema, compression=_compression()
    ) as writer:
        while rows := [_row(plan, sample) for sample in islice(samples, ROWS_AT_ONCE)]:
            writer.write_table(pa.Table.from_pylist(rows, schema))


def _row(plan: Plan, sample: Sample) -> dict[str, Any]:
    picture = {
        "bytes": encode_picture(sample.image),
        "path": f"{plan.stem(sample.index)}.png",
    }
    labels = labels_of(sample)
    row = {"image": picture} | labels | {"effects": json.dumps(labels["effects"])}
    return row | {"label": sample.digits[0]}


def _compression() -> dict[str, str]:
    """The compression of the columns; pictures are already compressed."""
    points = "strokes" + 4 * ".list.element"
    counts, sizes = (f"masks.list.element.{name}.list.element" for name in ("counts", "size"))
    return dict.fromkeys(("effects", points, counts, sizes), "zstd")


def _schema(kind: str) -> Any:
    """The columns, with their description for Hugging Face's `datasets`.

    Digits have a class, and pages have rows.
    """
    import pyarrow as pa

    plain = {"index": "int64", "text": "string", "total": "int32", "writer": "int32"}
    plain |= {"seed": "int64", "effects": "string", "value": "float64"}
    types = {name: getattr(pa, dtype)() for name, dtype in plain.items()}
    image = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    lists = {"digits": pa.list_(pa.uint8()), "boxes": pa.list_(pa.list_(pa.int32()))}
    lengths = pa.list_(pa.int32())
    lists["masks"] = pa.list_(pa.struct({"size": lengths, "counts": lengths}))
    lists["strokes"] = pa.list_(pa.list_(pa.list_(pa.list_(pa.float32()))))
    lists |= dict.fromkeys(("forms", "signs"), pa.list_(pa.string()))
    lists["sign_boxes"] = lists["boxes"]
    single, rows = kind == "digits", kind == "pages"
    if rows:
        lists |= {"rows": lists["signs"], "row_boxes": lists["boxes"]}
    types = {"image": image} | ({"label": pa.int64()} if single else {}) | lists | types

    def value(dtype: str) -> dict[str, Any]:
        return {"dtype": dtype, "_type": "Value"}

    def sequence(feature: dict[str, Any]) -> dict[str, Any]:
        return {"feature": feature, "_type": "Sequence"}

    features: dict[str, Any] = {"image": {"_type": "Image"}, "digits": sequence(value("uint8"))}
    features |= dict.fromkeys(("boxes", "sign_boxes"), sequence(sequence(value("int32"))))
    # A list with one entry keeps each mask together; a Sequence of them would be read in columns.
    features |= {"masks": [dict.fromkeys(("size", "counts"), sequence(value("int32")))]}
    features |= {"strokes": sequence(sequence(sequence(sequence(value("float32")))))}
    features |= dict.fromkeys(("forms", "signs"), sequence(value("string")))
    if rows:
        features |= {"rows": features["signs"], "row_boxes": features["boxes"]}
    features |= {name: value(dtype) for name, dtype in plain.items()}
    if single:
        features["label"] = {"names": list("0123456789"), "_type": "ClassLabel"}
    description = json.dumps({"info": {"features": features}})
    return pa.schema(list(types.items()), metadata={"huggingface": description})
