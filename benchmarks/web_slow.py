"""Hold a server of the web page up with 1,000 slow clients, and print its memory and latency.

    python benchmarks/web_slow.py [--clients 1000] [--seconds 45]

It starts `handsum web` on the loopback interface and waits until its models are loaded. A third of
the clients send uploads of 20 MiB without their last byte, a third send headers without an end,
and a third send one byte of a body in a second. Whoever is turned away comes back after a second.
Meanwhile one visitor sends ordinary requests. The script reports the visitor's latency, the answers
to the clients, and the memory and open files of the server before, at its peak, and a minute after.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import re
import resource
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx
from web_load import load, memory, print_latency, serving

MIB = 1024 * 1024
SIZE = 20 * MIB
AFTER_SECONDS = 60


class Crowd:
    """Clients that keep a server busy for as long as it lets them."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.answers: Counter[str] = Counter()

    async def client(self, number: int) -> None:
        """One client, which comes back whenever its connection ends."""
        send = (self._unfinished_upload, self._unfinished_headers, self._slow_body)[number % 3]
        while True:
            with suppress(OSError):
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                sending = asyncio.ensure_future(send(writer))
                try:
                    line = await reader.readline()
                    found = re.match(rb"HTTP/1.1 (\d+)", line)
                    answer = found[1].decode() if found else "closed"
                    self.answers[f"{send.__name__[1:]}: {answer}"] += 1
                finally:
                    writer.transport.abort()
                    sending.cancel()
                    await asyncio.wait([sending])
                    _ = sending.cancelled() or sending.exception()
            await asyncio.sleep(1)

    def _head(self) -> bytes:
        return b"POST /api/predict HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n" % self.port

    async def _unfinished_upload(self, writer: asyncio.StreamWriter) -> None:
        writer.write(self._head() + b"Content-Length: %d\r\n\r\n" % SIZE)
        for _ in range(SIZE // MIB - 1):
            writer.write(bytes(MIB))
            await writer.drain()
        writer.write(bytes(MIB - 1))
        await asyncio.sleep(3600)

    async def _unfinished_headers(self, writer: asyncio.StreamWriter) -> None:
        writer.write(self._head())
        for number in range(3600):
            writer.write(b"X-%d: 1\r\n" % number)
            await asyncio.sleep(1)

    async def _slow_body(self, writer: asyncio.StreamWriter) -> None:
        writer.write(self._head() + b"Content-Length: 5000\r\n\r\n")
        for _ in range(3600):
            writer.write(b"x")
            await asyncio.sleep(1)


def open_files(process: int) -> int:
    """The number of files and connections that a process has open (Linux)."""
    return len(list(Path(f"/proc/{process}/fd").iterdir()))


async def visit(address: str, seconds: float) -> tuple[list[float], Counter[str]]:
    """The latencies of ordinary requests, and the errors."""
    latencies, errors = [], Counter[str]()
    end = time.perf_counter() + seconds
    async with httpx.AsyncClient(base_url=address, timeout=60) as web:
        example = await web.get("/api/number", params={"text": "407", "seed": 1, "format": "png"})
    while time.perf_counter() < end:
        start = time.perf_counter()
        try:
            async with httpx.AsyncClient(base_url=address, timeout=60) as web:
                answer = await web.post("/api/predict", content=example.content)
                if answer.status_code != 200:
                    errors[str(answer.status_code)] += 1
        except httpx.HTTPError as error:
            errors[type(error).__name__] += 1
        latencies.append(time.perf_counter() - start)
        await asyncio.sleep(0.3)
    return latencies, errors


async def watch(process: int, most: list[float]) -> None:
    """Keep the peak of a server's memory in MiB and of its open files."""
    while True:
        most[:] = map(max, most, (memory(process), open_files(process)))
        await asyncio.sleep(0.1)


async def hold_up(port: int, clients: int, seconds: float) -> Counter[str]:
    """Hold a server up; the answers to the clients."""
    # The clients have more connections than most shells allow; the server has what it has.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    crowd = Crowd(port)
    tasks = [asyncio.ensure_future(crowd.client(number)) for number in range(clients)]
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return crowd.answers


async def measure(
    address: str, process: int, clients: int, seconds: float
) -> tuple[list[float], Counter[str], Counter[str], list[float]]:
    """A visitor's latencies and errors, the answers to the crowd, and the peaks."""
    port = int(address.rpartition(":")[2])
    most = [memory(process), float(open_files(process))]
    watching = asyncio.ensure_future(watch(process, most))
    # In a process of its own, the crowd does not keep the visitor waiting.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        crowd = pool.submit(crowded, port, clients, seconds + 4)
        await asyncio.sleep(3)
        latencies, errors = await visit(address, seconds)
        answers = await asyncio.wrap_future(crowd)
    watching.cancel()
    return latencies, errors, answers, most


def crowded(port: int, clients: int, seconds: float) -> Counter[str]:
    """As `hold_up`, for a process of its own."""
    return asyncio.run(hold_up(port, clients, seconds))


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=45)
    options = parser.parse_args()
    with serving() as (address, process):
        # The first requests fill caches; growth is measured after them.
        asyncio.run(load(address, 16, 200))
        time.sleep(5)
        before, files = memory(process), open_files(process)
        latencies, errors, answers, (peak, most_files) = asyncio.run(
            measure(address, process, options.clients, options.seconds)
        )
        time.sleep(AFTER_SECONDS)
        after, files_after = memory(process), open_files(process)
    print_latency("visitor", latencies)
    print(f"errors of the visitor: {dict(errors) or 'none'}")
    for answer, count in sorted(answers.items()):
        print(f"{answer}: {count}")
    print(f"memory: {before:.0f} MiB before, {peak:.0f} MiB at its peak, {after:.0f} MiB after")
    print(f"open files: {files} before, {most_files:.0f} at most, {files_after} after")
    return bool(errors) or peak > 2048 or after > 1.05 * before


if __name__ == "__main__":
    sys.exit(main())
