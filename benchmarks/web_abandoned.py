"""Load a server of the web page with requests that it should not suffer from; print latencies.

    python benchmarks/web_abandoned.py [--clients 64] [--requests 1200]

It starts `handsum web` on the loopback interface and waits until its models are loaded. Then it
measures the latency of cheap requests, such as a drawing to read:

- alone, as a base line;
- after eight clients have sent a dear request (a picture of 14,000 strokes, or 1,000 digits) and
  left, and while eight others wait for the answers to such requests;
- among 64 clients: one in twenty of their requests is dear, one in twenty is dear and abandoned,
  the others are cheap.

It fails if a cheap request fails, or takes more than a second in the second case (99th percentile).
"""

from __future__ import annotations

import argparse
import asyncio
import io
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
import numpy as np
from PIL import Image
from web_load import memory, parameters, print_latency, serving

DEAR_SUM = {"total": 900, "length": 200, "count": 5}
CHEAP = ("predict", "sum-sequence", "number")
MOST_SECONDS = 1.0


def strokes() -> bytes:
    """A small PNG with 14,000 short strokes, each of which may be a digit."""
    sheet = np.full((2800, 2800), 255, np.uint8)
    for index in range(14_000):
        y, x = divmod(index, 140)
        sheet[28 * y + 6 : 28 * y + 22, 20 * x + 9 : 20 * x + 11] = 0
    file = io.BytesIO()
    Image.fromarray(sheet).convert("1").save(file, "PNG", optimize=True)
    return file.getvalue()


@dataclass
class Load:
    """A server under load: its client, a drawing and a dear picture, latencies and errors."""

    web: httpx.AsyncClient
    drawing: bytes
    dear: bytes = field(default_factory=strokes)
    latencies: dict[str, list[float]] = field(default_factory=dict)
    errors: Counter[str] = field(default_factory=Counter)

    async def cheap(self, kind: str, seed: int, name: str) -> None:
        """One cheap request, whose latency counts for `name`."""
        start = time.perf_counter()
        body = {"content": self.drawing} if kind == "predict" else {}
        answer = await self._send(f"/api/{kind}", parameters(kind, seed), **body)
        if answer != 200:
            self.errors[f"{name}: {kind}: {answer}"] += 1
        self.latencies.setdefault(name, []).append(time.perf_counter() - start)

    async def expensive(self, seed: int, leaves: bool, name: str) -> None:
        """One dear request; a client that `leaves` does so after a moment."""
        start = time.perf_counter()
        request = (
            self._send("/api/predict", {}, content=self.dear)
            if seed % 2
            else self._send("/api/sum-sequence", DEAR_SUM)
        )
        if leaves:
            with suppress(TimeoutError):
                await asyncio.wait_for(request, 0.2)
            return
        answer = await request
        # The picture is refused: it would take too long to read.
        if answer != (422 if seed % 2 else 200):
            self.errors[f"{name}: {answer}"] += 1
        self.latencies.setdefault(name, []).append(time.perf_counter() - start)

    async def _send(self, path: str, query: dict[str, Any], **body: bytes) -> int | str:
        try:
            method = "POST" if body else "GET"
            return (await self.web.request(method, path, params=query, **body)).status_code
        except httpx.HTTPError as error:
            return repr(error)

    async def cheap_in_turn(self, count: int, name: str) -> None:
        for index in range(count):
            await self.cheap(CHEAP[index % len(CHEAP)], index, name)

    async def mixed(self, clients: int, requests: int) -> float:
        """The seconds that 64 clients take for a mix of cheap, dear and abandoned requests."""
        waiting = iter(enumerate(np.random.default_rng(0).random(requests).tolist()))

        async def client() -> None:
            for seed, chance in waiting:
                if chance < 0.1:
                    await self.expensive(seed, chance < 0.05, "mixed: dear")
                else:
                    await self.cheap(CHEAP[seed % len(CHEAP)], seed, "mixed: cheap")

        start = time.perf_counter()
        await asyncio.gather(*(client() for _ in range(clients)))
        return time.perf_counter() - start


async def measure(address: str, clients: int, requests: int) -> tuple[Load, float]:
    """All three loads; also the seconds of the last."""
    limits = httpx.Limits(max_connections=clients + 16, max_keepalive_connections=clients)
    async with httpx.AsyncClient(base_url=address, timeout=600, limits=limits) as web:
        example = await web.get("/api/number", params={"text": "407", "seed": 1, "format": "png"})
        load = Load(web, example.content)
        await load.cheap_in_turn(60, "warm-up")
        await load.cheap_in_turn(100, "alone")
        await asyncio.gather(*(load.expensive(seed, True, "left") for seed in range(8)))
        await load.cheap_in_turn(100, "after 8 that left")
        dear = [asyncio.ensure_future(load.expensive(n, False, "8 dear")) for n in range(8)]
        await asyncio.sleep(0.2)
        await load.cheap_in_turn(100, "beside 8 that wait")
        await asyncio.gather(*dear)
        return load, await load.mixed(clients, requests)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--requests", type=int, default=1200)
    options = parser.parse_args()
    with serving() as (address, process):
        before = memory(process)
        load, took = asyncio.run(measure(address, options.clients, options.requests))
        after = memory(process)
    print(f"mixed: {options.clients} clients, {options.requests / took:.1f} requests/s")
    for name, seconds in load.latencies.items():
        print_latency(f"{name:19}", seconds)
    print(f"errors: {dict(load.errors) or 'none'}")
    print(f"memory: {before:.0f} MiB before, {after:.0f} MiB after ({after - before:+.0f})")
    slow = np.percentile(load.latencies["after 8 that left"], 99) > MOST_SECONDS
    return bool(load.errors) or bool(slow)


if __name__ == "__main__":
    sys.exit(main())
