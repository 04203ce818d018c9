"""How near drawings of strokes are to the digits that they trace."""

from __future__ import annotations

import numpy as np


def shared_ink(drawn: np.ndarray, images: np.ndarray) -> float:
    """The ink that images uint8 (N, 28, 28) share, over the ink of either, on average."""
    one, other = drawn > 127, images > 127
    both, either = (one & other).sum((1, 2)), (one | other).sum((1, 2))
    return float((both / np.maximum(either, 1)).mean())
