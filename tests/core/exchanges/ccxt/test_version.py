"""What Fathom relies on of ccxt and nobody promised. When an upgrade fails here, read what changed before touching the assertion."""

from __future__ import annotations

import inspect
import tomllib
from importlib.metadata import version
from pathlib import Path

import ccxt
import ccxt.pro
import pytest
from ccxt.async_support.base.exchange import Exchange as AsyncExchange
from ccxt.async_support.base.ws.client import Client as Socket

from core.exchanges.ccxt.quirks import LookUp, quirks_of

PROJECT = Path(__file__).parents[4] / "pyproject.toml"
FIRST_CLASS = ("binance", "binanceusdm", "bybit", "okx", "kraken", "krakenfutures")
ROUNDED = {"id": "BTCUSDT", "symbol": "BTC/USDT", "base": "BTC", "quote": "USDT", "precision": {"price": 0.5, "amount": 0.01}}


def test_the_version_is_within_the_bound_and_the_bound_ends_before_the_next_minor_one() -> None:
    bounds = next(line for line in tomllib.loads(PROJECT.read_text())["project"]["dependencies"] if line.startswith("ccxt"))
    assert bounds.replace(" ", "").startswith("ccxt>=4.5.90,<4.6")
    assert (4, 5, 90) <= tuple(int(part) for part in version("ccxt").split(".")) < (4, 6)


async def test_every_request_goes_once_through_fetch_which_an_instance_may_replace() -> None:
    """`wire.py` learns from it what has left and what came back; and a write must never be repeated."""
    client = ccxt.pro.binance({"enableRateLimit": False, "apiKey": "key", "secret": "secret"})
    asked: list[str] = []

    async def fetch(url: str, method: str = "GET", headers: object = None, body: object = None) -> object:
        asked.append(method)
        raise ccxt.RequestTimeout(f"binance {method} {url}")

    client.fetch = fetch
    with pytest.raises(ccxt.RequestTimeout):
        await client.private_post_order({"symbol": "BTCUSDT"})
    assert asked == ["POST"]
    await client.close()


def test_every_answer_is_told_of_before_it_is_judged() -> None:
    """By which `wire.py` learns its status and its headers."""
    assert list(inspect.signature(AsyncExchange.fetch).parameters) == ["self", "url", "method", "headers", "body"]
    assert list(inspect.signature(AsyncExchange.on_rest_response).parameters)[:6] == [
        "self",
        "code",
        "reason",
        "url",
        "method",
        "response_headers",
    ]
    source = inspect.getsource(AsyncExchange.fetch)
    assert source.index("self.on_rest_response(") < source.index("self.handle_errors(")


def test_network_errors_keep_their_cause() -> None:
    """By which a connection that was never made is told from one that broke."""
    source = inspect.getsource(AsyncExchange.fetch)
    assert source.count("from e") == 4


@pytest.mark.parametrize(
    ("name", "parent"),
    [
        ("ArgumentsRequired", "ExchangeError"),
        ("AuthenticationError", "ExchangeError"),
        ("BadRequest", "ExchangeError"),
        ("BadSymbol", "BadRequest"),
        ("InsufficientFunds", "ExchangeError"),
        ("InvalidOrder", "ExchangeError"),
        ("OrderNotFound", "InvalidOrder"),
        ("DuplicateOrderId", "InvalidOrder"),
        ("OrderImmediatelyFillable", "InvalidOrder"),
        ("NotSupported", "ExchangeError"),
        ("OperationRejected", "ExchangeError"),
        ("NoChange", "OperationRejected"),
        ("DDoSProtection", "NetworkError"),
        ("RateLimitExceeded", "NetworkError"),
        ("InvalidNonce", "NetworkError"),
        ("RequestTimeout", "NetworkError"),
        ("ExchangeNotAvailable", "NetworkError"),
    ],
)
def test_errors_are_called_and_sorted_as_they_were(name: str, parent: str) -> None:
    """`outcomes.py` knows them by name."""
    assert parent in [known.__name__ for known in getattr(ccxt, name).__mro__]
    assert not issubclass(ccxt.NetworkError, ccxt.ExchangeError)


@pytest.mark.parametrize("ccxt_id", FIRST_CLASS)
def test_the_first_class_exchanges_can_do_what_we_ask_of_them(ccxt_id: str) -> None:
    has, quirks = getattr(ccxt.pro, ccxt_id)().has, quirks_of(ccxt_id)
    wanted = {"createOrder", "cancelOrder", "fetchOpenOrders", "fetchMyTrades", "fetchBalance", "watchOrders", "watchMyTrades"}
    if LookUp.BY_ID in quirks.look_ups:
        wanted.add("fetchOrder")
    if quirks.amends:
        wanted.add("editOrder")
    assert not {name for name in wanted if not has.get(name)}


@pytest.mark.parametrize("ccxt_id", ["binance", "binanceusdm", "bybit", "okx"])
def test_the_clock_is_corrected_by_one_option(ccxt_id: str) -> None:
    client = getattr(ccxt.pro, ccxt_id)()
    client.options["timeDifference"] = 5_000
    assert client.milliseconds() - client.nonce() == pytest.approx(5_000, abs=500)


def test_ccxt_still_rounds_prices_to_the_nearest_tick_and_amounts_down() -> None:
    """Which is why nothing that it could round is ever handed to it."""
    client = ccxt.pro.binance()
    client.set_markets([client.safe_market_structure(ROUNDED)])
    assert client.price_to_precision("BTC/USDT", 100.3) == "100.5"
    assert client.amount_to_precision("BTC/USDT", 0.019) == "0.01"
    with pytest.raises(ccxt.InvalidOrder):
        client.amount_to_precision("BTC/USDT", 0.001)


def test_bybits_bare_acknowledgements_and_its_closed_that_is_not_filled() -> None:
    client = ccxt.pro.bybit()
    assert client.parse_order_status("PartiallyFilledCanceled") == "closed"
    assert "nextPageCursor" in inspect.getsource(client.add_pagination_cursor_to_result)
    assert {"enableUnifiedMargin", "enableUnifiedAccount"} <= set(client.options)


def test_binance_answers_an_order_with_how_it_went() -> None:
    assert ccxt.pro.binance().options["newOrderRespType"]["limit"] == "FULL"
    assert "request['newOrderRespType'] = 'RESULT'" in inspect.getsource(ccxt.pro.binance.create_order_request)


def test_sockets_show_who_waits_on_them_and_whether_they_are_closed() -> None:
    """`account_stream.py` sees by that when a channel is up."""
    source = inspect.getsource(Socket)
    assert "self.futures[message_hash] = Future()" in source
    assert "def closed(self)" in source
    for ccxt_id, channel in (("binance", "orders"), ("bybit", "orders"), ("okx", "orders")):
        assert f"'{channel}'" in inspect.getsource(getattr(ccxt.pro, ccxt_id).watch_orders)
