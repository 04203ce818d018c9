"""A stream of samples as PyTorch reads one: divided among ranks and workers, and resumable."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Any

import torch.distributed
from torch.utils.data import IterableDataset, get_worker_info

from handsum.errors import UsageError

# A forked process has the modules of its parent.
_IMPORTED_IN = os.getpid()


class TorchStream(IterableDataset[Any]):
    """The part of a `Stream` that belongs to this rank and, in a worker of a loader, to the worker.

    Make it after `torch.distributed.init_process_group`, or under `torchrun`.
    """

    def __init__(self, stream: Any) -> None:
        # A worker of a loader does not know its rank.
        self._stream = stream.part(*_find_rank())
        self._position = self._resumed = 0

    def __len__(self) -> int:
        return len(self._stream)

    def __iter__(self) -> Iterator[Any]:
        if os.getpid() != _IMPORTED_IN and "jax" in sys.modules:
            raise UsageError(
                "JAX cannot be forked: give the loader `multiprocessing_context='spawn'`"
            )
        worker = get_worker_info()
        own = self._stream
        if worker is not None:
            own = own.part(worker.id, worker.num_workers, equal=False)
        self._position, self._resumed = self._resumed, 0
        if self._position > len(own):
            raise UsageError("the state is that of another stream, or of other workers")
        for item in own[self._position :]:
            self._position += 1
            yield item
        self._position = 0

    def state_dict(self) -> dict[str, Any]:
        """How far this process is."""
        return {"position": self._position, "stream": self._name()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there in the next iteration.

        Raises:
            UsageError: the state is that of another stream.
        """
        if state["stream"] != self._name():
            raise UsageError(f"the state is of {state['stream']}, not of {self._name()}")
        self._resumed = int(state["position"])

    def _name(self) -> str:
        return f"{self._stream!r} of {self._stream.recipe.as_dict()}"


def _find_rank() -> tuple[int, int]:
    """The rank of this process, and the number of ranks."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return torch.distributed.get_rank(), torch.distributed.get_world_size()
    return int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
