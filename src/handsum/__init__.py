"""Handwritten digits, numbers and sequences that sum to a target; and a reader for them."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from handsum._version import __version__

if TYPE_CHECKING:
    from handsum.drawing import generate
    from handsum.measuring import evaluate
    from handsum.pretrained import load_model
    from handsum.reading import predict
    from handsum.writing import number, sum_sequence

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
    "evaluate": "handsum.measuring",
    "generate": "handsum.drawing",
    "load_model": "handsum.pretrained",
    "number": "handsum.writing",
    "predict": "handsum.reading",
    "sum_sequence": "handsum.writing",
}


def __getattr__(name: str) -> Any:
    # Lazy, so that `import handsum` and `handsum --help` do not wait for JAX.
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'handsum' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
