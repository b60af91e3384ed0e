"""Every venue's book in one place, fed by one entrance.

A message that makes no sense costs its own book, which becomes a GAP and says why; it never
stops the messages of the others.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import TypeVar

from core.domain.clock import Clock
from core.domain.errors import MarketDataError
from core.domain.instruments import Instrument
from core.domain.market import BookMessage, BookView, FeedGap, MarketMessage, MarketView, PublicTrade
from core.market.book import OrderBook

STALE_AFTER_US = 5_000_000

_M = TypeVar("_M")
_log = logging.getLogger(__name__)


class OrderBooks:
    """The books of all venues and symbols.

    Attributes:
        stale_after_us: a book that is silent for longer is STALE in every view.
        message_count: messages consumed so far.
    """

    def __init__(self, clock: Clock | None = None, *, stale_after_us: int = STALE_AFTER_US) -> None:
        """Without a clock the time is that of the newest message."""
        self.stale_after_us = stale_after_us
        self.message_count = 0
        self._clock = clock
        self._newest_us = 0
        self._books: dict[tuple[str, str], OrderBook] = {}
        self._by_symbol: dict[str, dict[str, OrderBook]] = {}
        self._versions: dict[str, int] = {}
        self._trade_listeners: list[Callable[[PublicTrade], None]] = []
        self._message_listeners: list[Callable[[MarketMessage], None]] = []

    def register(self, instrument: Instrument) -> OrderBook:
        """Make room for a book. An instrument with other rules than before starts an empty book."""
        key = (instrument.venue, instrument.symbol)
        known = self._books.get(key)
        if known is not None and known.instrument == instrument:
            return known
        book = self._books[key] = OrderBook(instrument)
        self._by_symbol.setdefault(instrument.symbol, {})[instrument.venue] = book
        self._versions[instrument.symbol] = self.version(instrument.symbol) + 1
        return book

    def consume(self, message: MarketMessage) -> None:
        """Take one message: the only way that market data gets in.

        Raises:
            MarketDataError: nobody registered the message's venue and symbol.
        """
        book = self._books.get((message.venue, message.symbol))
        if book is None:
            raise MarketDataError(f"No book is kept for {message.symbol} on {message.venue}.", detail=message)
        self.message_count += 1
        self._newest_us = max(self._newest_us, message.received_us)
        if isinstance(message, PublicTrade):
            self._tell(self._trade_listeners, message)
        else:
            self._apply(book, message)
            self._versions[message.symbol] += 1
        self._tell(self._message_listeners, message)

    def book(self, venue: str, symbol: str) -> OrderBook | None:
        return self._books.get((venue, symbol))

    def view(self, symbol: str, venues: Iterable[str] | None = None, now_us: int | None = None) -> MarketView:
        """The symbol's books at one moment, in the order of registration.

        Args:
            venues: only these; those that do not trade the symbol are passed over. None: all.
            now_us: the moment staleness is judged at; None: now.
        """
        books = self._by_symbol.get(symbol, {})
        chosen = books if venues is None else {venue: books[venue] for venue in venues if venue in books}
        now_us = self._now_us() if now_us is None else now_us
        return MarketView(symbol, now_us, {venue: self._look(book, now_us) for venue, book in chosen.items()})

    def instruments(self, symbol: str) -> dict[str, Instrument]:
        """Venue -> instrument, of the venues that trade `symbol`."""
        return {venue: book.instrument for venue, book in self._by_symbol.get(symbol, {}).items()}

    def symbols(self) -> list[str]:
        return list(self._by_symbol)

    def version(self, symbol: str) -> int:
        """Grows with every change to a book of `symbol`; trades do not count."""
        return self._versions.get(symbol, 0)

    def on_trade(self, listener: Callable[[PublicTrade], None]) -> Callable[[], None]:
        """Call `listener` with every print from now on; call what is returned to stop."""
        return _subscribe(self._trade_listeners, listener)

    def on_message(self, listener: Callable[[MarketMessage], None]) -> Callable[[], None]:
        """Call `listener` after every message, when the books know it already; call what is returned to stop."""
        return _subscribe(self._message_listeners, listener)

    def _now_us(self) -> int:
        return self._newest_us if self._clock is None else self._clock.now_us()

    def _look(self, book: OrderBook, now_us: int) -> BookView:
        try:
            return book.view(now_us, self.stale_after_us)
        except Exception:  # noqa: BLE001 - whatever one book chokes on, the others must be seen
            venue = book.instrument.venue
            _log.exception("%s: the book can't be read", venue)
            book.gap(f"{venue}'s book can't be read; waiting for a snapshot")
            return book.view(now_us, self.stale_after_us)

    def _apply(self, book: OrderBook, message: BookMessage | FeedGap) -> None:
        if isinstance(message, FeedGap):
            book.gap(message.reason)
            return
        try:
            book.apply(message)
        except MarketDataError as error:
            # The trader reads it on the book, which is a GAP now and says so.
            _log.warning("%s", error, extra={"detail": error.detail})

    def _tell(self, listeners: list[Callable[[_M], None]], message: _M) -> None:
        for listener in list(listeners):
            try:
                listener(message)
            except Exception as error:  # noqa: BLE001 - one deaf listener must not silence the others or the feed
                _report(error, message)


def _subscribe(listeners: list[_M], listener: _M) -> Callable[[], None]:
    listeners.append(listener)

    def stop() -> None:
        if listener in listeners:
            listeners.remove(listener)

    return stop


def _report(error: Exception, message: object) -> None:
    """To the loop's handler, where the window's error reporter listens; without a loop it is the caller's."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        raise error from None
    loop.call_exception_handler({"message": f"A market listener failed on {type(message).__name__}", "exception": error})
