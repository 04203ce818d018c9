"""All benchmarks: interleaved runs, a table of medians and ratios, and docs/performance.md.

    python benchmarks/run.py --peers .venv-peers/bin/python [--quick | --full] [--device gpu]

`--only NAME` measures one row again and keeps the others in results.json. The machine should be
otherwise idle; `cpu`, the processor time, suffers less if it is not.
"""

from __future__ import annotations

import argparse
import compileall
import datetime
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import limits
import report
from pairing import HERE, Side, Unavailable, own, run_in_turns, run_once, serve_in_turns, summary

RESULTS = HERE / "results.json"
ARCHIVES = HERE.parent / "src/handsum/data/archives"


@dataclass(frozen=True)
class Setting:
    """How to measure: the Python of the peers, the device, and the number of rounds."""

    peers: str
    device: str
    full: bool
    scratch: Path

    def peer(self, script: str, *arguments: object) -> list[str]:
        return [self.peers, str(HERE / "peers" / script), *map(str, arguments)]

    def rounds(self, quick: int, full: int) -> int:
        return full if self.full else quick

    @property
    def cuda(self) -> str:
        return "cuda" if self.device == "gpu" else "cpu"


Row = dict[str, Any]


def _handsum(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "handsum", *map(str, arguments)]


def start_up(setting: Setting) -> Row:
    """`handsum number 1234567`: the whole process, with a warm cache and with none."""
    cache, picture = setting.scratch / "cache", setting.scratch / "number.png"
    number = _handsum("number", "1234567", "--seed", 1, "-o", picture)
    here = {"XDG_CACHE_HOME": str(cache)}
    empty = setting.scratch / "empty"
    sides = [
        Side("handsum, warm", number, here),
        Side("handsum, cold", number, {"XDG_CACHE_HOME": str(empty)}),
        Side("import jax", [sys.executable, "-c", "import jax"]),
        Side("PyTorch", setting.peer("torch_write.py", setting.scratch / "torch.pt")),
        Side("Keras", setting.peer("keras_write.py", setting.scratch / "dcgan.keras")),
    ]
    clear = {"handsum, cold": lambda: shutil.rmtree(empty, ignore_errors=True)}
    found = run_in_turns(sides, setting.rounds(5, 15), clear)
    return summary(found, "handsum, warm")


def help_text(setting: Setting) -> Row:
    """`handsum --help`, compared with importing the libraries that print it."""
    sides = [
        Side("handsum --help", _handsum("--help")),
        Side("import typer, rich", [sys.executable, "-c", "import typer, rich"]),
    ]
    return summary(run_in_turns(sides, setting.rounds(9, 25)), "handsum --help")


def dcgan_step(setting: Setting) -> Row:
    """A training step of `dcgan`, preset `classic`, batch 16."""
    sides = [Side("handsum", own("ours.py", "step", "dcgan", "classic", 16, 2))]
    for precision in ("float32", "bfloat16"):
        command = setting.peer("torch_step.py", "dcgan", 16, precision, setting.cuda)
        sides.append(Side(f"PyTorch, {precision}", command))
        if setting.device == "cpu":
            policy = "mixed_bfloat16" if precision == "bfloat16" else precision
            command = setting.peer("keras_step.py", "step", 16, policy)
            sides.append(Side(f"Keras, {policy}", command))
    return summary(serve_in_turns(sides, setting.rounds(5, 15)), "handsum")


def _step(model: str, batch: int) -> Callable[[Setting], Row]:
    def measure(setting: Setting) -> Row:
        sides = [Side("handsum", own("ours.py", "step", model, "default", batch, 10))]
        for precision in ("float32", "bfloat16"):
            command = setting.peer("torch_step.py", model, batch, precision, setting.cuda)
            sides.append(Side(f"PyTorch, {precision}", command))
        return summary(serve_in_turns(sides, setting.rounds(7, 21)), "handsum")

    return measure


# The training for each accuracy; the results give the accuracy that was reached.
_NO_OTHERS = ["--set", "non_digits=0"]
ACCURATE = {
    99.0: ["--preset", "small", "--steps", "600", "--set", "augmentation=false", *_NO_OTHERS],
    99.5: ["--steps", "3000", *_NO_OTHERS],
}


def accuracy(setting: Setting) -> Row:
    """Training to a test accuracy, a whole process, compared with PyTorch's MNIST example.

    The higher goal takes minutes and is measured with `--full` only.
    """
    rows: Row = {}
    goals = {goal: ACCURATE[goal] for goal in list(ACCURATE)[: setting.rounds(1, 2)]}
    for goal, settings in goals.items():
        folder = setting.scratch / f"run-{goal}"
        command = _handsum("train", "cnn", *settings, "--output", folder)
        measured = run_once(Side("handsum", command))
        evaluated = subprocess.run(
            _handsum("evaluate", folder / "snapshot", "--json"),
            capture_output=True,
            text=True,
            check=True,
        )
        error = json.loads(evaluated.stdout)["figures"][0]["error"]
        rows[f"handsum, for {goal}%"] = measured | {"reached": 100 - 100 * error}
    epochs = setting.rounds(4, 14)
    done = subprocess.run(
        setting.peer("torch_mnist.py", ARCHIVES, epochs), capture_output=True, text=True
    )
    if done.returncode:
        raise Unavailable(done.stderr.strip().splitlines()[-1])
    lines = [line.split() for line in done.stdout.splitlines()]
    best = max(int(right) for _, right, _, _ in lines) / 100
    for goal in goals:
        reached = [line for line in lines if int(line[1]) >= 100 * goal]
        row: Row = {"reached": best, "epochs": epochs}
        if reached:
            _, right, seconds, processor = reached[0]
            row = {"seconds": float(seconds), "cpu": float(processor), "reached": int(right) / 100}
            ours = rows[f"handsum, for {goal}%"]
            if ours["reached"] >= goal:
                row |= {f"{unit}_ratio": row[unit] / ours[unit] for unit in ("seconds", "cpu")}
        rows[f"PyTorch example, to {goal}%"] = row
    return rows


def generation(setting: Setting) -> Row:
    """Digits in bulk into an NPZ archive; seconds per digit."""
    sides = [
        Side("handsum", own("ours.py", "draw", 4096)),
        Side("DCGAN in Keras", setting.peer("keras_step.py", "draw", 256)),
        Side("flow matching, 20 calls", setting.peer("torch_flow.py", 128, setting.cuda)),
    ]
    return summary(serve_in_turns(sides, setting.rounds(3, 9)), "handsum")


def numbers(setting: Setting) -> Row:
    """Pictures of seven-digit numbers as PNG, on one core for each side; seconds per picture."""
    sides = [
        Side("handsum", own("ours.py", "numbers", 512)),
        Side("TextRecognitionDataGenerator", setting.peer("trdg_numbers.py", 512)),
    ]
    return summary(serve_in_turns(sides, setting.rounds(3, 9)), "handsum")


def peaks(setting: Setting) -> Row:
    """The limits of this machine: products, convolutions, memory, the start of a process."""
    rows = limits.measure()
    python = run_in_turns([Side("python", [sys.executable, "-c", "pass"])], 9)
    return rows | {"a Python process, s": summary(python, "python")["python"]["seconds"]}


ROWS: dict[str, Callable[[Setting], Row]] = {
    "limits": peaks,
    "help": help_text,
    "start-up": start_up,
    "dcgan step": dcgan_step,
    "cnn step": _step("cnn", 128),
    "generator step": _step("r3gan", 64),
    "writer-cgan step": _step("writer-cgan", 64),
    "generation": generation,
    "numbers": numbers,
    "accuracy": accuracy,
}
GPU_ROWS = ("dcgan step", "cnn step", "generator step", "writer-cgan step", "generation")


def _machine() -> dict[str, Any]:
    import jax

    name = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines() if os.name == "posix" else ():
        if line.startswith("model name"):
            name = line.partition(":")[2].strip()
    when = datetime.datetime.now(datetime.UTC).date().isoformat()
    return {"processor": name, "cores": os.cpu_count(), "jax": jax.__version__, "date": when}


def _select_platform(device: str) -> None:
    os.environ["JAX_PLATFORMS"] = "cpu" if device == "cpu" else "cuda"
    source = str(HERE.parent / "src")
    os.environ["PYTHONPATH"] = os.pathsep.join([source, os.environ.get("PYTHONPATH", "")])
    sys.path.insert(0, source)
    # As pip does on installation. Otherwise, where Python cannot write bytecode, as in many
    # containers, each of handsum's processes would compile the package again.
    compileall.compile_dir(source, quiet=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--peers", default=sys.executable, help="the Python of the peers' environment"
    )
    parser.add_argument("--device", choices=("cpu", "gpu"), default="cpu")
    parser.add_argument("--only", choices=ROWS, action="append")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--quick", action="store_true", help="about ten minutes (the default)")
    length.add_argument("--full", action="store_true", help="more rounds, all of PyTorch's epochs")
    chosen = parser.parse_args()
    if shutil.which(chosen.peers) is None:
        parser.error(f"there is no {chosen.peers}: --peers is the Python of the peers' environment")
    offered = list(ROWS) if chosen.device == "cpu" else list(GPU_ROWS)
    if other := [name for name in chosen.only or () if name not in offered]:
        parser.error(f"{other[0]!r} is not a GPU row: use {', '.join(GPU_ROWS)}")
    _select_platform(chosen.device)
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    table = results.get(chosen.device, {})
    names, failed = chosen.only or offered, []
    with tempfile.TemporaryDirectory() as scratch:
        setting = Setting(chosen.peers, chosen.device, chosen.full, Path(scratch))
        for name in names:
            began = time.monotonic()
            try:
                rows = ROWS[name](setting)
                table[name] = {"rows": rows, "load": os.getloadavg()[0], "machine": _machine()}
            except Unavailable as reason:
                # Earlier measurements are kept.
                table.setdefault(name, {"unavailable": str(reason)})
                failed.append(name)
                print(f"{name}: not measured: {reason}", file=sys.stderr)
                continue
            print(f"{name}: {time.monotonic() - began:.0f} s")
            results[chosen.device] = table
            RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    if len(failed) == len(names):
        sys.exit("nothing was measured, so nothing is written")
    table["machine"] = _machine()
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    report.write(results)
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
