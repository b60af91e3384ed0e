"""What private streams call our orders and charge for them, through ccxt's own handlers of okx's and Kraken's messages."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from core.domain.orders import Fill
from core.exchanges.ccxt.memory import OrderMemory
from core.exchanges.ccxt.orders import fill_of
from core.exchanges.ccxt.quirks import quirks_of
from core.exchanges.connector import VenueOrder
from tests.core.exchanges.ccxt.offline import Offline, Socket, offline, order_of

OURS, THEIRS = "f00000000000000001", "OK4GJX-KSTLS-7DZZO5"
# https://docs.kraken.com/api/docs/websocket-v2/executions
KRAKEN_ORDER = {
    "order_id": THEIRS,
    "cl_ord_id": OURS,
    "order_userref": 0,
    "symbol": "BTC/USDT",
    "order_qty": 0.005,
    "cum_cost": 0.0,
    "time_in_force": "GTC",
    "exec_type": "new",
    "side": "sell",
    "order_type": "limit",
    "limit_price": 60000.0,
    "order_status": "new",
    "timestamp": "2026-11-22T10:33:05.709950Z",
}
KRAKEN_TRADE = {
    "order_id": THEIRS,
    "exec_id": "T5DIUI-5N4KO-Z5BPXK",
    "exec_type": "trade",
    "trade_id": 1,
    "symbol": "BTC/USDT",
    "side": "sell",
    "last_qty": 0.005,
    "last_price": 60000.0,
    "liquidity_ind": "t",
    "cost": 300.0,
    "order_userref": 0,
    "order_status": "filled",
    "order_type": "limit",
    "fees": [{"asset": "USDT", "qty": 0.3}],
    "timestamp": "2026-11-22T10:33:06.709950Z",
}
# https://www.okx.com/docs-v5/en/#order-book-trading-trade-ws-order-channel
OKX_FILL = {
    "instId": "BTC-USDT",
    "instType": "SPOT",
    "ordId": "370257534141235201",
    "clOrdId": OURS,
    "tradeId": "107601752",
    "side": "buy",
    "ordType": "limit",
    "px": "60000",
    "sz": "0.5",
    "state": "filled",
    "accFillSz": "0.5",
    "fillPx": "60000",
    "fillSz": "0.5",
    "fillTime": "1795373464100",
    "uTime": "1795373464100",
    "cTime": "1795373464000",
    "execType": "T",
    "feeCcy": "BTC",
    "fillFeeCcy": "BTC",
}


def tell_kraken(desk: Offline, *, order: dict[str, Any] | None = None, trade: dict[str, Any] | None = None) -> None:
    if order is not None:
        desk.client.handle_orders(Socket(), {"data": [order]})
        desk.news.on_order(dict(desk.client.orders[-1]))
    if trade is not None:
        desk.client.handle_my_trades(Socket(), {"data": [trade]})
        desk.news.on_trade(dict(desk.client.myTrades[-1]))


async def test_a_kraken_order_keeps_our_name_from_its_beginning_to_its_last_fill() -> None:
    async with offline("kraken_spot") as desk:
        desk.trading.memory.ask(order_of(amount="0.005"), 0)
        desk.trading.memory.name(OURS, THEIRS)
        tell_kraken(desk, order=KRAKEN_ORDER, trade=KRAKEN_TRADE)
        tell_kraken(desk, order=KRAKEN_TRADE)
        assert [type(event) for event in desk.told] == [VenueOrder, Fill, VenueOrder]
        assert {event.client_id for event in desk.told if not hasattr(event, "connected")} == {OURS}
        assert desk.trading.memory.client_id_of(THEIRS) == OURS


async def test_a_kraken_order_of_somebody_else_has_no_name_of_ours() -> None:
    """Two of them would otherwise be one order called "0"."""
    async with offline("kraken_spot") as desk:
        for order_id in ("A", "B"):
            tell_kraken(desk, order={key: value for key, value in {**KRAKEN_ORDER, "order_id": order_id}.items() if key != "cl_ord_id"})
        assert [(event.client_id, event.venue_order_id) for event in desk.told if isinstance(event, VenueOrder)] == [("", "A"), ("", "B")]
        assert desk.trading.memory.get("0") is None


async def test_an_open_kraken_order_that_has_only_a_reference_has_no_name_of_ours() -> None:
    async with offline("kraken_spot") as desk:
        described = {"pair": "BTC-USDT", "type": "buy", "ordertype": "limit", "price": "60000", "leverage": "none", "order": ""}
        known = {"descr": described, "vol": "1", "vol_exec": "0", "status": "open", "opentm": 1.0, "userref": 7}
        desk.answers["private/OpenOrders"] = {"error": [], "result": {"open": {"A": known, "B": {**known, "cl_ord_id": OURS}}}}
        assert [order.client_id for order in await desk.trading.open_orders("BTC/USDT")] == ["", OURS]


def test_whatever_a_venue_says_an_order_that_we_sent_keeps_its_name() -> None:
    memory = OrderMemory()
    memory.ask(order_of(), 0)
    memory.name(OURS, THEIRS)
    memory.name("0", THEIRS)
    assert memory.client_id_of(THEIRS) == OURS


@pytest.mark.parametrize(("flow", "cost"), [("-0.0005", "0.0005"), ("0.0001", "-0.0001"), ("0", "0")])
async def test_what_okx_charges_is_positive_by_stream_and_by_answer_alike(flow: str, cost: str) -> None:
    async with offline("okx_spot") as desk:
        desk.client.handle_my_trades(Socket(), {"arg": {"channel": "orders"}, "data": [{**OKX_FILL, "fillFee": flow, "fee": "-1"}]})
        answered = {**OKX_FILL, "fee": flow, "billId": "9", "ts": "1795373464100"}
        [rest] = desk.client.parse_trades([answered], desk.client.market("BTC/USDT"))
        for raw in (dict(desk.client.myTrades[-1]), rest):
            fill = fill_of(raw, desk.instruments["BTC/USDT"], quirks_of("okx"), OURS, 0)
            assert fill is not None
            assert (fill.fee, fill.fee_currency) == (Decimal(cost), "BTC")
