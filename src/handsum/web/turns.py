"""Turns: how many jobs of a queue run at once, and which one is next."""

from __future__ import annotations

import asyncio
from itertools import count

# When it may let nobody pass any more, its number, and what it waits for.
_Waiting = tuple[float, int, "asyncio.Future[None]"]


class Turns:
    """Like a semaphore of `most`, but in an order of patience; for one event loop."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting: list[_Waiting] = []
        self._numbers = count()
        # Jobs that run now; threads may read this.
        self.taken = 0

    async def acquire(self, patience: float = 0.0) -> None:
        """Wait for a turn; one with `patience` lets those pass that come so many seconds later."""
        if self.taken < self._most:
            self.taken += 1
            return
        loop = asyncio.get_running_loop()
        waiting = loop.time() + patience, next(self._numbers), loop.create_future()
        self._waiting.append(waiting)
        try:
            await waiting[2]
        except asyncio.CancelledError:
            if waiting in self._waiting:
                self._waiting.remove(waiting)
            else:
                self.release()
            raise

    def release(self) -> None:
        """End a turn: it goes to the next in order."""
        if not self._waiting:
            self.taken -= 1
            return
        following = min(self._waiting)
        self._waiting.remove(following)
        if not following[2].done():
            following[2].set_result(None)
