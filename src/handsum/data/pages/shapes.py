"""Letters, which are no digits, and digits as some places write them: where a pen goes."""

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


Random = np.random.Generator

# Forms of digits that half of the world writes and hardly any of MNIST's writers: points in heights
# of the digit, x to the right, y down from the baseline.
_FORMS: dict[int, tuple[str, ...]] = {
    # With a tail that begins or ends beside the loop.
    0: (
        ".95,-1.05 .5,-.95 .1,-.75 .02,-.35 .2,-.02 .45,-.02 .65,-.3 .65,-.7 .45,-.95 .25,-.9",
        ".2,-.8 .4,-1 .2,-.9 .02,-.5 .15,-.05 .4,0 .62,-.3 .6,-.75 .4,-.98 .3,-.85 .5,-.75 .8,-.85",
    ),
    # Begun with a loop or a curl.
    2: (
        ".3,-.68 .15,-.6 .02,-.72 .1,-.92 .35,-1 .58,-.88 .55,-.6 .3,-.25 .02,-.02 .15,-.1 .4,-.02"
        " .7,-.05",
        ".25,-.85 .3,-.68 .12,-.62 .05,-.8 .25,-1 .5,-.95 .55,-.7 .35,-.35 .05,0 .02,-.12 .2,-.12"
        " .5,0 .7,-.1",
    ),
    # As lightning, and in one stroke.
    4: (
        ".3,-1 .15,-.7 .02,-.35 .25,-.42 .55,-.5;.5,-.75 .42,-.4 .35,0",
        ".35,-1 .2,-.7 .02,-.38 .3,-.5 .45,-.55 .4,-.3 .3,0",
        ".3,-1 .15,-.6 0,-.3 .35,-.32 .8,-.35;.75,-1 .55,-.5 .35,0",
    ),
    # As a root's sign: down, up, and across.
    5: (
        "0,-.5 .08,-.3 .15,0 .22,-.45 .3,-.9;.3,-.9 .55,-.93 .85,-.98",
        "0,-.65 .1,-.6 .18,-.3 .2,0 .28,-.5 .35,-.95 .6,-.9 .9,-1",
    ),
    # Crossed, with and without a hook.
    7: (
        "0,-.95 .3,-.98 .65,-1 .5,-.6 .3,0;.12,-.45 .4,-.5 .7,-.52",
        ".02,-.75 .05,-.98 .35,-.95 .65,-1 .5,-.6 .35,0;.15,-.5 .4,-.5 .7,-.5",
    ),
    # As a ribbon: both sides of the loop end in the stem.
    9: (
        ".42,-.4 .15,-.6 .05,-.82 .25,-1 .5,-.95 .58,-.75 .45,-.45 .38,-.2 .35,0",
        ".65,-.95 .35,-1 .1,-.85 .15,-.65 .4,-.45 .6,-.65 .62,-.9 .5,-.55 .42,-.3 .4,0",
        ".35,-.25 .1,-.6 .05,-.85 .3,-1 .6,-.95 .7,-.75 .55,-.5 .35,-.25 .38,-.1 .35,0",
    ),
}
LOCAL = (1, *_FORMS)


def local_digit(label: int, random: Random) -> list[np.ndarray]:
    """The strokes of a digit of `LOCAL` as some place writes it, like those of a letter."""
    if label == 1:
        return _flagged_one(random)
    forms = _FORMS[label]
    strokes = forms[int(random.integers(len(forms)))].split(";")
    wide = np.exp(random.normal(0, 0.15))
    lines = [
        np.array([point.split(",") for point in stroke.split()], np.float64) * [wide, 1]
        for stroke in strokes
    ]
    return [rounded(line + random.normal(0, 0.025, line.shape)) for line in lines]


def rounded(line: np.ndarray) -> np.ndarray:
    """A line (M, 2) whose corners are cut off."""
    if len(line) < 4:
        return line
    sides = [0.75 * line[:-1] + 0.25 * line[1:], 0.25 * line[:-1] + 0.75 * line[1:]]
    return np.concatenate([line[:1], np.stack(sides, 1).reshape(-1, 2)[1:-1], line[-1:]])


def _flagged_one(random: Random) -> list[np.ndarray]:
    """A 1 with a flag, which may begin at the line, and perhaps a foot."""
    wide, low = random.uniform(0.12, 0.6), random.uniform(0.15, 1.0)
    wide = min(wide, 0.15 + 0.6 * low)
    lean = random.normal(0, 0.04)
    points = np.array([[0, low - 1], [wide, -1], [wide + lean, -0.5], [wide + 2 * lean, 0]])
    if random.random() < 0.3:
        # The flag begins with a hook.
        points = np.concatenate([points[:1] + random.uniform(-0.12, 0.12, (1, 2)), points])
    lines = [points]
    if random.random() < 0.2:
        reach = random.uniform(0.15, 0.4, 2)
        foot = points[-1] + np.array([[-reach[0], 0], [reach[1], 0]])
        lines.append(foot + random.normal(0, 0.02, (2, 2)))
    left = min(0.0, float(lines[-1][:, 0].min()))
    return [np.subtract(line, [left, 0]) for line in lines]
