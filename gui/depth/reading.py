"""What the crosshair reads: the same distance from the mid on both sides, so that they can be compared. Qt-free.

Without a crosshair it reads to the edge of the chart. Everything is lossy and for eyes; what a click
hands to the ticket goes through `picked_price` and `picked_amount`, which round onto the market's steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

import numpy as np

from core.domain.market import DepthSide, MergedDepth
from core.domain.plan import Plan


@dataclass(frozen=True, slots=True)
class SideReading:
    """Trading one side out to `price`.

    Attributes:
        base, quote: cumulative amounts to there.
        average: quote per base; None where there is nothing.
        cost_bps: `average` against the mid; positive is worse than mid, on both sides.
        by_venue: base, in the order of `MergedDepth.venues`.
    """

    price: float
    base: float
    quote: float
    average: float | None
    cost_bps: float | None
    by_venue: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """Both sides out to `distance_bps` from the mid."""

    distance_bps: float
    bids: SideReading
    asks: SideReading


def read_at(depth: MergedDepth, price: float) -> Reading | None:
    """Read at a price on either side of the mid; None without a mid."""
    if depth.mid is None:
        return None
    mid = float(depth.mid)
    distance = abs(price - mid)
    return Reading(
        distance_bps=distance / mid * 10_000,
        bids=_read_side(depth.bids, mid - distance, mid, is_bid=True),
        asks=_read_side(depth.asks, mid + distance, mid, is_bid=False),
    )


def _read_side(side: DepthSide, price: float, mid: float, *, is_bid: bool) -> SideReading:
    hair = mid * 1e-12
    if is_bid:
        count = int(np.searchsorted(-side.prices, -price + hair, side="right"))
    else:
        count = int(np.searchsorted(side.prices, price + hair, side="right"))
    by_venue = tuple(float(size) for size in side.venue_sizes[:, :count].sum(axis=1))
    if count == 0:
        return SideReading(price, 0.0, 0.0, None, None, by_venue)
    base, quote = float(side.cumulative[count - 1]), float(side.cumulative_quote[count - 1])
    average = quote / base
    cost = (mid - average if is_bid else average - mid) / mid * 10_000
    return SideReading(price, base, quote, average, cost, by_venue)


def useful_bps(depth: MergedDepth, share: float = 0.6) -> float | None:
    """How far from the mid one must go for `share` of the depth of both sides; None without a mid."""
    if depth.mid is None:
        return None
    mid = float(depth.mid)
    reach = 0.0
    for side in (depth.bids, depth.asks):
        if len(side.prices):
            at = int(np.searchsorted(side.cumulative, side.cumulative[-1] * share))
            reach = max(reach, abs(float(side.prices[min(at, len(side.prices) - 1)]) - mid))
    return reach / mid * 10_000 if reach else None


def taken_by(plan: Plan | None) -> Mapping[str, tuple[float, float]]:
    """Venue -> (base expected to fill now, worst price), of the children that cross the book."""
    taken: dict[str, tuple[float, float]] = {}
    for child in plan.children if plan is not None else ():
        if child.rests or child.expected_amount <= 0:
            continue
        before, worst = taken.get(child.exchange, (0.0, float(child.price)))
        further = min if child.side.sign < 0 else max
        taken[child.exchange] = (before + float(child.expected_amount), further(worst, float(child.price)))
    return taken


def picked_price(price: float, tick: Decimal) -> Decimal:
    """A clicked price on the nearest tick."""
    return tick * round(price / float(tick))


def picked_amount(amount: float, lot: Decimal) -> Decimal:
    """A clicked amount, down to a whole lot: never more than is there."""
    return (Decimal(repr(amount)) / lot).to_integral_value(ROUND_FLOOR) * lot


def crossed_bps(depth: MergedDepth) -> float | None:
    """How far the best bid is above the best ask; None when it is not."""
    if depth.best_bid is None or depth.best_ask is None or depth.mid is None or depth.best_bid <= depth.best_ask:
        return None
    return float((depth.best_bid - depth.best_ask) / depth.mid * 10_000)
