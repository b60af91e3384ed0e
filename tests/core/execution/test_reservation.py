"""What may still fill stays reserved: no child, no change and no cancel takes a parent past its amount, not even for a moment."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from core.domain.errors import ReservationExceeded
from core.domain.orders import ChildStatus, ParentStatus
from core.exchanges.paper.faults import Call, Fault, StreamFault
from tests.core.execution.fifteen_faults.tap import OTHER, V, begin, resting
from tests.core.execution.floor import floor, shape


async def test_lowering_waits_until_the_children_in_the_way_are_known_to_be_over() -> None:
    async with floor(V, OTHER) as f:
        order = await f.start(amount="4", price="99", strategy="split_evenly")
        await f.wait(1)
        f.venues[V].faults.arm(Fault.TIMEOUT_LOST, Call.CANCEL)
        changing = begin(f.engine.modify_execution(order.id, new_amount="1"))
        await f.wait(9)
        assert not changing.done()
        assert order.amount == 4  # 2 are cancelled by now; the other 2 may still fill
        assert order.snapshot().live_amount == 2
        assert order.status is ParentStatus.AMENDING
        await f.wait(20)
        assert changing.result() is True
        assert (order.amount, order.snapshot().live_amount) == (1, 1)
        assert f.still_open([child.id for child in order.children]) == 1


async def test_a_cancel_while_the_disk_is_slow_lets_nothing_leave() -> None:
    async with floor(V) as f:
        written, durable = asyncio.Event(), f.journal.durable

        async def slow() -> None:
            await written.wait()
            await durable()

        f.journal.durable = slow  # type: ignore[method-assign]  # this disk only
        starting = begin(f.start(amount="1", price="99", strategy="best_price"))
        for _ in range(5):
            await asyncio.sleep(0)
        (parent_id,) = f.manager.working()
        cancelling = begin(f.engine.cancel_execution(parent_id))
        for _ in range(5):
            await asyncio.sleep(0)
        written.set()
        await f.wait(5)
        assert starting.done()
        assert cancelling.result() is True
        order = f.manager.order(parent_id)
        assert shape(order) == [(V, "1", "0", "not_placed")]
        assert order.children[0].reason == "taken back before it was sent"
        assert order.children[0].status is ChildStatus.NOT_PLACED
        assert f.venues[V].truth.orders == {}


async def test_a_single_child_can_not_be_raised_past_its_parent() -> None:
    async with floor(V) as f:
        order = await resting(f, "2")
        with pytest.raises(ReservationExceeded, match=r"would take order .* past its 2\."):
            await f.do(f.engine.modify_execution(order.children[0].id, new_amount="2.5"))
        await f.wait(1)
        assert f.still_open([child.id for child in order.children]) == 2


async def test_a_parent_can_not_be_lowered_below_what_is_live() -> None:
    async with floor(V) as f:
        order = await resting(f, "2")
        with pytest.raises(ReservationExceeded, match="filled or live, more than the new amount 1"):
            f.manager.change_request(f.manager.parent(order.id), price=Decimal(99), amount=Decimal(1))
        assert order.amount == 2


@pytest.mark.parametrize("new_amount", ["1", "3"])
@pytest.mark.parametrize("fault", [Fault.TIMEOUT_LOST, Fault.TIMEOUT_PLACED])
async def test_an_unanswered_change_reserves_the_larger_of_old_and_new(new_amount: str, fault: Fault) -> None:
    async with floor(V) as f:
        order = await resting(f, "3")
        child = order.children[0]
        assert await f.do(f.engine.modify_execution(child.id, new_amount="2"))
        f.venues[V].faults.arm(fault, Call.AMEND)
        f.venues[V].faults.chance(StreamFault.DROPPED, 1.0)
        f.venues[V].faults.chance(Fault.REFUSED_CONNECTION, 1.0, Call.QUERY)
        begin(f.engine.modify_execution(child.id, new_amount=new_amount))
        await f.wait(0.001)
        assert order.snapshot().live_amount == max(Decimal(2), Decimal(new_amount))
        await f.wait(20)
        assert order.snapshot().live_amount == max(Decimal(2), Decimal(new_amount))
        f.venues[V].faults.clear()
        await f.wait(60)
        assert order.snapshot().live_amount == f.still_open([child.id])
