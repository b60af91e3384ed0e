"""An order as ccxt is given it, so that what reaches the venue is digit for digit what was meant, or nothing is sent at all.

ccxt rounds whatever it sends by its own market list: amounts down, prices to the *nearest* tick, which may be past the trader's
limit. Rounding is the planners' business and is over by now; here it is only checked that nobody does it again. That list is
replaced while everything runs, and a contract may be worth ten times as much in the new one: then nothing is sent.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from core.domain.enums import OrderType, TimeInForce
from core.domain.errors import MarketDataError, VenueRefused
from core.domain.instruments import Instrument
from core.domain.numbers import plain
from core.exchanges.ccxt.instruments import instrument_of, same_rules
from core.exchanges.ccxt.quirks import Quirks
from core.exchanges.ccxt.venues import parse_venue
from core.exchanges.connector import Capabilities, NewOrder


def on_the_wire(
    order: NewOrder, instrument: Instrument, symbol: str, can: Capabilities, quirks: Quirks, client: Any
) -> tuple[float, float | None, dict[str, object]]:
    """Amount, price and parameters of a create. A market order has no price: with one, Binance and Bybit would count in quote (FACTS.md).

    Args:
        symbol: ccxt's.

    Raises:
        VenueRefused: they can't be sent exactly, or the venue can't do that; nothing was sent.
    """
    if order.reduce_only and not can.reduce_only:
        raise VenueRefused(f"{instrument.venue} is a spot venue: there is no position to reduce. Nothing was sent.")
    if order.time_in_force is TimeInForce.FOK and not can.fill_or_kill:
        raise VenueRefused(f"{instrument.venue} has no fill-or-kill; nothing was sent.")
    if order.display_amount is not None and not can.iceberg:
        raise VenueRefused(f"{instrument.venue} hides no part of an order; nothing was sent.")
    check_rules(instrument, symbol, quirks, client)
    params = terms(order, quirks)
    if order.order_type is OrderType.MARKET:
        return exact_amount(instrument, order.amount, symbol, client), None, params
    return exact_amount(instrument, order.amount, symbol, client), exact_price(instrument, order.price, symbol, client), params


def rules_changed(instrument: Instrument) -> str:
    """Why nothing of a symbol is sent any more, as one sentence."""
    changed = f"{instrument.venue} has changed the rules of {instrument.symbol} (tick, lot or contract size)"
    return f"{changed}; it can be traded again after a restart."


def check_rules(instrument: Instrument, symbol: str, quirks: Quirks, client: Any) -> None:
    """Whether `instrument` is what ccxt's own list says by now.

    Args:
        symbol: ccxt's.

    Raises:
        VenueRefused: its tick, lot or contract size is another one, or it is not listed any more; nothing was sent.
    """
    market = (client.markets or {}).get(symbol)
    if market is None:
        raise VenueRefused(f"{instrument.venue} does not list {instrument.symbol} any more; nothing was sent.")
    try:
        now = instrument_of(parse_venue(instrument.venue), instrument.symbol, market, client.precisionMode, quirks)
    except MarketDataError as error:
        raise VenueRefused(rules_changed(instrument), detail=error) from None
    if not same_rules(instrument, now):
        raise VenueRefused(rules_changed(instrument), detail=now)


def exact_amount(instrument: Instrument, amount: Decimal, symbol: str, client: Any) -> float:
    """Base as the venue counts it.

    Raises:
        VenueRefused: it can't be sent as it is; nothing was sent.
    """
    contracts = contracts_of(instrument, amount)
    return _spelled(contracts, client.amount_to_precision, symbol, instrument, "amount")


def exact_price(instrument: Instrument, price: Decimal, symbol: str, client: Any) -> float:
    """Quote per base.

    Raises:
        VenueRefused: it can't be sent as it is; nothing was sent.
    """
    check_price(instrument, price)
    return _spelled(price, client.price_to_precision, symbol, instrument, "price")


def _spelled(value: Decimal, spell: Callable[[str, float], object], symbol: str, instrument: Instrument, what: str) -> float:
    """`value` as ccxt takes it, which it must write as exactly that.

    Args:
        spell: how ccxt will write it, by its own market list.

    Raises:
        VenueRefused: more digits than a float carries, or ccxt would round it.
    """
    number = float(value)
    if not math.isfinite(number) or Decimal(repr(number)) != value or Decimal(str(spell(symbol, number))) != value:
        sent = f"its {what} {plain(value)} would not be sent exactly (has the tick or lot of {instrument.symbol} changed?)"
        raise VenueRefused(f"{instrument.venue} was not sent the order: {sent}.")
    return number


def contracts_of(instrument: Instrument, amount: Decimal) -> Decimal:
    """Base as the venue counts it.

    Raises:
        VenueRefused: no whole number of lots; nothing was sent.
    """
    if amount <= 0 or instrument.floor_amount(amount) != amount:
        lot = f"{plain(instrument.lot)} {instrument.base}"
        raise VenueRefused(f"{instrument.venue} takes {instrument.symbol} in lots of {lot}, not {plain(amount)}; nothing was sent.")
    return amount / instrument.contract_size


def check_price(instrument: Instrument, price: Decimal) -> None:
    """ccxt would round a price that is off the grid, possibly past the trader's limit.

    Raises:
        VenueRefused: it is off its tick; nothing was sent.
    """
    if price <= 0 or price % instrument.tick:
        tick = plain(instrument.tick)
        raise VenueRefused(f"{instrument.venue} refused the order: the price {plain(price)} is off its tick ({tick}); nothing was sent.")


def terms(order: NewOrder, quirks: Quirks) -> dict[str, object]:
    """The parameters of a create, beside symbol, side, amount and price.

    Raises:
        VenueRefused: a time in force that venues do not keep for us.
    """
    if order.time_in_force.value not in ("gtc", "ioc", "fok"):
        raise VenueRefused(f"A {order.time_in_force.value.upper()} order is ended by Fathom, not by a venue; nothing was sent.")
    params: dict[str, object] = {quirks.client_id: order.client_id}
    if order.order_type is OrderType.LIMIT:
        immediate = order.time_in_force is TimeInForce.IOC
        kept = quirks.immediate_or_cancel if immediate else order.time_in_force.value.upper()
        params |= {"postOnly": True} if order.post_only else {"timeInForce": kept}
    if order.reduce_only:
        params["reduceOnly"] = True
    return params
