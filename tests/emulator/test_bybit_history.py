"""Looking back at Bybit: a page at a time, newest first, and one list that forgets."""

from __future__ import annotations

from typing import Any

import ccxt
import pytest

from core.domain.enums import OrderSide
from tests.emulator.bybit_desk import MARKETS, PERP, SPOT, BybitDesk, bybit_desk

both = pytest.mark.parametrize("market", MARKETS)


async def ended(desk: BybitDesk, market: str, **params: Any) -> list[str]:
    """Client ids of ended orders, as the history lists them."""
    orders = await desk.client.fetch_canceled_and_closed_orders(market, params=params)
    return [order["clientOrderId"] for order in sorted(orders, key=lambda order: order["id"], reverse=True)]


async def pages(desk: BybitDesk, market: str, path: str, **params: Any) -> list[list[Any]]:
    """Every page of a list, following its cursor."""
    ask = getattr(desk.client, path)
    category, cursor, found = desk.client.market(market)["type"].replace("swap", "linear"), "", []
    while True:
        result = (await ask({"category": category, "symbol": "BTCUSDT", **params} | ({"cursor": cursor} if cursor else {})))["result"]
        found.append(result["list"])
        cursor = result["nextPageCursor"]
        if not cursor:
            return found


@both
async def test_open_orders_come_newest_first_and_a_page_at_a_time(market: str) -> None:
    async with bybit_desk() as desk:
        for number in range(5):
            await desk.send(market, "buy", "1", "90", f"c{number}")
        found = await pages(desk, market, "private_get_v5_order_realtime", limit=2)
        assert [[row["orderLinkId"] for row in page] for page in found] == [["c4", "c3"], ["c2", "c1"], ["c0"]]


@both
async def test_ended_orders_are_in_the_history_and_open_ones_are_not(market: str) -> None:
    async with bybit_desk() as desk:
        await desk.send(market, "buy", "1", "90", "open")
        await desk.send(market, "buy", "0.5", "101", "filled", timeInForce="IOC")
        cancelled = await desk.send(market, "buy", "1", "90", "cancelled")
        await desk.client.cancel_order(cancelled["id"], market)
        assert await ended(desk, market) == ["cancelled", "filled"]
        assert await ended(desk, market, orderLinkId="filled") == ["filled"]
        assert await ended(desk, market, orderId=cancelled["id"]) == ["cancelled"]
        assert await ended(desk, market, orderLinkId="open") == []


@both
async def test_after_a_restart_of_the_venue_only_the_history_knows_what_ended(market: str) -> None:
    async with bybit_desk() as desk:
        await desk.send(market, "buy", "0.5", "101", "filled", timeInForce="IOC")
        await desk.send(market, "buy", "1", "90", "open")
        assert await desk.order(market, "filled")
        for part in desk.bybit.markets.values():
            part.forget_ended()
        assert await desk.order(market, "filled") is None
        assert await desk.order(market, "open")
        assert await ended(desk, market, orderLinkId="filled") == ["filled"]


@both
async def test_trades_of_one_order_are_all_there_with_fee_and_liquidity(market: str) -> None:
    async with bybit_desk() as desk:
        await desk.send(market, "buy", "1", "101", "other", timeInForce="IOC")
        await desk.send(market, "buy", "1.5", "101.5", timeInForce="IOC")
        trades = await desk.client.fetch_my_trades(market, params={"orderLinkId": "c1"})
        assert [(trade["price"], trade["amount"], trade["takerOrMaker"]) for trade in trades] == [(101.0, 1.5, "taker")]
        fee = trades[0]["fee"]
        assert (fee["currency"], fee["cost"]) == (("BTC", 0.0015) if market == SPOT else ("USDT", 0.1515))


@both
async def test_a_maker_pays_the_maker_fee(market: str) -> None:
    async with bybit_desk() as desk:
        await desk.send(market, "sell", "0.5", "100.5")
        desk.feed.trade(desk.venue(market).name, OrderSide.BUY, "101", "3")
        [trade] = await desk.client.fetch_my_trades(market)
        assert (trade["takerOrMaker"], trade["price"], trade["fee"]["cost"]) == ("maker", 100.5, pytest.approx(0.0201))


@both
async def test_trades_come_a_page_at_a_time_and_none_twice(market: str) -> None:
    async with bybit_desk() as desk:
        await desk.send(market, "buy", "4", "101.5", timeInForce="IOC")
        found = await pages(desk, market, "private_get_v5_execution_list", limit=2)
        ids = [row["execId"] for page in found for row in page]
        assert [len(page) for page in found] == [2, 1]
        assert len(set(ids)) == 3
        assert [row["leavesQty"] for page in found for row in page] == ["0.00", "1.00", "3.00"]


async def test_a_list_reaches_back_a_week_and_takes_no_longer_span() -> None:
    async with bybit_desk() as desk:
        now_ms = desk.venue(SPOT).now_ms()
        with pytest.raises(ccxt.BadRequest, match="7 days"):
            await desk.client.fetch_my_trades(SPOT, since=now_ms - 9 * 86_400_000, params={"endTime": now_ms})
        await desk.send(SPOT, "buy", "0.5", "101", timeInForce="IOC")
        assert not await desk.client.fetch_my_trades(SPOT, since=now_ms - 9 * 86_400_000)  # a week from there on is over
        assert len(await desk.client.fetch_my_trades(SPOT, since=now_ms - 86_400_000)) == 1


async def test_linear_orders_are_not_listed_without_a_symbol_or_a_coin() -> None:
    async with bybit_desk() as desk:
        await desk.send(PERP, "buy", "1", "90")
        with pytest.raises(ccxt.BadRequest, match="10001"):
            await desk.client.private_get_v5_order_realtime({"category": "linear"})
        assert len(await desk.client.fetch_open_orders(params={"type": "swap"})) == 1  # ccxt adds settleCoin
