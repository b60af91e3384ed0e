"""Books: what a delta costs, what looking costs, and what a dense grid indexed by tick would cost instead.

Prints rows of a markdown table. The recorded figures need ../shared/recordings and are left out where it is absent.
"""

from __future__ import annotations

import asyncio
import random
import timeit
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from time import perf_counter

import numpy as np

from core.domain.enums import MarketType
from core.domain.instruments import Instrument
from core.domain.market import BookMessage, MarketMessage
from core.exchanges.paper.replay_feed import ReplayFeed
from core.market.book import OrderBook
from core.market.store import OrderBooks
from tests.recordings import PERP, RECORDINGS, SPOT

LEVELS = 1_000
DELTA_LEVELS = 20  # a side: 40 in all, as the figures in FACTS.md
REACH = 4_000  # ticks that a side's levels are spread over
MID = 6_000_000
STALE_AFTER_US = 5_000_000


def best_us(work: Callable[[], object], number: int) -> float:
    """Microseconds of one call, in the best of five rounds: the others measure the machine."""
    return min(timeit.repeat(work, number=number, repeat=5)) / number * 1e6


def message(rng: random.Random, count: int, *, is_snapshot: bool) -> BookMessage:
    """Random levels on both sides; a third of a delta's delete."""
    sides = []
    for first in (MID - REACH, MID + 1):
        ticks = rng.sample(range(first, first + REACH), count)
        sides += [ticks, [0 if not is_snapshot and rng.random() < 1 / 3 else rng.randint(1, 10**8) for _ in ticks]]
    return BookMessage(is_snapshot, "binance_spot", "BTC/USDT", 1, 1, None, None, *sides)


def synthetic_rows() -> list[tuple[str, str]]:
    rng = random.Random(1)
    instrument = Instrument("binance_spot", "BTC/USDT", MarketType.SPOT, Decimal("0.01"), Decimal("0.00001"))
    books = [OrderBook(instrument) for _ in range(8)]
    for book in books:
        book.apply(message(rng, LEVELS, is_snapshot=True))
    deltas = [message(rng, DELTA_LEVELS, is_snapshot=False) for _ in range(200)]

    def apply_all() -> None:
        for delta in deltas:
            books[0].apply(delta)

    def look_at_eight() -> None:
        for book, delta in zip(books, deltas, strict=False):
            book.apply(delta)
        for book in books:
            book.view(1, STALE_AFTER_US)

    applied = best_us(apply_all, 20) / len(deltas)
    return [
        ("apply a 40-level delta to 1000 + 1000 levels", f"{applied:.1f} µs"),
        ("views of 8 such books that all changed, both sides as arrays", f"{best_us(look_at_eight, 100) - 8 * applied:.0f} µs"),
        *grid_rows(rng, deltas),
    ]


def grid_rows(rng: random.Random, deltas: list[BookMessage]) -> list[tuple[str, str]]:
    """The alternative that was not chosen: sizes and occupancy in arrays that cover one window of ticks."""
    sizes = np.zeros(4 * REACH, np.int64)
    start = MID - 2 * REACH
    for tick in rng.sample(range(MID - REACH, MID), LEVELS):
        sizes[tick - start] = rng.randint(1, 10**8)
    occupied = sizes > 0

    def write() -> None:
        for delta in deltas:
            for ticks, new in ((delta.bid_ticks, delta.bid_sizes), (delta.ask_ticks, delta.ask_sizes)):
                at, values = np.array(ticks) - start, np.array(new)
                sizes[at] = values
                occupied[at] = values > 0

    read = best_us(lambda: sizes[np.flatnonzero(occupied)], 200)
    return [
        ("  for comparison, dense grid: write such a delta", f"{best_us(write, 20) / len(deltas):.1f} µs"),
        ("  for comparison, dense grid: read 8 books, both sides", f"{16 * read:.0f} µs"),
    ]


def recorded_rows() -> list[tuple[str, str]]:
    paths = [RECORDINGS / SPOT, RECORDINGS / PERP]
    if not all(path.exists() for path in paths):
        return []
    messages, instruments, played_s = asyncio.run(_play(paths))
    books = OrderBooks()
    for instrument in instruments:
        books.register(instrument)
    deltas = [each for each in messages if isinstance(each, BookMessage)]
    levels = sum(len(each.bid_ticks) + len(each.ask_ticks) for each in deltas)
    started = perf_counter()
    for each in deltas:
        books.consume(each)
    consumed_s = perf_counter() - started
    return [
        (f"recorded Binance deltas applied ({levels / len(deltas):.0f} levels each)", f"{len(deltas) / consumed_s:,.0f} /s"),
        (f"both 2024-08-08 recordings at 'max' ({len(messages):,} messages, parsing included)", f"{played_s:.1f} s"),
    ]


async def _play(paths: list[Path]) -> tuple[list[MarketMessage], list[Instrument], float]:
    feed = ReplayFeed(paths, speed="max")
    messages: list[MarketMessage] = []
    for venue in feed.instruments():
        feed.attach(venue, messages.append)
    started = perf_counter()
    await feed.run()
    instruments = [instrument for by_symbol in feed.instruments().values() for instrument in by_symbol.values()]
    return messages, instruments, perf_counter() - started


def main() -> None:
    for what, figure in synthetic_rows() + recorded_rows():
        print(f"| {what} | {figure} |")


if __name__ == "__main__":
    main()
