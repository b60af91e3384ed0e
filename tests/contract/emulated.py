"""`CcxtConnector` under the contract: ccxt's own clients, real sockets, and the emulated exchange behind them.

Time is the wall's here, so nothing can be advanced: `settle` waits until the connector's book is the venue's, and until
nothing has moved on the wire for a moment.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any, TypeVar

from core.domain.clock import SystemClock
from core.domain.credentials import Credentials
from core.domain.enums import OrderSide
from core.domain.market import BookMessage, MarketMessage
from core.exchanges.ccxt.access import Access
from core.exchanges.ccxt.clients import ExchangeClients
from core.exchanges.ccxt.connector import CcxtConnector
from core.exchanges.ccxt.market_list import MarketLists
from core.exchanges.ccxt.market_loader import load_here
from core.exchanges.ccxt.venues import parse_venue
from core.exchanges.connector import AccountEvent, ExchangeConnector
from core.market.book import OrderBook
from tests.emulator import KEY, SECRET, Emulator, HandFeed
from tests.emulator.markets import SYMBOL, VENUES, instrument

T = TypeVar("T")

_CLOCK = SystemClock()
_DEADLINE_S = 10.0
_LOOK_S = 0.005
_QUIET_LOOKS = 12  # so many looks in a row at which nothing had moved


class EmulatedUnderTest:
    """One venue of the emulator, and the connector that is to be opened on it."""

    def __init__(self, emulator: Emulator, feed: HandFeed, connector: CcxtConnector) -> None:
        self.connector: ExchangeConnector = connector
        self.symbol = SYMBOL
        self.heard: list[AccountEvent] = []
        self._emulator = emulator
        self._feed = feed
        self._venue = emulator.venues[connector.venue]
        self._book = OrderBook(self._venue.instruments[SYMBOL])
        self._moved = 0
        connector.on_account(self._hear)
        connector.on_market(self._see)

    async def set_book(self, bids: Mapping[str, str], asks: Mapping[str, str]) -> None:
        self._feed.snapshot(self._venue.name, bids, asks)

    async def print_trade(self, taker: OrderSide, price: str, size: str) -> None:
        self._feed.trade(self._venue.name, taker, price, size)

    async def do(self, request: Coroutine[Any, Any, T]) -> T:
        return await request

    async def settle(self) -> None:
        """Until the connector shows the venue's book and the wire has been quiet for a moment.

        Raises:
            TimeoutError: that does not happen.
        """
        async with asyncio.timeout(_DEADLINE_S):
            quiet = 0
            while quiet < _QUIET_LOOKS:
                before = (self._moved, len(self._emulator.requests))
                await asyncio.sleep(_LOOK_S)
                still = before == (self._moved, len(self._emulator.requests)) and self._emulator.is_quiet
                quiet = quiet + 1 if still and self._shows_the_book() else 0

    def _hear(self, event: AccountEvent) -> None:
        self._moved += 1
        self.heard.append(event)

    def _see(self, message: MarketMessage) -> None:
        self._moved += 1
        if isinstance(message, BookMessage):
            self._book.apply(message)

    def _shows_the_book(self) -> bool:
        truth = self._venue.book(SYMBOL).levels()
        view = self._book.view(_CLOCK.now_us(), 1 << 62)
        shown = tuple(dict(zip(side.ticks.tolist(), side.sizes.tolist(), strict=True)) for side in (view.bids, view.asks))
        return shown == truth


_LISTS: dict[str, Mapping[str, Any]] = {}


async def _list_markets(ccxt_id: str, access: Access) -> Mapping[str, Any]:
    """In this process, and once: the emulated markets are the same in every test."""
    if ccxt_id not in _LISTS:
        _LISTS[ccxt_id] = await load_here(ccxt_id, access)
    return _LISTS[ccxt_id]


@asynccontextmanager
async def emulated(venue: str) -> AsyncIterator[EmulatedUnderTest]:
    """A connector with keys on an emulator of its own, both at rest when the block ends."""
    feed = HandFeed(instrument(name) for name in VENUES)
    async with Emulator(feed, latency_ms=2.0, depth_interval_s=0.005) as emulator:
        parsed = parse_venue(venue)
        access = Access("live", Credentials(parsed.exchange, "contract", KEY, SECRET), emulator.address)
        clients = ExchangeClients(parsed.ccxt_id, access, _CLOCK, MarketLists(_CLOCK, load=_list_markets))
        connector = CcxtConnector(venue, clients, _CLOCK)
        try:
            yield EmulatedUnderTest(emulator, feed, connector)
        finally:
            await connector.close()


EMULATED: Mapping[str, Callable[[], AbstractAsyncContextManager[EmulatedUnderTest]]] = {
    f"emulated {venue.replace('_', ' ')}": partial(emulated, venue) for venue in VENUES
}
