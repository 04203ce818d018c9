"""Everything that writes can stop: no work goes on after the check that stops it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from handsum import stopping
from handsum.layout.style import Style
from handsum.writing.generate import generate
from handsum.writing.sequences import encode_sequences
from handsum.writing.write import number, sum_sequence


class Stop(Exception):
    """The client has left."""


@pytest.mark.parametrize(
    ("write", "least"),
    [
        # Each digit is drawn, placed and read; a picture, outlines or frames are made of it.
        (lambda: sum_sequence(20, 5, count=2, seed=1, style=Style()), 3 * 10),
        (lambda: number("40512", seed=1, style=Style()), 3 * 5),
        (lambda: encode_sequences(number("40512", seed=1, verify=False), Style()), 2 * 5),
        (lambda: encode_sequences(number("40512", seed=1, verify=False), Style(), ".svg"), 2 * 5),
        (lambda: encode_sequences(number("40512", seed=1, verify=False), Style(), ".gif"), 20 * 5),
        (lambda: encode_sequences(number("40512", seed=1, verify=False), Style(), ".inkml"), 2 * 5),
    ],
)
def test_writing_stops_between_its_digits(
    write: Callable[[], object], least: int, fake_generator: object
) -> None:
    def count() -> None:
        nonlocal checks
        checks += 1
        if checks == last:
            raise Stop

    checks = last = 0
    with stopping.checked_by(count):
        write()
    every = checks
    assert every >= least
    for last in range(1, every, 7):
        checks = 0
        with pytest.raises(Stop), stopping.checked_by(count):
            write()
        assert checks == last


def test_a_grid_stops_between_calls_of_its_network() -> None:
    checks = 0

    def count() -> None:
        nonlocal checks
        checks += 1
        if checks == 2:
            raise Stop

    with pytest.raises(Stop), stopping.checked_by(count):
        generate(count=100, seed=1, model="cgan")
    assert checks == 2
