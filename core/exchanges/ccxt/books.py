"""A venue's book, read from the one that ccxt keeps.

A busy book changes 250 times a second, which nobody can see. So it is read at once when the last reading is old, and otherwise
after a short window; what comes in meanwhile costs only ccxt's own book-keeping. A book that can't be right (crossed,
off its tick) is told as a gap, not passed on and never an exception: it may heal by itself, and is subscribed anew when it does not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, final

from core.domain.clock import MICROSECONDS, Clock
from core.domain.errors import MarketDataError
from core.domain.instruments import Instrument
from core.domain.market import FeedGap, MarketMessage
from core.exchanges.ccxt.book_image import MOST_LEVELS, BookImage
from core.exchanges.ccxt.subscription import Subscription

# 30 readings a second and book: half of a 60 Hz screen, 0.3 ms each.
WINDOW_US = 33_000
# How long a book may be impossible before it is asked for again: some exchanges tell the two sides in two messages.
_HEALING_US = 1 * MICROSECONDS
# An empty change is told once a second, so that a book in which nothing moved is known to be fresh.
_SIGN_OF_LIFE_US = 1 * MICROSECONDS


@final
class BookSubscription(Subscription):
    """One book.

    Args:
        symbol: as ccxt calls it.
        depths: what the exchange can be asked for; empty: ask for none, ccxt cuts nothing then.
        tell: called with snapshots, deltas and gaps.
    """

    SILENCE_US = 20 * MICROSECONDS

    def __init__(
        self,
        exchange: Any,
        instrument: Instrument,
        symbol: str,
        depths: tuple[int, ...],
        clock: Clock,
        siblings: set[Subscription],
        tell: Callable[[MarketMessage], None],
    ) -> None:
        super().__init__(exchange, instrument.venue, f"the book of {instrument.symbol}", clock, siblings)
        self._instrument = instrument
        self._symbol = symbol
        self._depth = max((depth for depth in depths if depth <= MOST_LEVELS), default=None)
        self._tell = tell
        self._image = BookImage(instrument)
        self._told_us = 0
        self._bad_since_us: int | None = None
        self._told = asyncio.Event()

    async def told(self) -> None:
        """Return when the next book has been told."""
        self._told.clear()
        await self._told.wait()

    def check(self) -> None:
        """See `Subscription`; and begin a book anew that is impossible and says no more."""
        if self._bad_since_us is not None and self._clock.now_us() - self._bad_since_us > 3 * _HEALING_US:
            self.restart(f"{self._venue} sends no usable book of {self._instrument.symbol}; subscribing anew.")
        else:
            super().check()

    async def _watch(self) -> None:
        books = self._exchange.orderbooks
        while True:
            book = await self._exchange.watch_order_book(self._symbol, self._depth, {})
            kept = books.get(self._symbol) is book
            if (early_us := self._told_us + WINDOW_US - self._clock.now_us()) > 0:
                await self._clock.sleep(early_us / MICROSECONDS)
                if kept and (book := books.get(self._symbol)) is None:
                    continue  # ccxt has thrown it away: asking again says why
            self._heard()
            self._read(book)

    def _read(self, book: Any) -> None:
        """Tell what has changed. Nothing is awaited between here and ccxt's book: it would change."""
        now_us = self._clock.now_us()
        try:
            message = self._image.read(book, now_us)
        except MarketDataError as error:
            self._suspect(error, now_us)
            return
        self._bad_since_us = None
        if message.is_snapshot or message.bid_ticks or message.ask_ticks or now_us - self._told_us > _SIGN_OF_LIFE_US:
            self._told_us = now_us
            self._tell(message)
            self._told.set()

    def _suspect(self, error: MarketDataError, now_us: int) -> None:
        """The book can't be right.

        Raises:
            MarketDataError: it has been wrong for too long to heal by itself.
        """
        if self._bad_since_us is None:
            self._bad_since_us = now_us
            self._image.forget()
            self._tell(FeedGap(self._venue, self._instrument.symbol, now_us, str(error)))
        elif now_us - self._bad_since_us > _HEALING_US:
            self._bad_since_us = None
            raise error

    def _tell_lost(self, reason: str) -> None:
        self._image.forget()
        self._told_us, self._bad_since_us = 0, None
        self._tell(FeedGap(self._venue, self._instrument.symbol, self._clock.now_us(), reason))

    async def _unsubscribe(self) -> bool:
        if not self._exchange.has.get("unWatchOrderBook"):
            return False
        await self._exchange.un_watch_order_book(self._symbol, {} if self._depth is None else {"limit": self._depth})
        return True
