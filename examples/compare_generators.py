"""Compare generators: the same digits from each in one picture, and rough figures.

python examples/compare_generators.py r3gan cgan -o compared.png
"""

from __future__ import annotations

import argparse

import numpy as np
from PIL import Image

import handsum
from handsum.images import tile


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", default=["r3gan", "cgan"])
    parser.add_argument("-o", "--output", default="compared.png")
    parser.add_argument("--count", type=int, help="number of digits to measure")
    options = parser.parse_args()

    rows = [handsum.generate(rows=2, model=model, seed=1).images for model in options.models]
    sheet = tile(np.concatenate(rows), columns=10)
    Image.fromarray(sheet.repeat(2, 0).repeat(2, 1)).save(options.output)
    print(f"{options.output}: two rows of each of {', '.join(options.models)}")

    found = handsum.evaluate(options.models, quick=True, count=options.count)
    for figures in found.facts["figures"]:
        quality, real = figures["quality"], found.facts["real"]
        asked = "–" if quality["asked"] is None else f"{quality['asked']:.1%}"
        ratio = quality["frechet"] / real["frechet"]
        print(f"{figures['model']}: {asked} read as asked, Fréchet distance {ratio:.1f} times real")


if __name__ == "__main__":
    main()
