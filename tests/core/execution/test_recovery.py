"""Killed at any moment and started again: the same totals, no second order, and the trader decides when it goes on."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from core.domain.enums import OrderSide
from core.domain.errors import RiskDenied
from core.domain.events import Notice
from core.domain.orders import ChildStatus, ParentStatus
from core.exchanges.connector import NewOrder
from core.exchanges.paper.faults import Call, Fault
from core.execution.records import rebuild
from core.execution.risk.limits import UNLIMITED
from tests.core.exchanges.paper_desk import SYMBOL
from tests.core.execution.crashing import CrashFloor, Session, crash_floor
from tests.core.execution.floor import shape

V = "binance_spot"
Script = Callable[[CrashFloor, Session], Awaitable[None]]


async def sweep(floor: CrashFloor, session: Session) -> None:
    await session.start("buy", "5", "101", "price_optimized_liquidity")
    await floor.live(session, 3)


async def twap(floor: CrashFloor, session: Session) -> None:
    params = {"duration": 12, "slices": 3, "randomize": 0}
    await session.start("buy", "3", "101", "twap", params=params)
    await floor.live(session, 8)


async def iceberg(floor: CrashFloor, session: Session) -> None:
    await session.start("sell", "4", "100.5", "iceberg", params={"display_amount": "1"})
    await floor.live(session, 2)
    for taken in ("0.5", "1", "2"):
        floor.feeds["binance_spot"].trade(OrderSide.BUY, "100.5", taken)
        await floor.live(session, 2)


async def rest_then_cancel(floor: CrashFloor, session: Session) -> None:
    order = await session.start("buy", "1", "99", "best_price")
    await floor.live(session, 1)
    await meanwhile(floor, session, session.engine.cancel_execution(order.id))


async def rest_then_modify(floor: CrashFloor, session: Session) -> None:
    order = await session.start("buy", "2", "99", "best_price")
    await floor.live(session, 1)
    await meanwhile(floor, session, session.engine.modify_execution(order.id, new_price="98.5", new_amount="1"))


async def meanwhile(floor: CrashFloor, session: Session, wish: Coroutine[Any, Any, bool]) -> None:
    """Three seconds with a wish under way; who waited for it dies with the process."""
    waiting = asyncio.ensure_future(wish)
    try:
        await floor.live(session, 3)
    finally:
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


SCRIPTS: list[Script] = [sweep, twap, iceberg, rest_then_cancel, rest_then_modify]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("script", SCRIPTS)
async def test_killed_at_every_moment_nothing_is_lost_sent_twice_or_executed_too_much(script: Script, tmp_path: Path) -> None:
    ends_at, survived = 0, False
    while not survived:
        ends_at += 1
        async with crash_floor(tmp_path / f"{ends_at}.db") as floor:
            async with floor.session(ends_at) as first:
                doing = asyncio.ensure_future(script(floor, first))
                dying = asyncio.ensure_future(first.life.over.wait())
                await asyncio.wait([doing, dying], return_when=asyncio.FIRST_COMPLETED)
                survived = not first.life.over.is_set()
                for task in (doing, dying):
                    task.cancel()
                await asyncio.gather(doing, dying, return_exceptions=True)
            async with floor.session() as second:
                await floor.finish(second)
    assert ends_at > 20


async def test_a_restored_record_is_what_the_crash_left(tmp_path: Path) -> None:
    async with crash_floor(tmp_path / "journal.db") as floor, floor.session() as first:
        for script in SCRIPTS:
            await script(floor, first)
        floor.venues["binance_spot"].faults.arm(Fault.TIMEOUT_PLACED)
        await first.start("buy", "0.5", "98", "best_price")
        await floor.live(first, 11)
        lived = {parent_id: first.manager.parent(parent_id) for parent_id in (s.id for s in first.manager.snapshots() if s.is_parent)}
        assert len(lived) == len(SCRIPTS) + 1
        for story in first.journal.load():
            record, was = rebuild(story), lived[story.parent_id]
            assert replace(record, children={}, updated_us=0) == replace(was, children={}, updated_us=0)
            for child_id, child in was.children.items():
                assert replace(record.children[child_id], parent=was) == child


async def test_a_working_algo_comes_back_paused_with_its_schedule_and_goes_on_by_a_click_without_a_burst(tmp_path: Path) -> None:
    async with crash_floor(tmp_path / "journal.db", "binance_spot") as floor:
        async with floor.session() as first:
            params = {"duration": 40, "slices": 4, "randomize": 0, "style": "aggressive"}
            twap = await first.start("buy", "4", "101.5", "twap", params=params)
            await floor.live(first, 15)
            assert twap.filled_amount == 2
            await first.journal.durable()
        await floor.clock.advance(3600)
        async with floor.session() as second:
            order = second.manager.order(twap.id)
            await floor.live(second, 100)
            assert order.status is ParentStatus.PAUSED
            assert order.reason == "restored after a restart; resume when ready"
            assert order.filled_amount == 2
            assert len(order.children) == 2
            floor.feeds["binance_spot"].change(bids={"98": "1"})  # the market goes on
            assert second.engine.resume_execution(order.id)
            await floor.live(second, 3)
            assert order.filled_amount == 2  # the slice under way was done; the next one is due in its time
            await floor.live(second, 8)
            assert order.filled_amount == 3
            await floor.live(second, 10)
            assert order.status is ParentStatus.FILLED
            floor.check(second)


async def test_an_intent_that_never_left_is_proven_absent_and_placed_anew_only_when_the_trader_resumes(tmp_path: Path) -> None:
    async with crash_floor(tmp_path / "journal.db", "binance_spot") as floor:
        floor.venues["binance_spot"].faults.arm(Fault.TIMEOUT_LOST)
        async with floor.session() as first:
            resting = await first.start("buy", "1", "99", "best_price")
            await floor.live(first, 0.001)
            assert resting.children
        assert not floor.venues["binance_spot"].truth.orders
        async with floor.session() as second:
            order = second.manager.order(resting.id)
            await floor.live(second, 10)
            assert order.snapshot().live_amount == 1
            await floor.live(second, 40)
            assert shape(order) == [("binance_spot", "1", "0", "not_placed")]
            assert "0 found open" not in second.notices[0].sentence
            assert "1 proven never placed" in second.notices[-1].sentence
            second.engine.resume_execution(order.id)
            await floor.live(second, 5)
            assert shape(order)[1:] == [("binance_spot", "1", "0", "open")]
            floor.check(second)


async def test_what_rests_on_a_venue_stays_there_and_fills_that_were_missed_count_once(tmp_path: Path) -> None:
    async with crash_floor(tmp_path / "journal.db", "binance_spot") as floor:
        async with floor.session() as first:
            resting = await first.start("buy", "2", "99", "best_price")
            await floor.live(first, 1)
        floor.feeds["binance_spot"].trade(OrderSide.SELL, "99", "50.5")  # 50 stood before it
        await floor.clock.advance(1)
        async with floor.session() as second:
            order = second.manager.order(resting.id)
            await floor.live(second, 5)
            assert order.status is ParentStatus.PAUSED
            assert shape(order) == [("binance_spot", "2", "0.5", "partially_filled")]
            assert "1 child order found open and followed again" in second.notices[-1].sentence
            assert "1 missed fill counted" in second.notices[-1].sentence
            floor.feeds["binance_spot"].trade(OrderSide.SELL, "99", "2")
            await floor.live(second, 5)
            assert order.status is ParentStatus.FILLED
            assert len(order.fills) == 2
            await second.journal.durable()
        async with floor.session() as third:
            assert third.manager.order(resting.id).status is ParentStatus.FILLED
            assert third.manager.order(resting.id).filled_amount == 2
            assert not third.notices


async def test_a_cancel_goes_on_and_so_does_a_pause(tmp_path: Path) -> None:
    async with crash_floor(tmp_path / "journal.db", "binance_spot") as floor:
        faults = floor.venues["binance_spot"].faults
        async with floor.session() as first:
            cancelled, paused = await first.start("buy", "1", "99", "best_price"), await first.start("buy", "1", "98", "best_price")
            await floor.live(first, 1)
            faults.chance(Fault.REFUSED_CONNECTION, 1.0, Call.CANCEL)
            cancelling = asyncio.ensure_future(first.engine.cancel_execution(cancelled.id))
            assert first.engine.pause_execution(paused.id)
            await floor.live(first, 1)
            cancelling.cancel()
            await asyncio.gather(cancelling, return_exceptions=True)
            await first.journal.durable()
        faults.clear()
        async with floor.session() as second:
            await floor.live(second, 10)
            assert second.manager.order(cancelled.id).status is ParentStatus.CANCELLED
            assert second.manager.order(paused.id).status is ParentStatus.PAUSED
            assert shape(second.manager.order(paused.id)) == [("binance_spot", "1", "0", "cancelled")]
            assert not floor.venues["binance_spot"].truth.open_orders(SYMBOL)


async def test_a_single_orders_cancel_goes_on_and_its_amount_is_not_placed_again(tmp_path: Path) -> None:
    async with crash_floor(tmp_path / "journal.db", "binance_spot") as floor:
        faults = floor.venues["binance_spot"].faults
        async with floor.session() as first:
            resting = await first.start("buy", "1", "99", "best_price")
            await floor.live(first, 1)
            faults.arm(Fault.TIMEOUT_LOST, Call.CANCEL)
            await meanwhile(floor, first, first.engine.cancel_execution(resting.children[0].id))
            await first.journal.durable()
        async with floor.session() as second:
            order = second.manager.order(resting.id)
            await floor.live(second, 5)
            assert shape(order) == [("binance_spot", "1", "0", "cancelled")]
            second.engine.resume_execution(order.id)
            await floor.live(second, 5)
            assert len(order.children) == 1
            assert order.status is ParentStatus.COMPLETED


async def test_a_change_that_was_not_completed_is_dropped_and_the_trader_told(tmp_path: Path) -> None:
    async with crash_floor(tmp_path / "journal.db", "binance_spot") as floor:
        async with floor.session() as first:
            resting = await first.start("buy", "1", "99", "best_price")
            await floor.live(first, 1)
            floor.venues["binance_spot"].faults.arm(Fault.TIMEOUT_LOST, Call.AMEND)
            await meanwhile(floor, first, first.engine.modify_execution(resting.id, new_amount="0.5"))
            await first.journal.durable()
        async with floor.session() as second:
            order = second.manager.order(resting.id)
            assert "was not completed and is dropped" in order.reason
            assert order.snapshot().live_amount == 1
            await floor.live(second, 60)
            assert shape(order) == [("binance_spot", "1", "0", "open")]


async def test_a_trailing_stop_still_hangs_from_the_best_price_it_has_seen(tmp_path: Path) -> None:
    async with crash_floor(tmp_path / "journal.db", "binance_spot") as floor:
        async with floor.session() as first:
            stop = await first.engine.execute_order(SYMBOL, "sell", "1", "trailing_stop", trail_amount="2")
            floor.feeds["binance_spot"].change(bids={"103": "5"}, asks={"100.5": "0", "101": "0", "101.5": "0", "103.5": "5"})
            await floor.live(first, 2)
            assert "fires at 101" in stop.reason
            floor.feeds["binance_spot"].change(bids={"103": "0", "102": "5"})
            await floor.live(first, 2)
            await first.journal.durable()
        async with floor.session() as second:
            order = second.manager.order(stop.id)
            await floor.live(second, 5)
            assert order.status is ParentStatus.PAUSED
            assert second.engine.resume_execution(order.id)
            await floor.live(second, 2)
            assert order.status is ParentStatus.WAITING_TRIGGER
            assert "fires at 101" in order.reason
            await floor.finish(second)


async def test_an_order_whose_time_has_passed_meanwhile_is_taken_back_without_being_resumed(tmp_path: Path) -> None:
    async with crash_floor(tmp_path / "journal.db", "binance_spot") as floor:
        async with floor.session() as first:
            resting = await first.start("buy", "1", "99", "best_price", time_in_force="gtd", expires_in=60)
            await floor.live(first, 1)
        await floor.clock.advance(600)
        async with floor.session() as second:
            await floor.live(second, 5)
            assert second.manager.order(resting.id).status is ParentStatus.COMPLETED
            assert shape(second.manager.order(resting.id)) == [("binance_spot", "1", "0", "cancelled")]


async def test_what_its_costs_were_is_still_known(tmp_path: Path) -> None:
    async with crash_floor(tmp_path / "journal.db", "binance_spot") as floor:
        async with floor.session() as first:
            done = await first.start("buy", "2", "101", "price_optimized_liquidity")
            await floor.live(first, 5)
            assert done.status is ParentStatus.FILLED
            report = first.engine.tca(done.id)
            await first.journal.durable()
        async with floor.session() as second:
            assert second.engine.tca(done.id) == report
            assert second.manager.order(done.id).fills == done.fills


async def test_an_order_on_a_venue_that_is_not_open_now_stays_reserved_until_the_trader_decides(tmp_path: Path) -> None:
    async with crash_floor(tmp_path / "journal.db", "binance_spot", "okx_spot") as floor:
        async with floor.session() as first:
            resting = await first.start("buy", "1", "99", "best_price", exchanges=["okx_spot"])
            await floor.live(first, 1)
        del floor.venues["okx_spot"], floor.feeds["okx_spot"]
        async with floor.session() as second:
            order = second.manager.order(resting.id)
            await floor.live(second, 60)
            assert order.status is ParentStatus.NEEDS_ATTENTION
            assert "okx_spot is not open now" in order.reason
            assert order.snapshot().live_amount == 1
            assert not second.engine.resume_execution(order.id)
            assert "1 still unknown" in second.notices[-1].sentence
            await second.engine.resolve_child(order.children[0].id)
            assert order.snapshot().live_amount == 0


async def test_an_order_that_can_not_be_read_is_named_and_the_others_come_back(tmp_path: Path) -> None:
    async with crash_floor(tmp_path / "journal.db", "binance_spot") as floor:
        async with floor.session() as first:
            odd, good = await first.start("buy", "1", "99", "best_price"), await first.start("buy", "1", "98", "best_price")
            await floor.live(first, 1)
            first.journal.append(first.clock.now_us(), odd.id, "state", {"status": "from the future"})
            await first.journal.durable()
        async with floor.session() as second:
            assert second.notices[0].sentence.startswith(f"Order {odd.id} can't be read")
            assert second.manager.working() == [good.id]


async def test_orders_that_are_not_of_this_profile_are_shown_apart_and_left_alone(tmp_path: Path) -> None:
    async with crash_floor(tmp_path / "journal.db", "binance_spot") as floor:
        async with floor.session() as other_profile:
            await other_profile.start("buy", "1", "99", "best_price")
            await floor.live(other_profile, 1)
        truth = floor.venues["binance_spot"].truth
        truth.place(NewOrder("by-hand", SYMBOL, OrderSide.BUY, Decimal(1), Decimal("98.5")))
        floor.path = tmp_path / "another" / "journal.db"
        async with floor.session() as second:
            second.recovery.look_for_strangers([SYMBOL])
            await floor.live(second, 5)
            assert len(second.engine.reconciler.foreign_orders) == 2
            assert sorted(notice.level for notice in second.notices) == ["info", "warning"]
            assert any("not placed by Fathom: shown apart and left alone" in notice.sentence for notice in second.notices)
            assert any("by Fathom, but not from this profile" in notice.sentence for notice in second.notices)
            await floor.live(second, 100)
            assert len(truth.open_orders(SYMBOL)) == 2
            assert not second.manager.snapshots()


async def test_a_market_order_keeps_the_worst_price_it_had_when_it_first_traded(tmp_path: Path) -> None:
    """It is remembered with the first intents, in the same commit: a crash right after them must not lose it."""
    async with crash_floor(tmp_path / "journal.db", "binance_spot") as floor:
        async with floor.session() as first:
            market = await first.engine.execute_order(SYMBOL, "buy", "2", "market")
            worst = first.manager.parent(market.id).memory["worst"]
        async with floor.session() as second:
            assert second.manager.parent(market.id).memory["worst"] == worst
            assert second.manager.parent(market.id).rounds == 1
            await floor.finish(second)


async def test_a_late_fill_of_an_order_too_old_to_be_shown_is_recorded_and_counted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with crash_floor(tmp_path / "journal.db", "binance_spot") as floor:
        async with floor.session() as first:
            old = await first.start("buy", "1", "101", "price_optimized_liquidity")
            await floor.live(first, 2)
            assert old.status is ParentStatus.FILLED
            late = replace(old.fills[-1], trade_id="late", amount=Decimal("0.25"))
            await first.journal.durable()
        with monkeypatch.context() as patch:
            patch.setattr("core.execution.recovery.MOST_SHOWN", 0)
            async with floor.session() as second:
                notices: list[Notice] = []
                second.manager.on_notice(notices.append)
                assert not second.manager.snapshots()
                for _ in range(2):
                    second.manager._on_account(late)
                assert "a late fill of an order that ended long ago" in notices[0].sentence
                await second.journal.durable()
        async with floor.session() as third:
            assert third.manager.order(old.id).filled_amount == Decimal("1.25")
            assert "overfill" in third.manager.order(old.id).snapshot().flags


async def test_a_participation_cap_goes_on_counting_from_what_the_market_had_traded(tmp_path: Path) -> None:
    async def trade_on(session: Session, seconds: int) -> None:
        for _ in range(seconds):
            floor.feeds["binance_spot"].trade(OrderSide.BUY, "105", "1")
            await floor.live(session, 1)

    async with crash_floor(tmp_path / "journal.db", "binance_spot") as floor:
        async with floor.session() as first:
            params = {"duration": 60, "slices": 6, "randomize": 0, "style": "aggressive", "max_participation": 5}
            vwap = await first.start("buy", "4", "102", "vwap", params=params)
            await trade_on(first, 30)
            assert Decimal("1.2") < vwap.filled_amount <= Decimal("1.5")
            await first.journal.durable()
        async with floor.session() as second:
            await trade_on(second, 30)  # nobody takes part in this
            assert second.engine.resume_execution(vwap.id)
            await trade_on(second, 10)
            order = second.manager.order(vwap.id)
            assert Decimal("1.7") < order.filled_amount <= Decimal("2")
            await floor.finish(second)


def rewrite(path: Path, order_id: str, kind: str, **words: object) -> None:
    """The newest such line of an order says something else from now on."""
    with closing(sqlite3.connect(path)) as db:
        of_it = "FROM entries WHERE order_id = ? AND kind = ? ORDER BY seq DESC LIMIT 1"
        seq, body = db.execute(f"SELECT seq, body {of_it}", (order_id, kind)).fetchone()
        db.execute("UPDATE entries SET body = ? WHERE seq = ?", (orjson.dumps({**orjson.loads(body), **words}), seq))
        db.commit()


async def test_what_rests_of_an_order_that_can_not_be_read_is_taken_back_by_the_kill_switch(tmp_path: Path) -> None:
    async with crash_floor(tmp_path / "journal.db", V) as floor:
        async with floor.session() as first:
            odd = await first.start("buy", "1", "99", "best_price")
            await floor.live(first, 1)
            await first.journal.durable()
        rewrite(floor.path, odd.id, "state", status="from the future")
        async with floor.session() as second:
            await floor.live(second, 5)
            assert f"Order {odd.id} can't be read from the journal and is not followed; check {V}." in second.notices[0].sentence
            assert len(floor.venues[V].truth.open_orders(SYMBOL)) == 1
            killing = asyncio.ensure_future(second.engine.kill())
            await floor.live(second, 12)
            assert not floor.venues[V].truth.open_orders(SYMBOL)
            assert not killing.result().unconfirmed


async def test_an_order_whose_parameters_nobody_knows_any_more_can_be_cancelled(tmp_path: Path) -> None:
    async with crash_floor(tmp_path / "journal.db", V) as floor:
        async with floor.session() as first:
            old = await first.start("buy", "1", "99", "best_price")
            await floor.live(first, 1)
            await first.journal.durable()
        rewrite(floor.path, old.id, "parent", params={"renamed_since": 1})
        async with floor.session() as second:
            await floor.live(second, 5)
            order = second.manager.order(old.id)
            assert order.status is ParentStatus.PAUSED
            assert order.reason.startswith("can't go on after the restart, only be cancelled")
            assert not second.engine.resume_execution(order.id)
            cancelling = asyncio.ensure_future(second.engine.cancel_execution(order.id))
            await floor.live(second, 5)
            assert cancelling.result()
            assert order.status is ParentStatus.CANCELLED
            assert not floor.venues[V].truth.open_orders(SYMBOL)


async def test_a_change_that_waited_for_a_lost_order_is_said_to_be_dropped(tmp_path: Path) -> None:
    async with crash_floor(tmp_path / "journal.db", V) as floor:
        faults = floor.venues[V].faults
        async with floor.session() as first:
            faults.arm(Fault.TIMEOUT_LOST)
            faults.chance(Fault.REFUSED_CONNECTION, 1.0, Call.QUERY)
            order = await first.start("buy", "1", "99", "best_price")
            await floor.live(first, 90)
            assert order.status is ParentStatus.NEEDS_ATTENTION
            changing = asyncio.ensure_future(first.engine.modify_execution(order.id, new_price="98"))
            await floor.live(first, 2)
            await first.journal.durable()
        changing.cancel()
        faults.clear()
        async with floor.session() as second:
            restored = second.manager.order(order.id)
            assert "was not completed and is dropped" in restored.reason
            await floor.live(second, 30)
            assert restored.price == 99


HOUR_BACK_US = 3_600 * 1_000_000


async def test_a_computers_clock_that_was_set_back_before_the_restart_keeps_no_lost_order_waiting(tmp_path: Path) -> None:
    async with crash_floor(tmp_path / "journal.db", V) as floor:
        faults = floor.venues[V].faults
        async with floor.session() as first:
            faults.arm(Fault.TIMEOUT_LOST)
            faults.chance(Fault.REFUSED_CONNECTION, 1.0, Call.QUERY)
            lost = await first.start("buy", "1", "99", "best_price")
            await floor.live(first, 12)
            await first.journal.durable()
        faults.clear()
        floor.clock._now_us -= HOUR_BACK_US
        async with floor.session() as second:
            await floor.live(second, 40)
            assert second.manager.order(lost.id).children[0].status is ChildStatus.NOT_PLACED
            second.engine.risk.set_limits(UNLIMITED.model_copy(update={"duplicate_window_s": 10}))
            await second.start("buy", "1", "99", "best_price")  # the last one was placed long ago


@pytest.mark.parametrize("paused", [False, True])
@pytest.mark.parametrize("refused", [None, Fault.REJECT, Fault.REFUSED_CONNECTION])
async def test_nor_a_schedule(refused: Fault | None, paused: bool, tmp_path: Path) -> None:
    """Half done, or paused by the trader, or just refused by its venue."""
    params = {"duration": 120, "slices": 4, "randomize": 0, "style": "aggressive"}
    async with crash_floor(tmp_path / "journal.db", V) as floor:
        async with floor.session() as first:
            schedule = await first.start("buy", "4", "101.5", "twap", params=params)
            await floor.live(first, 15)
            if refused is not None:
                floor.venues[V].faults.chance(refused, 1.0, Call.CREATE)
            await floor.live(first, 20)
            if paused:
                first.engine.pause_execution(schedule.id)
                await floor.live(first, 2)
            await first.journal.durable()
        floor.venues[V].faults.clear()
        floor.clock._now_us -= HOUR_BACK_US
        async with floor.session() as second:
            await floor.live(second, 5)
            floor.refill()
            assert second.engine.resume_execution(schedule.id)
            await floor.live(second, 130)
            assert second.manager.order(schedule.id).status is ParentStatus.FILLED


async def test_nor_an_order_that_waits_for_the_books_to_refill(tmp_path: Path) -> None:
    async with crash_floor(tmp_path / "journal.db", V) as floor:
        async with floor.session() as first:
            patient = await first.start("buy", "4", "101.5", "minimal_market_impact")
            await floor.live(first, 3)
            await first.journal.durable()
            before = patient.filled_amount
            assert before < 4
        floor.clock._now_us -= HOUR_BACK_US
        async with floor.session() as second:
            await floor.live(second, 5)
            assert second.engine.resume_execution(patient.id)
            for _ in range(40):
                floor.refill()
                await floor.live(second, 5)
            assert second.manager.order(patient.id).filled_amount > before


async def test_a_change_that_was_refused_long_ago_is_not_said_to_be_dropped(tmp_path: Path) -> None:
    async with crash_floor(tmp_path / "journal.db", V) as floor:
        async with floor.session() as first:
            order = await first.start("buy", "1", "99", "best_price")
            await floor.live(first, 1)
            first.engine.risk.set_limits(UNLIMITED.model_copy(update={"max_order_notional": Decimal(150)}))
            changing = asyncio.ensure_future(first.engine.modify_execution(order.id, new_price="155"))
            await floor.live(first, 1)
            with pytest.raises(RiskDenied, match="over the limit of 150"):
                await changing
            floor.venues[V].faults.chance(Fault.REFUSED_CONNECTION, 1.0, Call.QUERY)
            child = first.manager.child(order.children[0].id)
            assert child is not None
            first.manager.doubt(child, "lost sight of")
            await floor.live(first, 90)
            assert order.status is ParentStatus.NEEDS_ATTENTION
            await first.journal.durable()
        async with floor.session() as second:
            assert "is dropped" not in second.manager.order(order.id).reason


async def test_an_order_that_was_being_cancelled_says_why_also_when_nobody_knows_its_parameters_any_more(tmp_path: Path) -> None:
    async with crash_floor(tmp_path / "journal.db", V) as floor:
        async with floor.session() as first:
            old = await first.start("buy", "1", "99", "best_price")
            await floor.live(first, 1)
            floor.venues[V].faults.chance(Fault.REFUSED_CONNECTION, 1.0, Call.CANCEL)
            killing = asyncio.ensure_future(first.engine.kill())
            await floor.live(first, 2)
            await first.journal.durable()
        killing.cancel()
        floor.venues[V].faults.clear()
        rewrite(floor.path, old.id, "parent", params={"renamed_since": 1})
        async with floor.session() as second:
            await floor.live(second, 10)
            order = second.manager.order(old.id)
            assert (order.status, order.reason) == (ParentStatus.CANCELLED, "stopped by the kill switch")
            assert not any("can't go on" in notice.sentence for notice in second.notices)
