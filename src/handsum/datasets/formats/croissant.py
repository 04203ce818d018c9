"""Croissant: `croissant.json`, which describes a data set's files and records to other programs.

The vocabulary is that of MLCommons' Croissant 1.1. Records are described where their labels are in
a table: of the formats png and parquet. Of the others, their files are.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from handsum._version import __version__
from handsum.datasets.checking import FileSum
from handsum.datasets.plan import Plan
from handsum.files import atomic_write

NAME = "croissant.json"
_VERSION = "http://mlcommons.org/croissant/1.1"
_OWN = "http://mlcommons.org/croissant/"
# The context is that of the specification, whole, as validators want it.
_TERMS = (
    "citeAs", "column", "equivalentProperty", "extract", "field", "fileProperty", "fileObject",
    "fileSet", "format", "includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField",
    "path", "recordSet", "references", "regex", "repeated", "replace", "samplingRate", "separator",
    "source", "subField", "transform",
)  # fmt: skip
_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "cr": _OWN,
    "rai": f"{_OWN}RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "sc": "https://schema.org/",
    **{term: f"cr:{term}" for term in _TERMS},
}
_TYPES = {
    "csv": "text/csv", "json": "application/json", "jsonl": "application/jsonlines",
    "png": "image/png", "parquet": "application/x-parquet", "tar": "application/x-tar",
}  # fmt: skip
# What the table of each of these formats has in its columns.
_COLUMNS = {
    "png": {"label": "sc:Text", "total": "sc:Integer", "writer": "sc:Integer"},
    "parquet": {"text": "sc:Text", "total": "sc:Integer", "writer": "sc:Integer"},
}
_SETS = {"png": "**/*.png", "coco": "images/*.png", "parquet": "*.parquet", "webdataset": "*.tar"}
_SETS |= {"alto": "images/*.png", "npz": "*.npz", "tfds": "*.tfrecord*"}
# A picture's name without its folder: no two have the same.
_NAME = r"^(?:.*/)?([^/]+)$"
_PICTURES, _RECORDS = "pictures", "samples"


def write_croissant(folder: Path, plan: Plan, joined: list[FileSum]) -> str:
    """Write the description into the folder of a data set; return its name.

    `joined` are the files that span shards, with their sums.
    """
    described = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "name": f"handsum-{plan.recipe.kind}-{plan.digest[:8]}",
        "description": f"{plan.recipe.title}, handwritten by handsum {__version__}",
        "conformsTo": _VERSION,
        "version": __version__,
        # It says of what the digits are made.
        "license": "README.md",
        "url": "README.md",
        "distribution": _files(plan, joined),
    }
    if plan.format in _COLUMNS:
        described["recordSet"] = [_records(plan.format)]
    with atomic_write(folder / NAME) as file:
        file.write(json.dumps(described, indent=2).encode() + b"\n")
    return NAME


def _files(plan: Plan, joined: list[FileSum]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [_file(name, digest) for name, digest, _ in joined]
    if plan.format in _SETS:
        includes = _SETS[plan.format]
        found.append(
            {
                "@type": "cr:FileSet",
                "@id": _PICTURES,
                "name": _PICTURES,
                "encodingFormat": _type(includes),
                "includes": includes,
            }
        )
    return found


def _file(name: str, digest: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": name,
        "encodingFormat": _type(name),
        "sha256": digest,
    }


def _type(name: str) -> str:
    return _TYPES.get(name.rpartition(".")[2].rstrip("*"), "application/octet-stream")


def _records(file_format: str) -> dict[str, Any]:
    """The records of a table, each with its picture."""
    table: dict[str, Any]
    pictures: dict[str, Any] = {"fileSet": {"@id": _PICTURES}}
    if file_format == "png":
        table = {"fileObject": {"@id": "labels.csv"}}
        place = table | {"extract": {"column": "file"}, "transform": {"regex": _NAME}}
        name = _field("file", "sc:Text", place)
        name["references"] = pictures | {"extract": {"fileProperty": "filename"}}
        source = pictures | {"extract": {"fileProperty": "content"}}
        fields = [name, _field("image", "sc:ImageObject", source)]
    else:
        table = pictures
        source = table | {"extract": {"column": "image"}, "transform": {"jsonPath": "bytes"}}
        fields = [_field("image", "sc:ImageObject", source)]
    for column, kind in _COLUMNS[file_format].items():
        fields.append(_field(column, kind, table | {"extract": {"column": column}}))
    return {"@type": "cr:RecordSet", "@id": _RECORDS, "name": _RECORDS, "field": fields}


def _field(name: str, kind: str, source: dict[str, Any]) -> dict[str, Any]:
    own = {"@type": "cr:Field", "@id": f"{_RECORDS}/{name}", "name": name, "dataType": kind}
    return own | {"source": source}
