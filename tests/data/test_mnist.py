import gzip
import hashlib
from pathlib import Path

import numpy as np
import pytest

from handsum.data import mnist
from handsum.errors import DatasetError, UsageError


def test_the_splits_are_mnist_divided_by_writer() -> None:
    training, validation, test = (mnist.load(split) for split in mnist.SPLITS)
    assert [len(training), len(validation), len(test)] == [55_000, 5_000, 10_000]
    for data in (training, validation, test):
        assert data.images.shape == (len(data), 28, 28)
        assert data.images.dtype == np.uint8
        assert data.labels.min() == 0
        assert data.labels.max() == 9
    writers = [set(data.writers.tolist()) for data in (training, validation, test)]
    assert [len(ids) for ids in writers] == [494, 45, 297]
    assert not writers[0] & writers[1]
    assert not writers[0] & writers[2]
    assert not writers[1] & writers[2]


def test_the_labels_are_the_published_ones() -> None:
    # Class counts of the 60,000 and the first labels of the 10,000, as on the archives' own page.
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    labels = np.concatenate([mnist.load("train").labels, mnist.load("validation").labels])
    assert np.bincount(labels).tolist() == counts
    assert mnist.load("test").labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]


def test_an_unknown_split_is_refused() -> None:
    with pytest.raises(UsageError, match="train, validation, test"):
        mnist.load("dev")  # type: ignore[arg-type]


def test_a_damaged_archive_is_named_with_both_sums(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in mnist.SHA256:
        (tmp_path / name).write_bytes((mnist.ARCHIVES / name).read_bytes())
    broken = tmp_path / "t10k-labels-idx1-ubyte.gz"
    data = bytearray(broken.read_bytes())
    data[100] ^= 1
    broken.write_bytes(data)
    monkeypatch.setattr(mnist, "ARCHIVES", tmp_path)
    with pytest.raises(DatasetError) as caught:
        mnist.load("test")
    message = str(caught.value)
    assert broken.name in message
    assert mnist.SHA256[broken.name] in message
    assert hashlib.sha256(data).hexdigest() in message
    broken.unlink()
    with pytest.raises(DatasetError, match="cannot read .*t10k-labels"):
        mnist.load("test")
    assert len(mnist.load("train")) == 55_000


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00\x00\x0d\x01\x00\x00\x00\x01\x05",
        b"\x00\x00\x08\x01\x00\x00\x00\x05ab",
        b"\x00\x00\x08\x03\x00\x00",
        gzip.compress(b"\x00\x00\x08\x01\x00\x00\x00\x02ab", mtime=0)[:-4],
        gzip.compress(bytes(100), mtime=0)[:10] + b"\xff" * 20,
    ],
)
def test_other_files_are_not_idx(data: bytes) -> None:
    with pytest.raises(DatasetError, match="some file"):
        mnist.parse_idx(data, "some file")


def test_idx_is_read_gzipped_or_not(tmp_path: Path) -> None:
    data = b"\x00\x00\x08\x02\x00\x00\x00\x02\x00\x00\x00\x03abcdef"
    for name, content in (("a", data), ("a.gz", gzip.compress(data))):
        (tmp_path / name).write_bytes(content)
        array = mnist.read_idx(tmp_path / name)
        assert array.tolist() == [[97, 98, 99], [100, 101, 102]]
