"""PyTorch's side: a training step of the tutorials' DCGAN, of the reader, of two generators.

python benchmarks/peers/torch_step.py dcgan|cnn|writer-cgan|r3gan 16 [float32|bfloat16] [cpu|cuda]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

sys.path.insert(0, str(Path(__file__).parents[1]))
from serving import serve
from torch_r3gan import penalty, r3gan

STEPS = 3


class DcganGenerator(nn.Module):
    """22.4M parameters; PyTorch crops what TensorFlow's "same" padding leaves out."""

    def __init__(self) -> None:
        super().__init__()
        self.base = nn.Sequential(
            nn.Linear(100, 50176, bias=False), nn.BatchNorm1d(50176), nn.LeakyReLU(0.3)
        )
        layers: list[nn.Module] = []
        for inputs, outputs, stride in ((1024, 512, 2), (512, 256, 2), (256, 128, 1)):
            layers += [
                nn.ConvTranspose2d(
                    inputs, outputs, 5, stride, padding=2, output_padding=stride - 1, bias=False
                ),
                nn.BatchNorm2d(outputs),
                nn.LeakyReLU(0.3),
            ]
        layers.append(nn.ConvTranspose2d(128, 1, 5, 1, padding=2, bias=False))
        self.layers = nn.Sequential(*layers)

    def forward(self, latents: torch.Tensor) -> torch.Tensor:
        features = self.base(latents).reshape(-1, 1024, 7, 7)
        features = features.contiguous(memory_format=torch.channels_last)
        return torch.tanh(self.layers(features))


class DcganDiscriminator(nn.Module):
    """4.1M parameters."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs in ((1, 128), (128, 256), (256, 512)):
            layers += [nn.Conv2d(inputs, outputs, 5, 2, padding=2), nn.LeakyReLU(0.3)]
            layers.append(nn.Dropout(0.3))
        self.layers = nn.Sequential(*layers, nn.Flatten(), nn.Linear(512 * 16, 1))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.layers(images)[:, 0]


class Reader(nn.Module):
    """The network of `cnn`."""

    def __init__(self) -> None:
        super().__init__()

        def layer(inputs: int, outputs: int, size: int = 3, stride: int = 1) -> nn.Sequential:
            convolution = nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False)
            return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU())

        self.upper = nn.Sequential(layer(1, 32, 5, 2), layer(32, 64), layer(64, 64))
        self.lower = nn.Sequential(nn.MaxPool2d(2), layer(64, 128), layer(128, 128))
        pool = (nn.ZeroPad2d((0, 1, 0, 1)), nn.MaxPool2d(2))
        self.hidden = nn.Sequential(*pool, nn.Flatten(), nn.Linear(2048, 128), nn.ReLU())
        self.head = nn.Sequential(nn.Dropout(0.2), nn.Linear(128, 10))

    def levels(self, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Features at 14x14, at 7x7, and of the whole picture."""
        upper = self.upper(images)
        lower = self.lower(upper)
        return upper, lower, self.hidden(lower)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(self.levels(images)[-1])


class ConditionalNorm(nn.Module):
    """Batch normalisation, scaled and shifted by a style."""

    def __init__(self, width: int, style: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(width, affine=False)
        self.style = nn.Linear(style, 2 * width)

    def forward(self, features: torch.Tensor, style: torch.Tensor) -> torch.Tensor:
        scale, shift = self.style(style)[:, :, None, None].chunk(2, 1)
        return self.norm(features) * (1 + scale) + shift


class Painter(nn.Module):
    """The generator of `writer-cgan`."""

    def __init__(self, widths: tuple[int, ...] = (80, 40, 20), style: int = 128) -> None:
        super().__init__()
        self.digits, self.hands = nn.Embedding(10, 32), nn.Embedding(494, 32)
        self.mapping = nn.Linear(128, style)
        self.base = nn.Linear(style, 49 * widths[0])
        self.norms = nn.ModuleList(ConditionalNorm(width, style) for width in widths)
        self.ups = nn.ModuleList(nn.Conv2d(a, 4 * b, 3, padding=1) for a, b in pairwise(widths))
        self.out = nn.Conv2d(widths[-1], 1, 3, padding=1)

    def forward(
        self, latents: torch.Tensor, labels: torch.Tensor, hands: torch.Tensor
    ) -> torch.Tensor:
        condition = torch.cat([latents, self.digits(labels), self.hands(hands)], 1)
        style = F.leaky_relu(self.mapping(condition), 0.2)
        features = self.base(style).reshape(len(style), -1, 7, 7)
        features = features.contiguous(memory_format=torch.channels_last)
        features = F.leaky_relu(self.norms[0](features, style), 0.2)
        for up, norm in zip(self.ups, list(self.norms)[1:], strict=True):
            features = F.leaky_relu(norm(F.pixel_shuffle(up(features), 2), style), 0.2)
        return torch.tanh(self.out(features))


class Judge(nn.Module):
    """The discriminator of `writer-cgan`."""

    def __init__(self, widths: tuple[int, ...] = (24, 48, 96), features: int = 128) -> None:
        super().__init__()
        inputs = (4, *(4 * width for width in widths[:-1]))
        self.convolutions = nn.ModuleList(
            nn.Conv2d(a, b, 3, padding=1) for a, b in zip(inputs, widths, strict=True)
        )
        self.dense = nn.Linear(16 * widths[-1], features)
        self.realness, self.reading = nn.Linear(features, 1), nn.Linear(features, 10)
        self.digits, self.hands = nn.Embedding(10, features), nn.Embedding(494, features)

    def forward(
        self, images: torch.Tensor, labels: torch.Tensor, hands: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        hidden = images
        for convolution in self.convolutions:
            odd = hidden.shape[2] % 2
            hidden = F.pixel_unshuffle(F.pad(hidden, (0, odd, 0, odd)), 2)
            hidden = F.leaky_relu(convolution(hidden), 0.2)
        features = F.leaky_relu(self.dense(hidden.flatten(1)), 0.2)
        projection = (features * (self.digits(labels) + self.hands(hands))).sum(1)
        return self.realness(features)[:, 0] + projection, self.reading(features)


class Averaged:
    """A moving average of a network's parameters and statistics."""

    def __init__(self, network: nn.Module) -> None:
        self._now = [t for t in network.state_dict().values() if t.is_floating_point()]
        self._mean = [tensor.clone() for tensor in self._now]

    def update(self) -> None:
        torch._foreach_lerp_(self._mean, self._now, 0.001)


def realness(logits: torch.Tensor, target: float) -> torch.Tensor:
    return F.binary_cross_entropy_with_logits(
        logits.float(), torch.full_like(logits.float(), target)
    )


def dcgan(size: int, device: str) -> Callable[[], None]:
    generator, judge = DcganGenerator().to(device), DcganDiscriminator().to(device)
    generator.to(memory_format=torch.channels_last)
    judge.to(memory_format=torch.channels_last)
    of_generator = torch.optim.Adam(generator.parameters(), 1e-4, foreach=True)
    of_judge = torch.optim.Adam(judge.parameters(), 1e-4, foreach=True)
    digits = (torch.rand(60000, 1, 28, 28) * 2 - 1).to(device)

    def step() -> None:
        real = digits[torch.randint(60000, (size,), device=device)]
        fake = generator(torch.randn(size, 100, device=device))
        of_judge.zero_grad()
        (realness(judge(real), 1.0) + realness(judge(fake.detach()), 0.0)).backward()
        of_judge.step()
        of_generator.zero_grad()
        realness(judge(fake), 1.0).backward()
        of_generator.step()

    return step


def cnn(size: int, device: str) -> Callable[[], None]:
    reader = Reader().to(device).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(reader.parameters(), 3e-3, weight_decay=0.02, foreach=True)
    average = Averaged(reader)
    digits = (torch.rand(60000, 1, 28, 28) * 2 - 1).to(device)
    labels = torch.randint(10, (60000,), device=device)

    def step() -> None:
        rows = torch.randint(60000, (size,), device=device)
        logits = reader(digits[rows]).float()
        optimizer.zero_grad()
        loss = F.cross_entropy(logits, labels[rows], label_smoothing=0.02)
        (loss + F.softplus(-logits.logsumexp(1)).mean()).backward()
        optimizer.step()
        average.update()

    return step


def writer_cgan(size: int, device: str) -> Callable[[], None]:
    generator, judge = Painter().to(device), Judge().to(device)
    generator.to(memory_format=torch.channels_last)
    judge.to(memory_format=torch.channels_last)
    of_generator, of_judge = (
        torch.optim.Adam(part.parameters(), 5e-4, (0.0, 0.99), foreach=True)
        for part in (generator, judge)
    )
    average = Averaged(generator)
    digits = (torch.rand(60000, 1, 28, 28) * 2 - 1).to(device)

    def step() -> None:
        real = digits[torch.randint(60000, (size,), device=device)]
        labels = torch.randint(10, (size,), device=device)
        hands = torch.randint(494, (size,), device=device)
        share = size // 4
        few = (labels[:share], hands[:share])
        fake = generator(torch.randn(size, 64, device=device), labels, hands).detach()
        of_judge.zero_grad()
        real_logits, readings = judge(real, labels, hands)
        fake_logits, _ = judge(fake, labels, hands)
        loss = realness(real_logits, 1.0) + realness(fake_logits, 0.0)
        for images in (real, fake):
            loss = loss + 0.25 * penalty(lambda seen: judge(seen[0], *few)[0], (images[:share],))
        (loss + 0.3 * F.cross_entropy(readings.float(), labels)).backward()
        of_judge.step()
        of_generator.zero_grad()
        logits, readings = judge(
            generator(torch.randn(size, 64, device=device), labels, hands), labels, hands
        )
        (realness(logits, 1.0) + 0.3 * F.cross_entropy(readings.float(), labels)).backward()
        of_generator.step()
        average.update()

    return step


def default_generator(size: int, device: str) -> Callable[[], None]:
    return r3gan(size, device, Reader(), lambda network: Averaged(network).update)


STEP = {"dcgan": dcgan, "cnn": cnn, "writer-cgan": writer_cgan, "r3gan": default_generator}

# The penalties of the others need second derivatives, which torch.compile does not support.
COMPILED = ("dcgan", "cnn")


def prepare() -> Callable[[], float]:
    model, size, *others = sys.argv[1:]
    precision, device = [*others, *("float32", "cpu")[len(others) :]]
    torch.manual_seed(0)
    step = STEP[model](int(size), device)
    if device == "cuda" and model in COMPILED:
        step = torch.compile(step)
    halved = precision == "bfloat16"

    def work() -> float:
        with torch.autocast(device, torch.bfloat16, enabled=halved):
            for _ in range(STEPS):
                step()
        if device == "cuda":
            torch.cuda.synchronize()
        return STEPS

    return work


if __name__ == "__main__":
    serve(prepare)
