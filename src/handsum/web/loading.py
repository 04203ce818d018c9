"""Loading: the models are loaded and compiled in the background when the server starts."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from handsum.web.catalogue import FINDER, GENERATORS, READER, SEQUENCES, SUM_READERS
from handsum.web.limits import LONGEST_SUM
from handsum.web.problems import BusyError

_LOG = logging.getLogger("handsum.web")


def stages_step(model: str) -> str:
    """The name of the step that prepares a model for requests to visualize it."""
    return f"visualize {model}"


@dataclass(frozen=True)
class State:
    """The state of the loading: finished steps, the current one, and failures."""

    state: Literal["loading", "ready"]
    done: int
    total: int
    doing: str | None
    ready: tuple[str, ...]
    failed: dict[str, str]


class Loading:
    """Runs steps that load models, one after another, in a thread."""

    def __init__(self, steps: dict[str, Callable[[], object]] | None = None) -> None:
        self._steps = loading_steps() if steps is None else steps
        self._ready: list[str] = []
        self._failed: dict[str, str] = {}
        self._doing: str | None = None
        self._changed = asyncio.Condition()
        self._stopped = False

    def start(self) -> None:
        """Start loading; call this in the event loop."""
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._load, args=(loop,), name="handsum-load", daemon=True).start()

    def stop(self) -> None:
        """Start no further step."""
        self._stopped = True

    @property
    def state(self) -> State:
        """The current state."""
        done, total = len(self._ready) + len(self._failed), len(self._steps)
        ready, failed = tuple(self._ready), dict(self._failed)
        return State(
            "ready" if done == total else "loading", done, total, self._doing, ready, failed
        )

    async def wait_for(self, *names: str) -> None:
        """Wait until these steps are done.

        Raises:
            BusyError: one of them failed; then it does not wait for the others.
        """
        async with self._changed:
            await self._changed.wait_for(
                lambda: set(names) <= set(self._ready) or not self._failed.keys().isdisjoint(names)
            )
        for name in names:
            if name in self._failed:
                raise BusyError(f"{name} could not be loaded: {self._failed[name]}")

    async def states(self) -> AsyncIterator[State]:
        """The current state, then the state after every change until everything is loaded."""
        while True:
            state = self.state
            yield state
            if state.state == "ready":
                return
            async with self._changed:
                while self.state == state:
                    await self._changed.wait()

    def _load(self, loop: asyncio.AbstractEventLoop) -> None:
        for name, step in self._steps.items():
            self._doing = name
            self._notify(loop)
            try:
                step()
            except Exception as error:
                _LOG.error("%s could not be loaded", name, exc_info=error)
                self._failed[name] = str(error) or type(error).__name__
            else:
                self._ready.append(name)
            if self._stopped:
                return
        self._doing = None
        self._notify(loop)

    def _notify(self, loop: asyncio.AbstractEventLoop) -> None:
        async def notify() -> None:
            async with self._changed:
                self._changed.notify_all()

        if not loop.is_closed():
            asyncio.run_coroutine_threadsafe(notify(), loop)


def loading_steps() -> dict[str, Callable[[], object]]:
    """One step for each model, which calls it once; the models of the first requests come first."""
    steps: dict[str, Callable[[], object]] = {READER: _load_reader, FINDER: _load_finder}
    steps |= {name: partial(_load_generator, name) for name in GENERATORS}
    steps |= {name: partial(_load_sequences, name) for name in SEQUENCES}
    steps |= {name: partial(_load_sums, name) for name in SUM_READERS}
    return steps | {
        stages_step(name): partial(_load_stages, name) for name in (*GENERATORS, *SEQUENCES)
    }


def _load_reader() -> None:
    from handsum.pretrained.load import load_reader

    load_reader(READER).read(np.zeros((1, 28, 28), np.uint8))


def _load_finder() -> None:
    from handsum.pretrained.load import load_detector

    # Together these are seen through windows of all sizes.
    sizes = ((600, 800), (128, 128), (28, 28))
    load_detector(FINDER).find([np.zeros(size, np.uint8) for size in sizes])


def _load_generator(name: str) -> None:
    from handsum.pretrained.load import load_generator

    generator = load_generator(name)
    zero = np.zeros(1, np.int64)
    hand = generator.hands[:1] if len(generator.hands) > 1 else None
    # In pixels and with strokes, which may come from another network.
    for writers in (zero,) if hand is None else (zero, hand):
        generator.draw(zero, writers, seed=0, indices=zero)
        generator.write(zero, writers, seed=0, indices=zero)
    if generator.conditional:
        writers = zero if hand is None else hand
        generator.draw_between(zero, writers, zero, seed=0, indices=zero)
    if generator.mixes:
        generator.mix(np.ones((1, 10)), seed=0, indices=zero)


def _load_sequences(name: str) -> None:
    from handsum.pretrained.load import load_sequence_generator

    load_sequence_generator(name).write(np.array([9]), 2, seed=0, indices=np.zeros(1, np.int64))


def _load_sums(name: str) -> None:
    from handsum.pretrained.load import load_sum_reader

    reader = load_sum_reader(name)
    length = 1
    while length <= LONGEST_SUM:
        reader.distributions(np.zeros((1, length, 28, 28), np.uint8))
        length *= 2


def _load_stages(name: str) -> None:
    from handsum.pretrained.load import load_generator
    from handsum.writing.visualize import visualize

    if name in SEQUENCES:
        visualize(9, model=name, length=2, seed=0)
        return
    generator = load_generator(name)
    number = 0 if generator.conditional else None
    visualize(number, model=name, seed=0)
    if generator.writers > 1:
        visualize(number, model=name, writer="0+1", seed=0)
