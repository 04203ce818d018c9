"""Write docs/performance.md from the figures in benchmarks/results.json.

python benchmarks/report.py
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs/performance.md"
# GFLOP of a step, counted from the layers of the networks: forward, and two gradients each.
WORK = {
    "dcgan step": 211.0,
    "cnn step": 17.0,
    "generator step": 54.0,
    "writer-cgan step": 14.0,
}
PEAK = "float32 3x3 convolution, GFLOP/s"
NOT_MEASURED = "not measured: no GPU was available"

# Sections of the page: title, key in the results, unit of the figures, goal, limit of the speed.
SECTIONS: tuple[tuple[str, str, str, str, str], ...] = (
    (
        "A number, from the command line",
        "start-up",
        "s",
        "At most 1.3 times `import jax` with a warm cache and 1.8 with none, and faster than both "
        "others, whose scripts load a DCGAN and write seven digits.",
        "Measured when handsum still ran its two networks through XLA without importing JAX. Now "
        "that it uses public interfaces only, it takes 1.80 times as long as `import jax` with a "
        "warm cache (1.17 s), and 3.0 times with none (1.82 s). The "
        "limit is starting a process and importing NumPy, SciPy's image operations (to read the "
        "picture again before it is saved) and Typer with Pydantic; a third of the time is left "
        "for loading the compiled networks and calling them. Without a cache, XLA compiles them "
        "first, which takes as long as importing JAX.",
    ),
    (
        "`handsum --help`",
        "help",
        "s",
        "At most 1.3 times importing the libraries that print it.",
        "The limit is importing Typer and rich. The rest is Typer's help, which always imports "
        "rich's console, Markdown and tracebacks; only the called command is built.",
    ),
    (
        "A training step of `dcgan`, preset `classic`, batch 16",
        "dcgan step",
        "s",
        "At least as fast as the faster of the others, each in its best precision.",
        "The limit is arithmetic: one forward pass of the generator, its two gradients, and the "
        "discriminator, most of it in matrix products. Wide layers multiply windows, which a "
        "gather cuts out and shifted sums put back together. Batch statistics are products with "
        "ones, which are five times as fast as XLA's own sums. handsum trains in float32: on a "
        "CPU, XLA's convolutions are no faster in bfloat16.",
    ),
    (
        "A training step of `cnn`, batch 128",
        "cnn step",
        "s",
        "At least as fast as the same network in PyTorch; neither side augments.",
        "The limit is arithmetic, and memory in narrow layers. For the gradients of the weights, "
        "XLA transposes the input of each layer, which takes a quarter of the step; PyTorch's "
        "convolutions do without.\n\n"
        "Tried without success: these gradients as products of shifted images take 1.1 to 2.6 "
        "times as long, and convolutions without strides as products of windows are slower too; "
        "with XLA's multi-output fusion the step takes 5.8 times as long.",
    ),
    (
        "A training step of `r3gan`, batch 64",
        "generator step",
        "s",
        "At least as fast as the same network in PyTorch (`r3gan`: both penalties, and the critics "
        "on the reader's features).",
        "The limit is arithmetic in narrow 3x3 convolutions: those of the discriminator and the "
        "reader as much as those of the generator.",
    ),
    (
        "A training step of `writer-cgan`, batch 64",
        "writer-cgan step",
        "s",
        "At least as fast as the same network in PyTorch, gradient penalties included.",
        "The limit is memory: the layers are narrow, and normalisation, upsampling and leaky ReLU "
        "read and write as much as the convolutions.",
    ),
    (
        "Digits in bulk, into NPZ",
        "generation",
        "s per digit",
        "20 times as fast as the 22M-parameter DCGAN in Keras, 5 times as fast as a flow with 20 "
        "calls per digit.",
        "The limit is arithmetic and memory in the generator; compressing the archive takes the "
        "rest of the time.",
    ),
    (
        "Pictures of seven-digit numbers, as PNG",
        "numbers",
        "s per picture",
        "At least as fast as TextRecognitionDataGenerator rendering the same numbers in a font.",
        "The limit is drawing seven digits with a network, then enlarging and compressing the "
        "picture. `handsum dataset --workers N` divides the work among cores.",
    ),
    (
        "Training to 99% and 99.5% of MNIST's test digits",
        "accuracy",
        "s",
        "3 times as fast as PyTorch's MNIST example, from start to end of the process.",
        "The limit is arithmetic in the training steps. The accuracy on test digits is given in "
        "brackets; there is a ratio if both sides reached the goal. For 99%, handsum trains the "
        "preset `small` of `cnn` for 600 steps without augmentation, a setting chosen on "
        "validation digits.",
    ),
)


# Goals, as ratios: key in the results, name, handsum's side, the sides to compare with (the fastest
# counts), and the bound. "most" bounds handsum's time over theirs, "least" theirs over handsum's.
GOALS: tuple[tuple[str, str, str, tuple[str, ...], str, float], ...] = (
    ("start-up", "warm, over `import jax`", "handsum, warm", ("import jax",), "most", 1.3),
    ("start-up", "cold, over `import jax`", "handsum, cold", ("import jax",), "most", 1.8),
    ("start-up", "warm, others over handsum", "handsum, warm", ("PyTorch", "Keras"), "least", 1.0),
    ("start-up", "cold, others over handsum", "handsum, cold", ("PyTorch", "Keras"), "least", 1.0),
    ("help", "over its imports", "handsum --help", ("import typer, rich",), "most", 1.3),
    (
        "dcgan step",
        "float32",
        "handsum",
        ("PyTorch, float32", "Keras, float32"),
        "least",
        1.0,
    ),
    (
        "dcgan step",
        "any precision",
        "handsum",
        ("PyTorch, bfloat16", "Keras, mixed_bfloat16"),
        "least",
        1.0,
    ),
    *(
        (key, precision, "handsum", (f"PyTorch, {precision}",), "least", 1.0)
        for key in ("cnn step", "generator step", "writer-cgan step")
        for precision in ("float32", "bfloat16")
    ),
    ("generation", "DCGAN in Keras", "handsum", ("DCGAN in Keras",), "least", 20.0),
    ("generation", "flow", "handsum", ("flow matching, 20 calls",), "least", 5.0),
    ("numbers", "on one core", "handsum", ("TextRecognitionDataGenerator",), "least", 1.0),
    *(
        (
            "accuracy",
            f"to {goal}%",
            f"handsum, for {goal}%",
            (f"PyTorch example, to {goal}%",),
            "least",
            3.0,
        )
        for goal in (99.0, 99.5)
    ),
)


def write(results: Mapping[str, Any]) -> None:
    """Write the page."""
    table = results.get("cpu", {})
    lines = [
        "# Performance",
        "",
        "Measured by `benchmarks/run.py`: interleaved runs of all sides, medians. The ratio is the "
        "median of the other side's time over handsum's in the same turn; above 1, handsum is "
        "faster. `processors` is the time on all cores together. `python benchmarks/report.py` "
        "makes this page from `benchmarks/results.json`.",
        "",
        _machine(table.get("machine")),
        *_disturbance(table),
        "",
        "## Limits of the machine",
        "",
        *_limits(table.get("limits", {})),
        *_elsewhere(table.get("limits", {}), table.get("machine", {})),
    ]
    for title, key, unit, goal, limit in SECTIONS:
        lines += ["", f"## {title}", "", f"Goal: {goal[0].lower()}{goal[1:]}", ""]
        lines += _section(table.get(key, {}), unit)
        lines += _elsewhere(table.get(key, {}), table.get("machine", {}))
        limit, _, tried = limit.partition("\n\n")
        lines += ["", *_verdicts(table.get(key, {}), key), f"{limit}{_distance(table, key)}"]
        lines += ["", tried] if tried else []
    lines += ["", "## On a GPU", "", *_gpu(results.get("gpu"))]
    PAGE.write_text("\n".join(lines) + "\n")


def _verdicts(measured: Mapping[str, Any], key: str) -> list[str]:
    """Which goals of a section were reached: one line, and an empty one."""
    rows, verdicts = measured.get("rows", {}), []
    for section, name, ours, others, bounded, bound in GOALS:
        if section != key or ours not in rows:
            continue
        found = [rows[other] for other in others if other in rows]
        ratios = [row["seconds_ratio"] for row in found if "seconds_ratio" in row]
        if not ratios:
            verdicts.append(f"{name}: no ratio, because not both sides reached it")
            continue
        # The table's ratios all compare with one of handsum's sides, which may be another one.
        ratio = min(ratios) / rows[ours].get("seconds_ratio", 1.0)
        ratio = 1 / ratio if bounded == "most" else ratio
        reached = ratio <= bound if bounded == "most" else ratio >= bound
        verdicts.append(
            f"{name} {ratio:.3g} (at {bounded} {bound:g}: {'reached' if reached else 'missed'})"
        )
    return [f"Result: {'; '.join(verdicts)}.", ""] if verdicts else []


def _machine(facts: Mapping[str, Any] | None) -> str:
    if facts is None:
        return "Not measured yet: see `benchmarks/README.md`."
    return (
        f"Machine: {facts['processor']}, {facts['cores']} cores, no GPU; JAX {facts['jax']}; "
        f"{facts['date']}."
    )


def _elsewhere(measured: Mapping[str, Any], machine: Mapping[str, Any]) -> list[str]:
    """The machine on which a section was measured, if it is not that of the page."""
    facts = measured.get("machine", machine)
    if all(facts.get(name) == machine.get(name) for name in ("processor", "cores")):
        return []
    return ["", _machine(facts).replace("Machine", "Measured on another machine", 1)]


def _distance(table: Mapping[str, Any], key: str) -> str:
    """Compare a training step with its arithmetic at the measured speed of convolutions."""
    rows, peaks = table.get(key, {}).get("rows"), table.get("limits", {}).get("rows")
    if key not in WORK or not rows or not peaks:
        return ""
    if _elsewhere(table[key], table["limits"].get("machine", {})):
        return ""
    least = WORK[key] / peaks[PEAK]
    times = rows["handsum"]["seconds"] / least
    return (
        f" A step is {WORK[key]:.0f} GFLOP, or {_figure(least)} s at the {peaks[PEAK]:.0f} GFLOP/s "
        f"of convolutions on this machine; it takes {times:.1f} times as long."
    )


def _disturbance(table: Mapping[str, Any]) -> list[str]:
    """A warning if other programs were running; the benchmarks themselves load two cores."""
    if "machine" not in table:
        return []
    load = max((rows.get("load", 0.0) for rows in table.values()), default=0.0)
    if load <= 2 * table["machine"]["cores"]:
        return []
    return [
        "",
        f"Other programs were running (a load of {load:.0f}): compare the ratios of processors; "
        "the times in seconds are too long.",
    ]


def _limits(measured: Mapping[str, Any]) -> list[str]:
    rows = measured.get("rows", {})
    lines = ["| limit | measured |", "|---|---|"]
    for name, value in rows.items():
        lines.append(f"| {name} | {value:,.3g} |")
    return lines if rows else ["Not measured yet."]


def _section(measured: Mapping[str, Any], unit: str) -> list[str]:
    if "unavailable" in measured:
        return [f"Not measured: {measured['unavailable']}"]
    if "rows" not in measured:
        return ["Not measured yet."]
    lines = [f"| side | {unit} | processors, {unit} | ratio | ratio of processors |"]
    lines.append("|---|---|---|---|---|")
    for name, row in measured["rows"].items():
        note = f" ({row['reached']:.2f}%)" if "reached" in row else ""
        if "seconds" not in row:
            lines.append(f"| {name} | not within {row['epochs']} epochs{note} | | | |")
            continue
        cells = [f"{name}{note}", _figure(row["seconds"]), _figure(row["cpu"])]
        cells += [f"{row[key]:.2f}" if key in row else "" for key in ("seconds_ratio", "cpu_ratio")]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _figure(seconds: float) -> str:
    return f"{seconds:.3g}" if seconds >= 0.01 else f"{seconds:.2e} ({1 / seconds:,.0f} per second)"


def _gpu(measured: Mapping[str, Any] | None) -> list[str]:
    run = "`python benchmarks/run.py --device gpu --peers .venv-peers/bin/python`"
    if measured is None:
        lines = [
            "On a GPU the same scripts compare with PyTorch, compiled where possible: " + run + ".",
            "",
            "| what | goal | measured |",
            "|---|---|---|",
        ]
        for title, goal in (
            ("a training step of `dcgan`, `classic`", "1.0 times as fast as compiled PyTorch"),
            ("a training step of `cnn`", "1.5 times as fast"),
            ("a training step of `r3gan`", "1.5 times as fast"),
            ("digits in bulk", "a million in under 10 s on an H200"),
        ):
            lines.append(f"| {title} | {goal} | {NOT_MEASURED} |")
        return lines
    lines = [f"Measured by {run}."]
    for title, key, unit, _, _ in SECTIONS:
        if key in measured:
            lines += ["", f"### {title}", "", *_section(measured[key], unit)]
    return lines


if __name__ == "__main__":
    path = HERE / "results.json"
    write(json.loads(path.read_text()) if path.exists() else {})
