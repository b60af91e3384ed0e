"""What is under way on a paper venue's wires: things that will happen at their time, in order.

A caller that stops waiting does not stop its request: what was sent still arrives.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable
from typing import final

from core.domain.clock import MICROSECONDS, Clock

Action = Callable[[], None]


@final
class Timeline:
    """Runs actions on a clock, ordered by due time and then by when they were put in. Owns its tasks until `close()`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._due: list[tuple[int, int, Action]] = []
        self._order = itertools.count()
        self._tasks: set[asyncio.Task[None]] = set()

    def after(self, seconds: float, action: Action) -> None:
        """Run `action` in `seconds`, never before this call returns."""
        self.at(self._clock.now_us() + round(seconds * MICROSECONDS), action)

    def at(self, due_us: int, action: Action) -> None:
        """Run `action` once the clock shows `due_us`, never before this call returns."""
        heapq.heappush(self._due, (due_us, next(self._order), action))
        task = asyncio.get_running_loop().create_task(self._wake(due_us), name="paper venue: wire")
        self._tasks.add(task)
        task.add_done_callback(self._done)

    async def close(self) -> None:
        """Forget everything that has not happened yet."""
        self._due.clear()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _wake(self, due_us: int) -> None:
        await self._clock.sleep_until(due_us)
        # Timers may fire out of order; the heap does not.
        while self._due and self._due[0][0] <= self._clock.now_us():
            _, _, action = heapq.heappop(self._due)
            action()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            task.get_loop().call_exception_handler({"message": "A listener of a paper venue failed.", "exception": error, "task": task})
