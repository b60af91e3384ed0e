"""Recordings of live markets: what went by is what a replay plays, gaps and rules included."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from core.desk.record import Recorded, record
from core.domain.clock import SimulatedClock
from core.domain.enums import OrderSide
from core.domain.errors import BadRequest, RecordingError, VenueUnavailable
from core.domain.events import Notice
from core.domain.instruments import Instrument
from core.domain.market import FeedGap, MarketMessage
from core.exchanges.paper.replay_feed import ReplayFeed
from core.exchanges.paper.replay_track import ReplayTrack
from tests.emulator.hand_feed import HandFeed
from tests.emulator.markets import ASKS, BIDS, SYMBOL, instrument

SPOT, PERP = instrument("binance_spot"), instrument("bybit_perp")


class ByHand:
    """A source on demand over a feed by hand; venues in `away` can't be reached, and books start when they are watched."""

    def __init__(self, *away: str, symbol: str = SYMBOL) -> None:
        self.clock = SimulatedClock()
        self.feed = HandFeed([replace(SPOT, symbol=symbol), replace(PERP, symbol=symbol)], self.clock)
        self.away = away
        self.closed = False
        self.heard: list[MarketMessage] = []
        self.told: list[str] = []
        self.watched = asyncio.Event()
        self._symbol = symbol

    def instruments(self) -> Mapping[str, Mapping[str, Instrument]]:
        return self.feed.instruments()

    def attach(self, venue: str, listener: Callable[[MarketMessage], None]) -> None:
        self.feed.attach(venue, self.heard.append)
        self.feed.attach(venue, listener)

    def on_notice(self, listener: Callable[[Notice], None]) -> None:
        self.feed.on_notice(listener)

    async def run(self) -> None:
        await self.feed.run()

    async def prepare(self, venue: str) -> None:
        if venue in self.away:
            raise VenueUnavailable(f"{venue} can't be reached.")

    async def watch(self, venue: str, symbol: str) -> None:
        self.feed.snapshot(venue, BIDS, ASKS, symbol)
        self.watched.set()

    async def close(self) -> None:
        self.closed = True

    async def record(self, path: Path, stop: asyncio.Event, *venues: str) -> Recorded:
        names = venues or ("binance_spot", "bybit_perp")
        return await record(SYMBOL, names, path, stop, self.told.append, clock=self.clock, source=self)


async def busy(market: ByHand, path: Path) -> Recorded:
    """A recording of a few changes, trades and one break."""
    over = asyncio.Event()
    recording = asyncio.ensure_future(market.record(path, over))
    await market.watched.wait()
    for step in range(1, 6):
        await market.clock.advance(0.1)
        market.feed.change("binance_spot", {"100": str(step)}, {"101": "0"} if step == 3 else None)
        market.feed.trade("bybit_perp", OrderSide.SELL, "100", f"0.0{step}")
    market.feed._say(FeedGap("bybit_perp", SYMBOL, market.clock.now_us(), "the socket was kicked"))
    over.set()
    return await recording


async def test_a_replay_plays_message_by_message_what_went_by(tmp_path: Path) -> None:
    market, path = ByHand(), tmp_path / "market.jsonl.gz"
    recorded = await busy(market, path)
    played = [event for event in ReplayTrack(path).events() if not isinstance(event, Notice)]
    assert recorded.messages == len(market.heard) == 13
    # The replay words a gap in its own way and waits for a snapshot; all else is the same to the microsecond.
    assert [event for event in played if not isinstance(event, FeedGap)] == [one for one in market.heard if not isinstance(one, FeedGap)]
    assert [event.venue for event in played if isinstance(event, FeedGap)] == ["bybit_perp"]
    assert market.closed


async def test_a_replay_trades_by_the_rules_of_the_venues_that_were_recorded(tmp_path: Path) -> None:
    await busy(ByHand(), path := tmp_path / "market.jsonl.gz")
    assert ReplayFeed([path], speed="max").instruments() == {"binance_spot": {SYMBOL: SPOT}, "bybit_perp": {SYMBOL: PERP}}


async def test_a_venue_that_is_away_is_left_out_and_told(tmp_path: Path) -> None:
    market = ByHand("bybit_perp")
    over = asyncio.Event()
    over.set()
    recorded = await market.record(tmp_path / "market.jsonl.gz", over)
    assert recorded.venues == ("binance_spot",)
    assert market.told == ["bybit_perp can't be reached."]


@pytest.mark.parametrize(
    ("market", "error", "words"),
    [
        (lambda: ByHand("binance_spot", "bybit_perp"), VenueUnavailable, "None of the venues can be reached"),
        (lambda: ByHand(symbol="ETH/USDT"), BadRequest, "None of the venues that answer trades BTC/USDT"),
    ],
)
async def test_nothing_to_record_is_said_and_no_file_is_made(
    tmp_path: Path, market: Callable[[], ByHand], error: type[Exception], words: str
) -> None:
    opened = market()
    path = tmp_path / "market.jsonl.gz"
    with pytest.raises(error, match=words):
        await opened.record(path, asyncio.Event())
    with pytest.raises(RecordingError, match="There is no recording"):
        ReplayTrack(path)
    assert opened.closed


async def test_a_file_that_can_not_be_made_is_said_before_anything_is_subscribed(tmp_path: Path) -> None:
    market = ByHand()
    with pytest.raises(RecordingError, match="can't be written"):
        await market.record(tmp_path / "nowhere" / "market.jsonl.gz", asyncio.Event())
    assert not market.watched.is_set()


async def test_a_recording_ends_by_itself_after_so_many_seconds(tmp_path: Path) -> None:
    market = ByHand()
    path, never = tmp_path / "market.jsonl.gz", asyncio.Event()
    recording = asyncio.ensure_future(
        record(SYMBOL, ["binance_spot"], path, never, market.told.append, seconds=30, clock=market.clock, source=market)
    )
    await market.watched.wait()
    await market.clock.advance(29)
    assert not recording.done()
    await market.clock.advance(2)
    assert (await recording).venues == ("binance_spot",)


async def test_a_recording_that_is_broken_off_can_be_played(tmp_path: Path) -> None:
    market, path = ByHand(), tmp_path / "market.jsonl.gz"
    recording = asyncio.ensure_future(market.record(path, asyncio.Event()))
    await market.watched.wait()
    recording.cancel()
    with suppress(asyncio.CancelledError):
        await recording
    assert len([event for event in ReplayTrack(path).events() if not isinstance(event, Notice)]) == len(market.heard) > 0
