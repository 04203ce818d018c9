"""Cuts lie where digits touch."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from handsum.data.pictures.components import Part, label_ink, parts_of
from handsum.reading.cutting import cut


def touching(slant: int = 0) -> np.ndarray:
    """Draw a ring and a stroke that a thin bridge joins, ink float (H, W)."""
    image = Image.new("L", (150, 110))
    pen = ImageDraw.Draw(image)
    pen.ellipse([10, 20, 70, 95], outline=255, width=8)
    pen.line([(100 + slant, 15), (100 - slant, 100)], fill=255, width=8)
    pen.line([(66, 57), (100, 57)], fill=255, width=3)
    return np.asarray(image, np.float32) / 255


def cut_page(ink: np.ndarray) -> tuple[list[Part], list[float], np.ndarray]:
    labels = label_ink(ink)
    (part,) = parts_of(labels)
    pieces, crossed = cut(part, ink, labels, part.height, int(labels.max()) + 1)
    return pieces, crossed, labels


def test_the_cheapest_cut_goes_through_the_bridge() -> None:
    for slant in (0, 12):
        pieces, crossed, labels = cut_page(touching(slant))
        place = int(np.argmin(crossed))
        assert crossed[place] < 0.08
        left = np.isin(labels, [piece.labels[0] for piece in pieces[: place + 1]])
        right = np.isin(labels, [piece.labels[0] for piece in pieces[place + 1 :]])
        # All of the ring is on one side, all of the stroke on the other.
        assert not left[:, 104 + slant :].any()
        assert not right[:, :69].any()
        assert left[:, :60].sum() > 1000
        assert right[:, 85:].sum() > 500


def test_pieces_are_all_of_the_part_from_left_to_right() -> None:
    pieces, crossed, labels = cut_page(touching())
    assert len(crossed) == len(pieces) - 1
    assert sum(piece.area for piece in pieces) == np.count_nonzero(labels)
    centres = [piece.left + piece.right for piece in pieces]
    assert centres == sorted(centres)
    for piece in pieces:
        ys, xs = np.nonzero(labels == piece.labels[0])
        assert (piece.left, piece.top) == (xs.min(), ys.min())
        assert (piece.right, piece.bottom) == (xs.max() + 1, ys.max() + 1)
        assert piece.area == len(xs)


def test_a_single_stroke_is_not_cut() -> None:
    ink = np.zeros((60, 20), np.float32)
    ink[5:55, 7:13] = 1
    labels = label_ink(ink)
    (part,) = parts_of(labels)
    assert cut(part, ink, labels, part.height, int(labels.max()) + 1) == ([part], [])
    assert labels.max() == 1
