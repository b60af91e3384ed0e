"""What the tape remembers, second by second: running totals of prints, and samples of every venue's touch.

Totals run from the first print, so the volume of any interval is one subtraction however long it is. Both tracks
forget their oldest seconds when they are full, and neither grows while nothing trades or nothing moves.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Collection
from decimal import Decimal

import numpy as np

from core.domain.clock import MICROSECONDS
from core.domain.instruments import Instrument
from core.domain.market import IntArray
from core.domain.numbers import common_step

# Forget in blocks: cutting the head off a list costs as much as walking it.
_BLOCK = 1024


class Prints:
    """One venue's traded volume: for each second in which something traded, the totals up to its end."""

    def __init__(self, instrument: Instrument, limit: int) -> None:
        self.instrument = instrument
        self._limit = limit
        self._seconds: list[int] = []
        self._units: list[int] = []  # cumulative, in size units
        self._turnover: list[int] = []  # cumulative, in ticks times size units
        self._forgotten = (0, 0)  # the totals at the end of what was forgotten

    def add(self, second: int, ticks: int, units: int) -> None:
        """Count a print. One that comes late counts in the newest second: totals can't be changed backwards."""
        if self._seconds and second <= self._seconds[-1]:
            self._units[-1] += units
            self._turnover[-1] += ticks * units
            return
        before_units, before_turnover = (self._units[-1], self._turnover[-1]) if self._seconds else self._forgotten
        self._seconds.append(second)
        self._units.append(before_units + units)
        self._turnover.append(before_turnover + ticks * units)
        if len(self._seconds) > self._limit + _BLOCK:
            self._forgotten = (self._units[_BLOCK - 1], self._turnover[_BLOCK - 1])
            del self._seconds[:_BLOCK], self._units[:_BLOCK], self._turnover[:_BLOCK]

    def between(self, first: int, last: int) -> tuple[Decimal, Decimal]:
        """Base and quote traded in the seconds `first` to `last`, both included, exactly."""
        start, stop = bisect_left(self._seconds, first), bisect_right(self._seconds, last)
        if stop <= start:
            return Decimal(0), Decimal(0)
        units, turnover = (self._units[start - 1], self._turnover[start - 1]) if start else self._forgotten
        base = self.instrument.amount_of(self._units[stop - 1] - units)
        return base, self.instrument.size_unit * self.instrument.tick * (self._turnover[stop - 1] - turnover)


class Touches:
    """Every venue's best bid and ask of one symbol, sampled together; 0 where a venue had no live book."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._times = array("q")
        self._sides: dict[str, tuple[Instrument, array[int], array[int]]] = {}

    @property
    def second(self) -> int:
        """The second of the newest sample; -1 before the first."""
        return self._times[-1] // MICROSECONDS if self._times else -1

    def sample(self, time_us: int, touches: dict[str, tuple[Instrument, int, int]]) -> None:
        """Keep one row: venue -> its instrument, best bid tick and best ask tick (0: none)."""
        for venue, (instrument, bid, ask) in touches.items():
            known = self._sides.get(venue)
            if known is None or known[0] is not instrument:  # new, or with other ticks than before: its past means nothing
                empty = array("q", bytes(8 * len(self._times)))
                known = self._sides[venue] = (instrument, empty, empty[:])
            known[1].append(bid)
            known[2].append(ask)
        self._times.append(time_us)
        if len(self._times) > self._limit + _BLOCK:
            del self._times[:_BLOCK]
            for _, bids, asks in self._sides.values():
                del bids[:_BLOCK], asks[:_BLOCK]

    def average_mid(self, venues: Collection[str], start_us: int, end_us: int) -> Decimal | None:
        """The merged mid of `venues` (empty: all), each sample weighted with the time it stood between start and end.

        A sample stands until the next one; times without a mid on any chosen venue carry no weight. An interval
        shorter than the sampling has the mid that stood when it began.
        """
        sides = [side for venue, side in self._sides.items() if not venues or venue in venues]
        first = max(bisect_right(self._times, start_us) - 1, 0)
        last = bisect_right(self._times, max(start_us, end_us))
        if not sides or last <= first:
            return None
        step = common_step([instrument.tick for instrument, _, _ in sides])
        doubled = _doubled_mids(sides, step, first, last)
        known = doubled.nonzero()[0]
        if not len(known):
            return None
        stamps = np.array([max(self._times[first], start_us), *self._times[first + 1 : last], max(start_us, end_us)], np.int64)
        weights: list[int] = np.diff(stamps)[known].tolist()
        mids: list[int] = doubled[known].tolist()
        if not (total := sum(weights)):
            return step * mids[-1] / 2
        return step * sum(weight * mid for weight, mid in zip(weights, mids, strict=True)) / (2 * total)


def _doubled_mids(sides: list[tuple[Instrument, array[int], array[int]]], step: Decimal, first: int, last: int) -> IntArray:
    """Best bid plus best ask over the venues, in `step`s, one per sample; 0 where either is missing."""
    none = np.iinfo(np.int64).max
    best_bid = np.zeros(last - first, np.int64)
    best_ask = np.full(last - first, none, np.int64)
    for instrument, bids, asks in sides:
        per_tick = int(instrument.tick / step)
        np.maximum(best_bid, np.array(bids[first:last], np.int64) * per_tick, out=best_bid)
        ask = np.array(asks[first:last], np.int64)
        np.minimum(best_ask, np.where(ask > 0, ask * per_tick, none), out=best_ask)
    both = (best_bid > 0) & (best_ask < none)
    return np.where(both, best_bid, 0) + np.where(both, best_ask, 0)
