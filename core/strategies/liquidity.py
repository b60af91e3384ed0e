"""Measuring how much a venue offers: in base or in quote, both meaning what they say."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from core.domain.enums import OrderSide
from core.domain.market import BookView, Levels
from core.strategies.walk import ticks_times_units

# Where no level is within the limit (an order that will rest), or no limit is given, depth is compared in this band around each touch.
BAND = Decimal("0.01")


def depth_of(book: BookView, levels: Levels, liquidity_type: str) -> Decimal:
    """The size of `levels` in base, or their price * size in quote."""
    instrument = book.instrument
    if liquidity_type == "quote":
        return ticks_times_units(levels.ticks, levels.sizes) * instrument.tick * instrument.size_unit
    return instrument.amount_of(int(np.sum(levels.sizes)))


def amount_worth(book: BookView, levels: Levels, notional: Decimal) -> Decimal:
    """How much base `notional` (quote) takes from `levels`, best first; at most all of them."""
    instrument, taken = book.instrument, Decimal(0)
    for tick, size in zip(levels.ticks.tolist(), levels.sizes.tolist(), strict=True):
        price, amount = instrument.price_of(tick), instrument.amount_of(size)
        if amount * price >= notional:
            return taken + notional / price
        taken += amount
        notional -= amount * price
    return taken


def band_limit(book: BookView, side: OrderSide) -> Decimal | None:
    """1 % past the venue's own touch; None with an empty side."""
    touch = book.best_ask if side is OrderSide.BUY else book.best_bid
    return None if touch is None else touch * (1 + side.sign * BAND)
