"""Venues as a desk meets real ones: they list thousands of symbols, answer late or not at all, and outlive the desk."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from core.desk.desk import Desk, open_desk
from core.desk.market import Market
from core.desk.settings import Settings
from core.domain.candles import Candle
from core.domain.clock import MICROSECONDS, SimulatedClock
from core.domain.enums import MarketType
from core.domain.errors import FathomError, VenueUnavailable
from core.domain.events import Notice
from core.domain.instruments import Instrument
from core.domain.market import BookMessage, MarketMessage
from core.exchanges.paper.connector import PaperConnector

T = TypeVar("T")

SYMBOL, OTHER = "BTC/USDT", "ETH/USDT"
MANY = (SYMBOL, OTHER, *(f"COIN{number}/USDT" for number in range(3_000)))


def instrument(venue: str, symbol: str) -> Instrument:
    kind = MarketType.PERP if venue.endswith("_perp") else MarketType.SPOT
    return Instrument(venue, symbol, kind, tick=Decimal("0.5"), lot=Decimal("0.01"), taker_fee=Decimal(0), maker_fee=Decimal(0))


class Exchanges:
    """A feed that carries what is watched (see `OnDemandFeed`), from exchanges that may be away.

    Attributes:
        away: venue -> what it says instead of answering, as often as it is asked.
        silent: venues that never answer.
        unwatchable: venues that refuse every subscription.
        prepared, watched, resynced: how often each was asked for.
    """

    def __init__(self, listings: Mapping[str, Sequence[str]], clock: SimulatedClock) -> None:
        self.away: dict[str, FathomError] = {}
        self.silent: set[str] = set()
        self.unwatchable: set[str] = set()
        self.prepared: Counter[str] = Counter()
        self.watched: Counter[tuple[str, str]] = Counter()
        self.resynced: Counter[tuple[str, str]] = Counter()
        self.closed = False
        self._listings = listings
        self._clock = clock
        self._known: dict[str, dict[str, Instrument]] = {venue: {} for venue in listings}
        self._listeners: dict[str, list[Callable[[MarketMessage], None]]] = {venue: [] for venue in listings}

    def instruments(self) -> Mapping[str, Mapping[str, Instrument]]:
        return self._known

    def attach(self, venue: str, listener: Callable[[MarketMessage], None]) -> None:
        self._listeners[venue].append(listener)

    def on_notice(self, listener: Callable[[Notice], None]) -> None:
        """It has nothing to say."""

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def prepare(self, venue: str) -> None:
        self.prepared[venue] += 1
        if venue in self.silent:
            await asyncio.Event().wait()
        if venue in self.away:
            raise self.away[venue]
        self._known[venue] = {symbol: instrument(venue, symbol) for symbol in self._listings[venue]}

    async def watch(self, venue: str, symbol: str) -> None:
        self.watched[venue, symbol] += 1
        await asyncio.sleep(0)
        if venue in self.unwatchable:
            raise VenueUnavailable(f"{venue} takes no more subscriptions.")
        self.send_book(venue, symbol)

    async def resync(self, venue: str, symbol: str) -> None:
        self.resynced[venue, symbol] += 1
        if venue in self.silent:
            await asyncio.Event().wait()

    async def fetch_candles(self, venue: str, symbol: str, since_us: int, until_us: int) -> Sequence[Candle]:
        raise VenueUnavailable(f"{venue} keeps no candles.")

    async def close(self) -> None:
        self.closed = True

    def send_book(self, venue: str, symbol: str) -> None:
        """Ten base at 100 and at 100.5, bid and asked."""
        now_us = self._clock.now_us()
        message = BookMessage(True, venue, symbol, now_us, now_us, None, None, [200], [1_000], [201], [1_000])
        for listener in self._listeners[venue]:
            listener(message)


class Away:
    """The way to a venue that outlives the desk: closed, it can't be opened and answers nothing.

    Everything else is the venue's own (`ExchangeConnector`).
    """

    def __init__(self, venue: PaperConnector) -> None:
        self._venue = venue
        self.away = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._venue, name)

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        return {} if self.away else self._venue.instruments

    async def open(self) -> None:
        if self.away:
            raise VenueUnavailable(f"{self._venue.venue} can't be reached.")
        await self._venue.open()


@asynccontextmanager
async def exchange_desk(
    listings: Mapping[str, Sequence[str]] | None = None,
    *,
    symbol: str = SYMBOL,
    profile: Path | None = None,
    prepare: Callable[[Exchanges], None] = lambda _: None,
) -> AsyncIterator[tuple[Desk, Exchanges, SimulatedClock]]:
    """A desk on simulated exchanges that list much and are watched on demand; `prepare` sets what is wrong with them at first."""
    clock = SimulatedClock()
    feed = Exchanges(listings or {"binance_spot": MANY, "okx_spot": MANY}, clock)
    prepare(feed)
    venues = {venue: PaperConnector(venue, feed, clock, latency_ms=20.0) for venue in feed.instruments()}
    market = Market(clock, feed, venues, on_demand=True, closing=feed.close)
    opened = open_desk(Settings(symbol=symbol, profile=profile), market)
    desk = await driven(clock, opened.__aenter__())
    try:
        yield desk, feed, clock
    finally:
        await opened.__aexit__(None, None, None)


async def driven(clock: SimulatedClock, work: Awaitable[T], *, within_s: float = 100.0) -> T:
    """The result of `work`; time passes while it waits for that and for nothing else."""
    until_us = clock.now_us() + round(within_s * MICROSECONDS)
    task = asyncio.ensure_future(work)
    while True:
        await clock.settle()
        due_us = clock.next_deadline_us()
        if task.done() or due_us is None or due_us > until_us:
            break
        await clock.advance_to(due_us)
    if not task.done():
        task.cancel()
    return await task


def said(desk: Desk) -> list[str]:
    """What the trader was told so far."""
    heard: list[str] = []
    desk.on_notice(lambda notice: heard.append(notice.sentence))()
    return heard
