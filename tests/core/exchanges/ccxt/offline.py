"""ccxt's own clients with nothing behind them: its parsers and request builders are real, its network is a dictionary of answers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any, cast

from core.domain.clock import SimulatedClock
from core.domain.credentials import Credentials
from core.domain.enums import OrderSide
from core.domain.errors import VenueUnavailable
from core.exchanges.ccxt.access import Access, AccessKind
from core.exchanges.ccxt.account import Account
from core.exchanges.ccxt.account_stream import AccountStream
from core.exchanges.ccxt.asking import Asking
from core.exchanges.ccxt.clients import load_ccxt
from core.exchanges.ccxt.instruments import instruments_of
from core.exchanges.ccxt.line import Line
from core.exchanges.ccxt.look_up import LookUps
from core.exchanges.ccxt.making import make_client
from core.exchanges.ccxt.market_list import MarketList
from core.exchanges.ccxt.news import News
from core.exchanges.ccxt.quirks import Quirks, quirks_of
from core.exchanges.ccxt.skew import ClockSkew
from core.exchanges.ccxt.trading import CcxtTrading
from core.exchanges.ccxt.venues import parse_venue
from core.exchanges.connector import AccountEvent, NewOrder


class Socket:
    """What ccxt's handlers are given, and wake."""

    def resolve(self, *_: object) -> None: ...


def keys(ccxt_id: str) -> Credentials:
    return Credentials(ccxt_id, "test", "some-key", "c29tZS1zZWNyZXQ=", "pass")


def client_of(ccxt_id: str, kind: AccessKind = "live") -> Any:
    return make_client(load_ccxt(), ccxt_id, Access(kind, keys(ccxt_id)), for_trading=True)


def perp_of(ccxt_id: str = "okx", *, contract: float = 0.01, tick: float = 0.1, lot: float = 1) -> MarketList:
    """BTC/USDT, spot and perp; the perp in contracts."""
    pair = {
        "base": "BTC",
        "quote": "USDT",
        "baseId": "BTC",
        "quoteId": "USDT",
        "active": True,
        "taker": 0.0005,
        "maker": 0.0002,
        "info": {},
    }
    spot = {**pair, "id": "BTC-USDT", "symbol": "BTC/USDT", "type": "spot", "spot": True, "contract": False, "swap": False}
    perp = {**pair, "id": "BTC-USDT-SWAP", "symbol": "BTC/USDT:USDT", "type": "swap", "swap": True, "spot": False, "contract": True}
    perp |= {"linear": True, "settle": "USDT", "settleId": "USDT", "contractSize": contract}
    spot |= {"precision": {"price": 0.1, "amount": 1e-8}, "limits": {}}
    perp |= {"precision": {"price": tick, "amount": lot}, "limits": {}}
    return MarketList(ccxt_id, 0, 0, [spot, perp], {}, 4)


class Clients:
    """What `CcxtTrading` uses of the clients of an account. Lists that it is given were fetched at that moment."""

    def __init__(self, ccxt_id: str, client: Any, markets: MarketList, clock: SimulatedClock) -> None:
        self._clock = clock
        self.access = Access("live", keys(ccxt_id))
        self.quirks: Quirks = quirks_of(ccxt_id)
        self.trading = client
        self.renew(markets)

    def renew(self, markets: MarketList) -> None:
        self.markets = replace(markets, loaded_us=self._clock.now_us())
        markets.set_on(self.trading)


class Offline:
    """One venue's private side, open.

    Attributes:
        answers: end of a request's path -> what is answered; an exception is raised.
        asked: (path, body) of every request.
    """

    def __init__(self, venue: str, client: Any, markets: MarketList) -> None:
        self.clock = SimulatedClock()
        self.told: list[AccountEvent] = []
        self.answers: dict[str, Any] = {}
        self.asked: list[tuple[str, str]] = []
        self.client = client
        parsed = parse_venue(venue)
        self.clients: Any = Clients(parsed.ccxt_id, client, markets, self.clock)
        quirks = self.clients.quirks
        self.instruments = instruments_of(parsed, markets, quirks)
        client.fetch = self._fetch
        self.trading = CcxtTrading(venue, cast("Any", self.clients), self.clock, self.instruments, self.told.append)
        memory = self.trading.memory
        asking = Asking(venue, client, ClockSkew(client, self.clock))
        look_ups = LookUps(client, quirks, memory, asking, self.clock)
        self.account = Account(parsed, client, quirks, asking)
        self.news = News(parsed, quirks, memory, look_ups, self.clock, self.instruments, self.told.append)
        stream = AccountStream.of(client, self.clock)  # not joined: there is no network
        self.trading._open = Line(client, quirks, memory, asking, look_ups, self.account, self.news, stream)

    async def _fetch(self, url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
        path = url.partition("?")[0]
        self.asked.append((path, body or ""))
        answer = next((self.answers[end] for end in self.answers if path.endswith(end)), None)
        if answer is None:
            raise VenueUnavailable(f"{path} is not there")
        if isinstance(answer, Exception):
            raise answer
        return answer

    def sent(self, end: str) -> list[dict[str, Any]]:
        """The bodies of the requests to a path."""
        bodies = [json.loads(body) for path, body in self.asked if path.endswith(end)]
        return [body[0] if isinstance(body, list) else body for body in bodies]


@asynccontextmanager
async def offline(venue: str, markets: MarketList | None = None) -> AsyncIterator[Offline]:
    ccxt_id = parse_venue(venue).ccxt_id
    client = client_of(ccxt_id)
    try:
        yield Offline(venue, client, markets or perp_of(ccxt_id))
    finally:
        await client.close_quietly()


def order_of(client_id: str = "f00000000000000001", amount: str = "1", price: str = "60000", **flags: Any) -> NewOrder:
    return NewOrder(client_id, "BTC/USDT", flags.pop("side", OrderSide.SELL), Decimal(amount), Decimal(price), **flags)
