"""New, cancel, amend, look-up: the order endpoints of both markets.

A client id is unique among *open* orders only, so a look-up by it finds the latest. An amend on USD-M that asks for
no more than is filled already cancels the order, as documented; spot has no amend, its cancel-replace makes a new order.
https://developers.binance.com/docs/binance-spot-api-docs/rest-api/trading-endpoints and
https://developers.binance.com/docs/derivatives/usds-margined-futures/trade/rest-api
"""

from __future__ import annotations

import itertools
import re
from decimal import Decimal
from typing import final

from core.domain.enums import TimeInForce
from core.domain.errors import DuplicateClientId, OrderNotFound, VenueRefused, WouldCross
from core.domain.numbers import floor_to
from tests.emulator.binance_errors import No, Refused
from tests.emulator.binance_filters import check_order
from tests.emulator.binance_limits import Limits
from tests.emulator.binance_params import Params
from tests.emulator.binance_words import perp_order, perp_placed, perp_trade, spot_cancelled, spot_order, spot_placed, spot_trade
from tests.emulator.orders import OrderWords, WireFill, WireOrder
from tests.emulator.world import EmulatedVenue, new_order

_CLIENT_ID = re.compile(r"[a-zA-Z0-9-_]{1,36}")
_PERP_CLIENT_ID = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}")
_TIMES_IN_FORCE = {"GTC": TimeInForce.GTC, "IOC": TimeInForce.IOC, "FOK": TimeInForce.FOK, "GTX": TimeInForce.GTC}
_DAY_MS = 86_400_000


@final
class Orders:
    """The order endpoints of one venue. Each takes the parameters and returns the answer's body, or raises `Refused`."""

    def __init__(self, venue: EmulatedVenue, limits: Limits) -> None:
        self._venue = venue
        self._limits = limits
        self._perp = venue.is_perp
        self._made_up = itertools.count(1)

    def create(self, params: Params) -> object:
        self._limits.count_order()
        order = self._place(params)
        if self._perp:
            return perp_placed(self._venue, order)
        return spot_placed(self._venue, order, params.get("newOrderRespType", "FULL"))

    def test(self, params: Params) -> object:
        """`order/test`: the filters only."""
        self._read(params)
        return {}

    def cancel(self, params: Params) -> object:
        order = self._cancel(params, params.whole("orderId"), params.get("origClientOrderId"))
        return perp_order(self._venue, order) if self._perp else spot_cancelled(self._venue, order)

    def cancel_all(self, params: Params) -> object:
        symbol = params.symbol()
        orders = self._venue.open_orders(symbol)
        if not orders and not self._perp:
            raise params.no(No.NOT_OPEN)
        for order in orders:
            self._venue.cancel(order)
        if self._perp:
            return {"code": 200, "msg": "The operation of cancel all open order is done."}
        return [spot_cancelled(self._venue, order) for order in orders]

    def amend(self, params: Params) -> object:
        """USD-M only."""
        symbol, side = params.symbol(), params.side()
        order = self._find(params, symbol, params.whole("orderId"), params.get("origClientOrderId"))
        if order is None or not order.is_open:
            raise params.no(No.UNKNOWN_ORDER)
        price, amount = params.number("price"), params.number("quantity")
        if (price, amount) == (order.price, order.amount):
            raise Refused(-5027, "No need to modify the order.")
        check_order(params, symbol, side, price, amount, reduce_only=order.words.reduce_only)
        if amount <= order.filled:
            self._venue.cancel(order)
            return perp_order(self._venue, order)
        try:
            self._venue.amend(order, price, amount)
        except WouldCross:
            self._venue.cancel(order)  # as documented for GTX
        except VenueRefused as error:
            raise self._translated(params, error, reduce_only=order.words.reduce_only) from error
        return perp_order(self._venue, order)

    def cancel_replace(self, params: Params) -> object:
        """Spot only: the two halves may end differently, and the answer says how."""
        self._limits.count_order()
        cancelled: dict[str, object] | None = None
        failure: Refused | None = None
        try:
            order = self._cancel(params, params.whole("cancelOrderId"), params.get("cancelOrigClientOrderId"))
            cancelled = spot_cancelled(self._venue, order)
        except Refused as error:
            failure = error
        if failure is not None and params.get("cancelReplaceMode") != "ALLOW_FAILURE":
            raise _replace_failed(cancelled, failure, None)
        try:
            placed = spot_placed(self._venue, self._place(params), params.get("newOrderRespType", "FULL"))
        except Refused as error:
            raise _replace_failed(cancelled, failure, error) from error
        if failure is not None:
            raise _replace_failed(cancelled, failure, None, placed)
        return {"cancelResult": "SUCCESS", "newOrderResult": "SUCCESS", "cancelResponse": cancelled, "newOrderResponse": placed}

    def query(self, params: Params) -> object:
        symbol, number, client_id = params.symbol(), params.whole("orderId"), params.get("origClientOrderId")
        order = self._find(params, symbol, number, client_id)
        if order is None:
            raise params.no(No.UNKNOWN_ORDER)
        return self._told(order)

    def open_order(self, params: Params) -> object:
        """USD-M's look-up among open orders only."""
        order = self._find(params, params.symbol(), params.whole("orderId"), params.get("origClientOrderId"))
        if order is None or not order.is_open:
            raise params.no(No.UNKNOWN_ORDER)
        return self._told(order)

    def open_orders(self, params: Params) -> object:
        symbol = params.symbol() if params.get("symbol") else None
        return [self._told(order) for order in self._venue.open_orders(symbol)]

    def all_orders(self, params: Params) -> object:
        symbol, first = params.symbol(), params.whole("orderId")
        since_ms, until_ms = self._span(params)
        orders = [
            order
            for order in self._venue.orders.values()
            if order.symbol == symbol and since_ms <= self._venue.ms_of(order.created_us) <= until_ms and order.number >= (first or 0)
        ]
        limit = params.limit(500, 1000)
        oldest_first = first is not None or params.get("startTime")
        return [self._told(order) for order in (orders[:limit] if oldest_first else orders[-limit:])]

    def trades(self, params: Params) -> object:
        symbol, number, first = params.symbol(), params.whole("orderId"), params.whole("fromId")
        since_ms, until_ms = self._span(params)
        found: list[tuple[WireOrder, WireFill]] = [
            (order, fill)
            for order in self._venue.orders.values()
            if order.symbol == symbol and number in (None, order.number)
            for fill in order.fills
            if since_ms <= self._venue.ms_of(fill.ts_us) <= until_ms and fill.number >= (first or 0)
        ]
        found.sort(key=lambda trade: trade[1].number)
        limit = params.limit(500, 1000)
        oldest_first = first is not None or params.get("startTime")
        told = perp_trade if self._perp else spot_trade
        return [told(self._venue, order, fill) for order, fill in (found[:limit] if oldest_first else found[-limit:])]

    def _place(self, params: Params) -> WireOrder:
        symbol, words, price, amount = self._read(params)
        side = params.side()
        limit = self._venue.protective_price(symbol, side) if price is None else price
        if limit is None:
            raise params.no(No.NO_TAKERS)
        client_id = params.get("newClientOrderId") or f"auto{next(self._made_up):018d}"
        try:
            return self._venue.place(new_order(client_id, symbol, side, amount, limit, words), words)
        except VenueRefused as error:
            raise self._translated(params, error, reduce_only=words.reduce_only) from error
        except DuplicateClientId as error:
            raise params.no(No.DUPLICATE) from error

    def _read(self, params: Params) -> tuple[str, OrderWords, Decimal | None, Decimal]:
        """Symbol, words, price (None for a market order) and amount of a new order, all checked."""
        symbol, side, kind = params.symbol(), params.side(), params.need("type")
        if kind not in (("LIMIT", "MARKET") if self._perp else ("LIMIT", "MARKET", "LIMIT_MAKER")):
            raise params.no(No.ORDER_TYPE)
        market = kind == "MARKET"
        if params.get("timeInForce") and (market or kind == "LIMIT_MAKER"):
            raise params.no(No.NOT_REQUIRED, "timeInForce")
        time_in_force = params.need("timeInForce") if kind == "LIMIT" else "GTC"
        if time_in_force not in _TIMES_IN_FORCE or (time_in_force == "GTX" and not self._perp):
            raise params.no(No.TIME_IN_FORCE)
        reduce_only = params.flag("reduceOnly")
        if params.get("reduceOnly") and not self._perp:
            raise params.no(No.REDUCE_ONLY)
        if params.get("icebergQty") and time_in_force != "GTC":
            raise params.no(No.ICEBERG_NOT_GTC)
        if client_id := params.get("newClientOrderId"):
            pattern = _PERP_CLIENT_ID if self._perp else _CLIENT_ID
            if not pattern.fullmatch(client_id):
                raise params.no(No.CLIENT_ID)
        price = None if market else params.number("price")
        amount = self._amount(params, symbol, market=market)
        check_order(params, symbol, side, price, amount, reduce_only=reduce_only)
        extra = [("type", kind), ("timeInForce", time_in_force)]
        if params.get("icebergQty"):
            extra.append(("icebergQty", params.get("icebergQty")))
        words = OrderWords(
            market=market,
            time_in_force=TimeInForce.IOC if market else _TIMES_IN_FORCE[time_in_force],
            post_only=kind == "LIMIT_MAKER" or time_in_force == "GTX",
            reduce_only=reduce_only,
            extra=tuple(extra),
        )
        return symbol, words, price, amount

    def _amount(self, params: Params, symbol: str, *, market: bool) -> Decimal:
        """`quantity`, or what `quoteOrderQty` buys on a spot market order."""
        if market and not self._perp and params.get("quoteOrderQty"):
            touch = self._venue.book(symbol).best_ask or self._venue.last_price(symbol)
            return floor_to(params.number("quoteOrderQty") / touch, self._venue.instruments[symbol].lot)
        return params.number("quantity")

    def _translated(self, params: Params, error: VenueRefused, *, reduce_only: bool) -> Refused:
        """What the filters let through and the truth still refuses: the book, the position or the money."""
        if isinstance(error, WouldCross):
            return params.no(No.WOULD_TAKE)
        if "book can't be traded" in str(error):
            return params.no(No.MARKET_CLOSED)
        if reduce_only and "reduce-only" in str(error):
            return params.no(No.REDUCE_ONLY)
        return params.no(No.BALANCE)

    def _cancel(self, params: Params, number: int | None, client_id: str) -> WireOrder:
        order = self._find(params, params.symbol(), number, client_id)
        if order is None or not order.is_open:
            raise params.no(No.NOT_OPEN)
        try:
            self._venue.cancel(order)
        except OrderNotFound as error:
            raise params.no(No.NOT_OPEN) from error
        return order

    def _find(self, params: Params, symbol: str, number: int | None, client_id: str) -> WireOrder | None:
        if number is None and not client_id:
            raise params.no(No.NOT_SENT, "orderId")
        return self._venue.find(symbol, number, client_id or None)

    def _span(self, params: Params) -> tuple[int, int]:
        since_ms, until_ms = params.whole("startTime"), params.whole("endTime")
        longest_ms = 7 * _DAY_MS if self._perp else _DAY_MS
        if since_ms is not None and until_ms is not None and until_ms - since_ms > longest_ms:
            raise params.no(No.TOO_LONG_A_SPAN)
        return since_ms or 0, until_ms if until_ms is not None else 1 << 62

    def _told(self, order: WireOrder) -> dict[str, object]:
        return perp_order(self._venue, order) if self._perp else spot_order(self._venue, order)


def _replace_failed(
    cancelled: dict[str, object] | None, not_cancelled: Refused | None, not_placed: Refused | None, placed: dict[str, object] | None = None
) -> Refused:
    attempted = not_placed is not None or placed is not None
    data = {
        "cancelResult": "FAILURE" if not_cancelled is not None else "SUCCESS",
        "newOrderResult": ("FAILURE" if not_placed is not None else "SUCCESS") if attempted else "NOT_ATTEMPTED",
        "cancelResponse": not_cancelled.body() if not_cancelled is not None else cancelled,
        "newOrderResponse": not_placed.body() if not_placed is not None else placed,
    }
    partly = cancelled is not None or placed is not None
    if partly:
        return Refused(-2021, "Order cancel-replace partially failed.", 409, data)
    return Refused(-2022, "Order cancel-replace failed.", 400, data)
