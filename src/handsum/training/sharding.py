"""Data parallelism: each batch is divided among the devices of one process or of several.

The state and the data set are on every device, the rows of a batch are divided among them. A step
computes the same as on one device: batch statistics and losses are those of the whole batch.
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
    coordinator: str | None = None,
    process_id: int | None = None,
    num_processes: int | None = None,
) -> None:
    """Join the other processes of a run; without arguments, the cluster's environment names them.

    Call it before anything asks JAX for a device. JAX knows SLURM, Open MPI, TPU pods and
    Kubernetes; elsewhere `coordinator` is the host and port of process 0.

    Raises:
        UsageError: no cluster was found and not all three are given, or they are not valid.
        HandsumError: the processes do not meet.
    """
    given = (coordinator, process_id, num_processes)
    if any(value is not None for value in given) and None in given:
        raise UsageError("`coordinator`, `process_id` and `num_processes` go together: give all")
    if coordinator is not None:
        host, _, port = coordinator.rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) < 2**16:
            raise UsageError(f"a coordinator is HOST:PORT, not {coordinator!r}")
        if process_id == 0:
            _check_free(int(port))
    if process_id is not None and num_processes is not None and process_id >= num_processes:
        raise UsageError(
            f"`process_id` must be below {num_processes}, the number of processes, not {process_id}"
        )
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    try:
        jax.distributed.initialize(coordinator, num_processes, process_id)
    except ValueError as error:
        raise UsageError(
            "no cluster was found (SLURM, Open MPI, a TPU pod): give `coordinator` HOST:PORT, "
            "`process_id` and `num_processes`"
        ) from error
    except RuntimeError as error:
        raise HandsumError(f"the processes cannot meet: {_first_line(error)}") from error


def _check_free(port: int) -> None:
    """Raise UsageError if process 0 cannot listen at this port, which JAX would not survive."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("", port))
        except OSError as error:
            reason = error.strerror or error
            raise UsageError(f"port {port} of the coordinator cannot be used: {reason}") from error


def check_agreement(*facts: Any) -> None:
    """Raise UsageError unless all processes of a run have the same facts, which may be arrays.

    Processes with different settings would mix the gradients of different networks, or wait for
    each other forever.
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
            "the processes of this run have different settings or data: only `process_id` may "
            "differ"
        )


def make_mesh(devices: int | None, batch_size: int) -> Mesh:
    """A mesh of this many devices, or of all, for batches of `batch_size` rows.

    Raises:
        UsageError: there are fewer, several processes do not use all of theirs, or the batch
            cannot be divided evenly.
    """
    found = jax.devices()
    count = len(found) if devices is None else devices
    if not 1 <= count <= len(found):
        number = "is 1 device" if len(found) == 1 else f"are {len(found)} devices"
        raise UsageError(
            f"there {number} here ({found[0].device_kind}), not {count}: use `devices` all"
        )
    if jax.process_count() > 1 and count < len(found):
        raise UsageError(
            f"several processes use all of their {len(found)} devices: use `devices` all"
        )
    if batch_size % count:
        raise UsageError(
            f"a batch of {batch_size} cannot be divided among {count} devices: use a `batch_size` "
            f"that is a multiple of {count}"
        )
    return Mesh(np.array(found[:count]), (_BATCH,))


def replicated(mesh: Mesh) -> NamedSharding:
    """The whole array on every device."""
    return NamedSharding(mesh, PartitionSpec())


def replicate(tree: Tree, mesh: Mesh) -> Tree:
    """Put the arrays of a tree, which are the same in every process, on every device."""
    return jax.tree.map(lambda leaf: _place(leaf, replicated(mesh)), tree)


def divide(rows: np.ndarray, mesh: Mesh, axis: int = 0) -> jax.Array:
    """Divide rows, which are the same in every process, among the devices along the batch axis."""
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
    """Whether this process writes the files of the run: the first one, or the only one."""
    return jax.process_index() == 0


def any_of(*flags: bool) -> list[bool]:
    """Which of some flags are set in any process; every process must call this."""
    if jax.process_count() == 1:
        return list(flags)
    from jax.experimental.multihost_utils import process_allgather

    gathered = np.asarray(process_allgather(np.array(flags)))
    return [bool(flag) for flag in np.atleast_1d(gathered.any(0))]


@contextlib.contextmanager
def first_begins() -> Iterator[None]:
    """Let the first process prepare in the block; the others continue, or fail, once it is done.

    Raises:
        HandsumError: the first process failed (in that process, its own error).
    """
    failed = True
    try:
        yield
        failed = False
    finally:
        (any_failed,) = any_of(failed)
    if any_failed:
        raise HandsumError("another process of this run could not start: see its error")


@contextlib.contextmanager
def keeping_together() -> Iterator[None]:
    """End together with the other processes of a run, and raise the loss of one as an error.

    Raises:
        HandsumError: the common work failed.
    """
    try:
        yield
    except Exception as error:
        lost = is_lost(error)
        if jax.process_count() == 1 or not (lost or isinstance(error, HandsumError)):
            raise
        # At exit JAX would wait for the others, which wait for this process.
        atexit.register(os._exit, getattr(error, "exit_code", HandsumError.exit_code))
        if not lost:
            raise
        raise HandsumError(
            f"another process of this run is gone ({_first_line(error)}): start them all again "
            "with `resume`"
        ) from error


def is_lost(error: Exception) -> bool:
    """Whether an error comes from the communication with another process, which is gone."""
    if jax.process_count() == 1 or isinstance(error, HandsumError):
        return False
    # Reading an array that was never received raises another class with the same message.
    return isinstance(error, jax.errors.JaxRuntimeError) or "Gloo" in str(error)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
