"""Counting which signs were found and read."""

from __future__ import annotations

import numpy as np

from handsum.metrics.detection import Found, match_signs


def test_each_sign_is_found_by_one_box() -> None:
    # Three boxes for two signs: the second box comes too late, the third lies elsewhere.
    overlaps = np.array([[0.9, 0.0], [0.8, 0.1], [0.0, 0.4]])
    assert match_signs(overlaps, np.array([3, 3, 5]), np.array([3, 5])) == Found(2, 1, 1, 2)
    # The second best sign if the best is taken.
    overlaps = np.array([[0.9, 0.6], [0.8, 0.7]])
    assert match_signs(overlaps, np.array([3, 4]), np.array([3, 5])) == Found(2, 2, 1, 0)


def test_nothing_is_found_where_nothing_is() -> None:
    nothing = np.zeros(0, int)
    assert match_signs(np.zeros((0, 0)), nothing, nothing) == Found()
    assert match_signs(np.zeros((2, 0)), np.array([1, 2]), nothing) == Found(0, 0, 0, 2)
    assert match_signs(np.zeros((0, 3)), nothing, np.array([1, 2, 3])) == Found(3, 0, 0, 0)


def test_counts_add_up() -> None:
    assert Found(3, 2, 1, 4) + Found(1, 1, 1, 0) == Found(4, 3, 2, 4)
