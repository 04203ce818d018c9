"""Write digits in one hand that sum to a total.

python examples/write_a_sum.py 23 --length 5 --seed 1 -o sum.png
"""

from __future__ import annotations

import argparse

import handsum


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("total", type=int)
    parser.add_argument("--length", type=int)
    parser.add_argument("--seed", type=int)
    parser.add_argument("-o", "--output", default="sum.png")
    options = parser.parse_args()

    written = handsum.sum_sequence(options.total, options.length, seed=options.seed)
    written.save(options.output)
    digits = " + ".join(written.digits[0])
    print(f"{digits} = {written.totals[0]}, in the hand of writer {written.writers[0]}")

    # The digits have the right sum by construction; a reader checks that they are legible.
    reading = handsum.predict(options.output)
    print(f"{options.output} reads as {reading.files[0].digits}, sum {reading.sum}")


if __name__ == "__main__":
    main()
