"""The public streams of one venue: who asks for a symbol twice, or in ten places, watches one subscription."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, final

from core.domain.clock import Clock
from core.domain.errors import VenueUnavailable
from core.domain.instruments import Instrument
from core.domain.market import MarketMessage
from core.exchanges.ccxt.books import BookSubscription
from core.exchanges.ccxt.clients import ExchangeClients
from core.exchanges.ccxt.prints import PrintSubscription
from core.exchanges.ccxt.venues import VenueId

_LOOK_S = 1.0
# A new book takes a dial, a subscription and, on Binance, a request for its snapshot.
RESYNC_S = 8.0


@final
class PublicStreams:
    """Books and trades.

    Args:
        clients: open for as long as this is.
        tell: called with every message.
    """

    def __init__(self, venue: VenueId, clients: ExchangeClients, clock: Clock, tell: Callable[[MarketMessage], None]) -> None:
        self._venue = venue
        self._clients = clients
        self._clock = clock
        self._tell = tell
        self._books: dict[str, BookSubscription] = {}
        self._prints: dict[str, PrintSubscription] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._spawn(self._watch_silence(), "watchdog")

    def __contains__(self, symbol: str) -> bool:
        return symbol in self._books

    def subscribe(self, instrument: Instrument) -> None:
        """Tell the book and the trades of `instrument` from now on, in its ticks and units. The first message comes after this returns."""
        symbol, market = instrument.symbol, self._clients.market
        if symbol in self._books:
            return
        named = self._venue.ccxt_symbol(symbol)
        depths, siblings = self._clients.quirks.book_depths, self._clients.subscriptions
        book = self._books[symbol] = BookSubscription(market, instrument, named, depths, self._clock, siblings, self._tell)
        self._spawn(book.run(), f"book {symbol}")
        if market.has.get("watchTrades"):
            prints = self._prints[symbol] = PrintSubscription(market, instrument, named, self._clock, siblings, self._tell)
            self._spawn(prints.run(), f"trades {symbol}")

    async def resync(self, symbol: str) -> None:
        """Subscribe a symbol's streams anew; returns with the new snapshot.

        Raises:
            VenueUnavailable: none has come within a few seconds; it is asked for until one does.
        """
        book, reason = self._books[symbol], f"{self._venue.venue}: the book of {symbol} is subscribed anew."
        if symbol in self._prints:
            self._prints[symbol].restart(reason)
        book.restart(reason)
        try:
            async with asyncio.timeout(RESYNC_S):
                await book.told()
        except TimeoutError as error:
            raise VenueUnavailable(f"{self._venue.venue} sends no book of {symbol} yet; asking again.", detail=error) from None

    async def close(self) -> None:
        """End them; nothing is told any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._books.clear()
        self._prints.clear()

    async def _watch_silence(self) -> None:
        while True:
            await self._clock.sleep(_LOOK_S)
            for subscription in (*self._books.values(), *self._prints.values()):
                subscription.check()

    def _spawn(self, work: Coroutine[Any, Any, None], what: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=f"{self._venue.venue} {what}")
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """None of them ends by itself: a fault of ours must not look like a quiet market."""
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            task.get_loop().call_exception_handler({"message": f"{task.get_name()} broke", "exception": error, "task": task})
