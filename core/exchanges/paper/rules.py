"""What an exchange checks before it takes an order: grid, minimums, flags that contradict each other.

Every refusal says the rule with its number, because the trader can't see it anywhere else.
"""

from __future__ import annotations

from decimal import Decimal

from core.domain.enums import MarketType, OrderType, TimeInForce
from core.domain.errors import VenueRefused, WouldCross
from core.domain.instruments import Instrument
from core.domain.numbers import plain
from core.exchanges.connector import NewOrder

_TAKEN = (TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK)


def refusal(instrument: Instrument, why: str) -> VenueRefused:
    """The venue's definite no, as the trader reads it."""
    return VenueRefused(f"{instrument.venue} refused the order: {why}.")


def would_cross(instrument: Instrument) -> WouldCross:
    """The venue's no to a post-only order that would have traded."""
    return WouldCross(f"{instrument.venue} did not place the order: it is post-only and would trade at once.")


def check_flags(instrument: Instrument, order: NewOrder) -> None:
    """Order type, time in force and flags that this venue takes.

    Raises:
        VenueRefused: one it does not take.
    """
    if order.order_type is not OrderType.LIMIT:
        raise refusal(instrument, f"it takes limit orders only, not {order.order_type.value}")
    if order.time_in_force not in _TAKEN:
        raise refusal(instrument, f"it does not know time in force {order.time_in_force.value.upper()}")
    if order.post_only and order.time_in_force is not TimeInForce.GTC:
        raise refusal(instrument, f"post-only contradicts {order.time_in_force.value.upper()}")
    if order.reduce_only and instrument.market_type is not MarketType.PERP:
        raise refusal(instrument, "reduce-only needs a position, and a spot market has none")


def check_size(instrument: Instrument, price: Decimal, amount: Decimal) -> tuple[int, int]:
    """Price and amount on the grid and above the minimums, as (ticks, size units).

    Raises:
        VenueRefused: off the tick or lot, not positive, or too small.
    """
    if price <= 0 or amount <= 0:
        raise refusal(instrument, "price and amount must be positive")
    if price % instrument.tick:
        raise refusal(instrument, f"price {plain(price)} is off its tick ({plain(instrument.tick)})")
    if amount % instrument.lot:
        raise refusal(instrument, f"amount {plain(amount)} is off its lot ({plain(instrument.lot)})")
    if short := instrument.shortfall_of_minimums(amount, price):
        raise refusal(instrument, short)
    return instrument.ticks_of(price), instrument.units_of(amount)
