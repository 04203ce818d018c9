"""`handsum train`: train any model of the zoo."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

from handsum.cli.console import err, out

# How often a run that nobody watches says where it is.
LOG_SECONDS = 60.0
SCALE = "Devices and hosts"


def train(
    model: Annotated[str, typer.Argument(help="A model of the zoo: see `handsum models`.")],
    preset: Annotated[str, typer.Option(help="A named configuration of the model.")] = "default",
    steps: Annotated[int | None, typer.Option(help="Steps to train for.")] = None,
    max_minutes: Annotated[
        float | None,
        typer.Option(help="Stop after so many minutes, with a checkpoint to resume from.", min=0.0),
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(help="Digits, sequences or told sums per step.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="The run is a function of this.")] = None,
    labels: Annotated[
        str | None,
        typer.Option(
            help="cnn-sum: learn from digits, from sums of --addends digits, or from the sums of "
            "two numbers of --addends digits (digits|sums|numbers).",
        ),
    ] = None,
    addends: Annotated[
        int | None, typer.Option(min=1, help="cnn-sum: how many digits to a sum or number.")
    ] = None,
    dataset: Annotated[
        str,
        typer.Option(help="mnist, tfds:NAME, tfds:NAME/CONFIG, idx:DIR or folder:DIR."),
    ] = "mnist",
    folder: Annotated[
        Path | None, typer.Option("--out", help="The run's folder; runs/MODEL by default.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run in the folder, as it was set up.")
    ] = False,
    from_step: Annotated[
        int | None,
        typer.Option(
            help="With --resume: go on from the checkpoint of this step, where the newest one is "
            "damaged or has gone astray; those after it are removed.",
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="key=value: change any setting; repeat for several."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the configuration and its size, then stop.")
    ] = False,
    devices: Annotated[
        str | None,
        typer.Option(
            metavar="N|all",
            show_default="1; all with --distributed",
            rich_help_panel=SCALE,
            help="So many devices divide each batch; the losses are those of one.",
        ),
    ] = None,
    distributed: Annotated[
        bool,
        typer.Option(
            "--distributed",
            rich_help_panel=SCALE,
            help="Train with the other processes of the cluster: SLURM, Open MPI, a TPU pod.",
        ),
    ] = False,
    coordinator: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            rich_help_panel=SCALE,
            help="Where process 0 is, on no such cluster.",
        ),
    ] = None,
    process_id: Annotated[
        int | None,
        typer.Option(min=0, rich_help_panel=SCALE, help="Which process this is, from 0."),
    ] = None,
    num_processes: Annotated[
        int | None, typer.Option(min=1, rich_help_panel=SCALE, help="How many there are.")
    ] = None,
) -> None:
    """Train a model, with checkpoints, samples, plots and a snapshot to use.

    Ctrl-C saves and stops; --resume goes on as if nothing had happened, also after a crash. Where
    the newest checkpoint is damaged, --resume says so, and names an older one for --from-step.
    The other commands take the snapshot's folder as their --model.
    """
    from handsum.errors import UsageError
    from handsum.training import runs
    from handsum.training.sharding import start_processes

    count = _count(devices, distributed)
    if distributed:
        start_processes(coordinator, process_id, num_processes)
    elif not (coordinator is process_id is num_processes is None):
        raise UsageError("--coordinator, --process-id and --num-processes go with --distributed")
    given = {
        "steps": steps,
        "batch_size": batch_size,
        "seed": seed,
        "labels": labels,
        "addends": addends,
    }
    changes = {name: value for name, value in given.items() if value is not None}
    target = folder or Path("runs") / model
    if from_step is not None and not resume:
        raise UsageError("--from-step goes with --resume")
    if resume:
        if changes or settings or preset != "default" or dataset != "mnist":
            raise UsageError(
                "--resume goes on with a run as it was set up: leave the other options out"
            )
        run = runs.reopen(model, target, max_minutes)
    else:
        command = shlex.join(["handsum", *sys.argv[1:]])
        run = runs.begin(
            model, preset, changes, settings or [], dataset, target, max_minutes, command
        )
    if dry_run:
        _show(run)
        return
    _run(run, resume, from_step, count)


def _show(run: Any) -> None:
    from handsum.config import to_json
    from handsum.training.runs import sizes

    # First, since it finds what the configuration cannot be.
    parts = sizes(run)
    out().print(f"{run.model}, preset {run.preset}, on {run.dataset}, into {run.out}", markup=False)
    for name, value in to_json(run.config).items():
        out().print(f"  {name} = {value}", markup=False)
    for part, size in parts.items():
        out().print(f"  {part}: {size:,} parameters", markup=False)


def _count(devices: str | None, distributed: bool) -> int | None:
    """The number of devices to train on; None for all of them."""
    from handsum.errors import UsageError

    if devices == "all" or (devices is None and distributed):
        return None
    if devices is not None and not re.fullmatch("[1-9][0-9]{0,5}", devices):
        raise UsageError(f"--devices takes a number or all, not {devices!r}")
    return int(devices or 1)


def _run(run: Any, resume: bool, from_step: int | None, devices: int | None) -> None:
    from handsum.data.sources import load_dataset
    from handsum.training.loop import train as run_training
    from handsum.training.sharding import is_first

    data = [load_dataset(run.dataset, split) for split in ("train", "validation")]
    with _progress(run) if is_first() else nullcontext(lambda progress: None) as report:
        outcome = run_training(
            run, *data, resume=resume, from_step=from_step, devices=devices, report=report
        )
    if not is_first():
        return
    if outcome.finished:
        err().print(f"trained {run.model}: snapshot in {outcome.snapshot}", markup=False)
    else:
        more = "" if devices == 1 else f" --devices {devices or 'all'}"
        err().print(
            f"stopped at step {outcome.step:,} of {run.config.steps:,}, saved; go on with: "
            f"handsum train {run.model} --out {run.out} --resume{more}",
            markup=False,
        )
    if outcome.signal is not None:
        # What follows in a script must not take the run for finished.
        raise typer.Exit(128 + outcome.signal)


@contextmanager
def _progress(run: Any) -> Iterator[Callable[[Any], None]]:
    """Show a run's progress: a bar with the figures below it, or lines where there is no screen."""
    from rich.console import Group
    from rich.live import Live
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn
    from rich.text import Text

    bar = Progress("{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    task = bar.add_task(run.model, total=run.config.steps)
    figures = Text()
    printed = 0.0

    def report(progress: Any) -> None:
        nonlocal printed
        values = [f"{name} {value:.3g}" for name, value in progress.metrics.items()]
        line = "  ".join([f"{progress.images_per_second:,.0f} images/s", *values])
        bar.update(task, completed=progress.step)
        figures.plain = line
        last = progress.step == progress.steps
        if not err().is_terminal and (last or progress.seconds - printed >= LOG_SECONDS):
            printed = progress.seconds
            err().print(f"step {progress.step:,} of {progress.steps:,}  {line}", markup=False)

    if err().is_terminal:
        with Live(Group(bar, figures), console=err()):
            yield report
    else:
        yield report
