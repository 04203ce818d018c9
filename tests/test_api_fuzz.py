"""Any text and any whole number for the Python API: a result, or a HandsumError of one line."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import handsum
from handsum.errors import HandsumError

COUNTS = st.one_of(st.none(), st.integers(-2, 12), st.integers(-(2**70), 2**70))
TEXTS = st.one_of(
    st.text(max_size=12),
    st.text("0123456789.,-", max_size=12),
    st.sampled_from(["new", "3", "3+4:0", "1" * 60, "cgan", "lstm-cgan", "judge", "/", "\0"]),
)
ANY = settings(max_examples=40, deadline=None, database=None, derandomize=True)


@pytest.fixture(autouse=True, scope="module")
def little_work() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for module in ("writing.generate", "writing.write"):
            patch.setattr(f"handsum.{module}.LARGEST", 120)
        yield


def check(call: Callable[[], object]) -> None:
    message = ""
    try:
        call()
    except HandsumError as error:
        message = str(error)
        assert message
    assert "\n" not in message


@ANY
@given(TEXTS, COUNTS, st.one_of(st.none(), TEXTS), st.one_of(st.none(), TEXTS))
def test_number(text: str, seed: int | None, writer: str | None, model: str | None) -> None:
    check(lambda: handsum.number(text, seed=seed, writer=writer, model=model))


def test_a_number_may_have_thousands_of_digits() -> None:
    # Checking so many takes minutes.
    assert handsum.number("1" * 5000, seed=0, verify=False).digits == ("1" * 5000,)


@ANY
@given(st.integers(), COUNTS, st.integers(-2, 12), COUNTS)
def test_sum_sequence(total: int, length: int | None, count: int, seed: int | None) -> None:
    check(lambda: handsum.sum_sequence(total % 99, length, count=count, seed=seed))
    check(lambda: handsum.sum_sequence(total, length, count=count, seed=seed))


@ANY
@given(st.one_of(st.none(), TEXTS), COUNTS, COUNTS, COUNTS, COUNTS, st.one_of(st.none(), TEXTS))
def test_generate(
    digits: str | None,
    rows: int | None,
    columns: int | None,
    count: int | None,
    seed: int | None,
    mix: str | None,
) -> None:
    check(
        lambda: handsum.generate(
            digits, rows=rows, columns=columns, count=count, seed=seed, mix=mix
        )
    )


@ANY
@given(TEXTS, st.binary(max_size=60), COUNTS)
def test_predict(name: str, data: bytes, length: int | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture.png"
        path.write_bytes(data)
        check(lambda: handsum.predict([path, Path(folder) / name.replace("/", "_")], length=length))
