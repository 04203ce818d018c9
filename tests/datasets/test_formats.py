"""Formats: the usual readers read each one back, and it holds every sample."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from handsum.data.mnist import read_idx
from handsum.data.pages.own import read_texts
from handsum.data.samples import load_samples
from handsum.data.sources import load_dataset
from handsum.datasets import FORMATS, Plan, Recipe, Sample, draw_samples, parse_realism, write_plan
from handsum.datasets.effects.forms import FORM_NAMES
from handsum.datasets.formats.arrays import NO_DIGIT
from handsum.datasets.formats.cuts import cut_sample
from handsum.errors import HandsumError, UsageError
from handsum.layout.marks import MARKS, value_of

pytestmark = pytest.mark.usefixtures("fake_generator")
COUNT = 23
KINDS = pytest.mark.parametrize(
    ("kind", "realism"),
    [("digits", "none"), ("numbers", "none"), ("sums", "all"), ("amounts", "rotation")],
)
# Numbers with signs, of up to four characters.
AMOUNTS = (r"-?digits{1,2}%?", r"\$?\d[.,:]\d")


@pytest.fixture
def written(tmp_path: Path) -> Any:
    """Write a data set of three shards; return its folder and its samples."""

    def write(kind: Any, realism: str, file_format: str, **options: Any) -> Any:
        lengths = None if kind == "digits" else (1, 4)
        options.setdefault("forms", "mixed" if kind == "sums" else None)
        if kind == "amounts":
            kind, options["patterns"] = "numbers", AMOUNTS
        recipe = Recipe(kind, COUNT, 9, lengths=lengths, realism=parse_realism(realism), **options)
        folder = tmp_path / "set"
        assert write_plan(folder, Plan(recipe, file_format, 3)).missing_shards == 0
        return folder, list(draw_samples(recipe))

    return write


def pixels(path: Any) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def plain(sample: Sample) -> dict[str, Any]:
    """A sample's labels as in JSON."""
    names = ("index", "text", "digits", "forms", "signs", "total", "writer", "seed", "effects")
    values = {name: getattr(sample, name) for name in names} | {"boxes": sample.boxes.tolist()}
    values |= {"sign_boxes": sample.sign_boxes.tolist(), "value": value_of(sample.text)}
    return json.loads(json.dumps(values))


def as_label(kind: str, sample: Sample) -> int | str:
    """The label of a sample in PNG folders: a digit's class, or its text."""
    return sample.digits[0] if kind == "digits" else sample.text


def check_geometry(row: dict[str, Any], sample: Sample) -> None:
    """Compare the masks and strokes of plain values with a sample's, and take them out."""
    for counts, expected in zip(row.pop("masks"), full_masks(sample), strict=True):
        height, width = counts["size"]
        runs = np.repeat(np.arange(len(counts["counts"])) % 2, counts["counts"])
        assert np.array_equal(runs.reshape(width, height).T, expected)
    check_strokes(row.pop("strokes"), sample)


def check_strokes(digits: Any, sample: Sample) -> None:
    """Compare control points with widths, of each stroke of each digit, with a sample's."""
    for digit, strokes in zip(digits, sample.strokes, strict=True):
        for points, stroke in zip(digit, strokes.controls, strict=True):
            assert np.array(points) == pytest.approx(stroke * [1, 1, 2], abs=0.001)


def full_masks(sample: Sample, signs: bool = False) -> np.ndarray:
    """The masks of a sample's digits, bool (L, H, W), and of its signs after them."""
    own, boxes = sample.masks, sample.boxes
    if signs:
        own, boxes = own + sample.sign_masks, np.concatenate([boxes, sample.sign_boxes])
    masks = np.zeros((len(own), *sample.image.shape[:2]), bool)
    for full, mask, (x, y, width, height) in zip(masks, own, boxes, strict=True):
        full[y : y + height, x : x + width] = mask
    return masks


@KINDS
def test_png_files_have_their_labels_beside_them(written: Any, kind: str, realism: str) -> None:
    folder, samples = written(kind, realism, "png")
    lines = [json.loads(line) for line in (folder / "metadata.jsonl").read_text().splitlines()]
    with (folder / "labels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(lines) == len(rows) == COUNT
    for sample, line, row in zip(samples, lines, rows, strict=True):
        name, label = line.pop("file_name"), line.pop("label")
        assert np.array_equal(pixels(folder / name), sample.image)
        check_geometry(line, sample)
        assert line | {"text": sample.text} == plain(sample)
        assert (label if kind == "digits" else json.loads(label)) == as_label(kind, sample)
        own = (row["file"], json.loads(row["label"]), row["total"])
        assert own == (name, as_label(kind, sample), str(sample.total))
        boxes = [[int(value) for value in box.split()] for box in row["boxes"].split(";")]
        assert boxes == sample.boxes.tolist()
        assert json.loads(row["effects"]) == line["effects"]


# Each is a number with leading or closing zeros, or a time, to a reader of tables.
MISREAD = (
    "7",
    "0",
    "07447345",
    "007",
    "12.50",
    "2024-05-12",
    "12:30",
    "1,234.50",
    "1/2",
    "+49",
    "50%",
    "1 234",
)


@pytest.mark.parametrize(
    "texts", [*([text] for text in MISREAD), MISREAD, ["7"] * 110 + ["12.5", "-3"]]
)
def test_no_reader_of_tables_takes_a_label_for_a_number(tmp_path: Path, texts: list[str]) -> None:
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    arrow, arrow_csv = pytest.importorskip("pyarrow.json"), pytest.importorskip("pyarrow.csv")
    folder = tmp_path / "set"
    write_plan(folder, Plan(Recipe("numbers", len(texts), 1, texts=tuple(texts)), "png", 1))
    table, lines = folder / "labels.csv", folder / "metadata.jsonl"
    read = {
        "pandas": pandas.read_csv(table)["label"].tolist(),
        "pandas, lines": pandas.read_json(lines, lines=True)["label"].tolist(),
        "polars": polars.read_csv(table)["label"].to_list(),
        "polars, dates": polars.read_csv(table, try_parse_dates=True)["label"].to_list(),
        # Signs may occur after the lines from which it would choose its types.
        "polars, lines": polars.read_ndjson(lines, infer_schema_length=None)["label"].to_list(),
        "arrow": arrow_csv.read_csv(table)["label"].to_pylist(),
        "arrow, lines": arrow.read_json(lines)["label"].to_pylist(),
    }
    for name, labels in read.items():
        assert [json.loads(label) for label in labels] == list(texts), name


def test_a_spreadsheet_keeps_labels_as_they_are(tmp_path: Path) -> None:
    office = shutil.which("soffice") or pytest.skip("there is no LibreOffice")
    folder = tmp_path / "set"
    write_plan(folder, Plan(Recipe("numbers", len(MISREAD), 1, texts=MISREAD), "png", 1))
    command = [office, f"-env:UserInstallation=file://{tmp_path}/office", "--headless"]
    command += ["--convert-to", "fods", "--outdir", str(tmp_path), str(folder / "labels.csv")]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    sheet = ElementTree.parse(tmp_path / "labels.fods")
    spaces = {
        prefix: f"{{urn:oasis:names:tc:opendocument:xmlns:{prefix}:1.0}}"
        for prefix in ("table", "office", "text")
    }
    rows = list(sheet.iter(f"{spaces['table']}table-row"))[1:]
    cells = [list(row.iter(f"{spaces['table']}table-cell"))[1] for row in rows]
    kept = [cell for cell in cells if cell.get(f"{spaces['office']}value-type") == "string"]
    assert [json.loads("".join(cell.itertext())) for cell in kept] == list(MISREAD)


def test_the_reader_can_be_trained_on_a_folder_of_numbers(tmp_path: Path) -> None:
    """labels.csv is what `--dataset pages:FOLDER` reads."""
    folder = tmp_path / "set"
    recipe = Recipe("numbers", 5, 1, texts=("12.50", "1 234", "-7", "0", "1/2"))
    write_plan(folder, Plan(recipe, "png", 1))
    texts = read_texts(folder)
    assert [texts[path] for path in sorted(texts)] == [["12.50"], ["1234"], ["-7"], ["0"], ["1/2"]]


@pytest.mark.parametrize("file_format", ["png", "parquet"])
def test_folders_are_read_by_hugging_face(written: Any, monkeypatch: Any, file_format: str) -> None:
    datasets = pytest.importorskip("datasets")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    folder, samples = written("amounts", "all", file_format)
    data = datasets.load_dataset(str(folder), split="train", cache_dir=str(folder.parent / "hf"))
    for sample, row in zip(samples, data, strict=True):
        assert np.array_equal(np.asarray(row["image"]), sample.image)
        text = json.loads(row["label"]) if file_format == "png" else row["text"]
        assert text == sample.text
        assert row["boxes"] == sample.boxes.tolist()


@pytest.mark.parametrize("kind", ["digits", "amounts"])
@pytest.mark.parametrize("file_format", ["png", "parquet"])
@pytest.mark.filterwarnings("ignore")
def test_croissant_describes_files_and_records(written: Any, kind: str, file_format: str) -> None:
    croissant = pytest.importorskip("mlcroissant")
    folder, samples = written(kind, "none", file_format)
    data = croissant.Dataset(jsonld=str(folder / "croissant.json"))
    assert data.metadata.issues.errors == set()
    for sample, row in zip(samples, data.records("samples"), strict=True):
        assert np.array_equal(np.asarray(row["samples/image"].convert("L")), sample.image)
        assert row["samples/total"] == sample.total
        label = str(row["samples/label" if file_format == "png" else "samples/text"], "utf-8")
        assert label.strip('"') == sample.text


@pytest.mark.parametrize("file_format", [name for name in FORMATS if name != "tfds"])
@pytest.mark.filterwarnings("ignore")
def test_croissant_is_valid_for_every_format(written: Any, file_format: str) -> None:
    croissant = pytest.importorskip("mlcroissant")
    folder, _ = written("numbers", "none", file_format)
    data = croissant.Dataset(jsonld=str(folder / "croissant.json"))
    assert data.metadata.issues.errors == set()
    sums = dict(line.split("  ")[::-1] for line in (folder / "SHA256SUMS").read_text().splitlines())
    for one in data.metadata.distribution:
        if getattr(one, "sha256", None):
            assert sums[one.name] == one.sha256


def test_png_digits_are_class_folders_and_nothing_else(written: Any) -> None:
    """torchvision and Keras take every folder as a class, and all pictures in it as examples."""
    folder, samples = written("digits", "none", "png")
    # With the folder of an absent digit missing, later digits would get other classes.
    assert len({sample.text for sample in samples}) < 10
    classes = sorted(path.name for path in folder.iterdir() if path.is_dir())
    assert classes == list("0123456789")
    loaded = load_samples(folder)
    assert sorted(loaded.labels.tolist()) == sorted(sample.digits[0] for sample in samples)
    assert {image.tobytes() for image in loaded.images} == {s.image.tobytes() for s in samples}


def test_png_digits_are_read_by_keras(written: Any) -> None:
    keras = pytest.importorskip("keras")
    folder, samples = written("digits", "none", "png")
    data = keras.utils.image_dataset_from_directory(
        folder, color_mode="grayscale", image_size=(28, 28), shuffle=False, batch_size=None
    )
    rows = sorted((int(label), np.asarray(image)[..., 0].tobytes()) for image, label in data)
    expected = [(s.digits[0], s.image.astype(np.float32).tobytes()) for s in samples]
    assert rows == sorted(expected)


def test_png_digits_are_read_by_torchvision(written: Any) -> None:
    torchvision = pytest.importorskip("torchvision")
    folder, samples = written("digits", "none", "png")
    data = torchvision.datasets.ImageFolder(folder, allow_empty=True)
    rows = sorted((label, np.asarray(image)[..., 0].tobytes()) for image, label in data)
    assert rows == sorted((sample.digits[0], sample.image.tobytes()) for sample in samples)


def check_arrays(arrays: Any, samples: list[Sample], single: bool) -> None:
    """Compare padded arrays with their samples."""
    for row, sample in enumerate(samples):
        width, length = sample.image.shape[1], len(sample.digits)
        image = arrays["images"][row]
        assert arrays["widths"][row] == width
        assert np.array_equal(image[:, :width], sample.image)
        if not single:
            # The padding is paper of one colour.
            assert len(np.unique(image[:, width:].reshape(-1, *image.shape[2:]), axis=0)) <= 1
            assert arrays["labels"][row, length:].tolist() == [NO_DIGIT] * (4 - length)
        assert arrays["labels"][row].reshape(-1)[:length].tolist() == list(sample.digits)
        assert np.array_equal(arrays["boxes"][row][:length], sample.boxes)
        assert arrays["totals"][row] == sample.total
        assert arrays["writers"][row] == sample.writer
        bits = arrays["masks"][row][:, :width]
        assert not arrays["masks"][row][:, width:].any()
        places = np.arange(length)[:, None, None]
        assert np.array_equal(bits >> places & 1, full_masks(sample))
        forms = arrays["forms"][row].tolist()
        missing = "" if isinstance(forms[0], str) else NO_DIGIT
        names = [form if form == missing or missing == "" else FORM_NAMES[form] for form in forms]
        own = list(sample.forms)
        assert names == own + [missing] * (len(names) - len(own))
    labels = arrays["stroke_labels"]
    points = iter(np.split(arrays["strokes"], labels[:, 2].cumsum()[:-1]))
    strokes: dict[tuple[int, int], list[np.ndarray]] = {}
    for row, place, count in labels.tolist():
        strokes.setdefault((row, place), []).append(next(points))
        assert len(strokes[row, place][-1]) == count
    for row, sample in enumerate(samples):
        check_strokes([strokes[row, place] for place in range(len(sample.strokes))], sample)


@KINDS
def test_npz_is_read_by_numpy(written: Any, kind: str, realism: str) -> None:
    folder, samples = written(kind, realism, "npz")
    start = 0
    for path in sorted(folder.glob("train-*-of-00003.npz")):
        with np.load(path, allow_pickle=False) as arrays:
            part = samples[start : start + len(arrays["images"])]
            check_arrays(arrays, part, kind == "digits")
            assert arrays["indices"].tolist() == [sample.index for sample in part]
            assert arrays["texts"].tolist() == [sample.text for sample in part]
            for sample, signs, boxes in zip(
                part, arrays["signs"], arrays["sign_boxes"], strict=True
            ):
                count = len(sample.signs)
                assert signs.tolist() == [*sample.signs, *[""] * (len(signs) - count)]
                assert np.array_equal(boxes[:count], sample.sign_boxes)
                assert not boxes[count:].any()
            effects = [json.loads(text) for text in arrays["effects"]]
            assert effects == [plain(sample)["effects"] for sample in part]
            start += len(part)
    assert start == COUNT


def read_any_idx(path: Path) -> np.ndarray:
    data = path.read_bytes()
    dtype = {8: ">u1", 11: ">i2", 12: ">i4", 13: ">f4"}[data[2]]
    shape = np.frombuffer(data, ">i4", data[3], 4)
    return np.frombuffer(data, dtype, offset=4 + 4 * data[3]).reshape(shape)


@pytest.mark.parametrize(
    ("kind", "realism"), [("digits", "none"), ("numbers", "none"), ("sums", "all")]
)
def test_idx_is_mnists_format(written: Any, kind: str, realism: str) -> None:
    folder, samples = written(kind, realism.replace("all", "blur,noise"), "idx")
    single = kind == "digits"
    arrays = {"images": read_idx(folder / "train-images-idx3-ubyte")}
    arrays["labels"] = read_idx(folder / f"train-labels-idx{1 if single else 2}-ubyte")
    for name, axes in (("boxes", 3), ("widths", 1), ("totals", 1), ("writers", 1)):
        arrays[name] = read_any_idx(folder / f"train-{name}-idx{axes}-int")
    arrays["forms"] = read_idx(folder / "train-forms-idx2-ubyte")
    arrays["masks"] = read_any_idx(folder / "train-masks-idx3-ubyte")
    arrays["strokes"] = read_any_idx(folder / "train-strokes-idx2-float")
    arrays["stroke_labels"] = read_any_idx(folder / "train-stroke-labels-idx2-int")
    check_arrays(arrays, samples, single)


@pytest.mark.parametrize(("longest", "bits"), [(8, 8), (9, 16), (17, 32)])
@pytest.mark.parametrize("file_format", ["npz", "idx"])
def test_masks_have_a_bit_for_each_digit(
    tmp_path: Path, file_format: str, longest: int, bits: int
) -> None:
    recipe = Recipe("numbers", 2, 9, lengths=(longest, longest), height=28)
    write_plan(tmp_path / "set", Plan(recipe, file_format, 1))
    (path,) = (tmp_path / "set").glob("*masks-idx3-*" if file_format == "idx" else "*.npz")
    masks = read_any_idx(path) if file_format == "idx" else np.load(path)["masks"]
    assert masks.itemsize == bits // 8
    for sample, row in zip(draw_samples(recipe), masks, strict=True):
        places = np.arange(longest)[:, None, None]
        assert np.array_equal((row >> places & 1)[..., : sample.image.shape[1]], full_masks(sample))


def test_idx_digits_are_read_by_the_package_s_own_loader(written: Any) -> None:
    folder, samples = written("digits", "none", "idx")
    splits = [load_dataset(f"idx:{folder}", split) for split in ("train", "validation")]
    held_out = [index % 12 == 11 for index in range(COUNT)]
    for data, out in zip(splits, (False, True), strict=True):
        part = [s for s, held in zip(samples, held_out, strict=True) if held == out]
        assert np.array_equal(data.images, np.stack([sample.image for sample in part]))
        assert data.labels.tolist() == [sample.digits[0] for sample in part]


def test_a_test_split_has_mnists_name(tmp_path: Path) -> None:
    recipe = Recipe("digits", 5, 9)
    write_plan(tmp_path / "set", Plan(recipe, "idx", 1, "test"))
    assert len(load_dataset(f"idx:{tmp_path / 'set'}", "test")) == 5


def test_idx_is_grey_whatever_the_colours(written: Any) -> None:
    folder, samples = written("digits", "colors=1", "idx")
    grey = [np.asarray(Image.fromarray(sample.image).convert("L")) for sample in samples]
    assert np.array_equal(read_idx(folder / "train-images-idx3-ubyte"), np.stack(grey))


@KINDS
def test_parquet_is_read_by_pyarrow(written: Any, kind: str, realism: str) -> None:
    import io

    parquet = pytest.importorskip("pyarrow.parquet")
    folder, samples = written(kind, realism, "parquet")
    files = sorted(folder.glob("*.parquet"))
    assert files[0].name == "train-00000-of-00003.parquet"
    tables = [parquet.read_table(path) for path in files]
    rows = [row for table in tables for row in table.to_pylist()]
    for sample, row in zip(samples, rows, strict=True):
        image = row.pop("image")
        assert np.array_equal(pixels(io.BytesIO(image["bytes"])), sample.image)
        assert image["path"] == f"{sample.index:06d}.png"
        check_geometry(row, sample)
        assert row.pop("label", None) == (sample.digits[0] if kind == "digits" else None)
        assert row | {"effects": json.loads(row["effects"])} == plain(sample)
    # With this description Hugging Face's `datasets` decodes pictures.
    features = json.loads(tables[0].schema.metadata[b"huggingface"])["info"]["features"]
    assert features["image"] == {"_type": "Image"}
    assert set(features) == set(tables[0].schema.names)


@KINDS
def test_webdataset_reads_its_own(written: Any, kind: str, realism: str) -> None:
    webdataset = pytest.importorskip("webdataset")
    folder, samples = written(kind, realism, "webdataset")
    urls = f"{folder}/train-{{000000..000002}}.tar"
    data = webdataset.WebDataset(urls, shardshuffle=False).decode("pil")
    for sample, row in zip(samples, data, strict=True):
        image = np.asarray(row["png"].convert("L" if sample.image.ndim == 2 else "RGB"))
        assert np.array_equal(image, sample.image)
        check_geometry(row["json"], sample)
        assert row["json"] == plain(sample)
        assert row["__key__"] == f"{sample.index:06d}"
        assert row.get("cls") == (sample.digits[0] if kind == "digits" else None)


@KINDS
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_coco_is_read_by_its_tools(written: Any, kind: str, realism: str) -> None:
    coco = pytest.importorskip("pycocotools.coco")
    folder, samples = written(kind, realism, "coco")
    data = coco.COCO(str(folder / "annotations.json"))
    names = [c["name"] for c in data.loadCats(data.getCatIds())]
    assert names == [*"0123456789", *(MARKS if kind == "amounts" else "")]
    assert data.getImgIds() == list(range(1, COUNT + 1))
    for sample, image in zip(samples, data.loadImgs(data.getImgIds()), strict=True):
        assert np.array_equal(pixels(folder / "images" / image["file_name"]), sample.image)
        assert (image["height"], image["width"]) == sample.image.shape[:2]
        assert (image["text"], image["total"]) == (sample.text, sample.total)
        notes = data.loadAnns(data.getAnnIds(imgIds=image["id"]))
        shown = [*map(str, sample.digits), *sample.signs]
        assert [data.cats[note["category_id"]]["name"] for note in notes] == shown
        assert sorted(shown) == sorted(sample.text)
        boxes = [*sample.boxes.tolist(), *sample.sign_boxes.tolist()]
        assert [note["bbox"] for note in notes] == boxes
        masks = full_masks(sample, signs=True)
        assert np.array_equal([data.annToMask(note) for note in notes], masks)
        assert [note["area"] for note in notes] == masks.sum((1, 2)).tolist()
        check_strokes([note["strokes"] for note in notes[: len(sample.strokes)]], sample)
        assert tuple(note["form"] for note in notes if note.get("form")) == sample.forms
    assert len(data.getAnnIds()) == sum(len(sample.text) for sample in samples)


@KINDS
@pytest.mark.filterwarnings("ignore")
def test_tfds_builds_from_the_directory(written: Any, kind: str, realism: str) -> None:
    tfds = pytest.importorskip("tensorflow_datasets")
    folder, samples = written(kind, realism, "tfds")
    builder = tfds.builder_from_directory(str(folder))
    assert builder.info.splits["train"].num_examples == COUNT
    keys = builder.info.supervised_keys
    assert keys == (("image", "label") if kind == "digits" else None)
    rows = tfds.as_numpy(builder.as_dataset(split="train", shuffle_files=False))
    for row, sample in zip(rows, samples, strict=True):
        image = row["image"] if sample.image.ndim == 3 else row["image"][..., 0]
        assert np.array_equal(image, sample.image)
        assert np.array_equal(row["boxes"], sample.boxes)
        assert np.array_equal(row["masks"][..., 0], full_masks(sample))
        points = np.split(row["strokes"], row["stroke_labels"][:, 1].cumsum()[:-1])
        owned = [
            [
                one
                for one, (owner, _) in zip(points, row["stroke_labels"], strict=True)
                if owner == i
            ]
            for i in range(len(sample.strokes))
        ]
        check_strokes(owned, sample)
        assert tuple(form.decode() for form in row["forms"]) == sample.forms
        assert tuple(sign.decode() for sign in row["signs"]) == sample.signs
        assert np.array_equal(row["sign_boxes"].reshape(-1, 4), sample.sign_boxes)
        value = value_of(sample.text)
        assert row["value"] == pytest.approx(np.nan if value is None else value, nan_ok=True)
        assert row["digits"].tolist() == list(sample.digits)
        assert (row["text"].decode(), row["total"]) == (sample.text, sample.total)
        assert (row["writer"], row["index"], row["seed"]) == (sample.writer, sample.index, 9)
        assert json.loads(row["effects"]) == plain(sample)["effects"]
        assert row.get("label") == (sample.digits[0] if kind == "digits" else None)


def test_cuts_are_digits_as_a_reader_sees_them(written: Any) -> None:
    folder, samples = written("numbers", "none", "cuts")
    data = [load_dataset(f"idx:{folder}", split) for split in ("train", "validation")]
    digits = np.array([digit for sample in samples for digit in sample.digits])
    for sample in samples:
        images, labels = cut_sample(sample)
        assert labels.tolist() == list(sample.digits)
        assert images.any((1, 2)).all()
    held_out = np.arange(len(digits)) % 12 == 11
    assert data[0].labels.tolist() == digits[~held_out].tolist()
    assert data[1].labels.tolist() == digits[held_out].tolist()
    for image in data[0].images:
        rows, columns = np.nonzero(image > 100)
        # As in MNIST: 20 pixels high or wide, and centred by mass where there is room.
        assert 17 <= max(np.ptp(rows), np.ptp(columns)) + 1 <= 21
        assert 9 < rows.mean() < 18
        assert 9 < columns.mean() < 18


def test_cuts_leave_out_digits_that_cannot_be_seen(written: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(
        "handsum.datasets.formats.cuts.cut_digits",
        lambda grey, boxes: np.zeros((len(boxes), 28, 28), np.uint8),
    )
    folder, _ = written("numbers", "none", "cuts")
    assert (folder / "train-labels-idx1-ubyte").read_bytes() == b"\0\0\x08\x01\0\0\0\0"


def test_the_error_for_an_unknown_format_lists_the_formats(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no format 'gif': use png, npz, idx"):
        write_plan(tmp_path / "set", Plan(Recipe("digits", 5, 1), "gif", 1))


@pytest.mark.parametrize(
    ("file_format", "module", "extra"),
    [("parquet", "pyarrow.parquet", "datasets"), ("tfds", "tensorflow_datasets", "tfds")],
)
def test_a_missing_library_is_named_before_anything_is_drawn(
    tmp_path: Path, monkeypatch: Any, file_format: str, module: str, extra: str
) -> None:
    monkeypatch.setitem(__import__("sys").modules, module, None)
    with pytest.raises(HandsumError, match=rf'install .*"handsum\[{extra}\]"'):
        write_plan(tmp_path / "set", Plan(Recipe("digits", 5, 1), file_format, 1))
    assert list(tmp_path.iterdir()) == []
