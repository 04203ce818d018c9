"""Measure a stream against writing the same samples as WebDataset and reading them.

python tools/measure_streams.py [--count 8192] [--workers 2] [--rounds 3]

Needs torch and webdataset. Both ways end with the same arrays, in batches, in a loader's parent;
they take turns, and each round starts new processes. Prints the samples per second of each, and the
median ratio.
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import webdataset
from PIL import Image
from torch.utils.data import DataLoader

from handsum import write_dataset
from handsum.datasets import Recipe, parse_realism, stream
from handsum.datasets.formats.arrays import NO_DIGIT, padded

SEED, LENGTHS, REALISM = 1, (1, 8), "all=0.5"
BATCH = 64


def recipe(count: int) -> Recipe:
    """The samples."""
    return Recipe("numbers", count, SEED, LENGTHS, realism=parse_realism(REALISM))


class Decode:
    """A picture and its labels in a tar as the arrays of a stream."""

    def __init__(self, widest: int) -> None:
        self.widest = widest

    def __call__(self, item: dict[str, Any]) -> dict[str, Any]:
        image = np.asarray(Image.open(io.BytesIO(item["png"])))
        labels = json.loads(item["json"])
        digits, boxes = labels["digits"], np.array(labels["boxes"], np.int32)
        missing = LENGTHS[1] - len(digits)
        return {
            "image": padded(image, self.widest),
            "width": image.shape[1],
            "label": np.array([*digits, *[NO_DIGIT] * missing], np.uint8),
            "boxes": np.pad(boxes, ((0, missing), (0, 0))),
            "total": labels["total"],
            "index": labels["index"],
        }


def on_disk(count: int, workers: int) -> float:
    """Seconds to write the samples, and to read them."""
    folder = Path(tempfile.mkdtemp())
    try:
        start = time.perf_counter()
        write_dataset(
            folder / "set", "numbers", count=count, format="webdataset", seed=SEED, length=LENGTHS,
            realism=REALISM, shards=max(workers, count // 2048), workers=workers,
        )  # fmt: skip
        tars = sorted(str(path) for path in (folder / "set").glob("*.tar"))
        data = webdataset.WebDataset(tars, shardshuffle=False).map(Decode(recipe(1).greatest_width))
        read(DataLoader(data, BATCH, num_workers=workers), count)
        return time.perf_counter() - start
    finally:
        shutil.rmtree(folder)


def streamed(count: int, workers: int) -> float:
    """Seconds to get the samples as they are drawn."""
    start = time.perf_counter()
    data = stream(recipe(count)).torch()
    read(DataLoader(data, BATCH, num_workers=workers, multiprocessing_context="spawn"), count)
    return time.perf_counter() - start


def read(loader: Any, count: int) -> None:
    """Read all batches."""
    found = sum(len(batch["index"]) for batch in loader)
    assert found == count, (found, count)


def main() -> None:
    """Print the speed of both."""
    parser = argparse.ArgumentParser()
    for name, default in (("count", 8192), ("workers", 2), ("rounds", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    ratios = []
    for _ in range(options.rounds):
        disk, drawn = (way(options.count, options.workers) for way in (on_disk, streamed))
        ratios.append(disk / drawn)
        print(
            f"disk {options.count / disk:.0f}/s, stream {options.count / drawn:.0f}/s, "
            f"ratio {ratios[-1]:.2f}",
            flush=True,
        )
    print(f"median ratio {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
