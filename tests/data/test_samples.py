import gzip
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from handsum.data.mnist import load
from handsum.data.samples import load_samples
from handsum.errors import DatasetError


@pytest.fixture(scope="module")
def real() -> tuple[np.ndarray, np.ndarray]:
    data = load("validation")
    return data.images[:40], data.labels[:40]


@pytest.mark.parametrize(
    "form",
    ["bytes", "channel", "first", "flat", "unit", "signed", "long", "float255"],
)
def test_the_usual_arrays_are_the_same_digits(tmp_path: Path, real, form: str) -> None:
    images, labels = real
    shown = {
        "bytes": images,
        "channel": images[..., None],
        "first": images[:, None],
        "flat": images.reshape(40, 784),
        "unit": images.astype(np.float32) / 255,
        "signed": images.astype(np.float64) / 127.5 - 1,
        "long": images.astype(np.int64),
        "float255": images.astype(np.float32),
    }[form]
    np.savez(tmp_path / "x.npz", images=shown, labels=labels)
    found = load_samples(tmp_path / "x.npz")
    assert found.images.dtype == np.uint8
    np.testing.assert_array_equal(found.images, images)
    np.testing.assert_array_equal(found.labels, labels)
    assert found.notes == ()


def test_sequences_are_digits(tmp_path: Path, real) -> None:
    images, labels = real
    np.savez(
        tmp_path / "x.npz",
        images=images.reshape(8, 5, 28, 28),
        labels=labels.reshape(8, 5),
        writers=np.arange(8),
    )
    found = load_samples(tmp_path / "x.npz")
    np.testing.assert_array_equal(found.images, images)
    np.testing.assert_array_equal(found.labels, labels)
    assert found.writers is not None
    assert found.writers.tolist() == np.repeat(np.arange(8), 5).tolist()


def test_other_names_and_separate_labels(tmp_path: Path, real) -> None:
    images, labels = real
    np.savez(tmp_path / "x.npz", images)
    assert load_samples(tmp_path / "x.npz").labels is None
    np.save(tmp_path / "x.npy", images)
    (tmp_path / "labels.txt").write_text("\n".join(map(str, labels)))
    np.save(tmp_path / "labels.npy", labels)
    np.savez(tmp_path / "labels.npz", labels=labels)
    for name in ("labels.txt", "labels.npy", "labels.npz"):
        found = load_samples(tmp_path / "x.npy", tmp_path / name)
        np.testing.assert_array_equal(found.labels, labels)
        assert found.labels is not None
        assert len(found.labels) == 40


def test_folders_of_pictures(tmp_path: Path, real) -> None:
    images, labels = real
    flat, classes = tmp_path / "flat", tmp_path / "classes"
    flat.mkdir()
    for index, (image, label) in enumerate(zip(images, labels, strict=True)):
        Image.fromarray(image).save(flat / f"{index:05d}_{label}.png")
        (classes / str(label)).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(classes / str(label) / f"{index}.png")
    found = load_samples(flat)
    np.testing.assert_array_equal(found.images, images)
    np.testing.assert_array_equal(found.labels, labels)
    assert sorted(load_samples(classes).labels) == sorted(labels)
    rows = [f"{path.name},7" for path in sorted(flat.iterdir())]
    (tmp_path / "labels.csv").write_text("file,digit\n" + "\n".join(reversed(rows)))
    assert set(load_samples(flat, tmp_path / "labels.csv").labels) == {7}
    (tmp_path / "labels.csv").write_text("file,digit\n" + "\n".join(rows[1:]))
    with pytest.raises(DatasetError, match="no label for 00000_"):
        load_samples(flat, tmp_path / "labels.csv")


def test_dark_ink_on_light_paper_is_inverted_and_noted(tmp_path: Path, real) -> None:
    images, _ = real
    np.save(tmp_path / "x.npy", 255 - images)
    found = load_samples(tmp_path / "x.npy")
    np.testing.assert_array_equal(found.images, images)
    assert "inverted" in found.notes[0]
    for index, image in enumerate(images[:5]):
        Image.fromarray(255 - image).save(tmp_path / f"{index}.png")
    found = load_samples(tmp_path)
    np.testing.assert_array_equal(found.images, images[:5])
    assert "inverted" in found.notes[0]
    assert found.labels is None


def test_mixed_polarity_is_an_error_with_counts(tmp_path: Path, real) -> None:
    images, _ = real
    mixed = np.concatenate([images[:30], 255 - images[30:]])
    np.save(tmp_path / "x.npy", mixed)
    with pytest.raises(DatasetError, match="10 of 40 digits are dark on light"):
        load_samples(tmp_path / "x.npy")


def bad(name: str, images: np.ndarray) -> dict[str, np.ndarray]:
    nan = images.astype(np.float32) / 255
    nan[3, 4, 5] = np.nan
    return {
        "shape": {"images": images[:, :20]},
        "rgb": {"images": np.repeat(images[..., None], 3, -1)},
        "scalar": {"images": np.array(3)},
        "empty": {"images": images[:0]},
        "text": {"images": np.full((4, 28, 28), "a")},
        "nan": {"images": nan},
        "range": {"images": images.astype(np.int64) * 5},
        "names": {"pictures": images},
        "few labels": {"images": images, "labels": np.zeros(39, int)},
        "letters": {"images": images, "labels": np.full(40, 12)},
        "halves": {"images": images, "labels": np.full(40, 0.5)},
        "writers": {"images": images, "writers": np.zeros(7, int)},
        "named writers": {"images": images, "writers": np.full(40, "Ada")},
        "nan writers": {"images": images, "writers": np.full(40, np.nan)},
        "black": {"images": np.zeros_like(images)},
        "halfway": {"images": images / 255 - 0.3},
        "channels": {"images": np.repeat(images[:, None], 3, 1)},
        "channels, labelled": {
            "images": np.repeat(images[:, None], 3, 1),
            "labels": np.zeros(40, int),
        },
    }[name]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("shape", "shape 40x20x28"),
        ("rgb", "shape 40x28x28x3"),
        ("scalar", "single number"),
        ("empty", "shape 0x28x28"),
        ("text", "of type <U1"),
        ("nan", "1 of 40 images hold NaN"),
        ("range", "values up to 1275"),
        ("names", "holds pictures: name its images 'images'"),
        ("few labels", "39 labels for 40 digits"),
        ("letters", "labels other than 0 to 9"),
        ("halves", "labels other than 0 to 9"),
        ("writers", "40 digits but 7 writers"),
        ("named writers", "writers are whole numbers"),
        ("nan writers", "writers are whole numbers"),
        ("black", "nothing is written in any of the 40 digits"),
        ("halfway", "values from -0.3 to 0.7"),
        ("channels", "sequences N x L x 28 x 28 need labels N x L"),
        ("channels, labelled", "sequences N x L x 28 x 28 need labels N x L"),
    ],
)
def test_arrays_of_other_things_are_refused(tmp_path: Path, real, name: str, message: str) -> None:
    np.savez(tmp_path / "x.npz", **bad(name, real[0]))
    with pytest.raises(DatasetError, match=message):
        load_samples(tmp_path / "x.npz")


def test_missing_and_damaged_places(tmp_path: Path, real) -> None:
    with pytest.raises(DatasetError, match="does not exist"):
        load_samples(tmp_path / "no.npz")
    with pytest.raises(DatasetError, match="holds no pictures"):
        load_samples(tmp_path)
    (tmp_path / "x.npz").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(DatasetError, match="cannot read"):
        load_samples(tmp_path / "x.npz")
    (tmp_path / "x.npy").write_bytes(b"")
    with pytest.raises(DatasetError, match="cannot read"):
        load_samples(tmp_path / "x.npy")
    (tmp_path / "x.txt").write_text("7")
    with pytest.raises(DatasetError, match="give an .npz"):
        load_samples(tmp_path / "x.txt")
    np.save(tmp_path / "objects.npy", np.array([{}], object), allow_pickle=True)
    with pytest.raises(DatasetError, match="cannot read"):
        load_samples(tmp_path / "objects.npy")
    np.save(tmp_path / "good.npy", real[0])
    for text, message in (("1\nx\n", "has the label 'x'"), (None, "cannot read the labels")):
        if text:
            (tmp_path / "labels.csv").write_text(text)
        name = "labels.csv" if text else "missing.csv"
        with pytest.raises(DatasetError, match=message):
            load_samples(tmp_path / "good.npy", tmp_path / name)


def test_ranges_may_be_a_little_exceeded(tmp_path: Path, real) -> None:
    images, _ = real
    np.savez(tmp_path / "x.npz", images=images / 255 - 1e-4)
    np.testing.assert_allclose(load_samples(tmp_path / "x.npz").images, images, atol=1)
    np.savez(tmp_path / "x.npz", images=(images > 127).astype(np.uint8))
    found = load_samples(tmp_path / "x.npz")
    np.testing.assert_array_equal(found.images, (images > 127) * 255)
    assert "black and white" in found.notes[0]
    some = images.copy()
    some[3] = 0
    np.savez(tmp_path / "x.npz", images=some)
    assert load_samples(tmp_path / "x.npz").notes == ("nothing is written in 1 of 40 digits",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file,label\na.png,1\nb.png,2\n", None),
        ("\ufefffile,label\na.png,1\nb.png,2\n", None),
        ("score,label,file\n0.5,1,a.png\n0.7,2,b.png\n", None),
        ("b.png,2\na.png,1\na.png,1\n", None),
        ("a.png;1\nb.png;2\n", None),
        ("file;label;score\na.png;1;0,5\nb.png;2;0,7\n", None),
        ("file\tlabel\r\na.png\t1.0\r\nb.png\t2.0\r\n", None),
        ("a.png,1.0\nb.png,2.\n\n", None),
        ("a.png;1,0\nb.png;2,00\n", None),
        ("a.png;1\nb.png;2.5\n", "has the label '2.5'"),
        ("a.png;1\nb.png,2\n", "rows of different lengths"),
        ("a.png,1,0.9\nb.png,2,0.8\n", "has 3 columns"),
        ("a.png,1\na.png,2\nb.png,2\n", "two labels for a.png"),
        ("a.png,1\n", "no label for b.png$"),
        ("1\n2\n", "does not name the pictures"),
        ("a.png,1\nb.png\n", "rows of different lengths"),
        ("a.png,1\nb.png,12\n", "has the label '12'"),
        ("a.png,1\nb.png,²\n", "has the label '²'"),
        ("a.png,1\nb.png," + "9" * 5000 + "\n", "has the label .*: labels are digits"),
        ("a.png," + "x" * 200_000 + "\n", "cannot read the labels"),
        ("name,score\na.png,1\nb.png,2\n", "starts with 'score'"),
        ("a.png,x\nb.png,2\n", "starts with 'x'"),
        ("", "does not name the pictures|no label"),
    ],
)
def test_labels_of_pictures_name_them(tmp_path: Path, real, text: str, message: str | None) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for index, name in enumerate("ab"):
        Image.fromarray(real[0][index]).save(folder / f"{name}.png")
    (folder / "._a.png").write_bytes(b"what a Mac leaves")
    path = tmp_path / "labels.csv"
    path.write_text(text)
    if message is None:
        found = load_samples(folder, path)
        assert found.labels is not None
        assert found.labels.tolist() == [1, 2]
    else:
        with pytest.raises(DatasetError, match=message):
            load_samples(folder, path)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8", "utf-8-sig"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_labels_are_read_in_the_usual_encodings(
    tmp_path: Path, real, encoding: str, separator: str
) -> None:
    images, labels = real
    np.save(tmp_path / "x.npy", images[:3])
    path = tmp_path / "labels.csv"
    path.write_text("".join(f"{label}.0\n" for label in labels[:3]), encoding=encoding)
    found = load_samples(tmp_path / "x.npy", path)
    np.testing.assert_array_equal(found.labels, labels[:3])
    folder = tmp_path / "pictures"
    folder.mkdir()
    Image.fromarray(images[0]).save(folder / "é.png")
    path.write_text(f"file{separator}label\né.png{separator}7\n", encoding=encoding)
    assert load_samples(folder, path).labels.tolist() == [7]  # type: ignore[union-attr]
    for mark in (b"\xff\xfe", b"\xfe\xff"):
        path.write_bytes(mark + b"7")
        with pytest.raises(DatasetError, match="cannot read the labels"):
            load_samples(folder, path)


@pytest.mark.parametrize("encoding", ["utf-32", "utf-32-le", "latin-1"])
def test_labels_in_another_encoding_are_one_clear_line(tmp_path: Path, real, encoding: str) -> None:
    Image.fromarray(real[0][0]).save(tmp_path / "é.png")
    (tmp_path / "labels.csv").write_text("file,label\né.png,7\n", encoding=encoding)
    with pytest.raises(DatasetError, match="it is not text in UTF-8 or UTF-16$"):
        load_samples(tmp_path, tmp_path / "labels.csv")


@pytest.mark.parametrize("text", ["7,0\n3,0\n", "7,0\n3\n", "label\n7,0\n3,00\n", "7,\n3,\n"])
def test_one_column_of_labels_may_have_a_decimal_comma(tmp_path: Path, real, text: str) -> None:
    np.save(tmp_path / "x.npy", real[0][:2])
    (tmp_path / "labels.csv").write_text(text)
    assert load_samples(tmp_path / "x.npy", tmp_path / "labels.csv").labels.tolist() == [7, 3]  # type: ignore[union-attr]


@pytest.mark.parametrize("dtype", [int, float, bool])
def test_one_hot_labels_are_named(tmp_path: Path, real, dtype: type) -> None:
    rows = np.eye(10, dtype=dtype)[[7, 3]]
    np.save(tmp_path / "x.npy", real[0][:2])
    np.save(tmp_path / "y.npy", rows)
    np.savez(tmp_path / "both.npz", images=real[0][:2], labels=rows)
    (tmp_path / "y.csv").write_text("\n".join(",".join(f"{one:g}" for one in row) for row in rows))
    for path, labels in (("x.npy", "y.npy"), ("both.npz", None), ("x.npy", "y.csv")):
        with pytest.raises(DatasetError, match="one-hot"):
            load_samples(tmp_path / path, labels and tmp_path / labels)


def test_labels_are_read_from_idx_files(tmp_path: Path, real) -> None:
    images, labels = real
    np.save(tmp_path / "x.npy", images[:3])
    table = np.zeros((3, 8), ">i4")
    table[:, 0], table[:, 2] = labels[:3], 2345
    plain = b"\0\0\x08\x01\0\0\0\x03" + bytes(labels[:3].tolist())
    qmnist = b"\0\0\x0c\x02\0\0\0\x03\0\0\0\x08" + table.tobytes()
    for data in (plain, qmnist, gzip.compress(qmnist)):
        (tmp_path / "labels").write_bytes(data)
        found = load_samples(tmp_path / "x.npy", tmp_path / "labels")
        np.testing.assert_array_equal(found.labels, labels[:3])
    (tmp_path / "labels").write_bytes(qmnist[:-1])
    with pytest.raises(DatasetError, match="its header says"):
        load_samples(tmp_path / "x.npy", tmp_path / "labels")
    Image.fromarray(images[0]).save(tmp_path / "a.png")
    with pytest.raises(DatasetError, match="does not name the pictures"):
        load_samples(tmp_path, tmp_path / "labels")


def test_stray_files_and_strips_are_refused(tmp_path: Path, real) -> None:
    (tmp_path / "7").mkdir()
    Image.fromarray(real[0][0]).save(tmp_path / "7" / "a.png")
    Image.fromarray(real[0][0]).save(tmp_path / "stray.png")
    with pytest.raises(DatasetError, match="beside its class folders, such as stray.png"):
        load_samples(tmp_path)
    (tmp_path / "7" / "a.png").unlink()
    Image.fromarray(np.hstack(list(real[0][:7]))).save(tmp_path / "stray.png")
    with pytest.raises(DatasetError, match="196x28: too wide for one digit"):
        load_samples(tmp_path)


def test_damaged_archives_are_reported_in_one_line(tmp_path: Path, real) -> None:
    import zipfile

    path = tmp_path / "x.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("images", b"no array")
    with pytest.raises(DatasetError, match="no arrays"):
        load_samples(path)
    whole = tmp_path / "whole.npy"
    np.save(whole, real[0])
    data = bytearray(whole.read_bytes())
    data[12:40] = b"(((" * 9 + b"("
    (tmp_path / "x.npy").write_bytes(data)
    with pytest.raises(DatasetError, match="cannot read"):
        load_samples(tmp_path / "x.npy")
    # Other arrays beside the digits may hold anything.
    np.savez(path, images=real[0], notes=np.array([{}], object))
    assert len(load_samples(path)) == 40
