"""Handwritten digits, numbers and sequences that sum to a target; and a reader for them."""

from __future__ import annotations

import importlib

from handsum._version import __version__

# Not imported from `typing`: the command must start to listen for Ctrl-C as early as it can.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from handsum.datasets.write import write_dataset
    from handsum.errors import DatasetError, HandsumError, SnapshotError, UsageError
    from handsum.evaluation.measure import evaluate
    from handsum.layout.style import Style
    from handsum.pretrained.export import export
    from handsum.pretrained.load import load_model
    from handsum.pretrained.zoo import list_models
    from handsum.reading.predict import predict
    from handsum.strokes import Strokes
    from handsum.strokes.arrays import load_strokes
    from handsum.training.train import train
    from handsum.writing.generate import generate
    from handsum.writing.interpolate import interpolate
    from handsum.writing.visualize import visualize
    from handsum.writing.write import number, sum_sequence
    from handsum.writing.writers import fit_writer, measure_nib, writers

__all__ = [
    "DatasetError",
    "HandsumError",
    "SnapshotError",
    "Strokes",
    "Style",
    "UsageError",
    "__version__",
    "evaluate",
    "export",
    "fit_writer",
    "generate",
    "interpolate",
    "list_models",
    "load_model",
    "load_strokes",
    "measure_nib",
    "number",
    "predict",
    "sum_sequence",
    "train",
    "visualize",
    "write_dataset",
    "writers",
]

# `list_models`, since `handsum.models` is the package of the networks.
_HOMES = {
    "DatasetError": "handsum.errors",
    "HandsumError": "handsum.errors",
    "SnapshotError": "handsum.errors",
    "Strokes": "handsum.strokes",
    "Style": "handsum.layout.style",
    "UsageError": "handsum.errors",
    "evaluate": "handsum.evaluation.measure",
    "export": "handsum.pretrained.export",
    "fit_writer": "handsum.writing.writers",
    "generate": "handsum.writing.generate",
    "interpolate": "handsum.writing.interpolate",
    "list_models": "handsum.pretrained.zoo",
    "load_model": "handsum.pretrained.load",
    "load_strokes": "handsum.strokes.arrays",
    "measure_nib": "handsum.writing.writers",
    "number": "handsum.writing.write",
    "predict": "handsum.reading.predict",
    "sum_sequence": "handsum.writing.write",
    "train": "handsum.training.train",
    "visualize": "handsum.writing.visualize",
    "write_dataset": "handsum.datasets.write",
    "writers": "handsum.writing.writers",
}


def __getattr__(name: str) -> Any:
    # Lazy, so that `import handsum` and `handsum --help` do not wait for JAX.
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'handsum' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
