"""Moments of the recordings to measure at: every venue's book as it stood, spread evenly over the recording."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from core.domain.market import MarketMessage, MarketView
from core.exchanges.paper.replay_feed import ReplayFeed
from core.market.store import OrderBooks

SYMBOL = "BTC/USDT"
MINUTE_US = 60_000_000


def moments(paths: Sequence[Path], every_us: int, *, until_us: int | None = None) -> list[MarketView]:
    """The market every `every_us` of the recording, once each of its venues has a book.

    Args:
        until_us: offset from the start at which to stop; None plays to the end.
    """
    found: list[MarketView] = []

    def look(view: MarketView) -> None:
        if len(view.live()) == len(view.books):
            found.append(view)

    asyncio.run(_play(paths, every_us, look))
    if until_us is None or not found:
        return found
    return [view for view in found if view.now_us - found[0].now_us <= until_us]


async def _play(paths: Sequence[Path], every_us: int, look: Callable[[MarketView], None]) -> None:
    feed = ReplayFeed(paths, speed="max")
    books = OrderBooks(feed.clock, stale_after_us=MINUTE_US)
    next_us = 0

    def consume(message: MarketMessage) -> None:
        nonlocal next_us
        books.consume(message)
        if feed.clock.now_us() >= next_us:
            next_us = feed.clock.now_us() + every_us
            look(books.view(SYMBOL))

    for venue, symbols in feed.instruments().items():
        for instrument in symbols.values():
            books.register(instrument)
        feed.attach(venue, consume)
    await feed.run()
