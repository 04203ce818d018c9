"""PyTorch's MNIST example (pytorch/examples, mnist/main.py): its network, optimiser and schedule.

python benchmarks/peers/torch_mnist.py FOLDER EPOCHS

Reads the four archives in FOLDER; prints the test accuracy and the seconds since the process
began after every epoch.
"""

import gzip
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

BEGAN = time.clock_gettime(time.CLOCK_BOOTTIME)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 32, 3, 1), nn.Conv2d(32, 64, 3, 1)
        self.dropout1, self.dropout2 = nn.Dropout(0.25), nn.Dropout(0.5)
        self.fc1, self.fc2 = nn.Linear(9216, 128), nn.Linear(128, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.max_pool2d(F.relu(self.conv2(F.relu(self.conv1(x)))), 2)
        x = F.relu(self.fc1(torch.flatten(self.dropout1(x), 1)))
        return F.log_softmax(self.fc2(self.dropout2(x)), dim=1)


def read(folder: Path, prefix: str) -> tuple[torch.Tensor, torch.Tensor]:
    images = gzip.decompress((folder / f"{prefix}-images-idx3-ubyte.gz").read_bytes())
    labels = gzip.decompress((folder / f"{prefix}-labels-idx1-ubyte.gz").read_bytes())
    pixels = np.frombuffer(images, np.uint8, offset=16).reshape(-1, 1, 28, 28)
    scaled = (torch.from_numpy(pixels.astype(np.float32)) / 255 - 0.1307) / 0.3081
    return scaled, torch.from_numpy(np.frombuffer(labels, np.uint8, offset=8).astype(np.int64))


def main() -> None:
    torch.manual_seed(1)
    folder, epochs = Path(sys.argv[1]), int(sys.argv[2])
    (images, labels), (test_images, test_labels) = read(folder, "train"), read(folder, "t10k")
    model = Net()
    optimizer = torch.optim.Adadelta(model.parameters(), lr=1.0)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.7)
    for epoch in range(1, epochs + 1):
        model.train()
        for rows in torch.randperm(len(images)).split(64):
            optimizer.zero_grad()
            F.nll_loss(model(images[rows]), labels[rows]).backward()
            optimizer.step()
        scheduler.step()
        model.eval()
        with torch.inference_mode():
            parts = [model(part).argmax(1) for part in test_images.split(1000)]
        right = int((torch.cat(parts) == test_labels).sum())
        seconds = time.clock_gettime(time.CLOCK_BOOTTIME) - BEGAN
        print(epoch, right, f"{seconds:.2f}", f"{time.process_time():.2f}", flush=True)


main()
