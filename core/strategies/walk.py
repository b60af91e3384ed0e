"""Walking one book: what a taker of some size would get, exactly.

Levels come as integer ticks and units; sums that could overflow int64 are made with Python's own integers.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from core.domain.enums import OrderSide
from core.domain.instruments import Instrument
from core.domain.market import BookView, IntArray, Levels, MarketView
from core.domain.numbers import ceil_to, floor_to
from core.domain.plan import ExecutionRequest

# A market order goes out as an IOC limit this far past the merged touch, so that a hole in
# the book costs at most this.
PROTECTION = Decimal("0.01")

_INT64_LIMIT = 2**63


def protective_price(market: MarketView, side: OrderSide) -> Decimal | None:
    """The worst price a market order may pay or get: 1 % past the merged touch; None without a market."""
    touch = market.touch(side)
    return None if touch is None else touch * (1 + side.sign * PROTECTION)


def worst_price(request: ExecutionRequest, market: MarketView) -> Decimal | None:
    """No child may trade past this: the trader's limit, or a market order's protective price.

    A market order under way carries the protective price of its arrival as `price`: were it taken from each
    new touch, an order that empties the book would chase it without end.
    """
    return request.price if request.price is not None else protective_price(market, request.side)


def limit_ticks(instrument: Instrument, side: OrderSide, limit: Decimal) -> int:
    """`limit` on the venue's grid, never past it: buys round down, sells up."""
    on_grid = floor_to(limit, instrument.tick) if side is OrderSide.BUY else ceil_to(limit, instrument.tick)
    return int(on_grid / instrument.tick)


def within_limit(book: BookView, side: OrderSide, limit: Decimal | None) -> Levels:
    """The levels a taker on `side` may use: at `limit` or better, best first."""
    levels = book.side(side)
    if limit is None:
        return levels
    worst = limit_ticks(book.instrument, side, limit)
    ticks = levels.ticks
    count = int(np.searchsorted(ticks, worst, "right")) if side is OrderSide.BUY else int(np.searchsorted(-ticks, -worst, "right"))
    return Levels(ticks[:count], levels.sizes[:count])


@dataclass(frozen=True, slots=True)
class Walk:
    """What taking from a book gives. Amount base, notional quote (without fees).

    Attributes:
        worst: price of the last level used; None when nothing fills.
    """

    amount: Decimal
    notional: Decimal
    worst: Decimal | None


def walk(instrument: Instrument, levels: Levels, amount: Decimal) -> Walk:
    """Take up to `amount` (base) from `levels`, best first."""
    wanted = int(floor_to(amount, instrument.size_unit) / instrument.size_unit)
    cumulative = np.cumsum(levels.sizes)
    used = min(int(np.searchsorted(cumulative, wanted)) + 1, len(levels)) if wanted > 0 else 0
    if not used:
        return Walk(Decimal(0), Decimal(0), None)
    filled, worst = min(wanted, int(cumulative[used - 1])), int(levels.ticks[used - 1])
    notional = ticks_times_units(levels.ticks[:used], levels.sizes[:used]) - worst * (int(cumulative[used - 1]) - filled)
    return Walk(instrument.amount_of(filled), notional * instrument.tick * instrument.size_unit, instrument.price_of(worst))


def ticks_times_units(ticks: IntArray, sizes: IntArray) -> int:
    """The exact sum of `ticks * sizes`, however large."""
    if not len(ticks):
        return 0
    if int(ticks.max()) * int(sizes.sum()) < _INT64_LIMIT:
        return int(np.dot(ticks, sizes))
    return sum(map(int.__mul__, ticks.tolist(), sizes.tolist()))
