"""`orderbook.{depth}.{symbol}`: a snapshot of the best levels, then what changed among them.

Every depth counts its own updates (`u`, by one); `seq` is the book's and jumps. A level that sinks below the depth is
told as size 0 though it is still there. Depth 1 sends snapshots only. ccxt's client ignores `u` altogether, so a
lost update goes unnoticed unless somebody else looks. After a restart of the service comes a snapshot that is update 1.
https://bybit-exchange.github.io/docs/v5/websocket/public/orderbook

The real venue pushes every 10 to 200 ms by depth; here it is the emulator's `depth_interval_s` for all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, final

from tests.emulator.book import BookChange
from tests.emulator.bybit_exchange import Market
from tests.emulator.streams import Stream
from tests.emulator.wire import text
from tests.emulator.world import market_id

if TYPE_CHECKING:
    from tests.emulator.server import Emulator

DEPTHS = (1, 50, 200, 1000)
_FIRST_UPDATE = 5_000

Side = dict[int, int]  # tick -> size units


@final
class DepthTopic:
    """One depth of one symbol, shared by every connection that asked for it."""

    def __init__(self, emulator: Emulator, market: Market, symbol: str, depth: int) -> None:
        self.topic = f"orderbook.{depth}.{market_id(symbol)}"
        self._emulator = emulator
        self._market = market
        self._symbol = symbol
        self._depth = depth
        self._shown: tuple[Side, Side] = ({}, {})
        self._gathered: tuple[Side, Side] = ({}, {})
        self._due = False
        market.updates[self.topic] = _FIRST_UPDATE

    def join(self, stream: Stream) -> None:
        """Show a new subscriber where the others are, so that it can follow from there. Nothing before there is a book."""
        if not any(self.topic in other.topics for other in self._market.venue.streams if other is not stream):
            self._shown = self._market.venue.book(self._symbol).levels(self._depth)
            self._gathered = ({}, {})
            self._market.updates[self.topic] += 1
        if any(self._shown):
            stream.tell(self._snapshot(), self._market.venue)

    def changed(self, change: BookChange) -> None:
        """The book has moved: gather what else happens, then tell."""
        if not self._listeners():
            return
        self._gathered[0].update(change.bids)
        self._gathered[1].update(change.asks)
        if not self._due:
            self._due = True
            self._emulator.later(self._emulator.depth_interval_s, self._tell)

    def _tell(self) -> None:
        self._due = False
        began = not any(self._shown)
        restarted = not self._market.updates[self.topic]
        news = self._advance()
        if not any(news) and not restarted:
            return
        self._market.updates[self.topic] += 1
        if self._market.venue.faults.draw_lost_book_update():
            return
        message = self._snapshot() if self._depth == 1 or began or restarted else self._message("delta", news)
        for stream in self._listeners():
            stream.tell(message, self._market.venue)

    def _advance(self) -> tuple[Side, Side]:
        """Bring what is shown up to date; returns what differs."""
        gathered, self._gathered = self._gathered, ({}, {})
        if all(len(side) + len(news) < self._depth for side, news in zip(self._shown, gathered, strict=True)):
            return _take(self._shown[0], gathered[0]), _take(self._shown[1], gathered[1])  # all of the book is shown: no need to look
        before, self._shown = self._shown, self._market.venue.book(self._symbol).levels(self._depth)
        return _difference(before[0], self._shown[0]), _difference(before[1], self._shown[1])

    def _listeners(self) -> list[Stream]:
        return [stream for stream in self._market.venue.streams if self.topic in stream.topics]

    def _snapshot(self) -> dict[str, object]:
        bids, asks = self._shown
        return self._message("snapshot", (dict(sorted(bids.items(), reverse=True)), dict(sorted(asks.items()))))

    def _message(self, kind: str, sides: tuple[Side, Side]) -> dict[str, object]:
        venue = self._market.venue
        book = venue.book(self._symbol)
        bids, asks = ([[text(price), text(size)] for price, size in book.rows(side)] for side in sides)
        return {
            "topic": self.topic,
            "type": kind,
            "ts": venue.now_ms(),
            "data": {"s": market_id(self._symbol), "b": bids, "a": asks, "u": self._market.updates[self.topic], "seq": book.update_id},
            "cts": venue.ms_of(book.ts_us),
        }


def _difference(before: Mapping[int, int], now: Mapping[int, int]) -> Side:
    """Levels of `now` that are new or have another size, and those that are gone, as 0."""
    gone = {tick: 0 for tick in before if tick not in now}
    return {tick: units for tick, units in now.items() if before.get(tick) != units} | gone


def _take(shown: Side, gathered: Mapping[int, int]) -> Side:
    """Bring `shown` up to date; returns what differs."""
    news = {tick: units for tick, units in gathered.items() if shown.get(tick, 0) != units}
    for tick, units in news.items():
        if units:
            shown[tick] = units
        else:
            shown.pop(tick, None)
    return news
