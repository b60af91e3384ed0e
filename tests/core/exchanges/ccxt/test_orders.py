"""ccxt's words for orders and trades, read without believing them further than they go."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from core.domain.enums import Liquidity, MarketType, OrderSide, OrderType, TimeInForce
from core.domain.errors import OutcomeUnknown, VenueRefused
from core.domain.instruments import Instrument
from core.exchanges.ccxt.memory import OrderMemory, furthest
from core.exchanges.ccxt.orders import client_id_in, fill_of, venue_order
from core.exchanges.ccxt.outgoing import contracts_of, terms
from core.exchanges.ccxt.quirks import quirks_of
from core.exchanges.connector import NewOrder, VenueOrder, VenueOrderStatus

PLAIN = Instrument("binance_perp", "BTC/USDT", MarketType.PERP, tick=Decimal("0.1"), lot=Decimal("0.001"))
# okx: one contract is 0.01 BTC.
CONTRACTS = Instrument("okx_perp", "BTC/USDT", MarketType.PERP, tick=Decimal("0.1"), lot=Decimal("0.01"), contract_size=Decimal("0.01"))
NOW_US = 1_700_000_000_000_000

FILLED, CANCELLED, EXPIRED, OPEN = (VenueOrderStatus.FILLED, VenueOrderStatus.CANCELLED, VenueOrderStatus.EXPIRED, VenueOrderStatus.OPEN)


def raw(**fields: Any) -> dict[str, Any]:
    order = {"id": "7", "clientOrderId": "c1", "side": "buy", "price": 100.1, "amount": 1.0, "filled": 0.0, "status": "open", "info": {}}
    return order | {"lastUpdateTimestamp": 1_700_000_000_123} | fields


def read(instrument: Instrument = PLAIN, memory: OrderMemory | None = None, **fields: Any) -> VenueOrder:
    return venue_order(raw(**fields), instrument, memory or OrderMemory(), NOW_US)


def asked(**flags: Any) -> OrderMemory:
    memory = OrderMemory()
    memory.ask(NewOrder("c1", "BTC/USDT", OrderSide.BUY, Decimal(1), Decimal("100.1"), **flags), NOW_US)
    return memory


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"status": "open", "filled": 0.5}, OPEN),
        ({"status": None}, OPEN),
        ({"status": "canceling"}, OPEN),
        ({"status": "closed", "filled": 1.0}, FILLED),
        ({"status": "closed", "filled": None}, FILLED),
        ({"status": "closed", "filled": 0.4}, CANCELLED),  # Bybit's PartiallyFilledCanceled
        ({"status": "closed", "filled": 0.4, "timeInForce": "IOC"}, EXPIRED),
        ({"status": "canceled", "filled": 0.4}, CANCELLED),
        ({"status": "canceled", "filled": 1.0}, FILLED),  # the cancel lost to the fill
        ({"status": "canceled", "timeInForce": "FOK"}, EXPIRED),
        ({"status": "expired"}, EXPIRED),
        ({"status": "rejected"}, VenueOrderStatus.REJECTED),
        ({"status": "canceled", "timeInForce": "PO", "info": {"rejectReason": "EC_PostOnlyWillTakeLiquidity"}}, EXPIRED),
        ({"status": "canceled", "postOnly": True, "info": {"cancelSource": "31"}}, EXPIRED),
        ({"status": "canceled", "postOnly": True, "info": {"rejectReason": "EC_PerCancelRequest"}}, CANCELLED),
    ],
)
def test_closed_is_not_filled_and_an_end_has_its_own_name(fields: dict[str, Any], status: VenueOrderStatus) -> None:
    assert read(**fields).status is status


def test_a_post_only_order_that_crossed_says_so_and_one_that_was_cancelled_does_not() -> None:
    crossed = read(status="canceled", timeInForce="PO", info={"rejectReason": "EC_PostOnlyWillTakeLiquidity"})
    assert crossed.reason == "binance_perp did not rest the post-only order: it would have traded at once."
    assert read(status="canceled", info={"rejectReason": "EC_PerCancelRequest"}).reason == ""
    assert "EC_Liquidation" in read(status="canceled", info={"rejectReason": "EC_Liquidation"}).reason


def test_contracts_become_base_and_nothing_else_changes() -> None:
    order = read(CONTRACTS, amount=150.0, filled=49.0)
    assert (order.amount, order.filled, order.price) == (Decimal("1.5"), Decimal("0.49"), Decimal("100.1"))
    assert contracts_of(CONTRACTS, Decimal("1.5")) == 150


@pytest.mark.parametrize("amount", ["0.005", "0", "-0.01", "0.011"])
def test_part_of_a_contract_is_not_sent(amount: str) -> None:
    with pytest.raises(VenueRefused, match="lots of"):
        contracts_of(CONTRACTS, Decimal(amount))


def test_what_an_acknowledgement_leaves_out_is_what_was_asked() -> None:
    """Bybit answers with ids and no more."""
    bare = dict.fromkeys(("side", "price", "amount", "filled", "status", "lastUpdateTimestamp"))
    order = venue_order(raw(**bare), PLAIN, asked(), 0)
    assert (order.side, order.price, order.amount, order.filled, order.status, order.ts_us) == (
        OrderSide.BUY,
        Decimal("100.1"),
        Decimal(1),
        Decimal(0),
        OPEN,
        0,
    )
    with pytest.raises(OutcomeUnknown):
        venue_order(raw(**bare), PLAIN, OrderMemory(), 0)


def test_the_answer_to_a_create_does_not_revive_what_the_stream_has_ended() -> None:
    memory = asked(time_in_force=TimeInForce.IOC)
    answer = read(memory=memory, lastUpdateTimestamp=None)
    memory.hear(read(memory=memory, status="canceled", filled=0.4))
    memory.hear(answer)
    known = memory.get("c1")
    assert known is not None
    assert (furthest(answer, known).status, furthest(answer, known).filled) == (EXPIRED, Decimal("0.4"))


def test_an_order_whose_fills_are_all_seen_is_filled_whatever_the_answer_says() -> None:
    memory = asked()
    fill = fill_of(trade(amount=1.0), PLAIN, quirks_of("bybit"), "c1", NOW_US)
    assert fill is not None
    memory.trade(fill)
    known = memory.get("c1")
    assert known is not None
    assert furthest(read(memory=memory), known).status is FILLED


def trade(**fields: Any) -> dict[str, Any]:
    one = {"id": "55", "order": "7", "symbol": "BTC/USDT:USDT", "side": "sell", "price": 100.1, "amount": 3.0, "takerOrMaker": "maker"}
    return one | {"timestamp": 1_700_000_000_123, "fee": {"cost": -0.01, "currency": "USDT"}, "info": {}} | fields


def test_a_fill_has_everything_that_an_account_book_needs() -> None:
    fill = fill_of(trade(), CONTRACTS, quirks_of("okx"), "c1", NOW_US)
    assert fill is not None
    assert (fill.price, fill.amount, fill.side, fill.liquidity) == (Decimal("100.1"), Decimal("0.03"), OrderSide.SELL, Liquidity.MAKER)
    assert (fill.fee, fill.fee_currency, fill.client_id, fill.ts_us) == (Decimal("-0.01"), "USDT", "c1", 1_700_000_000_123_000)


def test_both_sides_of_a_trade_with_ourselves_are_counted() -> None:
    """Binance gives both one number."""
    fills = [fill_of(trade(order=order), PLAIN, quirks_of("binanceusdm"), "c", NOW_US) for order in ("7", "8")]
    assert len({fill.trade_id for fill in fills if fill is not None}) == 2


def test_binances_rebate_is_read_where_ccxt_drops_it() -> None:
    fill = fill_of(trade(fee=None, info={"n": "-0.0005", "N": "USDT"}), PLAIN, quirks_of("binanceusdm"), "c1", NOW_US)
    assert fill is not None
    assert (fill.fee, fill.fee_currency) == (Decimal("-0.0005"), "USDT")


@pytest.mark.parametrize("info", [{"execType": "Funding"}, {"execType": "Settle"}])
def test_what_is_no_trade_is_no_fill(info: dict[str, str]) -> None:
    assert fill_of(trade(info=info), PLAIN, quirks_of("bybit"), "c1", NOW_US) is None


@pytest.mark.parametrize(
    ("ccxt_id", "info", "client_id"),
    [
        ("binance", {"c": "c1"}, "c1"),
        ("binance", {"orderId": 7}, ""),
        ("bybit", {"orderLinkId": "c1"}, "c1"),
        ("okx", {"clOrdId": "c1"}, "c1"),
        ("deribit", {"label": "c1"}, "c1"),
    ],
)
def test_our_id_is_found_where_each_exchange_puts_it(ccxt_id: str, info: dict[str, Any], client_id: str) -> None:
    assert client_id_in({"info": info}, quirks_of(ccxt_id)) == client_id


def test_the_terms_of_an_order_are_each_exchanges_own() -> None:
    order = NewOrder("c1", "BTC/USDT", OrderSide.BUY, Decimal(1), Decimal(100), time_in_force=TimeInForce.IOC)
    assert terms(order, quirks_of("binance")) == {"clientOrderId": "c1", "timeInForce": "IOC"}
    assert terms(replace(order, post_only=True, reduce_only=True), quirks_of("okx")) == {
        "clOrdId": "c1",
        "postOnly": True,
        "reduceOnly": True,
    }
    assert terms(replace(order, order_type=OrderType.MARKET), quirks_of("deribit")) == {"label": "c1"}
    with pytest.raises(VenueRefused, match="GTD"):
        terms(replace(order, time_in_force=TimeInForce.GTD), quirks_of("binance"))
