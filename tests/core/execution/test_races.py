"""Races between what the trader asks, what the venue does and what it tells, with the venue's own truth as referee.

The floor checks after every event that filled + open *at the venues* stays within the parent, and that no
parent is over while something of it is open there.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine
from decimal import Decimal
from typing import Any

import pytest

from core.domain.enums import Liquidity
from core.domain.errors import BadAmount, NotPossible, OutcomeUnknown
from core.domain.orders import ChildStatus, Fill, Knowledge, ParentStatus, PendingAction
from core.exchanges.connector import VenueOrder, VenueOrderStatus
from core.exchanges.limiter import RateLimits
from core.exchanges.paper.faults import Call, Fault, StreamFault
from core.execution.order import Order
from tests.core.exchanges.paper_desk import SYMBOL
from tests.core.execution.floor import Floor, floor, shape

V = "binance_spot"
EMPTY = {"100": "0", "99.5": "0", "99": "0"}


async def resting(f: Floor, amount: str = "2", price: str = "99") -> Order:
    order = await f.start(amount=amount, price=price, strategy="best_price")
    await f.wait(1)
    return order


def begin(work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    """Start asking for something, and look at the answer later or never."""
    task = asyncio.get_running_loop().create_task(work)
    task.add_done_callback(lambda done: None if done.cancelled() else done.exception())
    return task


def sell_into(f: Floor, price: str, size: str) -> None:
    """Somebody offers `size` at `price`, below every other bid: our order there fills."""
    f.feeds[V].change(asks={price: size}, bids=EMPTY)


async def test_a_fill_of_the_old_amount_during_an_amend_up_does_not_end_the_order() -> None:
    async with floor(V) as f:
        order = await resting(f, "1")
        f.venues[V].faults.arm(Fault.TIMEOUT_PLACED, Call.AMEND)
        f.venues[V].faults.arm(StreamFault.DROPPED)
        begin(f.engine.modify_execution(order.id, new_price="98.5", new_amount="3"))
        await f.wait(0.5)
        sell_into(f, "98.5", "1")
        await f.wait(40)
        assert (order.filled_amount, order.snapshot().live_amount) == (1, 2)
        sell_into(f, "98.5", "10")
        await f.do(order.done())
        assert order.filled_amount == f.all_truth() == 3


async def test_fills_that_complete_an_amend_before_its_answer_are_no_overfill() -> None:
    async with floor(V) as f:
        order = await resting(f, "1")
        (child,) = order.children
        f.venues[V].faults.arm(Fault.TIMEOUT_PLACED, Call.AMEND)
        f.venues[V].faults.arm(StreamFault.DROPPED)
        begin(f.engine.modify_execution(order.id, new_price="98.5", new_amount="3"))
        await f.wait(0.5)
        sell_into(f, "98.5", "10")
        await f.wait(5)
        assert (child.amount, child.price, child.filled_amount) == (3, Decimal("98.5"), 3)
        assert child.snapshot().flags == frozenset()
        await f.do(order.done())
        assert order.status is ParentStatus.FILLED
        assert "more than was asked" not in order.reason


async def test_a_cancel_on_top_of_an_amend_does_not_forget_the_amend() -> None:
    async with floor(V) as f:
        order = await resting(f, "3")
        child = order.children[0]
        f.venues[V].faults.arm(Fault.TIMEOUT_PLACED, Call.AMEND)
        f.venues[V].faults.arm(Fault.TIMEOUT_LOST, Call.CANCEL)
        begin(f.engine.modify_execution(child.id, new_amount="1"))
        await asyncio.sleep(0)
        begin(f.engine.cancel_execution(order.id))
        await f.wait(0.05)
        sell_into(f, "99", "1")
        await f.wait(100)
        assert order.status is ParentStatus.CANCELLED
        assert order.filled_amount == f.all_truth() == 1


async def test_an_amend_that_arrives_late_stays_reserved_until_it_can_not_arrive_any_more() -> None:
    async with floor(V) as f:
        order = await resting(f, "3")
        child = order.children[0]
        assert await f.do(f.engine.modify_execution(child.id, new_amount="1"))
        f.venues[V].faults.arm(Fault.TIMEOUT_THEN_ARRIVES, Call.AMEND)
        with pytest.raises(OutcomeUnknown, match="has not confirmed"):
            await f.do(f.engine.modify_execution(child.id, new_amount="3"))
        await f.wait(1)
        assert order.snapshot().live_amount == 3
        await f.wait(10)
        assert child.amount == 3
        sell_into(f, "99", "9")
        await f.do(order.done())
        assert order.filled_amount == f.all_truth() == 3


async def test_an_amend_that_never_arrived_frees_its_reservation_in_the_end() -> None:
    async with floor(V) as f:
        order = await resting(f, "3")
        child = order.children[0]
        assert await f.do(f.engine.modify_execution(child.id, new_amount="1"))
        f.venues[V].faults.arm(Fault.TIMEOUT_LOST, Call.AMEND)
        with pytest.raises(OutcomeUnknown):
            await f.do(f.engine.modify_execution(child.id, new_amount="3"))
        await f.wait(40)
        assert (child.amount, child.snapshot().pending) == (1, PendingAction.NONE)
        assert order.snapshot().live_amount == 1


async def test_nothing_is_proven_absent_while_its_create_still_hangs() -> None:
    async with floor(V) as f:
        venue = f.venues[V]
        venue.faults.timeout_s = 30
        venue.faults.arm(Fault.TIMEOUT_THEN_ARRIVES)
        order = await f.start(amount="1", price="99", strategy="best_price")
        await f.wait(0.1)
        venue.drop_stream()
        venue.restore_stream()
        await f.wait(120)
        assert len(venue.truth.orders) == 1
        assert shape(order) == [(V, "1", "0", "open")]


@pytest.mark.parametrize("fault", [Fault.REJECT, Fault.REFUSED_CONNECTION])
async def test_a_refusal_during_a_reconnect_is_a_refusal_and_not_a_mystery(fault: Fault) -> None:
    async with floor(V) as f:
        f.venues[V].faults.arm(fault)
        order = await f.start(amount="1", price="99", strategy="best_price")
        for _ in range(4):
            await asyncio.sleep(0)
        f.venues[V].drop_stream()
        f.venues[V].restore_stream()
        await f.wait(100)
        assert {child.snapshot().knowledge for child in order.children} == {Knowledge.KNOWN}
        assert order.snapshot().live_amount == 1


@pytest.mark.parametrize("fault", [Fault.RATE_LIMITED, Fault.REFUSED_CONNECTION, Fault.CLOSED_BEFORE])
async def test_failing_cancels_are_repeated_calmly(fault: Fault) -> None:
    async with floor(V) as f:
        order = await resting(f)
        venue = f.venues[V]
        asked = 0
        ask = venue.cancel_order

        async def counted(symbol: str, client_id: str) -> None:
            nonlocal asked
            asked += 1
            await ask(symbol, client_id)

        venue.cancel_order = counted  # type: ignore[method-assign]
        venue.faults.chance(fault, 1.0, Call.CANCEL)
        begin(f.engine.cancel_execution(order.id))
        await f.wait(30)
        assert 3 <= asked <= 8
        venue.faults.clear()
        await f.wait(30)
        assert order.status is ParentStatus.CANCELLED


async def test_an_error_that_nobody_foresaw_leaves_no_order_stuck(monkeypatch: pytest.MonkeyPatch) -> None:
    async with floor(V) as f:
        order = await resting(f)

        async def broken(*_: object) -> None:
            raise TimeoutError("raw")

        monkeypatch.setattr(f.venues[V], "cancel_order", broken)
        begin(f.engine.cancel_execution(order.id))
        await f.wait(5)
        monkeypatch.undo()
        await f.wait(60)
        assert order.status is ParentStatus.CANCELLED


async def test_an_old_report_does_not_end_the_check_after_a_reconnect() -> None:
    async with floor(V) as f:
        order = await resting(f, "1")
        child, venue = order.children[0], f.venues[V]
        venue.drop_stream()
        sell_into(f, "99", "5")
        await f.wait(1)
        venue.restore_stream()
        stale = VenueOrder(
            V, "BTC/USDT", child.id, "x", order.side, Decimal(99), Decimal(1), Decimal(0), VenueOrderStatus.OPEN, f.clock.now_us()
        )
        f.manager._on_account(stale)
        await f.do(order.done())
        assert order.filled_amount == f.all_truth() == 1


async def test_an_overfilled_slice_ends_a_large_parent_failed_not_filled() -> None:
    async with floor(V) as f:
        order = await f.start(amount="10", price="101.5", strategy="twap", params={"duration": 600, "slices": 10, "style": "passive"})
        await f.wait(3)
        child = order.children[0]
        odd = Fill(
            V, "odd", child.id, "BTC/USDT", order.side, Decimal(100), Decimal("1.3"), Decimal(0), "USDT", Liquidity.MAKER, f.clock.now_us()
        )
        f.manager._on_account(odd)
        await f.wait(10)
        f.broken.clear()  # the venue broke the rule; what counts is that it is shown
        assert order.status is ParentStatus.FAILED
        assert "check binance_spot" in order.reason


async def test_a_paused_order_stays_paused_when_evidence_arrives() -> None:
    async with floor(V) as f:
        order = await resting(f, "1")
        venue = f.venues[V]
        venue.faults.chance(Fault.REFUSED_CONNECTION, 1.0, Call.QUERY)
        venue.faults.chance(Fault.TIMEOUT_LOST, 1.0, Call.CANCEL)
        venue.drop_stream()
        venue.restore_stream()
        await f.wait(0.1)
        assert f.engine.pause_execution(order.id)
        await f.wait(120)
        assert order.status is ParentStatus.NEEDS_ATTENTION
        venue.faults.clear()
        await f.wait(60)
        assert order.status is ParentStatus.PAUSED


async def test_the_trader_can_end_a_quarantine_and_a_late_fill_still_counts() -> None:
    async with floor(V) as f:
        venue = f.venues[V]
        venue.faults.arm(Fault.TIMEOUT_LOST)
        venue.faults.chance(Fault.REFUSED_CONNECTION, 1.0, Call.QUERY)
        order = await f.start(amount="1", price="99", strategy="best_price")
        await f.wait(1)
        (child,) = order.children
        with pytest.raises(NotPossible, match="needs no decision"):
            await f.engine.resolve_child(child.id)
        begin(f.engine.cancel_execution(order.id))
        await f.wait(120)
        assert order.status is ParentStatus.NEEDS_ATTENTION
        await f.engine.resolve_child(child.id)
        await f.wait(5)
        assert order.status is ParentStatus.CANCELLED
        assert child.status is ChildStatus.NOT_PLACED


async def test_raising_a_resting_order_makes_it_larger_at_the_venue() -> None:
    async with floor(V) as f:
        order = await resting(f, "1")
        assert await f.do(f.engine.modify_execution(order.id, new_amount="3"))
        await f.wait(2)
        assert f.still_open([child.id for child in order.children]) == 3


async def test_what_the_trader_took_back_stays_back_however_the_answer_was_lost() -> None:
    async with floor(V) as f:
        order = await resting(f, "2")
        child = order.children[0]
        f.venues[V].faults.arm(Fault.CLOSED_AFTER, Call.AMEND)
        f.venues[V].faults.arm(StreamFault.DROPPED)
        with pytest.raises(OutcomeUnknown):
            await f.do(f.engine.modify_execution(child.id, new_amount="1"))
        await f.wait(5)
        sell_into(f, "99", "1")
        await f.do(order.done())
        assert order.filled_amount == f.all_truth() == 1
        assert order.status is ParentStatus.COMPLETED


async def test_a_new_total_counts_again_what_was_taken_back() -> None:
    async with floor(V, "okx_spot") as f:
        order = await f.start(amount="5", price="99", strategy="split_evenly")
        await f.wait(1)
        assert await f.do(f.engine.cancel_execution(order.children[0].id))
        await f.wait(1)
        assert await f.do(f.engine.modify_execution(order.id, new_amount="6"))
        await f.wait(5)
        assert order.snapshot().live_amount == 6


@pytest.mark.parametrize("fault", [Fault.REFUSED_CONNECTION, Fault.TIMEOUT_LOST, Fault.CLOSED_BEFORE, Fault.RATE_LIMITED])
async def test_the_traders_cancel_of_a_child_is_asked_again_until_it_is_over(fault: Fault) -> None:
    async with floor(V) as f:
        order = await resting(f, "2")
        child = order.children[0]
        f.venues[V].faults.arm(fault, Call.CANCEL, times=2)
        cancelling = begin(f.engine.cancel_execution(child.id))
        await f.wait(1)
        assert order.snapshot().live_amount == 2  # until it is known
        await f.wait(40)
        assert await cancelling
        assert (child.status, len(f.venues[V].truth.open_orders(SYMBOL))) == (ChildStatus.CANCELLED, 0)
        assert (order.status, len(order.children)) == (ParentStatus.COMPLETED, 1)  # and nothing takes its place


async def test_the_traders_cancel_of_a_child_that_arrives_late_is_not_forgotten() -> None:
    async with floor(V) as f:
        f.venues[V].faults.arm(Fault.TIMEOUT_THEN_ARRIVES)
        order = await f.start(amount="2", price="99", strategy="best_price")
        await f.wait(2)
        (child,) = order.children
        begin(f.engine.cancel_execution(child.id))
        await f.wait(60)
        assert (child.status, len(f.venues[V].truth.open_orders(SYMBOL))) == (ChildStatus.CANCELLED, 0)


async def test_no_change_leaves_after_the_kill_switch() -> None:
    async with floor(V, rates=RateLimits(requests_per_s=1, burst=2, for_orders=0, patience_s=5)) as f:
        order = await resting(f, "2")
        for _ in range(2):
            await f.start(amount="1", price="98", strategy="best_price")
        f.venues[V].faults.arm(Fault.TIMEOUT_LOST, Call.CANCEL, times=6)
        begin(f.engine.modify_execution(order.id, new_amount="5"))
        await f.wait(0.1)
        begin(f.engine.kill())
        for _ in range(60):
            await f.wait(0.5)
            assert f.still_open([order.children[0].id]) <= 2


async def test_a_new_amount_that_no_venue_takes_is_refused() -> None:
    async with floor(V) as f:
        order = await resting(f, "2")
        with pytest.raises(BadAmount, match="under every venue's minimum"):
            await f.engine.modify_execution(order.id, new_amount="0.000001")


async def test_a_listener_that_fails_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async with floor(V) as f:

        def broken(_event: object) -> None:
            raise RuntimeError("the window has a bug")

        f.manager.on_event(broken)
        order = await f.trade(amount="1")
        assert order.status is ParentStatus.FILLED
        assert "a listener failed" in caplog.text


async def test_fill_or_kill_over_several_venues_has_one_go() -> None:
    async with floor(V, "okx_spot") as f:
        f.venues[V].faults.arm_partial()
        order = await f.trade(amount="4", price="101", time_in_force="fok")
        assert order.status is ParentStatus.COMPLETED
        assert len({child.snapshot().created_us for child in order.children}) == 1


@pytest.mark.parametrize("seed", range(24))
async def test_whatever_goes_wrong_the_venues_never_hold_more_than_was_asked(seed: int) -> None:
    dice = random.Random(seed)
    async with floor(V, "okx_spot") as f:
        for venue in f.venues.values():
            for fault in Fault:
                for call in (Call.CREATE, Call.CANCEL, Call.AMEND, Call.QUERY):
                    if not (fault is Fault.REJECT and call is Call.QUERY):
                        venue.faults.chance(fault, 0.04, call)
            for stream_fault in (StreamFault.DELAYED, StreamFault.REORDERED, StreamFault.DUPLICATED):
                venue.faults.chance(stream_fault, 0.1)
        order = await f.start(amount="6", price="99", strategy=dice.choice(["best_price", "price_optimized_liquidity"]))
        asked = []
        for _ in range(25):
            await f.wait(dice.choice([0.005, 0.02, 0.5, 3, 11]))
            what = dice.random()
            if what < 0.35:
                price, amount = dice.choice(["99", "98.5", "98"]), dice.choice(["6", "8", "10"])
                asked.append(begin(f.engine.modify_execution(order.id, new_price=price, new_amount=amount)))
            elif what < 0.45 and (live := [child for child in order.children if not child.snapshot().terminal]):
                asked.append(begin(f.engine.modify_execution(live[0].id, new_amount=dice.choice(["1", "2", "4"]))))
            elif what < 0.7:
                f.feeds[dice.choice(list(f.feeds))].change(asks={"98": str(dice.choice([1, 2]))}, bids=EMPTY | {"97": "5"})
            elif what < 0.75:
                venue = dice.choice(list(f.venues.values()))
                venue.drop_stream()
                venue.restore_stream()
        asked.append(begin(f.engine.cancel_execution(order.id)))
        await f.wait(400)
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        assert order.status.terminal
        assert order.filled_amount == f.all_truth()
        assert f.still_open([child.id for child in order.children]) == 0
