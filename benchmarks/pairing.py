"""Interleaved measurements of the sides of a comparison."""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Side:
    """One side: its name, the command to run, and its own environment variables."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)


class Unavailable(Exception):
    """A side cannot be measured here; the message gives the reason."""


def _reason(lines: list[str]) -> str:
    """The error of a traceback; JAX adds a note below its errors."""
    errors = [line for line in lines if "Error" in line]
    return [*lines[-1:], *errors[-1:]][-1] if lines else ""


def _environment(side: Side) -> dict[str, str]:
    return os.environ | side.environment


class _Worker:
    """A side's worker. It is stopped between rounds, when its threads would spin."""

    def __init__(self, side: Side) -> None:
        self.side = side
        self._process = subprocess.Popen(
            side.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(side),
            text=True,
        )

    def _line(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            lines = self._process.communicate()[1].strip().splitlines()
            raise Unavailable(f"{self.side.name}: {_reason(lines) or 'ended'}")
        return line

    def ready(self) -> None:
        self._line()
        self._process.send_signal(signal.SIGSTOP)

    def round(self) -> dict[str, float]:
        assert self._process.stdin
        self._process.send_signal(signal.SIGCONT)
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        measured = json.loads(self._line())
        self._process.send_signal(signal.SIGSTOP)
        return measured

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()


def serve_in_turns(sides: list[Side], rounds: int) -> dict[str, list[dict[str, float]]]:
    """Start a worker for every side, and have them do rounds in turn; measurements by name."""
    workers: list[_Worker] = []
    found: dict[str, list[dict[str, float]]] = {side.name: [] for side in sides}
    try:
        for side in sides:  # one after another, so that none disturbs another's warm-up
            workers.append(_Worker(side))
            workers[-1].ready()
        for _ in range(rounds):
            for worker in workers:
                found[worker.side.name].append(worker.round())
    finally:
        for worker in workers:
            worker.close()
    return found


def run_in_turns(
    sides: list[Side], rounds: int, before: dict[str, object] | None = None
) -> dict[str, list[dict[str, float]]]:
    """Run every side's whole command in turn; `before` has functions to call before a side."""
    found: dict[str, list[dict[str, float]]] = {side.name: [] for side in sides}
    for turn in range(rounds + 1):
        for side in sides:
            prepare = (before or {}).get(side.name)
            if callable(prepare):
                prepare()
            measured = run_once(side)
            if turn:  # the first turn fills the caches
                found[side.name].append(measured)
    return found


def run_once(side: Side) -> dict[str, float]:
    """Run a side's command: its seconds of wall-clock time and of processor time."""
    began = time.perf_counter()
    process = subprocess.Popen(
        side.command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=_environment(side),
    )
    assert process.stderr
    message = process.stderr.read().decode(errors="replace").strip().splitlines()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise Unavailable(f"{side.name}: {_reason(message) or process.returncode}")
    return {"seconds": seconds, "cpu": usage.ru_utime + usage.ru_stime}


def summary(found: dict[str, list[dict[str, float]]], ours: str) -> dict[str, dict[str, float]]:
    """Medians for each side, and its ratio to ours: the median over pairs of one turn."""
    table = {}
    for name, rounds in found.items():
        row = {unit: statistics.median(r[unit] for r in rounds) for unit in ("seconds", "cpu")}
        pairs = list(zip(rounds, found[ours], strict=True))
        for unit in ("seconds", "cpu"):
            ratios = [theirs[unit] / own[unit] for theirs, own in pairs]
            row[f"{unit}_ratio"] = statistics.median(ratios)
        row["rounds"] = len(rounds)
        table[name] = row
    return table


HERE = Path(__file__).parent


def own(script: str, *arguments: object) -> list[str]:
    """The command that runs a script of this folder with this Python."""
    return [sys.executable, str(HERE / script), *map(str, arguments)]
