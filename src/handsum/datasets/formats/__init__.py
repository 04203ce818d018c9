"""The formats of data sets: one small module for each family of them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from handsum.datasets.formats import arrays, coco, cuts, parquet, pictures, tars, tfds
from handsum.datasets.formats.base import Format
from handsum.errors import UsageError

FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "png": Format(pictures.write_shard, pictures.join),
        "npz": Format(arrays.write_npz),
        "idx": Format(arrays.write_idx, arrays.join_idx),
        "parquet": Format(parquet.write_shard, check=parquet.check),
        "webdataset": Format(tars.write_shard),
        "coco": Format(coco.write_shard, coco.join),
        "cuts": Format(cuts.write_shard, cuts.join),
        "tfds": Format(tfds.write_shard, tfds.join, tfds.check),
    }
)


def find_format(name: str) -> Format:
    """The format of that name.

    Raises:
        UsageError: there is none.
    """
    if name not in FORMATS:
        raise UsageError(f"no format {name!r}: use {', '.join(FORMATS)}")
    return FORMATS[name]
