"""Choosing digits to measure: in the test set's class proportions, whatever their order was."""

from __future__ import annotations

import hashlib

import numpy as np

from handsum.data.mnist import Dataset


def by_content(data: Dataset) -> Dataset:
    """The same digits in an order that depends only on their content."""
    keys = [
        hashlib.blake2b(image.tobytes() + bytes([label]), digest_size=16).digest()
        for image, label in zip(data.images, data.labels, strict=True)
    ]
    writers = np.zeros(len(data), np.int64) if data.writers is None else data.writers
    order = sorted(range(len(keys)), key=lambda row: (keys[row], writers[row]))
    return data.where(np.array(order, np.int64))


def class_counts(labels: np.ndarray, count: int) -> np.ndarray:
    """The number of digits of each class (10,) among `count`, in the proportions of labels (N,)."""
    exact = np.bincount(labels, minlength=10) * count / len(labels)
    counts = np.floor(exact).astype(np.int64)
    # The remainder goes to the classes that rounding took most from.
    counts[np.argsort(counts - exact, kind="stable")[: count - counts.sum()]] += 1
    return counts


def most_like(labels: np.ndarray, reference: np.ndarray) -> int | None:
    """The largest number of digits with labels (N,) in the proportions of a reference.

    None if a class is missing.
    """
    have, shares = np.bincount(labels, minlength=10), np.bincount(reference, minlength=10)
    if (have[shares > 0] == 0).any():
        return None
    wanted = shares > 0
    count = int((have[wanted] * len(reference) / shares[wanted]).min())
    # Rounding may take one too many of a class.
    while (class_counts(reference, count) > have).any():
        count -= 1
    return count


def like_classes(
    labels: np.ndarray, reference: np.ndarray, count: int, random: np.random.Generator
) -> np.ndarray | None:
    """Rows of `count` digits in the proportions of a reference's labels; None if too few."""
    counts = class_counts(reference, count)
    if (np.bincount(labels, minlength=10) < counts).any():
        return None
    rows = [
        random.permutation(np.flatnonzero(labels == digit))[:wanted]
        for digit, wanted in enumerate(counts)
    ]
    return np.concatenate(rows)


def digits_by_writer(data: Dataset, length: int, random: np.random.Generator) -> Dataset | None:
    """`length` digits of each writer who has as many; None for fewer than two such writers."""
    if data.writers is None:
        return None
    ids, counts = np.unique(data.writers, return_counts=True)
    able = ids[counts >= length]
    if len(able) < 2:
        return None
    own = [np.flatnonzero(data.writers == writer) for writer in able]
    return data.where(np.concatenate([random.permutation(rows)[:length] for rows in own]))
