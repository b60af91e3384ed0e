"""Merged depth of 8 venues × 1000 levels a side, against a pure-Python `heapq.merge` of the same levels.

Both merge what is there already (arrays here, lists of tuples there) into cumulative depth, both sides. Ours also splits it by
venue and buckets it to one price step. Prints rows of a markdown table.
"""

from __future__ import annotations

import heapq
import random
import timeit
from collections.abc import Callable
from decimal import Decimal

import numpy as np

from core.domain.enums import MarketType
from core.domain.instruments import Instrument
from core.domain.market import BookMessage, Levels, MarketView
from core.market.book import OrderBook
from core.market.depth import merge_depth

VENUES = 8
LEVELS = 1_000
TICKS = ("0.01", "0.1", "0.01", "0.1", "0.1", "0.5", "0.01", "0.1")
MID = Decimal(60_000)
AIM = 20

Rows = list[tuple[float, float]]


def best_us(work: Callable[[], object], number: int) -> float:
    """Microseconds of one call, in the best of seven rounds: the others measure the machine."""
    return min(timeit.repeat(work, number=number, repeat=7)) / number * 1e6


def market() -> MarketView:
    """1000 levels a side and venue, dense at the touch and thinning out over some 300 dollars, as recorded books are."""
    rng = random.Random(2)
    books = {}
    for index, tick in enumerate(TICKS):
        instrument = Instrument(f"v{index}_spot", "BTC/USDT", MarketType.SPOT, Decimal(tick), Decimal("0.00001"))
        middle, spread_out = int(MID / Decimal(tick)), max(100 / float(tick), LEVELS)
        sides: list[list[int]] = []
        for away in (-1, 1):
            distances: set[int] = set()
            while len(distances) < LEVELS:
                distances.add(1 + int(rng.expovariate(1 / spread_out)))
            sides += [[middle + away * distance for distance in distances], [rng.randint(1, 10**6) for _ in distances]]
        book = OrderBook(instrument)
        book.apply(BookMessage(True, instrument.venue, instrument.symbol, 1, 1, None, None, *sides))
        books[instrument.venue] = book.view(1, 1_000_000)
    return MarketView("BTC/USDT", 1, books)


def rows_of(levels: Levels, instrument: Instrument) -> Rows:
    prices, sizes = levels.ticks * float(instrument.tick), levels.sizes * float(instrument.size_unit)
    return list(zip(prices.tolist(), sizes.tolist(), strict=True))


def merge_in_python(sides: list[tuple[list[Rows], bool]]) -> list[Rows]:
    merged = []
    for venues, best_is_highest in sides:
        total, cumulative = 0.0, []
        for price, size in heapq.merge(*venues, reverse=best_is_highest):
            total += size
            cumulative.append((price, total))
        merged.append(cumulative)
    return merged


def main() -> None:
    view = market()
    books = list(view.books.values())
    python_sides = [
        ([rows_of(book.bids, book.instrument) for book in books], True),
        ([rows_of(book.asks, book.instrument) for book in books], False),
    ]
    in_python = best_us(lambda: merge_in_python(python_sides), 5)
    cold = best_us(lambda: merge_depth(view), 200)
    # A fresh process gives freed pages back at once and faults them in again at every merge. One large array that comes and
    # goes ends that (glibc raises its threshold): in the window the first painted frame has done so.
    np.ones(2_000_000).sum()
    warm = best_us(lambda: merge_depth(view), 200)
    near = best_us(lambda: merge_depth(view, span_bps=20), 200)
    print(f"| heapq.merge in pure Python, {VENUES} × {LEVELS} levels, both sides | {in_python:,.0f} µs |")
    print(f"| merge_depth of the same, split by venue | {warm:.0f} µs = 1/{in_python / warm:.0f} (aim 1/{AIM}) |")
    print(f"|   within 20 bps of the mid | {near:.0f} µs |")
    print(f"|   in a process that has never freed a large array | {cold:.0f} µs = 1/{in_python / cold:.0f} |")


if __name__ == "__main__":
    main()
