"""Strokes as flat arrays, and as files that NumPy reads without pickle."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path

import numpy as np

from handsum.errors import HandsumError, UsageError
from handsum.strokes import Strokes

_NAMES = ("controls", "stroke_offsets", "digit_offsets")


def as_arrays(digits: Sequence[Strokes]) -> dict[str, np.ndarray]:
    """The strokes of M digits, one after the other, as flat arrays.

    `controls` is float32 (K, 3), all control points of `Strokes.controls`; `times` float32 (K,) the
    seconds since the start of its digit at which the pen is nearest to each; `stroke_offsets` int64
    (S + 1,): stroke s has the control points from stroke_offsets[s] up to stroke_offsets[s + 1];
    `digit_offsets` int64 (M + 1,): digit m has the strokes from digit_offsets[m] on.
    """
    strokes = [stroke for digit in digits for stroke in digit.controls]
    # Between two control points lie `pieces` points of the curve.
    pieces = 8
    times = [moments[::pieces] for digit in digits for moments in digit.times(pieces)]
    return {
        "controls": np.concatenate([np.empty((0, 3)), *strokes]).astype(np.float32),
        "times": np.concatenate([np.empty(0), *times]).astype(np.float32),
        "stroke_offsets": _offsets([len(stroke) for stroke in strokes]),
        "digit_offsets": _offsets([len(digit.controls) for digit in digits]),
    }


def from_arrays(arrays: Mapping[str, np.ndarray]) -> list[Strokes]:
    """The strokes of digits from the arrays of `as_arrays`; `times` may be missing.

    Raises:
        UsageError: arrays that do not fit together, or strokes that are none.
    """
    missing = [name for name in _NAMES if name not in arrays]
    if missing:
        raise UsageError(f"there are no strokes: the array {missing[0]} is missing")
    controls, strokes, digits = (np.asarray(arrays[name]) for name in _NAMES)
    if controls.ndim != 2 or controls.shape[1:] != (3,) or controls.dtype.kind != "f":
        raise UsageError(f"controls are floats of the shape (K, 3), not {controls.shape}")
    for name, offsets, end in (
        ("stroke_offsets", strokes, len(controls)),
        ("digit_offsets", digits, len(strokes) - 1),
    ):
        whole = offsets.ndim == 1 and len(offsets) and offsets.dtype.kind in "iu"
        if not whole or offsets[0] != 0 or offsets[-1] != end or (np.diff(offsets) < 0).any():
            raise UsageError(f"{name} are whole numbers that rise from 0 to {end}")
    paths = np.split(controls.astype(float), strokes[1:-1]) if len(strokes) > 1 else []
    return [
        Strokes(tuple(paths[first:last]))
        for first, last in zip(digits[:-1].tolist(), digits[1:].tolist(), strict=True)
    ]


def load_strokes(path: str | PathLike[str]) -> list[Strokes]:
    """The strokes of every digit in an .npz of handsum, in the order of its `labels`.

    Raises:
        HandsumError: the file is missing or damaged, or holds no strokes.
    """
    path = Path(path)
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in _NAMES if name in archive}
        return from_arrays(arrays)
    except UsageError as error:
        raise HandsumError(f"cannot read {path}: {error}") from error
    except (OSError, ValueError, EOFError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        reason = getattr(error, "strerror", None) or "it is not an .npz of arrays"
        raise HandsumError(f"cannot read {path}: {reason}") from error


def _offsets(sizes: Sequence[int]) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)]).astype(np.int64)
