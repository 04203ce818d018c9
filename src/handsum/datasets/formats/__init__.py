"""The file formats of data sets: one small module for each family."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from handsum.datasets.formats import alto, arrays, coco, cuts, parquet, pictures, tars, tfds
from handsum.datasets.formats.base import Format
from handsum.errors import UsageError

FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "png": Format(pictures.write_shard, pictures.join),
        "npz": Format(arrays.write_npz),
        "idx": Format(arrays.write_idx, arrays.join_idx, only_joined=True),
        "parquet": Format(parquet.write_shard, check=parquet.check),
        "webdataset": Format(tars.write_shard),
        "coco": Format(coco.write_shard, coco.join),
        "alto": Format(alto.write_shard),
        "cuts": Format(cuts.write_shard, cuts.join, only_joined=True),
        "tfds": Format(tfds.write_shard, tfds.join, check=tfds.check),
    }
)


def find_format(name: str) -> Format:
    """The format called `name`.

    Raises:
        UsageError: there is no such format.
    """
    if not isinstance(name, str) or name not in FORMATS:
        raise UsageError(f"no format {name!r}: use {', '.join(FORMATS)}")
    return FORMATS[name]
