"""Fault 15: a venue dies in the middle of a sweep, the laptop sleeps, the money is spent elsewhere."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.domain.clock import MICROSECONDS
from core.domain.market import BookState
from core.domain.orders import ChildStatus, Knowledge, ParentStatus
from core.exchanges.paper.faults import Call, Fault, StreamFault
from core.execution.order import Order
from core.execution.risk.limits import UNLIMITED, RiskLimits
from tests.core.execution.fifteen_faults.tap import OTHER, Tap, V, begin, resting, sell_into, state_of
from tests.core.execution.floor import Floor, children, floor, shape

THIRD = "bybit_spot"

# -- a venue dies ------------------------------------------------------------------------------------


@pytest.mark.parametrize("arrived", [True, False])
async def test_fault_15_a_venue_dies_mid_sweep(arrived: bool) -> None:
    """3 + 3 + 3: two venues fill at once; what became of the third part is known only when its venue is back."""
    async with floor(V, OTHER, THIRD) as f:
        taps = {venue: Tap(f, venue) for venue in f.venues}
        faults = f.venues[V].faults
        faults.arm(Fault.TIMEOUT_PLACED if arrived else Fault.TIMEOUT_LOST)
        faults.chance(Fault.REFUSED_CONNECTION, 1.0, Call.QUERY)
        faults.chance(StreamFault.DROPPED, 1.0)
        order = await f.start(amount="9", price="101")
        await f.wait(1)
        assert f.truth(OTHER) == f.truth(THIRD) == 3  # the others finish
        assert order.filled_amount == 6
        await f.wait(49)
        assert order.snapshot().live_amount == 3  # the unknown leg stays reserved ...
        assert len(order.children) == 3  # ... and nothing takes its place
        (unknown,) = [child for child in order.children if child.snapshot().knowledge is not Knowledge.KNOWN]
        assert unknown.exchange == V
        for venue in (OTHER, THIRD):
            f.feeds[venue].snapshot(asks={"101": "50"})
        faults.clear()
        await f.wait(60)
        assert order.status is ParentStatus.FILLED
        assert order.filled_amount == f.all_truth() == 9
        assert f.truth(V) == (3 if arrived else 0)
        again = [one.client_id for tap in taps.values() for one in tap.of("create_order")]
        assert len(again) == len(set(again)) == (3 if arrived else 4)


async def test_fault_15_a_venue_that_is_surely_not_reached_is_left_out_and_the_rest_goes_elsewhere() -> None:
    async with floor(V, OTHER) as f:
        for call in Call:
            f.venues[V].faults.chance(Fault.REFUSED_CONNECTION, 1.0, call)
        order = await f.trade(amount="4", price="101.5")
        assert order.status is ParentStatus.FILLED
        assert f.truth(OTHER) == f.all_truth() == 4


# -- the laptop sleeps -------------------------------------------------------------------------------


def sleep(f: Floor, hours: float = 1.0) -> None:
    """Nothing runs, and when it wakes all of it is late at once. Books are as they were, and too old."""
    f.books.stale_after_us = 5 * MICROSECONDS
    f.clock.jump_to(f.clock.now_us() + round(hours * 3600 * MICROSECONDS))


async def test_fault_15_after_a_sleep_nothing_is_sent_on_old_books() -> None:
    async with floor(V) as f:
        tap = Tap(f)
        slices = {"duration": 36_000, "slices": 100, "randomize": 0, "style": "aggressive"}
        order = await f.start(amount="10", price="101.5", strategy="twap", params=slices)
        await f.wait(5)
        assert order.filled_amount == Decimal("0.1")
        sleep(f)
        await f.wait(60)
        assert state_of(f) is BookState.STALE
        assert len(tap.of("create_order")) == 1
        assert "usable book" in order.reason
        f.books.stale_after_us = 3600 * MICROSECONDS
        f.feeds[V].snapshot(asks={"101": "50"})
        await f.wait(2)
        assert [child.amount for child in children(order)] == [Decimal("0.1"), Decimal("0.2")]  # ten slices late, and no burst
        assert order.children[1].price == 101


async def test_fault_15_a_schedule_that_ended_during_the_sleep_is_completed_in_steps() -> None:
    async with floor(V) as f:
        slices = {"duration": 100, "slices": 10, "randomize": 0, "style": "aggressive"}
        order = await f.start(amount="10", price="101.5", strategy="twap", params=slices)
        await f.wait(15)
        assert order.filled_amount == 2
        sleep(f)
        f.books.stale_after_us = 3600 * MICROSECONDS
        f.feeds[V].snapshot(asks={"101": "50"})
        await f.do(order.done(), within_s=60)
        assert order.status is ParentStatus.FILLED
        assert order.filled_amount == f.all_truth() == 10
        assert max(child.amount for child in children(order)) <= 2


async def test_fault_15_what_happened_to_a_resting_order_during_the_sleep_is_found_on_waking() -> None:
    async with floor(V) as f:
        order = await resting(f)
        f.venues[V].faults.account_frozen = True  # its socket did not survive
        sell_into(f, "99", "5")
        sleep(f)
        await f.wait(3)
        assert order.status is ParentStatus.FILLED
        assert order.filled_amount == f.all_truth() == 2


async def test_fault_15_an_order_that_was_leaving_when_it_fell_asleep_is_looked_for_and_not_sent_again() -> None:
    async with floor(V) as f:
        tap = Tap(f)
        f.venues[V].faults.arm(Fault.TIMEOUT_PLACED)
        f.venues[V].faults.chance(StreamFault.DROPPED, 1.0)
        order = await f.start(amount="1", price="99", strategy="best_price")
        await f.wait(0.5)
        sleep(f)
        await f.wait(5)
        (child,) = order.children
        assert (child.status, child.snapshot().knowledge) == (ChildStatus.OPEN, Knowledge.KNOWN)
        assert len(tap.of("create_order")) == 1


async def test_fault_15_an_order_that_expired_during_the_sleep_is_taken_back_on_waking() -> None:
    async with floor(V) as f:
        order = await resting(f, time_in_force="gtd", expires_in=600)
        sleep(f)
        await f.wait(1)
        assert order.status is ParentStatus.COMPLETED
        assert f.still_open([child.id for child in order.children]) == 0


# -- the balance is spent elsewhere ------------------------------------------------------------------


def spend(f: Floor, venue: str = V, leave: str = "50") -> None:
    """The trader, or another program, uses the money."""
    f.venues[venue].truth.ledger._total["USDT"] = Decimal(leave)  # type: ignore[attr-defined]  # a spot ledger's


@pytest.mark.parametrize("checked", [True, False])
async def test_fault_15_balance_spent_elsewhere_ends_in_words_and_not_in_a_loop(checked: bool) -> None:
    limits = RiskLimits.model_validate({**UNLIMITED.model_dump(), "check_balance": checked})
    async with floor(V, limits=limits) as f:
        tap = Tap(f)
        slices = {"duration": 100, "slices": 10, "randomize": 0, "style": "aggressive"}
        order = await f.start(amount="10", price="101.5", strategy="twap", params=slices)
        await f.wait(25)
        assert order.filled_amount == 3
        spend(f)
        await f.do(order.done(), within_s=300)
        assert order.status is ParentStatus.COMPLETED
        assert order.filled_amount == f.all_truth() == 3
        assert len(tap.of("create_order")) <= 6
        assert "50 USDT is free" in order.reason
        assert f.engine.risk.funds.reservations() == {}


async def test_fault_15_what_one_venue_can_not_pay_goes_to_the_other() -> None:
    async with floor(V, OTHER) as f:
        spend(f)
        order: Order = await f.trade(amount="2", price="101.5")
        assert order.status is ParentStatus.FILLED
        assert f.truth(OTHER) == f.all_truth() == 2
        assert {status for venue, _, _, status in shape(order) if venue == V} <= {"rejected"}


async def test_fault_15_an_amend_that_the_balance_no_longer_carries_leaves_the_order_as_it_was() -> None:
    async with floor(V) as f:
        order = await resting(f, "1")
        spend(f, leave="100")
        changing = begin(f.engine.modify_execution(order.children[0].id, new_amount="1", new_price="98"))
        await f.wait(1)
        assert changing.done()
        raised = begin(f.engine.modify_execution(order.id, new_amount="3"))
        await f.wait(60)
        assert raised.done()
        assert f.still_open([child.id for child in order.children]) == 1
        assert order.snapshot().live_amount == 1
