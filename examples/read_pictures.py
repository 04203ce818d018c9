"""Read the digits in pictures, and list the doubtful ones.

python examples/read_pictures.py photo.jpg scans/
"""

from __future__ import annotations

import argparse

import handsum


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", nargs="+")
    parser.add_argument(
        "--doubtful", type=float, default=0.9, help="confidence below which a digit is doubtful"
    )
    options = parser.parse_args()

    prediction = handsum.predict(options.pictures)
    for reading in prediction.files:
        print(f"{reading.file}: {reading.digits or reading.error}")
        rows = zip(reading.digits, reading.confidence, reading.boxes, strict=True)
        for place, (digit, confidence, box) in enumerate(rows):
            if confidence < options.doubtful:
                others = ", ".join(
                    f"{text} {share:.0%}" for text, share in reading.alternatives[place]
                )
                print(f"  doubtful: {digit} ({confidence:.0%}; or {others}) at x, y, w, h = {box}")
    if prediction.sum is not None:
        low, high = prediction.interval or (prediction.sum, prediction.sum)
        print(f"the digits sum to {prediction.sum}, with 90% between {low} and {high}")


if __name__ == "__main__":
    main()
