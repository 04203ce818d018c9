"""Read lines of digits with PP-OCRv6's line reader: run by `measure_reading.py --peer`.

PYTHON tools/peer_reading.py PICTURES.npz READINGS.json

PYTHON has rapidocr 3.10 (which carries the model) and onnxruntime. Each picture gets what is fair:
ink dark on light, a margin of a quarter of its height, at least 64 pixels of height, and scores
held to digits.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import rapidocr
from PIL import Image

_HEIGHT, _LEAST, _WIDEST = 48, 64, 3200


def prepare(picture: np.ndarray) -> np.ndarray:
    """The line reader's input (1, 3, 48, W)."""
    border = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    paper = float(np.median(border))
    if paper < float(picture.mean()) or (paper < 90 and picture.max() > paper + 60):
        picture, paper = 255 - picture, 255 - paper
    margin = max(1, picture.shape[0] // 4)
    padded = np.pad(picture, margin, constant_values=round(paper))
    image = Image.fromarray(padded)
    if image.height < _LEAST:
        scale = _LEAST / image.height
        size = (max(1, round(image.width * scale)), _LEAST)
        image = image.resize(size, Image.Resampling.BICUBIC)
    width = min(_WIDEST, max(_HEIGHT, round(image.width * _HEIGHT / image.height)))
    seen = np.asarray(image.resize((width, _HEIGHT), Image.Resampling.BICUBIC), np.float32)
    return np.broadcast_to(seen / 127.5 - 1, (1, 3, _HEIGHT, width))


def main() -> None:
    """Read all pictures."""
    folder = Path(rapidocr.__file__).with_name("models")
    session = onnxruntime.InferenceSession(folder / "PP-OCRv6_rec_small.onnx")
    names = session.get_modelmeta().custom_metadata_map["character"].splitlines()
    columns = [0, *(1 + names.index(str(digit)) for digit in range(10))]
    readings = []
    with np.load(sys.argv[1]) as pictures:
        for name in sorted(pictures.files):
            (scores,) = session.run(None, {"x": prepare(pictures[name])})
            best = scores[0][:, columns].argmax(-1)
            changed = np.r_[True, best[1:] != best[:-1]]
            readings.append("".join(str(digit - 1) for digit in best[changed] if digit))
    Path(sys.argv[2]).write_text(json.dumps(readings))


if __name__ == "__main__":
    main()
