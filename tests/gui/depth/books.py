"""Small books that a test can add up in its head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np

from core.domain.enums import MarketType
from core.domain.instruments import Instrument
from core.domain.market import BookState, BookView, Levels, MarketView, MergedDepth
from core.market.depth import merge_depth

Side = Sequence[tuple[str, str]]


def book(venue: str, bids: Side, asks: Side, state: BookState = BookState.LIVE) -> BookView:
    """Levels as (price, amount), best first; tick 0.1, lot 0.001."""
    instrument = Instrument(venue, "BTC/USDT", MarketType.SPOT, Decimal("0.1"), Decimal("0.001"))

    def levels(side: Side) -> Levels:
        ticks = [instrument.ticks_of(Decimal(price)) for price, _ in side]
        sizes = [instrument.units_of(Decimal(amount)) for _, amount in side]
        return Levels(np.array(ticks, np.int64), np.array(sizes, np.int64))

    return BookView(instrument, levels(bids), levels(asks), state, 1)


def depth_of(*books: BookView, left_out: Mapping[str, str] | None = None) -> MergedDepth:
    view = MarketView("BTC/USDT", 1, {one.venue: one for one in books})
    return merge_depth(view, venues=[*view.books, *(left_out or {})])


def two_venues(stale: bool = False) -> MergedDepth:
    """Mid 1000.0; bids 999.0 (1 + 2) and 998.0 (3), asks 1001.0 (2) and 1002.0 (1 + 4)."""
    return depth_of(
        book("alpha", [("999.0", "1"), ("998.0", "3")], [("1001.0", "2"), ("1002.0", "1")]),
        book("beta", [("999.0", "2")], [("1002.0", "4")], BookState.STALE if stale else BookState.LIVE),
    )
