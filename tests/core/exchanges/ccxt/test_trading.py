"""Our orders on the four emulated markets: what leaves, what is believed, and that nothing is rounded or sent twice on the way."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from urllib.parse import parse_qs

import orjson
import pytest

from core.domain.enums import Liquidity, OrderSide, OrderType, TimeInForce
from core.domain.errors import NotPossible, OrderNotFound, OutcomeUnknown, VenueRefused, VenueUnavailable, WouldCross
from core.exchanges.ccxt.access import Access
from core.exchanges.ccxt.clients import ExchangeClients
from core.exchanges.ccxt.trading import CcxtTrading
from core.exchanges.connector import VenueOrderStatus
from tests.core.exchanges.ccxt.trading_desk import CLOCK, TradingDesk, eventually, trading_desk
from tests.emulator import Call, WireFault
from tests.emulator.markets import SYMBOL, VENUES

AMENDING = [venue for venue in VENUES if venue != "binance_spot"]


def sent(desk: TradingDesk) -> dict[str, str]:
    """The parameters of the last create, as they were on the wire."""
    body = [request.body for request in desk.emulator.requests if request.call is Call.CREATE][-1]
    if body.startswith("{"):
        return {name: str(value) for name, value in orjson.loads(body).items()}
    return {name: values[0] for name, values in parse_qs(body).items()}


@pytest.mark.parametrize("venue", VENUES)
async def test_what_leaves_is_digit_for_digit_what_was_meant(venue: str) -> None:
    async with trading_desk(venue) as (desk,):
        await desk.send("c1", price="98.5", amount="0.07", time_in_force=TimeInForce.GTC)
        words = sent(desk)
        amount, client_id = (words.get("quantity") or words["qty"]), (words.get("newClientOrderId") or words["orderLinkId"])
        assert (words["price"], amount, client_id) == ("98.5", "0.07", "c1")
        assert words["timeInForce"] == "GTC"


@pytest.mark.parametrize("venue", VENUES)
async def test_a_market_order_leaves_without_a_price_and_in_base(venue: str) -> None:
    async with trading_desk(venue) as (desk,):
        order = replace(desk.order("c1", amount="0.5", price="101"), order_type=OrderType.MARKET)
        await desk.trading.create_order(order)
        assert not {"price", "quoteOrderQty"} & set(sent(desk))
        assert sent(desk).get("marketUnit", "baseCoin") == "baseCoin"
        await eventually(lambda: sum(fill.amount for fill in desk.fills) == Decimal("0.5"))


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize(("price", "amount"), [("99.2", "1"), ("99", "1.001"), ("0", "1"), ("99", "0"), ("99", "-1")])
async def test_what_would_have_to_be_rounded_is_not_sent(venue: str, price: str, amount: str) -> None:
    async with trading_desk(venue) as (desk,):
        with pytest.raises(VenueRefused):
            await desk.send("c1", price=price, amount=amount)
        assert not desk.creates()


async def test_an_order_that_ccxt_would_write_differently_is_not_sent() -> None:
    """Our rules say a tick of 0.5; ccxt's list, renewed meanwhile, says 1, and ccxt would round to the nearest."""
    async with trading_desk("binance_perp") as (desk,):
        assert desk.clients.trading is not None
        desk.clients.trading.markets["BTC/USDT:USDT"]["precision"]["price"] = 1.0
        with pytest.raises(VenueRefused, match="tick"):
            await desk.send("c1", price="98.5")
        assert not desk.creates()


@pytest.mark.parametrize("venue", VENUES)
async def test_an_immediate_order_answers_with_its_end_or_the_stream_tells_it(venue: str) -> None:
    async with trading_desk(venue) as (desk,):
        answer = await desk.send("c1", price="100.5", amount="1.5", time_in_force=TimeInForce.IOC)
        assert answer.status is VenueOrderStatus.EXPIRED or venue.startswith("bybit")
        await eventually(lambda: desk.orders and desk.orders[-1].status is VenueOrderStatus.EXPIRED)
        assert (desk.orders[-1].filled, desk.orders[-1].client_id) == (Decimal(1), "c1")


@pytest.mark.parametrize("venue", VENUES)
async def test_a_post_only_order_that_crosses_ends_with_a_reason_and_without_a_fill(venue: str) -> None:
    """Binance refuses it, Bybit takes it and ends it a moment later: either way it has expired, and not been cancelled by anybody."""
    async with trading_desk(venue) as (desk,):
        try:
            await desk.send("c1", price="101", post_only=True)
        except WouldCross as error:
            reason = str(error)
        else:
            await eventually(lambda: desk.orders and desk.orders[-1].status is VenueOrderStatus.EXPIRED)
            reason = desk.orders[-1].reason
        assert "would have traded at once" in reason
        assert not desk.fills


@pytest.mark.parametrize("venue", VENUES)
async def test_stream_and_look_up_tell_the_same_fills(venue: str) -> None:
    async with trading_desk(venue) as (desk,):
        await desk.send("c1", price="101", amount="1.5", time_in_force=TimeInForce.IOC)
        await eventually(lambda: len(desk.fills) == 2)
        asked = await desk.trading.fills_of(SYMBOL, "c1")
        assert sorted(asked, key=lambda fill: fill.price) == sorted(desk.fills, key=lambda fill: fill.price)
        assert {fill.liquidity for fill in asked} == {Liquidity.TAKER}
        truth = [(fill.price, fill.amount, fill.fee, fill.fee_currency) for fill in desk.venue.truth.fills]
        assert [(fill.price, fill.amount, fill.fee, fill.fee_currency) for fill in asked] == truth


@pytest.mark.parametrize("venue", VENUES)
async def test_a_program_that_knows_nothing_finds_orders_and_their_fills(venue: str) -> None:
    """After a restart there is no memory: all of it is asked for, and what rests can be changed and cancelled."""
    async with trading_desk(venue) as (desk,):
        await desk.send("c1", price="101", amount="1.5", time_in_force=TimeInForce.IOC)
        await desk.send("c2", price="99", amount="0.5")
        await desk.restart()
        found = await desk.trading.find_order(SYMBOL, "c1")
        assert found is not None
        assert (found.status, found.filled, found.client_id) == (VenueOrderStatus.FILLED, Decimal("1.5"), "c1")
        assert len(await desk.trading.fills_of(SYMBOL, "c1")) == 2
        assert [order.client_id for order in await desk.trading.open_orders(SYMBOL)] == ["c2"]
        if desk.trading.capabilities.amend:
            changed = await desk.trading.amend_order(SYMBOL, "c2", price=Decimal("98.5"), amount=Decimal("0.6"))
            assert (changed.price, changed.amount) == (Decimal("98.5"), Decimal("0.6"))
        await desk.trading.cancel_order(SYMBOL, "c2")
        assert not desk.venue.truth.orders["c2"].is_open


@pytest.mark.parametrize("venue", AMENDING)
async def test_an_amend_answers_with_what_the_venue_then_has(venue: str) -> None:
    async with trading_desk(venue) as (desk,):
        placed = await desk.send("c1")
        changed = await desk.trading.amend_order(SYMBOL, "c1", price=Decimal("98.5"), amount=Decimal("1.2"))
        assert (changed.price, changed.amount, changed.status) == (Decimal("98.5"), Decimal("1.2"), VenueOrderStatus.OPEN)
        assert (changed.venue_order_id, changed.client_id) == (placed.venue_order_id, "c1")


async def test_a_venue_that_can_not_amend_says_so_and_sends_nothing() -> None:
    async with trading_desk("binance_spot") as (desk,):
        await desk.send("c1")
        with pytest.raises(NotPossible):
            await desk.trading.amend_order(SYMBOL, "c1", price=Decimal("98.5"), amount=Decimal(1))
        assert desk.creates() == 1  # a cancel and replace would have been a second order


@pytest.mark.parametrize("venue", VENUES)
async def test_an_order_that_is_over_can_not_be_cancelled(venue: str) -> None:
    async with trading_desk(venue) as (desk,):
        await desk.send("c1", price="101", time_in_force=TimeInForce.IOC)
        for client_id in ("c1", "never"):
            with pytest.raises(OrderNotFound):
                await desk.trading.cancel_order(SYMBOL, client_id)


@pytest.mark.parametrize("venue", ["binance_spot", "bybit_spot"])
async def test_spot_orders_that_reduce_are_not_sent(venue: str) -> None:
    async with trading_desk(venue) as (desk,):
        with pytest.raises(VenueRefused, match="no position"):
            await desk.send("c1", side=OrderSide.SELL, price="101", reduce_only=True)
        assert not desk.creates()


@pytest.mark.parametrize("venue", ["binance_perp", "bybit_perp"])
async def test_reduce_only_says_so_on_the_wire(venue: str) -> None:
    async with trading_desk(venue) as (desk,):
        await desk.send("c1", price="101", time_in_force=TimeInForce.IOC)
        await desk.send("c2", side=OrderSide.SELL, price="100", time_in_force=TimeInForce.IOC, reduce_only=True)
        assert sent(desk)["reduceOnly"].lower() == "true"
        assert not await desk.trading.positions()


@pytest.mark.parametrize("venue", VENUES)
async def test_a_client_without_a_parent_of_ours_is_left_its_own_id(venue: str) -> None:
    """Orders from the exchange's own app: listed, so that they can be shown apart."""
    async with trading_desk(venue) as (desk,):
        assert desk.clients.trading is not None
        named = {"clientOrderId": "fromthephone"}
        market = "BTC/USDT" if venue.endswith("_spot") else "BTC/USDT:USDT"
        await desk.clients.trading.create_order(market, "limit", "buy", 1, 99, named)
        assert [order.client_id for order in await desk.trading.open_orders(SYMBOL)] == ["fromthephone"]


async def test_without_keys_everything_private_is_not_possible() -> None:
    async with trading_desk("binance_spot") as (desk,):
        clients = ExchangeClients("binance", Access("public", None, desk.emulator.address), CLOCK)
        trading = CcxtTrading("binance_spot", clients, CLOCK, {}, desk.heard.append)
        await trading.open()
        for question in (trading.balances(), trading.positions(), trading.create_order(desk.order()), trading.open_orders(SYMBOL)):
            with pytest.raises(NotPossible):
                await question
        await trading.close()


async def test_after_closing_nothing_is_sent() -> None:
    async with trading_desk("binance_perp") as (desk,):
        await desk.trading.close()
        await desk.trading.close()
        with pytest.raises(VenueUnavailable):
            await desk.send("c1")
        assert not desk.creates()


async def test_an_amend_that_is_acknowledged_and_never_shown_is_unknown() -> None:
    async with trading_desk("bybit_perp") as (desk,):
        await desk.send("c1")
        desk.venue.faults.chance(Call.QUERY, WireFault.HTML_200, 1.0)
        with pytest.raises(OutcomeUnknown):
            await desk.trading.amend_order(SYMBOL, "c1", price=Decimal("98.5"), amount=Decimal(1))
