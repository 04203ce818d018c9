"""Seeds: random if not given, and split into independent streams of random numbers."""

from __future__ import annotations

import secrets
from enum import IntEnum

import numpy as np

from handsum.arguments import whole_number
from handsum.errors import UsageError

SEED_LIMIT = 2**32


class Stream(IntEnum):
    """The purpose of a random stream. Every seed depends on these numbers: never change one."""

    DIGITS = 0
    WRITERS = 1
    LAYOUT = 2
    HANDS = 3
    SAMPLES = 16
    FORMS = 17


def choose_seed(seed: int | None) -> int:
    """Return `seed`, or a random one from the system if it is None.

    Raises:
        UsageError: the seed is not a whole number in 0 .. 2**32 - 1.
    """
    if seed is None:
        return secrets.randbits(32)
    seed = whole_number(seed, "a seed")
    if not 0 <= seed < SEED_LIMIT:
        raise UsageError(f"seed {seed} is out of range: use 0 to {SEED_LIMIT - 1}")
    return seed


def stream(seed: int, purpose: Stream, index: int = 0) -> np.random.Generator:
    """Return the random stream of one seed, purpose and index, independent of all others."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(purpose, index)))
