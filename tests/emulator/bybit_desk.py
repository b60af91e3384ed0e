"""A market by hand behind Bybit's wire, and ccxt's own client in front of it, for the tests.

Spot and linear have the same book at first: 1, 2, 3 BTC at 100, 99.5, 99 and at 100.5, 101, 101.5.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from decimal import Decimal
from typing import Any

import orjson
from aiohttp import ClientWebSocketResponse

from core.domain.enums import MarketType
from core.domain.instruments import Instrument
from core.exchanges.ccxt.access import make_session
from tests.emulator import EmulatedVenue, Emulator, HandFeed
from tests.emulator.bybit_exchange import Bybit
from tests.emulator.bybit_routes import bybit_of
from tests.emulator.ccxt_clients import ccxt_client
from tests.emulator.markets import ASKS, BIDS

SPOT, PERP = "BTC/USDT", "BTC/USDT:USDT"
MARKETS = (SPOT, PERP)
PATIENCE_S = 10.0

INSTRUMENTS = tuple(
    Instrument(
        venue,
        symbol,
        kind,
        tick=Decimal("0.5"),
        lot=Decimal("0.01"),
        min_amount=Decimal("0.02"),
        min_notional=Decimal(5),
        taker_fee=Decimal("0.001"),
        maker_fee=Decimal("0.0004"),
        fee_in_base=kind is MarketType.SPOT,
    )
    for venue, kind in (("bybit_spot", MarketType.SPOT), ("bybit_perp", MarketType.PERP))
    for symbol in ("BTC/USDT", "ETH/USDT")
)


class BybitDesk:
    """An emulator, the feed behind it and a client with keys before it. `ccxt` is untyped, and so is what it returns."""

    def __init__(self, emulator: Emulator, feed: HandFeed, client: Any) -> None:
        self.emulator = emulator
        self.feed = feed
        self.client = client

    @property
    def bybit(self) -> Bybit:
        return bybit_of(self.emulator)

    def venue(self, market: str) -> EmulatedVenue:
        return self.emulator.venues["bybit_perp" if market == PERP else "bybit_spot"]

    async def send(self, market: str, side: str, amount: str, price: str, client_id: str = "c1", **params: Any) -> Any:
        """A limit order, as Fathom sends it."""
        return await self.client.create_order(market, "limit", side, float(amount), float(price), {"orderLinkId": client_id, **params})

    async def order(self, market: str, client_id: str = "c1") -> Any:
        """The raw row of one order, as `order/realtime` shows it; None when it shows none."""
        [*found] = await self.client.fetch_open_orders(market, params={"orderLinkId": client_id})
        return found[0]["info"] if found else None


def client_of(emulator: Emulator, **config: Any) -> AbstractAsyncContextManager[Any]:
    """ccxt's bybit, unmodified, without markets; keys are the account's unless `config` says otherwise."""
    return ccxt_client("bybit", emulator.address, loaded=False, **config)


@asynccontextmanager
async def socket_of(emulator: Emulator, path: str) -> AsyncIterator[RawSocket]:
    """A bare connection to `wss://stream.bybit.com` + `path`: for what ccxt does not show, such as update ids."""
    async with make_session(emulator.address) as session, session.ws_connect(f"wss://stream.bybit.com{path}") as socket:
        yield RawSocket(socket)


class RawSocket:
    """JSON in, JSON out."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self._socket = socket

    async def ask(self, op: str, *args: object) -> Any:
        """Send a request and return its answer."""
        await self._socket.send_json({"op": op, "args": list(args), "req_id": "r1"})
        return await self.read()

    async def read(self) -> Any:
        """The next message.

        Raises:
            TimeoutError: none within `PATIENCE_S`.
        """
        return orjson.loads(await self._socket.receive_str(timeout=PATIENCE_S))


@asynccontextmanager
async def bybit_desk(**how: Any) -> AsyncIterator[BybitDesk]:
    """A desk with books on both markets and the instruments loaded."""
    feed = HandFeed(INSTRUMENTS)
    async with Emulator(feed, **({"depth_interval_s": 0.005} | how)) as emulator:
        for venue in emulator.venues:
            feed.snapshot(venue, BIDS, ASKS)
        async with client_of(emulator) as client:
            await client.load_markets()
            yield BybitDesk(emulator, feed, client)
