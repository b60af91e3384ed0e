"""Order entry. An accepted order is not a live one: the answer holds two ids and nothing else, and what became of it
comes over the stream or has to be asked.

A post-only order that would trade is accepted and then cancelled, at creation and on an amend alike; a client id is
used once for ever (https://bybit-exchange.github.io/docs/v5/order/create-order, orderLinkId).
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

from core.domain.enums import OrderSide, TimeInForce
from core.domain.errors import OrderNotFound, VenueRefused, WouldCross
from core.domain.instruments import Instrument
from core.domain.numbers import floor_to
from core.exchanges.connector import VenueOrderStatus
from tests.emulator.bybit_errors import LINEAR, SPOT, BybitError, No, bad_request, refuse
from tests.emulator.bybit_exchange import Bybit, Market, Params
from tests.emulator.bybit_words import ANONYMOUS, REJECT_REASON, Row, link_id, order_id
from tests.emulator.orders import OrderWords, WireOrder
from tests.emulator.world import new_order

_LINK_ID = re.compile(r"[A-Za-z0-9_-]{1,36}")
_SIDES = {"Buy": OrderSide.BUY, "Sell": OrderSide.SELL}
_TIMES = {"GTC": TimeInForce.GTC, "IOC": TimeInForce.IOC, "FOK": TimeInForce.FOK, "PostOnly": TimeInForce.GTC}
_CONDITIONS = ("triggerPrice", "takeProfit", "stopLoss")
_WOULD_CROSS = "EC_PostOnlyWillTakeLiquidity"
_nameless = itertools.count(1)


@dataclass(frozen=True, slots=True)
class _Terms:
    symbol: str
    side: OrderSide
    amount: Decimal
    price: Decimal
    words: OrderWords
    named: str


def create(bybit: Bybit, params: Params) -> Row:
    """POST /v5/order/create.

    Raises:
        BybitError: not placed.
    """
    market = bybit.market(params)
    _check_permission(bybit, market)
    terms = _terms(market, params)
    if terms.named and market.venue.find(terms.symbol, client_id=terms.named) is not None:
        raise refuse(market.category, No.DUPLICATE)
    client_id = terms.named or f"nameless-{next(_nameless)}"
    new = new_order(client_id, terms.symbol, terms.side, terms.amount, terms.price, terms.words)
    try:
        order = market.venue.place(new, terms.words)
    except WouldCross:
        words = replace(terms.words, extra=(*terms.words.extra, (REJECT_REASON, _WOULD_CROSS)))
        order = market.venue.stillborn(new, words, VenueOrderStatus.CANCELLED, "post-only, and it would have traded")
    except VenueRefused as error:
        raise _truth_says(market, terms.symbol, terms.words, error) from error
    return _ids(market, order)


def amend(bybit: Bybit, params: Params) -> Row:
    """POST /v5/order/amend: price, amount or both, in place.

    Raises:
        BybitError: unchanged.
    """
    market = bybit.market(params)
    _check_permission(bybit, market)
    order = market.find(params)
    if order is None or not order.is_open:
        raise refuse(market.category, No.NOT_AMENDABLE)
    price, amount = (
        _number(params[name], market.category, why) if name in params else before
        for name, why, before in (("price", No.PRICE, order.price), ("qty", No.QTY, order.amount))
    )
    if (price, amount) == (order.price, order.amount):
        raise BybitError(10001, "The order remains unchanged as the parameters entered match the existing ones.")
    _check_size(market.category, market.venue.instruments[order.symbol], price, amount)
    if amount <= order.filled:
        raise refuse(market.category, No.BELOW_FILLED)
    try:
        market.venue.amend(order, price, amount)
    except WouldCross:
        order.words = replace(order.words, extra=(*order.words.extra, (REJECT_REASON, _WOULD_CROSS)))
        market.venue.cancel(order)
    except VenueRefused as error:
        raise _truth_says(market, order.symbol, order.words, error) from error
    return _ids(market, order)


def cancel(bybit: Bybit, params: Params) -> Row:
    """POST /v5/order/cancel.

    Raises:
        BybitError: it is not open here.
    """
    market = bybit.market(params)
    _check_permission(bybit, market)
    order = market.find(params)
    try:
        if order is None:
            raise OrderNotFound("no such order")
        market.venue.cancel(order)
    except OrderNotFound as error:
        raise refuse(market.category, No.NOT_FOUND) from error
    return _ids(market, order)


def cancel_all(bybit: Bybit, params: Params) -> Row:
    """POST /v5/order/cancel-all: of one symbol, or all of the category."""
    market = bybit.market(params)
    _check_permission(bybit, market)
    symbol = market.symbol(params) if "symbol" in params else None
    orders = market.venue.open_orders(symbol)
    for order in orders:
        market.venue.cancel(order)
    return {"list": [_ids(market, order) for order in orders], "success": "1"}


def _terms(market: Market, params: Params) -> _Terms:
    category, symbol = market.category, market.symbol(params)
    if any(params.get(name) for name in _CONDITIONS):
        raise bad_request("conditional orders are not emulated")
    side, tif = _SIDES.get(params.get("side", "")), params.get("timeInForce", "GTC")
    kind, named = params.get("orderType"), params.get("orderLinkId", "")
    if side is None:
        raise refuse(category, No.SIDE)
    if kind not in ("Limit", "Market"):
        raise refuse(category, No.ORDER_TYPE)
    is_market = kind == "Market"
    if tif not in _TIMES or (is_market and tif == "PostOnly"):
        raise refuse(category, No.TIME_IN_FORCE)
    if named and not _LINK_ID.fullmatch(named):
        raise bad_request("orderLinkId is invalid")
    reduce_only = params.get("reduceOnly", "false").lower() == "true"
    if reduce_only and category == SPOT:
        raise refuse(category, No.REDUCE_ONLY)
    words = OrderWords(
        market=is_market,
        time_in_force=TimeInForce.IOC if is_market else _TIMES[tif],
        post_only=tif == "PostOnly",
        reduce_only=reduce_only,
        extra=() if named else ((ANONYMOUS, "yes"),),
    )
    instrument = market.venue.instruments[symbol]
    amount = _number(params.get("qty", ""), category, No.QTY)
    if is_market:
        price = market.venue.protective_price(symbol, side)
        if price is None:
            raise refuse(category, No.SUSPENDED)
        if category == SPOT and side is OrderSide.BUY and params.get("marketUnit") != "baseCoin":
            amount = floor_to(amount / (market.venue.book(symbol).best_ask or price), instrument.lot)  # the quantity is in quote
    else:
        price = _number(params.get("price", ""), category, No.PRICE)
    _check_size(category, instrument, price, amount)
    if reduce_only and market.venue.positions.of(symbol).amount * side.sign >= 0:
        raise refuse(category, No.REDUCE_ONLY)
    return _Terms(symbol, side, amount, price, words, named)


def _check_size(category: str, instrument: Instrument, price: Decimal, amount: Decimal) -> None:
    """The filters, in the order in which the venue looks at them."""
    if price <= 0 or price % instrument.tick:
        raise refuse(category, No.PRICE)
    if amount <= 0 or amount % instrument.lot:
        raise refuse(category, No.QTY)
    if amount < instrument.min_amount:
        raise refuse(category, No.QTY_LOW)
    if amount * price < instrument.min_notional:
        raise refuse(category, No.VALUE_LOW)


def _truth_says(market: Market, symbol: str, words: OrderWords, error: VenueRefused) -> BybitError:
    """What is left once everything that the wire can see was checked."""
    if market.venue.truth.snapshot(symbol) is None:
        return refuse(market.category, No.SUSPENDED)
    if words.reduce_only and "reduce-only" in str(error):
        return BybitError(110017, "Reduce-only rule not satisfied") if market.category == LINEAR else refuse(SPOT, No.REDUCE_ONLY)
    return refuse(market.category, No.FUNDS)


def _number(said: str, category: str, why: No) -> Decimal:
    try:
        number = Decimal(said)
    except InvalidOperation:
        raise refuse(category, why) from None
    if not number.is_finite():
        raise refuse(category, why)
    return number


def _check_permission(bybit: Bybit, market: Market) -> None:
    if not bybit.emulator.may_trade(market.venue.name):
        raise BybitError(10005, "Permission denied, please check your API key permissions.")


def _ids(market: Market, order: WireOrder) -> Row:
    return {"orderId": order_id(market.category, order.number), "orderLinkId": link_id(order)}
