"""docs/performance.md, from the figures in benchmarks/results.json.

python benchmarks/report.py
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs/performance.md"
# GFLOP of a step, counted from the networks' layers: forward, and two gradients of each.
WORK = {
    "dcgan step": 211.0,
    "cnn step": 17.0,
    "generator step": 54.0,
    "writer-cgan step": 14.0,
}
PEAK = "float32 3x3 convolution, GFLOP/s"
NOT_MEASURED = "not measured: no GPU was at hand"

# The rows of the page: title, key in the results, unit of a side's figure, what was aimed at, and
# what the limit of the path is.
SECTIONS: tuple[tuple[str, str, str, str, str], ...] = (
    (
        "A number, from the command line",
        "start-up",
        "s",
        "At most 1.3 times `import jax` with a warm cache and 1.8 with none, and faster than both "
        "others, whose scripts load a DCGAN and write seven digits.",
        "JAX is not imported at all: XLA's own client runs the two networks, which are in the "
        "package already traced. The limit is the start of a process and what it imports: NumPy, "
        "SciPy's image operations, with which the picture is read again before it is handed out, "
        "and Typer with Pydantic; a third of the time is left for loading the networks' kept code "
        "and calling them. Without a cache XLA compiles them first, which takes as long as "
        "importing JAX.",
    ),
    (
        "`handsum --help`",
        "help",
        "s",
        "At most 1.3 times importing what it is printed with.",
        "The limit is importing Typer and rich. What is beyond is Typer's own help, which imports "
        "rich's console, its Markdown and its tracebacks, whatever is printed; of the commands, "
        "only the called one is built.",
    ),
    (
        "A training step of `dcgan`, preset `classic`, batch 16",
        "dcgan step",
        "s",
        "At least as fast as the better of the others, in the precision that suits each best.",
        "The limit is arithmetic: the generator forward once, its two gradients, and the "
        "discriminator, most of it in products of matrices: wide layers multiply "
        "windows, which a gather cuts out and shifted sums put together again, and batch "
        "statistics are products with ones, five times as fast as XLA's own sums. handsum trains "
        "in float32: on a CPU XLA's convolutions are no faster in bfloat16.",
    ),
    (
        "A training step of `cnn`, batch 128",
        "cnn step",
        "s",
        "At least as fast as the same network in PyTorch; neither side augments.",
        "The limit is arithmetic, and memory where layers are narrow. For the weights' gradients "
        "XLA transposes what each layer saw, a quarter of the step, which PyTorch's convolutions "
        "do without.\n\n"
        "What was tried and not taken: those gradients as products of shifted images are slower, "
        "by 1.1 to 2.6 times, and so are convolutions without strides as products of windows; with "
        "XLA's fusions of several outputs the step takes 5.8 times as long.",
    ),
    (
        "A training step of the default generator, batch 64",
        "generator step",
        "s",
        "At least as fast as the same network in PyTorch (`r3gan`: both penalties, and the critics "
        "of what a reader sees).",
        "The limit is arithmetic in narrow 3x3 convolutions: the discriminator's and the reader's "
        "as much as the generator's own.",
    ),
    (
        "A training step of `writer-cgan`, batch 64",
        "writer-cgan step",
        "s",
        "At least as fast as the same network in PyTorch, gradient penalties included.",
        "The limit is memory: the layers are narrow, and normalisation, upsampling and leaky ReLU "
        "read and write as much as the convolutions do.",
    ),
    (
        "Digits in bulk, into NPZ",
        "generation",
        "s a digit",
        "20 times the 22M-parameter DCGAN in Keras, 5 times a flow with 20 calls a digit.",
        "The limit is arithmetic and memory in the generator; compressing the archive takes the "
        "rest.",
    ),
    (
        "Pictures of seven-digit numbers, as PNG",
        "numbers",
        "s a picture",
        "At least as fast as TextRecognitionDataGenerator rendering the same numbers in a font.",
        "The limit is drawing seven digits with a network, then enlarging and compressing the "
        "picture. `--workers` divides the work among cores.",
    ),
    (
        "To 99% and to 99.5% of MNIST's test digits, from nothing",
        "accuracy",
        "s",
        "3 times faster than PyTorch's MNIST example, process start to end.",
        "The limit is arithmetic in the training steps. A side's share of right test digits is "
        "beside its name; there is a ratio where both reached the goal. To 99% handsum trains the "
        "preset `small` of `cnn` for 600 steps without augmentation, chosen on validation digits.",
    ),
)


# What was aimed at, as the greatest or the least ratio: key in the results, a name for it, which
# side is handsum's, those compared with (the fastest counts), and the bound. "most" is of handsum's
# time over theirs, "least" of their time over handsum's.
AIMS: tuple[tuple[str, str, str, tuple[str, ...], str, float], ...] = (
    ("start-up", "warm, over `import jax`", "handsum, warm", ("import jax",), "most", 1.3),
    ("start-up", "cold, over `import jax`", "handsum, cold", ("import jax",), "most", 1.8),
    ("start-up", "warm, others' time over it", "handsum, warm", ("PyTorch", "Keras"), "least", 1.0),
    ("start-up", "cold, others' time over it", "handsum, cold", ("PyTorch", "Keras"), "least", 1.0),
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
        "Measured by `benchmarks/run.py`, both sides in turns in one run, medians of the turns; "
        "the ratio is the median over turns of the other side's time by handsum's, so that more "
        "than 1 means that handsum is faster. `processors` is what the processes took of all "
        "cores together. This page is made from `benchmarks/results.json` by "
        "`python benchmarks/report.py`.",
        "",
        _machine(table.get("machine")),
        *_disturbance(table),
        "",
        "## What the machine can do",
        "",
        *_limits(table.get("limits", {})),
        *_elsewhere(table.get("limits", {}), table.get("machine", {})),
    ]
    for title, key, unit, aim, limit in SECTIONS:
        lines += ["", f"## {title}", "", f"Aim: {aim[0].lower()}{aim[1:]}", ""]
        lines += _section(table.get(key, {}), unit)
        lines += _elsewhere(table.get(key, {}), table.get("machine", {}))
        limit, _, tried = limit.partition("\n\n")
        lines += ["", *_verdicts(table.get(key, {}), key), f"{limit}{_distance(table, key)}"]
        lines += ["", tried] if tried else []
    lines += ["", "## On a GPU", "", *_gpu(results.get("gpu"))]
    PAGE.write_text("\n".join(lines) + "\n")


def _verdicts(measured: Mapping[str, Any], key: str) -> list[str]:
    """Which aims of a section are reached: one line, and an empty one."""
    rows, told = measured.get("rows", {}), []
    for section, name, ours, others, kind, bound in AIMS:
        if section != key or ours not in rows:
            continue
        found = [rows[other] for other in others if other in rows]
        ratios = [row["seconds_ratio"] for row in found if "seconds_ratio" in row]
        if not ratios:
            told.append(f"{name}: no ratio, since not both got there")
            continue
        # The table's, by pairs of one turn, of which all are over one of handsum's sides.
        ratio = min(ratios) / rows[ours].get("seconds_ratio", 1.0)
        ratio = 1 / ratio if kind == "most" else ratio
        reached = ratio <= bound if kind == "most" else ratio >= bound
        told.append(
            f"{name} {ratio:.3g} (at {kind} {bound:g}: {'reached' if reached else 'missed'})"
        )
    return [f"Found: {'; '.join(told)}.", ""] if told else []


def _machine(facts: Mapping[str, Any] | None) -> str:
    if facts is None:
        return "Not measured yet: see `benchmarks/README.md`."
    return (
        f"Machine: {facts['processor']}, {facts['cores']} cores, no GPU; JAX {facts['jax']}; "
        f"{facts['date']}."
    )


def _elsewhere(measured: Mapping[str, Any], machine: Mapping[str, Any]) -> list[str]:
    """Where a section was measured, unless on the page's machine."""
    facts = measured.get("machine", machine)
    if all(facts.get(name) == machine.get(name) for name in ("processor", "cores")):
        return []
    return ["", _machine(facts).replace("Machine", "Measured on another machine", 1)]


def _distance(table: Mapping[str, Any], key: str) -> str:
    """How far a training step is from its arithmetic at the measured speed of convolutions."""
    rows, peaks = table.get(key, {}).get("rows"), table.get("limits", {}).get("rows")
    if key not in WORK or not rows or not peaks:
        return ""
    if _elsewhere(table[key], table["limits"].get("machine", {})):
        return ""
    least = WORK[key] / peaks[PEAK]
    times = rows["handsum"]["seconds"] / least
    return (
        f" That is {WORK[key]:.0f} GFLOP, {_figure(least)} s at the {peaks[PEAK]:.0f} GFLOP/s that "
        f"convolutions reach here: the step takes {times:.1f} times as long."
    )


def _disturbance(table: Mapping[str, Any]) -> list[str]:
    """A warning where other programs ran meanwhile; the benchmarks themselves load two cores."""
    if "machine" not in table:
        return []
    load = max((rows.get("load", 0.0) for rows in table.values()), default=0.0)
    if load <= 2 * table["machine"]["cores"]:
        return []
    return [
        "",
        f"Other programs ran meanwhile (a load of {load:.0f}): go by the ratio of processors, and "
        "take no time in seconds for what the machine does alone.",
    ]


def _limits(measured: Mapping[str, Any]) -> list[str]:
    rows = measured.get("rows", {})
    lines = ["| what | measured |", "|---|---|"]
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
    return f"{seconds:.3g}" if seconds >= 0.01 else f"{seconds:.2e} ({1 / seconds:,.0f} a second)"


def _gpu(measured: Mapping[str, Any] | None) -> list[str]:
    run = "`python benchmarks/run.py --device gpu --peers .venv-peers/bin/python`"
    if measured is None:
        lines = [
            "The same scripts measure there, against PyTorch, compiled where it can be: "
            + run
            + ".",
            "",
            "| what | aim | measured |",
            "|---|---|---|",
        ]
        for title, aim in (
            ("a training step of `dcgan`, `classic`", "1.0 of PyTorch compiled"),
            ("a training step of `cnn`", "1.5"),
            ("a training step of the default generator", "1.5"),
            ("digits in bulk", "a million in under 10 s on an H200"),
        ):
            lines.append(f"| {title} | {aim} | {NOT_MEASURED} |")
        return lines
    lines = [f"Measured by {run}."]
    for title, key, unit, _, _ in SECTIONS:
        if key in measured:
            lines += ["", f"### {title}", "", *_section(measured[key], unit)]
    return lines


if __name__ == "__main__":
    path = HERE / "results.json"
    write(json.loads(path.read_text()) if path.exists() else {})
