"""Data sets of TensorFlow Datasets (the extra `handsum[tfds]`)."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from handsum.data.mnist import ARCHIVES, Dataset
from handsum.errors import DatasetError, did_you_mean
from handsum.images import DIGIT_SIZE
from handsum.installation import install_command


def open_tfds(name: str) -> dict[str, Callable[[], Dataset]]:
    """Prepare the data set NAME[/CONFIG] and return one loader for each split.

    It must have the features `image`, uint8 (28, 28, 1), and `label` with at most ten classes;
    this is checked before the download. `mnist` is built from the archives of this package,
    without a download. EMNIST's transposed images are turned upright.

    Raises:
        DatasetError: the extra is not installed, there is no such data set, it has other images,
            or it cannot be prepared.
    """
    tfds = import_tfds(name)
    # A data set's script, the HTTP client and TensorFlow raise errors of their own, and TFDS
    # prints progress to standard output, which is for results.
    try:
        with contextlib.redirect_stdout(sys.stderr):
            builder = tfds.builder(name)
            _check_features(builder.info.features, name)
            builder.download_and_prepare(
                download_config=tfds.download.DownloadConfig(
                    manual_dir=ARCHIVES if builder.name == "mnist" else None
                )
            )
    except DatasetError:
        raise
    except tfds.core.DatasetNotFoundError as error:
        hint = did_you_mean(name, tfds.list_builders()) or "see its catalog"
        raise DatasetError(
            f"TensorFlow Datasets has no data set {name!r}: {hint.strip()}"
        ) from error
    except Exception as error:
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise DatasetError(f"TensorFlow Datasets cannot prepare {name!r}: {reason}") from error
    return {split: partial(_read, tfds, builder, split) for split in builder.info.splits}


def import_tfds(name: str) -> Any:
    # Otherwise TensorFlow logs its CPU features and the lack of CUDA on every import.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        import tensorflow as tf
        import tensorflow_datasets as tfds

        # If its own import fails, TFDS logs it and continues without most of its functions.
        problem = "" if hasattr(tfds, "builder") else "TensorFlow Datasets does not import"
    except ImportError as error:
        problem = str(error)
    if problem:
        raise DatasetError(
            f"tfds:{name} needs TensorFlow Datasets and TensorFlow ({problem}): "
            f"run {install_command('handsum[tfds]')}"
        )
    # TensorFlow only reads files here: it must not take the accelerator's memory from JAX. It
    # refuses this after its first use; then nothing can be done.
    with contextlib.suppress(RuntimeError):
        for device in ("GPU", "TPU"):
            tf.config.set_visible_devices([], device)
    return tfds


def _check_features(features: Any, name: str) -> None:
    if "image" not in features or "label" not in features:
        raise DatasetError(f"tfds:{name} has no image and label, only {', '.join(features)}")
    image, label = features["image"], features["label"]
    if image.shape != (DIGIT_SIZE, DIGIT_SIZE, 1) or np.dtype(image.np_dtype) != np.uint8:
        shape = "x".join(map(str, image.shape))
        raise DatasetError(f"tfds:{name} has images of {shape}, expected 28x28x1 of bytes")
    classes = getattr(label, "num_classes", None)
    if classes is not None and classes > 10:
        raise DatasetError(f"tfds:{name} has {classes} classes: use a data set of digits, 0 to 9")


def _read(tfds: Any, builder: Any, split: str) -> Dataset:
    batch = tfds.as_numpy(builder.as_dataset(split=split, batch_size=-1, shuffle_files=False))
    images = batch["image"][..., 0]
    if builder.name == "emnist":
        images = images.transpose(0, 2, 1)
    return Dataset(np.ascontiguousarray(images), batch["label"].astype(np.int64))
