"""Handwritten digits, numbers and sequences that sum to a target; and a reader for them."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from handsum._version import __version__

if TYPE_CHECKING:
    from handsum.evaluation.measure import evaluate
    from handsum.pretrained.load import load_model
    from handsum.reading.predict import predict
    from handsum.writing.generate import generate
    from handsum.writing.write import number, sum_sequence

__all__ = [
    "__version__",
    "evaluate",
    "generate",
    "load_model",
    "number",
    "predict",
    "sum_sequence",
]

_HOMES = {
    "evaluate": "handsum.evaluation.measure",
    "generate": "handsum.writing.generate",
    "load_model": "handsum.pretrained.load",
    "number": "handsum.writing.write",
    "predict": "handsum.reading.predict",
    "sum_sequence": "handsum.writing.write",
}


def __getattr__(name: str) -> Any:
    # Lazy, so that `import handsum` and `handsum --help` do not wait for JAX.
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'handsum' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
