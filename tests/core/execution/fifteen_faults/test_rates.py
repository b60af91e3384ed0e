"""Fault 14: the venue has had enough of us, or our clocks differ. Pauses are kept, cancels go on, and what waited is planned anew."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from core.domain.clock import MICROSECONDS
from core.domain.orders import ChildStatus, ParentStatus
from core.exchanges.limiter import RateLimits
from core.exchanges.paper.faults import Call, Fault
from core.execution.order import Order
from tests.core.execution.fifteen_faults.tap import OTHER, Request, Tap, V, begin, resting
from tests.core.execution.floor import Floor, children, floor

RATES = RateLimits()
TEN_SLICES = {"duration": 100, "slices": 10, "randomize": 0, "style": "aggressive"}


def after(requests: list[Request], start_us: int) -> list[float]:
    """Seconds after `start_us` at which these were asked."""
    return [(request.asked_us - start_us) / MICROSECONDS for request in requests if request.asked_us > start_us]


@pytest.mark.parametrize("retry_after_s", [4.0, 90.0], ids=["429", "418"])
async def test_fault_14_retry_after_is_honoured_and_slices_are_planned_anew(retry_after_s: float) -> None:
    async with floor(V, rates=RATES) as f:
        tap, faults = Tap(f), f.venues[V].faults
        order = await f.start(amount="10", price="105", strategy="twap", params=TEN_SLICES)
        await f.wait(9)
        faults.retry_after_s = retry_after_s
        faults.arm(Fault.RATE_LIMITED)
        await f.wait(2)
        refused = order.children[1]
        assert refused.status is ChildStatus.NOT_PLACED
        assert order.filled_amount == 1
        said_us = tap.of("create_order")[1].answered_us
        assert said_us is not None
        f.feeds[V].snapshot(asks={"103": "50"})  # the market has moved by the time it may go on
        await f.do(order.done(), within_s=400)
        others = [one for one in tap.requests if one.what != "cancel_order"]
        assert min(after(others, said_us)) >= retry_after_s  # not one request before
        assert order.status is ParentStatus.FILLED
        assert order.filled_amount == f.all_truth() == 10
        assert refused.id not in f.venues[V].truth.orders  # a new id for what was planned anew ...
        assert {child.price for child in children(order)[2:]} == {Decimal(103)}  # ... at the price of then
        assert max(child.amount for child in children(order)) <= 2


async def test_fault_14_orders_that_wait_for_the_venue_go_to_others_meanwhile() -> None:
    async with floor(V, OTHER, rates=RATES) as f:
        f.venues[V].faults.retry_after_s = 30.0
        f.venues[V].faults.arm(Fault.RATE_LIMITED)
        order = await f.trade(amount="4", price="101.5")
        assert order.status is ParentStatus.FILLED
        assert f.truth(OTHER) == f.all_truth() == 4


async def test_fault_14_cancels_have_their_own_budget() -> None:
    """A flood of questions and a pause of half a minute: a cancel leaves at once."""
    async with floor(V, rates=RateLimits(requests_per_s=1, burst=3, for_orders=1)) as f:
        tap = Tap(f)
        order = await resting(f)
        wire, faults = f.wires[V], f.venues[V].faults
        flood = [begin(wire.balances()) for _ in range(50)]
        faults.retry_after_s = 30.0
        faults.arm(Fault.RATE_LIMITED, Call.QUERY)
        await f.wait(5)
        started_us = f.clock.now_us()
        begin(f.engine.cancel_execution(order.id))
        await f.wait(0.5)
        assert after(tap.of("cancel_order"), started_us - 1) == [pytest.approx(0, abs=0.001)]
        assert order.status is ParentStatus.CANCELLED
        for question in flood:
            question.cancel()
        await asyncio.gather(*flood, return_exceptions=True)


async def test_fault_14_a_cancel_that_is_told_to_wait_waits_as_long_as_asked_and_is_asked_again() -> None:
    async with floor(V, rates=RATES) as f:
        tap, faults = Tap(f), f.venues[V].faults
        order = await resting(f)
        faults.retry_after_s = 6.0
        faults.arm(Fault.RATE_LIMITED, Call.CANCEL)
        started_us = f.clock.now_us()
        await f.do(f.engine.cancel_execution(order.id))
        first, second = after(tap.of("cancel_order"), started_us - 1)
        assert second - first >= 6
        assert order.status is ParentStatus.CANCELLED


async def test_fault_14_after_a_pause_open_orders_are_compared_once() -> None:
    async with floor(V, rates=RATES) as f:
        tap, faults = Tap(f), f.venues[V].faults
        for price in ("99", "98", "97"):
            await resting(f, "1", price)
        await f.wait(60)
        faults.retry_after_s = 5.0
        faults.arm(Fault.RATE_LIMITED, Call.QUERY, times=1)
        told = begin(f.wires[V].balances())
        await f.wait(0.1)
        assert told.done()
        paused_us = f.clock.now_us()
        await f.wait(9)
        (when,) = after(tap.of("open_orders"), paused_us)
        assert 4.9 <= when <= 5.5


# -- our clock ---------------------------------------------------------------------------------------


async def expect_all(f: Floor, order: Order, amount: int) -> None:
    await f.do(order.done(), within_s=300)
    assert order.status is ParentStatus.FILLED
    assert order.filled_amount == f.all_truth() == amount


@pytest.mark.parametrize("skew_s", [-3, 3, 60])
async def test_fault_14_a_venue_whose_clock_differs_is_believed_in_what_it_says_not_when(skew_s: int) -> None:
    """Its times are seconds off ours; nothing is doubted, expired or counted twice because of that."""
    async with floor(V, rates=RATES) as f:
        clock = f.clock

        class Skewed:
            """What the venue takes for the time."""

            def now_us(self) -> int:
                return clock.now_us() + skew_s * MICROSECONDS

        f.venues[V].truth._clock = Skewed()  # type: ignore[assignment]  # it only reads it
        order = await f.start(amount="3", price="101.5", strategy="twap", params={**TEN_SLICES, "slices": 3, "style": "balanced"})
        await f.wait(5)
        f.venues[V].drop_stream()
        f.venues[V].restore_stream()
        await expect_all(f, order, 3)
        assert {child.status for child in order.children} == {ChildStatus.CANCELLED, ChildStatus.FILLED}
