"""Fault 12: the process dies between persist, send and answer. Every order is adopted or proven absent, and nothing bursts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.domain.orders import ChildStatus, ParentStatus
from core.exchanges.connector import NewOrder, VenueOrder
from tests.core.execution.crashing import CrashFloor, Session, Wire, crash_floor
from tests.core.execution.fifteen_faults.tap import V
from tests.core.execution.floor import shape

Dying = Callable[[Session, Wire], None]


async def until_dead(floor: CrashFloor, session: Session, work: Coroutine[Any, Any, Any]) -> None:
    """Let `work` and the time go on until the process is dead."""

    async def go_on() -> None:
        await work
        await floor.live(session, 60)

    going, dying = asyncio.ensure_future(go_on()), asyncio.ensure_future(session.life.over.wait())
    await asyncio.wait([going, dying], return_when=asyncio.FIRST_COMPLETED)
    assert dying.done()
    going.cancel()
    await asyncio.gather(going, dying, return_exceptions=True)


async def nothing_more() -> Any:
    await asyncio.get_running_loop().create_future()


def before_it_is_durable(session: Session, wire: Wire) -> None:
    """The intent was appended, but the commit never comes back."""

    async def hangs() -> None:
        session.life.over.set()
        await nothing_more()

    session.journal.durable = hangs  # type: ignore[method-assign]  # this process only


def between_persist_and_send(session: Session, wire: Wire) -> None:
    """The intent is on the disk, the order never leaves."""

    async def dies(order: NewOrder) -> VenueOrder:
        session.life.over.set()
        answer: VenueOrder = await nothing_more()
        return answer

    wire.create_order = dies  # type: ignore[method-assign]  # this process only


def between_send_and_answer(session: Session, wire: Wire) -> None:
    """The order leaves, and nobody is there for the answer."""
    send = wire._venue.create_order

    async def dies(order: NewOrder) -> VenueOrder:
        wire._sent[order.client_id] += 1
        sending = asyncio.ensure_future(send(order))
        session.life.over.set()
        await asyncio.sleep(0)
        return await sending

    wire.create_order = dies  # type: ignore[method-assign]  # this process only


MOMENTS: list[tuple[Dying, bool]] = [(before_it_is_durable, False), (between_persist_and_send, False), (between_send_and_answer, True)]


@pytest.mark.parametrize(("dying", "left"), MOMENTS, ids=[dying.__name__ for dying, _ in MOMENTS])
async def test_fault_12_crash_between_persist_send_and_ack(dying: Dying, left: bool, tmp_path: Path) -> None:
    async with crash_floor(tmp_path / "journal.db", V) as floor:
        async with floor.session() as first:
            await first.start("buy", "0.5", "98", "best_price")
            await floor.live(first, 1)
            dying(first, first.wires[V])
            await until_dead(floor, first, first.start("buy", "1", "99", "best_price"))
        await floor.clock.advance(1)  # what had left arrives
        truth = floor.venues[V].truth.orders
        assert len(truth) == 1 + left
        async with floor.session() as second:
            await floor.live(second, 60)
            floor.check(second)
            assert "0 still unknown" in second.notices[-1].sentence
            crashed = [second.manager.order(order_id) for order_id in second.manager.working()][1:]
            if left:  # adopted
                (order,) = crashed
                assert shape(order) == [(V, "1", "0", "open")]
                assert {child.id for child in order.children} <= truth.keys()
            elif crashed and crashed[0].children:  # proven absent
                assert shape(crashed[0]) == [(V, "1", "0", "not_placed")]
            assert len(truth) == 1 + left  # nothing is sent before the trader says so
            await floor.finish(second)


@pytest.mark.parametrize(("dying", "left"), MOMENTS[1:], ids=[dying.__name__ for dying, _ in MOMENTS[1:]])
async def test_fault_12_the_schedule_resumes_without_a_burst(dying: Dying, left: bool, tmp_path: Path) -> None:
    """Ten slices of 1; killed in the third; an hour later it goes on with what is missing, one slice after the other."""
    async with crash_floor(tmp_path / "journal.db", V) as floor:
        async with floor.session() as first:
            slices = {"duration": 100, "slices": 10, "randomize": 0, "style": "aggressive"}
            twap = await first.start("buy", "10", "101.5", "twap", params=slices)
            await floor.live(first, 15)
            assert twap.filled_amount == 2
            dying(first, first.wires[V])
            await floor.live(first, 10)
            assert first.life.over.is_set()
        await floor.clock.advance(3600)
        done = Decimal(3) if left else Decimal(2)
        assert sum(fill.amount for fill in floor.venues[V].truth.fills) == done
        async with floor.session() as second:
            order = second.manager.order(twap.id)
            await floor.live(second, 60)
            assert order.status is ParentStatus.PAUSED
            assert order.filled_amount == done
            assert order.children[2].status is (ChildStatus.FILLED if left else ChildStatus.NOT_PLACED)
            assert second.engine.resume_execution(order.id)
            await progress(floor, second, done)
            assert order.status is ParentStatus.FILLED
            assert order.filled_amount == sum(fill.amount for fill in floor.venues[V].truth.fills) == 10
            floor.check(second)


async def progress(floor: CrashFloor, session: Session, done: Decimal) -> None:
    """Ten seconds at a time; in none of them does more happen than two regular slices."""
    (order_id,) = session.manager.working()
    before = done
    for _ in range(12):
        floor.refill()
        await floor.live(session, 10)
        now = session.manager.order(order_id).filled_amount
        assert now - before <= 2
        before = now
