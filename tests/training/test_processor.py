"""Settings of the compiler and the allocator for training on a CPU."""

import platform
import resource

import jax
import numpy as np
import pytest

from handsum.training import processor
from handsum.training.processor import compiler_options, keep_memory

glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is another")


def compiled(function, *shapes: tuple[int, ...]) -> str:
    arguments = [jax.ShapeDtypeStruct(shape, np.float32) for shape in shapes]
    return (
        jax.jit(function, compiler_options=compiler_options()).lower(*arguments).compile().as_text()
    )


def test_convolutions_on_a_cpu_use_all_cores() -> None:
    def convolve(images: jax.Array, kernel: jax.Array) -> jax.Array:
        return jax.lax.conv(images, kernel, (1, 1), "SAME")

    assert "ynn" not in compiled(convolve, (8, 8, 9, 9), (8, 8, 3, 3))


def test_an_option_that_xla_does_not_know_is_not_used(monkeypatch) -> None:
    monkeypatch.setattr(processor, "OPTIONS", {"xla_cpu_that_is_none": ""})
    assert compiler_options.__wrapped__() == {}


@glibc
def test_freed_memory_is_not_returned_to_the_system() -> None:
    def faults() -> int:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for _ in range(8):
            np.empty(4_000_000, np.uint8)[::4096] = 1
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

    assert keep_memory()
    faults()
    assert faults() < 1_000  # 8 x 977 pages if each is allocated again


def test_another_c_library_is_not_changed(monkeypatch) -> None:
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    assert not keep_memory.__wrapped__()
