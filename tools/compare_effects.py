"""Compare effects of data sets with Augraphy's: how they look, and how long they take.

Usage: python tools/compare_effects.py PYTHON docs/images/augraphy.png

PYTHON is that of an environment with augraphy. Prints a row of a Markdown table for each effect;
the picture shows two examples of ours on the left, and two of Augraphy's on the right.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from handsum.datasets import Recipe, draw_samples
from handsum.datasets.effects.camera import SHOTS
from handsum.datasets.effects.ink import Ink
from handsum.datasets.effects.marks import MARKS
from handsum.datasets.effects.scene import Scene

_HEIGHT, _GAP, _TIMES = 72, 6, 5


def ours(name: str, picture: np.ndarray, scene: Scene) -> tuple[list[np.ndarray], float]:
    """Two pictures with an effect of ours, and the median time."""
    grey, shown, times = picture.astype(np.float32), [], []
    for seed in range(40):
        random = np.random.default_rng(seed)
        began = time.perf_counter()
        if name in MARKS:
            result, value = MARKS[name](grey, scene, 1.0, random)
        else:
            result, value = SHOTS[name](grey, scene.unit, 1.0, random)
        if value > 0 and len(times) < _TIMES:
            times.append(time.perf_counter() - began)
            shown.append(np.rint(result.clip(0, 255)).astype(np.uint8))
    return shown[:2], statistics.median(times)


def main() -> None:
    """Apply the effects of both, print the times and write the picture."""
    (sample,) = draw_samples(Recipe("numbers", 1, 12, (7, 7), height=_HEIGHT))
    picture = np.repeat(sample.image[..., None], 3, axis=2)
    boxes = np.concatenate([sample.boxes[:, :2], sample.boxes[:, :2] + sample.boxes[:, 2:]], 1)
    inks = (Ink(255 - sample.image, 0, 0),)
    scene = Scene(boxes.astype(float), np.eye(3), sample.image.shape, _HEIGHT, (), inks)
    with tempfile.TemporaryDirectory() as folder:
        plain, results = Path(folder, "plain.png"), Path(folder, "results.npz")
        Image.fromarray(picture).save(plain)
        script = Path(__file__).with_name("peer_effects.py")
        subprocess.run([sys.argv[1], script, plain, results], check=True)
        with np.load(results) as stored:
            theirs = dict(stored)
    rows = []
    print("| effect | handsum | Augraphy |\n|---|---:|---:|")
    for name in (name for name in theirs if not name.endswith("seconds")):
        shown, seconds = ours(name, picture, scene)
        peer = float(theirs[f"{name} seconds"])
        print(f"| `{name}` | {1000 * seconds:.1f} ms | {1000 * peer:.1f} ms |")
        rows.append(np.hstack([np.pad(one, ((0, _GAP), (0, _GAP), (0, 0)), constant_values=255)
                               for one in (*shown, *theirs[name])]))  # fmt: skip
    Image.fromarray(np.vstack(rows)).quantize(128).save(sys.argv[2], optimize=True)


if __name__ == "__main__":
    main()
