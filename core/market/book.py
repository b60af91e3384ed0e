"""One venue's book, which would rather be empty than wrong.

A lost message leaves a book that looks fine and is not. So a break in the sequence, a negative
size or a gap reported by the feed throws the levels away; only a snapshot brings them back.
Prices are integer ticks and sizes integer units of the instrument throughout.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from core.domain.clock import MICROSECONDS
from core.domain.errors import MarketDataError
from core.domain.instruments import Instrument
from core.domain.market import BookMessage, BookState, BookView, Levels
from core.market.book_side import BookSide
from core.market.sequence import broken_link, is_old

_NO_SNAPSHOT = "has sent no snapshot yet"


class OrderBook:
    """The book of one instrument, kept up to date by `apply`.

    Attributes:
        instrument: whose ticks and size units the book is in.
        state: EMPTY, LIVE, GAP or CROSSED; STALE depends on the time, so only `view` says it.
        note: why it is not LIVE, in words; empty when it is.
        seq: the venue's last sequence number; None where it has none.
        received_us: our time at the last message; 0 before the first.
        version: grows with every change.
    """

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.state = BookState.EMPTY
        self.note = f"{instrument.venue} {_NO_SNAPSHOT}"
        self.seq: int | None = None
        self.received_us = 0
        self.version = 0
        self._bids = BookSide(is_bid=True)
        self._asks = BookSide(is_bid=False)
        self._view: BookView | None = None

    @property
    def best_bid_tick(self) -> int | None:
        return self._bids.best()

    @property
    def best_ask_tick(self) -> int | None:
        return self._asks.best()

    def size_at(self, is_bid: bool, tick: int) -> int:
        """Size units resting at `tick`; 0 where there is no level."""
        return (self._bids if is_bid else self._asks).size_at(tick)

    def levels(self, side: Literal["bids", "asks"], limit: int | None = None) -> Levels:
        """One side as read-only arrays, best level first; at most `limit` levels."""
        levels = (self._bids if side == "bids" else self._asks).levels()
        if limit is None or limit >= len(levels):
            return levels
        return Levels(levels.ticks[:limit], levels.sizes[:limit])

    def apply(self, message: BookMessage) -> None:
        """Take one message of this book's venue and symbol.

        A delta before the first snapshot, or after a gap, or not newer than the book, changes nothing.

        Raises:
            MarketDataError: the message makes no sense (a negative size, lists of different lengths).
                The book is a GAP by then.
        """
        if not message.is_snapshot and not self._follows(message):
            return
        try:
            _check(message)
        except MarketDataError as error:
            self.gap(str(error))
            raise
        if message.is_snapshot:
            self._bids.replace(message.bid_ticks, message.bid_sizes)
            self._asks.replace(message.ask_ticks, message.ask_sizes)
            self.seq = message.seq
        else:
            self._bids.update(message.bid_ticks, message.bid_sizes)
            self._asks.update(message.ask_ticks, message.ask_sizes)
            if message.seq is not None:
                self.seq = message.seq
        self.received_us = max(self.received_us, message.received_us)
        self._judge()
        self._changed()

    def gap(self, reason: str) -> None:
        """Messages were lost: forget the levels until the next snapshot. `reason` is one sentence."""
        self._bids.clear()
        self._asks.clear()
        self.seq = None
        self.state = BookState.GAP
        self.note = reason
        self._changed()

    def view(self, now_us: int, stale_after_us: int) -> BookView:
        """The book as it is now, frozen; the same object while nothing changes.

        Args:
            stale_after_us: a live book that is silent for longer is STALE.
        """
        state, note = self.state, self.note
        if state is BookState.LIVE and now_us - self.received_us > stale_after_us:
            state, note = BookState.STALE, f"{self.instrument.venue} has been silent since {_time_of_day(self.received_us)}"
        if self._view is None or self._view.state is not state:
            self._view = BookView(self.instrument, self._bids.levels(), self._asks.levels(), state, self.received_us, self.seq, note)
        return self._view

    def _follows(self, delta: BookMessage) -> bool:
        """Whether `delta` is to be applied; a break in the numbering makes the book a GAP."""
        if self.state in (BookState.EMPTY, BookState.GAP):
            return False
        if delta.seq is None or self.seq is None:
            return True  # the paper venue's own changes carry no number and break no chain
        if is_old(delta, self.seq):
            return False
        if (broken := broken_link(delta, self.seq)) is not None:
            self.gap(f"{broken}; waiting for a snapshot")
            return False
        return True

    def _judge(self) -> None:
        bid, ask = self._bids.best(), self._asks.best()
        if bid is not None and ask is not None and bid >= ask:
            price = self.instrument.price_of
            self.state = BookState.CROSSED
            self.note = f"{self.instrument.venue} shows a bid of {price(bid)} at or above its ask of {price(ask)}"
        else:
            self.state = BookState.LIVE
            self.note = ""

    def _changed(self) -> None:
        self._view = None
        self.version += 1


def _check(message: BookMessage) -> None:
    where = f"{message.venue} {message.symbol}"
    for ticks, sizes in ((message.bid_ticks, message.bid_sizes), (message.ask_ticks, message.ask_sizes)):
        if len(ticks) != len(sizes):
            raise MarketDataError(f"{where}: {len(ticks)} prices came with {len(sizes)} sizes.", detail=message)
        if len(sizes) and min(sizes) < 0:
            raise MarketDataError(f"{where}: a size is negative.", detail=message)


def _time_of_day(time_us: int) -> str:
    return datetime.fromtimestamp(time_us / MICROSECONDS, UTC).strftime("%H:%M:%S UTC")
