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

    Make it after `torch.distributed.init_process_group`, or under `torchrun`. Its state is that of
    the iteration that was begun last.
    """

    def __init__(self, stream: Any) -> None:
        # A worker of a loader does not know its rank.
        self._stream = stream.part(*_find_rank())
        self._begun: _Iteration | None = None
        self._loaded: dict[str, Any] | None = None

    def __iter__(self) -> Iterator[Any]:
        if os.getpid() != _IMPORTED_IN and "jax" in sys.modules:
            raise UsageError(
                "JAX cannot be forked: give the loader `multiprocessing_context='spawn'`"
            )
        worker, own = get_worker_info(), self._stream
        if worker is not None:
            own = own.part(worker.id, worker.num_workers, equal=False)
        self._begun = _Iteration(own)
        if self._loaded is not None:
            self._begun.load_state_dict(self._loaded)
            self._loaded = None
        return self._begun

    def state_dict(self) -> dict[str, Any]:
        """How far this process is."""
        if self._loaded is not None:
            return self._loaded
        return (self._begun or _Iteration(self._stream)).state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there in the next iteration.

        The iteration raises UsageError if the state is that of another stream, or was saved with
        another number of workers.
        """
        self._loaded = state


class _Iteration(Iterator[Any]):
    """One way through a stream, with a state."""

    def __init__(self, stream: Any) -> None:
        self._stream, self._position = stream, 0
        self._items: Iterator[Any] | None = None

    def __next__(self) -> Any:
        if self._items is None:
            self._items = iter(self._stream[self._position :])
        item = next(self._items)
        self._position += 1
        return item

    def state_dict(self) -> dict[str, Any]:
        """How far it is: at the end, all of it was read."""
        return {"position": self._position, "stream": repr(self._stream)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there.

        Raises:
            UsageError: the state is that of another stream, or of another number of workers.
        """
        try:
            position, name = int(state["position"]), state["stream"]
        except (TypeError, ValueError, LookupError) as error:
            raise UsageError("this is no state of a stream") from error
        if name != repr(self._stream) or not 0 <= position <= len(self._stream):
            raise UsageError(
                f"the state is of {name}, not of {self._stream!r}: use the same stream, and the "
                "same number of ranks and workers"
            )
        self._position, self._items = position, None


def _find_rank() -> tuple[int, int]:
    """The rank of this process, and the number of ranks."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return torch.distributed.get_rank(), torch.distributed.get_world_size()
    given = [os.environ.get(name, "") for name in ("RANK", "WORLD_SIZE")]
    if given == ["", ""]:
        return 0, 1
    if not all(value.isascii() and value.isdecimal() for value in given):
        raise UsageError("RANK and WORLD_SIZE are numbers, both of them or none")
    return int(given[0]), int(given[1])
