"""Our connectors on the emulated exchanges, as a test uses them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal

from core.domain.clock import SystemClock
from core.domain.credentials import Credentials
from core.domain.market import BookMessage, BookState, BookView, FeedGap, MarketMessage, PublicTrade
from core.exchanges.ccxt.access import Access, EmulatorAddress
from core.exchanges.ccxt.clients import ExchangeClients
from core.exchanges.ccxt.connector import CcxtConnector
from core.exchanges.ccxt.market_list import MarketLists
from core.exchanges.ccxt.market_loader import load_here
from core.exchanges.ccxt.venues import parse_venue
from core.market.store import OrderBooks
from tests.emulator import EmulatedVenue, Emulator, HandFeed
from tests.emulator.markets import ASKS, BIDS, SYMBOL, VENUES, instrument

__all__ = ["ASKS", "BIDS", "SYMBOL", "VENUES", "Live", "connectors_of", "live", "market_of"]

DEADLINE_S = 20.0


def market_of(*venues: str, symbols: tuple[str, ...] = (SYMBOL,)) -> HandFeed:
    """A market that a test moves by hand."""
    return HandFeed(instrument(venue, symbol) for venue in venues for symbol in symbols)


def connectors_of(emulator: EmulatorAddress, *venues: str, credentials: Credentials | None = None) -> dict[str, CcxtConnector]:
    """Connectors on public access, or live with keys. The markets are listed in this process, which has imported ccxt already."""
    clock, access = SystemClock(), Access("live" if credentials else "public", credentials, emulator)
    lists = MarketLists(clock, load=load_here)
    ids = {parse_venue(venue).ccxt_id for venue in venues}
    clients = {ccxt_id: ExchangeClients(ccxt_id, access, clock, lists) for ccxt_id in ids}
    return {venue: CcxtConnector(venue, clients[parse_venue(venue).ccxt_id], clock) for venue in venues}


class Live:
    """One venue behind the wire, and what our connector to it has said.

    Attributes:
        behind: the venue itself, with its faults.
    """

    def __init__(self, emulator: Emulator, feed: HandFeed, connector: CcxtConnector) -> None:
        self.emulator = emulator
        self.feed = feed
        self.connector = connector
        self.venue = connector.venue
        self.behind: EmulatedVenue = emulator.venues[connector.venue]
        self.told: list[MarketMessage] = []
        self.books = OrderBooks(SystemClock())
        self._news = asyncio.Event()
        connector.on_market(self._hear)

    def _hear(self, message: MarketMessage) -> None:
        self.told.append(message)
        self.books.consume(message)
        self._news.set()

    @property
    def gaps(self) -> list[FeedGap]:
        return [message for message in self.told if isinstance(message, FeedGap)]

    @property
    def trades(self) -> list[PublicTrade]:
        return [message for message in self.told if isinstance(message, PublicTrade)]

    @property
    def snapshots(self) -> list[BookMessage]:
        return [message for message in self.told if isinstance(message, BookMessage) and message.is_snapshot]

    def view(self, symbol: str = SYMBOL) -> BookView:
        return self.books.view(symbol).books[self.venue]

    def show(self, bids: Mapping[str, str], asks: Mapping[str, str], symbol: str = SYMBOL) -> None:
        """Change the venue's book to exactly this."""
        self.feed.snapshot(self.venue, bids, asks, symbol)

    def shows(self, bids: Mapping[str, str], asks: Mapping[str, str], symbol: str = SYMBOL) -> bool:
        """Whether our book is live and is exactly this."""
        view = self.view(symbol)
        if view.state is not BookState.LIVE:
            return False
        price, amount = view.instrument.price_of, view.instrument.amount_of
        ours = [
            {price(tick): amount(size) for tick, size in zip(side.ticks.tolist(), side.sizes.tolist(), strict=True)}
            for side in (view.bids, view.asks)
        ]
        return ours == [{Decimal(p): Decimal(size) for p, size in side.items()} for side in (bids, asks)]

    async def start(self, symbol: str = SYMBOL) -> None:
        """Open, subscribe, and return when our book is the venue's."""
        await self.connector.open()
        self.books.register(self.connector.instruments[symbol])
        self.show(BIDS, ASKS, symbol)
        await self.connector.subscribe(symbol)
        await self.until(lambda: self.shows(BIDS, ASKS, symbol))

    async def listening(self, what: str) -> None:
        """Return when the venue has a stream on which somebody has subscribed `what` ("trade", "depth")."""
        await self.until(lambda: any(what in topic.lower() for stream in self.emulator.streams() for topic in stream.topics))

    async def until(self, reached: Callable[[], bool], meanwhile: Callable[[], None] = lambda: None) -> None:
        """Return when `reached` is true, looked at after every message and now and then; a deadline ends a test that waits in vain.

        Args:
            meanwhile: done before every wait.
        """
        async with asyncio.timeout(DEADLINE_S):
            while not reached():
                meanwhile()
                self._news.clear()
                try:
                    async with asyncio.timeout(0.05):
                        await self._news.wait()
                except TimeoutError:
                    continue


@asynccontextmanager
async def live(
    venue: str, *, started: bool = True, symbols: tuple[str, ...] = (SYMBOL,), credentials: Credentials | None = None
) -> AsyncIterator[Live]:
    """A venue that shows BIDS and ASKS, our connector watching it."""
    feed = market_of(venue, symbols=symbols)
    async with AsyncExitStack() as stack:
        emulator = await stack.enter_async_context(Emulator(feed, depth_interval_s=0.02))
        connector = connectors_of(emulator.address, venue, credentials=credentials)[venue]
        stack.push_async_callback(connector.close)
        watched = Live(emulator, feed, connector)
        if started:
            await watched.start()
        yield watched
