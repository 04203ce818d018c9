"""What a PyTorch user runs to get seven digits: load a DCGAN's weights, draw, save a picture.

python benchmarks/peers/torch_write.py WEIGHTS   (makes the file where there is none)
"""

import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch_step import DcganGenerator

weights = Path(sys.argv[1])
generator = DcganGenerator()
if weights.exists():
    generator.load_state_dict(torch.load(weights, weights_only=True))
else:
    torch.save(generator.state_dict(), weights)
generator.eval()
with torch.inference_mode():
    images = generator(torch.randn(7, 100))[:, 0].numpy()
row = np.hstack(list(images))
Image.fromarray(((row + 1) * 127.5).round().astype(np.uint8)).save(weights.with_suffix(".png"))
