"""Connected pieces of ink, and the pieces of one broken digit."""

from __future__ import annotations

import numpy as np
import pytest

from handsum.data.pictures import components
from handsum.data.pictures.components import Part, join_pieces


def boxes(count: int, seed: int = 0) -> list[Part]:
    rng = np.random.default_rng(seed)
    places = rng.integers(0, 25 * int(count**0.5), (count, 2))
    sizes = rng.integers(2, 30, (count, 2))
    return [
        Part((n,), int(x), int(y), int(x + w), int(y + h), int(w * h))
        for n, ((x, y), (w, h)) in enumerate(zip(places, sizes, strict=True), 1)
    ]


def test_joining_looks_again_only_at_pieces_near_one_that_grew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked: list[int] = []
    nearest = components._nearest_partner

    def count(index: int, edges: np.ndarray, typical: float) -> int | None:
        looked.append(index)
        return nearest(index, edges, typical)

    monkeypatch.setattr(components, "_nearest_partner", count)
    parts = boxes(400)
    joined = join_pieces(parts)
    assert len(joined) < 0.9 * len(parts)
    assert sorted(label for part in joined for label in part.labels) == list(range(1, 401))
    few = len(looked)
    monkeypatch.setattr(components, "_are_near", lambda edges, part, reach: True)
    assert join_pieces(parts) == joined
    assert few < len(looked) - few
