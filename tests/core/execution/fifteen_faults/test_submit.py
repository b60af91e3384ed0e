"""Faults 1 to 4: the answer to a submit is lost, late, or contradicts itself. There is one order, whatever we heard of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from core.domain.errors import DuplicateClientId
from core.domain.orders import ChildStatus, Knowledge, ParentStatus
from core.exchanges.connector import NewOrder, VenueOrder
from core.exchanges.paper.faults import Call, Fault, StreamFault
from core.execution.evidence import ARRIVAL_WINDOW_US
from tests.core.execution.fifteen_faults.tap import Tap, V, sell_into, true_ids
from tests.core.execution.floor import Floor, floor, shape

WORKING: dict[str, dict[str, Any]] = {
    "best_price": {},
    "price_optimized_liquidity": {},
    "split_by_liquidity": {},
    "minimal_market_impact": {},
    "iceberg": {"display_amount": "0.5"},
    "twap": {"duration": 60, "slices": 3, "randomize": 0},
    "vwap": {"duration": 60, "slices": 3, "randomize": 0},
}


def silent(f: Floor, *, silent: bool = True) -> None:
    """The private stream tells nothing."""
    f.venues[V].faults.chance(StreamFault.DROPPED, 1.0 if silent else 0.0)


# -- 1 -----------------------------------------------------------------------------------------------


async def test_fault_01_submit_times_out_but_the_order_is_live() -> None:
    async with floor(V) as f:
        tap = Tap(f)
        f.venues[V].faults.arm(Fault.TIMEOUT_PLACED)
        silent(f)
        order = await f.start(amount="1", price="99", strategy="best_price")
        await f.wait(10.1)
        (child,) = order.children
        assert (child.status, child.snapshot().knowledge) == (ChildStatus.SUBMITTING, Knowledge.UNKNOWN)
        assert order.snapshot().live_amount == 1
        await f.wait(5)
        assert (child.status, child.snapshot().knowledge) == (ChildStatus.OPEN, Knowledge.KNOWN)
        assert tap.ids("find_order") == [child.id]
        assert true_ids(f) == tap.ids("create_order") == [child.id]
        silent(f, silent=False)
        sell_into(f, "99", "5")
        await f.do(order.done())
        assert order.filled_amount == f.all_truth() == 1


@pytest.mark.parametrize("strategy", WORKING)
async def test_fault_01_no_strategy_places_anew_what_may_be_live(strategy: str) -> None:
    async with floor(V, "okx_spot") as f:
        taps = [Tap(f, venue) for venue in f.venues]
        for venue in f.venues.values():
            venue.faults.arm(Fault.TIMEOUT_PLACED, times=2)
        order = await f.start(amount="3", price="101.5", strategy=strategy, params=WORKING[strategy])
        await f.wait(400)
        if not order.status.terminal:
            await f.do(f.engine.cancel_execution(order.id))
        ids = [client_id for tap in taps for client_id in tap.ids("create_order")]
        assert len(ids) == len(set(ids))
        assert order.filled_amount == f.all_truth() <= 3
        assert f.still_open([child.id for child in order.children]) == 0


# -- 2 -----------------------------------------------------------------------------------------------


async def test_fault_02_submit_times_out_and_never_arrived() -> None:
    async with floor(V) as f:
        tap = Tap(f)
        f.venues[V].faults.arm(Fault.TIMEOUT_LOST)
        order = await f.start(amount="1", price="99", strategy="best_price")
        await f.wait(24)  # it was given up after 10 s and might arrive for 15 more
        (child,) = order.children
        assert child.snapshot().knowledge is Knowledge.UNKNOWN
        assert order.snapshot().live_amount == 1
        assert len(tap.of("find_order")) >= 2  # empty look-ups, and no proof: it might still be on its way
        await f.wait(40)
        assert shape(order) == [(V, "1", "0", "not_placed"), (V, "1", "0", "open")]
        assert order.snapshot().live_amount == 1
        second = order.children[1].id
        assert second != child.id
        assert true_ids(f) == [second]
        gave_up_us = tap.of("create_order")[0].answered_us
        assert gave_up_us is not None
        proofs = [one for one in tap.of("find_order") if one.client_id == child.id and one.asked_us >= gave_up_us + ARRIVAL_WINDOW_US]
        assert len(proofs) == 2
        assert {one.answer for one in proofs} == {None}


async def test_fault_02_a_failed_look_up_is_no_part_of_the_proof() -> None:
    async with floor(V) as f:
        tap = Tap(f)
        f.venues[V].faults.arm(Fault.TIMEOUT_LOST)
        order = await f.start(amount="1", price="99", strategy="best_price")
        await f.wait(24)
        f.venues[V].faults.chance(Fault.CLOSED_BEFORE, 1.0, Call.QUERY)
        asked = len(tap.of("find_order"))
        await f.wait(20)
        assert len(tap.of("find_order")) - asked >= 3
        assert shape(order) == [(V, "1", "0", "submitting")]
        assert order.snapshot().live_amount == 1
        f.venues[V].faults.chance(Fault.CLOSED_BEFORE, 0.0, Call.QUERY)
        await f.wait(15)
        assert shape(order) == [(V, "1", "0", "not_placed"), (V, "1", "0", "open")]


# -- 3 -----------------------------------------------------------------------------------------------


async def test_fault_03_the_stream_acknowledges_before_the_http_answer() -> None:
    async with floor(V) as f:
        tap = Tap(f)
        f.venues[V].faults.arm(Fault.TIMEOUT_PLACED)
        order = await f.start(amount="1", price="99", strategy="best_price")
        await f.wait(1)
        (child,) = order.children
        assert (child.status, child.snapshot().knowledge) == (ChildStatus.OPEN, Knowledge.KNOWN)
        await f.wait(20)  # the timeout comes, and is no news
        assert (child.status, child.snapshot().knowledge) == (ChildStatus.OPEN, Knowledge.KNOWN)
        assert all(event.order.knowledge is Knowledge.KNOWN for event in f.events)
        assert true_ids(f) == tap.ids("create_order") == [child.id]


async def test_fault_03_the_stream_acknowledges_after_the_timeout() -> None:
    async with floor(V) as f:
        tap = Tap(f)
        f.venues[V].faults.arm(Fault.TIMEOUT_THEN_ARRIVES)
        f.venues[V].faults.chance(Fault.REFUSED_CONNECTION, 1.0, Call.QUERY)  # nobody but the stream can tell
        order = await f.start(amount="1", price="99", strategy="best_price")
        await f.wait(11)
        (child,) = order.children
        assert child.snapshot().knowledge is Knowledge.UNKNOWN
        await f.wait(2)
        assert (child.status, child.snapshot().knowledge) == (ChildStatus.OPEN, Knowledge.KNOWN)
        await f.wait(60)
        assert true_ids(f) == tap.ids("create_order") == [child.id]


@pytest.mark.parametrize("price", ["99", "101"])
@pytest.mark.parametrize("told", [True, False])
async def test_fault_03_a_duplicate_id_refusal_is_read_as_exists(price: str, told: bool) -> None:
    """Something between us and the venue sent the request twice, and we got the second answer."""
    async with floor(V) as f:
        place = f.venues[V].create_order

        async def placed_twice(order: NewOrder) -> VenueOrder:
            await place(order)
            return await place(order)

        f.venues[V].create_order = placed_twice  # type: ignore[method-assign]  # this wire only
        silent(f, silent=not told)
        order = await f.start(amount="1", price=price, strategy="best_price")
        await f.wait(3)
        (child,) = order.children
        assert child.snapshot().knowledge is Knowledge.KNOWN
        assert child.status is (ChildStatus.OPEN if price == "99" else ChildStatus.FILLED)
        assert true_ids(f) == [child.id]
        assert order.filled_amount == f.all_truth()


async def test_fault_03_a_duplicate_id_refusal_without_an_order_is_no_proof_of_anything() -> None:
    async with floor(V) as f:

        async def lies(order: NewOrder) -> VenueOrder:
            raise DuplicateClientId(f"{V} has an order with the client id {order.client_id} already.")

        f.venues[V].create_order = lies  # type: ignore[method-assign]  # this wire only
        order = await f.start(amount="1", price="99", strategy="best_price")
        await f.wait(10)
        assert order.children[0].snapshot().knowledge is Knowledge.UNKNOWN
        assert (len(order.children), order.snapshot().live_amount) == (1, 1)


# -- 4 -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [Fault.TIMEOUT_PLACED, Fault.CLOSED_AFTER, Fault.LOST_ACK])
@pytest.mark.parametrize(("amount", "filled"), [("1", "1"), ("5", "3")], ids=["all", "part"])
async def test_fault_04_instant_fill_absent_from_open_orders(fault: Fault, amount: str, filled: str) -> None:
    async with floor(V) as f:
        tap = Tap(f)
        f.venues[V].faults.arm(fault)
        silent(f)
        order = await f.start(amount=amount, price="101", strategy="best_price", time_in_force="ioc")
        await f.do(order.done())
        (child,) = order.children
        assert child.status is (ChildStatus.FILLED if amount == filled else ChildStatus.EXPIRED)
        assert order.filled_amount == f.all_truth() == Decimal(filled)
        assert set(tap.ids("fills_of")) == set(tap.ids("find_order")) == {child.id}
        assert tap.ids("create_order") == [child.id]


async def test_fault_04_a_history_that_lags_behind_does_not_make_it_rejected() -> None:
    async with floor(V) as f:
        tap = Tap(f)
        find, began_us = f.venues[V].find_order, f.clock.now_us()

        async def lagging(symbol: str, client_id: str) -> VenueOrder | None:
            found = await find(symbol, client_id)
            return found if f.clock.now_us() - began_us > 12_000_000 else None

        f.venues[V].find_order = lagging  # type: ignore[method-assign]  # this venue only
        f.venues[V].faults.arm(Fault.CLOSED_AFTER)
        silent(f)
        order = await f.start(amount="1", price="101", strategy="best_price")
        await f.wait(11)
        assert len(tap.of("find_order")) >= 3
        assert (len(order.children), order.snapshot().live_amount) == (1, 1)
        await f.do(order.done())
        assert order.status is ParentStatus.FILLED
        assert order.filled_amount == f.all_truth() == 1
