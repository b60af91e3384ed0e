"""On exchanges beyond the first-class ones: gate, whose client ids come back with something before them, and those nobody has tried."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from core.domain.errors import OutcomeUnknown
from core.domain.orders import Fill
from core.exchanges.ccxt.quirks import QUIRKS, quirks_of
from core.exchanges.connector import VenueOrder
from tests.core.exchanges.ccxt.offline import Offline, Socket, offline, order_of

OURS, THEIRS = "f00000000000000001", "777"
# https://www.gate.com/docs/developers/apiv4/en/#list-all-open-orders
ORDER = {
    "id": THEIRS,
    "text": f"t-{OURS}",
    "create_time_ms": 1_700_000_000_000,
    "update_time_ms": 1_700_000_000_000,
    "status": "open",
    "currency_pair": "BTC-USDT",
    "type": "limit",
    "account": "spot",
    "side": "sell",
    "amount": "1",
    "price": "60000",
    "time_in_force": "gtc",
    "left": "1",
    "filled_total": "0",
    "avg_deal_price": "0",
    "fee": "0",
    "fee_currency": "USDT",
}
# https://www.gate.com/docs/developers/apiv4/en/#query-personal-trading-records
TRADE = {
    "id": "1",
    "create_time_ms": "1700000000000.123",
    "currency_pair": "BTC-USDT",
    "side": "sell",
    "role": "maker",
    "amount": "0.4",
    "price": "60000",
    "order_id": THEIRS,
    "fee": "1",
    "fee_currency": "USDT",
    "text": f"t-{OURS}",
}


def answer(desk: Offline, *, resting: list[Any] | None = None, ended: list[Any] | None = None, trades: list[Any] | None = None) -> None:
    """What gate's lists hold from now on."""
    desk.client.options["unifiedAccount"] = False  # else it is asked for
    desk.answers |= {
        "/spot/open_orders": [{"currency_pair": "BTC-USDT", "total": 1, "orders": resting or []}],
        "/spot/orders": ended or [],
        "/spot/my_trades": trades or [],
    }


async def test_an_order_whose_answer_gate_lost_is_found_under_our_id() -> None:
    async with offline("gate_spot") as desk:
        answer(desk, resting=[ORDER])
        desk.answers["/spot/orders"] = {"label": "", "message": "half an answer"}
        with pytest.raises(OutcomeUnknown):
            await desk.trading.create_order(order_of())
        [sent] = desk.sent("/spot/orders")
        assert sent["text"] == ORDER["text"]
        found = await desk.trading.find_order("BTC/USDT", OURS)
        assert found is not None
        assert (found.client_id, found.venue_order_id) == (OURS, THEIRS)
        assert [order.client_id for order in await desk.trading.open_orders("BTC/USDT")] == [OURS]


async def test_an_ended_order_of_gate_is_found_in_its_history() -> None:
    async with offline("gate_spot") as desk:
        answer(desk, ended=[{**ORDER, "status": "cancelled"}])
        found = await desk.trading.find_order("BTC/USDT", OURS)
        assert found is not None
        assert found.client_id == OURS


async def test_gates_futures_are_read_alike_and_counted_in_base() -> None:
    async with offline("gate_perp") as desk:
        answer(desk)
        order: dict[str, Any] = {
            "id": THEIRS,
            "text": f"t-{OURS}",
            "contract": "BTC-USDT-SWAP",
            "size": "-100",
            "left": "-60",
            "price": "60000",
            "tif": "gtc",
        }
        order |= {"create_time": 1_700_000_000.0, "status": "open", "fill_price": "0", "user": 1}
        trade: dict[str, Any] = {
            "trade_id": "1",
            "order_id": THEIRS,
            "contract": "BTC-USDT-SWAP",
            "size": "-40",
            "price": "60000",
            "role": "maker",
            "fee": "1",
        }
        trade |= {"create_time": 1_700_000_000.0, "text": f"t-{OURS}"}
        desk.answers |= {"/futures/USDT/orders": [order], "/futures/USDT/my_trades_timerange": [trade]}
        found = await desk.trading.find_order("BTC/USDT", OURS)
        assert found is not None
        assert (found.client_id, found.amount, found.filled) == (OURS, Decimal(1), Decimal("0.4"))
        assert [(fill.client_id, fill.amount) for fill in await desk.trading.fills_of("BTC/USDT", OURS)] == [(OURS, Decimal("0.4"))]


async def test_gate_proves_an_order_absent_by_lists_without_it() -> None:
    async with offline("gate_spot") as desk:
        answer(desk, resting=[{**ORDER, "text": "t-f00000000000000002"}], trades=[{**TRADE, "text": "t-f00000000000000002"}])
        assert await desk.trading.find_order("BTC/USDT", OURS) is None


async def test_trades_on_gate_without_their_order_mean_that_its_lists_are_behind() -> None:
    async with offline("gate_spot") as desk:
        answer(desk, trades=[TRADE])
        with pytest.raises(OutcomeUnknown, match="not yet the order"):
            await desk.trading.find_order("BTC/USDT", OURS)


async def test_gates_stream_calls_our_orders_and_trades_by_our_id() -> None:
    async with offline("gate_spot") as desk:
        desk.client.handle_order(Socket(), {"channel": "spot.orders", "result": [{**ORDER, "event": "put"}]})
        desk.client.handle_my_trades(Socket(), {"result": [TRADE]})
        desk.news.on_order(dict(desk.client.orders[-1]))
        desk.news.on_trade(dict(desk.client.myTrades[-1]))
        assert [type(event) for event in desk.told] == [VenueOrder, Fill]
        assert {event.client_id for event in desk.told if not hasattr(event, "connected")} == {OURS}


@pytest.mark.parametrize("text", ["web", "apiv4", "-", ""])
async def test_an_order_that_gates_website_placed_has_no_name_of_ours(text: str) -> None:
    """Two of them would otherwise be one order called "web"."""
    async with offline("gate_spot") as desk:
        answer(desk, resting=[{**ORDER, "text": text}])
        assert [order.client_id for order in await desk.trading.open_orders("BTC/USDT")] == [""]
        desk.client.handle_my_trades(Socket(), {"result": [{**TRADE, "text": text}]})
        desk.news.on_trade(dict(desk.client.myTrades[-1]))
        [fill] = [event for event in desk.told if isinstance(event, Fill)]
        assert fill.client_id == THEIRS


async def test_an_exchange_nobody_has_tried_proves_no_order_absent() -> None:
    """It might show the order under another id than the one that we sent."""
    async with offline("mexc_spot") as desk:

        async def nothing(*_: object) -> list[Any]:
            return []

        for name in ("open_orders", "orders", "closed_orders", "canceled_orders", "my_trades"):
            setattr(desk.client, f"fetch_{name}", nothing)
        with pytest.raises(OutcomeUnknown, match=r"^mexc_spot does not show the order, and it is not known whether it would\.$"):
            await desk.trading.find_order("BTC/USDT", OURS)
        with pytest.raises(OutcomeUnknown, match="not known whether"):
            await desk.trading.fills_of("BTC/USDT", OURS)


def test_absence_is_believed_where_client_ids_are_known_to_come_back_and_lists_to_be_whole() -> None:
    believed = {ccxt_id for ccxt_id, quirks in QUIRKS.items() if quirks.proves_absence}
    assert believed == {"binance", "binanceusdm", "bybit", "okx", "kraken", "gate"}
    assert not quirks_of("mexc").proves_absence


async def test_deribit_shows_our_id_as_a_label() -> None:
    """ccxt leaves an order's `clientOrderId` empty there."""
    async with offline("deribit_perp") as desk:
        order = {"order_id": THEIRS, "label": OURS, "instrument_name": "BTC-USDT-SWAP", "direction": "sell", "amount": 1.0}
        order |= {"filled_amount": 0.0, "price": 60000.0, "average_price": 0.0, "order_state": "open", "order_type": "limit"}
        order |= {
            "creation_timestamp": 1_700_000_000_000,
            "last_update_timestamp": 1_700_000_000_000,
            "time_in_force": "good_til_cancelled",
        }
        desk.answers["get_open_orders_by_instrument"] = {"jsonrpc": "2.0", "result": [order]}
        found = await desk.trading.find_order("BTC/USDT", OURS)
        assert found is not None
        assert found.venue_order_id == THEIRS
