"""Layout: a row of digits on paper, and where the ink is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from handsum.errors import UsageError
from handsum.layout.lines import written_line
from handsum.layout.painting import INK_LEVEL, ink_box, parse_color
from handsum.layout.rows import Picture, render
from handsum.layout.style import Style
from handsum.strokes import Strokes, draw_strokes

Row = Callable[[str], list[Strokes]]
Rows = Callable[..., Picture]


@pytest.fixture
def render_rows(write_row: Row) -> Rows:
    def draw(*texts: str, style: Style | None = None, captions: list[str] | None = None) -> Picture:
        rngs = [np.random.default_rng(index) for index in range(len(texts))]
        rows = [write_row(text) for text in texts]
        return render(rows, rngs, style or Style(paper="black"), captions)

    return draw


def lines(*ends: tuple[float, float, float, float], width: float = 0.1) -> Strokes:
    """Straight strokes from (x, y) to (x, y), in units of a digit's height."""
    return Strokes(tuple(np.array([(x, y, width / 2), (u, v, width / 2)]) for x, y, u, v in ends))


def draw_line(*digits: Strokes, style: Style | None = None, seed: int = 0) -> Picture:
    return render([digits], [np.random.default_rng(seed)], style or Style())


def gaps(picture: Picture, row: int = 0) -> np.ndarray:
    boxes = picture.boxes[row]
    return boxes[1:, 0] - (boxes[:-1, 0] + boxes[:-1, 2])


@pytest.mark.parametrize("scale", [0.5, 1, 1.5, 4, 7.3])
def test_boxes_hold_all_ink_and_touch_it(render_rows: Rows, scale: float) -> None:
    picture = render_rows("7254", "9016", "3333", style=Style(scale, paper="black"))
    pixels = picture.pixels.copy()
    for x, y, width, height in picture.boxes.reshape(-1, 4):
        box = pixels[y : y + height, x : x + width]
        assert box.shape == (height, width)
        inked = box >= INK_LEVEL
        for edge in (inked[0], inked[-1], inked[:, 0], inked[:, -1]):
            assert edge.any()
        box[:] = 0
    # What is left is too pale to be seen.
    assert pixels.max() < INK_LEVEL


def test_digits_stand_on_one_baseline(render_rows: Rows) -> None:
    boxes = render_rows("72540183").boxes[0]
    bottoms = boxes[:, 1] + boxes[:, 3]
    # A little unrest is natural: a tenth of a digit's height.
    assert 0 < np.ptp(bottoms) <= 8


def test_digits_go_left_to_right_without_touching(render_rows: Rows) -> None:
    picture = render_rows("11471740711", "22222222222")
    for row in (0, 1):
        # Edges are two pixels wide.
        assert gaps(picture, row).min() >= 2.5 * 4 - 2
        assert gaps(picture, row).max() <= 8 * 4


def test_gaps_vary_and_follow_the_row_generator(write_row: Row) -> None:
    first, again, other = (draw_line(*write_row("000000"), seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first.pixels, again.pixels)
    assert len(set(gaps(first))) > 1
    assert gaps(first).tolist() != gaps(other).tolist()


def test_slanted_strokes_are_set_closer_than_upright_ones() -> None:
    """A 7 leaves room at its foot, into which a following digit is drawn."""
    bar, foot, upright = (-0.5, -0.5, 0.5, -0.5), (-0.5, 0.5, 0.5, 0.5), (-0.5, -0.5, -0.5, 0.5)
    seven, right = lines(bar, upright, width=0.2), (0.5, -0.5, 0.5, 0.5)
    near = draw_line(seven, lines(foot, right, width=0.2))
    # Now an upright stands where the room was.
    far = draw_line(seven, lines(foot, right, upright, width=0.2))
    assert gaps(near)[0] < gaps(far)[0]


@pytest.mark.parametrize(
    ("text", "wide"),
    [("1234567", [0, 3]), ("123456", [2]), ("1234", [0]), ("123", []), ("12", [])],
)
def test_thousands_are_set_apart_from_the_right(
    render_rows: Rows, text: str, wide: list[int]
) -> None:
    plain = gaps(render_rows(text))
    spaced = gaps(render_rows(text, style=Style(paper="black", spacing=True)))
    more = np.flatnonzero(spaced - plain > 1)
    assert more.tolist() == wide
    # Edges may fall on either side of a pixel.
    assert all(abs(spaced[place] - plain[place] - 11 * 4) <= 1 for place in wide)


def test_wide_spacing_widens_every_gap(render_rows: Rows) -> None:
    wide = gaps(render_rows("72545", style=Style(paper="black", wide=True)))
    np.testing.assert_allclose(wide - gaps(render_rows("72545")), [44] * 4, atol=1)


def test_wide_spacing_widens_the_gaps_beside_signs(write_row: Callable[..., list[Strokes]]) -> None:
    def lefts(wide: bool) -> np.ndarray:
        random, style = np.random.default_rng(0), Style(wide=wide)
        line = written_line(write_row("3475"), random, "3+4=7.5", style)
        return np.array([item.strokes.bounds()[0] for item in line])

    added = np.diff(lefts(True) - lefts(False))
    # A digit also keeps its distance from the one before the sign; a point stays with its digit.
    assert (added > [5, 5, 5, 5, -0.01, 5]).all()
    np.testing.assert_allclose(added[[0, 1, 2, 4, 5]], [11, 11, 11, 0, 11], atol=0.01)


def test_wide_gaps_and_thousands_add_up(render_rows: Rows) -> None:
    both = gaps(render_rows("1234", style=Style(paper="black", spacing=True, wide=True)))
    np.testing.assert_allclose(both - gaps(render_rows("1234")), [88, 44, 44], atol=1)


def test_a_wide_digit_is_not_a_short_one() -> None:
    """MNIST fits digits into a square: what is wide comes out low, and gets its height back."""
    tall, wide = lines((0, -0.5, 0, 0.5)), lines((-0.5, -0.4, 0.5, 0.4))
    boxes = draw_line(tall, wide).boxes[0]
    assert boxes[1, 3] == pytest.approx(boxes[0, 3], rel=0.1)


def test_a_digit_keeps_its_place_when_another_pen_writes_it(write_row: Row) -> None:
    fine, thick = (draw_line(*write_row("72"), style=Style(pen=pen)) for pen in (0.03, 0.2))
    middles = [(one.boxes[0, :, 1] + one.boxes[0, :, 3] / 2) for one in (fine, thick)]
    np.testing.assert_allclose(*middles, atol=10)
    assert (thick.pixels < 128).sum() > 2 * (fine.pixels < 128).sum()


@pytest.mark.parametrize("height", [17, 300, 2000])
def test_a_picture_is_sharp_at_any_height(write_row: Row, height: int) -> None:
    picture = draw_line(*write_row("8"), style=Style(height=height, ink="black"))
    assert picture.boxes[0, 0, 3] == pytest.approx(1.05 * height, rel=0.1)
    # An edge is about two pixels wide, so the grey pixels are as many as its length.
    grey = ((picture.pixels > 25) & (picture.pixels < 230)).sum()
    assert grey < 30 * height


def test_cells_are_the_plain_images_side_by_side(render_rows: Rows, write_row: Row) -> None:
    picture = render_rows("725", "109", style=Style(paper="black", cells=True))
    images = [draw_strokes(write_row(text), 28) for text in ("725", "109")]
    rows = [np.concatenate(row, axis=1) for row in images]
    assert np.array_equal(picture.pixels, np.concatenate(rows))
    x, y, width, height = picture.boxes[1, 2]
    assert (x - 56, y - 28, width, height) == ink_box(images[1][2])


def test_cells_scale(render_rows: Rows) -> None:
    picture = render_rows("725", style=Style(3, cells=True))
    assert picture.pixels.shape == (84, 252, 3)


def test_a_sheet_keeps_rows_apart_and_starts_them_in_line(render_rows: Rows) -> None:
    picture = render_rows(*["72545"] * 5)
    tops, bottoms = (
        picture.boxes[:, :, 1].min(axis=1),
        picture.boxes[:, :, [1, 3]].sum(-1).max(axis=1),
    )
    assert (tops[1:] > bottoms[:-1]).all()
    assert len(set(picture.boxes[:, 0, 0])) == 1


def test_a_large_sheet_has_several_columns(render_rows: Rows) -> None:
    picture = render_rows(*["725"] * 40)
    height, width = picture.pixels.shape
    assert 0.4 < width / height < 2.5
    assert len(np.unique(picture.boxes.reshape(-1, 4), axis=0)) == 120


def test_a_row_is_the_same_alone_and_in_a_sheet(render_rows: Rows) -> None:
    sheet, alone = render_rows("725", "109"), render_rows("725")
    assert np.array_equal(
        sheet.boxes[0] - sheet.boxes[0, 0] * [1, 1, 0, 0],
        alone.boxes[0] - alone.boxes[0, 0] * [1, 1, 0, 0],
    )


def test_a_caption_leaves_the_digits_where_they_are(render_rows: Rows) -> None:
    plain, captioned = render_rows("1"), render_rows("1", captions=["1 = 1, and a long remark"])
    assert np.array_equal(plain.boxes, captioned.boxes)
    x, y, width, height = plain.boxes[0, 0]
    digit = np.s_[y : y + height, x : x + width]
    assert np.array_equal(plain.pixels[digit], captioned.pixels[digit])
    below = captioned.pixels[y + height + 8 :]
    assert below.any()
    assert not captioned.pixels[:, -9:].any()


@pytest.mark.parametrize(
    ("style", "paper", "ink"),
    [
        (Style(), (255, 255, 255), (26, 34, 56)),
        (Style(paper="#102030"), (16, 32, 48), (255, 255, 255)),
        (Style(paper="#f4ecd8", ink="navy"), (244, 236, 216), (0, 0, 128)),
    ],
)
def test_ink_and_paper_have_their_colours(
    render_rows: Rows, style: Style, paper: tuple[int, ...], ink: tuple[int, ...]
) -> None:
    pixels = render_rows("8", style=style).pixels
    assert pixels.shape[2] == 3
    assert tuple(pixels[0, 0]) == paper
    assert (pixels == ink).all(axis=-1).any()


def test_grey_colours_give_a_grey_picture(render_rows: Rows) -> None:
    pixels = render_rows("8", style=Style(ink="black")).pixels
    assert pixels.ndim == 2
    assert (pixels.min(), pixels.max(), pixels[0, 0]) == (0, 255, 255)


def test_transparent_paper_shows_through(render_rows: Rows) -> None:
    pixels = render_rows("8", style=Style(paper="transparent", ink="#ff0000")).pixels
    assert pixels.shape[2] == 4
    assert (pixels[..., :3] == (255, 0, 0)).all()
    assert (pixels[..., 3].min(), pixels[..., 3].max(), pixels[0, 0, 3]) == (0, 255, 0)


@pytest.mark.parametrize("scale", [4, 16])
def test_enlarged_edges_are_crisp_and_the_paper_clean(render_rows: Rows, scale: float) -> None:
    pixels = render_rows("0", style=Style(scale, ink="black", cells=True)).pixels
    assert np.median(pixels) == 255
    between = ((pixels > 30) & (pixels < 225)).sum()
    assert between < 0.5 * (pixels <= 30).sum()
    assert np.array_equal(np.unique(pixels[:2]), [255])


@pytest.mark.parametrize("cells", [False, True])
def test_a_digit_without_ink_does_not_stop_the_rest(write_row: Row, cells: bool) -> None:
    seven, blank = draw_line(*write_row("7"), Strokes(()), style=Style(cells=cells)).boxes[0]
    assert (seven[2:] > 0).all()
    assert blank.shape == (4,)


def test_a_picture_too_large_to_read_is_not_drawn(write_row: Row) -> None:
    rows = [write_row("72") * 100] * 50
    with pytest.raises(UsageError, match="smaller size"):
        render(rows, [np.random.default_rng(0)] * 50, Style(scale=32))


def test_parse_color_knows_names_and_hex() -> None:
    assert parse_color("navy") == (0, 0, 128)
    assert parse_color("#0af") == (0, 170, 255)
