"""Faults 5 to 7: nobody answers, a cancel meets a fill, a cancel is lost. What is not known stays reserved, and nothing is doubled."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from core.domain.orders import ChildStatus, Knowledge, ParentStatus, PendingAction
from core.exchanges.connector import Capabilities
from core.exchanges.paper.connector import PaperConnector
from core.exchanges.paper.faults import Call, Fault, StreamFault
from tests.core.execution.crashing import crash_floor
from tests.core.execution.fifteen_faults.tap import OTHER, Tap, V, begin, open_at, resting, sell_into, true_ids
from tests.core.execution.floor import children, floor, go_dark, shape

TEN_SLICES = {"duration": 200, "slices": 10, "randomize": 0, "style": "aggressive"}

# -- 5 -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("outage_s", "asked"), [(40, False), (120, True)])
async def test_fault_05_outage_during_all_status_queries(outage_s: int, asked: bool) -> None:
    async with floor(V) as f:
        tap, faults = Tap(f), f.venues[V].faults
        go_dark(faults)
        order = await f.start(amount="10", price="101.5", strategy="twap", params=TEN_SLICES)
        await f.wait(outage_s)
        (child,) = order.children  # nothing is placed while one is unknown
        assert child.status is ChildStatus.SUBMITTING
        assert order.snapshot().live_amount == 1
        assert len(tap.of("find_order")) >= 6
        assert order.status is (ParentStatus.NEEDS_ATTENTION if asked else ParentStatus.PAUSED)
        if not asked:
            assert order.snapshot().reason == f"{V} does not answer what became of an order; goes on by itself once it does"
        assert child.snapshot().knowledge is (Knowledge.QUARANTINED if asked else Knowledge.UNKNOWN)
        faults.clear()
        await f.wait(15 if asked else 5)
        assert order.status is ParentStatus.RUNNING
        await f.do(order.done(), within_s=400)
        assert order.status is ParentStatus.FILLED
        assert order.filled_amount == f.all_truth() == 10
        assert {child.status for child in order.children} == {ChildStatus.FILLED}  # no failure was counted
        assert max(child.amount for child in children(order)) <= 2  # two regular slices: it resumed without a burst


async def test_fault_05_what_rests_elsewhere_stays_and_the_trader_may_still_pause_or_cancel() -> None:
    async with floor(V, OTHER) as f:
        tap, faults = Tap(f), f.venues[V].faults
        go_dark(faults)
        order = await f.start(amount="2", price="99", strategy="split_evenly")
        await f.wait(20)
        assert order.status is ParentStatus.PAUSED
        assert sorted(child.status for child in order.children) == [ChildStatus.OPEN, ChildStatus.SUBMITTING]
        assert not tap.of("cancel_order")
        assert order.snapshot().held
        assert not f.engine.resume_execution(order.id)  # there is nothing to go on with before it is known
        assert f.engine.pause_execution(order.id)
        assert not order.snapshot().held
        await f.wait(5)
        assert tap.of("cancel_order")  # a pause takes back what rests
        faults.clear()
        await f.wait(30)
        assert order.status is ParentStatus.PAUSED  # the trader's own pause does not end by itself
        assert await f.do(f.engine.cancel_execution(order.id))
        assert order.status is ParentStatus.CANCELLED


async def test_fault_05_a_restart_meanwhile_leaves_what_rests_and_waits_for_the_trader(tmp_path: Path) -> None:
    async with crash_floor(tmp_path / "journal.db", V) as world:
        faults = world.venues[V].faults
        async with world.session() as first:
            go_dark(faults)
            order = await first.start("buy", "1", "99", "best_price")
            await world.live(first, 20)
            assert order.status is ParentStatus.PAUSED
        faults.clear()
        async with world.session() as second:
            await world.live(second, 30)
            (child,) = second.manager.order(order.id).children
            assert (child.status, second.manager.order(order.id).status) == (ChildStatus.OPEN, ParentStatus.PAUSED)
            assert second.engine.resume_execution(order.id)
            await world.live(second, 1)
            assert second.manager.order(order.id).status is ParentStatus.RUNNING


async def test_fault_05_an_outage_of_one_venue_does_not_hold_up_the_orders_on_others() -> None:
    async with floor(V, OTHER) as f:
        go_dark(f.venues[V].faults)
        stuck = await f.start(amount="1", price="101", strategy="best_price", exchanges=[V])
        await f.wait(15)
        other = await f.start(amount="1", price="101", strategy="best_price", exchanges=[OTHER])
        await f.do(other.done(), within_s=1)
        assert other.status is ParentStatus.FILLED
        assert stuck.snapshot().live_amount == 1


# -- 6 -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("told", [True, False])
async def test_fault_06_cancel_loses_to_a_fill(told: bool) -> None:
    """A slice waits at the touch for 7 s; just when it is to be taken back and crossed, it fills."""
    async with floor(V) as f:
        tap = Tap(f)
        one_slice = {"duration": 10, "slices": 1, "randomize": 0, "style": "balanced"}
        order = await f.start(amount="1", price="101.5", strategy="twap", params=one_slice)
        await f.wait(6.999)
        f.venues[V].faults.chance(StreamFault.DROPPED, 0.0 if told else 1.0)
        (child,) = order.children
        sell_into(f, "100", "5")
        await f.do(order.done())
        assert tap.ids("cancel_order") == [child.id]
        assert shape(order) == [(V, "1", "1", "filled")]  # and no replacement
        assert order.status is ParentStatus.FILLED
        assert order.filled_amount == f.all_truth() == 1


async def test_fault_06_the_traders_own_cancel_that_came_too_late_says_so() -> None:
    async with floor(V) as f:
        order = await resting(f)
        f.venues[V].faults.chance(StreamFault.DROPPED, 1.0)
        sell_into(f, "99", "5")
        assert await f.do(f.engine.cancel_execution(order.id)) is False
        assert order.status is ParentStatus.FILLED
        assert order.filled_amount == f.all_truth() == 2


async def test_fault_06_a_part_that_filled_first_is_not_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """A change of price is cancel + create here; what fills meanwhile is missing from the new order."""
    monkeypatch.setattr(PaperConnector, "capabilities", Capabilities(amend=False))
    async with floor(V) as f:
        order = await resting(f)
        f.venues[V].faults.chance(StreamFault.DELAYED, 1.0)
        changing = begin(f.engine.modify_execution(order.id, new_price="98"))
        await f.wait(0.001)
        sell_into(f, "99", "0.5")
        await f.wait(8)
        assert changing.done()
        assert shape(order) == [(V, "2", "0.5", "cancelled"), (V, "1.5", "0", "open")]


# -- 7 -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [Fault.TIMEOUT_LOST, Fault.CLOSED_BEFORE, Fault.TIMEOUT_THEN_ARRIVES])
async def test_fault_07_cancel_times_out(fault: Fault) -> None:
    async with floor(V) as f:
        tap, faults = Tap(f), f.venues[V].faults
        order = await resting(f)
        (child,) = order.children
        faults.chance(fault, 1.0, Call.CANCEL)
        faults.chance(Fault.REFUSED_CONNECTION, 1.0, Call.QUERY)
        asked = []
        for _ in range(8):  # an impatient trader
            asked += [begin(f.engine.cancel_execution(order.id)), begin(f.engine.cancel_execution(child.id))]
            await f.wait(1)
            assert order.snapshot().live_amount == (2 if open_at(f.venues[V]) else 0)
        assert tap.most_at_once["cancel_order"] == 1
        assert len(tap.of("cancel_order")) <= 4
        assert child.snapshot().pending is PendingAction.CANCEL
        faults.clear()
        await f.wait(60)
        await asyncio.gather(*asked)
        assert order.status is ParentStatus.CANCELLED
        assert shape(order) == [(V, "2", "0", "cancelled")]


async def test_fault_07_nothing_is_placed_in_its_stead_while_a_cancel_is_not_known() -> None:
    async with floor(V) as f:
        tap, faults = Tap(f), f.venues[V].faults
        slices = {"duration": 200, "slices": 2, "randomize": 0, "style": "balanced"}
        order = await f.start(amount="2", price="101.5", strategy="twap", params=slices)
        await f.wait(60)
        faults.chance(Fault.TIMEOUT_LOST, 1.0, Call.CANCEL)  # it waits at the touch until 70 s, and can't be taken back then
        await f.wait(60)
        assert len(order.children) == 1
        assert len(tap.of("cancel_order")) >= 3
        assert tap.most_at_once["cancel_order"] == 1
        assert order.snapshot().live_amount == 1
        sell_into(f, "100", "5")
        faults.clear()
        f.feeds[V].snapshot()
        await f.do(order.done(), within_s=200)
        assert order.filled_amount == f.all_truth() == 2
        assert true_ids(f) == tap.ids("create_order")


async def test_fault_07_a_lost_cancel_of_a_filled_order_keeps_no_reservation() -> None:
    async with floor(V) as f:
        order = await resting(f)
        f.venues[V].faults.arm(Fault.TIMEOUT_LOST, Call.CANCEL)
        begin(f.engine.cancel_execution(order.id))
        await f.wait(1)
        sell_into(f, "99", "5")
        await f.do(order.done(), within_s=1)  # the stream tells, long before the cancel's timeout
        assert order.snapshot().live_amount == 0
        assert order.filled_amount == f.all_truth() == Decimal(2)
        await f.wait(30)
        assert order.status is ParentStatus.FILLED


@pytest.mark.parametrize("told", [True, False])
async def test_fault_07_a_cancel_does_not_wait_for_a_create_that_hangs(told: bool) -> None:
    """The order is live, the answer to its create is not coming: the trader wants it back now, not in ten seconds."""
    async with floor(V) as f:
        tap = Tap(f)
        f.venues[V].faults.chance(StreamFault.DROPPED, 0.0 if told else 1.0)
        f.venues[V].faults.arm(Fault.TIMEOUT_PLACED)
        order = await f.start(amount="1", price="99", strategy="best_price")
        await f.wait(0.5)
        asked_us = f.clock.now_us()
        assert await f.do(f.engine.cancel_execution(order.id), within_s=5)
        assert f.clock.now_us() - asked_us < (200_000 if told else 3_000_000)
        assert order.status is ParentStatus.CANCELLED
        assert open_at(f.venues[V]) == 0
        assert tap.most_at_once["cancel_order"] == 1
        await f.wait(60)  # the create's timeout comes, and is no news
        assert shape(order) == [(V, "1", "0", "cancelled")]


async def test_fault_07_a_cancel_that_overtakes_a_create_which_arrives_late_is_asked_again() -> None:
    async with floor(V) as f:
        f.venues[V].faults.arm(Fault.TIMEOUT_THEN_ARRIVES)  # after 12 s
        order = await f.start(amount="1", price="99", strategy="best_price")
        await f.wait(0.5)
        begin(f.engine.cancel_execution(order.id))
        await f.wait(8)
        assert order.status is ParentStatus.CANCELLING  # it may still come
        assert order.snapshot().live_amount == 1
        await f.wait(40)
        assert shape(order) == [(V, "1", "0", "cancelled")]
        assert order.status is ParentStatus.CANCELLED
