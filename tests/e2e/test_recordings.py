"""Real recorded markets, played as fast as they can be read, against books rebuilt from the JSON with plain dicts."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from pathlib import Path

from core.domain.events import Notice
from core.domain.instruments import Instrument
from core.domain.market import BookMessage, BookState, Levels, MarketMessage
from core.exchanges.paper.replay_feed import ReplayFeed
from core.market.store import OrderBooks
from tests.recordings import COMPOSITE, PERP, SPOT, recording

Side = dict[Decimal, Decimal]


def rebuild(path: Path) -> dict[str, tuple[Side, Side]]:
    """Venue -> (bids, asks) at the end of a recording; knows nothing of Fathom."""
    books: dict[str, tuple[Side, Side]] = {}
    last: dict[str, int] = {}
    with gzip.open(path) as file:
        for raw in file:
            line = json.loads(raw)
            if line["type"] == "trade":
                continue
            venue = line["venue"]
            if line["type"] == "snapshot":
                books[venue] = ({}, {})
            elif "prev" in line:
                assert line["prev"] == last[venue]
            last[venue] = line.get("seq", 0)
            for side, levels in zip(books[venue], (line["bids"], line["asks"]), strict=True):
                for price, size in levels:
                    side[Decimal(price)] = Decimal(size)
                    if not side[Decimal(price)]:
                        del side[Decimal(price)]
    return books


def exact(levels: Levels, instrument: Instrument) -> list[tuple[Decimal, Decimal]]:
    pairs = zip(levels.ticks.tolist(), levels.sizes.tolist(), strict=True)
    return [(instrument.price_of(tick), instrument.amount_of(size)) for tick, size in pairs]


class Watch:
    """Books behind a feed; checks after every message what must never happen."""

    def __init__(self, *paths: Path) -> None:
        self.feed = ReplayFeed(paths, speed="max")
        self.books = OrderBooks(self.feed.clock)
        self.trades = 0
        self.chain: dict[str, list[int | None]] = {}
        self.wrong: list[str] = []
        self.notices: list[Notice] = []
        for venue, instruments in self.feed.instruments().items():
            self.books.register(instruments["BTC/USDT"])
            self.feed.attach(venue, self.books.consume)
        self.books.on_message(self._check)
        self.feed.on_notice(self.notices.append)

    def _check(self, message: MarketMessage) -> None:
        if not isinstance(message, BookMessage):
            self.trades += 1
            return
        chain = self.chain.setdefault(message.venue, [])
        if message.prev_seq is not None and message.prev_seq != chain[-1]:
            self.wrong.append(f"{message.venue}: {message.prev_seq} follows {chain[-1]}")
        chain.append(message.seq)
        book = self.books.book(message.venue, message.symbol)
        assert book is not None
        bid, ask = book.best_bid_tick, book.best_ask_tick
        if book.state is not BookState.LIVE or bid is None or ask is None or bid >= ask:
            self.wrong.append(f"{message.venue} is {book.state} at {message.seq}: {bid} / {ask} {book.note}")

    def assert_equals(self, rebuilt: dict[str, tuple[Side, Side]]) -> None:
        """Every venue's touch, and every level behind it, to the last digit."""
        for venue, (bids, asks) in rebuilt.items():
            book = self.books.book(venue, "BTC/USDT")
            assert book is not None
            view = book.view(self.feed.clock.now_us(), 1)
            assert (view.best_bid, view.best_ask) == (max(bids), min(asks)), venue
            assert exact(view.bids, book.instrument) == sorted(bids.items(), reverse=True), venue
            assert exact(view.asks, book.instrument) == sorted(asks.items()), venue


async def test_both_binance_recordings_play_into_exactly_the_books_that_were_recorded() -> None:
    spot, perp = recording(SPOT), recording(PERP)
    watch = Watch(spot, perp)
    await watch.feed.run()

    assert watch.wrong == [], "every number follows the one before it, and no book is ever crossed"
    assert {venue: len(chain) for venue, chain in watch.chain.items()} == {"binance_spot": 6_494, "binance_perp": 6_548}
    assert watch.trades == 19_904 + 21_313
    assert [notice.level for notice in watch.notices] == ["info", "info"], "a whole recording gives nothing to warn of"
    watch.assert_equals(rebuild(spot) | rebuild(perp))


async def test_ten_venues_of_the_composite_play_into_exactly_the_books_that_were_recorded() -> None:
    composite = recording(COMPOSITE)
    watch = Watch(composite)
    await watch.feed.run()

    assert watch.wrong == []
    assert len(watch.chain) == 10
    assert [notice.level for notice in watch.notices] == ["info", "info"], "shifted prices and converted sizes are still on their grids"
    watch.assert_equals(rebuild(composite))
