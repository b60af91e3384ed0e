"""What Kraken's two exchanges answer, through ccxt's own parsers: a futures wallet with a name, and trades listed for all symbols."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

import pytest

from core.domain.enums import OrderSide, TimeInForce
from core.exchanges.ccxt.outgoing import terms
from core.exchanges.connector import NewOrder
from tests.core.exchanges.ccxt.offline import Offline, offline, perp_of

# Shortened from ccxt's own example. https://docs.kraken.com/api/docs/futures-api/trading/get-accounts
ACCOUNTS = {
    "result": "success",
    "serverTime": "2026-04-12T07:48:07.475Z",
    "accounts": {
        "cash": {"type": "cashAccount", "balances": {"usd": "1.0", "xbt": "0.0"}},
        "fi_xbtusd": {
            "type": "marginAccount",
            "currency": "xbt",
            "balances": {"xbt": "0.0"},
            "auxiliary": {"usd": "0", "pv": "0", "af": "0"},
        },
        "flex": {
            "type": "multiCollateralMarginAccount",
            "currencies": {
                "USD": {"quantity": "5000", "value": "5000", "collateral": "5000", "available": "4000"},
                "XBT": {"quantity": "0.5", "value": "30000", "collateral": "29000", "available": "0.5"},
            },
            "initialMargin": "1000",
            "availableMargin": "33000",
            "balanceValue": "35000",
            "portfolioValue": "35000",
            "collateralValue": "34000",
            "marginEquity": "34000",
        },
    },
}
PAGE = 50


async def test_kraken_perps_money_is_the_multi_collateral_wallet() -> None:
    """`type` is the name of a wallet there, not the kind of market."""
    async with offline("kraken_perp") as desk:
        desk.answers["/accounts"] = ACCOUNTS
        found = await desk.trading.balances()
        assert {name: (one.total, one.free) for name, one in found.items()} == {
            "USD": (Decimal(5000), Decimal(4000)),
            "BTC": (Decimal("0.5"), Decimal("0.5")),
        }


@pytest.mark.parametrize(("kept", "sent"), [(TimeInForce.IOC, "ioc"), (TimeInForce.GTC, "lmt")])
async def test_an_immediate_order_does_not_rest_on_kraken_perps(kept: TimeInForce, sent: str) -> None:
    """ccxt knows the word in lower case only, and would send anything else as an order that rests."""
    async with offline("kraken_perp") as desk:
        order = NewOrder("c1", "BTC/USDT", OrderSide.BUY, Decimal("0.05"), Decimal(60000), time_in_force=kept)
        params = terms(order, desk.trading._quirks)
        request = desk.client.create_order_request("BTC/USDT:USDT", "limit", "buy", 5, 60000, params)
        assert request["orderType"] == sent


def spot_trade(order: str, pair: str, time_s: float) -> dict[str, Any]:
    one = {"ordertxid": order, "postxid": "x", "pair": pair, "time": time_s, "type": "buy", "ordertype": "limit", "price": "60000.0"}
    return one | {"cost": "600", "fee": "0.1", "vol": "0.01", "margin": "0", "misc": "", "maker": True}


def list_trades(desk: Offline, trades: Mapping[str, Mapping[str, Any]]) -> list[int]:
    """Let Kraken list these, newest first and fifty at a time; returns the offsets that it will have been asked for."""
    offsets: list[int] = []

    async def fetch(url: str, method: str = "GET", headers: object = None, body: str = "") -> dict[str, Any]:
        assert url.endswith("TradesHistory")
        await asyncio.sleep(0)
        offset = int(parse_qs(body).get("ofs", ["0"])[0])
        offsets.append(offset)
        page = dict(list(trades.items())[offset : offset + PAGE])
        return {"error": [], "result": {"trades": {name: dict(one) for name, one in page.items()}, "count": len(trades)}}

    desk.client.fetch = fetch
    return offsets


async def test_krakens_trades_are_counted_before_ours_are_picked_out() -> None:
    """Kraken counts the whole account's; a page may hold not one of the symbol that is asked about."""
    async with offline("kraken_spot", perp_of("kraken")) as desk:
        now_s = desk.clock.now_us() / 1_000_000
        desk.trading.memory.ask(NewOrder("c1", "BTC/USDT", OrderSide.BUY, Decimal("0.05"), Decimal(60000)), int((now_s - 3600) * 1_000_000))
        desk.trading.memory.name("c1", "OBTC")
        others = {f"T-ETH-{number}": spot_trade("OETH", "XETHZUSD", now_s - number) for number in range(PAGE + 7)}
        ours = {f"T-BTC-{number}": spot_trade("OBTC", "BTC-USDT", now_s - 100 - number) for number in range(5)}
        older = {f"T-OLD-{number}": spot_trade("OETH", "XETHZUSD", now_s - 200 - number) for number in range(PAGE)}
        offsets = list_trades(desk, others | ours | older)
        fills = await desk.trading.fills_of("BTC/USDT", "c1")
        assert sum(fill.amount for fill in fills) == Decimal("0.05")
        assert {(fill.symbol, fill.fee_currency) for fill in fills} == {("BTC/USDT", "USDT")}
        assert offsets == [0, PAGE, 2 * PAGE]
