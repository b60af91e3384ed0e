"""An answer is as old as its question: what was told or asked while it was on its way is newer, and it says nothing against that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.domain.enums import Liquidity, OrderSide
from core.domain.orders import ChildStatus, Fill, Knowledge, ParentStatus, PendingAction
from core.exchanges.connector import VenueOrder, VenueOrderStatus
from core.exchanges.paper.faults import Call, Fault, StreamFault
from core.execution.order import Order
from tests.core.exchanges.paper_desk import SYMBOL
from tests.core.execution.crashing import crash_floor
from tests.core.execution.fifteen_faults.tap import V, begin, resting
from tests.core.execution.floor import Floor, floor, shape


def slow_answers(f: Floor, patch: pytest.MonkeyPatch, seconds: float) -> None:
    """A look-up is processed at once; its answer takes so long. The list of open orders takes its time as well."""
    venue = f.venues[V]

    async def find(symbol: str, client_id: str) -> VenueOrder | None:
        news = venue.truth.find(symbol, client_id)
        await f.clock.sleep(seconds)
        return news

    async def open_orders(symbol: str) -> Sequence[VenueOrder]:
        await f.clock.sleep(20)
        return venue.truth.open_orders(symbol)

    patch.setattr(venue, "find_order", find)
    patch.setattr(venue, "open_orders", open_orders)


async def test_an_answer_from_before_a_late_change_does_not_take_it_back(monkeypatch: pytest.MonkeyPatch) -> None:
    async with floor(V) as f:
        order = await resting(f, "1")
        slow_answers(f, monkeypatch, 3.0)
        f.venues[V].faults.late_s = 1.0
        f.venues[V].faults.arm(Fault.TIMEOUT_THEN_ARRIVES, Call.AMEND)
        begin(f.engine.modify_execution(order.id, new_amount="3"))
        await f.wait(14)
        assert shape(order) == [(V, "3", "0", "open")]
        f.feeds[V].trade(OrderSide.SELL, "99", "51")
        await f.wait(2)
        assert shape(order) == [(V, "3", "1", "partially_filled")]
        f.feeds[V].trade(OrderSide.SELL, "99", "500")
        await f.do(order.done())
        assert (order.status, order.filled_amount) == (ParentStatus.FILLED, 3)


async def test_the_look_up_of_a_reconnect_does_not_take_a_change_back_that_it_crossed(monkeypatch: pytest.MonkeyPatch) -> None:
    async with floor(V) as f:
        order = await resting(f, "1")
        venue = f.venues[V]
        slow_answers(f, monkeypatch, 0.15)

        async def slow_amend(symbol: str, client_id: str, *, price: Decimal, amount: Decimal) -> VenueOrder:
            await f.clock.sleep(0.3)
            return venue.truth.amend(symbol, client_id, price, amount)

        monkeypatch.setattr(venue, "amend_order", slow_amend)
        begin(f.engine.modify_execution(order.id, new_amount="3"))
        await f.wait(0.02)
        venue.drop_stream()
        venue.restore_stream()
        await f.wait(5)
        assert shape(order) == [(V, "3", "0", "open")]
        assert order.children[0].snapshot().knowledge is Knowledge.KNOWN


async def test_an_answer_from_before_a_cancel_does_not_make_the_cancel_a_failed_one(monkeypatch: pytest.MonkeyPatch) -> None:
    async with floor(V) as f:
        order = await resting(f, "2")
        child, venue = order.children[0], f.venues[V]
        slow_answers(f, monkeypatch, 1.0)
        venue.drop_stream()
        venue.restore_stream()
        await f.wait(0.5)  # the question of the reconnect is under way
        venue.faults.extra_latency_ms = 3000
        begin(f.engine.cancel_execution(child.id))
        await f.wait(1.2)
        assert child.snapshot().pending is PendingAction.CANCEL
        await f.wait(20)
        assert child.status is ChildStatus.CANCELLED
        assert order.snapshot().live_amount == 0  # the trader took it back: it is not placed again


async def test_a_change_may_still_arrive_when_it_could_have_at_the_moment_of_the_question(monkeypatch: pytest.MonkeyPatch) -> None:
    async with floor(V) as f:
        order = await resting(f, "3")
        child, venue = order.children[0], f.venues[V]
        assert await f.do(f.engine.modify_execution(child.id, new_amount="1"))
        slow_answers(f, monkeypatch, 9.0)
        venue.faults.arm(Fault.TIMEOUT_LOST, Call.AMEND)
        begin(f.engine.modify_execution(child.id, new_amount="3"))
        await f.wait(10.1)
        looks = [10.3, 19.8, 29.8]  # when questions leave; the second one before the fifteenth second after the timeout
        await f.wait(looks[1] + 8 - 10.1)
        assert order.snapshot().live_amount == 3
        await f.wait(5)  # answered after the fifteenth second, but asked before it
        assert order.snapshot().live_amount == 3
        await f.wait(30)
        assert order.snapshot().live_amount == 1


async def test_a_busy_order_can_be_looked_up_while_it_fills(monkeypatch: pytest.MonkeyPatch) -> None:
    async with floor(V) as f:
        order = await resting(f, "10")
        child, venue = order.children[0], f.venues[V]
        f.feeds[V].trade(OrderSide.SELL, "99", "51")
        await f.wait(1)
        assert child.status is ChildStatus.PARTIALLY_FILLED
        slow_answers(f, monkeypatch, 2.0)
        venue.drop_stream()
        venue.restore_stream()
        for _ in range(6):
            f.feeds[V].trade(OrderSide.SELL, "99", "1")
            await f.wait(0.5)
        assert child.snapshot().knowledge is Knowledge.KNOWN
        assert child.filled_amount == f.all_truth() == 7


def claim(child: Any, filled: str, ts_us: int) -> VenueOrder:
    """The venue says that a cancelled child was filled so far, after all."""
    return VenueOrder(V, SYMBOL, child.client_id, "x", OrderSide.BUY, child.price, child.amount, Decimal(filled), CANCELLED, ts_us)


CANCELLED = VenueOrderStatus.CANCELLED


async def paused_and_over(f: Floor) -> tuple[Order, Any]:
    """A paused parent whose only child was cancelled with nothing filled; its venue answers no questions."""
    order = await resting(f, "2")
    child = f.manager.parent(order.id).open_children[0]
    f.venues[V].faults.chance(Fault.REFUSED_CONNECTION, 1.0, Call.QUERY)
    f.engine.pause_execution(order.id)
    await f.wait(3)
    assert child.settled
    return order, child


async def test_what_a_venue_says_was_filled_of_an_ended_order_is_reserved_until_the_fills_are_there() -> None:
    async with floor(V) as f:
        order, child = await paused_and_over(f)
        f.manager._on_account(claim(child, "0.5", f.clock.now_us()))
        assert order.snapshot().live_amount == Decimal("0.5")
        assert f.engine.resume_execution(order.id)
        await f.wait(10)
        committed = order.filled_amount + order.snapshot().live_amount
        assert committed <= 2
        assert f.still_open(each.id for each in order.children) <= Decimal("1.5")
        late = Fill(
            V,
            "late",
            child.client_id,
            SYMBOL,
            OrderSide.BUY,
            Decimal(99),
            Decimal("0.5"),
            Decimal(0),
            "USDT",
            Liquidity.MAKER,
            f.clock.now_us(),
        )
        f.manager._on_account(late)
        await f.wait(10)
        assert (order.filled_amount, order.snapshot().live_amount) == (Decimal("0.5"), Decimal("1.5"))
        assert f.still_open(each.id for each in order.children) == Decimal("1.5")


async def test_an_order_is_not_over_while_fills_that_its_venue_spoke_of_are_missing() -> None:
    async with floor(V) as f:
        order, child = await paused_and_over(f)
        f.manager._on_account(claim(child, "2", f.clock.now_us()))
        cancelling = begin(f.engine.cancel_execution(order.id))
        await f.wait(5)
        assert order.status is ParentStatus.CANCELLING
        late = Fill(
            V,
            "late",
            child.client_id,
            SYMBOL,
            OrderSide.BUY,
            Decimal(99),
            Decimal(2),
            Decimal(0),
            "USDT",
            Liquidity.MAKER,
            f.clock.now_us(),
        )
        f.manager._on_account(late)
        await f.wait(5)
        assert order.status is ParentStatus.FILLED
        assert cancelling.result() is False


async def test_after_a_restart_the_fills_that_a_venue_spoke_of_are_looked_for_and_nothing_more_is_reserved(tmp_path: Path) -> None:
    async with crash_floor(tmp_path / "journal.db", V) as world:
        venue = world.venues[V]
        async with world.session() as first:
            order = await first.start("buy", "2", "99", "best_price")
            await world.live(first, 1)
            child = first.manager.parent(order.id).open_children[0]
            venue.faults.chance(StreamFault.DROPPED, 1.0)
            world.feeds[V].trade(OrderSide.SELL, "99", "50.5")
            venue.faults.clear()
            true = venue.truth.find(SYMBOL, child.client_id)
            assert true is not None
            assert true.filled == Decimal("0.5")
            venue.faults.chance(Fault.REFUSED_CONNECTION, 1.0, Call.QUERY)
            venue.truth.cancel(SYMBOL, child.client_id)
            ended = venue.truth.find(SYMBOL, child.client_id)
            assert ended is not None
            first.manager._on_account(replace(ended, filled=Decimal(0)))
            assert child.settled
            first.manager._on_account(ended)
            assert order.snapshot().live_amount == Decimal("0.5")
            await first.journal.durable()
        async with world.session() as second:
            assert second.manager.order(order.id).snapshot().live_amount == Decimal("0.5")
            venue.faults.clear()
            await world.live(second, 30)
            assert second.manager.order(order.id).filled_amount == Decimal("0.5")
