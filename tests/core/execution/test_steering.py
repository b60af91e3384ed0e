"""Cancel, modify, pause: what the trader asks of an order under way."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from core.domain.errors import BadAmount, BadPrice, NotPossible, UnknownOrder
from core.domain.orders import ChildStatus, ParentStatus, PendingAction
from core.exchanges.paper.faults import Call, Fault
from core.execution.order import Order
from tests.core.execution.floor import Floor, floor


async def resting(f: Floor, amount: str = "2", price: str = "99") -> Order:
    order = await f.start(amount=amount, price=price, strategy="best_price")
    await f.wait(1)
    assert [child.status for child in order.children] == [ChildStatus.OPEN]
    return order


async def test_cancelling_a_parent_cancels_its_children_on_the_venue() -> None:
    async with floor("binance_spot") as f:
        order = await resting(f)
        assert await f.do(f.engine.cancel_execution(order.id))
        assert order.status is ParentStatus.CANCELLED
        assert [child.status for child in order.children] == [ChildStatus.CANCELLED]
        assert not await f.do(f.venues["binance_spot"].open_orders("BTC/USDT"))


async def test_no_child_is_sent_after_a_cancel_was_asked_for() -> None:
    async with floor("binance_spot", "okx_spot") as f:
        order = await f.start(amount="20", price="101.5")
        task = asyncio.ensure_future(f.engine.cancel_execution(order.id))
        await asyncio.sleep(0)
        sent = len(order.children)
        await f.wait(20)
        assert len(order.children) == sent
        assert order.status in (ParentStatus.CANCELLED, ParentStatus.FILLED)
        await task


async def test_a_cancel_that_loses_to_a_fill_ends_filled_and_nothing_replaces_it() -> None:
    async with floor("binance_spot") as f:
        order = await resting(f, amount="1")
        cancelling = asyncio.ensure_future(f.engine.cancel_execution(order.id))
        f.feeds["binance_spot"].change(asks={"99": "5"}, bids={"100": "0", "99.5": "0", "99": "0"})
        await f.wait(20)
        assert not await cancelling
        assert order.status is ParentStatus.FILLED
        assert len(order.children) == 1
        assert f.all_truth() == 1


async def test_a_cancel_that_times_out_keeps_its_size_reserved_and_is_asked_again() -> None:
    async with floor("binance_spot") as f:
        order = await resting(f)
        f.venues["binance_spot"].faults.arm(Fault.TIMEOUT_LOST, Call.CANCEL)
        cancelling = asyncio.ensure_future(f.engine.cancel_execution(order.id))
        await f.wait(5)
        assert order.snapshot().live_amount == 2
        assert order.children[0].snapshot().pending is PendingAction.CANCEL
        await f.wait(30)
        assert await cancelling
        assert order.status is ParentStatus.CANCELLED


async def test_cancelling_one_child_of_a_router_takes_its_amount_back_for_good() -> None:
    async with floor("binance_spot") as f:
        order = await f.start(amount="5", price="101")
        await f.wait(3)
        (child,) = [child for child in order.children if child.snapshot().live_amount]
        assert await f.do(f.engine.cancel_execution(child.id))
        await f.do(order.done())
        assert order.status is ParentStatus.COMPLETED
        assert order.filled_amount == 3
        assert len(order.children) == 2


async def test_the_traders_cancel_of_a_child_counts_although_a_cancel_of_it_is_under_way() -> None:
    async with floor("binance_spot") as f:
        order = await resting(f)
        (child,) = order.children
        assert f.engine.pause_execution(order.id)  # which takes it back, to place it again later
        await f.wait(0.001)
        assert await f.do(f.engine.cancel_execution(child.id))
        f.engine.resume_execution(order.id)
        await f.do(order.done())
        assert (order.status, len(order.children)) == (ParentStatus.COMPLETED, 1)


async def test_a_resting_parent_takes_a_new_price_and_amount_in_place() -> None:
    async with floor("binance_spot") as f:
        order = await resting(f)
        assert await f.do(f.engine.modify_execution(order.id, new_price="99.5", new_amount="3"))
        assert (order.price, order.amount) == (Decimal("99.5"), Decimal("3"))
        assert [(c.price, c.amount, c.status) for c in order.children] == [(Decimal("99.5"), Decimal("3"), ChildStatus.OPEN)]
        assert order.status is ParentStatus.RUNNING


async def test_a_refused_amend_falls_back_to_cancel_and_place_again() -> None:
    async with floor("binance_spot") as f:
        order = await resting(f)
        f.venues["binance_spot"].faults.arm(Fault.REJECT, Call.AMEND)
        assert await f.do(f.engine.modify_execution(order.id, new_price="99.5"))
        await f.wait(2)
        assert [child.status for child in order.children] == [ChildStatus.CANCELLED, ChildStatus.OPEN]
        assert order.children[-1].price == Decimal("99.5")


async def test_an_amend_whose_answer_is_lost_is_settled_by_evidence() -> None:
    async with floor("binance_spot") as f:
        order = await resting(f)
        f.venues["binance_spot"].faults.arm(Fault.TIMEOUT_PLACED, Call.AMEND)
        assert await f.do(f.engine.modify_execution(order.id, new_price="99.5", new_amount="3"))
        await f.wait(5)
        assert order.snapshot().live_amount == 3
        assert (order.price, order.amount) == (Decimal("99.5"), Decimal("3"))


async def test_an_amount_below_what_is_filled_is_refused_before_anything_happens() -> None:
    async with floor("binance_spot") as f:
        order = await f.start(amount="5", price="101")
        await f.wait(3)
        assert order.filled_amount == 3
        with pytest.raises(BadAmount, match="3 is filled already"):
            await f.engine.modify_execution(order.id, new_amount="2.99")
        assert order.amount == 5


async def test_lowering_to_what_is_filled_completes_the_order() -> None:
    async with floor("binance_spot") as f:
        order = await f.start(amount="5", price="101")
        await f.wait(3)
        assert await f.do(f.engine.modify_execution(order.id, new_amount="3"))
        await f.do(order.done())
        assert order.status is ParentStatus.FILLED
        assert f.all_truth() == 3


async def test_a_fill_while_the_amount_is_lowered_is_never_lost() -> None:
    async with floor("binance_spot") as f:
        order = await resting(f, amount="4")
        f.feeds["binance_spot"].change(bids={"100": "0", "99.5": "0", "99": "0"})
        lowering = asyncio.ensure_future(f.engine.modify_execution(order.id, new_amount="1"))
        f.feeds["binance_spot"].change(asks={"99": "3"})
        await f.wait(20)
        await lowering
        assert order.filled_amount == f.all_truth() == 3
        assert order.amount == 3
        assert order.status is ParentStatus.FILLED


async def test_modifying_a_child_alone_changes_just_that_child() -> None:
    async with floor("binance_spot") as f:
        order = await resting(f)
        (child,) = order.children
        assert await f.do(f.engine.modify_execution(child.id, new_price="98.5", new_amount="1.5"))
        assert (child.price, child.amount) == (Decimal("98.5"), Decimal("1.5"))
        assert (order.price, order.amount) == (Decimal("99"), Decimal("2"))


async def test_a_child_can_not_be_moved_past_its_parents_limit() -> None:
    async with floor("binance_spot") as f:
        order = await resting(f)
        with pytest.raises(BadPrice, match="past the parent's limit"):
            await f.engine.modify_execution(order.children[0].id, new_price="99.5")


async def test_pause_takes_resting_orders_back_and_resume_places_them_again() -> None:
    async with floor("binance_spot") as f:
        order = await resting(f)
        assert f.engine.pause_execution(order.id)
        await f.wait(3)
        assert order.status is ParentStatus.PAUSED
        assert order.snapshot().live_amount == 0
        assert f.engine.resume_execution(order.id)
        await f.wait(3)
        assert order.snapshot().live_amount == 2


async def test_the_kill_switch_cancels_everything_everywhere() -> None:
    async with floor("binance_spot", "okx_spot") as f:
        orders = [await resting(f) for _ in range(3)]
        assert await f.do(f.engine.cancel_all()) == 3
        assert [order.status for order in orders] == [ParentStatus.CANCELLED] * 3


async def test_what_is_over_can_not_be_steered() -> None:
    async with floor("binance_spot") as f:
        order = await f.trade(amount="1")
        assert not await f.engine.cancel_execution(order.id)
        with pytest.raises(NotPossible, match="is filled"):
            await f.engine.modify_execution(order.id, new_amount="9")
        with pytest.raises(UnknownOrder):
            await f.engine.cancel_execution("P-nothing")
