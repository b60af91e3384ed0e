"""From merged depth to polygons in pixels. Qt-free: arrays in, arrays out.

A band is drawn as everything from its top edge down to the base line, the tallest first, in colours that
are opaque already: the next one paints over its lower part. Half the points of true bands, and no blending.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.domain.market import DepthSide, FloatArray


@dataclass(frozen=True, slots=True)
class Frame:
    """Where prices and amounts fall on the screen, in pixels; y grows downwards.

    Attributes:
        left, top, right, bottom: the plot area.
        centre: price in the middle; half_width: quote from there to either edge.
        height: amount at the top edge, base.
    """

    left: float
    top: float
    right: float
    bottom: float
    centre: float
    half_width: float
    height: float

    @property
    def low(self) -> float:
        return self.centre - self.half_width

    @property
    def high(self) -> float:
        return self.centre + self.half_width

    def x(self, price: float) -> float:
        return (self.left + self.right) / 2 + (price - self.centre) * (self.right - self.left) / (2 * self.half_width)

    def y(self, amount: float) -> float:
        return self.bottom - amount * (self.bottom - self.top) / self.height

    def price_at(self, x: float) -> float:
        return self.centre + (x - (self.left + self.right) / 2) * 2 * self.half_width / (self.right - self.left)

    def xs(self, prices: FloatArray) -> FloatArray:
        return (self.left + self.right) / 2 + (prices - self.centre) * ((self.right - self.left) / (2 * self.half_width))

    def ys(self, amounts: FloatArray) -> FloatArray:
        return self.bottom - amounts * ((self.bottom - self.top) / self.height)


@dataclass(frozen=True, slots=True)
class SideShapes:
    """One side of the book, ready to draw. Points are float64 (m, 2), pixels.

    Attributes:
        bands: per venue in stacking order, closed polygons down to the base line.
        tops: per venue the upper edge alone (of its own depth when overlaid).
        outline: upper edge of the sum.
        plan: per venue the part of its band that the plan takes, closed; only venues that it takes from.
    """

    bands: tuple[FloatArray, ...]
    tops: tuple[FloatArray, ...]
    outline: FloatArray | None
    plan: Mapping[str, FloatArray]


NOTHING = SideShapes((), (), None, {})


def visible_count(side: DepthSide, frame: Frame, *, is_bid: bool) -> int:
    """How many of the side's prices, best first, lie within the frame."""
    prices = side.prices
    if is_bid:
        return int(np.searchsorted(-prices, -frame.low, side="right"))
    return int(np.searchsorted(prices, frame.high, side="right"))


def shapes_of(
    side: DepthSide,
    venues: tuple[str, ...],
    frame: Frame,
    *,
    is_bid: bool,
    overlay: bool = False,
    taken: Mapping[str, tuple[float, float]] | None = None,
) -> SideShapes:
    """The polygons of one side.

    Args:
        overlay: every venue from the base line, instead of one on the other.
        taken: venue -> (amount in base, worst price) that a plan takes from this side.
    """
    count = visible_count(side, frame, is_bid=is_bid)
    if count == 0 or not venues:
        return NOTHING
    edge = frame.left if is_bid else frame.right
    xs = np.repeat(frame.xs(side.prices[:count]), 2)
    own = np.cumsum(side.venue_sizes[:, :count], axis=1)
    stacked = np.cumsum(own, axis=0)
    shown = own if overlay else stacked
    tops = tuple(_steps(xs, frame.ys(row), frame.bottom, edge) for row in shown)
    plan = {}
    for i, venue in enumerate(venues):
        if taken and venue in taken:
            floor = np.zeros(count) if overlay or i == 0 else stacked[i - 1]
            shape = _taken_part(side.prices[:count], floor, own[i], frame, *taken[venue], is_bid=is_bid)
            if shape is not None:
                plan[venue] = shape
    return SideShapes(
        bands=tuple(_closed(top, frame.bottom) for top in tops),
        tops=tops,
        outline=_steps(xs, frame.ys(stacked[-1]), frame.bottom, edge),
        plan=plan,
    )


def _steps(xs: FloatArray, ys: FloatArray, base: float, edge: float) -> FloatArray:
    """The path of a step line: up at each price, flat to the next, flat from the last to the edge."""
    points = np.empty((len(xs) + 1, 2))
    points[:-1, 0] = xs
    points[-1, 0] = edge
    points[0, 1] = base
    points[1::2, 1] = ys
    points[2::2, 1] = ys
    return points


def _closed(top: FloatArray, base: float) -> FloatArray:
    points = np.empty((len(top) + 1, 2))
    points[:-1] = top
    points[-1] = (top[-1, 0], base)
    return points


def _taken_part(
    prices: FloatArray, floor: FloatArray, own: FloatArray, frame: Frame, amount: float, worst: float, *, is_bid: bool
) -> FloatArray | None:
    """From `floor` up by what is taken so far, out to the level at which the amount is complete or the price ends."""
    reach = int(np.searchsorted(-prices, -worst, side="right") if is_bid else np.searchsorted(prices, worst, side="right"))
    reach = min(reach, int(np.searchsorted(own, amount * (1 - 1e-9))) + 1, len(prices))
    if reach == 0:
        return None
    # A band of less than a few pixels' width would not be seen: it ends a little past its last level.
    last = frame.xs(prices[:reach])[-1] + (-4.0 if is_bid else 4.0)
    xs = np.append(np.repeat(frame.xs(prices[:reach]), 2)[1:], last)
    lower = np.repeat(frame.ys(floor[:reach]), 2)
    upper = np.repeat(frame.ys(floor[:reach] + np.minimum(own[:reach], amount)), 2)
    return np.concatenate([np.column_stack([xs, upper]), np.column_stack([xs, lower])[::-1]])
