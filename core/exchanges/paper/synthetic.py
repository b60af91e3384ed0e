"""A made-up market that feels alive, needs no network, and is the same market for the same seed.

Venues share one price per symbol and differ in everything else. Time is the schedule's, not
the wall's: a late wake-up delivers late but changes nothing that is said. Every wake-up is a little
late on purpose, so that one serves several venues.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Collection, Mapping, Sequence
from random import Random
from time import perf_counter
from typing import final

from core.domain.candles import Candle
from core.domain.clock import MICROSECONDS, Clock
from core.domain.errors import UnknownSymbol
from core.domain.events import Notice
from core.domain.instruments import Instrument
from core.domain.market import MarketMessage
from core.exchanges.paper.demo_venues import DEMO_SYMBOLS, demo_venues
from core.exchanges.paper.feed import MessageListener, NoticeListener
from core.exchanges.paper.synthetic_book import SyntheticBook
from core.exchanges.paper.synthetic_candles import synthetic_candles
from core.exchanges.paper.synthetic_price import FairPrice

_BUDGET_S = 0.004  # how long messages are pumped before others get their turn
_TOGETHER_US = 15_000
_SKIP_US = 3 * MICROSECONDS  # later than this (the laptop slept) the market continues instead of catching up

_Due = tuple[int, int, SyntheticBook, bool]  # when, tie-breaker, whose turn, whether it is its regular update


@final
class SyntheticFeed:
    """A feed (see `feed.py`) of the demo's venues.

    Args:
        seed: the same seed, venues and symbols on a simulated clock give the same messages.
        venues: names of demo venues; all without it.
        symbols: of the demo's symbols.

    Raises:
        UnknownVenue, UnknownSymbol: not in the demo.
    """

    def __init__(
        self, clock: Clock, seed: int = 7, venues: Collection[str] | None = None, symbols: Sequence[str] = ("BTC/USDT", "ETH/USDT")
    ) -> None:
        for symbol in symbols:
            if symbol not in DEMO_SYMBOLS:
                raise UnknownSymbol(f"The demo does not trade {symbol!r}; known: {', '.join(DEMO_SYMBOLS)}.")
        self._clock = clock
        self._venues = demo_venues(venues)
        self._symbols = tuple(symbols)
        self._seed = seed
        self._listeners: dict[str, list[MessageListener]] = {venue: [] for venue in self._venues}
        self._notice_listeners: list[NoticeListener] = []
        self._prices: dict[str, FairPrice] = {}
        self._books: dict[str, list[SyntheticBook]] = {symbol: [] for symbol in symbols}
        self._due: list[_Due] = []
        self._order = itertools.count()
        self._random = Random(f"{seed}/schedule")

    def instruments(self) -> Mapping[str, Mapping[str, Instrument]]:
        return {name: {symbol: venue.instruments[symbol] for symbol in self._symbols} for name, venue in self._venues.items()}

    def attach(self, venue: str, listener: MessageListener) -> None:
        self._listeners[venue].append(listener)

    def on_notice(self, listener: NoticeListener) -> None:
        self._notice_listeners.append(listener)

    def candles(self, venue: str, symbol: str, since_us: int, until_us: int) -> Sequence[Candle]:
        """See `HistoryFeed`."""
        return synthetic_candles(self._seed, venue, self._venues[venue], symbol, DEMO_SYMBOLS[symbol], since_us, until_us)

    async def run(self) -> None:
        """Snapshots at once, then the market, for ever."""
        if not self._due:
            self._start(self._clock.now_us())
        while True:
            # A wake-up costs as much as an update, so what is due within a moment goes out together.
            await self._clock.sleep_until(self._due[0][0] + _TOGETHER_US)
            self._continue_after_sleep()
            while self._due[0][0] <= self._clock.now_us():
                pause_at = perf_counter() + _BUDGET_S
                while self._due[0][0] <= self._clock.now_us() and perf_counter() < pause_at:
                    self._step()
                await asyncio.sleep(0)

    def _start(self, now_us: int) -> None:
        for symbol in self._symbols:
            scale, random = DEMO_SYMBOLS[symbol], Random(f"{self._seed}/{symbol}")
            fair = self._prices[symbol] = FairPrice(scale.price * random.uniform(0.998, 1.002), random, now_us)
            for name, venue in self._venues.items():
                book = SyntheticBook(venue.instruments[symbol], venue, scale, Random(f"{self._seed}/{name}/{symbol}"), now_us)
                self._books[symbol].append(book)
                self._tell([book.snapshot(fair, now_us)])
                self._schedule(book, now_us)

    def _step(self) -> None:
        due_us, _, book, regular = heapq.heappop(self._due)
        symbol = book.instrument.symbol
        fair = self._prices[symbol]
        if fair.advance(due_us):
            for other in self._books[symbol]:
                if other is not book and other.is_caught(fair.pivot):
                    lag_us = round(other.venue.lag_ms * 1000 * self._random.random())
                    heapq.heappush(self._due, (due_us + lag_us, next(self._order), other, False))
        if regular:
            self._tell(book.update(fair, due_us))
            self._schedule(book, due_us)
        else:
            self._tell(book.evade(fair, due_us))

    def _schedule(self, book: SyntheticBook, after_us: int) -> None:
        wait_us = round(book.venue.update_ms * 1000 * self._random.uniform(0.6, 1.4))
        heapq.heappush(self._due, (after_us + wait_us, next(self._order), book, True))

    def _continue_after_sleep(self) -> None:
        late_us = self._clock.now_us() - self._due[0][0]
        if late_us < _SKIP_US:
            return
        self._due = [(due_us + late_us, order, book, regular) for due_us, order, book, regular in self._due]
        for fair in self._prices.values():
            fair.shift(late_us)
        for books in self._books.values():
            for book in books:
                book.shift(late_us)
        sentence = f"The simulated market stood still for {late_us / MICROSECONDS:.0f} s and goes on from where it was."
        for listener in self._notice_listeners:
            listener(Notice(self._clock.now_us(), "info", sentence))

    def _tell(self, messages: Sequence[MarketMessage]) -> None:
        for message in messages:
            for listener in self._listeners[message.venue]:
                listener(message)
