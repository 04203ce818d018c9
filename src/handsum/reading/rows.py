"""The rows of a page's writing, and the small marks at their feet."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from handsum.data.pictures.components import Part

# A part lower than this share of its row, and in the lower half of it, is punctuation, too.
LOW = 0.65
# Parts of a row share at least this much of their height with their left neighbour.
_LEAST_SHARED = 0.35


def sort_rows(parts: Sequence[Part]) -> list[list[Part]]:
    """Sort parts into rows, each from left to right; a row may slope."""
    rows: list[list[Part]] = []
    # The top and the bottom of each row's last part.
    tops, bottoms = np.zeros((2, len(parts)), np.int64)
    for part in sorted(parts, key=lambda part: part.left):
        top, bottom = tops[: len(rows)], bottoms[: len(rows)]
        shared = np.minimum(bottom, part.bottom) - np.maximum(top, part.top)
        share = shared / np.minimum(bottom - top, part.height)
        best = int(np.argmax(share)) if rows else 0
        if rows and share[best] >= _LEAST_SHARED:
            rows[best].append(part)
        else:
            best = len(rows)
            rows.append([part])
        tops[best], bottoms[best] = part.top, part.bottom
    rows.sort(key=lambda row: float(np.median([part.top + part.bottom for part in row])))
    return rows


def split_low(row: Sequence[Part], typical: float) -> tuple[list[Part], list[Part]]:
    """Split off the parts of a row that are small and in the lower half of it, like a comma.

    Return the others and them; `typical` is the height of the row.
    """
    tall = [part for part in row if part.height >= 0.8 * typical]
    centres = np.array([part.left + part.right for part in tall])
    rest: list[Part] = []
    low: list[Part] = []
    for part in row:
        near = tall[int(np.abs(centres - part.left - part.right).argmin())]
        small = part.height < LOW * typical and part.top > (near.top + near.bottom) / 2
        (low if small else rest).append(part)
    return rest, low
