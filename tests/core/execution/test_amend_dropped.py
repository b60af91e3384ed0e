"""A change that does not come true leaves nothing behind: not the room that it needed, nor a parent that stands still."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from core.domain.enums import OrderSide
from core.domain.errors import JournalError, RiskDenied
from core.domain.orders import ChildStatus, ParentStatus
from core.exchanges.paper.faults import Call, Fault
from core.execution.risk.limits import UNLIMITED
from tests.core.exchanges.paper_desk import SYMBOL
from tests.core.execution.crashing import crash_floor
from tests.core.execution.fifteen_faults.tap import V, begin, resting
from tests.core.execution.floor import floor, shape


@pytest.mark.parametrize("fault", [Fault.TIMEOUT_LOST, Fault.REJECT])
async def test_a_raise_overtaken_by_another_price_leaves_the_old_amount(fault: Fault) -> None:
    async with floor(V) as f:
        order = await resting(f, "1")
        f.venues[V].faults.arm(fault, Call.AMEND)
        f.venues[V].faults.chance(Fault.REFUSED_CONNECTION, 1.0, Call.CANCEL)  # a refused change goes on as a cancel
        first = begin(f.engine.modify_execution(order.id, new_price="98.5", new_amount="3"))
        await f.wait(2)
        f.venues[V].faults.chance(Fault.REFUSED_CONNECTION, 0.0, Call.CANCEL)
        second = begin(f.engine.modify_execution(order.id, new_price="98"))
        await f.wait(60)
        assert (first.result(), second.result()) == (False, True)
        assert (order.amount, order.price) == (1, Decimal("98"))
        assert f.still_open(child.id for child in order.children) == 1


async def test_a_raise_overtaken_by_a_cancel_leaves_the_old_amount() -> None:
    async with floor(V) as f:
        order = await resting(f, "1")
        f.venues[V].faults.arm(Fault.TIMEOUT_LOST, Call.AMEND)
        changing = begin(f.engine.modify_execution(order.id, new_amount="3"))
        await f.wait(2)
        assert order.amount == 3  # as long as the venue may have taken it
        assert await f.do(f.engine.cancel_execution(order.id))
        assert changing.result() is False
        assert (order.status, order.amount) == (ParentStatus.CANCELLED, 1)


async def test_a_cancel_of_a_raise_that_loses_to_the_fill_of_the_old_amount_ends_filled() -> None:
    async with floor(V) as f:
        order = await resting(f, "1")
        f.venues[V].faults.arm(Fault.TIMEOUT_LOST, Call.AMEND)
        f.venues[V].faults.chance(Fault.TIMEOUT_LOST, 1.0, Call.CANCEL)
        begin(f.engine.modify_execution(order.id, new_amount="3"))
        await f.wait(2)
        begin(f.engine.cancel_execution(order.id))
        await f.wait(1)
        f.feeds[V].trade(OrderSide.SELL, "99", "500")
        await f.wait(100)
        assert (order.status, order.filled_amount, order.amount) == (ParentStatus.FILLED, 1, 1)


async def test_a_raise_that_arrives_after_it_was_dropped_stays_within_the_parent() -> None:
    async with floor(V) as f:
        order = await resting(f, "1")
        f.venues[V].faults.arm(Fault.TIMEOUT_THEN_ARRIVES, Call.AMEND)
        f.venues[V].faults.chance(Fault.REFUSED_CONNECTION, 1.0, Call.CANCEL)
        begin(f.engine.modify_execution(order.id, new_amount="3"))
        await f.wait(2)
        begin(f.engine.cancel_execution(order.id))
        await f.wait(15)
        assert f.still_open(child.id for child in order.children) == 3
        assert order.amount == 3  # never under what the venue holds
        f.venues[V].faults.clear()
        await f.wait(30)
        assert (order.status, order.amount) == (ParentStatus.CANCELLED, 1)


@pytest.mark.parametrize("taken", [False, True])
async def test_a_raise_dropped_by_a_crash_means_the_old_amount_and_never_less_than_the_venue_holds(taken: bool, tmp_path: Path) -> None:
    async with crash_floor(tmp_path / "journal.db", V) as world:
        faults = world.venues[V].faults
        async with world.session() as first:
            order = await first.start("buy", "1", "99", "best_price")
            await world.live(first, 1)
            faults.arm(Fault.TIMEOUT_PLACED if taken else Fault.TIMEOUT_LOST, Call.AMEND)
            faults.account_frozen = True
            begin(first.engine.modify_execution(order.id, new_amount="3"))
            await world.live(first, 3)
            await first.journal.durable()
        faults.clear()
        faults.account_frozen = False
        async with world.session() as second:
            back = second.manager.order(order.id)
            assert back.amount == 3  # it may have happened
            await world.live(second, 60)
            assert "was not completed and is dropped" in back.reason
            assert back.amount == (3 if taken else 1)
            assert second.engine.resume_execution(order.id)
            await world.live(second, 3)
            world.feeds[V].trade(OrderSide.SELL, "99", "51")
            await world.live(second, 5)
            if taken:
                world.venues[V].truth.cancel(SYMBOL, back.children[0].id)
                await world.live(second, 5)
            assert (back.status, back.filled_amount, back.amount) == (ParentStatus.FILLED, 1, 1)
            assert len(back.children) == 1
            world.check(second)


async def test_the_old_amount_holds_after_a_second_crash_as_well(tmp_path: Path) -> None:
    async with crash_floor(tmp_path / "journal.db", V) as world:
        async with world.session() as first:
            order = await first.start("buy", "1", "99", "best_price")
            await world.live(first, 1)
            world.venues[V].faults.arm(Fault.TIMEOUT_LOST, Call.AMEND)
            begin(first.engine.modify_execution(order.id, new_amount="3"))
            await world.live(first, 3)
            await first.journal.durable()
        async with world.session() as second:
            await world.live(second, 2)
            await second.journal.durable()
        async with world.session() as third:
            await world.live(third, 60)
            assert third.manager.order(order.id).amount == 1


async def test_a_change_that_the_order_rate_forbids_is_refused_in_its_words_and_the_order_goes_on() -> None:
    async with floor(V, limits=UNLIMITED.model_copy(update={"max_orders_per_minute": 1})) as f:
        order = await resting(f, "1")
        with pytest.raises(RiskDenied, match="Order rate: 1 orders went out in the last minute"):
            await f.do(f.engine.modify_execution(order.id, new_amount="2"))
        assert (order.status, order.amount) == (ParentStatus.RUNNING, 1)
        await f.wait(100)
        assert (order.status, order.amount, shape(order)) == (ParentStatus.RUNNING, 1, [(V, "1", "0", "open")])
        assert await f.do(f.engine.modify_execution(order.id, new_amount="2"))


async def test_a_change_on_a_stale_book_is_refused_in_its_words_and_the_order_goes_on() -> None:
    async with floor(V) as f:
        order = await resting(f, "1")
        f.feeds[V].gap()
        with pytest.raises(RiskDenied, match="Stale data"):
            await f.do(f.engine.modify_execution(order.id, new_amount="2"))
        await f.wait(5)
        assert (order.status, order.amount, shape(order)) == (ParentStatus.RUNNING, 1, [(V, "1", "0", "open")])


async def test_a_denied_change_of_a_paused_order_leaves_it_paused() -> None:
    async with floor(V, limits=UNLIMITED.model_copy(update={"max_orders_per_minute": 1})) as f:
        order = await resting(f, "1")
        f.venues[V].faults.chance(Fault.REFUSED_CONNECTION, 1.0, Call.CANCEL)
        assert f.engine.pause_execution(order.id)
        await f.wait(0.5)
        with pytest.raises(RiskDenied):
            await f.do(f.engine.modify_execution(order.id, new_amount="2"))
        assert (order.status, order.amount) == (ParentStatus.PAUSED, 1)
        f.venues[V].faults.clear()
        await f.wait(10)
        assert order.snapshot().live_amount == 0


async def test_a_change_that_can_not_be_recorded_is_refused_and_does_not_happen_later(monkeypatch: pytest.MonkeyPatch) -> None:
    async with floor(V) as f:
        order = await resting(f, "1")

        def broken() -> None:
            raise JournalError("the disk is full")

        monkeypatch.setattr(f.journal, "check", broken)
        with pytest.raises(JournalError, match="the disk is full"):
            await f.do(f.engine.modify_execution(order.id, new_amount="2"))
        monkeypatch.undo()
        await f.wait(10)
        assert (order.amount, shape(order)) == (1, [(V, "1", "0", "open")])


async def test_a_change_while_the_creates_answer_is_under_way_does_not_pause_the_order(monkeypatch: pytest.MonkeyPatch) -> None:
    async with floor(V) as f:
        f.venues[V].faults.arm(Fault.TIMEOUT_PLACED)
        order = await f.start(amount="1", price="99", strategy="best_price")
        await f.wait(1)
        assert order.children[0].status is ChildStatus.OPEN  # the stream has told
        changing = begin(f.engine.modify_execution(order.id, new_amount="2"))
        await f.wait(25)
        assert changing.result() is True
        assert (order.status, order.amount) == (ParentStatus.RUNNING, 2)
        assert f.still_open(child.id for child in order.children) == 2
