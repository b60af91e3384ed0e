"""What random examples have found, told as the shortest story that shows it."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from core.domain.enums import OrderSide
from core.domain.orders import ChildStatus, Knowledge, ParentStatus
from core.exchanges.connector import NewOrder, VenueOrder
from core.exchanges.limited import LimitedConnector
from core.exchanges.limiter import RateLimits
from core.exchanges.paper.faults import Call, Fault, StreamFault
from core.execution.engine import ExecutionEngine
from core.execution.manager import OrderManager
from core.execution.order import Order
from tests.core.exchanges.paper_desk import SYMBOL
from tests.core.execution.crashing import crash_floor
from tests.core.execution.floor import Floor, floor

V = "binance_spot"


async def test_an_answer_that_the_cancel_overtook_does_not_bring_the_order_back() -> None:
    async with floor(V) as f:
        order = await f.start(amount="1", price="99", strategy="best_price")
        (child,) = order.children
        while child.id not in f.venues[V].truth.orders:
            await f.wait(0.001)
        f.venues[V].truth.cancel(SYMBOL, child.id)
        heard: list[Knowledge] = []
        f.manager.on_event(lambda event: heard.append(event.order.knowledge))
        await f.wait(0.1)
        assert set(heard) == {Knowledge.KNOWN}
        assert (child.status, child.snapshot().live_amount) == (ChildStatus.CANCELLED, 0)


async def test_what_a_new_total_takes_back_in_is_remembered_after_a_restart(tmp_path: Path) -> None:
    async with crash_floor(tmp_path / "journal.db", V) as world:
        async with world.session() as first:
            order = await first.start("buy", "1", "99", "best_price")
            await world.live(first, 1)
            changing = asyncio.ensure_future(first.engine.modify_execution(order.children[0].id, new_amount="0.4"))
            await world.live(first, 1)
            assert await changing
            assert first.manager.parent(order.id).released == Decimal("0.6")
            changing = asyncio.ensure_future(first.engine.modify_execution(order.id, new_amount="2"))
            await world.live(first, 3)
            assert await changing
            assert first.manager.parent(order.id).released == 0
        async with world.session() as second:
            assert second.manager.parent(order.id).released == 0


async def test_an_order_that_waits_for_its_turn_does_not_leave_after_its_cancel() -> None:
    async with floor(V) as f:
        order = await _queued(f)
        child = order.children[0]
        assert child.status is ChildStatus.SUBMITTING
        await f.do(f.engine.cancel_execution(order.id))
        assert order.status is ParentStatus.CANCELLED
        assert (child.status, child.reason) == (ChildStatus.NOT_PLACED, "taken back before it was sent")
        assert child.id not in f.venues[V].truth.orders


async def test_a_cancel_of_an_order_that_needs_attention_is_remembered_after_a_restart(tmp_path: Path) -> None:
    async with crash_floor(tmp_path / "journal.db", V) as world:
        faults = world.venues[V].faults
        async with world.session() as first:
            faults.arm(Fault.TIMEOUT_LOST)
            faults.chance(Fault.REFUSED_CONNECTION, 1.0, Call.QUERY)
            order = await first.start("buy", "1", "99", "best_price")
            await world.live(first, 90)
            assert order.status is ParentStatus.NEEDS_ATTENTION
            cancelling = asyncio.ensure_future(first.engine.cancel_execution(order.id))
            await world.live(first, 31)
            assert await cancelling
            assert order.status is ParentStatus.NEEDS_ATTENTION
            await first.journal.durable()
        faults.clear()
        async with world.session() as second:
            await world.live(second, 30)
            assert second.manager.order(order.id).status is ParentStatus.CANCELLED
            assert not world.venues[V].truth.orders


async def test_a_look_that_was_under_way_does_not_reopen_what_the_trader_has_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    async with floor(V) as f:
        faults = f.venues[V].faults
        faults.arm(Fault.TIMEOUT_LOST)
        faults.chance(Fault.REFUSED_CONNECTION, 1.0, Call.QUERY)
        order = await f.start(amount="1", price="99", strategy="best_price")
        await f.wait(90)
        (child,) = order.children
        assert child.snapshot().knowledge is Knowledge.QUARANTINED
        faults.clear()
        look = f.venues[V].find_order

        async def resolved_meanwhile(symbol: str, client_id: str) -> VenueOrder | None:
            answer = await look(symbol, client_id)
            if child.snapshot().knowledge is Knowledge.QUARANTINED:
                await f.engine.resolve_child(child.id)
            return answer

        monkeypatch.setattr(f.venues[V], "find_order", resolved_meanwhile)
        await f.wait(60)
        assert (child.status, child.snapshot().knowledge) == (ChildStatus.NOT_PLACED, Knowledge.KNOWN)


async def test_the_end_of_a_changed_order_says_at_which_price_it_stood() -> None:
    async with floor(V) as f:
        order = await f.start(amount="1", price="99", strategy="best_price")
        await f.wait(1)
        (child,) = order.children
        f.venues[V].faults.arm(Fault.TIMEOUT_PLACED, Call.AMEND)
        f.venues[V].faults.arm(StreamFault.DROPPED)  # the change itself
        changing = asyncio.ensure_future(f.engine.modify_execution(order.id, new_price="98.5"))
        await f.wait(0.5)
        f.feeds[V].change(asks={"98.5": "5"}, bids={"100": "0", "99.5": "0", "99": "0"})
        await f.wait(40)
        assert changing.done()
        assert (order.status, child.status, child.price) == (ParentStatus.FILLED, ChildStatus.FILLED, Decimal("98.5"))


async def _queued(f: Floor) -> Order:
    """A resting order behind our own rate limit, whose budget somebody else has just used up."""
    await f.engine.close()
    limits = RateLimits(requests_per_s=2, burst=2, for_orders=0)
    limited = LimitedConnector(f.venues[V], limits, f.clock)
    f.manager = OrderManager({V: limited}, clock=f.clock, journal=f.journal)
    f.engine = ExecutionEngine(f.manager, {V: limited}, f.books)
    for number in range(2):
        stranger = NewOrder(f"stranger{number}", SYMBOL, OrderSide.BUY, Decimal(1), Decimal(98))
        await f.do(limited.create_order(stranger))
    order = await f.start(amount="1", price="99", strategy="best_price")
    await f.wait(0.1)
    return order


async def test_takers_that_find_nothing_are_not_repeated_as_fast_as_the_venue_answers() -> None:
    async with floor(V) as f:
        f.venues[V].faults.arm_partial(probability=1.0)
        f.venues[V].faults.partial_share = Decimal(0)
        f.venues[V].faults.market_frozen = True
        order = await f.start(amount="1", price="102", strategy="twap", params={"duration": 20, "slices": 2, "style": "aggressive"})
        await f.wait(4)
        assert order.filled_amount == 0
        assert 5 <= len(order.children) <= 20


async def test_news_from_before_the_trader_looked_does_not_contradict_him() -> None:
    async with floor(V) as f:
        faults, truth = f.venues[V].faults, f.venues[V].truth
        faults.arm(Fault.CLOSED_AFTER)
        faults.chance(Fault.REFUSED_CONNECTION, 1.0, Call.QUERY)
        faults.arm(StreamFault.DROPPED)
        order = await f.start(amount="1", price="99", strategy="best_price")
        await f.wait(90)
        (child,) = order.children
        was_open = truth.orders[child.id].report()
        faults.arm(StreamFault.DROPPED)
        truth.cancel(SYMBOL, child.id)
        await f.engine.resolve_child(child.id, 0)
        await f.wait(10)
        record = f.manager.child(child.id)
        assert record is not None
        f.manager._take_order(record, was_open, False)
        assert order.snapshot().live_amount == 1
        assert child.snapshot().knowledge is Knowledge.KNOWN
