"""`handsum train`: train any model of the zoo."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any

import typer

from handsum.cli import completion
from handsum.cli.console import err, out
from handsum.cli.json_output import AsJson, print_json

# The seconds between two lines of progress where there is no terminal.
LOG_SECONDS = 60.0
SCALE = "Devices and hosts"


def train(
    model: Annotated[
        str,
        typer.Argument(
            help="A model: `handsum models` lists them.", autocompletion=completion.models
        ),
    ],
    preset: Annotated[str, typer.Option(help="A named configuration of the model.")] = "default",
    steps: Annotated[int | None, typer.Option(help="Number of steps.")] = None,
    max_minutes: Annotated[
        float | None,
        typer.Option(help="Stop after this many minutes, with a checkpoint.", min=0.0),
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(help="Batch size: digits, sequences or labelled sums.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Random seed.")] = None,
    labels: Annotated[
        str | None,
        typer.Option(
            metavar="digits|sums|numbers",
            help="cnn-sum: learn from digits, from sums of --addends digits, or from sums of two "
            "numbers of --addends digits.",
        ),
    ] = None,
    addends: Annotated[
        int | None, typer.Option(min=1, help="cnn-sum: digits in a sum or number.")
    ] = None,
    dataset: Annotated[
        str,
        typer.Option(
            help="mnist, tfds:NAME, tfds:NAME/CONFIG, idx:DIR or folder:DIR; for detector also "
            "pages:DIR, pictures with the texts of their rows in labels.csv.",
            autocompletion=completion.datasets,
        ),
    ] = "mnist",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", show_default="runs/MODEL", help="Folder for the run and its snapshot."
        ),
    ] = None,
    start_from: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="Go on from a trained network: a bundled model, or a snapshot of the same kind.",
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue the run in the folder, with its settings.")
    ] = False,
    from_step: Annotated[
        int | None,
        typer.Option(
            help="With --resume: continue from the checkpoint of this step, if the newest one is "
            "damaged or diverged; later ones are removed.",
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="key=value: change any setting; repeat for several."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the settings and the size, then stop.")
    ] = False,
    devices: Annotated[
        str | None,
        typer.Option(
            metavar="N|all",
            show_default="1; all with --distributed",
            rich_help_panel=SCALE,
            help="Split each batch over this many devices; the losses do not change.",
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
            help="Address of process 0, if there is no such cluster.",
        ),
    ] = None,
    process_id: Annotated[
        int | None,
        typer.Option(min=0, rich_help_panel=SCALE, help="Number of this process, from 0."),
    ] = None,
    num_processes: Annotated[
        int | None, typer.Option(min=1, rich_help_panel=SCALE, help="Number of processes.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train a model, with checkpoints, samples, plots and a snapshot to use.

    Ctrl-C saves and stops; --resume continues as if nothing had happened, also after a crash. If
    the newest checkpoint is damaged, --resume says so and names an older one for --from-step.
    Other commands accept the snapshot folder as their --model.
    """
    from handsum.errors import UsageError
    from handsum.training.runs import Stretch, device_count
    from handsum.training.sharding import start_processes
    from handsum.training.train import OPTIONS, find_run
    from handsum.training.train import train as run_training

    used = devices or ("all" if distributed else "1")
    count = device_count(used)
    if distributed:
        start_processes(coordinator, process_id, num_processes)
    elif not (coordinator is process_id is num_processes is None):
        raise UsageError("--coordinator, --process-id and --num-processes go with --distributed")
    given = dict(zip(OPTIONS, (steps, batch_size, seed, labels, addends), strict=True))
    changes = {name: value for name, value in given.items() if value is not None}
    changes |= _parse_settings(settings or [])
    if dry_run:
        stretch = Stretch(
            resume=resume, from_step=from_step, devices=count, start_from=start_from or ""
        )
        _show(find_run(model, output, preset, changes, dataset, stretch), as_json)
        return
    with _Display(model) as display:
        outcome = run_training(
            model,
            output,
            preset=preset,
            settings=changes,
            dataset=dataset,
            start_from=start_from,
            resume=resume,
            from_step=from_step,
            max_minutes=max_minutes,
            devices=used,
            progress=display.progress,
            log=display.log,
        )
    _finish(outcome, used, as_json)


def _parse_settings(settings: Iterable[str]) -> dict[str, str]:
    """`key=value` texts as names and texts."""
    from handsum.errors import UsageError

    chosen = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals:
            raise UsageError(f"--set takes key=value, not {setting!r}")
        chosen[name.strip()] = text.strip()
    return chosen


def _show(run: Any, as_json: bool) -> None:
    from handsum.config import as_dict
    from handsum.training.runs import count_sizes

    # Before anything is printed, since it finds settings that make no network.
    parts = count_sizes(run)
    if as_json:
        facts = {"model": run.model, "preset": run.preset, "dataset": run.dataset}
        facts |= {"output": str(run.output), "settings": as_dict(run.config), "parameters": parts}
        print_json({**facts, "notes": []})
        return
    out().print(
        f"{run.model}, preset {run.preset}, on {run.dataset}, into {run.output}", markup=False
    )
    for name, value in as_dict(run.config).items():
        out().print(f"  {name} = {value}", markup=False)
    for part, size in parts.items():
        out().print(f"  {part}: {size:,} parameters", markup=False)


def _finish(outcome: Any, devices: str, as_json: bool) -> None:
    """Print how training ended; leave with the code of the signal that stopped it."""
    from handsum.training.sharding import is_first

    if not is_first():
        return
    result = outcome.as_dict()
    if outcome.finished:
        line = f"trained {outcome.model}: snapshot in {outcome.snapshot}"
    else:
        more = "" if devices == "1" else f" --devices {devices}"
        line = (
            f"stopped at step {outcome.step:,} of {outcome.steps:,}, saved; continue with: "
            f"handsum train {outcome.model} -o {outcome.snapshot.parent} --resume{more}"
        )
        result["notes"] = [line, *outcome.warnings]
    for text in (*outcome.warnings, line):
        err().print(text, markup=False)
    if as_json:
        print_json(result)
    if outcome.signal is not None:
        # A script must not take the run for finished.
        raise typer.Exit(128 + outcome.signal)


class _Display:
    """The progress of a run: a bar with the figures below it, or lines without a terminal."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._live: Any = None
        self._total = 0
        self._printed = 0.0

    def __enter__(self) -> _Display:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live:
            self._live.stop()

    def progress(self, done: int, total: int) -> None:
        """Move the bar."""
        from handsum.training.sharding import is_first

        self._total = total
        if not err().is_terminal or not is_first():
            return
        if not self._live:
            self._start(total)
        self._bar.update(self._task, completed=done)

    def _start(self, total: int) -> None:
        from rich.console import Group
        from rich.live import Live
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn
        from rich.text import Text

        columns = "{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
        self._bar = Progress(*columns)
        self._task = self._bar.add_task(self._model, total=total)
        self._figures = Text()
        self._live = Live(Group(self._bar, self._figures), console=err())
        self._live.start()

    def log(self, row: dict[str, float]) -> None:
        """Show the figures of the last steps."""
        from handsum.training.sharding import is_first

        step, seconds = int(row["step"]), row["seconds"]
        speed = f"{row['images_per_second']:,.0f} images/s"
        others = {"step", "seconds", "images_per_second"}
        values = [f"{name} {value:.3g}" for name, value in row.items() if name not in others]
        line = "  ".join([speed, *values])
        if self._live:
            self._figures.plain = line
        last = step == self._total
        if err().is_terminal or not is_first():
            return
        if last or seconds - self._printed >= LOG_SECONDS:
            self._printed = seconds
            err().print(f"step {step:,} of {self._total:,}  {line}", markup=False)
