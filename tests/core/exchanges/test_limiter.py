"""Rate limits, judged by what goes over the wire and when: cancels at once, orders before queries, pauses as asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest

from core.domain.clock import MICROSECONDS, SimulatedClock
from core.domain.errors import RateLimited
from core.exchanges.limited import LimitedConnector
from core.exchanges.limiter import Limiter, RateLimits, TokenBucket
from core.exchanges.paper.faults import Call, Fault
from tests.core.exchanges.paper_desk import BUY, SYMBOL, PaperDesk, paper_desk


class Queue:
    """A limiter whose turns are written down as they come: (name, seconds since the start)."""

    def __init__(self, **limits: float) -> None:
        self.clock = SimulatedClock()
        self.limiter = Limiter("okx_spot", RateLimits.model_validate({"for_orders": 0, **limits}), self.clock)
        self.went: list[tuple[str, float]] = []
        self._start_us = self.clock.now_us()
        self._tasks: list[asyncio.Task[None]] = []

    def ask(self, name: str, turn: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        async def go() -> None:
            await turn
            self.went.append((name, (self.clock.now_us() - self._start_us) / MICROSECONDS))

        task = asyncio.get_running_loop().create_task(go())
        self._tasks.append(task)
        return task

    def queries(self, count: int) -> None:
        for number in range(count):
            self.ask(f"query {number + 1}", self.limiter.query())

    async def close(self) -> None:
        await self.limiter.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def queue(**limits: float) -> AsyncIterator[Queue]:
    made = Queue(**limits)
    try:
        yield made
    finally:
        await made.close()


async def test_a_burst_goes_at_once_and_then_the_rate_holds() -> None:
    async with queue(requests_per_s=2, burst=2) as q:
        q.queries(4)
        await q.clock.advance(2)
        assert q.went == [("query 1", 0), ("query 2", 0), ("query 3", 0.5), ("query 4", 1.0)]


async def test_an_idle_venue_saves_no_more_than_its_burst() -> None:
    clock = SimulatedClock()
    bucket = TokenBucket(10, 3, clock)
    await clock.advance(3600)
    assert int(bucket.tokens) == 3


async def test_an_order_overtakes_every_waiting_query() -> None:
    async with queue(requests_per_s=2, burst=2) as q:
        q.queries(5)
        await q.clock.advance(0.1)
        q.ask("order", q.limiter.order())
        await q.clock.advance(3)
        assert [name for name, _ in q.went] == ["query 1", "query 2", "order", "query 3", "query 4", "query 5"]


async def test_a_cancel_waits_for_nobody_but_other_cancels() -> None:
    async with queue(requests_per_s=1, burst=2, cancels_per_s=2, cancel_burst=1, patience_s=100) as q:
        q.queries(10)
        for _ in range(5):
            q.ask("order", q.limiter.order())
        for number in range(3):
            q.ask(f"cancel {number + 1}", q.limiter.cancel())
        await q.clock.advance(1.1)
        assert [entry for entry in q.went if entry[0].startswith("cancel")] == [("cancel 1", 0), ("cancel 2", 0.5), ("cancel 3", 1.0)]


async def test_queries_leave_room_for_the_next_order() -> None:
    async with queue(requests_per_s=1, burst=5, for_orders=3, patience_s=0) as q:
        q.queries(10)
        await q.clock.settle()
        assert len(q.went) == 2
        q.ask("order", q.limiter.order())
        await q.clock.settle()
        assert q.went[-1] == ("order", 0)


async def test_questions_that_are_counted_by_themselves_hold_no_order_back() -> None:
    async with queue(requests_per_s=10, burst=10, queries_per_s=0.5, query_burst=2) as q:
        q.queries(4)
        for number in range(3):
            q.ask(f"order {number + 1}", q.limiter.order())
        await q.clock.advance(5)
        assert q.went == [("query 1", 0), ("query 2", 0), ("order 1", 0), ("order 2", 0), ("order 3", 0), ("query 3", 2), ("query 4", 4)]


async def test_an_order_that_would_go_out_with_an_old_price_is_not_queued() -> None:
    async with queue(requests_per_s=1, burst=2, patience_s=1) as q:
        for _ in range(3):
            q.ask("order", q.limiter.order())
        await q.clock.settle()
        with pytest.raises(RateLimited, match=r"okx_spot takes no order for another 2\.0 s .*nothing was sent") as refused:
            await q.limiter.order()
        assert refused.value.retry_after_s == 2
        await q.clock.advance(5)
        assert len(q.went) == 3


async def test_a_caller_that_gives_up_holds_nobody_back() -> None:
    async with queue(requests_per_s=1, burst=2) as q:
        q.queries(2)
        given_up = q.ask("given up", q.limiter.query())
        q.ask("next", q.limiter.query())
        await q.clock.settle()
        given_up.cancel()
        await q.clock.advance(1)
        assert q.went[-1] == ("next", 1.0)


async def test_a_pause_sends_waiting_orders_back_and_lets_queries_wait() -> None:
    async with queue(requests_per_s=1, burst=2, patience_s=1) as q:
        q.queries(2)
        order = q.ask("order", q.limiter.order())
        await q.clock.settle()
        q.queries(1)
        q.limiter.slow_down(30, cancels=False)
        await q.clock.settle()
        assert isinstance(order.exception(), RateLimited)
        await q.clock.advance(29)
        assert len(q.went) == 2
        await q.clock.advance(2)
        assert q.went[-1] == ("query 1", 30.0)


# -- over a venue ------------------------------------------------------------------------------------


def limited(desk: PaperDesk, **limits: float) -> LimitedConnector:
    return LimitedConnector(desk.venue, RateLimits.model_validate(limits), desk.clock)


async def test_the_venue_is_left_alone_for_as_long_as_it_asks() -> None:
    async with paper_desk() as desk:
        venue = limited(desk)
        desk.venue.faults.retry_after_s = 7.0
        desk.venue.faults.arm(Fault.RATE_LIMITED, Call.QUERY)
        with pytest.raises(RateLimited) as told:
            await desk.do(venue.open_orders(SYMBOL))
        assert told.value.retry_after_s == 7
        with pytest.raises(RateLimited, match="nothing was sent"):
            await venue.create_order(desk.order(BUY, "1", "99"))
        started_us = desk.clock.now_us()
        assert await desk.do(venue.open_orders(SYMBOL)) == []
        assert 6.9 < (desk.clock.now_us() - started_us) / MICROSECONDS < 7.2
        assert not desk.venue.truth.orders
        await venue.close()


async def test_a_pause_for_queries_does_not_hold_back_a_cancel() -> None:
    async with paper_desk() as desk:
        venue = limited(desk)
        order = await desk.do(venue.create_order(desk.order(BUY, "1", "99")))
        desk.venue.faults.retry_after_s = 60.0
        desk.venue.faults.arm(Fault.RATE_LIMITED, Call.QUERY)
        with pytest.raises(RateLimited):
            await desk.do(venue.balances())
        await desk.do(venue.cancel_order(SYMBOL, order.client_id))
        assert desk.now(order).status.value == "cancelled"
        await venue.close()


async def test_a_cancel_the_venue_had_no_time_for_is_asked_again_after_the_pause() -> None:
    async with paper_desk() as desk:
        venue = limited(desk)
        order = await desk.do(venue.create_order(desk.order(BUY, "1", "99")))
        desk.venue.faults.retry_after_s = 2.0
        desk.venue.faults.arm(Fault.RATE_LIMITED, Call.CANCEL, times=2)
        paused: list[int] = []
        venue.on_pause(paused.append)
        started_us = desk.clock.now_us()
        await desk.do(venue.cancel_order(SYMBOL, order.client_id))
        assert desk.now(order).status.value == "cancelled"
        assert 4.0 < (desk.clock.now_us() - started_us) / MICROSECONDS < 4.5
        assert len(paused) == 2
        await venue.close()


async def test_an_order_the_venue_had_no_time_for_is_not_sent_again_by_itself() -> None:
    async with paper_desk() as desk:
        venue = limited(desk)
        desk.venue.faults.arm(Fault.RATE_LIMITED)
        with pytest.raises(RateLimited):
            await desk.do(venue.create_order(desk.order(BUY, "1", "99")))
        await desk.clock.advance(30)
        assert not desk.venue.truth.orders
        await venue.close()


async def test_closing_tells_whoever_waits_that_nothing_was_sent() -> None:
    async with paper_desk() as desk:
        venue = limited(desk, requests_per_s=0.1, burst=2, for_orders=0)
        waiting = [asyncio.ensure_future(venue.open_orders(SYMBOL)) for _ in range(3)]
        await desk.clock.advance(1)
        await venue.close()
        answers = await asyncio.gather(*waiting, return_exceptions=True)
        assert isinstance(answers[-1], RateLimited)
