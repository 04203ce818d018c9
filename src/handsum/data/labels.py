"""Files of labels for pictures."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import numpy as np

from handsum.errors import DatasetError

# The names of the columns of a CSV.
_LABEL_COLUMNS = frozenset(("label", "labels", "digit", "class", "target", "y"))
_FILE_COLUMNS = frozenset(("file", "filename", "path", "name", "image"))


def read_labels(path: Path, names: list[str]) -> np.ndarray:
    """The labels in a NPY, NPZ, TXT or CSV file, int64 (N,).

    For arrays (`names` is empty) it holds one label each, in their order. For pictures with these
    names it holds rows of `file,label`; a header may name the columns, and further columns are
    ignored.

    Raises:
        DatasetError: the file cannot be read, holds labels that are no digits, or names other
            pictures.
    """
    try:
        if path.suffix.lower() in (".npy", ".npz"):
            return _from_arrays(path, names)
        text = path.read_text(encoding="utf-8-sig")
        rows = [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text)) if row]
    except DatasetError:
        raise
    except OSError as error:
        raise DatasetError(f"cannot read the labels in {path}: {error.strerror}") from error
    except Exception as error:
        # A damaged NumPy header raises all kinds of errors; a text may be in another encoding.
        raise DatasetError(f"cannot read the labels in {path}: {error}") from error
    return _from_rows(path, rows, names)


def _from_arrays(path: Path, names: list[str]) -> np.ndarray:
    if names:
        raise DatasetError(f"{path} cannot say whose labels these are: give rows of file,label")
    loaded = np.load(path, allow_pickle=False)
    if not isinstance(loaded, np.ndarray):
        with loaded:
            key = next((key for key in loaded.files if key in ("labels", "y")), loaded.files[0])
            loaded = loaded[key]
    return loaded.reshape(-1)


def _from_rows(path: Path, rows: list[list[str]], names: list[str]) -> np.ndarray:
    width = len(rows[0]) if rows else 0
    if any(len(row) != width for row in rows):
        raise DatasetError(f"{path} has rows of different lengths: give one label a row")
    label, file = width - 1, 0
    if rows and not any(re.fullmatch(r"[0-9.]+", cell) for cell in rows[0]):
        header = [cell.lower() for cell in rows.pop(0)]
        label = next((i for i, name in enumerate(header) if name in _LABEL_COLUMNS), -1)
        file = next((i for i, name in enumerate(header) if name in _FILE_COLUMNS), 0)
        if label < 0:
            raise DatasetError(f"{path} starts with {header[-1]!r}, which is no digit")
    elif width > 2:
        raise DatasetError(f"{path} has {width} columns: name them in a first row, file and label")
    wrong = next((row[label] for row in rows if not re.fullmatch(r"[0-9]", row[label])), None)
    if wrong is not None:
        raise DatasetError(f"{path} holds {wrong[:20]!r} for a label: labels are digits, 0 to 9")
    values = [int(row[label]) for row in rows]
    if not names:
        if width > 1:
            raise DatasetError(
                f"{path} names files, but the digits are in an array: give one label a row"
            )
        return np.array(values, np.int64)
    if width < 2:
        raise DatasetError(f"{path} cannot say whose labels these are: give rows of file,label")
    known: dict[str, int] = {}
    for row, value in zip(rows, values, strict=True):
        if known.setdefault(row[file], value) != value:
            raise DatasetError(f"{path} has two labels for {row[file]}")
    missing = [name for name in names if name not in known]
    if missing:
        others = f" and {len(missing) - 1} more" if missing[1:] else ""
        raise DatasetError(f"{path} has no label for {missing[0]}{others}")
    return np.array([known[name] for name in names], np.int64)
