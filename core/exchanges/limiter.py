"""Our own rate limits for one venue, so that the venue never has to enforce its.

A cancel never waits behind anything but other cancels: it has a budget of its own. Orders go before queries, and
queries leave a few requests in the budget for the next order. An order that would have to wait longer than its
price stays good is not queued at all: it comes back as `RateLimited`, surely unsent, and is planned anew. When a venue
asks for a pause everybody pauses, except that cancels go on until one of *them* is told to wait: venues
count cancels apart, and a cancel is what a trader in trouble needs.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import math
from enum import IntEnum
from typing import final

from pydantic import BaseModel, ConfigDict, Field

from core.domain.clock import MICROSECONDS, Clock
from core.domain.errors import RateLimited

# A float that is a hair under a whole token is a whole token.
_HAIR = 1e-9


class RateLimits(BaseModel):
    """What one venue may be asked for. The defaults keep under the slowest of the large exchanges.

    Attributes:
        requests_per_s, burst: orders, changes and queries together: the lasting rate, and how many may go at once.
        for_orders: of `burst`, what queries leave for orders.
        queries_per_s, query_burst: what queries may use of that, where the venue counts them by themselves; None: all that is left.
        cancels_per_s, cancel_burst: of cancels, which have their own.
        patience_s: an order or a change that would have to wait for longer is not sent.
        pause_s: how long to wait after "too many requests" where the venue does not say.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    requests_per_s: float = Field(10.0, gt=0)
    burst: int = Field(20, ge=2)
    for_orders: int = Field(5, ge=0)
    queries_per_s: float | None = Field(None, gt=0)
    query_burst: int = Field(5, ge=1)
    cancels_per_s: float = Field(10.0, gt=0)
    cancel_burst: int = Field(40, ge=1)
    patience_s: float = Field(1.0, ge=0)
    pause_s: float = Field(1.0, gt=0)


class Urgency(IntEnum):
    """Who goes first where a budget is shared."""

    ORDER = 0  # create, amend, leverage
    QUERY = 1


@final
class TokenBucket:
    """So many requests at once, then so many a second."""

    def __init__(self, rate_per_s: float, burst: int, clock: Clock) -> None:
        self.rate_per_s = rate_per_s
        self._burst = burst
        self._clock = clock
        self._tokens = float(burst)
        self._filled_us = clock.now_us()

    @property
    def tokens(self) -> float:
        """Requests that may go now."""
        now_us = self._clock.now_us()
        self._tokens = min(self._tokens + max(now_us - self._filled_us, 0) * self.rate_per_s / MICROSECONDS, self._burst)
        self._filled_us = now_us
        return self._tokens + _HAIR

    def take(self) -> None:
        """Use one."""
        self._tokens -= 1

    def wait_us(self, tokens: float) -> int:
        """How long until there are so many; 0 when there are."""
        return max(math.ceil((tokens - self.tokens) / self.rate_per_s * MICROSECONDS), 0)


@final
class Lane:
    """Requests waiting for one budget, the most urgent first, each class in the order of its coming.

    Args:
        spare: tokens that a QUERY leaves in the budget.
    """

    def __init__(self, bucket: TokenBucket, clock: Clock, *, spare: int = 0) -> None:
        self._bucket = bucket
        self._clock = clock
        self._spare = spare
        self._queue: list[tuple[Urgency, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()
        self._driver: asyncio.Task[None] | None = None
        self.paused_until_us = 0

    def wait_s(self, urgency: Urgency) -> float:
        """How long a request that came now would wait."""
        ahead = sum(waiting[0] <= urgency and not waiting[2].done() for waiting in self._queue)
        pause_us = max(self.paused_until_us - self._clock.now_us(), 0)
        return max(self._bucket.wait_us(ahead + self._needs(urgency)), pause_us) / MICROSECONDS

    async def turn(self, urgency: Urgency) -> None:
        """Return when it may go; at once, without giving way, when nothing speaks against it."""
        if not self.wait_s(urgency):
            self._bucket.take()
            return
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._queue, (urgency, next(self._numbers), waiting))
        if self._driver is None or self._driver.done():
            self._driver = asyncio.get_running_loop().create_task(self._drive(), name="rate limiter")
        await waiting

    def pause(self, until_us: int) -> None:
        """Let nobody go before then."""
        self.paused_until_us = max(self.paused_until_us, until_us)

    def send_back(self, urgency: Urgency, error: RateLimited) -> None:
        """Who waits in this class is told that it was not sent."""
        for waiting_urgency, _, waiting in self._queue:
            if waiting_urgency is urgency and not waiting.done():
                waiting.set_exception(error)

    async def close(self) -> None:
        """Nobody has a turn any more."""
        if self._driver is not None:
            self._driver.cancel()
            await asyncio.gather(self._driver, return_exceptions=True)
        for urgency in Urgency:
            self.send_back(urgency, RateLimited("The connection was closed before the request had its turn; it was not sent."))
        self._queue.clear()

    def _needs(self, urgency: Urgency) -> int:
        return 1 + (self._spare if urgency is Urgency.QUERY else 0)

    async def _drive(self) -> None:
        """Let them go one by one. Whoever comes meanwhile and is more urgent is looked at first on every waking."""
        while self._queue:
            urgency, _, waiting = self._queue[0]
            if waiting.done():  # its caller gave up
                heapq.heappop(self._queue)
                continue
            now_us = self._clock.now_us()
            wait_us = max(self._bucket.wait_us(self._needs(urgency)), self.paused_until_us - now_us)
            if wait_us > 0:
                # An order that arrives behind a waiting query needs fewer tokens and so may go sooner.
                await self._clock.sleep_until(now_us + min(wait_us, self._tick_us()))
                continue
            heapq.heappop(self._queue)
            self._bucket.take()
            waiting.set_result(None)

    def _tick_us(self) -> int:
        return math.ceil(MICROSECONDS / self._bucket.rate_per_s)


@final
class Limiter:
    """The lanes of one venue."""

    def __init__(self, venue: str, limits: RateLimits, clock: Clock) -> None:
        self._venue = venue
        self._limits = limits
        self._clock = clock
        spare = min(limits.for_orders, limits.burst - 1)
        self._requests = Lane(TokenBucket(limits.requests_per_s, limits.burst, clock), clock, spare=spare)
        self._cancels = Lane(TokenBucket(limits.cancels_per_s, limits.cancel_burst, clock), clock)
        self._queries: Lane | None = None
        if limits.queries_per_s is not None:
            self._queries = Lane(TokenBucket(limits.queries_per_s, limits.query_burst, clock), clock)

    @property
    def paused_until_us(self) -> int:
        """When orders and queries may go again; in the past when nothing holds them back."""
        return self._requests.paused_until_us

    async def order(self) -> None:
        """A create's or a change's turn.

        Raises:
            RateLimited: it would come too late for its price; nothing was sent.
        """
        wait_s = self._requests.wait_s(Urgency.ORDER)
        if wait_s > self._limits.patience_s:
            raise self._too_late(wait_s)
        await self._requests.turn(Urgency.ORDER)

    async def query(self) -> None:
        """A look-up's turn; it waits as long as it takes."""
        if self._queries is not None:
            await self._queries.turn(Urgency.QUERY)
        await self._requests.turn(Urgency.QUERY)

    async def cancel(self) -> None:
        """A cancel's turn: behind other cancels only."""
        await self._cancels.turn(Urgency.ORDER)

    def slow_down(self, retry_after_s: float | None, *, cancels: bool) -> int:
        """The venue said "too many requests".

        Args:
            cancels: it said so to a cancel, which therefore pauses as well.

        Returns:
            When it may be asked again, µs.
        """
        pause_s = self._limits.pause_s if retry_after_s is None else retry_after_s
        until_us = self._clock.now_us() + math.ceil(pause_s * MICROSECONDS)
        self._requests.pause(until_us)
        if cancels:
            self._cancels.pause(until_us)
        if pause_s > self._limits.patience_s:
            self._requests.send_back(Urgency.ORDER, self._too_late(pause_s))
        return until_us

    def _too_late(self, wait_s: float) -> RateLimited:
        sentence = f"{self._venue} takes no order for another {wait_s:.1f} s (rate limit); nothing was sent."
        return RateLimited(sentence, retry_after_s=wait_s)

    async def close(self) -> None:
        """Let nobody wait any longer."""
        if self._queries is not None:
            await self._queries.close()
        await self._requests.close()
        await self._cancels.close()
