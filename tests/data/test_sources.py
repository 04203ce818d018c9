from __future__ import annotations

import gzip
import importlib.util
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from handsum.data import mnist
from handsum.data.folder import read_digit
from handsum.data.sources import load_all, load_dataset
from handsum.errors import DatasetError, UsageError

HAS_TFDS = all(map(importlib.util.find_spec, ("tensorflow", "tensorflow_datasets")))


def digits(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    images = np.zeros((count, 28, 28), np.uint8)
    images[:, 4:24, 4:24] = random.integers(0, 256, (count, 20, 20))
    return images, (np.arange(count) % 10).astype(np.uint8)


def write_idx(path: Path, array: np.ndarray) -> None:
    data = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)


def write_idx_set(
    folder: Path, stem: str, images: np.ndarray, labels: np.ndarray, suffix: str = ""
) -> None:
    write_idx(folder / f"{stem}-images-idx3-ubyte{suffix}", images)
    write_idx(folder / f"{stem}-labels-idx1-ubyte{suffix}", labels)


def write_folder(folder: Path, images: np.ndarray, labels: np.ndarray) -> None:
    for index, (image, label) in enumerate(zip(images, labels, strict=True)):
        path = folder / str(label) / f"{index:04}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)


@pytest.mark.parametrize("kind", ["idx", "folder"])
def test_a_place_under_a_home_that_is_not_there_is_not_found(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HOME", raising=False)

    def unknown(*_: object) -> None:
        raise KeyError("no such user")

    pwd = pytest.importorskip("pwd")
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    with pytest.raises(DatasetError, match="~/digits"):
        load_dataset(f"{kind}:~/digits")


def test_mnist_is_the_bundled_one() -> None:
    data, expected = load_dataset("mnist", "test"), mnist.load("test")
    np.testing.assert_array_equal(data.images, expected.images)
    np.testing.assert_array_equal(data.labels, expected.labels)
    assert data.writers is not None


@pytest.mark.parametrize("spec", ["minst", "idx", "idx:", "csv:here", ""])
def test_an_unknown_specification_lists_the_forms(spec: str) -> None:
    with pytest.raises(
        UsageError, match=r"mnist, tfds:NAME\[/CONFIG\], idx:DIR, folder:DIR or pages:DIR"
    ):
        load_dataset(spec)


def test_an_unknown_split_lists_the_splits() -> None:
    with pytest.raises(UsageError, match="train, validation, test"):
        load_dataset("mnist", "all")  # type: ignore[arg-type]


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_idx_files_keep_their_order_and_every_twelfth_validates(
    tmp_path: Path, suffix: str
) -> None:
    images, labels = digits(36)
    write_idx_set(tmp_path, "train", images, labels, suffix)
    write_idx_set(tmp_path, "t10k", images[:5], labels[:5], suffix)
    spec = f"idx:{tmp_path}"
    train, validation, test = (load_dataset(spec, split) for split in mnist.SPLITS)
    np.testing.assert_array_equal(validation.images, images[11::12])
    np.testing.assert_array_equal(train.images, np.delete(images, np.s_[11::12], 0))
    np.testing.assert_array_equal(train.labels, np.delete(labels, np.s_[11::12]))
    np.testing.assert_array_equal(test.images, images[:5])
    assert train.labels.dtype == np.int64
    assert train.writers is None


def test_idx_files_may_bring_their_own_validation(tmp_path: Path) -> None:
    images, labels = digits(30)
    write_idx_set(tmp_path, "train", images[:20], labels[:20])
    write_idx_set(tmp_path, "validation", images[20:], labels[20:])
    assert len(load_dataset(f"idx:{tmp_path}", "train")) == 20
    np.testing.assert_array_equal(load_dataset(f"idx:{tmp_path}", "validation").images, images[20:])
    with pytest.raises(DatasetError, match="no test split: it has"):
        load_dataset(f"idx:{tmp_path}", "test")


def test_emnist_files_are_turned_upright(tmp_path: Path) -> None:
    images, labels = digits(4)
    write_idx_set(tmp_path, "emnist-digits-test", images, labels)
    np.testing.assert_array_equal(
        load_dataset(f"idx:{tmp_path}", "test").images, images.transpose(0, 2, 1)
    )


def write_idx_integers(path: Path, array: np.ndarray) -> None:
    head = struct.pack(f">HBB{array.ndim}I", 0, 12, array.ndim, *array.shape)
    path.write_bytes(gzip.compress(head + array.astype(">i4").tobytes()))


def test_qmnist_labels_are_the_first_column(tmp_path: Path) -> None:
    images, labels = digits(24)
    table = np.arange(24 * 8).reshape(24, 8) * 1000
    table[:, 0] = labels
    write_idx(tmp_path / "qmnist-train-images-idx3-ubyte.gz", images)
    write_idx_integers(tmp_path / "qmnist-train-labels-idx2-int.gz", table)
    data = load_dataset(f"idx:{tmp_path}", "train")
    np.testing.assert_array_equal(data.labels, np.delete(labels, np.s_[11::12]))
    np.testing.assert_array_equal(data.images, np.delete(images, np.s_[11::12], 0))
    assert data.labels.dtype == np.int64
    # Another table has no column that is known to be the label.
    write_idx_integers(tmp_path / "qmnist-train-labels-idx2-int.gz", table[:, :5])
    with pytest.raises(DatasetError, match="24 images but 120 labels"):
        load_dataset(f"idx:{tmp_path}", "train")
    write_idx_integers(tmp_path / "qmnist-train-images-idx3-ubyte.gz", images)
    with pytest.raises(DatasetError, match="expected images of bytes"):
        load_dataset(f"idx:{tmp_path}", "train")


def idx_missing(folder: Path) -> None:
    folder.rmdir()


def idx_without_labels(folder: Path) -> None:
    write_idx(folder / "train-images-idx3-ubyte", digits(12)[0])


def idx_of_two_sets(folder: Path) -> None:
    write_idx_set(folder, "emnist-digits-train", *digits(12))
    write_idx_set(folder, "emnist-mnist-train", *digits(12))


def idx_of_other_lengths(folder: Path) -> None:
    images, labels = digits(12)
    write_idx_set(folder, "train", images, labels[:11])


def idx_of_other_size(folder: Path) -> None:
    images, labels = digits(12)
    write_idx_set(folder, "train", images[:, :27], labels)


def idx_of_letters(folder: Path) -> None:
    images, labels = digits(12)
    write_idx_set(folder, "train", images, labels + 17)


def idx_cut_short(folder: Path) -> None:
    write_idx_set(folder, "train", *digits(12))
    path = folder / "train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-1])


def idx_too_few(folder: Path) -> None:
    write_idx_set(folder, "train", *digits(11))


def idx_of_none(folder: Path) -> None:
    write_idx_set(folder, "train", *digits(0))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (idx_missing, "is not a directory"),
        (lambda folder: None, "has no IDX files"),
        (idx_without_labels, "has no labels for its train split"),
        (idx_of_two_sets, r"several data sets \(emnist-digits, emnist-mnist\)"),
        (idx_of_other_lengths, "12 images but 11 labels"),
        (idx_of_other_size, "12x27x28"),
        (idx_of_letters, "labels from 17 to 26"),
        (idx_cut_short, "its header says"),
        (idx_too_few, "use 12 or more"),
        (idx_of_none, "has no digits in its train split|is empty"),
    ],
)
def test_wrong_idx_files_are_one_line(tmp_path: Path, spoil, message: str) -> None:
    spoil(tmp_path)
    with pytest.raises(DatasetError, match=message) as caught:
        load_dataset(f"idx:{tmp_path}")
    assert "\n" not in str(caught.value)


def test_a_folder_with_splits_is_read_by_class_and_name(tmp_path: Path) -> None:
    images, labels = digits(24)
    write_folder(tmp_path / "train", images, labels)
    write_folder(tmp_path / "test", images[:3], labels[:3])
    (tmp_path / "train" / "3" / "notes.txt").write_text("not an image")
    order = np.argsort(labels, kind="stable")
    train = load_dataset(f"folder:{tmp_path}", "train")
    np.testing.assert_array_equal(train.images, np.delete(images[order], np.s_[11::12], 0))
    np.testing.assert_array_equal(train.labels, np.delete(labels[order], np.s_[11::12]))
    test = load_dataset(f"folder:{tmp_path}", "test")
    np.testing.assert_array_equal(test.images, images[:3])


def test_a_folder_of_classes_is_split_without_overlap(tmp_path: Path) -> None:
    images, labels = digits(120)
    write_folder(tmp_path, images, labels)
    parts = [load_dataset(f"folder:{tmp_path}", split) for split in mnist.SPLITS]
    assert [len(part) for part in parts] == [92, 8, 20]
    assert len(np.unique(np.concatenate([part.images for part in parts]), axis=0)) == 120
    assert set(parts[2].labels) == set(range(10))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("seven", "is not named by a digit"),
        ("12", "is not named by a digit"),
        ("5", "has no pictures"),
    ],
)
def test_wrong_folders_are_one_line(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(DatasetError, match=message):
        load_dataset(f"folder:{tmp_path}")


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="is not a directory"):
        load_dataset(f"folder:{tmp_path / 'nowhere'}")


def test_a_broken_picture_is_named(tmp_path: Path) -> None:
    write_folder(tmp_path, *digits(20))
    (tmp_path / "4" / "broken.png").write_bytes(b"\x89PNG\r\n")
    with pytest.raises(DatasetError, match=r"cannot read .*broken\.png: it is not a picture"):
        load_dataset(f"folder:{tmp_path}")


def seven() -> np.ndarray:
    return mnist.load("test").images[0]


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "I;16", "light", "transparent"])
def test_a_picture_of_28x28_is_kept(tmp_path: Path, mode: str) -> None:
    digit = seven()
    if mode == "I;16":
        picture = Image.fromarray(digit.astype(np.uint16) * 257)
    elif mode == "light":
        picture = Image.fromarray(255 - digit)
    elif mode == "transparent":
        picture = Image.fromarray(np.dstack([np.full((28, 28, 3), 255, np.uint8), digit]))
    else:
        picture = Image.fromarray(digit).convert(mode)
    picture.save(tmp_path / "digit.png")
    np.testing.assert_array_equal(read_digit(tmp_path / "digit.png"), digit)


@pytest.mark.parametrize("light", [False, True])
def test_a_picture_of_another_size_is_fitted_as_mnist_does(tmp_path: Path, light: bool) -> None:
    digit = seven()
    picture = Image.fromarray(digit).resize((224, 224), Image.Resampling.BICUBIC)
    canvas = np.full((500, 300), 0, np.uint8)
    canvas[250:474, 20:244] = np.asarray(picture)
    # A grey pen on grey paper: neither black nor white.
    pixels = 60 + (canvas * 0.5).astype(np.uint8)
    Image.fromarray(255 - pixels if light else pixels).save(tmp_path / "digit.png")
    fitted = read_digit(tmp_path / "digit.png").astype(float)
    assert fitted.shape == (28, 28)
    assert np.abs(fitted - digit).mean() < 6
    assert np.corrcoef(fitted.ravel(), digit.ravel().astype(float))[0, 1] > 0.97


def test_a_blank_picture_is_named(tmp_path: Path) -> None:
    Image.new("L", (40, 50), 255).save(tmp_path / "blank.png")
    with pytest.raises(DatasetError, match=r"nothing is written in .*blank\.png"):
        read_digit(tmp_path / "blank.png")


@pytest.mark.skipif(HAS_TFDS, reason="TensorFlow Datasets is installed")
def test_without_the_extra_the_error_says_what_to_install() -> None:
    with pytest.raises(DatasetError, match=r'install .*"handsum\[tfds\]"'):
        load_dataset("tfds:mnist")


@pytest.mark.skipif(not HAS_TFDS, reason="TensorFlow Datasets is not installed")
@pytest.mark.filterwarnings("ignore")
class TestTensorFlowDatasets:
    @pytest.fixture(autouse=True)
    def _own_directory(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        import tensorflow_datasets as tfds

        monkeypatch.setattr(tfds.core.constants, "DATA_DIR", tmp_path)

    def test_its_mnist_is_ours(self) -> None:
        def rows(*parts: mnist.Dataset) -> np.ndarray:
            """Each digit with its label in one row, sorted."""
            table = np.concatenate(
                [
                    np.column_stack([part.labels, part.images.reshape(len(part), -1)])
                    for part in parts
                ]
            ).astype(np.uint8)
            return table[np.lexsort(table.T)]

        theirs = {split: load_dataset("tfds:mnist", split) for split in mnist.SPLITS}
        ours = {split: mnist.load(split) for split in mnist.SPLITS}
        assert [len(theirs[split]) for split in mnist.SPLITS] == [55_000, 5_000, 10_000]
        np.testing.assert_array_equal(rows(theirs["test"]), rows(ours["test"]))
        np.testing.assert_array_equal(
            rows(theirs["train"], theirs["validation"]), rows(ours["train"], ours["validation"])
        )
        again = load_dataset("tfds:mnist", "validation")
        np.testing.assert_array_equal(again.images, theirs["validation"].images)

    @pytest.mark.parametrize(
        ("spec", "message"),
        [
            ("tfds:minst", "has no data set 'minst'; did you mean .*mnist"),
            ("tfds:emnist/letters", "37 classes"),
            ("tfds:emnist/nothing", "cannot prepare"),
            ("tfds:cifar10", "32x32x3"),
        ],
    )
    def test_an_unsuitable_data_set_is_not_downloaded(self, spec: str, message: str) -> None:
        with pytest.raises(DatasetError, match=message) as caught:
            load_dataset(spec)
        assert "\n" not in str(caught.value)


def test_a_small_folder_has_no_test_split_but_all_of_its_pictures(tmp_path: Path) -> None:
    for digit in range(10):
        (tmp_path / str(digit)).mkdir()
        image = Image.fromarray(mnist.load("validation").images[digit])
        for name in ("a.png", "b.png"):
            image.save(tmp_path / str(digit) / name)
    with pytest.raises(DatasetError, match="has no digits in its test split: use more"):
        load_dataset(f"folder:{tmp_path}", "test")
    assert len(load_all(f"folder:{tmp_path}")) == 20
