"""What became of our orders: open ones, ended ones, trades, positions. Newest first, a page at a time.

`order/realtime` without an id shows open orders only; asked for one order it also knows the recently ended, until
a restart of the venue's services makes it forget them. A client that takes its silence for absence loses orders.
https://bybit-exchange.github.io/docs/v5/order/open-order
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar
from urllib.parse import quote, unquote

from tests.emulator.bybit_errors import LINEAR, bad_request
from tests.emulator.bybit_exchange import Bybit, Market, Params, whole
from tests.emulator.bybit_words import Row, order_number
from tests.emulator.orders import WireFill, WireOrder

T = TypeVar("T")

_WEEK_MS = 7 * 24 * 3_600_000


def realtime(bybit: Bybit, params: Params) -> Row:
    """GET /v5/order/realtime."""
    market = bybit.market(params)
    if market.category == LINEAR and not any(params.get(name) for name in ("symbol", "baseCoin", "settleCoin")):
        raise bad_request("Missing some parameters that must be filled in, symbol or settleCoin or baseCoin")
    one = params.get("orderId") or params.get("orderLinkId")
    chosen = [
        order for order in _orders(market, params) if (market.recalls(order) if one or params.get("openOnly") == "1" else order.is_open)
    ]
    return _page(market.category, chosen, _order_key, market.order_row, params, default=20, most=50)


def history(bybit: Bybit, params: Params) -> Row:
    """GET /v5/order/history: orders that have ended."""
    market = bybit.market(params)
    since_ms, until_ms = _span(bybit, params)
    chosen = [
        order for order in _orders(market, params) if not order.is_open and since_ms <= market.venue.ms_of(order.created_us) <= until_ms
    ]
    return _page(market.category, chosen, _order_key, market.order_row, params, default=20, most=50)


def executions(bybit: Bybit, params: Params) -> Row:
    """GET /v5/execution/list."""
    market = bybit.market(params)
    since_ms, until_ms = _span(bybit, params)
    chosen = [
        (order, fill)
        for order in _orders(market, params)
        for fill in order.fills
        if since_ms <= market.venue.ms_of(fill.ts_us) <= until_ms and params.get("execType", "Trade") == "Trade"
    ]
    return _page(market.category, chosen, _fill_key, lambda trade: market.execution_row(*trade), params, default=50, most=100)


def positions(bybit: Bybit, params: Params) -> Row:
    """GET /v5/position/list: a symbol's, flat or not; or all that are not flat."""
    market = bybit.market(params)
    if market.category != LINEAR:
        raise bad_request("category only support linear or option or inverse")
    if params.get("symbol"):
        symbols = [market.symbol(params)]
    elif settle := params.get("settleCoin"):
        symbols = [
            symbol for symbol in market.venue.instruments if market.venue.positions.of(symbol).amount and symbol.endswith(f"/{settle}")
        ]
    else:
        raise bad_request("Missing some parameters that must be filled in, symbol or settleCoin")
    return {"category": market.category, "nextPageCursor": "", "list": [market.position_row(symbol) for symbol in symbols]}


def _orders(market: Market, params: Params) -> list[WireOrder]:
    """Those that the parameters mean; an id outranks the symbol, and one that is unknown means none."""
    if wanted := params.get("orderId"):
        found = market.venue.orders.get(order_number(market.category, wanted))
        return [found] if found is not None else []
    orders: Iterable[WireOrder] = market.venue.orders.values()
    if wanted := params.get("orderLinkId"):
        orders = (order for order in orders if order.client_id == wanted)
    if params.get("symbol"):
        symbol = market.symbol(params)
        orders = (order for order in orders if order.symbol == symbol)
    base, settle = params.get("baseCoin"), params.get("settleCoin")
    return [
        order
        for order in orders
        if base in (None, order.symbol.split("/")[0]) and (market.category != LINEAR or settle in (None, order.symbol.split("/")[1]))
    ]


def _order_key(order: WireOrder) -> int:
    return order.number


def _fill_key(trade: tuple[WireOrder, WireFill]) -> int:
    return trade[1].number


def _page(
    category: str, items: list[T], key: Callable[[T], int], row: Callable[[T], Row], params: Params, *, default: int, most: int
) -> Row:
    """The newest `limit` of what is older than the cursor."""
    limit = whole(params, "limit", default)
    if not 1 <= limit <= most:
        raise bad_request(f"limit must be between 1 and {most}")
    if cursor := params.get("cursor"):
        last = unquote(cursor).partition(":")[2]
        if not last.isdecimal():
            raise bad_request("cursor is invalid")
        items = [item for item in items if key(item) < int(last)]
    shown = sorted(items, key=key, reverse=True)[:limit]
    more = quote(f"page:{key(shown[-1])}", safe="") if len(shown) < len(items) else ""
    return {"category": category, "nextPageCursor": more, "list": [row(item) for item in shown]}


def _span(bybit: Bybit, params: Params) -> tuple[int, int]:
    """Both ends in ms: a week at most, the last one unless said otherwise."""
    start, end = whole(params, "startTime", 0), whole(params, "endTime", 0)
    if not end:
        end = start + _WEEK_MS if start else bybit.front.now_ms() + 1_000
    if not start:
        start = end - _WEEK_MS
    if end - start > _WEEK_MS:
        raise bad_request("The time range between startTime and endTime cannot exceed 7 days")
    return start, end
