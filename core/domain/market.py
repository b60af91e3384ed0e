"""Market messages as they come from a feed, and the frozen views that planners read.

A connector converts wire strings to integer ticks and units once, at its edge; nothing
behind it parses a price again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.domain.enums import OrderSide
from core.domain.instruments import Instrument

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class BookMessage:
    """A snapshot (replaces the book) or a delta (absolute sizes; 0 deletes the level).

    Attributes:
        ts_us: the venue's time; received_us: ours.
        seq: the venue's sequence number, None where it has none.
        prev_seq: on a delta, the `seq` it must follow; None where the venue does not say.
        bid_ticks, bid_sizes, ask_ticks, ask_sizes: parallel lists, ticks and size units.
    """

    is_snapshot: bool
    venue: str
    symbol: str
    ts_us: int
    received_us: int
    seq: int | None
    prev_seq: int | None
    bid_ticks: Sequence[int]
    bid_sizes: Sequence[int]
    ask_ticks: Sequence[int]
    ask_sizes: Sequence[int]


@dataclass(frozen=True, slots=True)
class PublicTrade:
    """A print on a venue. `side` is the taker's."""

    venue: str
    symbol: str
    ts_us: int
    received_us: int
    price_ticks: int
    size_units: int
    side: OrderSide
    trade_id: str


@dataclass(frozen=True, slots=True)
class FeedGap:
    """The feed lost messages: the venue's book can't be trusted until its next snapshot.

    Attributes:
        reason: one sentence for the trader ("binance_spot skipped 12 updates").
    """

    venue: str
    symbol: str
    received_us: int
    reason: str


MarketMessage = BookMessage | PublicTrade | FeedGap


class BookState(StrEnum):
    EMPTY = "empty"  # no snapshot yet
    LIVE = "live"
    STALE = "stale"  # silent for too long
    GAP = "gap"  # lost messages, waiting for a snapshot
    CROSSED = "crossed"  # its own best bid is at or above its best ask


@dataclass(frozen=True, slots=True)
class Levels:
    """One side of one book, best level first.

    Attributes:
        ticks: int64, shape (n,), prices in ticks of the instrument.
        sizes: int64, shape (n,), in size units of the instrument, all > 0.
    """

    ticks: IntArray
    sizes: IntArray

    def __len__(self) -> int:
        return len(self.ticks)


@dataclass(frozen=True, slots=True)
class BookView:
    """One venue's book at one moment; never changes afterwards.

    Attributes:
        state: only LIVE books are used by planners.
        received_us: our time at its last message; 0 before the first.
        note: why it is not LIVE, in words; empty otherwise.
    """

    instrument: Instrument
    bids: Levels
    asks: Levels
    state: BookState
    received_us: int
    seq: int | None = None
    note: str = ""

    @property
    def venue(self) -> str:
        return self.instrument.venue

    def side(self, side: OrderSide) -> Levels:
        """The levels a taker on `side` would hit: asks for a buy."""
        return self.asks if side is OrderSide.BUY else self.bids

    @property
    def best_bid(self) -> Decimal | None:
        return self.instrument.price_of(self.bids.ticks[0]) if len(self.bids) else None

    @property
    def best_ask(self) -> Decimal | None:
        return self.instrument.price_of(self.asks.ticks[0]) if len(self.asks) else None


class ExpectedVolume(Protocol):
    """How much a market usually trades, and when; see `core.market.curve`. Lossy: it weighs time, it is never an amount."""

    @property
    def source(self) -> str:
        """Where it is known from, for the trader."""
        ...

    def expected(self, from_us: int, to_us: int) -> float:
        """Base expected to trade between two moments; above 0 unless the interval is empty."""
        ...


@dataclass(frozen=True, slots=True)
class VolumeView:
    """What one parent's venues usually trade and have traded, our own prints left out.

    Attributes:
        curve: None where there are no candles.
        loading: candles are on their way; there may be a curve in a moment.
        traded: base traded on these venues while the parent worked; None where they have never reported a trade.
    """

    curve: ExpectedVolume | None = None
    loading: bool = False
    traded: Decimal | None = None


@dataclass(frozen=True, slots=True)
class MarketView:
    """All of one symbol's books at one moment: what a plan is made from.

    `books` is keyed by venue. Merged touch and mid use LIVE books only. `volume` is there for strategies that follow it.
    """

    symbol: str
    now_us: int
    books: Mapping[str, BookView]
    volume: VolumeView | None = None

    def live(self) -> list[BookView]:
        return [book for book in self.books.values() if book.state is BookState.LIVE]

    @property
    def best_bid(self) -> Decimal | None:
        """Highest bid over the live books; may be above `best_ask`: merged books cross."""
        return max((bid for book in self.live() if (bid := book.best_bid) is not None), default=None)

    @property
    def best_ask(self) -> Decimal | None:
        """Lowest ask over the live books."""
        return min((ask for book in self.live() if (ask := book.best_ask) is not None), default=None)

    @property
    def mid(self) -> Decimal | None:
        """Halfway between the merged touch; the market's reference price for bps."""
        bid, ask = self.best_bid, self.best_ask
        return (bid + ask) / 2 if bid is not None and ask is not None else None

    def touch(self, side: OrderSide) -> Decimal | None:
        """The best price a taker on `side` gets: the best ask for a buy."""
        return self.best_ask if side is OrderSide.BUY else self.best_bid


@dataclass(frozen=True, slots=True)
class DepthSide:
    """One side of the merged book for drawing, best price first. Lossy: floats, never an order's.

    Attributes:
        prices: float64 (n,), quote per base, strictly away from the touch.
        venue_sizes: float64 (v, n), base, per venue in `MergedDepth.venues` order, not cumulated.
        cumulative: float64 (n,), base, over all venues.
        cumulative_quote: float64 (n,), quote, over all venues.
    """

    prices: FloatArray
    venue_sizes: FloatArray
    cumulative: FloatArray
    cumulative_quote: FloatArray


@dataclass(frozen=True, slots=True)
class MergedDepth:
    """The depth of many venues as one book, bucketed to one price step.

    Attributes:
        venues: what is in it, in stacking order.
        stale: venues whose book is old; drawn hatched, not part of touch or mid.
        left_out: venue -> why (no book, gap).
        price_step: quote; levels of finer venues are bucketed away from the mid, never towards it.
        mid, best_bid, best_ask: over the live venues; None without one.
    """

    symbol: str
    now_us: int
    venues: tuple[str, ...]
    stale: frozenset[str]
    left_out: Mapping[str, str]
    price_step: Decimal
    bids: DepthSide
    asks: DepthSide
    best_bid: Decimal | None
    best_ask: Decimal | None
    mid: Decimal | None
