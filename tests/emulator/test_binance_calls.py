"""What ccxt's unmodified Binance clients ask, and what they make of the answers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from core.domain.enums import OrderSide
from core.exchanges.ccxt.access import make_session
from core.exchanges.connector import VenueOrderStatus
from tests.emulator import KEY, SECRET, Emulator, HandFeed
from tests.emulator.ccxt_clients import PERP_SYMBOL, OneMarket, eventually, listening
from tests.emulator.markets import SYMBOL


async def test_the_rules_of_a_market_arrive_as_published(binance: OneMarket) -> None:
    market = binance.client.market(binance.symbol)
    instrument = binance.venue.instruments[SYMBOL]
    assert Decimal(str(market["precision"]["price"])) == instrument.tick
    assert Decimal(str(market["precision"]["amount"])) == instrument.lot
    assert Decimal(str(market["limits"]["amount"]["min"])) == instrument.min_amount
    assert Decimal(str(market["limits"]["cost"]["min"])) == instrument.min_notional
    assert market["active"]
    kinds = {one["filterType"] for one in market["info"]["filters"]}
    assert {"PRICE_FILTER", "LOT_SIZE", "MARKET_LOT_SIZE", "MAX_NUM_ORDERS"} < kinds
    assert kinds & {"PERCENT_PRICE", "PERCENT_PRICE_BY_SIDE"}
    assert kinds & {"NOTIONAL", "MIN_NOTIONAL"}


async def test_a_resting_order_is_found_everywhere_until_it_is_cancelled(binance: OneMarket) -> None:
    placed = await binance.client.create_order(binance.symbol, "limit", "buy", 1, 100, {"clientOrderId": "mine1"})
    assert (placed["clientOrderId"], placed["status"], placed["filled"]) == ("mine1", "open", 0)
    [listed] = await binance.client.fetch_open_orders(binance.symbol)
    by_client_id = await binance.client.fetch_order(None, binance.symbol, {"origClientOrderId": "mine1"})
    by_number = await binance.client.fetch_order(placed["id"], binance.symbol)
    assert listed["id"] == by_client_id["id"] == by_number["id"] == placed["id"]
    assert (by_number["price"], by_number["amount"], by_number["status"]) == (100, 1, "open")

    await binance.client.cancel_order(placed["id"], binance.symbol)
    assert (await binance.client.fetch_order(placed["id"], binance.symbol))["status"] == "canceled"
    assert not await binance.client.fetch_open_orders(binance.symbol)
    assert [one["status"] for one in await binance.client.fetch_orders(binance.symbol)] == ["canceled"]
    truth = binance.venue.truth.find(SYMBOL, "mine1")
    assert truth is not None
    assert truth.status is VenueOrderStatus.CANCELLED


async def test_a_crossing_order_trades_at_the_book_and_pays_the_taker_fee(binance: OneMarket) -> None:
    order = await binance.client.create_order(binance.symbol, "limit", "buy", 1.5, 101, {"timeInForce": "IOC"})
    assert (order["status"], order["filled"]) == ("closed", 1.5)
    trades = await binance.client.fetch_my_trades(binance.symbol)
    assert [(trade["price"], trade["amount"], trade["takerOrMaker"]) for trade in trades] == [(100.5, 1, "taker"), (101, 0.5, "taker")]
    expected = {"cost": 0.001, "currency": "BTC"} if not binance.venue.is_perp else {"cost": 0.05025, "currency": "USDT"}
    assert trades[0]["fee"] == expected
    assert {trade["order"] for trade in trades} == {order["id"]}


async def test_a_market_order_takes_what_it_needs(binance: OneMarket) -> None:
    order = await binance.client.create_order(binance.symbol, "market", "sell", 2)
    assert (order["status"], order["filled"], order["average"]) == ("closed", 2, 99.75)


async def test_the_rest_of_an_ioc_and_all_of_a_fok_expire(binance: OneMarket) -> None:
    partly = await binance.client.create_order(binance.symbol, "limit", "buy", 1.5, 100.5, {"timeInForce": "IOC"})
    assert (partly["status"], partly["filled"]) == ("expired", 1)
    nothing = await binance.client.create_order(binance.symbol, "limit", "buy", 5, 101, {"timeInForce": "FOK"})
    assert (nothing["status"], nothing["filled"]) == ("expired", 0)


async def test_the_private_stream_tells_the_order_every_trade_and_the_end(binance: OneMarket) -> None:
    orders: list[Any] = []
    trades: list[Any] = []
    with listening(binance.client.watch_orders, orders), listening(binance.client.watch_my_trades, trades):
        await binance.has_private_stream()
        await binance.client.create_order(binance.symbol, "limit", "buy", 1.5, 101, {"clientOrderId": "mine1"})
        await eventually(lambda: len(trades) == 2 and orders and orders[-1]["status"] == "closed")
        fetched = await binance.client.fetch_my_trades(binance.symbol)
    assert [(one["id"], one["price"], one["amount"], one["fee"]) for one in trades] == [
        (one["id"], one["price"], one["amount"], one["fee"]) for one in fetched
    ]
    assert {one["clientOrderId"] for one in orders} == {"mine1"}
    assert orders[-1]["filled"] == 1.5


async def test_a_cancel_is_told_with_the_orders_own_client_id(binance: OneMarket) -> None:
    orders: list[Any] = []
    with listening(binance.client.watch_orders, orders):
        await binance.has_private_stream()
        placed = await binance.client.create_order(binance.symbol, "limit", "buy", 1, 99, {"clientOrderId": "mine1"})
        await binance.client.cancel_order(placed["id"], binance.symbol)
        await eventually(lambda: orders and orders[-1]["status"] == "canceled")
    assert orders[-1]["clientOrderId"] == "mine1"


async def test_an_open_order_locks_balance_and_the_stream_says_so(binance: OneMarket) -> None:
    told: list[dict[str, Any]] = []
    before = (await binance.client.fetch_balance())["USDT"]

    async def watch() -> list[dict[str, Any]]:
        return [(await binance.client.watch_balance())["USDT"]]

    with listening(watch, told):
        await binance.has_private_stream()
        await binance.client.create_order(binance.symbol, "limit", "buy", 1, 100)
        after = (await binance.client.fetch_balance())["USDT"]
        assert after["total"] == before["total"]
        assert after["free"] < before["free"]
        if not binance.venue.is_perp:  # USD-M tells balances with trades only
            await eventually(lambda: told)
            assert told[-1]["free"] == after["free"]


async def test_a_resting_order_fills_as_maker_when_others_trade_through_it(binance: OneMarket, feed: HandFeed) -> None:
    placed = await binance.client.create_order(binance.symbol, "limit", "sell", 0.5, 100.5)
    feed.trade(binance.venue.name, OrderSide.BUY, "101", "2")
    assert (await binance.client.fetch_order(placed["id"], binance.symbol))["status"] == "closed"
    [trade] = await binance.client.fetch_my_trades(binance.symbol)
    assert (trade["price"], trade["amount"], trade["takerOrMaker"], trade["side"]) == (100.5, 0.5, "maker", "sell")


async def test_candles_come_oldest_first_from_the_asked_minute(binance: OneMarket) -> None:
    since_ms = 1_700_000_040_000
    candles = await binance.client.fetch_ohlcv(binance.symbol, "1m", since_ms, 5)
    assert [candle[0] for candle in candles] == [since_ms + 60_000 * n for n in range(5)]
    assert all(low <= min(opened, closed) <= max(opened, closed) <= high for _, opened, high, low, closed, _ in candles)
    [hour] = await binance.client.fetch_ohlcv(binance.symbol, "1h", 1_700_002_800_000, 1)
    assert hour[5] == sum(range(1, 61))


async def test_fees_are_the_accounts(binance: OneMarket) -> None:
    fee = await binance.client.fetch_trading_fee(binance.symbol)
    instrument = binance.venue.instruments[SYMBOL]
    assert (Decimal(str(fee["taker"])), Decimal(str(fee["maker"]))) == (instrument.taker_fee, instrument.maker_fee)


async def test_usdm_amends_in_place_and_an_amend_below_the_filled_part_cancels(emulator: Emulator, perp: Any) -> None:
    placed = await perp.create_order(PERP_SYMBOL, "limit", "buy", 2, 100.5, {"clientOrderId": "mine1"})
    assert placed["filled"] == 0, "USD-M acknowledges a GTC limit before it meets the market"
    assert (await perp.fetch_order(placed["id"], PERP_SYMBOL))["filled"] == 1
    changed = await perp.edit_order(placed["id"], PERP_SYMBOL, "limit", "buy", 1.5, 99.5)
    assert (changed["id"], changed["price"], changed["amount"], changed["status"]) == (placed["id"], 99.5, 1.5, "open")
    ended = await perp.edit_order(placed["id"], PERP_SYMBOL, "limit", "buy", 1, 99.5)
    assert (ended["status"], ended["filled"]) == ("canceled", 1)


async def test_spots_edit_is_a_new_order_under_a_new_number(emulator: Emulator, spot: Any) -> None:
    placed = await spot.create_order(SYMBOL, "limit", "buy", 1, 99, {"clientOrderId": "mine1"})
    changed = await spot.edit_order(placed["id"], SYMBOL, "limit", "buy", 1, 99.5)
    assert changed["id"] != placed["id"]
    assert (await spot.fetch_order(placed["id"], SYMBOL))["status"] == "canceled"
    assert (await spot.fetch_order(changed["id"], SYMBOL))["price"] == 99.5


async def test_positions_have_an_entry_price_and_a_side(emulator: Emulator, perp: Any) -> None:
    assert not await perp.fetch_positions()
    await perp.create_order(PERP_SYMBOL, "limit", "sell", 2, 99.5, {"timeInForce": "IOC"})
    [position] = await perp.fetch_positions()
    assert (position["side"], position["contracts"], position["entryPrice"]) == ("short", 2, 99.75)


async def test_leverage_and_margin_mode_can_be_set(emulator: Emulator, perp: Any) -> None:
    assert (await perp.set_leverage(3, PERP_SYMBOL))["leverage"] == 3
    await perp.set_margin_mode("isolated", PERP_SYMBOL)
    [settings] = await perp.fapiPrivateGetSymbolConfig({"symbol": "BTCUSDT"})
    assert (settings["leverage"], settings["marginType"]) == (3, "ISOLATED")


@pytest.mark.parametrize("allowed", [True, False])
async def test_what_the_key_may_do_is_told(emulator: Emulator, spot: Any, allowed: bool) -> None:
    emulator.can_withdraw = allowed
    assert (await spot.sapi_get_account_apirestrictions())["enableWithdrawals"] is allowed


async def test_the_clients_speak_to_the_exchanges_own_hosts_and_sign_what_is_private(emulator: Emulator, spot: Any, perp: Any) -> None:
    emulator.requests.clear()
    await spot.fetch_balance()
    await perp.fetch_balance()
    await perp.fetch_order_book(PERP_SYMBOL)
    told = [(request.host, request.path, request.signed) for request in emulator.requests]
    assert told == [
        ("api.binance.com", "/api/v3/account", True),
        ("fapi.binance.com", "/fapi/v3/account", True),
        ("fapi.binance.com", "/fapi/v1/depth", False),
    ]


async def test_demo_trading_has_hosts_of_its_own(emulator: Emulator) -> None:
    import ccxt.pro

    session = make_session(emulator.address)
    client = ccxt.pro.binanceusdm({"apiKey": KEY, "secret": SECRET, "session": session})
    client.enable_demo_trading(True)
    try:
        await client.fetch_time()
    finally:
        await client.close()
        await session.close()
    assert {request.host for request in emulator.requests} == {"demo-fapi.binance.com"}
