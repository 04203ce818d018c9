"""TextRecognitionDataGenerator's side: seven-digit numbers as PNG, on plain paper, without effects.

python benchmarks/peers/trdg_numbers.py 64
"""

from __future__ import annotations

import io
import random
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from serving import serve


def prepare() -> Callable[[], float]:
    from trdg.generators import GeneratorFromStrings

    number, chance = int(sys.argv[1]), random.Random(1)

    def work() -> float:
        texts = [str(chance.randrange(10**6, 10**7)) for _ in range(number)]
        # The default height of handsum's pictures.
        made = GeneratorFromStrings(texts, count=number, size=102, background_type=1)
        with tempfile.TemporaryFile() as file, zipfile.ZipFile(file, "w") as archive:
            for index, (image, text) in enumerate(made):
                buffer = io.BytesIO()
                image.save(buffer, "png")
                archive.writestr(f"{text}-{index}.png", buffer.getvalue())
        return number

    return work


if __name__ == "__main__":
    serve(prepare)
