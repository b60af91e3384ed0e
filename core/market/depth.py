"""The depth of many venues as one book, for drawing.

Nothing is sorted: levels are counted into buckets of one price step, away from the mid, so that no
liquidity ever looks better than it is. Merged books cross often and by right: the highest bid of one venue
above the lowest ask of another is news, not damage. Only a venue that crosses itself is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import TypeVar

import numpy as np

from core.domain.errors import BadPrice
from core.domain.market import BookState, BookView, DepthSide, IntArray, Levels, MarketView, MergedDepth

_BPS = 10_000
# Buckets per level up to which marking them in a table beats sorting them. Somebody always bids 560 for a coin at 60,000.
_DENSE_BUCKETS = 64


def merge_depth(
    view: MarketView,
    *,
    venues: Iterable[str] | None = None,
    price_step: Decimal | None = None,
    span_bps: float | None = None,
) -> MergedDepth:
    """All of a view's depth in buckets of one price step.

    Args:
        venues: only these, stacked in this order; None: all, in the order of the view.
        price_step: quote; None: the coarsest tick among the venues.
        span_bps: leave out what is further from the mid than this; None: keep everything.

    Raises:
        BadPrice: a price step that is not positive.
    """
    names = tuple(view.books if venues is None else dict.fromkeys(venues))
    books = [view.books[name] for name in names if name in view.books]
    left_out = {name: f"{name} does not trade {view.symbol}" for name in names if name not in view.books}
    left_out.update((book.venue, book.note) for book in books if not _is_usable(book))
    books = [book for book in books if _is_usable(book)]

    step = max((book.instrument.tick for book in books), default=Decimal(1)) if price_step is None else price_step
    if not step > 0:
        raise BadPrice(f"The price step must be positive, not {step}.")
    chosen = MarketView(view.symbol, view.now_us, {book.venue: book for book in books})
    bid, ask = chosen.best_bid, chosen.best_ask
    lowest, highest = _span(chosen, span_bps)
    return MergedDepth(
        symbol=view.symbol,
        now_us=view.now_us,
        venues=tuple(book.venue for book in books),
        stale=frozenset(book.venue for book in books if book.state is BookState.STALE),
        left_out=left_out,
        price_step=step,
        bids=_merge_side(books, step, lowest, is_bid=True),
        asks=_merge_side(books, step, highest, is_bid=False),
        best_bid=bid,
        best_ask=ask,
        mid=None if bid is None or ask is None else (bid + ask) / 2,
    )


def _is_usable(book: BookView) -> bool:
    return book.state in (BookState.LIVE, BookState.STALE)


def _span(view: MarketView, span_bps: float | None) -> tuple[Decimal | None, Decimal | None]:
    """The lowest bid and the highest ask to keep; None keeps all. Without a live venue the stale ones give the middle."""
    if span_bps is None:
        return None, None
    bids = [bid for book in view.books.values() if (bid := book.best_bid) is not None]
    asks = [ask for book in view.books.values() if (ask := book.best_ask) is not None]
    middle = view.mid or ((max(bids) + min(asks)) / 2 if bids and asks else None)
    if middle is None:
        return None, None
    half = middle * Decimal(span_bps) / _BPS
    return middle - half, middle + half


def _merge_side(books: Sequence[BookView], step: Decimal, furthest: Decimal | None, *, is_bid: bool) -> DepthSide:
    """One side of all books, venue by venue.

    One pass over the arrays of all venues would take fewer calls and twice the time: temporaries beyond
    a few pages go back to the system after every use and are faulted in again.
    """
    sides = [_within(book.bids if is_bid else book.asks, book, furthest, is_bid=is_bid) for book in books]
    ratios = [_ratio(book.instrument.tick, step) for book in books]
    occupied, columns = _columns([side.ticks for side in sides], ratios, is_bid=is_bid)
    venue_sizes = np.empty((len(books), len(occupied)))
    for row, book, side, column in zip(venue_sizes, books, sides, columns, strict=True):
        np.multiply(np.bincount(column, side.sizes, len(occupied)), float(book.instrument.size_unit), out=row)
    prices = occupied * np.float64(-step if is_bid else step)
    total = venue_sizes.sum(axis=0)
    return DepthSide(prices, venue_sizes, cumulative=total.cumsum(), cumulative_quote=(total * prices).cumsum())


def _within(side: Levels, book: BookView, furthest: Decimal | None, *, is_bid: bool) -> Levels:
    if furthest is None or not len(side):
        return side
    edge = float(furthest / book.instrument.tick)
    # The levels run away from the touch, so those to keep are the first so many.
    keep = int((-side.ticks).searchsorted(-edge, side="right") if is_bid else side.ticks.searchsorted(edge, side="right"))
    return Levels(side.ticks[:keep], side.sizes[:keep])


def _columns(ticks: Sequence[IntArray], ratios: Sequence[tuple[int, int]], *, is_bid: bool) -> tuple[IntArray, list[IntArray]]:
    """The occupied buckets in order, and per venue which of them each of its levels is in.

    Buckets of bids are negated: on both sides they grow away from the touch.
    """
    filled = [(of_venue, ratio) for of_venue, ratio in zip(ticks, ratios, strict=True) if len(of_venue)]
    start = min((_bucket(int(of_venue[0]), *ratio, is_bid=is_bid) for of_venue, ratio in filled), default=0)
    reach = max((_bucket(int(of_venue[-1]), *ratio, is_bid=is_bid, start=start) + 1 for of_venue, ratio in filled), default=0)
    places = [_bucket(of_venue, *ratio, is_bid=is_bid, start=start) for of_venue, ratio in zip(ticks, ratios, strict=True)]
    if reach > _DENSE_BUCKETS * sum(map(len, ticks)):
        occupied = np.unique(np.concatenate(places))
        return occupied + start, [occupied.searchsorted(place) for place in places]
    mark = np.zeros(reach, np.bool_)
    for place in places:
        mark[place] = True
    occupied = mark.nonzero()[0]
    column_of = np.empty(reach, np.int64)
    column_of[occupied] = np.arange(len(occupied))
    return occupied + start, [column_of[place] for place in places]


_T = TypeVar("_T", int, IntArray)


def _bucket(ticks: _T, numerator: int, denominator: int, *, is_bid: bool, start: int = 0) -> _T:
    """The bucket of a level, counted from `start`, rounded away from the touch: bids down (and negated), asks up."""
    scaled = ticks * numerator if numerator != 1 else ticks
    if is_bid:
        return -start - (scaled // denominator if denominator != 1 else scaled)
    return (scaled + (denominator - 1 - start * denominator)) // denominator if denominator != 1 else scaled - start


@lru_cache(maxsize=256)
def _ratio(tick: Decimal, step: Decimal) -> tuple[int, int]:
    """Buckets per tick, as numerator and denominator: any step works with any tick, exactly."""
    ratio = Fraction(tick) / Fraction(step)
    return ratio.numerator, ratio.denominator
