"""Data parallelism: a mesh of devices, of one process or of several, that divide each batch.

The state and the data set are on every device, a batch's rows are divided among them. What XLA
makes of a step keeps its meaning: batch statistics and losses are those of the whole batch.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import os
import socket
from collections.abc import Iterator
from typing import Any, TypeVar

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from handsum.errors import HandsumError, UsageError

Tree = TypeVar("Tree")

_BATCH = "batch"


def start_processes(
    coordinator: str | None = None, process: int | None = None, count: int | None = None
) -> None:
    """Join the other processes of a run, found by the cluster's environment where none are named.

    To be called before anything asks JAX for a device. JAX knows SLURM, Open MPI, TPU pods and
    Kubernetes; elsewhere `coordinator` is the host and port of process 0.

    Raises:
        UsageError: no cluster was found and not all three are given, or they cannot be.
        HandsumError: the processes do not meet.
    """
    given = (coordinator, process, count)
    if any(value is not None for value in given) and None in given:
        raise UsageError("--coordinator, --process-id and --num-processes go together: give all")
    if coordinator is not None:
        host, _, port = coordinator.rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) < 2**16:
            raise UsageError(f"a coordinator is HOST:PORT, not {coordinator!r}")
        if process == 0:
            _check_free(int(port))
    if process is not None and count is not None and process >= count:
        raise UsageError(f"--process-id of {count} processes is below {count}, not {process}")
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    try:
        jax.distributed.initialize(coordinator, count, process)
    except ValueError as error:
        raise UsageError(
            "no cluster was found (SLURM, Open MPI, a TPU pod): give --coordinator HOST:PORT "
            "--process-id K --num-processes N"
        ) from error
    except RuntimeError as error:
        raise HandsumError(f"the processes cannot meet: {_first_line(error)}") from error


def _check_free(port: int) -> None:
    """Raise UsageError where process 0 could not listen, which JAX would not survive."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("", port))
        except OSError as error:
            reason = error.strerror or error
            raise UsageError(f"port {port} of the coordinator cannot be used: {reason}") from error


def check_agreement(*facts: Any) -> None:
    """Raise UsageError unless all processes of a run have the same facts, arrays among them.

    Those with other settings would train other networks together, or wait for steps that do not
    come.
    """
    if jax.process_count() == 1:
        return
    from jax.experimental.multihost_utils import process_allgather

    digest = hashlib.sha256()
    for leaf in jax.tree.leaves(facts):
        digest.update(leaf.tobytes() if isinstance(leaf, np.ndarray) else repr(leaf).encode())
    gathered = np.asarray(process_allgather(np.frombuffer(digest.digest(), np.uint8)))
    if (gathered != gathered[0]).any():
        raise UsageError(
            "the processes of this run have different settings or data: give each the same "
            "command but for --process-id"
        )


def make_mesh(devices: int | None, batch_size: int) -> Mesh:
    """A mesh of that many of the devices there are, or of all, for batches of `batch_size` rows.

    Raises:
        UsageError: there are fewer, several processes would not all have a part, or the batch
            cannot be divided evenly.
    """
    there = jax.devices()
    count = len(there) if devices is None else devices
    if not 1 <= count <= len(there):
        kind = there[0].device_kind
        raise UsageError(
            f"there {'is 1 device' if len(there) == 1 else f'are {len(there)} devices'} here "
            f"({kind}), not {count}: --devices all"
        )
    if jax.process_count() > 1 and count < len(there):
        raise UsageError(f"several processes use all of their {len(there)} devices: --devices all")
    if batch_size % count:
        raise UsageError(
            f"{count} devices cannot divide a batch of {batch_size}: use a --batch-size that is a "
            f"multiple of {count}"
        )
    return Mesh(np.array(there[:count]), (_BATCH,))


def replicated(mesh: Mesh) -> NamedSharding:
    """All of an array on every device."""
    return NamedSharding(mesh, PartitionSpec())


def replicate(tree: Tree, mesh: Mesh) -> Tree:
    """Put the arrays of a tree, the same in every process, onto every device."""
    return jax.tree.map(lambda leaf: _place(leaf, replicated(mesh)), tree)


def divide(rows: np.ndarray, mesh: Mesh, axis: int = 0) -> jax.Array:
    """Divide rows, the same in every process, among the devices along their batch axis."""
    return _place(rows, NamedSharding(mesh, PartitionSpec(*[None] * axis, _BATCH)))


def _place(array: Any, sharding: NamedSharding) -> jax.Array:
    if jax.process_count() == 1:
        return jax.device_put(array, sharding)
    host = np.asarray(array)
    return jax.make_array_from_callback(host.shape, sharding, lambda index: host[index])


def own_copy(tree: Tree) -> Tree:
    """This process's copy of arrays that are on every device."""
    return jax.tree.map(lambda leaf: leaf.addressable_data(0), tree)


def is_first() -> bool:
    """Whether this is the process that writes what a run leaves: the first, or the only one."""
    return jax.process_index() == 0


def any_of(*flags: bool) -> list[bool]:
    """Which of some flags are set in any process; every process has to ask."""
    if jax.process_count() == 1:
        return list(flags)
    from jax.experimental.multihost_utils import process_allgather

    gathered = np.asarray(process_allgather(np.array(flags)))
    return [bool(flag) for flag in np.atleast_1d(gathered.any(0))]


@contextlib.contextmanager
def first_begins() -> Iterator[None]:
    """Within the block the first process prepares; the others go on once it has, or end with it.

    Raises:
        HandsumError: the first process could not (its own error, where it is this one).
    """
    failed = True
    try:
        yield
        failed = False
    finally:
        (any_failed,) = any_of(failed)
    if any_failed:
        raise HandsumError("another process of this run could not begin: it says why")


@contextlib.contextmanager
def keeping_together() -> Iterator[None]:
    """End with the other processes of a run, and tell the loss of one as an error.

    Raises:
        HandsumError: what had to be done together failed.
    """
    try:
        yield
    except Exception as error:
        lost = is_lost(error)
        if jax.process_count() == 1 or not (lost or isinstance(error, HandsumError)):
            raise
        # At its exit JAX would wait for the others, which wait for this process.
        atexit.register(os._exit, getattr(error, "exit_code", HandsumError.exit_code))
        if not lost:
            raise
        raise HandsumError(
            f"another process of this run is gone ({_first_line(error)}): start them all again "
            "with --resume"
        ) from error


def is_lost(error: Exception) -> bool:
    """Whether an error is of the communication with another process, which is gone."""
    if jax.process_count() == 1 or isinstance(error, HandsumError):
        return False
    # What reads an array that was never received raises another class, by the same message.
    return isinstance(error, jax.errors.JaxRuntimeError) or "Gloo" in str(error)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
