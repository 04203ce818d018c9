"""TensorFlow Datasets: TFRecord files that `tfds.builder_from_directory` reads."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from handsum.data.tfds import import_tfds
from handsum.datasets.formats.base import PARTS, full_mask, labels_of, list_strokes
from handsum.datasets.plan import Plan, Shard
from handsum.datasets.samples import Sample
from handsum.files import atomic_write

METADATA = ("dataset_info.json", "features.json")


def check() -> None:
    """Raise HandsumError unless TensorFlow Datasets and TensorFlow are installed."""
    import_tfds("")


def _features(plan: Plan) -> Any:
    from tensorflow_datasets import features

    recipe = plan.recipe
    single = recipe.kind == "digits"
    width = recipe.greatest_width if single else None
    shape = (recipe.picture_height, width, recipe.channels)
    columns = {
        "image": features.Image(shape=shape, encoding_format="png"),
        "text": features.Text(),
        "digits": features.Sequence(features.Scalar(np.uint8)),
        "boxes": features.Sequence(features.Tensor(shape=(4,), dtype=np.int32)),
        "masks": features.Sequence(features.Image(shape=(*shape[:2], 1), encoding_format="png")),
        "strokes": features.Sequence(features.Tensor(shape=(3,), dtype=np.float32)),
        "stroke_labels": features.Sequence(features.Tensor(shape=(2,), dtype=np.int32)),
        "forms": features.Sequence(features.Text()),
        "signs": features.Sequence(features.Text()),
        "sign_boxes": features.Sequence(features.Tensor(shape=(4,), dtype=np.int32)),
        "value": features.Scalar(np.float64),
        "total": features.Scalar(np.int32),
        "writer": features.Scalar(np.int32),
        "index": features.Scalar(np.int64),
        "seed": features.Scalar(np.int64),
        "effects": features.Text(),
    }
    if single:
        columns["label"] = features.ClassLabel(num_classes=10)
    return features.FeaturesDict(columns)


def _name(plan: Plan) -> str:
    return f"handsum_{plan.recipe.kind}"


def _file(plan: Plan, shard: Shard) -> str:
    return f"{_name(plan)}-{plan.split}.tfrecord-{shard.of}"


def _row(plan: Plan, sample: Sample) -> dict[str, Any]:
    row = labels_of(sample)
    row["effects"] = json.dumps(row["effects"])
    # The type has no missing values.
    row["value"] = float("nan") if row["value"] is None else row["value"]
    points, labels = list_strokes(sample)
    row |= {"strokes": points.tolist(), "stroke_labels": labels.tolist()}
    size = sample.image.shape[:2]
    row["masks"] = [
        full_mask(mask, box, size)[..., None].astype(np.uint8)
        for mask, box in zip(sample.masks, sample.boxes, strict=True)
    ]
    row["image"] = sample.image if sample.image.ndim == 3 else sample.image[..., None]
    return row | ({"label": sample.digits[0]} if plan.recipe.kind == "digits" else {})


def write_shard(folder: Path, plan: Plan, shard: Shard, samples: Iterator[Sample]) -> None:
    """Write a shard as `handsum_numbers-train.tfrecord-00000-of-00004`."""
    check()
    import tensorflow as tf

    features = _features(plan)
    size = 0
    try:
        with tf.io.TFRecordWriter(str(folder / _file(plan, shard))) as writer:
            for sample in samples:
                row = features.encode_example(_row(plan, sample))
                example = tf.train.Example.FromString(features.serialize_example(row))
                # TFDS itself serializes the columns in another order in every process.
                record = example.SerializeToString(deterministic=True)
                size += len(record)
                writer.write(record)
    except tf.errors.OpError as error:
        # TensorFlow does not raise OSError, such as for a full disk.
        raise OSError(error.message) from error
    parts = folder / PARTS
    parts.mkdir()
    (parts / "size").write_text(str(size))


def join(folder: Path, parts: list[Path], plan: Plan) -> list[str]:
    """Make the files that describe the others to TensorFlow Datasets."""
    check()
    import tensorflow_datasets as tfds

    split = tfds.core.SplitInfo(
        name=plan.split,
        shard_lengths=[len(plan.shard(index)) for index in range(plan.shards)],
        num_bytes=sum(int((part / "size").read_text()) for part in parts),
        filename_template=tfds.core.ShardedFileTemplate(
            data_dir=folder,
            dataset_name=_name(plan),
            split=plan.split,
            filetype_suffix="tfrecord",
        ),
    )
    with tempfile.TemporaryDirectory() as scratch:
        for index in range(plan.shards):
            # It takes the name of the data set from the names of its files.
            Path(scratch, _file(plan, plan.shard(index))).touch()
        tfds.folder_dataset.write_metadata(
            data_dir=scratch,
            features=_features(plan),
            split_infos=[split],
            filename_template="{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}",
            check_data=False,
            supervised_keys=("image", "label") if plan.recipe.kind == "digits" else None,
            description=f"Handwritten {plan.recipe.kind} with masks and strokes, by handsum.",
        )
        for name in METADATA:
            with atomic_write(folder / name) as file:
                file.write((Path(scratch) / name).read_bytes())
    return list(METADATA)
