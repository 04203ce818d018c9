"""Letters of the pen, which are no digits: the points through which a hand writes each."""

from __future__ import annotations

import numpy as np

# The capitals' height, of the grid in which the points are given; y points down.
_HEIGHT = 8
_POINTS = {
    "A": "08 20 48;15 35",
    "B": "08 00 31 33 04 45 47 08",
    "C": "41 20 02 06 28 47",
    "D": "00 08 37 44 31 00",
    "E": "40 00 08 48;04 34",
    "F": "40 00 08;04 34",
    "G": "41 20 03 18 47 45 25",
    "H": "00 08;40 48;04 44",
    "I": "20 28",
    "J": "40 47 28 06",
    "K": "00 08;40 04 48",
    "L": "00 08 48",
    "M": "08 00 25 40 48",
    "N": "08 00 48 40",
    "O": "20 02 06 28 46 42 20",
    "P": "08 00 30 42 34 04",
    "Q": "20 02 06 28 46 42 20;25 49",
    "R": "08 00 30 42 34 04 48",
    "S": "41 20 02 44 46 28 07",
    "T": "00 40;20 28",
    "U": "00 06 28 46 40",
    "V": "00 28 40",
    "W": "00 18 23 38 40",
    "X": "00 48;40 08",
    "Y": "00 24 40;24 28",
    "Z": "00 40 08 48",
    "a": "44 23 05 18 37 43 48",
    "b": "00 08 38 35 14 05",
    "c": "34 13 06 28 37",
    "d": "44 23 06 28 46 40 48",
    "e": "05 35 23 05 18 47",
    "f": "41 20 13 18;04 34",
    "g": "44 23 05 17 46 43 4a 1b",
    "h": "00 08 05 23 35 38",
    "i": "13 18;11 11",
    "j": "23 2a 0b",
    "k": "00 08;33 06 38",
    "l": "10 18",
    "m": "03 08 04 23 28 24 43 48",
    "n": "03 08 04 23 35 38",
    "o": "23 05 18 37 44 23",
    "p": "03 0b;04 33 37 08",
    "q": "43 4b;44 23 06 28 46",
    "r": "03 08 05 23 34",
    "s": "34 13 05 36 27 08",
    "t": "10 17 38;03 33",
    "u": "03 07 28 37 33 38",
    "v": "03 28 43",
    "w": "03 18 24 38 43",
    "x": "03 38;33 08",
    "y": "03 28 43 1b",
    "z": "03 43 08 48",
}
ALPHABET = "".join(_POINTS)
# Those that cannot be somebody's digit when they stand alone.
PLAIN = "ACEFHKMNPRTUVWXadefhkmnprtuvwx"


def letter(name: str) -> list[np.ndarray]:
    """The strokes of a letter: points float (M, 2), in heights of a capital; y points down from
    the baseline, x to the right."""
    strokes = [
        np.array([[int(digit, 16) for digit in point] for point in stroke.split()], np.float64)
        for stroke in _POINTS[name].split(";")
    ]
    return [(stroke - [0, _HEIGHT]) / _HEIGHT for stroke in strokes]
