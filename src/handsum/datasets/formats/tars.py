"""WebDataset: tar files of `000012.png`, `000012.json` and, for digits, `000012.cls`."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

from handsum.datasets.formats.base import encode_picture, labels_of
from handsum.datasets.plan import Plan, Shard
from handsum.datasets.samples import Sample


def write_shard(folder: Path, plan: Plan, shard: Shard, samples: Iterator[Sample]) -> None:
    """Write a shard as `train-000000.tar`; equal samples give equal bytes."""
    name = f"{plan.split}-{shard.index:06d}.tar"
    with tarfile.open(folder / name, "w", format=tarfile.USTAR_FORMAT) as archive:
        for sample in samples:
            files = {
                "png": encode_picture(sample.image),
                "json": json.dumps(labels_of(sample)).encode(),
            }
            if plan.recipe.kind == "digits":
                files["cls"] = sample.text.encode()
            for ending, data in files.items():
                # Without the times, owners and modes of this machine.
                entry = tarfile.TarInfo(f"{plan.stem(sample.index)}.{ending}")
                entry.size, entry.mode = len(data), 0o644
                archive.addfile(entry, io.BytesIO(data))
