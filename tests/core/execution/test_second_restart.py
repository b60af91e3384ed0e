"""What one restart has found has to be there for the next: an hour later, a second later, and whatever happened in between."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from core.domain.enums import OrderSide
from core.domain.errors import NotPossible, RiskDenied
from core.domain.orders import Knowledge, ParentStatus
from core.exchanges.paper.faults import Call, Fault
from core.execution.risk.limits import UNLIMITED
from tests.core.exchanges.paper_desk import SYMBOL
from tests.core.execution.crashing import CrashFloor, Session, crash_floor
from tests.core.execution.floor import shape

V = "binance_spot"
HOUR_S = 3600
AGGRESSIVE = {"duration": 40, "slices": 4, "randomize": 0, "style": "aggressive"}


async def test_the_same_order_right_after_a_restart_is_taken_for_a_slip(tmp_path: Path) -> None:
    async with crash_floor(tmp_path / "journal.db", V) as floor:
        async with floor.session() as first:
            await first.start("buy", "1", "99", "best_price")
        async with floor.session() as second:
            second.engine.risk.set_limits(UNLIMITED.model_copy(update={"duplicate_window_s": 5}))
            await floor.live(second, 1)
            with pytest.raises(RiskDenied, match=r"1\.\d s ago"):
                await second.start("buy", "1", "99", "best_price")
            await floor.live(second, 5)
            await second.start("buy", "1", "99", "best_price")


@pytest.mark.parametrize("restarts", [2, 3])
async def test_a_schedule_stands_still_over_any_number_of_restarts(restarts: int, tmp_path: Path) -> None:
    """Each of them lives for an hour and does something else, so that the newest line of the journal is long after the pause."""
    async with crash_floor(tmp_path / "journal.db", V) as floor:
        async with floor.session() as first:
            twap = await first.start("buy", "4", "101.5", "twap", params=AGGRESSIVE)
            await floor.live(first, 15)
            assert twap.filled_amount == 2
            await first.journal.durable()
        for _ in range(restarts - 1):
            await floor.clock.advance(HOUR_S)
            async with floor.session() as between:
                await floor.live(between, HOUR_S)
                await between.start("buy", "0.1", "90", "best_price")
                await floor.live(between, 1)
                await between.journal.durable()
        await floor.clock.advance(HOUR_S)
        async with floor.session() as last:
            await floor.live(last, 1)
            floor.refill()
            order = last.manager.order(twap.id)
            assert last.engine.resume_execution(order.id)
            await floor.live(last, 3)
            assert order.filled_amount == 2  # the slice under way was done; the next one is due in its time
            await floor.live(last, 8)
            assert order.filled_amount == 3
            await floor.live(last, 10)
            assert order.status is ParentStatus.FILLED


@pytest.mark.parametrize("dies", [False, True])
async def test_a_schedule_that_was_paused_after_its_end_has_its_time_to_complete_once_it_goes_on(dies: bool, tmp_path: Path) -> None:
    async with crash_floor(tmp_path / "journal.db", V) as floor:
        async with floor.session() as first:
            floor.feeds[V].change(asks={"100.5": "0", "101": "0", "101.5": "0"})  # nothing within the limit
            twap = await first.start("buy", "1", "101.5", "twap", params={**AGGRESSIVE, "duration": 10, "slices": 2})
            await floor.live(first, 12)
            assert twap.filled_amount == 0
            assert first.engine.pause_execution(twap.id)
            await first.journal.durable()
            if not dies:
                await floor.live(first, HOUR_S)
                await _complete(floor, first, twap.id)
                return
        await floor.clock.advance(HOUR_S)
        async with floor.session() as second:
            await floor.live(second, 1)
            await _complete(floor, second, twap.id)


async def _complete(floor: CrashFloor, session: Session, order_id: str) -> None:
    order = session.manager.order(order_id)
    floor.refill()
    assert session.engine.resume_execution(order_id)
    await floor.live(session, 5)
    assert (order.status, order.filled_amount) == (ParentStatus.FILLED, Decimal(1))


async def test_what_rests_is_left_alone_by_a_second_restart_too(tmp_path: Path) -> None:
    async with crash_floor(tmp_path / "journal.db", V) as floor:
        async with floor.session() as first:
            resting = await first.start("buy", "2", "99", "best_price")
            await floor.live(first, 1)
        for _ in range(3):
            async with floor.session() as again:
                await floor.live(again, 5)
                order = again.manager.order(resting.id)
                assert order.status is ParentStatus.PAUSED
                assert shape(order) == [(V, "2", "0", "open")]
                await again.journal.durable()
        async with floor.session() as last:
            await floor.live(last, 1)
            assert last.engine.resume_execution(resting.id)
            await floor.live(last, 1)
            assert last.engine.pause_execution(resting.id)  # the trader's own pause takes it back, as ever
            await floor.live(last, 3)
            assert shape(last.manager.order(resting.id)) == [(V, "2", "0", "cancelled")]


async def test_a_pause_goes_on_after_a_restart_although_a_lost_child_needed_attention_meanwhile(tmp_path: Path) -> None:
    async with crash_floor(tmp_path / "journal.db", V) as floor:
        faults = floor.venues[V].faults
        async with floor.session() as first:
            resting = await first.start("buy", "1", "99", "best_price")
            await floor.live(first, 1)
            faults.chance(Fault.REFUSED_CONNECTION, 1.0, Call.CANCEL)
            faults.chance(Fault.REFUSED_CONNECTION, 1.0, Call.QUERY)
            assert first.engine.pause_execution(resting.id)
            await floor.live(first, 1)
            floor.venues[V].drop_stream()
            floor.venues[V].restore_stream()
            await floor.live(first, 90)
            assert resting.status is ParentStatus.NEEDS_ATTENTION
            await first.journal.durable()
        faults.clear()
        async with floor.session() as second:
            await floor.live(second, 10)
            order = second.manager.order(resting.id)
            assert order.status is ParentStatus.PAUSED
            assert shape(order) == [(V, "1", "0", "cancelled")]


async def _lost_while_it_was_taken_back(floor: CrashFloor, session: Session, *, kill: bool) -> str:
    """A create that nobody answers for, a cancel or a kill that was accepted, and a parent that needs attention."""
    faults = floor.venues[V].faults
    faults.arm(Fault.TIMEOUT_LOST)
    faults.chance(Fault.REFUSED_CONNECTION, 1.0, Call.QUERY)
    faults.chance(Fault.REFUSED_CONNECTION, 1.0, Call.CANCEL)
    order = await session.start("buy", "2", "99", "best_price")
    await floor.live(session, 15)
    taking_back = asyncio.ensure_future(session.engine.kill() if kill else session.engine.cancel_execution(order.id))
    await floor.live(session, 120)
    assert taking_back.result()
    assert order.status is ParentStatus.NEEDS_ATTENTION
    assert order.children[0].snapshot().knowledge is Knowledge.QUARANTINED
    session.engine.release_kill()
    return order.id


@pytest.mark.parametrize(("kill", "said"), [(False, "cancelled by the trader"), (True, "stopped by the kill switch")])
async def test_a_cancel_or_a_kill_survives_quarantine_and_restarts_and_nothing_is_sent_again(kill: bool, said: str, tmp_path: Path) -> None:
    async with crash_floor(tmp_path / "journal.db", V) as floor:
        async with floor.session() as first:
            order_id = await _lost_while_it_was_taken_back(floor, first, kill=kill)
            await first.journal.durable()
        async with floor.session() as second:  # the venue is as silent as before
            order = second.manager.order(order_id)
            await floor.live(second, 90)
            assert order.status is ParentStatus.NEEDS_ATTENTION
            assert not second.engine.resume_execution(order_id)
            await second.journal.durable()
        floor.venues[V].faults.clear()
        async with floor.session() as third:
            order = third.manager.order(order_id)
            assert not third.engine.resume_execution(order_id)
            await floor.live(third, 90)
            assert (order.status, order.reason) == (ParentStatus.CANCELLED, said)
            assert shape(order) == [(V, "2", "0", "not_placed")]
            assert not third.engine.resume_execution(order_id)
            assert not floor.venues[V].truth.orders


async def test_an_order_that_was_taken_back_and_needs_attention_can_be_neither_paused_nor_resumed_nor_changed(tmp_path: Path) -> None:
    async with crash_floor(tmp_path / "journal.db", V) as floor, floor.session() as session:
        order_id = await _lost_while_it_was_taken_back(floor, session, kill=False)
        assert not session.engine.pause_execution(order_id)
        assert not session.engine.resume_execution(order_id)
        with pytest.raises(NotPossible):
            await session.engine.modify_execution(order_id, new_price="99.5")
        floor.venues[V].faults.clear()
        await session.engine.resolve_child(session.manager.order(order_id).children[0].id)
        await floor.live(session, 5)
        order = session.manager.order(order_id)
        assert (order.status, order.reason) == (ParentStatus.CANCELLED, "cancelled by the trader")
        assert not floor.venues[V].truth.orders


def _hang_the_disk(floor: CrashFloor, session: Session, seconds: float) -> None:
    durable = session.manager.record.durable

    async def slow() -> None:
        await durable()
        await floor.clock.sleep(seconds)

    session.manager._sender._durable = slow


async def test_an_order_that_left_late_and_is_still_on_its_way_is_not_taken_for_absent(tmp_path: Path) -> None:
    """The disk hung between its intent and its request: what counts is how late it may have left, not when it was meant to."""
    async with crash_floor(tmp_path / "journal.db", V) as floor:
        faults = floor.venues[V].faults
        async with floor.session() as first:
            _hang_the_disk(floor, first, 46)
            faults.extra_latency_ms = 8_000
            resting = await first.start("buy", "1", "99", "best_price")
            await floor.live(first, 46.5)
            assert not floor.venues[V].truth.orders
        faults.extra_latency_ms = 0
        async with floor.session() as second:
            await floor.live(second, 2)
            assert second.engine.resume_execution(resting.id)
            await floor.live(second, 30)
            assert shape(second.manager.order(resting.id)) == [(V, "1", "0", "open")]
            floor.check(second)


async def test_a_change_that_left_late_and_is_still_on_its_way_is_not_taken_for_lost(tmp_path: Path) -> None:
    async with crash_floor(tmp_path / "journal.db", V) as floor:
        faults = floor.venues[V].faults
        async with floor.session() as first:
            resting = await first.start("buy", "2", "99", "best_price")
            await floor.live(first, 1)
            _hang_the_disk(floor, first, 46)
            faults.extra_latency_ms = 8_000
            changing = asyncio.ensure_future(first.engine.modify_execution(resting.children[0].id, new_amount="1"))
            await floor.live(first, 46.5)
            assert floor.venues[V].truth.open_orders(SYMBOL)[0].amount == 2
            changing.cancel()
            await asyncio.gather(changing, return_exceptions=True)
        faults.extra_latency_ms = 0
        async with floor.session() as second:
            await floor.live(second, 2)
            assert second.engine.resume_execution(resting.id)
            await floor.live(second, 30)
            order = second.manager.order(resting.id)
            assert shape(order) == [(V, "1", "0", "open")]
            floor.feeds[V].trade(OrderSide.SELL, "99", "60")  # 50 stood before it
            await floor.live(second, 5)
            assert order.status is ParentStatus.COMPLETED
            assert shape(order) == [(V, "1", "1", "filled")]  # what the trader took off is not placed again
            floor.check(second)
