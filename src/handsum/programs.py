"""Programs: traced functions that XLA compiles and runs on the CPU, without importing JAX.

Importing JAX takes longer than all that a number takes to be drawn and read. A trace is StableHLO,
which is for XLA to run, and XLA's own client comes with JAX, in `jaxlib`. It is no public interface
of JAX's: whoever builds a program must be ready to go without it.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import Any, ClassVar, NamedTuple

import numpy as np

from handsum.errors import HandsumError


@dataclass(frozen=True)
class Kind:
    """The shape and the type of an array."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    # XLA's client asks, as it would of JAX's own kinds.
    weak_type: ClassVar[bool] = False


def kind(*shape: int, dtype: Any) -> Kind:
    """The kind of an array of that shape and type."""
    return Kind(shape, np.dtype(dtype))


@dataclass(frozen=True)
class Program:
    """A traced function: `module` is portable StableHLO.

    `inputs` are the places of those of its arguments, one after another, that it makes use of;
    `outputs` are the kinds of its results, `several` whether it gives a tuple of them.
    """

    module: bytes
    inputs: tuple[int, ...]
    outputs: tuple[Kind, ...]
    several: bool

    def to_bytes(self) -> bytes:
        """It, for a file."""
        outputs = [[output.shape, output.dtype.str] for output in self.outputs]
        head = {"inputs": self.inputs, "outputs": outputs, "several": self.several}
        return json.dumps(head).encode() + b"\n" + self.module

    @classmethod
    def from_bytes(cls, data: bytes) -> Program:
        """The inverse of `to_bytes`."""
        line, module = data.split(b"\n", 1)
        head = json.loads(line)
        outputs = tuple(Kind(tuple(shape), np.dtype(name)) for shape, name in head["outputs"])
        return cls(module, tuple(head["inputs"]), outputs, head["several"])


def usable() -> bool:
    """Whether JAX would compute on the CPU; without importing it, as far as that can be told."""
    if "jax" in sys.modules:
        return default_platform() == "cpu"
    wanted = os.environ.get("JAX_PLATFORMS")
    if wanted:
        return wanted == "cpu"
    return not _has_plugins()


@cache
def _has_plugins() -> bool:
    """Whether there are accelerators' plugins: JAX alone can tell whether they find one."""
    named = os.environ.keys() & {"PJRT_NAMES_AND_LIBRARY_PATHS", "TPU_LIBRARY_PATH"}
    if named or find_spec("jax_plugins") or find_spec("libtpu"):
        return True
    return bool(entry_points(group="jax_plugins"))


def default_platform() -> str:
    """Where JAX computes: "cpu", "gpu" or "tpu".

    Raises:
        HandsumError: it finds no device.
    """
    try:
        import jax

        return jax.default_backend()
    except Exception as error:  # a driver's failure may be of any kind
        line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise HandsumError(
            f"JAX finds no device ({line}): set JAX_PLATFORMS=cpu, or mend its driver"
        ) from error


def start() -> None:
    """Import whatever programs need, and start XLA's client."""
    _place(np.zeros(1, np.float32))


class _Processor(NamedTuple):
    """XLA's client for the CPU, its device, and what it asks for with each program and array."""

    xla: Any
    client: Any
    device: Any
    options: Any
    whole: Any


_STARTING = threading.Lock()


def _processor() -> _Processor:
    # Two threads may be the first; what one client makes, another cannot take.
    with _STARTING:
        return _start()


@cache
def _start() -> _Processor:
    # As JAX does: XLA would tell of each device that it finds.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
    from jaxlib import xla_client as xla

    # Its threads do not survive a fork, and the child would wait for them.
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_warn_of_fork)
    client: Any = xla.make_cpu_client()
    device = client.local_devices()[0]
    options = xla.CompileOptions()
    options.num_replicas = options.num_partitions = 1
    options.device_assignment = xla.DeviceAssignment.create(np.zeros((1, 1), np.int32))
    # The code comes out as fast as at level 3, and a third sooner: the products of matrices and the
    # convolutions are no code of XLA's own.
    options.executable_build_options.debug_options.xla_backend_optimization_level = 1

    class Whole(xla.SingleDeviceSharding):
        """How an array lies on the device."""

        memory_kind = None

        def _to_xla_hlo_sharding(self, dimensions: int) -> Any:
            return xla.HloSharding.replicate()

    return _Processor(xla, client, device, options, Whole(device))


def _warn_of_fork() -> None:
    warnings.warn(
        "forked after a network was used, the child will wait for ever if it uses one: "
        "use multiprocessing's spawn",
        RuntimeWarning,
        stacklevel=2,
    )


def environment() -> str:
    """What an executable depends on besides its program: XLA's version and flags, the processor."""
    processor = _processor()
    from jaxlib import version

    topology = processor.xla.get_topology_for_devices([processor.device])
    return f"{version.__version__} {topology.fingerprint()} {os.environ.get('XLA_FLAGS', '')}"


def compile_program(program: Program) -> Any:
    """XLA's executable of a program."""
    xla, client, device, options, _ = _processor()
    return client.compile_and_load(program.module, xla.DeviceList((device,)), options)


def load_executable(data: bytes) -> Any:
    """The executable that `executable.serialize()` gave, in the same `environment`."""
    xla, client, device, options, _ = _processor()
    return client.deserialize_executable(data, xla.DeviceList((device,)), options)


def _place(array: np.ndarray) -> Any:
    """A copy of an array for executables to take."""
    processor, array = _processor(), np.ascontiguousarray(array)
    from jaxlib import _jax

    return _jax.batched_device_put(
        Kind(array.shape, array.dtype),
        processor.whole,
        [array],
        [processor.device],
        host_buffer_semantics=_jax.HostBufferSemantics.IMMUTABLE_ONLY_DURING_CALL,
        enable_x64=False,
    )


def bind(
    program: Program, executable: Any, weights: Sequence[np.ndarray]
) -> Callable[..., np.ndarray | tuple[np.ndarray, ...]]:
    """A program as a function of its arguments after the first ones, `weights`, in NumPy's arrays.

    Its results cannot be written to.
    """
    count = len(weights)
    placed = [_place(weights[place]) for place in program.inputs if place < count]
    taken = [place - count for place in program.inputs if place >= count]
    from jaxlib import _jax

    handlers = [
        _jax.array_result_handler(output, _processor().whole, True, _skip_checks=True)
        for output in program.outputs
    ]

    def call(*arguments: np.ndarray) -> np.ndarray | tuple[np.ndarray, ...]:
        inputs = placed + [_place(arguments[place]) for place in taken]
        results = executable.execute_sharded(inputs).consume_with_handlers(handlers)
        arrays = tuple(np.asarray(memoryview(result)) for result in results)
        return arrays if program.several else arrays[0]

    return call
