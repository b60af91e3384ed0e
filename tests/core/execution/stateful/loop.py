"""An event loop on simulated time that knows when nothing is left to do.

It never waits: its timers follow the simulated clock, and whoever drives it moves that clock once the loop is idle. A wait
that nothing can end is a deadlock, and says so instead of hanging.
"""

from __future__ import annotations

import asyncio
import math
import selectors
from collections.abc import Mapping
from typing import Any, final

from core.domain.clock import MICROSECONDS, SimulatedClock

# A world that is still busy after so many turns without any time passing will never be idle.
_MOST_TURNS = 20_000


@final
class SimulatedLoop(asyncio.SelectorEventLoop):
    """Runs what can be run now; `clock` says what time it is."""

    def __init__(self, clock: SimulatedClock) -> None:
        self._simulated = clock
        super().__init__(_NoSockets())
        self._clock_resolution = 1 / MICROSECONDS  # asyncio's own is lost when it is added to a time of today
        clock.settle = self.settle  # type: ignore[method-assign]  # it knows exactly what the clock can only guess: nobody is runnable

    def time(self) -> float:
        return self._simulated.now_us() / MICROSECONDS

    def _write_to_self(self) -> None:
        """Nobody sleeps in a selector who would have to be woken."""

    async def settle(self) -> None:
        """Return once every task waits for time, or for ever."""
        ready: Any = self._ready  # type: ignore[attr-defined]  # what asyncio will run on its next turn
        for _ in range(_MOST_TURNS):
            await asyncio.sleep(0)
            if not ready:
                return
        raise AssertionError(f"livelock: the world is busy for ever without any time passing: {list(ready)[:3]}")

    def next_timer_us(self) -> int | None:
        """When the earliest timer of the loop itself is due; None without one."""
        timers: Any = self._scheduled  # type: ignore[attr-defined]  # a heap by time
        due = min((timer.when() for timer in timers if not timer.cancelled()), default=None) if timers else None
        return None if due is None else math.ceil(due * MICROSECONDS)


@final
class _NoSockets(selectors.BaseSelector):
    """Nothing is ever readable, and nothing is waited for."""

    def __init__(self) -> None:
        self._keys: dict[Any, selectors.SelectorKey] = {}

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        key = self._keys[fileobj] = selectors.SelectorKey(fileobj, fileobj, events, data)
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._keys.pop(fileobj)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout > 0:
            raise AssertionError("deadlock: nothing is runnable, and nobody moves the clock")
        return []

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._keys
