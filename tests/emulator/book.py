"""A venue's book as the wire numbers it: every change has an update id, and a snapshot says which it includes.

A feed may start over with a snapshot at any time; no exchange's diff stream does, so a snapshot becomes the
difference from what was shown before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from core.domain.enums import OrderSide
from core.domain.instruments import Instrument
from core.domain.market import BookMessage

_FIRST_ID = 1_000

Rows = list[tuple[Decimal, Decimal]]  # price, size in base; size 0 removes the level


@dataclass(frozen=True, slots=True)
class BookChange:
    """Levels that changed, absolute sizes, 0 where one is gone.

    Attributes:
        first_id, last_id: the update ids it spans.
        bids, asks: tick -> size units.
    """

    symbol: str
    first_id: int
    last_id: int
    ts_us: int
    bids: Mapping[int, int]
    asks: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class PublicPrint:
    """A trade on the venue, ours among them. `side` is the taker's."""

    number: int
    symbol: str
    price: Decimal
    amount: Decimal
    side: OrderSide
    ts_us: int


class WireBook:
    """One symbol's displayed book.

    Attributes:
        update_id: of the latest change in it.
    """

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.update_id = _FIRST_ID
        self.ts_us = 0
        self._bids: dict[int, int] = {}
        self._asks: dict[int, int] = {}

    def apply(self, message: BookMessage) -> BookChange | None:
        """Take a message; None when it changes nothing."""
        bids = dict(zip(message.bid_ticks, message.bid_sizes, strict=True))
        asks = dict(zip(message.ask_ticks, message.ask_sizes, strict=True))
        changes = [_change(self._bids, bids, message.is_snapshot), _change(self._asks, asks, message.is_snapshot)]
        changed = sum(map(len, changes))
        if not changed:
            return None
        first_id = self.update_id + 1
        self.update_id += changed
        self.ts_us = message.ts_us
        return BookChange(self.instrument.symbol, first_id, self.update_id, message.ts_us, *changes)

    def levels(self, limit: int | None = None) -> tuple[dict[int, int], dict[int, int]]:
        """The best `limit` levels of bids and asks, tick -> size units, best first."""
        bids = sorted(self._bids.items(), reverse=True)[:limit]
        return dict(bids), dict(sorted(self._asks.items())[:limit])

    def rows(self, side: Mapping[int, int]) -> Rows:
        """Levels as price and size."""
        return [(self.instrument.price_of(tick), self.instrument.amount_of(units)) for tick, units in side.items()]

    @property
    def best_bid(self) -> Decimal | None:
        return self.instrument.price_of(max(self._bids)) if self._bids else None

    @property
    def best_ask(self) -> Decimal | None:
        return self.instrument.price_of(min(self._asks)) if self._asks else None

    def mid(self) -> Decimal | None:
        """Half way between the touches; the one there is where the other is missing."""
        sides = [price for price in (self.best_bid, self.best_ask) if price is not None]
        return sum(sides, Decimal(0)) / len(sides) if sides else None


def _change(shown: dict[int, int], news: dict[int, int], is_snapshot: bool) -> dict[int, int]:
    """Bring `shown` up to date; returns what differs."""
    if is_snapshot:
        news = dict.fromkeys((tick for tick in shown if tick not in news), 0) | news
    changed = {tick: units for tick, units in news.items() if shown.get(tick, 0) != units}
    for tick, units in changed.items():
        if units:
            shown[tick] = units
        else:
            shown.pop(tick, None)
    return changed
