"""Read digits with JAX, flatbuffers and NumPy, with a network that `handsum export` wrote.

handsum export cnn --format stablehlo -o cnn.stablehlo
handsum generate --count 12 -o digits.npz
python examples/use_an_export.py cnn.stablehlo digits.npz
"""

from __future__ import annotations

import argparse
from pathlib import Path

import jax
import numpy as np


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("network", type=Path)
    parser.add_argument("digits", type=Path, help="an .npz with images uint8 (N, 28, 28)")
    options = parser.parse_args()

    try:
        exported = jax.export.deserialize(bytearray(options.network.read_bytes()))
    except ImportError:
        raise SystemExit(
            "Reading an export needs flatbuffers: pip install jax flatbuffers"
        ) from None
    images = np.load(options.digits)["images"]
    probabilities = np.asarray(exported.call(images))
    for digit, confidence in zip(probabilities.argmax(1), probabilities.max(1), strict=True):
        print(f"{digit}  {confidence:.1%}")


if __name__ == "__main__":
    main()
