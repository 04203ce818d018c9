"""The training loop of every model: resumable, limited in time, the same on CPU and GPU."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import jax
import numpy as np
from jax.sharding import Mesh

from handsum._version import __version__
from handsum.config import TrainingConfig, as_dict
from handsum.data.batches import TrainingSet
from handsum.data.mnist import Dataset
from handsum.errors import HandsumError
from handsum.files import atomic_write, locked
from handsum.images import save_png
from handsum.models import registry
from handsum.pretrained.cache import use_compilation_cache
from handsum.pretrained.snapshots import Snapshot, save_snapshot
from handsum.training.checkpoints import Checkpoints
from handsum.training.feeding import start_feed
from handsum.training.monitors import Monitor, make_monitor
from handsum.training.reports import describe_run, plot_losses, read_metrics, save_progress
from handsum.training.runs import (
    LogCallback,
    Outcome,
    ProgressCallback,
    Run,
    Stretch,
    claim,
    load_start,
    make_folder,
)
from handsum.training.sharding import (
    any_of,
    check_agreement,
    first_begins,
    is_first,
    keeping_together,
    make_mesh,
    own_copy,
    replicate,
)
from handsum.training.signals import stop_on_signal
from handsum.training.state import (
    State,
    begin_state,
    compile_step,
    count_parameters,
    flatten,
    make_step,
    snapshot_state,
)

CHECKPOINT_SECONDS = 120.0
SAMPLES_PER_RUN = 40


_WHOLE = Stretch()


def train(
    run: Run,
    training: Dataset,
    validation: Dataset,
    *,
    stretch: Stretch = _WHOLE,
    progress: ProgressCallback | None = None,
    log: LogCallback | None = None,
) -> Outcome:
    """Train a model into the folder `run.output` until its last step, a time limit or a signal.

    The folder gets config.json, metrics.jsonl, checkpoints/, samples/, and at every stop loss.png,
    progress.gif and snapshot/. A resumed run equals an uninterrupted one, bit for bit on the same
    devices.

    Raises:
        UsageError: the folder holds a run that is not to be resumed, or none to resume; another
            process is training there, there is no checkpoint of `from_step`, the devices cannot
            divide a batch, or the processes of the run have different settings or data.
        SnapshotError: the checkpoint is damaged (says how to continue from an older one).
        HandsumError: a metric became NaN or infinite, the folder cannot be written to, or another
            process of the run is gone.
    """
    use_compilation_cache()
    module = registry.module(run.model)
    training_set = module.prepare(run.config, training)
    config: TrainingConfig = training_set.config
    with keeping_together():
        check_agreement(run.model, as_dict(config), stretch.from_step, training_set.arrays)
    trained = None if stretch.resume else load_start(run)
    definitions, state = begin_state(run.model, config, trained)
    parameters = count_parameters(state["params"])[module.SNAPSHOT_PART]
    mesh = make_mesh(stretch.devices, config.batch_size)
    state = replicate(state, mesh)
    with ExitStack() as stack:
        stack.enter_context(_explain_write_errors(run.output))
        stack.enter_context(keeping_together())
        with first_begins():
            if is_first():
                make_folder(run, stretch.resume)
                stack.enter_context(locked(run.output / ".lock", "training in"))
                claim(run, config, stretch.resume)
        folder = run.output / "checkpoints"
        checkpoints = stack.enter_context(closing(Checkpoints(folder, run.model)))
        start = checkpoints.latest() if stretch.from_step is None else stretch.from_step
        if start is not None:
            state = checkpoints.restore(start, state)
            checkpoints.discard_after(start)
        definition = definitions[module.SNAPSHOT_PART]
        monitor = make_monitor(module.skill(config), definition, validation)
        step = make_step(definitions, module.losses(config), config, module.SNAPSHOT_PART)
        session = _Session(
            run=run,
            config=config,
            mesh=mesh,
            snapshot_part=module.SNAPSHOT_PART,
            monitor=monitor,
            checkpoints=checkpoints,
            max_minutes=stretch.max_minutes,
            progress=progress or (lambda done, total: None),
            log=log or (lambda row: None),
        )
        with _release_if_unsaved(run):
            state, reached, metrics = session.train(step, state, training_set, start or 0)
        if is_first():
            session.finish(state, reached, parameters)
    number = None if reached == config.steps else session.signal
    return Outcome(run.model, reached, config.steps, run.output / "snapshot", metrics, number)


@contextmanager
def _explain_write_errors(folder: Path) -> Iterator[None]:
    """Raise a HandsumError that says what could not be written."""
    try:
        yield
    except OSError as error:
        raise HandsumError(
            f"cannot write to {error.filename or folder}: {error.strerror or error} "
            "(`resume` continues from the last checkpoint)"
        ) from error


@contextmanager
def _release_if_unsaved(run: Run) -> Iterator[None]:
    """Leave the folder to another run if this one fails before its first checkpoint."""
    try:
        yield
    except Exception:
        # Not by asking Orbax, which might wait for a process that is gone.
        if is_first() and not any((run.output / "checkpoints").glob("[0-9]*")):
            (run.output / "config.json").unlink(missing_ok=True)
        raise


@dataclass
class _Session:
    """One stretch of a run, from its start or resumption to its stop."""

    run: Run
    config: TrainingConfig
    mesh: Mesh
    snapshot_part: str
    monitor: Monitor
    checkpoints: Checkpoints
    max_minutes: float | None
    progress: ProgressCallback
    log: LogCallback
    signal: int | None = None

    def train(
        self, step: Any, state: State, training_set: TrainingSet, start: int
    ) -> tuple[State, int, dict[str, float]]:
        """Take steps from `start` on; return the state, the step reached and the last metrics."""
        config, backend = self.config, jax.default_backend()
        advance = compile_step(step, backend, self.mesh)
        # The steps between two looks at the clock; on an accelerator, those of one dispatch.
        chunk = 10 if backend == "cpu" else 50
        sampling = chunk * max(1, config.steps // (chunk * SAMPLES_PER_RUN))
        rows = self._trim_metrics(start)
        before = rows[-1]["seconds"] if rows else 0.0
        began = saved = time.monotonic()
        metrics: dict[str, float] = rows[-1] if rows else {}
        self.progress(start, config.steps)
        with (
            stop_on_signal() as stop,
            self._open_log() as lines,
            start_feed(training_set, self.mesh, config.steps, chunk) as feed,
        ):
            while start < config.steps:
                end = min(config.steps, (start // chunk + 1) * chunk)
                tick = time.monotonic()
                data, chosen = feed(start, end)
                state, measured = advance(state, data, chosen)
                metrics = self._check(measured, start)
                speed = np.count_nonzero(chosen >= 0) / (time.monotonic() - tick)
                if end % sampling == 0 or end == config.steps:
                    metrics |= self._sample(state, end)
                now = time.monotonic()
                start, seconds = end, before + now - began
                row = {"step": start, "seconds": round(seconds, 2), **metrics}
                lines.write(json.dumps(row) + "\n")
                self.progress(start, config.steps)
                self.log(row | {"images_per_second": speed})
                limit = self.max_minutes
                late = limit is not None and now - began >= 60 * limit
                stopped, due = any_of(stop.is_set() or late, now - saved >= CHECKPOINT_SECONDS)
                if stopped:
                    self.signal = stop.signal
                    break
                if due:
                    self.checkpoints.save(start, state)
                    saved = time.monotonic()
        self.checkpoints.save(start, state)
        return state, start, metrics

    @property
    def _metrics_path(self) -> Path:
        return self.run.output / "metrics.jsonl"

    def _trim_metrics(self, step: int) -> list[dict[str, float]]:
        """The rows of the log up to `step`; later ones are of steps that are taken again."""
        if not is_first():
            return []
        rows = [row for row in read_metrics(self._metrics_path) if row["step"] <= step]
        with atomic_write(self._metrics_path) as file:
            file.write("".join(json.dumps(row) + "\n" for row in rows).encode())
        return rows

    def _open_log(self) -> IO[str]:
        path = self._metrics_path if is_first() else Path(os.devnull)
        return path.open("a", buffering=1)

    def _check(self, measured: Any, start: int) -> dict[str, float]:
        """The mean of each metric over the steps of a chunk.

        Raises:
            HandsumError: a metric is not finite.
        """
        values = {name: np.asarray(series, np.float64) for name, series in measured.items()}
        for name, series in values.items():
            broken = np.flatnonzero(~np.isfinite(series))
            if len(broken):
                raise HandsumError(
                    f"{name} became {series[broken[0]]} at step {start + broken[0] + 1}: try a "
                    f"lower learning_rate (now {self.config.learning_rate:g}) or a larger "
                    "`batch_size`, in another `output`"
                )
        return {name: float(series.mean()) for name, series in values.items()}

    def _sample(self, state: State, step: int) -> dict[str, float]:
        if not is_first():
            return {}
        figures, picture = self.monitor.look(own_copy(snapshot_state(state, self.snapshot_part)))
        path = self.run.output / "samples" / f"{step:07d}.png"
        save_png(path, picture, describe_run(self.run, step))
        return figures

    def finish(self, state: State, step: int, parameters: int) -> None:
        """Write the loss plot, the progress GIF and the snapshot of this step."""
        run, rows = self.run, read_metrics(self._metrics_path)
        metadata = describe_run(run, step)
        if rows:
            plot_losses(rows, run.output / "loss.png", metadata)
        frames = [
            frame
            for frame in sorted((run.output / "samples").glob("*.png"))
            if int(frame.stem) <= step
        ]
        if frames:
            save_progress(frames, run.output / "progress.gif", metadata)
        final = own_copy(snapshot_state(state, self.snapshot_part))
        facts = {
            "model": run.model,
            "preset": run.preset,
            "dataset": run.dataset,
            "config": as_dict(self.config),
            "step": step,
            "parameters": parameters,
            "minutes": round((rows[-1]["seconds"] if rows else 0.0) / 60, 1),
            "hardware": _hardware(self.mesh),
            "command": run.command,
            "handsum": __version__,
            **self.monitor.facts(final),
        }
        save_snapshot(run.output / "snapshot", Snapshot(flatten(final), facts))


def _hardware(mesh: Mesh) -> str:
    device = mesh.devices.flat[0]
    if device.platform == "cpu":
        return f"CPU, {os.cpu_count()} cores, {platform.machine()}"
    return f"{mesh.size} x {device.device_kind}"
