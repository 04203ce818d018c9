"""What a Keras user runs to get seven digits: load a DCGAN, draw, save a picture.

python benchmarks/peers/keras_write.py MODEL.keras   (makes the file where there is none)
"""

import sys
from pathlib import Path

import keras
import numpy as np
from keras_step import make_generator
from PIL import Image

path = Path(sys.argv[1])
if not path.exists():
    make_generator().save(path)
generator = keras.models.load_model(path, compile=False)
images = generator(np.random.default_rng(0).normal(size=(7, 100)).astype(np.float32)).numpy()
row = np.hstack(list(images[..., 0]))
Image.fromarray(((row + 1) * 127.5).round().astype(np.uint8)).save(path.with_suffix(".png"))
