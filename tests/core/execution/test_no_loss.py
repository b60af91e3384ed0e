"""The rule of no loss: whatever a venue answers, nothing is sent twice, lost, or executed past what was asked."""

from __future__ import annotations

import asyncio
import errno
from decimal import Decimal
from pathlib import Path
from unittest import mock

import pytest

from core.domain.enums import Liquidity, TimeInForce
from core.domain.errors import JournalError, NotPossible, ReservationExceeded
from core.domain.events import Notice, OrderEventKind
from core.domain.orders import ChildStatus, Fill, Knowledge, ParentStatus
from core.domain.plan import PlannedChild
from core.exchanges.connector import Capabilities, ConnectionChange
from core.exchanges.paper.connector import PaperConnector
from core.exchanges.paper.faults import Call, Fault, StreamFault
from core.journal.journal import Journal
from core.journal.store import Store, read_entries
from tests.core.execution.floor import floor, shape


async def test_a_submit_that_times_out_but_is_live_is_found_and_never_sent_again() -> None:
    async with floor("binance_spot") as f:
        f.venues["binance_spot"].faults.arm(Fault.TIMEOUT_PLACED)
        f.venues["binance_spot"].faults.arm(StreamFault.DROPPED)
        order = await f.start(amount="1", price="99", strategy="best_price")
        await f.wait(10.1)
        (child,) = order.children
        assert child.snapshot().knowledge is Knowledge.UNKNOWN
        assert order.snapshot().live_amount == 1
        await f.wait(5)
        assert child.snapshot().knowledge is Knowledge.KNOWN
        assert child.status is ChildStatus.OPEN
        assert len(f.venues["binance_spot"].truth.orders) == 1


async def test_a_submit_that_never_arrived_is_proven_absent_and_its_size_is_placed_anew_under_a_new_id() -> None:
    async with floor("binance_spot") as f:
        f.venues["binance_spot"].faults.arm(Fault.TIMEOUT_LOST)
        order = await f.start(amount="1", price="99", strategy="best_price")
        await f.wait(60)
        assert shape(order) == [("binance_spot", "1", "0", "not_placed"), ("binance_spot", "1", "0", "open")]
        assert len({child.id for child in order.children}) == 2
        assert len(f.venues["binance_spot"].truth.orders) == 1


async def test_a_request_that_arrives_after_the_timeout_is_still_one_order() -> None:
    async with floor("binance_spot") as f:
        f.venues["binance_spot"].faults.arm(Fault.TIMEOUT_THEN_ARRIVES)
        order = await f.start(amount="1", price="99", strategy="best_price")
        await f.wait(60)
        assert shape(order) == [("binance_spot", "1", "0", "open")]
        assert len(f.venues["binance_spot"].truth.orders) == 1


async def test_a_clock_that_is_set_forward_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with floor("binance_spot") as f:
        evidence = f.manager._evidence
        ahead = mock.Mock(wraps=f.clock)
        f.venues["binance_spot"].faults.late_s = 8.0
        f.venues["binance_spot"].faults.arm(Fault.TIMEOUT_THEN_ARRIVES)
        order = await f.start(amount="1", price="99", strategy="best_price")
        await f.wait(10.4)
        ahead.now_us = lambda: f.clock.now_us() + 20_000_000
        monkeypatch.setattr(evidence, "_clock", ahead)  # of this machine; the venues have their own
        await f.wait(40)
        assert shape(order) == [("binance_spot", "1", "0", "open")]


async def test_a_clock_that_is_set_forward_does_not_prove_a_change_lost_either(monkeypatch: pytest.MonkeyPatch) -> None:
    async with floor("binance_spot") as f:
        faults = f.venues["binance_spot"].faults
        order = await f.start(amount="1", price="99", strategy="best_price")
        await f.wait(1)
        faults.timeout_s, faults.late_s = 3.0, 12.0
        faults.arm(Fault.TIMEOUT_THEN_ARRIVES, Call.AMEND)
        changing = asyncio.ensure_future(f.engine.modify_execution(order.children[0].id, new_amount="0.5"))
        await f.wait(3.2)
        ahead = mock.Mock(wraps=f.clock)
        ahead.now_us = lambda: f.clock.now_us() + 20_000_000
        monkeypatch.setattr(f.manager._evidence, "_clock", ahead)
        child = f.manager.child(order.children[0].id)
        assert child is not None
        await f.wait(8)
        assert child.wish is not None  # it may still arrive
        await f.wait(10)
        assert (child.wish, child.amount) == (None, Decimal("0.5"))
        await asyncio.gather(changing, return_exceptions=True)


async def test_a_venue_that_takes_late_requests_longer_than_others_is_given_that_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PaperConnector, "capabilities", Capabilities(late_s=35))
    async with floor("binance_spot") as f:
        f.venues["binance_spot"].faults.late_s = 25.0
        f.venues["binance_spot"].faults.arm(Fault.TIMEOUT_THEN_ARRIVES)
        order = await f.start(amount="1", price="99", strategy="best_price")
        await f.wait(60)
        assert shape(order) == [("binance_spot", "1", "0", "open")]


@pytest.mark.parametrize("fault", [Fault.TIMEOUT_PLACED, Fault.CLOSED_AFTER, Fault.LOST_ACK])
async def test_an_instant_fill_behind_a_lost_answer_is_found_in_the_history(fault: Fault) -> None:
    async with floor("binance_spot") as f:
        venue = f.venues["binance_spot"]
        venue.faults.arm(fault)
        venue.faults.arm(StreamFault.DROPPED, times=10)
        order = await f.start(amount="1", price="101", strategy="best_price")
        await f.do(order.done())
        assert order.status is ParentStatus.FILLED
        assert order.filled_amount == f.all_truth() == 1
        assert len(order.children) == 1


async def test_failed_queries_are_no_evidence_and_the_order_stays_reserved() -> None:
    async with floor("binance_spot") as f:
        venue = f.venues["binance_spot"]
        venue.faults.arm(Fault.TIMEOUT_LOST)
        venue.faults.chance(Fault.REFUSED_CONNECTION, 1.0, Call.QUERY)
        order = await f.start(amount="1", price="99", strategy="best_price")
        await f.wait(40)
        assert order.children[0].snapshot().knowledge is Knowledge.UNKNOWN
        assert order.snapshot().live_amount == 1
        assert len(order.children) == 1


async def test_without_evidence_by_the_deadline_the_trader_is_asked_and_late_evidence_still_counts() -> None:
    async with floor("binance_spot") as f:
        venue = f.venues["binance_spot"]
        venue.faults.arm(Fault.TIMEOUT_PLACED)
        venue.faults.arm(StreamFault.DROPPED, times=10)
        venue.faults.chance(Fault.REFUSED_CONNECTION, 1.0, Call.QUERY)
        order = await f.start(amount="1", price="101", strategy="best_price")
        await f.wait(90)
        assert order.status is ParentStatus.NEEDS_ATTENTION
        assert "check it there" in order.reason
        assert order.snapshot().live_amount == 1
        venue.faults.chance(Fault.REFUSED_CONNECTION, 0.0, Call.QUERY)
        await f.do(order.done())
        assert order.status is ParentStatus.FILLED
        assert order.filled_amount == f.all_truth() == 1


@pytest.mark.parametrize("fault", [StreamFault.DUPLICATED, StreamFault.DELAYED, StreamFault.REORDERED, StreamFault.DROPPED])
async def test_fills_count_once_however_the_stream_tells_them(fault: StreamFault) -> None:
    async with floor("binance_spot", "okx_spot") as f:
        for venue in f.venues.values():
            venue.faults.chance(fault, 1.0)
        order = await f.trade(amount="5", price="101")
        assert order.status is ParentStatus.FILLED
        assert order.filled_amount == f.all_truth() == 5
        assert len({(fill.venue, fill.trade_id) for fill in order.fills}) == len(order.fills)


async def test_after_a_reconnect_every_open_order_is_checked_with_the_venue() -> None:
    async with floor("binance_spot") as f:
        venue = f.venues["binance_spot"]
        order = await f.start(amount="1", price="99", strategy="best_price")
        await f.wait(1)
        venue.faults.chance(StreamFault.DROPPED, 1.0)
        f.feeds["binance_spot"].change(asks={"99": "5"}, bids={"100": "0", "99.5": "0", "99": "0"})
        await f.wait(1)
        assert order.filled_amount == 0
        f.manager._on_account(ConnectionChange("binance_spot", connected=True, ts_us=f.clock.now_us()))
        await f.do(order.done())
        assert order.filled_amount == 1


async def test_a_late_fill_is_counted_and_flagged_never_dropped() -> None:
    async with floor("binance_spot") as f:
        order = await f.start(amount="1", price="99", strategy="best_price")
        await f.wait(1)
        await f.do(f.engine.cancel_execution(order.id))
        (child,) = order.children
        fill = Fill(
            "binance_spot",
            "late-1",
            child.id,
            "BTC/USDT",
            order.side,
            Decimal("99"),
            Decimal("0.4"),
            Decimal(0),
            "USDT",
            Liquidity.MAKER,
            f.clock.now_us(),
        )
        f.manager._on_account(fill)
        f.manager._on_account(fill)
        assert order.filled_amount == Decimal("0.4")
        assert "late_fill" in child.snapshot().flags
        assert child.status is ChildStatus.CANCELLED


async def test_an_overfill_is_recorded_flagged_and_stops_the_parent() -> None:
    async with floor("binance_spot") as f:
        order = await f.start(amount="1", price="99", strategy="best_price")
        await f.wait(1)
        (child,) = order.children
        f.manager._on_account(
            Fill(
                "binance_spot",
                "odd-1",
                child.id,
                "BTC/USDT",
                order.side,
                Decimal("99"),
                Decimal("1.5"),
                Decimal(0),
                "USDT",
                Liquidity.MAKER,
                f.clock.now_us(),
            )
        )
        await f.wait(3)
        f.broken.clear()  # the venue broke the rule; what counts is that it is shown
        assert order.filled_amount == Decimal("1.5")
        assert "overfill" in order.snapshot().flags
        assert order.status is ParentStatus.FILLED
        assert "more than was asked" in order.reason
        assert any(event.kind is OrderEventKind.FLAGGED for event in f.events)


async def test_a_child_that_would_pass_the_parents_amount_is_not_sent() -> None:
    async with floor("binance_spot") as f:
        order = await f.start(amount="1", price="99", strategy="best_price")
        await f.wait(1)
        parent = f.manager.parent(order.id)
        with pytest.raises(ReservationExceeded):
            f.manager.submit(
                parent,
                [PlannedChild("binance_spot", order.side, Decimal("99"), Decimal("0.01"), TimeInForce.GTC, None, Decimal(0), Decimal(0))],
            )
        assert len(f.venues["binance_spot"].truth.orders) == 1


async def test_an_intent_is_durable_before_its_order_reaches_the_venue(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    async with floor("binance_spot", journal=Journal(path)) as f:
        seen: list[bool] = []

        def look(*_: object) -> None:
            sent = set(f.venues["binance_spot"].truth.orders)
            seen.append(sent <= {entry.order_id for entry in read_entries(path) if entry.kind == "intent"})

        f.venues["binance_spot"].on_account(look)
        order = await f.trade(amount="3", price="101")
        assert order.status is ParentStatus.FILLED
        assert seen
        assert all(seen)


async def test_when_the_journal_can_not_be_written_nothing_is_sent_cancels_still_work_and_resuming_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with floor("binance_spot") as f:
        notices: list[Notice] = []
        f.manager.on_notice(notices.append)
        resting = await f.start(amount="1", price="99", strategy="best_price")
        await f.wait(1)
        venue = f.venues["binance_spot"]
        waiting = f.engine.request(symbol="BTC/USDT", side="buy", amount="5", price="101", strategy="price_optimized_liquidity")

        def full(*_: object) -> None:
            raise JournalError("The journal can't be written: the disk is full.", detail=OSError(errno.ENOSPC, "No space left on device"))

        with monkeypatch.context() as disk:
            disk.setattr(Store, "write", full)
            with pytest.raises(JournalError, match="disk is full"):
                await f.engine.execute(waiting)
            await f.wait(5)
            assert resting.status is ParentStatus.PAUSED
            assert "disk is full" in resting.reason
            assert shape(resting) == [("binance_spot", "1", "0", "cancelled")]
            with pytest.raises(JournalError, match="disk is full"):
                await f.engine.execute(waiting)
            assert list(venue.truth.orders) == [resting.children[0].id]
        f.journal.flush()
        assert [notice.level for notice in notices] == ["error", "info"]
        assert f.engine.resume_execution(resting.id)
        await f.wait(5)
        assert shape(resting)[1:] == [("binance_spot", "1", "0", "open")]
        kinds = [(entry.kind, entry.body.get("status")) for entry in f.journal.entries(resting.children[0].id)]
        assert kinds[-1] == ("state", "cancelled")  # what happened while the disk was full is in it


async def test_closing_the_desk_leaves_orders_on_the_venue_and_no_task_behind() -> None:
    async with floor("binance_spot") as f:
        await f.start(amount="1", price="99", strategy="best_price")
        await f.wait(1)
        await f.engine.close()
        await f.manager.close()
        with pytest.raises(RuntimeError, match="closed"):
            await f.engine.execute_order("BTC/USDT", "buy", "1", "limit", "99", "best_price")
        assert len(f.venues["binance_spot"].truth.orders) == 1
        assert not [task for task in asyncio.all_tasks() if task.get_name().startswith(("worker", "send", "evidence"))]


async def test_a_paused_parent_takes_no_children() -> None:
    async with floor("binance_spot") as f:
        order = await f.start(amount="1", price="99", strategy="best_price")
        await f.wait(1)
        f.engine.pause_execution(order.id)
        with pytest.raises(NotPossible, match="takes no new children"):
            f.manager.submit(f.manager.parent(order.id), [])
