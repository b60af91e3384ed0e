"""Faults 10 and 11: what the streams tell comes late, twice, in the wrong order, or not at all."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from core.desk.watchdog import BookWatchdog
from core.domain.enums import Liquidity
from core.domain.events import OrderEventKind
from core.domain.market import BookState
from core.domain.orders import ChildStatus, Fill, ParentStatus
from core.exchanges.paper.faults import Fault, StreamFault
from core.execution.order import Order
from tests.core.exchanges.paper_desk import SYMBOL
from tests.core.execution.fifteen_faults.tap import OTHER, Tap, V, resting, sell_into, state_of
from tests.core.execution.floor import Floor, floor, shape

STRATEGIES: dict[str, dict[str, Any]] = {
    "price_optimized_liquidity": {},
    "split_evenly": {},
    "twap": {"duration": 60, "slices": 6, "randomize": 0, "style": "balanced"},
}


def report(f: Floor, child: Order, amount: str, trade_id: str = "late") -> None:
    """The venue tells of a trade that nobody expected."""
    fill = Fill(
        V, trade_id, child.id, SYMBOL, child.side, Decimal(100), Decimal(amount), Decimal(0), "USDT", Liquidity.MAKER, f.clock.now_us()
    )
    f.manager._on_account(fill)


# -- 10 ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("fault", [StreamFault.DELAYED, StreamFault.DUPLICATED, StreamFault.REORDERED])
async def test_fault_10_fills_late_duplicated_reordered(fault: StreamFault, strategy: str) -> None:
    async with floor(V, OTHER) as f:
        for venue in f.venues.values():
            venue.faults.chance(fault, 0.7)
        order = await f.start(amount="3", price="101.5", strategy=strategy, params=STRATEGIES[strategy])
        await f.do(order.done(), within_s=300)
        await f.wait(20)
        assert order.status is ParentStatus.FILLED
        assert order.filled_amount == f.all_truth() == 3
        assert len({(fill.venue, fill.trade_id) for fill in order.fills}) == len(order.fills)
        assert order.snapshot().flags == frozenset()


async def test_fault_10_a_partial_after_cancelled_shrinks_what_is_placed_next() -> None:
    """0.4 of a waiting slice fill just before it is taken back; "cancelled" overtakes the fill."""
    async with floor(V) as f:
        one_slice = {"duration": 40, "slices": 1, "randomize": 0, "style": "balanced"}
        order = await f.start(amount="1", price="101.5", strategy="twap", params=one_slice)
        await f.wait(27.99)
        f.venues[V].faults.chance(StreamFault.DELAYED, 1.0)
        sell_into(f, "100", "0.4")
        f.feeds[V].change(asks={"100": "0", "100.5": "5"})
        await f.do(order.done())
        assert [(amount, filled) for _, amount, filled, _ in shape(order)] == [("1", "0.4"), ("0.6", "0.6")]
        assert "late_fill" not in order.children[0].snapshot().flags  # it was not over before that fill had been seen
        assert order.filled_amount == f.all_truth() == 1
        await f.wait(20)  # the delayed messages come, and were counted before
        assert order.filled_amount == 1


async def test_fault_10_a_fill_of_an_order_that_was_over_is_flagged_and_the_next_slice_shrinks() -> None:
    async with floor(V) as f:
        slices = {"duration": 100, "slices": 2, "randomize": 0, "style": "balanced"}
        order = await f.start(amount="2", price="101.5", strategy="twap", params=slices)
        await f.wait(40)
        assert shape(order) == [(V, "1", "0", "cancelled"), (V, "1", "1", "filled")]
        for _ in range(2):
            report(f, order.children[0], "0.4")
        assert order.filled_amount == Decimal("1.4")
        assert "late_fill" in order.children[0].snapshot().flags
        assert order.children[0].status is ChildStatus.CANCELLED
        await f.do(order.done())
        assert order.status is ParentStatus.FILLED
        assert order.filled_amount == 2
        assert f.all_truth() == Decimal("1.6")


async def test_fault_10_what_goes_past_the_amount_is_recorded_and_flagged() -> None:
    async with floor(V) as f:
        slices = {"duration": 100, "slices": 2, "randomize": 0, "style": "balanced"}
        order = await f.start(amount="2", price="101.5", strategy="twap", params=slices)
        await f.do(order.done(), within_s=200)
        report(f, order.children[0], "0.4")
        await f.wait(1)
        f.broken.clear()  # the venue broke the rule; what counts is that it is shown
        assert order.filled_amount == Decimal("2.4")
        assert "overfill" in order.snapshot().flags
        assert [event.kind for event in f.events if event.kind is OrderEventKind.FLAGGED]
        recorded = [entry.body["trade_id"] for entry in f.journal.entries(order.id) if entry.kind == "fill"]
        assert recorded.count("late") == 1


# -- 11 ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["hangs", "misses one update", "is cut and comes back"])
async def test_fault_11_the_stream_hangs_or_misses_updates(how: str) -> None:
    async with floor(V) as f:
        order = await resting(f, "1")
        venue = f.venues[V]
        if how == "hangs":
            venue.faults.account_frozen = True
        elif how == "misses one update":
            venue.faults.arm(StreamFault.DROPPED)
        else:
            venue.drop_stream()
        sell_into(f, "99", "5")
        if how == "is cut and comes back":
            await f.wait(0.2)
            venue.restore_stream()
        await f.do(order.done(), within_s=3)
        assert order.status is ParentStatus.FILLED
        assert order.filled_amount == f.all_truth() == 1
        assert not venue.faults.account_frozen  # a stream that hangs was subscribed anew


async def test_fault_11_a_schedule_goes_on_by_what_is_true_and_not_by_what_was_told() -> None:
    async with floor(V) as f:
        slices = {"duration": 100, "slices": 10, "randomize": 0, "style": "aggressive"}
        f.venues[V].faults.chance(StreamFault.DROPPED, 1.0)  # not one update comes through
        order = await f.start(amount="10", price="101.5", strategy="twap", params=slices)
        await f.do(order.done(), within_s=150)
        assert order.status is ParentStatus.FILLED
        assert order.filled_amount == f.all_truth() == 10


async def test_fault_11_a_frozen_book_is_not_traded_on_and_is_subscribed_anew_within_seconds() -> None:
    async with floor(V) as f:
        tap, faults = Tap(f), f.venues[V].faults
        f.books.stale_after_us = 2_000_000
        told: list[str] = []
        dog = asyncio.ensure_future(
            BookWatchdog(f.books, f.venues, f.clock, lambda _level, sentence: told.append(sentence)).watch(),
        )
        try:
            slices = {"duration": 60, "slices": 6, "randomize": 0, "style": "aggressive"}
            order = await f.start(amount="6", price="101.5", strategy="twap", params=slices)
            await f.wait(1)
            faults.market_frozen = True
            faults.arm(Fault.REFUSED_CONNECTION)  # nothing goes out meanwhile, so this stays armed
            frozen_us = f.clock.now_us()
            while faults.market_frozen and f.clock.now_us() - frozen_us < 30_000_000:
                f.feeds[V].change(bids={"98": "1"})  # the market goes on
                await f.wait(0.5)
            assert f.clock.now_us() - frozen_us < 10_000_000
            assert len(tap.of("create_order")) == 1
            assert state_of(f) is BookState.LIVE
            faults.clear()
            while not order.status.terminal:
                f.feeds[V].change(bids={"98": "1"})
                await f.wait(0.5)
            assert order.filled_amount == f.all_truth() == 6
            assert told[0] == f"{V}: the book of {SYMBOL} has been silent; subscribing anew."
        finally:
            dog.cancel()
            await asyncio.gather(dog, return_exceptions=True)
