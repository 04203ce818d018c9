"""Files of labels for pictures."""

from __future__ import annotations

import codecs
import csv
import io
import re
from pathlib import Path

import numpy as np

from handsum.data.idx import read_idx_labels
from handsum.errors import DatasetError

# The names of the columns of a CSV.
_LABEL_COLUMNS = frozenset(("label", "labels", "digit", "class", "target", "y"))
# How the files begin that are no text.
_GZIP, _IDX = b"\x1f\x8b", b"\x00\x00"
_NO_NAMES = "{path} does not name the pictures: give rows of file,label"
# Spreadsheets write a whole number as 7.0 or 7,0.
_DIGIT = re.compile(r"([0-9])(?:[.,]0*)?")
_FILE_COLUMNS = frozenset(("file", "filename", "path", "name", "image"))


def read_labels(path: Path, names: list[str]) -> np.ndarray:
    """Read labels from a NPY, NPZ, IDX, TXT or CSV file: int64 (N,).

    For arrays (`names` is empty) one label for each, in their order. For pictures with these names,
    rows of `file,label`; the first row may name the columns, and other columns are ignored. Columns
    are separated by commas, semicolons or tabs; the text is UTF-8 or UTF-16.

    Raises:
        DatasetError: the file cannot be read, has labels that are not digits, or other pictures.
    """
    try:
        if path.suffix.lower() in (".npy", ".npz"):
            return _from_arrays(path, names)
        data = path.read_bytes()
        if data[:2] in (_GZIP, _IDX):
            if names:
                raise DatasetError(_NO_NAMES.format(path=path))
            return read_idx_labels(path).reshape(-1)
        rows = _rows(_decode(data))
    except DatasetError:
        raise
    except UnicodeDecodeError as error:
        raise DatasetError(
            f"cannot read the labels in {path}: it is not text in UTF-8 or UTF-16"
        ) from error
    except OSError as error:
        raise DatasetError(f"cannot read the labels in {path}: {error.strerror}") from error
    except Exception as error:
        # A damaged NumPy header raises all kinds of errors.
        raise DatasetError(f"cannot read the labels in {path}: {error}") from error
    return _from_rows(path, rows if names else _join_decimals(rows), names)


def _decode(data: bytes) -> str:
    """The text of a file in UTF-8 or UTF-16, with or without its mark."""
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    encoding = "utf-16" if wide else "utf-8-sig"
    if not wide and b"\0" in data[:2]:
        # The first character of such a file is a letter or a digit, with a zero byte.
        encoding = "utf-16-be" if data[0] == 0 else "utf-16-le"
    text = data.decode(encoding)
    if "\0" in text:
        raise UnicodeDecodeError(encoding, data, 0, len(data), "a zero character")
    return text


def _rows(text: str) -> list[list[str]]:
    """Split a text into its cells, at whatever separates the first row."""
    first = text.lstrip().partition("\n")[0]
    # A decimal comma may stand beside the other two.
    separator = max("\t;,", key=first.count)
    lines = csv.reader(io.StringIO(text), delimiter=separator)
    return [[cell.strip() for cell in row] for row in lines if any(cell.strip() for cell in row)]


def _join_decimals(rows: list[list[str]]) -> list[list[str]]:
    """The rows of one column whose labels have a decimal comma, such as 7,0."""
    joined = [[",".join(row)] for row in rows]
    start = 1 if rows and len(rows[0]) == 1 else 0
    whole = all(_DIGIT.fullmatch(row[0]) for row in joined[start:])
    return joined if whole and any(len(row) > 1 for row in rows) else rows


def _from_arrays(path: Path, names: list[str]) -> np.ndarray:
    if names:
        raise DatasetError(_NO_NAMES.format(path=path))
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
    if rows and not any(re.fullmatch(r"[0-9.,]+", cell) for cell in rows[0]):
        header = [cell.lower() for cell in rows.pop(0)]
        label = next((i for i, name in enumerate(header) if name in _LABEL_COLUMNS), -1)
        file = next((i for i, name in enumerate(header) if name in _FILE_COLUMNS), 0)
        if label < 0:
            raise DatasetError(f"{path} starts with {header[-1]!r}, which is no digit")
    elif width == 10 and all(_is_one_hot(row) for row in rows):
        raise DatasetError(f"{path} has one-hot rows: give one label a row, 0 to 9")
    elif width > 2:
        raise DatasetError(f"{path} has {width} columns: name them in a first row, file and label")
    values = [_as_digit(row[label], path) for row in rows]
    if not names:
        if width > 1:
            raise DatasetError(
                f"{path} names files, but the digits are in an array: give one label a row"
            )
        return np.array(values, np.int64)
    if width < 2:
        raise DatasetError(_NO_NAMES.format(path=path))
    known: dict[str, int] = {}
    for row, value in zip(rows, values, strict=True):
        if known.setdefault(row[file], value) != value:
            raise DatasetError(f"{path} has two labels for {row[file]}")
    missing = [name for name in names if name not in known]
    if missing:
        others = f" and {len(missing) - 1} more" if missing[1:] else ""
        raise DatasetError(f"{path} has no label for {missing[0]}{others}")
    return np.array([known[name] for name in names], np.int64)


def _is_one_hot(row: list[str]) -> bool:
    values = [cell.rstrip("0").rstrip(".") or "0" for cell in row]
    return sorted(values) == ["0"] * 9 + ["1"]


def _as_digit(cell: str, path: Path) -> int:
    match = _DIGIT.fullmatch(cell)
    if not match:
        raise DatasetError(f"{path} has the label {cell[:20]!r}: labels are digits, 0 to 9")
    return int(match[1])
