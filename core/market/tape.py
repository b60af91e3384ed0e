"""What the market traded and where its mid stood, for some hours back: the yardstick that executions are measured with.

Prints are kept per venue and per second, never one by one, and the mid is looked at when the first message of a new
second arrives: a burst of ten thousand prints costs a few additions each and no memory. Times are ours (receive time),
the same that orders and fills are stamped with.
"""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from core.domain.clock import MICROSECONDS
from core.domain.instruments import Instrument
from core.domain.market import BookState, MarketMessage, PublicTrade
from core.market.store import OrderBooks
from core.market.tape_tracks import Prints, Touches

HOURS = 6


class MarketTape:
    """Listens to the books for as long as it lives; ask it about any interval of the last `hours`.

    Everywhere, `venues` empty means all that trade the symbol, and an interval counts every second it touches.
    """

    def __init__(self, orderbooks: OrderBooks, *, hours: float = HOURS) -> None:
        self._books = orderbooks
        self._limit = round(hours * 3600)
        self._prints: dict[str, dict[str, Prints]] = {}
        self._touches: dict[str, Touches] = {}
        self._seconds: dict[str, int] = {}
        self._since_us: dict[str, int] = {}
        self._stops = (orderbooks.on_trade(self._take_trade), orderbooks.on_message(self._take_message))

    def close(self) -> None:
        """Stop listening; what was heard stays."""
        for stop in self._stops:
            stop()

    def traded(self, symbol: str, venues: Collection[str], start_us: int, end_us: int) -> Decimal:
        """Base that changed hands on `venues`, our own fills included where the venue prints them."""
        return self._volume(symbol, venues, start_us, end_us)[0]

    def vwap(self, symbol: str, venues: Collection[str], start_us: int, end_us: int) -> Decimal | None:
        """The market's volume-weighted average price; None where nothing traded."""
        base, quote = self._volume(symbol, venues, start_us, end_us)
        return quote / base if base else None

    def twap(self, symbol: str, venues: Collection[str], start_us: int, end_us: int) -> Decimal | None:
        """The time-weighted average of the merged mid, sampled once a second at most; None where there was none."""
        touches = self._touches.get(symbol)
        return touches.average_mid(venues, start_us, end_us) if touches is not None else None

    def mid_at(self, symbol: str, venues: Collection[str], ts_us: int) -> Decimal | None:
        """The merged mid that stood at `ts_us`, as last sampled; before the first sample, the first."""
        return self.twap(symbol, venues, ts_us, ts_us)

    def mid_now(self, symbol: str, venues: Collection[str], now_us: int) -> Decimal | None:
        """The merged mid of this moment, from the touches alone: no arrays are brought up to date for it."""
        touches = [touch for venue, touch in self._touch(symbol, now_us).items() if not venues or venue in venues]
        bids = [instrument.price_of(bid) for instrument, bid, _ in touches if bid]
        asks = [instrument.price_of(ask) for instrument, _, ask in touches if ask]
        return (max(bids) + min(asks)) / 2 if bids and asks else None

    def rate(self, symbol: str, venues: Collection[str], now_us: int, window_s: float) -> Decimal | None:
        """Base traded per second over the last `window_s`, or over as much of it as was heard; None before anything was."""
        start_us = max(now_us - round(window_s * MICROSECONDS), self._since_us.get(symbol, now_us))
        elapsed_us = now_us - start_us
        return self.traded(symbol, venues, start_us, now_us) * MICROSECONDS / elapsed_us if elapsed_us > 0 else None

    # -- listening -----------------------------------------------------------------------------------

    def _take_trade(self, trade: PublicTrade) -> None:
        by_venue = self._prints.get(trade.symbol)
        prints = by_venue.get(trade.venue) if by_venue is not None else None
        if prints is None:
            prints = self._start(trade.symbol, trade.venue)
        prints.add(trade.received_us // MICROSECONDS, trade.price_ticks, trade.size_units)

    def _take_message(self, message: MarketMessage) -> None:
        second = message.received_us // MICROSECONDS
        if message.symbol not in self._seconds:
            self._since_us[message.symbol] = message.received_us
        if second > self._seconds.get(message.symbol, -1):
            self._seconds[message.symbol] = second
            self._sample(message.symbol, message.received_us)

    def _sample(self, symbol: str, now_us: int) -> None:
        touches = self._touch(symbol, now_us)
        for venue, prints in self._prints.get(symbol, {}).items():
            if prints.instrument is not touches[venue][0]:  # registered anew with other rules
                self._start(symbol, venue)
        self._touches.setdefault(symbol, Touches(self._limit)).sample(now_us, touches)

    def _touch(self, symbol: str, now_us: int) -> dict[str, tuple[Instrument, int, int]]:
        """Venue -> its instrument, best bid and best ask tick, now; zeros without a live book."""
        oldest_us = now_us - self._books.stale_after_us
        touches = {}
        for venue, instrument in self._books.instruments(symbol).items():
            book = self._books.book(venue, symbol)
            live = book is not None and book.state is BookState.LIVE and book.received_us >= oldest_us
            touches[venue] = (instrument, book.best_bid_tick or 0, book.best_ask_tick or 0) if book and live else (instrument, 0, 0)
        return touches

    def _start(self, symbol: str, venue: str) -> Prints:
        prints = Prints(self._books.instruments(symbol)[venue], self._limit)
        self._prints.setdefault(symbol, {})[venue] = prints
        return prints

    def _volume(self, symbol: str, venues: Collection[str], start_us: int, end_us: int) -> tuple[Decimal, Decimal]:
        base = quote = Decimal(0)
        for venue, prints in self._prints.get(symbol, {}).items():
            if not venues or venue in venues:
                more_base, more_quote = prints.between(start_us // MICROSECONDS, end_us // MICROSECONDS)
                base, quote = base + more_base, quote + more_quote
        return base, quote
