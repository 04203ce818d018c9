"""Load a server of the web page as 64 people at once would, and print latencies and errors.

    python benchmarks/web_load.py [--clients 64] [--requests 2400]

It starts `handsum web` on the loopback interface and waits until its models are loaded. Then every
client sends one request after another without a pause. It reports errors, latency for each kind of
request, and the memory of the server before and after.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np

# The mix of requests from people at the page: a drawing is read again with every stroke.
SHARES = {"predict": 10, "sum-sequence": 4, "number": 3, "generate": 2, "interpolate": 1}


def memory(process: int) -> float:
    """The memory of a process in MiB (Linux)."""
    status = Path(f"/proc/{process}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found[1]) / 1024


def parameters(request: str, seed: int) -> dict[str, str | int]:
    """The parameters of a request."""
    return {
        "predict": {},
        "sum-sequence": {"total": 23, "length": 5, "seed": seed},
        "number": {"text": str(1234567 + seed), "seed": seed},
        "generate": {"count": 60, "random": "true", "seed": seed},
        "interpolate": {"between": "12..40", "digits": "2357", "steps": 9, "seed": seed},
    }[request]


async def load(
    address: str, clients: int, requests: int
) -> tuple[dict[str, list[float]], Counter[str], float]:
    """The latencies in seconds by request, the errors, and the total time in seconds."""
    kinds = [kind for kind, share in SHARES.items() for _ in range(share)]
    order = np.random.default_rng(0).choice(kinds, requests).tolist()
    waiting = iter(enumerate(order))
    latencies: dict[str, list[float]] = defaultdict(list)
    errors: Counter[str] = Counter()
    limits = httpx.Limits(max_connections=clients, max_keepalive_connections=clients)
    async with httpx.AsyncClient(base_url=address, timeout=120, limits=limits) as web:
        example = await web.get("/api/number", params={"text": "407", "seed": 1, "format": "png"})

        async def client() -> None:
            for seed, kind in waiting:
                start = time.perf_counter()
                body = example.content if kind == "predict" else None
                method = "POST" if body else "GET"
                try:
                    answer = await web.request(
                        method, f"/api/{kind}", params=parameters(kind, seed), content=body
                    )
                    if answer.status_code != 200:
                        errors[f"{kind}: {answer.status_code}"] += 1
                except httpx.HTTPError as error:
                    errors[f"{kind}: {error!r}"] += 1
                latencies[kind].append(time.perf_counter() - start)

        start = time.perf_counter()
        await asyncio.gather(*(client() for _ in range(clients)))
        return latencies, errors, time.perf_counter() - start


def print_latency(name: str, seconds: list[float]) -> None:
    middle, high = np.percentile(seconds, [50, 99])
    print(f"{name:14} {len(seconds):5} requests  median {middle:6.3f} s  99% {high:6.3f} s")


@contextmanager
def serving() -> Iterator[tuple[str, int]]:
    """Start a server, and return its address and process number when its models are ready."""
    command = [sys.executable, "-m", "handsum", "web", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            found = re.search(r"http://\S+", process.stderr.readline())
            assert found, "the server did not start"
            while httpx.get(found[0] + "/api/status").json()["state"] != "ready":
                time.sleep(0.5)
            yield found[0], process.pid
        finally:
            process.terminate()


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--requests", type=int, default=2400)
    options = parser.parse_args()
    with serving() as (address, process):
        # The first requests fill caches; growth is measured after them.
        asyncio.run(load(address, options.clients, options.requests // 4))
        before = memory(process)
        latencies, errors, took = asyncio.run(load(address, options.clients, options.requests))
        after = memory(process)
        alone, _, _ = asyncio.run(load(address, 1, 60))
    print(f"{options.clients} clients, {options.requests / took:.1f} requests/s")
    for kind in SHARES:
        print_latency(kind, latencies[kind])
    print_latency("all", [one for own in latencies.values() for one in own])
    for kind in SHARES:
        print_latency(f"alone: {kind}"[:14], alone[kind])
    print(f"errors: {dict(errors) or 'none'}")
    print(f"memory: {before:.0f} MiB before, {after:.0f} MiB after ({after - before:+.0f})")
    return bool(errors)


if __name__ == "__main__":
    sys.exit(main())
