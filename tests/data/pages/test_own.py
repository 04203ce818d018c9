"""People's own pages: places from texts, and parts of pages with their answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from handsum.data.pages.own import Find, cut_page, open_pages, read_page
from handsum.data.pages.stream import page_maker
from handsum.data.signs.alphabet import CLASSES, SIGNS
from handsum.data.signs.answers import Signs
from handsum.data.signs.targets import true_signs
from handsum.data.sources import load_dataset
from handsum.errors import DatasetError, UsageError

# Where the signs of a page of two rows stand: a 1 that looks like a 7, and a speck like a 3.
PLACES = [("4", 20, 20), ("7", 60, 22), (".", 95, 52), ("3", 120, 20), ("9", 20, 120)]
SPECK = ("3", 160, 45)


def found(places: Sequence[tuple[str, float, float]]) -> Signs:
    boxes, scores, probabilities = [], [], np.full((len(places), CLASSES), 0.01)
    for row, (sign, x, y) in enumerate(places):
        size = (6, 8) if sign == "." else (10, 12) if y == 45 else (26, 40)
        boxes.append([x, y, x + size[0], y + size[1]])
        scores.append(0.3 if sign == "." or y == 45 else 0.9)
        probabilities[row, SIGNS.index(sign)] = 0.7
        if sign == "7":
            probabilities[row, 1] = 0.2
    return Signs(np.array(boxes, float), np.array(scores), probabilities)


def finder(places: Sequence[tuple[str, float, float]]) -> Find:
    def find(pictures: Sequence[np.ndarray], least: float) -> list[Signs]:
        signs = found(places)
        return [signs.of(signs.scores >= least) for _ in pictures]

    return find


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    pixels = np.full((200, 220), 230, np.uint8)
    for box in found([*PLACES, SPECK]).boxes.astype(int):
        pixels[box[1] : box[3], box[0] : box[2]] = 40
    Image.fromarray(pixels).save(tmp_path / "page.png")
    return tmp_path / "page.png"


def test_the_texts_say_what_the_signs_of_a_page_are(picture: Path) -> None:
    page = read_page(picture, ["41.3", "9"], finder([*PLACES, SPECK]))
    assert page is not None
    assert "".join(SIGNS[kind] for kind in page.labels[page.sure]) == "41.39"
    # The point has the height of its row, and the speck is nothing that is known.
    assert page.heights[page.sure].tolist() == [40] * 5
    assert page.boxes[~page.sure].tolist() == [[160, 45, 170, 57]]


@pytest.mark.parametrize(
    "texts", [["41.3"], ["9"], ["41.3", "9", "5"], ["555", "9"], ["9", "41.3"]]
)
def test_a_page_is_used_only_if_all_its_rows_are_found(picture: Path, texts: list[str]) -> None:
    page = read_page(picture, texts, finder([*PLACES, SPECK]))
    if len(texts) == 1:
        # The row beside it is unknown, and nothing is learned of it.
        assert page is not None
        assert page.sure.sum() == len(texts[0])
    else:
        assert page is None


def test_parts_of_a_page_have_its_signs(picture: Path) -> None:
    page = read_page(picture, ["41.3", "9"], finder([*PLACES, SPECK]))
    assert page is not None
    labels = []
    for seed in range(60):
        part = cut_page(page, 96, np.random.default_rng(seed))
        assert part["images"].shape == (96, 96)
        boxes, kinds = true_signs(part)
        labels += kinds.tolist()
        picture_of = part["images"].astype(float)
        dark = picture_of > 128 if np.median(picture_of) < 128 else picture_of < 128
        for left, top, right, bottom in boxes.round().astype(int).clip(0, 96):
            if min(right - left, bottom - top) > 3:
                assert dark[top + 1 : bottom - 1, left + 1 : right - 1].mean() > 0.9
    assert {SIGNS[kind] for kind in labels} == set("41.39")


def test_an_equal_number_gives_an_equal_part(picture: Path) -> None:
    data = load_dataset("mnist", "validation")
    page = read_page(picture, ["41.3", "9"], finder(PLACES))
    assert page is not None
    with_page = type(data)(data.images, data.labels, pages=(page,))
    plain, own = (page_maker(one, 64, 3) for one in (data, with_page))
    same = [np.array_equal(plain(n)["images"], own(n)["images"]) for n in range(12)]
    assert 2 < sum(same) < 10
    for name, values in own(5).items():
        assert np.array_equal(values, own(5)[name])


def write(folder: Path, count: int, lines: Sequence[str] | None = None) -> None:
    folder.mkdir(exist_ok=True)
    pixels = np.random.default_rng(0).integers(0, 255, (60, 90), np.uint8)
    for index in range(count):
        Image.fromarray(pixels).save(folder / f"{index:02d}.png")
    lines = [f"{index:02d}.png,43" for index in range(count)] if lines is None else lines
    (folder / "labels.csv").write_text("\n".join(["file,label", *lines]) + "\n")


def test_every_sixth_page_is_for_validation(tmp_path: Path) -> None:
    write(tmp_path, 14)
    find = finder([PLACES[0], PLACES[3]])
    splits = {name: load() for name, load in open_pages(str(tmp_path), find).items()}
    assert {name: len(data.pages) for name, data in splits.items()} == {
        "train": 11,
        "validation": 3,
    }
    # MNIST's digits go on beside them, those of the split.
    assert len(splits["validation"]) == 5000


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["00.png,4a"], "line 2: the label has 'a': use digits and the signs"),
        (["00.png,"], "line 2: the label is empty"),
        (["00.png,4", "gone.png,5"], "line 3: no file .*gone.png"),
        (["00.png,4"], "has 1 page: use 2 or more"),
        ([], "has 0 page"),
        (["00.png,999", "01.png,999"], "the texts of none of 00.png were found in their pictures"),
    ],
)
def test_a_folder_that_cannot_be_used_says_why(
    tmp_path: Path, lines: list[str], message: str
) -> None:
    write(tmp_path, 2, lines)
    with pytest.raises(DatasetError, match=message):
        load_dataset(f"pages:{tmp_path}", "train", finder(PLACES))


def test_other_mistakes_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="is not a directory"):
        load_dataset(f"pages:{tmp_path}/gone", "train", finder(PLACES))
    with pytest.raises(DatasetError, match="cannot read .*labels.csv"):
        load_dataset(f"pages:{tmp_path}", "train", finder(PLACES))
    (tmp_path / "labels.csv").write_text("name,text\na,1\n")
    with pytest.raises(DatasetError, match="needs the columns file and label"):
        load_dataset(f"pages:{tmp_path}", "train", finder(PLACES))
    write(tmp_path, 2)
    (tmp_path / "00.png").write_bytes(b"no picture")
    with pytest.raises(DatasetError, match=r"00\.png"):
        load_dataset(f"pages:{tmp_path}", "train", finder(PLACES))
    with pytest.raises(UsageError, match="pages:DIR is to train the detector on"):
        load_dataset(f"pages:{tmp_path}", "train")
