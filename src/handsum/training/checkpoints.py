"""Checkpoints to resume from: Orbax, written whole or not at all, the last two kept."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import jax
import orbax.checkpoint as ocp

from handsum.errors import SnapshotError
from handsum.training.state import State

# Orbax reports every save at the level of a warning where nobody has configured logging.
logging.getLogger("absl").setLevel(logging.ERROR)


class Checkpoints:
    """The checkpoints of one run, in one folder."""

    def __init__(self, folder: Path) -> None:
        options = ocp.CheckpointManagerOptions(
            max_to_keep=2, enable_async_checkpointing=False, cleanup_tmp_directories=True
        )
        self._folder = folder.absolute()
        self._manager = ocp.CheckpointManager(self._folder, options=options)

    def latest(self) -> int | None:
        """The step of the newest whole checkpoint, or None."""
        return self._manager.latest_step()

    def save(self, step: int, state: State) -> None:
        """Write the state after `step` steps, unless it is there already."""
        if self.latest() != step:
            self._manager.save(step, args=ocp.args.StandardSave(_plain(state)))

    def restore(self, step: int, like: State) -> State:
        """Read the state after `step` steps, of the structure and shapes of `like`.

        Raises:
            SnapshotError: the checkpoint is damaged, or of another model or configuration.
        """
        leaves, structure = jax.tree.flatten(like)
        abstract = jax.tree.map(ocp.utils.to_shape_dtype_struct, _plain(like))
        try:
            plain = self._manager.restore(step, args=ocp.args.StandardRestore(abstract))
        except (ValueError, KeyError, TypeError, OSError) as error:
            line = str(error).strip().splitlines()[0]
            older = [other for other in self._manager.all_steps() if other < step]
            hint = (
                f"; if it is damaged, remove {self._folder / str(step)} to go on from step "
                f"{max(older)}"
                if older
                else ""
            )
            raise SnapshotError(
                f"the checkpoint of step {step} in {self._folder} cannot be used: {line}{hint}"
            ) from error
        return jax.tree.unflatten(structure, [plain[str(i)] for i in range(len(leaves))])

    def close(self) -> None:
        """Release the folder."""
        self._manager.close()


def _plain(state: State) -> dict[str, Any]:
    # By number, not by name: optimizer states are named tuples within tuples, and a checkpoint
    # that depended on their names would break with every release of Optax.
    return {str(i): leaf for i, leaf in enumerate(jax.tree.leaves(state))}
