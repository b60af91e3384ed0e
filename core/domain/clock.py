"""The only place that asks what time it is.

Sleeping compares against the clock on waking, because Qt's coarse timers fire up to
25 ms early or late. Times are integer microseconds since the Unix epoch (`_us`).

`SystemClock` is wall time that never runs back. `ScaledClock` is a recording's time, running N times as fast as the wall's.
`SimulatedClock` stands still until someone advances it: tests advance it by hand, a replay at `max` speed
advances it from event to event. While real work is in flight (a disk commit in a thread) the holder of
`hold()` keeps it still.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, final

from core.domain.errors import BadRequest

MICROSECONDS = 1_000_000

# A woken task may need several turns of the loop before it sleeps on the clock again: every
# hop through a future or a queue costs one. Thirty covers the longest chain with room to spare.
_SETTLE_TURNS = 30
# A clock that is ahead loses this share of what passes: 100 ppm of drift are made up for a hundred times over.
_SLOWER = 100


class Clock(Protocol):
    """Tells time and sleeps. Passed to whatever needs either."""

    def now_us(self) -> int:
        """Microseconds since the Unix epoch."""
        ...

    def steady_us(self) -> int:
        """Microseconds since some moment, of time that has surely passed: no clock that is set forward is in it."""
        ...

    async def sleep_until(self, deadline_us: int) -> None:
        """Return once `now_us() >= deadline_us`; yields to the loop at least once."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Sleep for `seconds` of this clock's time."""
        ...

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Keep simulated time still while real work is in flight. No effect on wall time."""
        ...


@final
class SystemClock:
    """Wall time that never runs back.

    A sleep of the machine and a clock set forward are followed at once. When the computer's clock is set back, this one goes on
    by what has really passed, a little slower until the two agree again: whatever waits for a moment would else wait for as long
    as the step, and what is old would look new.

    Args:
        wall_ns, steady_ns: where the time comes from.
    """

    def __init__(self, wall_ns: Callable[[], int] = time.time_ns, steady_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._wall_ns = wall_ns
        self._steady_ns = steady_ns
        self._now_ns, self._seen_ns = wall_ns(), steady_ns()

    def now_us(self) -> int:
        seen_ns = self._steady_ns()
        passed_ns, self._seen_ns = seen_ns - self._seen_ns, seen_ns
        wall_ns, now_ns = self._wall_ns(), self._now_ns + passed_ns
        self._now_ns = max(wall_ns, now_ns - passed_ns // _SLOWER)
        return self._now_ns // 1_000

    def steady_us(self) -> int:
        return self._steady_ns() // 1_000

    @property
    def ahead_s(self) -> float:
        """How far this clock is ahead of the computer's, which was set back."""
        return max(self._now_ns - self._wall_ns(), 0) / 1e9

    async def sleep_until(self, deadline_us: int) -> None:
        await asyncio.sleep(0)
        while (left_us := deadline_us - self.now_us()) > 0:
            await asyncio.sleep(left_us / MICROSECONDS)

    async def sleep(self, seconds: float) -> None:
        await self.sleep_until(self.now_us() + round(seconds * MICROSECONDS))

    @contextmanager
    def hold(self) -> Iterator[None]:
        yield


@final
class ScaledClock:
    """A recording's time: starts at its first event when it is made, and runs `speed` times as fast as `wall`."""

    def __init__(self, start_us: int, speed: float = 1.0, wall: Clock | None = None) -> None:
        """`wall` is what passes; None: the system's clock.

        Raises:
            BadRequest: a speed that is not positive and finite.
        """
        if not 0 < speed < math.inf:
            raise BadRequest(f"The speed must be a positive number, not {speed}.")
        self._speed = speed
        self._start_us = start_us
        self._wall = SystemClock() if wall is None else wall
        self._wall_start_us = self._wall.now_us()
        self._latest_us = start_us

    def now_us(self) -> int:
        """Never runs back, also when the system's clock is set back."""
        passed_us = self._wall.now_us() - self._wall_start_us
        self._latest_us = max(self._latest_us, self._start_us + int(passed_us * self._speed))
        return self._latest_us

    def steady_us(self) -> int:
        return int(self._wall.steady_us() * self._speed)

    async def sleep_until(self, deadline_us: int) -> None:
        await asyncio.sleep(0)
        while (left_us := deadline_us - self.now_us()) > 0:
            await self._wall.sleep_until(self._wall.now_us() + math.ceil(left_us / self._speed))

    async def sleep(self, seconds: float) -> None:
        await self.sleep_until(self.now_us() + round(seconds * MICROSECONDS))

    @contextmanager
    def hold(self) -> Iterator[None]:
        yield


@final
class SimulatedClock:
    """Time that moves only when told to, waking its sleepers in order of their deadlines."""

    def __init__(self, start_us: int = 1_700_000_000 * MICROSECONDS) -> None:
        self._now_us = start_us
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._holds = 0
        self._released = asyncio.Event()
        self._released.set()

    def now_us(self) -> int:
        return self._now_us

    def steady_us(self) -> int:
        return self._now_us

    async def sleep_until(self, deadline_us: int) -> None:
        if deadline_us <= self._now_us:
            await asyncio.sleep(0)
            return
        wake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (deadline_us, next(self._order), wake))
        await wake

    async def sleep(self, seconds: float) -> None:
        await self.sleep_until(self._now_us + round(seconds * MICROSECONDS))

    @contextmanager
    def hold(self) -> Iterator[None]:
        self._holds += 1
        self._released.clear()
        try:
            yield
        finally:
            self._holds -= 1
            if not self._holds:
                self._released.set()

    @property
    def held(self) -> bool:
        """Whether real work is in flight: whoever drives this clock waits in `settle`."""
        return self._holds > 0

    def next_deadline_us(self) -> int | None:
        """When the earliest sleeper wants to wake; None when nobody sleeps."""
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        return self._sleepers[0][0] if self._sleepers else None

    async def settle(self) -> None:
        """Let every runnable task run until it sleeps on this clock again."""
        for _ in range(_SETTLE_TURNS):
            await asyncio.sleep(0)
            while self._holds:
                await self._released.wait()

    async def advance_to(self, deadline_us: int) -> None:
        """Move to `deadline_us`, stopping at every sleeper's deadline on the way."""
        while (wake_us := self.next_deadline_us()) is not None and wake_us <= deadline_us:
            self._now_us = max(self._now_us, wake_us)
            _, _, wake = heapq.heappop(self._sleepers)
            wake.set_result(None)
            await self.settle()
        self._now_us = max(self._now_us, deadline_us)

    async def advance(self, seconds: float) -> None:
        """Move on by `seconds`, waking sleepers in order and letting each settle."""
        await self.settle()
        await self.advance_to(self._now_us + round(seconds * MICROSECONDS))
        await self.settle()

    def jump_to(self, now_us: int) -> None:
        """Set the time without waking anybody: for a feed that has checked `next_deadline_us` itself."""
        self._now_us = max(self._now_us, now_us)
