"""The promise that paper and demo can never touch an account: what reads the market can't sign."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import pytest

from core.domain.clock import SystemClock
from core.domain.credentials import Credentials
from core.domain.enums import OrderSide
from core.domain.errors import NotPossible
from core.exchanges.ccxt.access import Access
from core.exchanges.ccxt.clients import load_ccxt
from core.exchanges.ccxt.live_feed import LiveFeed
from core.exchanges.ccxt.making import make_client
from core.exchanges.ccxt.public_only import SECRETS, is_public
from core.exchanges.connector import NewOrder
from core.exchanges.paper.connector import PaperConnector
from tests.core.exchanges.ccxt.live import ASKS, BIDS, SYMBOL, VENUES, connectors_of, live, market_of
from tests.emulator import Emulator

FIRST_CLASS_IDS = ("binance", "binanceusdm", "bybit", "okx", "kraken", "krakenfutures")
# What ccxt may ask with keys only: by its own table of endpoints, groups that say so in their name.
PRIVATE_WORDS = ("private", "sapi", "papi")


def groups(api: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Every group of endpoints of `describe()['api']`, with a method and one of its paths."""
    for key, value in api.items():
        if key in ("get", "post", "put", "delete", "patch") and value:
            yield path, key.upper(), str(next(iter(value)))
        elif isinstance(value, Mapping):
            yield from groups(value, (*path, key))


@pytest.mark.parametrize("ccxt_id", FIRST_CLASS_IDS)
def test_no_private_endpoint_of_a_first_class_exchange_can_be_prepared(ccxt_id: str) -> None:
    client = make_client(load_ccxt(), ccxt_id, Access("public"), for_trading=False)
    private = 0
    for group, method, path in groups(client.describe()["api"]):
        api: Any = group[0] if len(group) == 1 else list(group)
        if any(word in part.lower() for part in group for word in PRIVATE_WORDS):
            private += 1
            with pytest.raises(NotPossible, match="private endpoint"):
                client.sign(path, api, method)
    assert private


@pytest.mark.parametrize("ccxt_id", FIRST_CLASS_IDS)
async def test_every_private_method_refuses_before_anything_is_sent(ccxt_id: str) -> None:
    client = make_client(load_ccxt(), ccxt_id, Access("public"), for_trading=False)
    sent: list[str] = []

    async def fetch(url: str, *_: object, **__: object) -> object:
        sent.append(url)
        raise AssertionError(url)

    client.fetch = fetch
    client.enableRateLimit = False
    spot = ccxt_id not in ("binanceusdm", "krakenfutures")
    symbol = "BTC/USDT" if spot else "BTC/USDT:USDT"
    kind = {"spot": spot, "swap": not spot, "contract": not spot, "linear": not spot, "type": "spot" if spot else "swap"}
    client.set_markets([{**client.safe_market_structure(), **_MARKET, **kind, "symbol": symbol}])
    asked: list[Callable[[], Any]] = [
        client.fetch_balance,
        lambda: client.create_order(symbol, "limit", "buy", 1.0, 1.0),
        lambda: client.cancel_order("1", symbol),
        lambda: client.fetch_open_orders(symbol),
        lambda: client.fetch_my_trades(symbol),
        lambda: client.watch_orders(symbol),
        lambda: client.watch_my_trades(symbol),
        client.watch_balance,
    ]
    for ask in asked:
        with pytest.raises(NotPossible):
            await ask()
    assert not sent
    await client.close_quietly()


_MARKET = {
    "id": "BTCUSDT",
    "lowercaseId": "btcusdt",
    "base": "BTC",
    "quote": "USDT",
    "baseId": "BTC",
    "quoteId": "USDT",
    "active": True,
    "precision": {"amount": 0.001, "price": 0.1},
    "info": {"orderTypes": ["LIMIT", "MARKET"], "wsname": "BTC/USDT"},
}


@pytest.mark.parametrize("name", SECRETS)
def test_it_takes_no_secret_of_any_kind(name: str) -> None:
    client = make_client(load_ccxt(), "bybit", Access("public"), for_trading=False)
    with pytest.raises(NotPossible, match="takes none"):
        setattr(client, name, "canary")
    assert "canary" not in str(vars(client))


def test_also_a_live_accounts_market_client_has_no_keys() -> None:
    access = Access("live", Credentials("bybit", "main", "canary-key-canary", "canary-secret"))
    market = make_client(load_ccxt(), "bybit", access, for_trading=False)
    assert "canary" not in str({**vars(market), "apiKey": str(market.apiKey), "secret": str(market.secret)})
    assert not market.check_required_credentials(False)


@pytest.mark.parametrize("api", ["private", ["v1", "private"], "fapiPrivateV2", "sapi", "", [], ["publicPrivate"], "uta"])
def test_in_doubt_a_group_of_endpoints_is_private(api: Any) -> None:
    assert not is_public(api)


@pytest.mark.parametrize("api", ["public", ["v1", "pub"], "fapiPublic", "charts", ["spot", "public"]])
def test_what_says_that_it_is_public_is(api: Any) -> None:
    assert is_public(api)


async def test_simulated_trading_on_live_data_signs_nothing() -> None:
    """The whole way, as a desk in paper mode goes it: books, an order, a cancel, balances and candles."""
    clock, feed = SystemClock(), market_of(*VENUES)
    async with Emulator(feed, depth_interval_s=0.02) as emulator:
        market = LiveFeed(connectors_of(emulator.address, *VENUES))
        for venue in VENUES:
            feed.snapshot(venue, BIDS, ASKS)
            paper = PaperConnector(venue, market, clock, latency_ms=1)
            come = _first_book(paper)
            await paper.open()
            await paper.subscribe(SYMBOL)
            await come()
            order = NewOrder("c1", SYMBOL, OrderSide.BUY, Decimal("0.5"), Decimal("101"))
            await paper.create_order(order)
            await paper.create_order(NewOrder("c2", SYMBOL, OrderSide.BUY, Decimal("0.5"), Decimal("99")))
            await paper.cancel_order(SYMBOL, "c2")
            await paper.balances()
            [fill] = await paper.fills_of(SYMBOL, "c1")
            assert fill.price == Decimal("100.5")
            assert len(await paper.candles(SYMBOL, 1_700_000_040_000_000, 1_700_000_640_000_000)) == 10
            await paper.close()
        await market.close()
        assert len(emulator.requests) >= len(VENUES)
        assert not [request for request in emulator.requests if request.signed or request.method != "GET"]


async def test_a_connector_without_keys_says_so_when_it_is_asked_to_trade() -> None:
    async with live("binance_spot") as watched:
        asked: list[Callable[[], Any]] = [
            lambda: watched.connector.create_order(NewOrder("c1", SYMBOL, OrderSide.BUY, Decimal(1), Decimal(100))),
            lambda: watched.connector.cancel_order(SYMBOL, "c1"),
            watched.connector.balances,
            watched.connector.positions,
            lambda: watched.connector.find_order(SYMBOL, "c1"),
            lambda: watched.connector.set_leverage(SYMBOL, 3),
            watched.connector.resync_account,
        ]
        for ask in asked:
            with pytest.raises(NotPossible, match="without keys"):
                await ask()
        assert not [request for request in watched.emulator.requests if request.signed]


def _first_book(paper: PaperConnector) -> Any:
    come = asyncio.Event()
    paper.on_market(lambda _: come.set())

    async def wait() -> None:
        async with asyncio.timeout(20):
            await come.wait()

    return wait
