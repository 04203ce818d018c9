"""What is drawn on a picture: boxes, doubts, and a legend that explains them."""

from __future__ import annotations

import numpy as np
import pytest

from handsum.reading.marking import draw_marks

SURE, DOUBTFUL, OTHER = (0, 130, 60), (215, 110, 0), (140, 140, 140)
BOX = (20, 20, 30, 40)


def count(pixels: np.ndarray, colour: tuple[int, int, int]) -> int:
    return int((pixels.reshape(-1, 3) == colour).all(1).sum())


def draw(width: int = 500, height: int = 120, **marks: object) -> tuple[np.ndarray, np.ndarray]:
    """A marked picture, and its legend: what is below it."""
    options = {"digits": "", "confidence": (), "boxes": (), "others": (), **marks}
    page = draw_marks(np.ones((height, width), np.float32), **options)  # type: ignore[arg-type]
    plain = draw_marks(np.ones((height, width), np.float32), "", (), (), ())
    return page, page[plain.shape[0] :]


@pytest.mark.parametrize(
    ("marks", "colours"),
    [
        ({"digits": "7", "confidence": (0.99,), "boxes": (BOX,)}, [SURE]),
        ({"digits": "7", "confidence": (0.6,), "boxes": (BOX,)}, [DOUBTFUL]),
        ({"others": (BOX,)}, [OTHER]),
        (
            {
                "digits": "71", "confidence": (0.99, 0.3), "boxes": (BOX, (80, 20, 9, 40)),
                "others": ((200, 20, 30, 40),),
            },
            [SURE, DOUBTFUL, OTHER],
        ),
        ({}, []),
    ],
    ids=["read", "doubtful", "left out", "all", "nothing"],
)  # fmt: skip
def test_the_legend_has_the_colours_of_the_picture(
    marks: dict[str, object], colours: list[tuple[int, int, int]]
) -> None:
    page, legend = draw(**marks)
    for colour in (SURE, DOUBTFUL, OTHER):
        assert (count(legend, colour) > 20) is (colour in colours)
        assert (count(page[: -len(legend) or None], colour) > 100) is (colour in colours)


def test_a_doubt_shows_without_colour() -> None:
    marks = {"digits": "7", "boxes": (BOX,)}
    sure, _ = draw(confidence=(0.99,), **marks)
    doubtful, _ = draw(confidence=(0.5,), **marks)
    mark = slice(18, 36), slice(18, 60)
    assert (doubtful[mark] < 255).any(-1).sum() > 1.3 * (sure[mark] < 255).any(-1).sum()


@pytest.mark.parametrize("width", [9, 28, 150, 2000])
def test_the_legend_fits(width: int) -> None:
    marks = {"digits": "7", "confidence": (0.6,), "boxes": ((1, 1, 5, 9),), "others": (BOX,)}
    page, legend = draw(width, **marks)
    assert page.shape[1] >= width
    inked = (legend < 255).any(-1)
    # Nothing touches the edges, where it would be cut off.
    assert not inked[[0, -1]].any()
    assert not inked[:, [0, -1]].any()
    # Entries of different colours do not lie over one another.
    first, second = ((legend == colour).all(-1) for colour in (DOUBTFUL, OTHER))
    apart = [not (first.any(axis) & second.any(axis)).any() for axis in (0, 1)]
    assert any(apart)


def test_the_picture_keeps_its_scale_and_place() -> None:
    rng = np.random.default_rng(0)
    grey = rng.uniform(size=(80, 300)).astype(np.float32)
    page = draw_marks(grey, "7", (0.99,), (BOX,), ())
    tail = np.rint(grey[-10:] * 255).astype(np.uint8)
    places = [row for row in range(len(page) - 9) if (page[row : row + 10, :, 0] == tail).all()]
    assert len(places) == 1
