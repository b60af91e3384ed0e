"""One venue's private side on the emulator: real sockets, ccxt's own clients, and the venue's truth to compare with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from core.domain.clock import SystemClock
from core.domain.credentials import Credentials
from core.domain.enums import OrderSide
from core.domain.orders import Fill
from core.exchanges.ccxt.access import Access
from core.exchanges.ccxt.clients import ExchangeClients
from core.exchanges.ccxt.instruments import instruments_of
from core.exchanges.ccxt.market_list import MarketLists
from core.exchanges.ccxt.market_loader import load_here
from core.exchanges.ccxt.trading import CcxtTrading
from core.exchanges.ccxt.venues import parse_venue
from core.exchanges.connector import AccountEvent, ConnectionChange, NewOrder, VenueOrder
from tests.emulator import KEY, SECRET, EmulatedVenue, Emulator, HandFeed
from tests.emulator.markets import ASKS, BIDS, SYMBOL, VENUES, instrument

CLOCK = SystemClock()


@dataclass
class TradingDesk:
    """`trading` is open; `heard` is what its stream has said so far."""

    emulator: Emulator
    feed: HandFeed
    venue: EmulatedVenue
    clients: ExchangeClients
    trading: CcxtTrading
    heard: list[AccountEvent] = field(default_factory=list)

    def order(self, client_id: str = "c1", side: OrderSide = OrderSide.BUY, amount: str = "1", price: str = "99", **flags: Any) -> NewOrder:
        return NewOrder(client_id, SYMBOL, side, Decimal(amount), Decimal(price), **flags)

    async def send(self, client_id: str = "c1", **order: Any) -> VenueOrder:
        return await self.trading.create_order(self.order(client_id, **order))

    @property
    def fills(self) -> list[Fill]:
        return [event for event in self.heard if isinstance(event, Fill)]

    @property
    def orders(self) -> list[VenueOrder]:
        return [event for event in self.heard if isinstance(event, VenueOrder)]

    @property
    def changes(self) -> list[bool]:
        """Went down (False), came back (True)."""
        return [event.connected for event in self.heard if isinstance(event, ConnectionChange)]

    async def restart(self, deadline_s: float = 2.0) -> None:
        """Go on with a program that remembers nothing."""
        await self.trading.close()
        known = instruments_of(parse_venue(self.venue.name), self.clients.markets, self.clients.quirks)
        self.trading = CcxtTrading(self.venue.name, self.clients, CLOCK, known, self.heard.append, deadline_s=deadline_s)
        await self.trading.open()

    async def came_back(self) -> None:
        """Return when the private stream was lost and is back."""
        await eventually(lambda: self.changes[-1:] == [True])

    def skew_clocks(self, ms: int) -> None:
        """Set every venue's clock ahead of ours; an exchange tells one time for all its venues."""
        for venue in self.emulator.venues.values():
            venue.faults.clock_skew_ms = ms

    def placed(self, client_id: str = "c1") -> bool:
        """Whether the venue has it in truth."""
        return client_id in self.venue.truth.orders

    def creates(self) -> int:
        """How many requests to place an order have arrived."""
        return sum(request.method == "POST" and request.path.endswith(("/order", "/order/create")) for request in self.emulator.requests)


async def eventually(condition: Callable[[], object], within_s: float = 5.0) -> None:
    """Return as soon as `condition` holds."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 — the conditions are other people's state, which tells nobody that it changed
            await asyncio.sleep(0.005)


_LISTS: dict[str, Mapping[str, Any]] = {}


async def _load(ccxt_id: str, access: Access) -> Mapping[str, Any]:
    """The emulator's markets, which are always the same: asked for once."""
    if ccxt_id not in _LISTS:
        _LISTS[ccxt_id] = await load_here(ccxt_id, Access("public", None, access.emulator))
    return deepcopy(_LISTS[ccxt_id])


@asynccontextmanager
async def trading_desk(*venues: str, deadline_s: float = 2.0, secret: str = SECRET) -> AsyncIterator[list[TradingDesk]]:
    """Desks on the same emulator, those of one exchange on the same clients."""
    feed = HandFeed(instrument(venue) for venue in VENUES)
    async with Emulator(feed, latency_ms=1.0, depth_interval_s=0.01) as emulator:
        for venue in VENUES:
            feed.snapshot(venue, BIDS, ASKS)
        clients: dict[str, ExchangeClients] = {}
        desks: list[TradingDesk] = []
        try:
            for venue in venues:
                parsed = parse_venue(venue)
                access = Access("live", Credentials(parsed.exchange, "test", KEY, secret), emulator.address)
                shared = clients.setdefault(parsed.ccxt_id, ExchangeClients(parsed.ccxt_id, access, CLOCK, MarketLists(CLOCK, load=_load)))
                await shared.open()
                for client in (shared.market, shared.trading):
                    assert client is not None
                    client.timeout_on_exit = 0  # ccxt's farewell to real servers; hundreds of desks come and go here
                known = instruments_of(parsed, shared.markets, shared.quirks)
                desk = TradingDesk(emulator, feed, emulator.venues[venue], shared, None)  # type: ignore[arg-type]  # made in the next line
                desk.trading = CcxtTrading(venue, shared, CLOCK, known, desk.heard.append, deadline_s=deadline_s)
                desks.append(desk)
                await desk.trading.open()
            yield desks
        finally:
            for desk in desks:
                await desk.trading.close()
                await desk.clients.close()
