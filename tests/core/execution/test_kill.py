"""The kill switch, judged by the venues' own books: nothing of ours is open, or the trader is told where something may be."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from core.domain.errors import JournalError, RiskDenied
from core.domain.kill import KillReport, Unconfirmed
from core.domain.orders import Knowledge, ParentStatus
from core.exchanges.connector import NewOrder, VenueOrderStatus
from core.exchanges.limited import LimitedConnector
from core.exchanges.limiter import RateLimits
from core.exchanges.paper.faults import Call, Fault, StreamFault
from core.journal.entry import Kind
from tests.core.exchanges.paper_desk import BUY, SYMBOL
from tests.core.execution.crashing import crash_floor
from tests.core.execution.floor import Floor, floor

VENUES = ("binance_spot", "okx_spot", "bybit_spot")
TWAP = {"duration": 600, "slices": 10, "randomize": 0, "style": "passive"}


def open_at(f: Floor, venue: str) -> int:
    return sum(order.status is VenueOrderStatus.OPEN for order in f.venues[venue].truth.open_orders(SYMBOL))


def all_open(f: Floor) -> int:
    return sum(open_at(f, venue) for venue in f.venues)


async def busy(f: Floor) -> None:
    """A resting order on each venue, a schedule under way, and a stop that waits."""
    for venue in f.venues:
        await f.start(amount="1", price="99", strategy="best_price", exchanges=[venue])
    await f.start(amount="5", price="102", strategy="twap", params=TWAP)
    await f.engine.execute_order(SYMBOL, "sell", "1", "stop", trigger_price="90")
    await f.wait(1)
    assert all_open(f) == len(f.venues) + 1


async def test_everything_is_taken_back_and_the_venues_confirm_it() -> None:
    async with floor(*VENUES) as f:
        await busy(f)
        report = await f.do(f.engine.kill())
        assert all_open(f) == 0
        assert report == KillReport(parents=5, cancelled=4)
        assert report.sentence == "Killed: 5 parents, 4 orders cancelled."
        assert {s.status for s in f.manager.snapshots() if s.is_parent} == {ParentStatus.CANCELLED}
        assert {s.reason for s in f.manager.snapshots() if s.is_parent} == {"stopped by the kill switch"}


async def test_it_takes_a_second_when_the_venues_answer() -> None:
    async with floor(*VENUES) as f:
        await busy(f)
        started_us = f.clock.now_us()
        await f.do(f.engine.kill())
        assert f.clock.now_us() - started_us < 1_000_000


async def test_nothing_new_leaves_while_it_is_on() -> None:
    async with floor(*VENUES) as f:
        await f.do(f.engine.kill())
        assert f.engine.killed
        with pytest.raises(RiskDenied, match="stopped by the kill switch"):
            await f.start()
        request = f.engine.request(symbol=SYMBOL, side="buy", amount="1", order_type="limit", price="99")
        assert "kill switch" in f.engine.preview(request).blocking
        f.engine.release_kill()
        order = await f.trade(amount="1", price="101")
        assert order.status is ParentStatus.FILLED


async def test_an_order_on_its_way_to_a_venue_does_not_escape() -> None:
    async with floor("binance_spot") as f:
        await f.start(amount="1", price="99", strategy="best_price")
        await f.wait(0.005)
        report = await f.do(f.engine.kill())
        assert all_open(f) == 0
        assert not report.unconfirmed


async def test_a_cancel_that_loses_to_a_fill_is_counted_as_filled() -> None:
    async with floor("binance_spot") as f:
        await f.start(amount="1", price="99", strategy="best_price")
        await f.wait(1)
        f.venues["binance_spot"].faults.chance(StreamFault.DROPPED, 1.0)
        f.feeds["binance_spot"].change(asks={"99": "5"}, bids={"100": "0", "99.5": "0", "99": "0"})
        report = await f.do(f.engine.kill())
        assert (report.cancelled, report.filled) == (0, 1)
        assert report.sentence == "Killed: 1 parent, 0 orders cancelled, 1 filled first."


async def test_a_venue_that_fails_at_first_is_asked_again() -> None:
    async with floor(*VENUES) as f:
        await busy(f)
        faults = f.venues["okx_spot"].faults
        faults.arm(Fault.REFUSED_CONNECTION, Call.CANCEL, times=3)
        faults.arm(Fault.REFUSED_CONNECTION, Call.QUERY, times=3)
        report = await f.do(f.engine.kill())
        assert all_open(f) == 0
        assert not report.unconfirmed


async def test_a_venue_that_does_not_answer_is_named_with_what_may_be_live_there() -> None:
    async with floor(*VENUES) as f:
        await busy(f)
        faults = f.venues["okx_spot"].faults
        for call in (Call.CANCEL, Call.QUERY):
            faults.chance(Fault.REFUSED_CONNECTION, 1.0, call)
        started_us = f.clock.now_us()
        report = await f.do(f.engine.kill())
        assert 9_900_000 < f.clock.now_us() - started_us < 10_100_000
        left = {one.order_id for one in report.unconfirmed}
        assert left == {order.client_id for order in f.venues["okx_spot"].truth.open_orders(SYMBOL)}
        assert report.sentence.endswith(f"; {len(left)} not confirmed on okx_spot.")
        assert all("refused the connection" in one.why for one in report.unconfirmed)
        faults.clear()
        await f.wait(40)
        assert all_open(f) == 0


async def test_a_cancel_that_was_accepted_but_did_nothing_is_found_out() -> None:
    async with floor("binance_spot") as f:
        await f.start(amount="1", price="99", strategy="best_price")
        await f.wait(1)
        f.venues["binance_spot"].faults.chance(Fault.TIMEOUT_LOST, 1.0, Call.CANCEL)
        report = await f.do(f.engine.kill())
        assert report.cancelled == 0
        assert [one.venue for one in report.unconfirmed] == ["binance_spot"]


async def test_an_order_that_only_the_journal_remembers_is_taken_back() -> None:
    async with floor("binance_spot") as f:
        await f.trade(amount="0.5", price="101")
        f.journal.append(f.clock.now_us(), "fold", Kind.INTENT, {"parent": "P-long-over"})
        await f.journal.durable()
        await f.do(f.venues["binance_spot"].create_order(NewOrder("fold", SYMBOL, BUY, Decimal(1), Decimal(99))))
        report = await f.do(f.engine.kill())
        assert all_open(f) == 0
        assert not report.unconfirmed


@pytest.mark.parametrize("client_id", ["someone-else", "freqtradeorder0001", "floyw3v283xbdrughn"])
async def test_orders_that_this_profile_never_sent_are_left_alone_whatever_their_id_looks_like(client_id: str) -> None:
    async with floor("binance_spot") as f:
        await f.trade(amount="0.5", price="101")
        await f.do(f.venues["binance_spot"].create_order(NewOrder(client_id, SYMBOL, BUY, Decimal(1), Decimal(99))))
        report = await f.do(f.engine.kill())
        assert all_open(f) == 1
        assert not report.unconfirmed
        assert report.sentence == "Killed: 0 parents, 0 orders cancelled. 1 order not sent from here left open."


async def test_a_cancel_that_was_lost_does_not_keep_the_kill_switch_from_asking_again() -> None:
    async with floor("binance_spot") as f:
        order = await f.start(amount="2", price="99", strategy="best_price")
        await f.wait(1)
        faults = f.venues["binance_spot"].faults
        faults.arm(Fault.TIMEOUT_LOST, Call.CANCEL)
        faults.chance(Fault.TIMEOUT_LOST, 1.0, Call.QUERY)
        cancelling = asyncio.ensure_future(f.engine.cancel_execution(order.id))
        await f.wait(faults.timeout_s + 1)
        assert all_open(f) == 1
        await f.do(f.engine.kill())
        assert all_open(f) == 0
        assert await cancelling


async def test_a_cancel_of_which_nothing_becomes_known_is_asked_again_and_then_shown_to_the_trader() -> None:
    async with floor("binance_spot") as f:
        order = await f.start(amount="2", price="99", strategy="best_price")
        await f.wait(1)
        venue = f.venues["binance_spot"]
        venue.faults.chance(Fault.TIMEOUT_LOST, 1.0, Call.QUERY)
        venue.faults.chance(Fault.TIMEOUT_LOST, 1.0, Call.CANCEL)
        cancelling = asyncio.ensure_future(f.engine.cancel_execution(order.id))
        await f.wait(150)
        assert order.children[0].snapshot().knowledge is Knowledge.QUARANTINED
        assert order.status is ParentStatus.NEEDS_ATTENTION
        venue.faults.clear()
        await f.wait(60)
        assert all_open(f) == 0
        assert order.status is ParentStatus.CANCELLED
        assert await cancelling


def test_the_report_reads_calmly() -> None:
    report = KillReport(3, 5, unconfirmed=(Unconfirmed("okx_spot", "f1", "no answer"), Unconfirmed("bybit_spot", "", "timed out")))
    assert report.sentence == "Killed: 3 parents, 5 orders cancelled; 1 not confirmed on okx_spot, bybit_spot did not answer."


async def test_a_cancel_that_hangs_does_not_keep_the_kill_switch_waiting() -> None:
    async with floor("binance_spot") as f:
        await f.start(amount="1", price="99", strategy="best_price")
        await f.wait(1)
        f.venues["binance_spot"].faults.arm(Fault.TIMEOUT_LOST, Call.CANCEL)
        killing = asyncio.ensure_future(f.engine.kill())
        await f.wait(4)
        assert not all_open(f)
        assert (killing.result().cancelled, killing.result().unconfirmed) == (1, ())


async def test_cancels_that_wait_for_their_turn_are_not_asked_for_twice() -> None:
    async with floor("binance_spot", rates=RateLimits(requests_per_s=50, burst=100, cancels_per_s=10, cancel_burst=5)) as f:
        wire, turns = f.wires["binance_spot"], list[int]()
        assert isinstance(wire, LimitedConnector)
        for number in range(60):
            await f.start(amount="0.5", price=str(99 - number / 10), strategy="best_price")
        await f.wait(5)
        assert all_open(f) == 60
        turn = wire._limiter.cancel

        async def counted() -> None:
            turns.append(f.clock.now_us())
            await turn()

        wire._limiter.cancel = counted  # type: ignore[method-assign]  # counts on one instance
        report = await f.do(f.engine.kill())
        assert not report.unconfirmed
        assert len(turns) == 60


async def test_what_could_not_be_recorded_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async with crash_floor(tmp_path / "journal.db", "binance_spot") as world, world.session() as session:
        await session.start("buy", "1", "99", "best_price")
        await world.live(session, 1)

        def full(*_: object) -> None:
            raise JournalError("The journal can't be written: the disk is full.")

        with monkeypatch.context() as disk:
            disk.setattr(session.journal._store, "write", full)
            killing = asyncio.ensure_future(session.engine.kill())
            while not killing.done():
                await world.live(session, 1)
                await asyncio.sleep(0.01)
        assert (
            killing.result().sentence
            == "Killed: 1 parent, 1 order cancelled. Not on record: The journal can't be written: the disk is full."
        )
