"""Books over real sockets: ours is the venue's, and while it may not be, it says so."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
import pytest_asyncio

from core.domain.enums import OrderSide
from core.domain.errors import VenueRefused, VenueUnavailable
from core.domain.market import BookState
from core.exchanges.ccxt import making, streams
from tests.core.exchanges.ccxt.live import ASKS, BIDS, SYMBOL, VENUES, Live, live
from tests.emulator import Call, StreamKind, WireFault

MOVED = {"100": "3", "98": "1"}


@pytest_asyncio.fixture(params=VENUES)
async def watched(request: pytest.FixtureRequest) -> AsyncIterator[Live]:
    async with live(request.param) as started:
        yield started


async def test_our_book_follows_the_venues(watched: Live) -> None:
    for bids, asks in ((MOVED, ASKS), (MOVED, {"101": "1"}), (BIDS, {"100.5": "9", "101": "9", "120": "9"})):
        watched.show(bids, asks)
        await watched.until(lambda bids=bids, asks=asks: watched.shows(bids, asks))  # type: ignore[misc]  # mypy can't infer a default's type
    assert not watched.gaps
    assert len(watched.snapshots) == 1


async def test_a_lost_update_is_a_gap_and_the_book_comes_back(watched: Live) -> None:
    watched.behind.faults.lose_book_updates()
    sizes = itertools.count(2)
    await watched.until(lambda: bool(watched.gaps), meanwhile=lambda: watched.show({"100": str(next(sizes))}, ASKS))
    assert "skipped updates" in watched.gaps[0].reason
    watched.show(MOVED, ASKS)
    await watched.until(lambda: watched.shows(MOVED, ASKS))


@pytest.mark.parametrize("hard", [True, False])
async def test_a_kicked_socket_is_a_gap_at_once_and_the_book_comes_back_as_it_is_by_then(watched: Live, hard: bool) -> None:
    await watched.behind.kick(StreamKind.MARKET, hard=hard)
    watched.show(MOVED, ASKS)
    await watched.until(lambda: bool(watched.gaps))
    assert watched.view().state is BookState.GAP
    await watched.until(lambda: watched.shows(MOVED, ASKS))
    watched.show(BIDS, ASKS)
    await watched.until(lambda: watched.shows(BIDS, ASKS))


async def test_a_frame_that_is_no_json_is_a_gap_and_not_the_end(watched: Live) -> None:
    watched.behind.faults.send_bad_frames()
    watched.show(MOVED, ASKS)
    await watched.until(lambda: bool(watched.gaps))
    await watched.until(lambda: watched.shows(MOVED, ASKS))


async def test_a_resync_thaws_a_frozen_socket(watched: Live) -> None:
    watched.behind.freeze()
    watched.show(MOVED, ASKS)
    await watched.connector.resync(SYMBOL)
    assert len(watched.gaps) == 1
    await watched.until(lambda: watched.shows(MOVED, ASKS))


@pytest.mark.parametrize("venue", VENUES)
async def test_a_frozen_socket_is_noticed_by_itself(venue: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "KEEP_ALIVE_MS", 300)
    async with live(venue) as watched:
        watched.behind.freeze()
        watched.show(MOVED, ASKS)
        await watched.until(lambda: watched.shows(MOVED, ASKS))
        assert len(watched.gaps) == 1


async def test_a_venue_that_is_gone_for_a_while_is_waited_for(watched: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "RESYNC_S", 0.3)
    await watched.emulator.stop_listening()
    await watched.until(lambda: bool(watched.gaps))
    watched.show(MOVED, ASKS)
    with pytest.raises(VenueUnavailable, match="sends no book"):
        await watched.connector.resync(SYMBOL)
    await watched.emulator.listen()
    await watched.until(lambda: watched.shows(MOVED, ASKS))


# ccxt itself tries three times what fails, and a page of HTML does not fail.
@pytest.mark.parametrize(
    ("fault", "times"), [(WireFault.HTTP_500, 3), (WireFault.HTML_200, 1), (WireFault.CUT, 3), (WireFault.CLOSED_AFTER, 3)]
)
async def test_failed_requests_for_the_snapshot_keep_the_book_away_for_a_while_only(fault: WireFault, times: int) -> None:
    async with live("binance_spot", started=False) as watched:
        await watched.connector.open()
        watched.books.register(watched.connector.instruments[SYMBOL])
        watched.show(BIDS, ASKS)
        watched.behind.faults.next(Call.MARKET, fault, times)
        await watched.connector.subscribe(SYMBOL)
        await watched.until(lambda: watched.shows(BIDS, ASKS))


async def test_a_symbol_that_is_subscribed_ten_times_is_asked_for_once(watched: Live) -> None:
    for _ in range(10):
        await watched.connector.subscribe(SYMBOL)
    watched.show(MOVED, ASKS)
    await watched.until(lambda: watched.shows(MOVED, ASKS))
    assert len(watched.snapshots) == 1
    topics = [topic for stream in watched.emulator.streams() for topic in stream.topics]
    assert len([topic for topic in topics if "depth" in topic or "orderbook" in topic]) == 1


async def test_trades_come_once_with_the_takers_side_also_across_a_reconnect(watched: Live) -> None:
    await watched.listening("trade")
    watched.feed.trade(watched.venue, OrderSide.BUY, "100.5", "0.25")
    await watched.until(lambda: len(watched.trades) == 1)
    await watched.behind.kick(StreamKind.MARKET)
    await watched.until(lambda: bool(watched.gaps))
    await watched.listening("trade")
    watched.feed.trade(watched.venue, OrderSide.SELL, "100", "0.5")
    await watched.until(lambda: len(watched.trades) == 2)
    price, amount = watched.view().instrument.price_of, watched.view().instrument.amount_of
    assert [(trade.side, price(trade.price_ticks), amount(trade.size_units)) for trade in watched.trades] == [
        (OrderSide.BUY, Decimal("100.5"), Decimal("0.25")),
        (OrderSide.SELL, Decimal("100"), Decimal("0.5")),
    ]
    assert len({trade.trade_id for trade in watched.trades}) == 2


async def test_an_unknown_symbol_is_refused_and_nothing_is_told_after_the_end(watched: Live) -> None:
    with pytest.raises(VenueRefused, match="does not trade NOPE/USDT"):
        await watched.connector.subscribe("NOPE/USDT")
    await watched.connector.close()
    told = len(watched.told)
    watched.show(MOVED, ASKS)
    with pytest.raises(VenueUnavailable, match="not connected"):
        await watched.connector.resync(SYMBOL)
    assert len(watched.told) == told
