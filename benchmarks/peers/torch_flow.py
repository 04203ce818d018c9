"""Flow matching with 20 calls per digit: a small U-Net in PyTorch, digits in bulk into NPZ.

python benchmarks/peers/torch_flow.py 64 [cpu|cuda]
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

sys.path.insert(0, str(Path(__file__).parents[1]))
from serving import serve

CALLS = 20


class Block(nn.Module):
    """Two convolutions around the condition, and a skip connection."""

    def __init__(self, inputs: int, outputs: int, condition: int = 128) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.GroupNorm(8, width) for width in (inputs, outputs))
        self.first = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.condition = nn.Linear(condition, outputs)
        self.past = nn.Conv2d(inputs, outputs, 1)

    def forward(self, features: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        hidden = self.first(F.silu(self.norms[0](features)))
        hidden = hidden + self.condition(condition)[:, :, None, None]
        return self.past(features) + self.second(F.silu(self.norms[1](hidden)))


class UNet(nn.Module):
    """About 400,000 parameters, from 28x28 to 7x7 and back."""

    def __init__(self, widths: tuple[int, ...] = (32, 48, 64)) -> None:
        super().__init__()
        a, b, c = widths
        self.time, self.digits = nn.Linear(1, 128), nn.Embedding(10, 128)
        self.stem, self.out = nn.Conv2d(1, a, 3, padding=1), nn.Conv2d(a, 1, 3, padding=1)
        self.downs = nn.ModuleList([Block(a, a), Block(a, b), Block(b, c)])
        self.ups = nn.ModuleList([Block(c, c), Block(c + b, b), Block(b + a, a)])

    def forward(self, images: torch.Tensor, time: float, labels: torch.Tensor) -> torch.Tensor:
        moment = torch.full((len(images), 1), time, device=images.device)
        condition = F.silu(self.time(moment) + self.digits(labels))
        first = self.downs[0](self.stem(images), condition)
        second = self.downs[1](F.avg_pool2d(first, 2), condition)
        third = self.ups[0](self.downs[2](F.avg_pool2d(second, 2), condition), condition)
        wide = F.interpolate(third, scale_factor=2)
        wide = F.interpolate(self.ups[1](torch.cat([wide, second], 1), condition), scale_factor=2)
        return self.out(self.ups[2](torch.cat([wide, first], 1), condition))


def prepare() -> Callable[[], float]:
    number, device = int(sys.argv[1]), [*sys.argv[2:], "cpu"][0]
    network = UNet().to(device).to(memory_format=torch.channels_last).eval()
    if device == "cuda":
        network = torch.compile(network)

    @torch.inference_mode()
    def work() -> float:
        parts = []
        for start in range(0, number, 64):
            labels = torch.arange(start, min(start + 64, number), device=device) % 10
            images = torch.randn(len(labels), 1, 28, 28, device=device)
            images = images.contiguous(memory_format=torch.channels_last)
            for call in range(CALLS):
                images = images + network(images, call / CALLS, labels) / CALLS
            parts.append(((images.clamp(-1, 1) + 1) * 127.5).round().byte().cpu().numpy())
        with tempfile.TemporaryFile() as file:
            np.savez_compressed(file, images=np.concatenate(parts)[:, 0])
        return number

    return work


if __name__ == "__main__":
    serve(prepare)
