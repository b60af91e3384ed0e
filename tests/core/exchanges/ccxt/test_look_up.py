"""That an order is absent takes every place to say so, and all of each place: pages, windows of time, lists that were cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from core.domain.clock import SimulatedClock
from core.domain.enums import MarketType, OrderSide, TimeInForce
from core.domain.errors import OutcomeUnknown
from core.domain.instruments import Instrument
from core.exchanges.ccxt.asking import Asking
from core.exchanges.ccxt.look_up import LookUps
from core.exchanges.ccxt.memory import OrderMemory
from core.exchanges.ccxt.quirks import Quirks, quirks_of
from core.exchanges.ccxt.skew import ClockSkew
from core.exchanges.connector import NewOrder
from tests.core.exchanges.ccxt.trading_desk import trading_desk
from tests.emulator.markets import SYMBOL, VENUES

INSTRUMENT = Instrument("mexc_spot", "BTC/USDT", MarketType.SPOT, tick=Decimal("0.1"), lot=Decimal("0.001"))
# The defaults, believed in.
PROVING = replace(quirks_of("mexc"), proves_absence=True)
DAY_MS = 86_400_000


class FakeClient:
    """Some exchange, as ccxt shows it: lists that a test fills, and what it was asked for."""

    id = "mexc"

    def __init__(self, **lists: Sequence[Mapping[str, Any]]) -> None:
        self.has = {"fetchTime": False, "fetchOrders": "history" in lists}
        self.options: dict[str, Any] = {}
        self.asked: list[tuple[str, object, dict[str, Any]]] = []
        self._lists = lists

    async def fetch(self, url: str, method: str = "GET", headers: object = None, body: object = None) -> object:
        """Nothing is fetched; it is there to be watched."""

    def on_rest_response(self, *_: object) -> None:
        """Likewise."""

    async def fetch_open_orders(self, symbol: str, *_: object) -> Sequence[Mapping[str, Any]]:
        return self._lists.get("open", ())

    async def fetch_orders(self, symbol: str, since: int | None, limit: int | None) -> Sequence[Mapping[str, Any]]:
        return self._lists["history"]

    async def fetch_my_trades(self, symbol: str, since: int | None, limit: int, params: dict[str, Any]) -> Sequence[Mapping[str, Any]]:
        self.asked.append(("trades", since, params))
        trades = [trade for trade in self._lists.get("trades", ()) if trade["timestamp"] >= (since or 0)]
        trades = [trade for trade in trades if trade["timestamp"] <= params.get("until", 10**15)]
        return trades[:limit]


def order(client_id: str = "c1", **fields: Any) -> dict[str, Any]:
    one = {"id": f"v-{client_id}", "clientOrderId": client_id, "side": "buy", "price": 100.0, "amount": 1.0, "filled": 0.0, "info": {}}
    return one | {"status": "canceled", "timestamp": 1_700_000_000_000} | fields


def trade(number: int, client_id: str = "c1", timestamp: int = 0) -> dict[str, Any]:
    one = {"id": str(number), "order": f"v-{client_id}", "side": "buy", "price": 100.0, "amount": 0.1, "takerOrMaker": "taker", "fee": None}
    return one | {"timestamp": timestamp or 1_700_000_000_000 + number, "info": {"text": client_id}}


def look_ups(client: FakeClient, quirks: Quirks | None = None, memory: OrderMemory | None = None) -> LookUps:
    clock = SimulatedClock()
    asking = Asking("mexc_spot", client, ClockSkew(client, clock))
    return LookUps(client, quirks or PROVING, memory or OrderMemory(), asking, clock)


async def test_an_exchange_on_defaults_is_asked_for_open_orders_history_and_trades() -> None:
    for lists in ({"open": [order(status="open")], "history": []}, {"open": [], "history": [order()]}):
        found = await look_ups(FakeClient(**lists)).find(INSTRUMENT, "BTC/USDT", "c1")
        assert found is not None
        assert found.venue_order_id == "v-c1"
    assert (
        await look_ups(FakeClient(open=[], history=[order("other")], trades=[trade(1, "other")])).find(INSTRUMENT, "BTC/USDT", "c1") is None
    )


async def test_an_exchange_without_a_history_can_not_prove_absence() -> None:
    with pytest.raises(OutcomeUnknown, match="no list of ended orders"):
        await look_ups(FakeClient(open=[])).find(INSTRUMENT, "BTC/USDT", "c1")


async def test_a_list_that_was_cut_can_not_prove_absence() -> None:
    full = [order(f"o{number}") for number in range(100)]
    with pytest.raises(OutcomeUnknown, match="more ended orders"):
        await look_ups(FakeClient(open=[], history=full)).find(INSTRUMENT, "BTC/USDT", "c1")


async def test_trades_without_their_order_mean_that_the_lists_are_behind() -> None:
    with pytest.raises(OutcomeUnknown, match="not yet the order"):
        await look_ups(FakeClient(open=[], history=[], trades=[trade(1)])).find(INSTRUMENT, "BTC/USDT", "c1")


async def test_all_pages_of_trades_are_read_however_small_they_are() -> None:
    client = FakeClient(open=[], history=[order()], trades=[trade(number) for number in range(1, 8)])
    fills = await look_ups(client, replace(PROVING, page=3)).fills_of(INSTRUMENT, "BTC/USDT", "c1")
    assert sum(fill.amount for fill in fills) == Decimal("0.7")


async def test_an_order_older_than_the_venues_window_is_read_window_by_window() -> None:
    """Without times Binance and Bybit show the trades of the last seven days only."""
    now_ms = 1_700_000_000_000
    memory, days_ago = OrderMemory(), 20
    memory.ask(NewOrder("c1", "BTC/USDT", OrderSide.BUY, Decimal(1), Decimal(100)), (now_ms - days_ago * DAY_MS) * 1000)
    memory.name("c1", "v-c1")
    trades = [trade(number, timestamp=now_ms - number * DAY_MS) for number in (1, 9, 19)]
    client = FakeClient(open=[], history=[], trades=trades)
    fills = await look_ups(client, replace(PROVING, trade_window_days=7), memory).fills_of(INSTRUMENT, "BTC/USDT", "c1")
    assert len(fills) == 3
    spans = [params["until"] - since for _, since, params in client.asked if isinstance(since, int)]
    assert max(spans) < 7 * DAY_MS


@pytest.mark.parametrize("venue", VENUES)
async def test_each_exchanges_own_way_of_paging_misses_no_fill(venue: str) -> None:
    """Six trades of one order, two a page, between those of another."""
    async with trading_desk(venue) as (desk,):
        for client_id in ("c0", "c1", "c2"):
            desk.feed.snapshot(venue, {"99": "1"}, {str(101 + step / 2): "0.1" for step in range(6)})
            await desk.send(client_id, price="105", amount="0.6", time_in_force=TimeInForce.IOC)
        await desk.restart()
        line = desk.trading._open
        assert line is not None
        line.look_ups._quirks = replace(line.look_ups._quirks, page=2)
        fills = await desk.trading.fills_of(SYMBOL, "c1")
        assert [fill.amount for fill in fills] == [Decimal("0.1")] * 6
        assert len({fill.trade_id for fill in fills}) == 6
