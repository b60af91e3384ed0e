"""A market on several venues that says exactly what a test tells it to."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import final

from core.domain.candles import MINUTE_US, Candle
from core.domain.clock import Clock, SystemClock
from core.domain.enums import OrderSide
from core.domain.instruments import Instrument
from core.domain.market import BookMessage, MarketMessage, PublicTrade
from core.exchanges.paper.feed import MessageListener, NoticeListener

Side = Mapping[str, str]  # price -> size


@final
class HandFeed:
    """Implements `core.exchanges.paper.feed.Feed` and `HistoryFeed`. Nothing happens unless `snapshot`, `change` or `trade` is called."""

    def __init__(self, instruments: Iterable[Instrument], clock: Clock | None = None) -> None:
        self._instruments: dict[str, dict[str, Instrument]] = {}
        for instrument in instruments:
            self._instruments.setdefault(instrument.venue, {})[instrument.symbol] = instrument
        self._clock = clock or SystemClock()
        self._listeners: dict[str, list[MessageListener]] = {venue: [] for venue in self._instruments}
        self._numbers = itertools.count(1)

    def instruments(self) -> Mapping[str, Mapping[str, Instrument]]:
        return self._instruments

    def attach(self, venue: str, listener: MessageListener) -> None:
        self._listeners[venue].append(listener)

    def on_notice(self, listener: NoticeListener) -> None:
        """It has nothing to say."""

    async def run(self) -> None:
        """It does not run by itself."""

    def candles(self, venue: str, symbol: str, since_us: int, until_us: int) -> Sequence[Candle]:
        """A volume that grows through each hour: enough to tell one minute from another."""
        first = -(-since_us // MINUTE_US)
        last = -(-until_us // MINUTE_US)
        return [Candle(minute * MINUTE_US, float(1 + minute % 60)) for minute in range(first, last)]

    def snapshot(self, venue: str, bids: Side, asks: Side, symbol: str = "BTC/USDT") -> None:
        """Show exactly these levels."""
        self._book(venue, symbol, bids, asks, is_snapshot=True)

    def change(self, venue: str, bids: Side | None = None, asks: Side | None = None, symbol: str = "BTC/USDT") -> None:
        """Change these levels; a size of 0 removes one."""
        self._book(venue, symbol, bids or {}, asks or {}, is_snapshot=False)

    def trade(self, venue: str, taker: OrderSide, price: str, size: str, symbol: str = "BTC/USDT") -> None:
        """Let others trade."""
        instrument, now_us = self._instruments[venue][symbol], self._clock.now_us()
        ticks, units = instrument.ticks_of(Decimal(price)), instrument.units_of(Decimal(size))
        self._say(PublicTrade(venue, symbol, now_us, now_us, ticks, units, taker, str(next(self._numbers))))

    def _book(self, venue: str, symbol: str, bids: Side, asks: Side, *, is_snapshot: bool) -> None:
        instrument, now_us = self._instruments[venue][symbol], self._clock.now_us()
        sides: list[Sequence[int]] = []
        for side in (bids, asks):
            sides += [
                [instrument.ticks_of(Decimal(price)) for price in side],
                [instrument.units_of(Decimal(size)) for size in side.values()],
            ]
        self._say(BookMessage(is_snapshot, venue, symbol, now_us, now_us, None, None, *sides))

    def _say(self, message: MarketMessage) -> None:
        for listener in self._listeners[message.venue]:
            listener(message)
