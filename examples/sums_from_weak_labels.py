"""Learn to read digits from the sums of pairs, without the label of any digit.

python examples/sums_from_weak_labels.py --minutes 5
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import handsum
from handsum import train
from handsum.data.mnist import load


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--addends", type=int, default=2, help="digits to a sum")
    parser.add_argument("-o", "--output", type=Path, default=Path("runs/weak-sums"))
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--steps", type=int, default=3000)
    options = parser.parse_args()

    def log(row: dict[str, float]) -> None:
        print(f"step {row['step']}: loss {row['loss']:.3f}", flush=True)

    outcome = train(
        "cnn-sum",
        options.output,
        labels="sums",
        addends=options.addends,
        steps=options.steps,
        max_minutes=options.minutes,
        log=log,
    )

    test = load("test")
    read = handsum.load_model(outcome.snapshot).probabilities(test.images).argmax(1)
    pairs = len(test) // options.addends * options.addends
    sums = [digits[:pairs].reshape(-1, options.addends).sum(1) for digits in (read, test.labels)]
    print(f"digits of MNIST's test set: {np.mean(read == test.labels):.2%} right")
    print(f"sums of {options.addends}: {np.mean(sums[0] == sums[1]):.2%} right")


if __name__ == "__main__":
    main()
