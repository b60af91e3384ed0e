"""Bybit tells of positions by the coin that they settle in, and takes one of them at a time; ccxt alone asks for USDT's only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

from core.exchanges.ccxt.market_list import MarketList
from tests.core.exchanges.ccxt.offline import Offline, offline, perp_of

Pages = Mapping[tuple[str, str], tuple[list[dict[str, Any]], str]]


def markets() -> MarketList:
    """BTC/USDT and BTC/USDC, both as perps."""
    known = perp_of("bybit", contract=1, lot=0.001)
    usdt = next(market for market in known.markets if market.get("swap"))
    usdc = {**usdt, "id": "BTCPERP", "symbol": "BTC/USDC:USDC", "quote": "USDC", "quoteId": "USDC", "settle": "USDC", "settleId": "USDC"}
    return replace(known, markets=[*known.markets, usdc])


def position(market: str, size: str, side: str = "Buy") -> dict[str, Any]:
    one = {"symbol": market, "side": side, "size": size, "avgPrice": "60000", "positionValue": "1", "leverage": "5", "positionIdx": 0}
    return one | {"markPrice": "61000", "unrealisedPnl": "0", "tradeMode": 0, "positionIM": "1", "positionMM": "1"}


def hold(desk: Offline, pages: Pages) -> list[tuple[str, str]]:
    """Let Bybit hold (settle coin, cursor) -> (positions, next cursor); returns what it will have been asked for."""
    asked: list[tuple[str, str]] = []

    async def fetch(url: str, method: str = "GET", headers: object = None, body: object = None) -> dict[str, Any]:
        query = parse_qs(urlsplit(url).query)
        assert (query["category"], query["limit"]) == (["linear"], ["200"])
        asked.append((query["settleCoin"][0], query.get("cursor", [""])[0]))
        held, following = pages.get(asked[-1], ([], ""))
        return {"retCode": 0, "retMsg": "OK", "result": {"category": "linear", "list": held, "nextPageCursor": following}, "time": 1}

    desk.client.options |= {"enableUnifiedAccount": True, "enableUnifiedMargin": False}
    desk.client.fetch = fetch
    return asked


async def test_positions_that_settle_in_usdc_are_told_beside_those_in_usdt() -> None:
    async with offline("bybit_perp", markets()) as desk:
        asked = hold(desk, {("USDT", ""): ([position("BTC-USDT-SWAP", "2", "Sell")], ""), ("USDC", ""): ([position("BTCPERP", "3")], "")})
        assert await desk.trading.positions() == {"BTC/USDT": Decimal(-2), "BTC/USDC": Decimal(3)}
        assert sorted(asked) == [("USDC", ""), ("USDT", "")]


async def test_every_page_of_positions_is_read() -> None:
    async with offline("bybit_perp", perp_of("bybit", contract=1, lot=0.001)) as desk:
        pages: Pages = {
            ("USDT", ""): ([position("UNLISTED", "1")], "p2"),
            ("USDT", "p2"): ([position("BTC-USDT-SWAP", "2")], "p3"),
        }
        asked = hold(desk, pages)
        assert await desk.trading.positions() == {"BTC/USDT": Decimal(2)}
        assert asked == [("USDT", ""), ("USDT", "p2"), ("USDT", "p3")]
