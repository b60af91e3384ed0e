"""Orders on Bybit's two markets as ccxt's own client sends them: what is taken, what is refused and under which number."""

from __future__ import annotations

from typing import Any

import ccxt
import pytest

from tests.emulator.bybit_desk import MARKETS, PERP, SPOT, BybitDesk, bybit_desk

both = pytest.mark.parametrize("market", MARKETS)


async def refused(desk: BybitDesk, market: str, **params: Any) -> str:
    """The `retCode` that a create with these raw parameters is refused with."""
    with pytest.raises(ccxt.ExchangeError) as caught:
        await desk.client.create_order(market, "limit", "buy", 1, 100, params)
    return str(desk.client.parse_json(str(caught.value).removeprefix("bybit "))["retCode"])


@both
async def test_an_accepted_order_is_answered_with_two_ids_and_nothing_else(market: str) -> None:
    async with bybit_desk() as desk:
        placed = await desk.send(market, "buy", "1", "100")
        assert set(placed["info"]) == {"orderId", "orderLinkId"}
        assert (placed["clientOrderId"], placed["status"]) == ("c1", None)


@both
async def test_one_order_is_found_by_its_client_id_and_by_its_own(market: str) -> None:
    async with bybit_desk() as desk:
        placed = await desk.send(market, "buy", "1", "100")
        row = await desk.order(market)
        assert (row["orderId"], row["orderStatus"], row["price"], row["qty"]) == (placed["id"], "New", "100.0", "1.00")
        found = await desk.client.fetch_order(placed["id"], market, {"acknowledged": True})
        assert (found["status"], found["clientOrderId"], found["symbol"]) == ("open", "c1", market)
        assert await desk.order(market, "never") is None


@both
async def test_an_order_without_a_client_id_has_none(market: str) -> None:
    async with bybit_desk() as desk:
        placed = await desk.client.create_order(market, "limit", "buy", 1, 100)
        assert placed["clientOrderId"] is None
        [found] = await desk.client.fetch_open_orders(market)
        assert (found["id"], found["clientOrderId"]) == (placed["id"], None)


@pytest.mark.parametrize(
    ("params", "spot", "linear"),
    [
        ({"price": "100.2"}, "170134", "10001"),
        ({"qty": "1.001"}, "170137", "10001"),
        ({"qty": "0.01"}, "170136", "10001"),
        ({"qty": "0.02"}, "170140", "110094"),
        ({"qty": "100000000"}, "170131", "110007"),
        ({"symbol": "NOPEUSDT"}, "170121", "10001"),
        ({"qty": "much"}, "170137", "10001"),
        ({"side": "Both"}, "170117", "10001"),
        ({"category": "inverse"}, "10001", "10001"),
    ],
)
async def test_a_refusal_has_the_number_that_its_market_gives_it(params: dict[str, str], spot: str, linear: str) -> None:
    async with bybit_desk() as desk:
        for market, code in ((SPOT, spot), (PERP, linear)):
            assert await refused(desk, market, **params) == code
            assert not desk.venue(market).orders


@pytest.mark.parametrize(("market", "code"), [(SPOT, "170141"), (PERP, "110072")])
async def test_a_client_id_is_used_once_also_after_its_order_ended(market: str, code: str) -> None:
    async with bybit_desk() as desk:
        placed = await desk.send(market, "buy", "1", "100")
        assert await refused(desk, market, orderLinkId="c1") == code
        await desk.client.cancel_order(placed["id"], market)
        assert await refused(desk, market, orderLinkId="c1") == code
        await desk.send(market, "buy", "1", "101", "post", postOnly=True)
        assert await refused(desk, market, orderLinkId="post") == code
        assert len(desk.venue(market).orders) == 2


@pytest.mark.parametrize(("market", "code"), [(SPOT, "170213"), (PERP, "110001")])
async def test_what_is_over_or_was_never_there_is_not_found(market: str, code: str) -> None:
    async with bybit_desk() as desk:
        filled = await desk.send(market, "buy", "1", "101", timeInForce="IOC")
        for order_id in (filled["id"], "12345"):
            with pytest.raises(ccxt.OrderNotFound, match=code):
                await desk.client.cancel_order(order_id, market)
            with pytest.raises(ccxt.OrderNotFound, match=code):
                await desk.client.edit_order(order_id, market, "limit", "buy", 1, 99)


@both
async def test_a_cancel_by_client_id_ends_the_order(market: str) -> None:
    async with bybit_desk() as desk:
        await desk.send(market, "buy", "1", "100")
        await desk.client.cancel_order(None, market, {"orderLinkId": "c1"})
        row = await desk.order(market)
        assert (row["orderStatus"], row["cancelType"], row["leavesQty"]) == ("Cancelled", "CancelByUser", "0")
        assert not await desk.client.fetch_open_orders(market)


@both
async def test_everything_of_a_symbol_can_be_cancelled_at_once(market: str) -> None:
    async with bybit_desk() as desk:
        for number in range(3):
            await desk.send(market, "buy", "1", "90", f"c{number}")
        await desk.client.cancel_all_orders(market)
        assert not desk.venue(market).open_orders()


@both
async def test_an_amend_keeps_both_ids_and_what_it_does_not_name(market: str) -> None:
    async with bybit_desk() as desk:
        placed = await desk.send(market, "buy", "1", "99")
        answer = await desk.client.edit_order(placed["id"], market, "limit", "buy", None, 99.5)
        assert (answer["id"], answer["clientOrderId"]) == (placed["id"], "c1")
        row = await desk.order(market)
        assert (row["orderId"], row["price"], row["qty"], row["orderStatus"]) == (placed["id"], "99.5", "1.00", "New")


@both
async def test_a_refused_amend_leaves_the_order_as_it_was(market: str) -> None:
    async with bybit_desk() as desk:
        placed = await desk.send(market, "buy", "1", "99")
        for raw in ({"price": "99.7"}, {"qty": "1.001"}, {"qty": "100000000"}, {"price": "99", "qty": "1"}):
            with pytest.raises(ccxt.ExchangeError):
                await desk.client.edit_order(placed["id"], market, "limit", "buy", 1, 99, raw)
        row = await desk.order(market)
        assert (row["price"], row["qty"], row["orderStatus"]) == ("99.0", "1.00", "New")


@both
async def test_an_amend_may_not_go_below_what_is_filled(market: str) -> None:
    async with bybit_desk() as desk:
        placed = await desk.send(market, "buy", "2", "100.5")
        assert (await desk.order(market))["orderStatus"] == "PartiallyFilled"
        with pytest.raises(ccxt.InvalidOrder):
            await desk.client.edit_order(placed["id"], market, "limit", "buy", 1, 100.5)


@both
async def test_a_crossing_post_only_order_is_accepted_and_then_cancelled(market: str) -> None:
    async with bybit_desk() as desk:
        placed = await desk.send(market, "buy", "1", "100.5", postOnly=True)
        row = await desk.order(market)
        assert (row["orderId"], row["timeInForce"], row["cumExecQty"]) == (placed["id"], "PostOnly", "0")
        assert (row["orderStatus"], row["rejectReason"]) == ("Cancelled", "EC_PostOnlyWillTakeLiquidity")
        assert not desk.venue(market).truth.fills


@both
async def test_a_post_only_order_that_is_amended_across_the_book_is_cancelled(market: str) -> None:
    async with bybit_desk() as desk:
        placed = await desk.send(market, "buy", "1", "99", postOnly=True)
        await desk.client.edit_order(placed["id"], market, "limit", "buy", 1, 101)
        row = await desk.order(market)
        assert (row["orderStatus"], row["rejectReason"]) == ("Cancelled", "EC_PostOnlyWillTakeLiquidity")


@pytest.mark.parametrize(("market", "status"), [(SPOT, "PartiallyFilledCanceled"), (PERP, "Cancelled")])
async def test_the_rest_of_an_ioc_has_two_names(market: str, status: str) -> None:
    async with bybit_desk() as desk:
        await desk.send(market, "buy", "1.5", "100.5", timeInForce="IOC")
        row = await desk.order(market)
        assert (row["orderStatus"], row["cumExecQty"], row["leavesQty"], row["avgPrice"]) == (status, "1.00", "0", "100.5")


@both
async def test_a_fill_or_kill_that_can_not_fill_does_nothing(market: str) -> None:
    async with bybit_desk() as desk:
        await desk.send(market, "buy", "5", "101", timeInForce="FOK")
        row = await desk.order(market)
        assert (row["orderStatus"], row["cumExecQty"]) == ("Cancelled", "0.00")
        assert row["rejectReason"] == "EC_NoEnoughQtyToFill"


@both
async def test_a_market_order_takes_what_it_needs(market: str) -> None:
    async with bybit_desk() as desk:
        await desk.client.create_order(market, "market", "buy", 1.5, None, {"orderLinkId": "m1", "marketUnit": "baseCoin"})
        row = await desk.order(market, "m1")
        assert (row["orderStatus"], row["orderType"], row["cumExecQty"]) == ("Filled", "Market", "1.50")
        assert row["cumExecValue"] == "151.000"


async def test_a_spot_market_buy_counts_in_quote_unless_it_says_otherwise() -> None:
    async with bybit_desk() as desk:
        await desk.client.create_order(SPOT, "market", "buy", 50.25, None, {"orderLinkId": "m1", "marketUnit": "quoteCoin", "qty": "50.25"})
        assert (await desk.order(SPOT, "m1"))["cumExecQty"] == "0.50"


async def test_reduce_only_needs_a_position_and_only_linear_knows_it() -> None:
    async with bybit_desk() as desk:
        assert await refused(desk, PERP, reduceOnly=True) == "110017"
        assert await refused(desk, SPOT, reduceOnly=True) == "10001"
        await desk.send(PERP, "sell", "1", "100", timeInForce="IOC")
        await desk.send(PERP, "buy", "0.5", "101", "c2", timeInForce="IOC", reduceOnly=True)
        [position] = await desk.client.fetch_positions([PERP])
        assert (position["side"], position["contracts"]) == ("short", 0.5)
        assert await refused(desk, PERP, reduceOnly=True, qty="3") == "110017"


@both
async def test_no_order_is_taken_while_there_is_no_book(market: str) -> None:
    async with bybit_desk() as desk:
        code = await refused(desk, market, symbol="ETHUSDT")
        assert code == ("170151" if market == SPOT else "110066")
