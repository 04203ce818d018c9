"""PyTorch's side: a training step of handsum's default generator, R3GAN with a reader's critics.

The same network, losses and penalties as in `handsum.models.r3gan`; images are NCHW in memory that
has channels last. It is called by `torch_step.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional as F

WRITERS = 494
WIDTHS = (96, 48, 24)
LEVELS = ((64, 14), (128, 7), (128, None))
Images = tuple[torch.Tensor, ...]


def leaky(features: torch.Tensor) -> torch.Tensor:
    return F.leaky_relu(features, 0.2)


def space_to_depth(features: torch.Tensor) -> torch.Tensor:
    odd = features.shape[2] % 2
    return F.pixel_unshuffle(F.pad(features, (0, odd, 0, odd)), 2)


class Block(nn.Module):
    """x + conv(leaky(conv(leaky(x)))), scaled and shifted in between by a style."""

    def __init__(self, width: int, style: int | None = None) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        self.style = nn.Linear(style, 2 * width) if style else None

    def forward(self, features: torch.Tensor, style: torch.Tensor | None = None) -> torch.Tensor:
        change = self.first(leaky(features))
        if self.style is not None:
            scale, shift = self.style(style)[:, :, None, None].chunk(2, 1)
            change = change * (1 + scale) + shift
        return features + self.second(leaky(change))


class Generator(nn.Module):
    def __init__(self, style: int = 128) -> None:
        super().__init__()
        self.digits, self.hands = nn.Embedding(10, 32), nn.Embedding(WRITERS, 32)
        self.mapping = nn.Linear(128, style)
        self.base = nn.Linear(style, 49 * WIDTHS[0])
        self.blocks = nn.ModuleList(Block(width, style) for width in WIDTHS)
        self.ups = nn.ModuleList(nn.Conv2d(a, b, 1) for a, b in pairwise(WIDTHS))
        self.out = nn.Conv2d(WIDTHS[-1], 1, 3, padding=1)

    def forward(
        self, latents: torch.Tensor, labels: torch.Tensor, hands: torch.Tensor
    ) -> torch.Tensor:
        condition = torch.cat([latents, self.digits(labels), self.hands(hands)], 1)
        style = leaky(self.mapping(condition))
        features = self.base(style).reshape(len(style), -1, 7, 7)
        features = features.contiguous(memory_format=torch.channels_last)
        features = self.blocks[0](features, style)
        for up, block in zip(self.ups, list(self.blocks)[1:], strict=True):
            larger = F.interpolate(up(features), scale_factor=2, mode="bilinear")
            features = block(larger, style)
        return torch.tanh(self.out(leaky(features)))


class Verdict(nn.Module):
    """Realness logits of features, by projection on digit and hand."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.realness = nn.Linear(features, 1)
        self.digits, self.hands = nn.Embedding(10, features), nn.Embedding(WRITERS, features)

    def forward(
        self, features: torch.Tensor, labels: torch.Tensor, hands: torch.Tensor
    ) -> torch.Tensor:
        projection = (features * (self.digits(labels) + self.hands(hands))).sum(1)
        return self.realness(features)[:, 0] + projection


class Discriminator(nn.Module):
    def __init__(self, features: int = 128) -> None:
        super().__init__()
        widths = WIDTHS[-2::-1]
        self.stem = nn.Conv2d(4, widths[0], 3, padding=1)
        self.blocks = nn.ModuleList(Block(width) for width in widths)
        self.downs = nn.ModuleList(nn.Conv2d(a, b, 1) for a, b in pairwise(widths))
        self.features = nn.Linear(49 * widths[-1], features)
        self.verdict, self.reading = Verdict(features), nn.Linear(features, 10)

    def forward(
        self, images: torch.Tensor, labels: torch.Tensor, hands: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        hidden = self.blocks[0](self.stem(space_to_depth(images)))
        for down, block in zip(self.downs, list(self.blocks)[1:], strict=True):
            hidden = block(down(F.avg_pool2d(hidden, 2)))
        features = leaky(self.features(leaky(hidden).flatten(1)))
        return self.verdict(features, labels, hands), self.reading(features)


class Critic(nn.Module):
    """Realness logits from the reader's features at one level."""

    def __init__(self, channels: int, side: int | None, features: int = 96) -> None:
        super().__init__()
        self.convolutions, size = nn.ModuleList(), channels
        if side:
            narrow, look = nn.Conv2d(channels, 32, 1), nn.Conv2d(128, 64, 3, padding=1)
            self.convolutions, size = nn.ModuleList([narrow, look]), (-(-side // 2)) ** 2 * 64
        self.features, self.verdict = nn.Linear(size, features), Verdict(features)

    def forward(
        self, seen: torch.Tensor, labels: torch.Tensor, hands: torch.Tensor
    ) -> torch.Tensor:
        if self.convolutions:
            narrow, look = self.convolutions
            seen = leaky(look(space_to_depth(leaky(narrow(seen)))))
        return self.verdict(leaky(self.features(seen.flatten(1))), labels, hands)


class Critics(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.critics = nn.ModuleList(Critic(*level) for level in LEVELS)

    def forward(self, levels: Images, labels: torch.Tensor, hands: torch.Tensor) -> torch.Tensor:
        pairs = zip(self.critics, levels, strict=True)
        return torch.stack([critic(seen, labels, hands) for critic, seen in pairs])


def relativistic(winning: torch.Tensor, losing: torch.Tensor) -> torch.Tensor:
    return F.softplus(losing - winning).mean()


def penalty(judge: Callable[[Images], torch.Tensor], seen: Images) -> torch.Tensor:
    seen = tuple(part.detach().requires_grad_() for part in seen)
    gradients = torch.autograd.grad(judge(seen).sum(), seen, create_graph=True)
    return torch.cat([part.flatten(1) for part in gradients], 1).square().sum(1).mean()


def r3gan(
    size: int, device: str, reader: nn.Module, average: Callable[[nn.Module], Callable[[], None]]
) -> Callable[[], None]:
    """A step, given a reader with `levels` and a moving average."""
    parts = generator, judge, critics = Generator(), Discriminator(), Critics()
    reader.to(device).to(memory_format=torch.channels_last).eval().requires_grad_(False)
    optimizers = []
    for part in parts:
        part.to(device).to(memory_format=torch.channels_last)
        optimizers.append(torch.optim.Adam(part.parameters(), 4e-4, (0.0, 0.99), foreach=True))
    of_generator, of_judge, of_critics = optimizers
    update_average = average(generator)
    digits = (torch.rand(60000, 1, 28, 28) * 2 - 1).to(device)
    share = size // 4

    def step() -> None:
        real = digits[torch.randint(60000, (size,), device=device)]
        labels = torch.randint(10, (size,), device=device)
        hands = torch.randint(WRITERS, (size,), device=device)
        few = (labels[:share], hands[:share])
        fake = generator(torch.randn(size, 64, device=device), labels, hands)
        shown = fake.detach()

        of_judge.zero_grad()
        real_logits, readings = judge(real, labels, hands)
        loss = relativistic(real_logits, judge(shown, labels, hands)[0])
        for images in (real, shown):
            loss = loss + 0.5 * penalty(lambda seen: judge(seen[0], *few)[0], (images[:share],))
        (loss + 0.2 * F.cross_entropy(readings.float(), labels)).backward()
        of_judge.step()

        of_critics.zero_grad()
        with torch.no_grad():
            real_seen, shown_seen = reader.levels(real), reader.levels(shown)
        loss = relativistic(critics(real_seen, labels, hands), critics(shown_seen, labels, hands))
        for levels in (real_seen, shown_seen):
            some = tuple(seen[:share] for seen in levels)
            loss = loss + 0.15 * penalty(lambda seen: critics(seen, *few), some)
        loss.backward()
        of_critics.step()

        of_generator.zero_grad()
        with torch.no_grad():
            real_logits = judge(real, labels, hands)[0]
            real_verdicts = critics(real_seen, labels, hands)
        logits, readings = judge(fake, labels, hands)
        loss = relativistic(logits, real_logits)
        loss = loss + relativistic(critics(reader.levels(fake), labels, hands), real_verdicts)
        loss = loss + 0.2 * F.cross_entropy(readings.float(), labels)
        loss.backward(inputs=list(generator.parameters()))
        of_generator.step()
        update_average()

    return step
