"""What effects work on: a sheet of digits, a view of it, and the effects that are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from handsum.datasets.effects import geometry
from handsum.datasets.effects.ink import Ink
from handsum.datasets.recipe import EFFECTS

Random = np.random.Generator
Drawn = float | str | list[int] | list[float] | Mapping[str, float | str]


@dataclass(frozen=True, eq=False, repr=False)
class Effects:
    """The effects of one picture.

    Each has a strength, a random generator, and, once it was used, the `values` that it drew.
    """

    strengths: Mapping[str, float]
    rngs: Mapping[str, np.random.Generator]
    values: dict[str, Drawn] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return name in self.strengths

    def amount(self, name: str) -> float:
        """Draw how much of an effect there is: from 0 to its strength."""
        return self.strengths[name] * self.rngs[name].random()

    def recorded(self) -> dict[str, Drawn]:
        """The values in the order of EFFECTS."""
        return {name: self.values[name] for name in EFFECTS if name in self.values}


@dataclass(frozen=True, eq=False, repr=False)
class Scene:
    """A sheet with digits' boxes float (N, 4), left, top, right and bottom, and a view of it.

    `unit` is the height in pixels that lengths are fractions of: of a row or number, that of its
    picture. `prints` are what is printed, `inks`
    what is written. A whole page has `edges`, left, top, right and bottom.
    """

    boxes: np.ndarray
    view: np.ndarray
    size: tuple[int, int]
    unit: float
    prints: tuple[Ink, ...] = ()
    inks: tuple[Ink, ...] = ()
    edges: np.ndarray | None = None

    def places(self) -> tuple[np.ndarray, np.ndarray]:
        """The x and y on the sheet of the middle of each pixel, both (H, W)."""
        rows, columns = np.indices(self.size) + 0.5
        seen = geometry.look(
            np.linalg.inv(self.view), np.column_stack([columns.ravel(), rows.ravel()])
        ).reshape(*self.size, 2)
        return seen[..., 0], seen[..., 1]


def smooth_field(size: tuple[int, int], cells: tuple[int, int], rng: Random) -> np.ndarray:
    """Draw a smooth random field, float32 (H, W), with a standard deviation of about 1."""
    coarse = Image.fromarray(rng.standard_normal((cells[0] + 1, cells[1] + 1), np.float32))
    return np.asarray(coarse.resize(size[::-1], Image.Resampling.BICUBIC))
