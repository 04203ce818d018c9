"""Checkpoints to resume from: by Orbax, written whole or not at all; the last two stay.

`checkpoints.json` beside them records the checksum of every file, so that damage is found before a
checkpoint is used.
"""

from __future__ import annotations

import errno
import gc
import hashlib
import json
import logging
import os
import shutil
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jax
import orbax.checkpoint as ocp

from handsum.errors import HandsumError, SnapshotError, UsageError
from handsum.files import write_json
from handsum.training.sharding import is_first, is_lost
from handsum.training.state import State

FORMAT = 1

# Orbax logs every save as a warning, and logs errors that `Checkpoints` raises in one line.
logging.getLogger("absl").setLevel(logging.CRITICAL)


class Checkpoints:
    """The checkpoints of one run of a model, in one folder."""

    def __init__(self, folder: Path, model: str) -> None:
        options = ocp.CheckpointManagerOptions(
            max_to_keep=2, enable_async_checkpointing=False, cleanup_tmp_directories=True
        )
        self._folder = folder.absolute()
        self._model = model
        self._record = self._folder.with_suffix(".json")
        self._written = self._read_record()
        self._manager = ocp.CheckpointManager(self._folder, options=options)

    def _read_record(self) -> dict[str, dict[str, Any]]:
        """The record of each step; empty if an earlier version made the run.

        Raises:
            SnapshotError: the record is damaged, of another model, or of a newer version.
        """
        try:
            record = json.loads(self._record.read_bytes())
            number, model, written = record["format"], record["model"], dict(record["steps"])
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise SnapshotError(
                f"{self._record} is damaged: remove it to continue without its checks"
            ) from error
        if number != FORMAT:
            raise SnapshotError(
                f"{self._record} is of format {number}, and this handsum reads format {FORMAT}: "
                "update handsum"
            )
        if model != self._model:
            raise SnapshotError(f"{self._folder} holds checkpoints of {model}, not {self._model}")
        return written

    def latest(self) -> int | None:
        """The step of the newest checkpoint, or None."""
        return self._manager.latest_step()

    def save(self, step: int, state: State) -> None:
        """Write the state after `step` steps, unless that checkpoint exists.

        Raises:
            HandsumError: it cannot be written; the older checkpoints are still there.
            Exception: another process of the run is gone.
        """
        before = self.latest()
        if before == step:
            return
        reason = ""
        with _without_echoes():
            try:
                self._manager.save(step, args=ocp.args.StandardSave(_plain(state)))
                if is_first():
                    self._write_record(step, state)
            except Exception as error:
                if is_lost(error):  # `keeping_together` explains it
                    raise
                # Orbax and TensorStore raise all kinds of errors when a disk is full.
                reason = _reason(error)
        if reason:
            for unfinished in self._folder.glob(f"{step}.*"):
                shutil.rmtree(unfinished, ignore_errors=True)
            advice = f"; `resume` continues from step {before}" if before else ""
            raise HandsumError(
                f"cannot write the checkpoint of step {step} in {self._folder}: {reason}{advice}"
            )

    def _write_record(self, step: int, state: State) -> None:
        present = {str(other) for other in self._manager.all_steps(read=True)}
        self._written[str(step)] = {
            "arrays": _describe_arrays(state),
            "files": _checksums(self._folder / str(step)),
        }
        self._written = {name: own for name, own in self._written.items() if name in present}
        record = {"format": FORMAT, "model": self._model, "steps": self._written}
        write_json(self._record, record)

    def restore(self, step: int, like: State) -> State:
        """Read the state after `step` steps, of the structure and shapes of `like`.

        Raises:
            UsageError: there is no checkpoint of that step.
            SnapshotError: it is damaged (names the newest intact one before it), or of another
                configuration.
        """
        steps = self._manager.all_steps()
        if step not in steps:
            listed = ", ".join(map(str, sorted(steps))) or "none"
            raise UsageError(f"no checkpoint of step {step} in {self._folder}: there are {listed}")
        damage = self._damage(step)
        if damage is None and self._written.get(str(step), {}).get("arrays") not in (
            None,
            _describe_arrays(like),
        ):
            raise SnapshotError(
                f"the checkpoint of step {step} in {self._folder} is of another configuration than "
                "the run's config.json: restore that file, or start again in another `output`"
            )
        if damage is None:
            abstract = jax.tree.map(ocp.utils.to_shape_dtype_struct, _plain(like))
            with _without_echoes():
                try:
                    plain = self._manager.restore(step, args=ocp.args.StandardRestore(abstract))
                except Exception as error:
                    # Checkpoints without a record may be damaged in any way.
                    damage = _reason(error)
        if damage is not None:
            raise SnapshotError(
                f"the checkpoint of step {step} in {self._folder} is damaged ({damage}): "
                f"{self._advice(step)}"
            )
        leaves, structure = jax.tree.flatten(like)
        return jax.tree.unflatten(structure, [plain[str(i)] for i in range(len(leaves))])

    def _damage(self, step: int) -> str | None:
        """What is wrong with the files of a checkpoint; None if nothing is known to be."""
        if str(step) not in self._written:
            return None
        expected, found = self._written[str(step)]["files"], _checksums(self._folder / str(step))
        for name in sorted({*expected, *found}):
            if name not in found:
                return f"{name} is missing"
            if found[name] != expected.get(name):
                return f"{name} has changed since it was written"
        return None

    def _advice(self, step: int) -> str:
        older = [other for other in self._manager.all_steps() if other < step]
        intact = [other for other in older if self._damage(other) is None]
        if not intact:
            return "there is no older one; start again in another `output`"
        return f"continue from an older one with `from_step` {max(intact)}"

    def discard_after(self, step: int) -> None:
        """Remove the checkpoints after `step`, so that the run can continue from there."""
        for other in self._manager.all_steps():
            if other > step:
                self._manager.delete(other)

    def close(self) -> None:
        """Release the folder."""
        self._manager.close()


@contextmanager
def _without_echoes() -> Iterator[None]:
    """Silence what Orbax leaves behind after a failure, which the caller explains in one line.

    Each of its unfinished tasks would print a traceback when it is collected.
    """
    log, hook = logging.getLogger("asyncio"), sys.unraisablehook
    was = log.disabled
    log.disabled, sys.unraisablehook = True, lambda unraisable: None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            yield
            gc.collect()
    finally:
        log.disabled, sys.unraisablehook = was, hook


def _plain(state: State) -> dict[str, Any]:
    # By number, not by name: optimizer states are named tuples within tuples, and a checkpoint
    # that depended on their names would break with every release of Optax.
    return {str(i): leaf for i, leaf in enumerate(jax.tree.leaves(state))}


def _describe_arrays(state: State) -> list[str]:
    """The type and shape of each array of a state, such as float32[3, 4]."""
    return [f"{leaf.dtype}{list(leaf.shape)}" for leaf in jax.tree.leaves(state)]


def _checksums(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file in a folder and below, by its path there."""
    found = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        found[path.relative_to(folder).as_posix()] = digest
    return found


def _reason(error: Exception) -> str:
    """An error in one line."""
    text = str(error)
    for cause in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES):
        # TensorStore writes it into a long line of its own.
        if os.strerror(cause) in text:
            return os.strerror(cause)
    lines = text.strip().splitlines()
    return lines[0] if lines else type(error).__name__
