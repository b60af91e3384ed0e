"""Opening and closing a desk: everything wired, nothing left behind, clear words when it can't be."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from core import ExecutionStrategy, Settings, open_desk
from core.domain.errors import BadRequest, JournalError, RecordingError, UnknownVenue
from core.domain.events import Notice
from core.domain.market import BookState
from core.domain.orders import ParentStatus
from core.journal.journal import Journal
from tests.core.market.lines import opening, trade, write

DEMO_VENUES = {"binance_spot", "binance_perp", "bybit_spot", "bybit_perp", "okx_spot", "kraken_spot"}


async def test_the_demo_needs_no_network_and_has_every_venue_live_at_once() -> None:
    async with open_desk(Settings()) as desk:
        await asyncio.sleep(0.3)
        health = desk.venue_health("BTC/USDT")
        assert {one.venue for one in health} >= DEMO_VENUES
        assert {one.state for one in health} == {BookState.LIVE}
        assert desk.market("BTC/USDT").mid is not None
        assert set(desk.symbols()) == {"BTC/USDT", "ETH/USDT"}


async def test_an_order_on_the_demo_fills_and_is_in_the_journal_of_its_profile(tmp_path: Path) -> None:
    async with open_desk(Settings(profile=tmp_path)) as desk:
        await asyncio.sleep(0.2)
        order = await desk.engine.execute_order("BTC/USDT", "buy", "0.5", "market", strategy=ExecutionStrategy.BEST_PRICE)
        await asyncio.wait_for(order.done(), 10)
        assert order.status is ParentStatus.FILLED
    journal = Journal(tmp_path / "demo" / "journal.db")
    kinds = [entry.kind for entry in journal.entries()]
    journal.close()
    assert kinds[0] == "parent"
    assert kinds.index("intent") < kinds.index("fill")


async def test_only_the_venues_asked_for_are_opened() -> None:
    async with open_desk(Settings(venues=("binance", "binanceusdm"))) as desk:
        assert list(desk.connectors) == ["binance_spot", "binance_perp"]


async def test_who_listens_late_hears_the_last_five_hundred_notices() -> None:
    async with open_desk(Settings()) as desk:
        for number in range(600):
            desk._notices.take(Notice(number, "info", f"notice {number}"))
        heard: list[str] = []
        desk.on_notice(lambda notice: heard.append(notice.sentence))
        assert (len(heard), heard[0], heard[-1]) == (500, "notice 100", "notice 599")


async def test_a_desk_knows_when_its_recording_has_ended(tmp_path: Path) -> None:
    path = write(tmp_path / "day.jsonl", [opening(), trade(1), trade(2)])
    async with open_desk(Settings(mode="replay", replay=(path,), speed="max")) as desk:
        assert not desk.market_over
        await desk.market_ended()
        assert desk.market_over


@pytest.mark.parametrize(
    ("settings", "error", "says"),
    [
        (Settings(venues=("coinbase",)), UnknownVenue, "kraken_spot"),
        (Settings(symbol="DOGE/USDT"), BadRequest, "known symbols: BTC/USDT, ETH/USDT"),
        (Settings(mode="replay"), BadRequest, "at least one recording"),
        (Settings(mode="replay", replay=(Path("nowhere.jsonl.gz"),)), RecordingError, "nowhere.jsonl.gz"),
        (Settings(replay=(Path("some.jsonl.gz"),)), BadRequest, "replay mode"),
    ],
)
async def test_what_can_not_be_opened_says_why(settings: Settings, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        async with open_desk(settings):
            pass


async def test_the_simulated_venues_die_with_the_program_and_what_was_unfinished_there_says_so(tmp_path: Path) -> None:
    async with open_desk(Settings(profile=tmp_path)) as desk:
        await asyncio.sleep(0.2)
        done = await desk.engine.execute_order("BTC/USDT", "buy", "0.01", "market", strategy=ExecutionStrategy.BEST_PRICE)
        await asyncio.wait_for(done.done(), 10)
        resting = await desk.engine.execute_order("BTC/USDT", "buy", "0.01", "limit", "30000", "best_price")
        await asyncio.sleep(0.3)
    notices: list[Notice] = []
    async with open_desk(Settings(profile=tmp_path)) as desk:
        desk.on_notice(notices.append)
        assert desk.order_manager.snapshot(done.id) == replace(done.snapshot(), updated_us=desk.order_manager.snapshot(done.id).updated_us)
        closed = desk.order_manager.order(resting.id)
        assert closed.status is ParentStatus.CANCELLED
        assert "the simulated venue is gone" in closed.reason
        assert closed.children[0].snapshot().live_amount == 0
        assert not desk.order_manager.working()
        assert any("Closed 1 unfinished order of an earlier run" in notice.sentence for notice in notices)
    notices.clear()
    async with open_desk(Settings(profile=tmp_path)) as desk:
        desk.on_notice(notices.append)
        assert len([order for order in desk.order_manager.snapshots() if order.is_parent]) == 2
        assert not [notice for notice in notices if "unfinished" in notice.sentence]


async def test_two_desks_do_not_share_a_profile(tmp_path: Path) -> None:
    async with open_desk(Settings(profile=tmp_path)):
        with pytest.raises(JournalError, match="Another Fathom is running with this profile"):
            async with open_desk(Settings(profile=tmp_path)):
                pass
    async with open_desk(Settings(profile=tmp_path)) as desk:
        assert desk.journal.trouble is None
