"""Effects of Augraphy on a picture, for `compare_effects.py`; needs augraphy and no handsum.

Usage: python tools/peer_effects.py PICTURE.png RESULTS.npz
"""

from __future__ import annotations

import random
import statistics
import sys
import time
import warnings

import augraphy
import numpy as np
from PIL import Image

_TIMES = 5


def main() -> None:
    """Apply each effect a few times; store two pictures of each, and the median time."""
    warnings.simplefilter("ignore")
    effects = {
        "bleed": augraphy.BleedThrough(intensity_range=(0.1, 0.3), p=1),
        "folds": augraphy.Folding(fold_count=2, p=1),
        "stains": augraphy.Stains(p=1),
        "highlighter": augraphy.Markup(markup_type="highlight", p=1),
        "moire": augraphy.Moire(p=1),
        "halftone": augraphy.Dithering(p=1),
    }
    picture = np.asarray(Image.open(sys.argv[1]).convert("RGB"))
    stored = {}
    for name, effect in effects.items():
        random.seed(1)
        np.random.seed(1)  # noqa: NPY002 - what it draws from
        shown, times = [], []
        for _ in range(_TIMES):
            began = time.perf_counter()
            result = effect(picture.copy())
            times.append(time.perf_counter() - began)
            image = Image.fromarray(np.asarray(result, np.uint8)).convert("RGB")
            shown.append(np.asarray(image.resize(picture.shape[1::-1])))
        stored[name] = np.stack(shown[:2])
        stored[f"{name} seconds"] = np.array(statistics.median(times))
    np.savez(sys.argv[2], **stored)


if __name__ == "__main__":
    main()
