"""Cases of a test, some of which run only with `-m slow`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pytest


def quick(cases: Iterable[Any], *places: int) -> list[Any]:
    """The cases for `parametrize`: all but those at these places are slow."""
    return [
        case if place in places else pytest.param(*_values(case), marks=pytest.mark.slow)
        for place, case in enumerate(cases)
    ]


def _values(case: Any) -> Sequence[Any]:
    return case if isinstance(case, tuple) else (case,)
