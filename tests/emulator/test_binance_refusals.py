"""Binance's no in all its forms: the code, the sentence, and that nothing has happened."""

from __future__ import annotations

import asyncio
from typing import Any

import ccxt
import orjson
import pytest

from tests.emulator import Emulator
from tests.emulator.ccxt_clients import PERP_SYMBOL, OneMarket
from tests.emulator.markets import SYMBOL


async def refusal(client: Any, method: str, **parameters: Any) -> Any:
    """What a raw request is refused with; rounding of ccxt's stays out of it."""
    with pytest.raises(ccxt.BaseError) as caught:
        await getattr(client, method)(parameters)
    return caught.value


SPOT_ORDER = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "1", "price": "100"}


@pytest.mark.parametrize(
    ("change", "code", "sentence"),
    [
        ({"price": "100.2"}, -1013, "Filter failure: PRICE_FILTER"),
        ({"price": "100.123456789"}, -1111, "Parameter 'price' has too much precision."),
        ({"quantity": "1.001"}, -1013, "Filter failure: LOT_SIZE"),
        ({"quantity": "0.01"}, -1013, "Filter failure: LOT_SIZE"),
        ({"quantity": "9001"}, -1013, "Filter failure: LOT_SIZE"),
        ({"quantity": "0.04"}, -1013, "Filter failure: NOTIONAL"),
        ({"price": "502"}, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
        ({"price": "500", "quantity": "9000", "side": "SELL"}, -2010, "Account has insufficient balance for requested action."),
        ({"symbol": "NOPEUSDT"}, -1121, "Invalid symbol."),
        ({"type": "LIMIT_MAKER", "price": "101", "timeInForce": None}, -2010, "Order would immediately match and take."),
        ({"type": "LIMIT_MAKER"}, -1106, "Parameter 'timeInForce' sent when not required."),
        ({"timeInForce": None}, -1102, "Mandatory parameter 'timeInForce' was not sent, was empty/null, or malformed."),
        ({"timeInForce": "GTX"}, -1115, "Invalid timeInForce."),
        ({"type": "ICEBERG"}, -1116, "Invalid orderType."),
        ({"side": "HOLD"}, -1117, "Invalid side."),
        ({"newClientOrderId": "not ours!"}, -1100, "Illegal characters found in parameter 'newClientOrderId'"),
        ({"quantity": "1e2"}, -1100, "Illegal characters found in parameter 'quantity'"),
        ({"reduceOnly": "true"}, -1106, "Parameter 'reduceOnly' sent when not required."),
    ],
)
async def test_spot_refuses_in_its_own_words(emulator: Emulator, spot: Any, change: dict[str, Any], code: int, sentence: str) -> None:
    order = {name: value for name, value in (SPOT_ORDER | change).items() if value is not None}
    error = await refusal(spot, "privatePostOrder", **order)
    assert orjson.loads(spot.last_http_response)["code"] == code
    assert sentence in str(error)
    assert not emulator.venues["binance_spot"].orders


@pytest.mark.parametrize(
    ("change", "code", "sentence"),
    [
        ({"price": "100.2"}, -4014, "Price not increased by tick size."),
        ({"price": "100.25"}, -1111, "Precision is over the maximum defined for this asset."),
        ({"quantity": "1.001"}, -1111, "Precision is over the maximum defined for this asset."),
        ({"quantity": "0.00"}, -4003, "Quantity less than or equal to zero."),
        ({"quantity": "1001"}, -4005, "Quantity greater than max quantity."),
        ({"quantity": "0.04"}, -4164, "Order's notional must be no smaller than 5 (unless you choose reduce only)."),
        ({"price": "106"}, -4016, "Limit price can't be higher than 105.2625."),
        ({"price": "90", "side": "SELL"}, -4024, "Limit price can't be lower than 95.2375."),
        ({"timeInForce": "GTX", "price": "101"}, -5022, "the Post Only order will be rejected"),
        ({"reduceOnly": "true"}, -2022, "ReduceOnly Order is rejected."),
    ],
)
async def test_usdm_refuses_in_its_own_words(emulator: Emulator, perp: Any, change: dict[str, Any], code: int, sentence: str) -> None:
    error = await refusal(perp, "fapiPrivatePostOrder", **(SPOT_ORDER | change))
    assert orjson.loads(perp.last_http_response)["code"] == code
    assert sentence in str(error)
    assert not emulator.venues["binance_perp"].orders


async def test_usdm_refuses_more_than_the_margin_allows(emulator: Emulator, perp: Any) -> None:
    await perp.set_leverage(1, PERP_SYMBOL)
    emulator.venues["binance_perp"].truth.ledger._wallet.clear()  # type: ignore[attr-defined]  # a perp ledger's
    with pytest.raises(ccxt.InsufficientFunds, match="Margin is insufficient"):
        await perp.create_order(PERP_SYMBOL, "limit", "buy", 1, 100)


async def test_a_client_id_is_unique_among_open_orders_only(binance: OneMarket) -> None:
    client, symbol = binance.client, binance.symbol
    first = await client.create_order(symbol, "limit", "buy", 1, 99, {"clientOrderId": "mine1"})
    with pytest.raises(ccxt.InvalidOrder, match="-4116" if binance.venue.is_perp else "Duplicate order sent"):
        await client.create_order(symbol, "limit", "buy", 1, 99.5, {"clientOrderId": "mine1"})
    await client.cancel_order(first["id"], symbol)
    again = await client.create_order(symbol, "limit", "buy", 1, 99.5, {"clientOrderId": "mine1"})
    assert again["id"] != first["id"]
    assert (await client.fetch_order(None, symbol, {"origClientOrderId": "mine1"}))["id"] == again["id"]


async def test_what_is_over_can_not_be_cancelled_and_what_never_was_can_not_be_found(binance: OneMarket) -> None:
    client, symbol = binance.client, binance.symbol
    done = await client.create_order(symbol, "limit", "buy", 1, 101, {"timeInForce": "IOC"})
    with pytest.raises(ccxt.OrderNotFound, match="-2011"):
        await client.cancel_order(done["id"], symbol)
    with pytest.raises(ccxt.OrderNotFound, match="-2013"):
        await client.fetch_order("77", symbol)


async def test_a_failed_cancel_replace_places_nothing_and_says_which_half_failed(emulator: Emulator, spot: Any) -> None:
    order = SPOT_ORDER | {"cancelReplaceMode": "STOP_ON_FAILURE", "cancelOrderId": "77"}
    error = await refusal(spot, "privatePostOrderCancelReplace", **order)
    assert '"newOrderResult":"NOT_ATTEMPTED"' in str(error)
    assert not emulator.venues["binance_spot"].orders
    resting = await spot.create_order(SYMBOL, "limit", "buy", 1, 99)
    error = await refusal(spot, "privatePostOrderCancelReplace", **(order | {"cancelOrderId": resting["id"], "price": "100.2"}))
    assert '"cancelResult":"SUCCESS","newOrderResult":"FAILURE"' in str(error)
    assert not emulator.venues["binance_spot"].open_orders()


async def test_usdm_refuses_an_amend_that_changes_nothing(perp: Any) -> None:
    placed = await perp.create_order(PERP_SYMBOL, "limit", "buy", 1, 99)
    with pytest.raises(ccxt.OperationRejected, match="-5027"):
        await perp.edit_order(placed["id"], PERP_SYMBOL, "limit", "buy", 1, 99)


@pytest.mark.parametrize(("skew_ms", "sentence"), [(11_000, "outside of the recvWindow"), (-2_000, "1000ms ahead of the server's time")])
async def test_a_clock_that_is_off_is_refused(emulator: Emulator, spot: Any, skew_ms: int, sentence: str) -> None:
    """ccxt asks for a window of ten seconds."""
    emulator.venues["binance_spot"].faults.clock_skew_ms = skew_ms
    with pytest.raises(ccxt.InvalidNonce, match=sentence):
        await spot.fetch_balance()
    await spot.load_time_difference()
    spot.options["adjustForTimeDifference"] = True
    assert (await spot.fetch_balance())["USDT"]["total"] > 0


async def test_a_wrong_secret_and_an_unknown_key_are_refused(spot: Any, perp: Any) -> None:
    spot.secret = "not the secret"
    with pytest.raises(ccxt.AuthenticationError, match="-1022"):
        await spot.fetch_balance()
    perp.apiKey = "nobody's"
    with pytest.raises(ccxt.AuthenticationError, match="-2015"):
        await perp.fetch_balance()


async def test_a_key_for_spot_only_can_not_trade_perps(emulator: Emulator, spot: Any, perp: Any) -> None:
    emulator.markets_of_key = {"spot"}
    await spot.create_order(SYMBOL, "limit", "buy", 1, 99)
    with pytest.raises(ccxt.AuthenticationError, match="-2015"):
        await perp.create_order(PERP_SYMBOL, "limit", "buy", 1, 99)
    told = await spot.sapi_get_account_apirestrictions()
    assert (told["enableSpotAndMarginTrading"], told["enableFutures"]) == (True, False)


async def test_a_key_without_trading_can_read_and_not_trade(emulator: Emulator, spot: Any) -> None:
    emulator.can_trade = False
    with pytest.raises(ccxt.AuthenticationError, match="-2015"):
        await spot.create_order(SYMBOL, "limit", "buy", 1, 99)
    assert not emulator.venues["binance_spot"].orders


async def test_too_much_weight_in_a_minute_is_refused_with_how_long_to_wait(emulator: Emulator, spot: Any) -> None:
    emulator.venues["binance_spot"].weight_per_minute = 60
    await spot.fetch_balance()
    with pytest.raises(ccxt.DDoSProtection, match="-1003"):
        await asyncio.gather(*(spot.fetch_balance() for _ in range(8)))  # enough, should a new minute begin among them
    assert 1 <= int(spot.last_response_headers["Retry-After"]) <= 60


async def test_too_many_orders_in_ten_seconds_are_refused(emulator: Emulator, perp: Any) -> None:
    venue = emulator.venues["binance_perp"]
    venue.orders_per_10s = 2
    orders = (perp.create_order(PERP_SYMBOL, "limit", "buy", 1, 99) for _ in range(8))
    answers = await asyncio.gather(*orders, return_exceptions=True)
    refused = [one for one in answers if isinstance(one, ccxt.DDoSProtection) and "-1015" in str(one)]
    assert len(refused) + len(venue.orders) == len(answers)
    assert len(venue.orders) in (2, 3, 4)  # new ten seconds may begin among them
