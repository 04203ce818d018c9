"""Pages: rows of numbers and words with their places, in every layout and format."""

from __future__ import annotations

import csv
import io
import json
import tarfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from handsum.data.pages.own import read_texts
from handsum.datasets import Plan, Recipe, Sample, draw_samples, parse_realism, stream, write_plan
from handsum.datasets.pages import LAYOUTS, outline_page

COUNT = 8
ALTO = "{http://www.loc.gov/standards/alto/ns-v4#}"


def recipe(realism: str = "none", **options: Any) -> Recipe:
    """Small pages."""
    options = {"lengths": (1, 5), "height": 512} | options
    return Recipe("pages", COUNT, 5, realism=parse_realism(realism), **options)


@pytest.fixture(autouse=True)
def fake(fake_generator: Any) -> Any:
    return fake_generator


def grey(sample: Sample) -> np.ndarray:
    return np.asarray(Image.fromarray(sample.image).convert("L"), np.float32)


def corners(boxes: np.ndarray) -> np.ndarray:
    return np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)


def test_a_page_has_rows_that_hold_its_digits_in_reading_order() -> None:
    for sample in draw_samples(recipe()):
        assert sample.image.shape == (512, 384)
        assert sample.text.split("\n") == list(sample.rows)
        written = "".join(sign for sign in sample.text if sign.isdigit())
        assert written == "".join(map(str, sample.digits))
        ends = np.cumsum([sum(map(str.isdigit, row)) for row in sample.rows])[:-1]
        for row, own in zip(sample.row_boxes, np.split(sample.boxes, ends), strict=True):
            around, inner = corners(row[None])[0], corners(own)
            assert (np.diff(inner[:, 0]) > 0).all()
            assert (inner[:, :2] >= around[:2]).all()
            assert (inner[:, 2:] <= around[2:]).all()
        assert (np.diff(sample.row_boxes[:, 1]) > 0).all()


def test_each_box_holds_the_ink_of_its_digit_and_words_have_none() -> None:
    beside = 0
    for sample in draw_samples(recipe()):
        picture = grey(sample)
        assert (corners(sample.boxes) <= picture.shape[::-1] * 2).all()
        for (x, y, width, height), mask in zip(sample.boxes, sample.masks, strict=True):
            inside = picture[y : y + height, x : x + width]
            assert mask.shape == inside.shape
            assert inside[mask].mean() < 200 < 250 < picture.max()
            picture[y : y + height, x : x + width] = 255
        beside += int((picture < 100).sum() > 50)
    # Words, tables and boxes have no label; notes may have none of them.
    assert beside > COUNT / 2


def test_a_page_depends_on_its_recipe_and_index_alone() -> None:
    own = recipe("all=0.7")
    whole = list(draw_samples(own))
    for index in (0, 3, COUNT - 1):
        (again,) = draw_samples(own, index, index + 1)
        assert np.array_equal(again.image, whole[index].image)
        assert np.array_equal(again.boxes, whole[index].boxes)
    assert np.array_equal(stream(own)[5].image, whole[5].image)


def test_all_effects_keep_every_digit_in_the_picture() -> None:
    for sample in draw_samples(
        recipe("all=1,touching=1", patterns=("amount", "date"), lengths=None)
    ):
        assert (sample.boxes[:, 2:] > 0).all()
        assert len(sample.boxes) == len(sample.digits) == len(sample.strokes)
        assert sample.signs
        places = corners(np.concatenate([sample.boxes, sample.sign_boxes]))
        assert places.min() >= 0
        assert (places[:, 2:] <= (384, 512)).all()
        assert {"desk", "rotation", "perspective"} <= set(sample.effects)


def test_the_desk_is_bounded_by_its_strength_and_recorded() -> None:
    for strength in (0.3, 1.0):
        shares = [sample.effects["desk"] for sample in draw_samples(recipe(f"desk={strength}"))]
        assert 0 <= min(shares) <= max(shares) <= 0.16 * strength  # type: ignore[type-var, operator]
        assert len(set(shares)) > COUNT / 2  # type: ignore[arg-type]


def test_a_desk_shows_beyond_the_edges_of_a_page() -> None:
    for plain, sample in zip(draw_samples(recipe()), draw_samples(recipe("desk=1")), strict=True):
        picture = grey(sample)
        edge = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
        assert (edge < 240).mean() > 0.4
        assert np.median(grey(plain)) == np.median(picture) == 255


def test_digits_in_boxes_of_a_form_do_not_touch() -> None:
    touching = [sample.effects.get("touching") for sample in draw_samples(recipe("touching=1"))]
    assert None in touching
    assert any(touching)


def test_a_single_digit_or_number_has_no_desk() -> None:
    assert Recipe("numbers", 1, 1, realism={"desk": 1.0}).realism == {}


@pytest.mark.parametrize("length", [1, 5, 32])
def test_outlines_are_varied_and_fit_on_a_page(length: int) -> None:
    layouts = set()
    for seed in range(200):
        outline = outline_page(lambda random: "7" * length, np.random.default_rng(seed))
        layouts.add(outline.layout)
        assert outline.texts
        assert len(outline.texts) <= 20
        assert max(map(len, outline.texts)) <= 32
    assert layouts == set(LAYOUTS)


def test_arrays_of_pages_have_one_shape() -> None:
    examples = list(stream(recipe()).arrays())
    assert {example["image"].shape for example in examples} == {(512, 384)}
    assert {example["boxes"].shape for example in examples} == {(640, 4)}
    lengths = [int(example["length"]) for example in examples]
    assert lengths == [len(sample.digits) for sample in draw_samples(recipe())]


@pytest.fixture
def written(tmp_path: Path) -> Any:
    """Write pages of amounts in two shards; return the folder and the samples."""

    def write(file_format: str) -> tuple[Path, list[Sample]]:
        own = recipe("rotation", patterns=("amount",), lengths=None)
        assert write_plan(tmp_path / "set", Plan(own, file_format, 2)).missing_shards == 0
        return tmp_path / "set", list(draw_samples(own))

    return write


def test_png_pages_have_a_line_for_each_row(written: Any) -> None:
    folder, samples = written("png")
    with (folder / "labels.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    rows = [(sample.index, row) for sample in samples for row in sample.rows]
    assert [(int(line["index"]), json.loads(line["label"])) for line in lines] == rows
    for line, (_, row) in zip(lines, rows, strict=True):
        assert len(line["boxes"].split(";")) == sum(map(str.isdigit, row))
        assert int(line["total"]) == sum(int(sign) for sign in row if sign.isdigit())
    # What the reader is trained on.
    texts = read_texts(folder)
    assert [*map(len, texts.values())] == [len(sample.rows) for sample in samples]


def test_parquet_pages_have_rows(written: Any) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    folder, samples = written("parquet")
    files = sorted(folder.glob("*.parquet"))
    table = [row for path in files for row in parquet.read_table(path).to_pylist()]
    assert [row["rows"] for row in table] == [list(sample.rows) for sample in samples]
    assert [row["row_boxes"] for row in table] == [sample.row_boxes.tolist() for sample in samples]


def test_webdataset_pages_have_rows(written: Any) -> None:
    folder, samples = written("webdataset")
    found = []
    for path in sorted(folder.glob("*.tar")):
        with tarfile.open(path) as archive:
            files = {entry.name: archive.extractfile(entry).read() for entry in archive}  # type: ignore[union-attr]
        found += [json.loads(data) for name, data in files.items() if name.endswith("json")]
        pictures = [data for name, data in files.items() if name.endswith("png")]
        assert Image.open(io.BytesIO(pictures[0])).size == (384, 512)
    assert [one["rows"] for one in found] == [list(sample.rows) for sample in samples]


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_coco_pages_are_read_by_its_tools(written: Any) -> None:
    coco = pytest.importorskip("pycocotools.coco")
    folder, samples = written("coco")
    data = coco.COCO(str(folder / "annotations.json"))
    assert len(data.getAnnIds()) == sum(len(s.digits) + len(s.signs) for s in samples)
    for sample in samples:
        assert data.imgs[sample.index + 1]["rows"] == list(sample.rows)
        own = data.loadAnns(data.getAnnIds(imgIds=[sample.index + 1]))
        assert [one["bbox"] for one in own] == [
            *sample.boxes.tolist(), *sample.sign_boxes.tolist()
        ]  # fmt: skip
        for one, mask, box in zip(own, sample.masks, sample.boxes, strict=False):
            x, y, width, height = box
            full = data.annToMask(one)
            assert np.array_equal(full[y : y + height, x : x + width], mask)
            assert full.sum() == mask.sum()


def test_alto_pages_have_lines_numbers_and_digits(written: Any) -> None:
    folder, samples = written("alto")
    for sample in samples:
        place = folder / "images" / f"{sample.index:06d}.xml"
        root = ElementTree.parse(place).getroot()
        assert root.findtext(f".//{ALTO}fileName") == f"{sample.index:06d}.png"
        assert place.with_suffix(".png").exists()
        page = root.find(f".//{ALTO}Page")
        assert page is not None
        assert (page.get("WIDTH"), page.get("HEIGHT")) == ("384", "512")
        lines = root.findall(f".//{ALTO}TextLine")
        texts = [
            "".join(one.get("CONTENT", "") for one in line.iter(f"{ALTO}String")) for line in lines
        ]
        # A number of two groups may be one string.
        assert [text.replace(" ", "") for text in texts] == [
            row.replace(" ", "") for row in sample.rows
        ]
        glyphs = [
            tuple(int(one.get(name, "")) for name in ("HPOS", "VPOS", "WIDTH", "HEIGHT"))
            for one in root.iter(f"{ALTO}Glyph")
        ]
        assert glyphs == [tuple(box) for box in sample.boxes.tolist()]
