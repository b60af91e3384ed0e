"""ccxt's book as we last told it: what has changed since is a message.

ccxt's book is the truth, but it is made of floats and changes under our hands. So it is read in one go and compared with the
last reading: a thousand levels a side take 0.3 ms, whatever happened to them, and only the changed ones travel on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, final

import numpy as np

from core.domain.errors import MarketDataError
from core.domain.instruments import MOST_TICKS, MOST_UNITS, Instrument
from core.domain.market import BookMessage, FloatArray, IntArray

# What a book shows beyond is stale on some exchanges (they tell changes of the best levels only) and drawn by nobody.
MOST_LEVELS = 1_000
_EMPTY: IntArray = np.empty(0, np.int64)


@final
class BookImage:
    """One book of ccxt in ticks and size units of `instrument`."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self._where = f"{instrument.venue} {instrument.symbol}"
        self._ticks_per_price = float(1 / instrument.tick)
        self._units_per_size = float(instrument.contract_size / instrument.size_unit)
        self._bids = _Side(-1)
        self._asks = _Side(1)
        self._seq: int | None = None
        self._fresh = True

    def forget(self) -> None:
        """The next message is a snapshot."""
        self._fresh = True

    def read(self, book: Mapping[str, Any], now_us: int) -> BookMessage:
        """What has changed since the last reading: a snapshot at first, then deltas, empty ones included.

        Raises:
            MarketDataError: the book is crossed, has no level at all, or holds something that is no price or size. Nothing is
                remembered of it.
        """
        bid_ticks, bid_sizes = self._side(book["bids"], -1)
        ask_ticks, ask_sizes = self._side(book["asks"], 1)
        if not len(bid_ticks) and not len(ask_ticks):
            raise MarketDataError(f"{self._where}: the book is empty.")
        if len(bid_ticks) and len(ask_ticks) and bid_ticks[0] >= ask_ticks[0]:
            price = self._instrument.price_of
            raise MarketDataError(f"{self._where}: the bid of {price(bid_ticks[0])} is at or above the ask of {price(ask_ticks[0])}.")
        seq = _integer(book.get("nonce"))
        # A number that runs back is a new count: nothing can be told relative to the old one.
        snapshot = self._fresh or (seq is not None and self._seq is not None and seq < self._seq)
        bids = self._bids.replace(bid_ticks, bid_sizes, whole=snapshot)
        asks = self._asks.replace(ask_ticks, ask_sizes, whole=snapshot)
        # A change under an old number would be taken for an old change.
        told_seq = seq if snapshot or self._seq is None or (seq is not None and seq > self._seq) else None
        prev_seq = None if snapshot or told_seq is None else self._seq
        self._seq = told_seq if snapshot else (told_seq or self._seq)
        self._fresh = False
        ts_ms = _integer(book.get("timestamp"))
        return BookMessage(
            is_snapshot=snapshot,
            venue=self._instrument.venue,
            symbol=self._instrument.symbol,
            ts_us=now_us if ts_ms is None else ts_ms * 1_000,
            received_us=now_us,
            seq=told_seq,
            prev_seq=prev_seq,
            bid_ticks=bids[0],
            bid_sizes=bids[1],
            ask_ticks=asks[0],
            ask_sizes=asks[1],
        )

    def _side(self, levels: Sequence[Any], sign: int) -> tuple[IntArray, IntArray]:
        """Ticks and units of the best levels, best first."""
        try:
            table = _table(levels[:MOST_LEVELS])
        except (TypeError, ValueError, IndexError) as error:
            raise MarketDataError(f"{self._where}: a level is not a price and a size.", detail=error) from None
        exact = table[:, 0] * self._ticks_per_price
        sizes = table[:, 1] * self._units_per_size
        whole = np.rint(exact)
        # Written so that NaN fails too.
        if not (np.all(whole > 0) and np.all(whole < MOST_TICKS) and np.all(sizes >= 0) and np.all(sizes < MOST_UNITS)):
            raise MarketDataError(f"{self._where}: a price or a size is absurd.", detail=levels[:5])
        if not np.all(np.abs(exact - whole) <= 1e-4 + whole * 1e-12):
            raise MarketDataError(f"{self._where}: a price is off the tick {self._instrument.tick}.", detail=levels[:5])
        ticks = whole.astype(np.int64)
        # A hair of float error must not floor 3.0 to 2.
        units = (sizes + 1e-6 + sizes * 1e-14).astype(np.int64)
        if len(ticks) > 1 and not np.all((steps := np.diff(ticks) * sign) > 0):
            if np.any(steps < 0):
                raise MarketDataError(f"{self._where}: the levels are out of order.", detail=levels[:5])
            ticks, units = _joined(ticks, units)
        if not units.all():
            there = units > 0
            ticks, units = ticks[there], units[there]
        return ticks, units


@final
class _Side:
    """One side as last told; keys ascend from the best level."""

    def __init__(self, sign: int) -> None:
        self._sign = sign
        self._keys = _EMPTY
        self._units = _EMPTY

    def replace(self, ticks: IntArray, units: IntArray, *, whole: bool) -> tuple[list[int], list[int]]:
        """Remember these levels; returns all of them, or those that are different from before: absolute sizes, 0 where one is gone."""
        keys, old_keys, old_units = ticks * self._sign, self._keys, self._units
        self._keys, self._units = keys, units
        if whole or not len(old_keys):
            return ticks.tolist(), units.tolist()
        if len(keys) == len(old_keys) and np.array_equal(keys, old_keys):
            changed = units != old_units
            return ticks[changed].tolist(), units[changed].tolist()
        at = old_keys.searchsorted(keys)
        same = (old_keys.take(at, mode="clip") == keys) & (old_units.take(at, mode="clip") == units)
        gone = old_keys
        if len(keys):
            gone = old_keys[keys.take(keys.searchsorted(old_keys), mode="clip") != old_keys]
        told = np.concatenate((ticks[~same], gone * self._sign))
        sizes = np.concatenate((units[~same], np.zeros(len(gone), np.int64)))
        return told.tolist(), sizes.tolist()


def _table(levels: Sequence[Any]) -> FloatArray:
    """Prices and sizes, shape (n, 2). Some exchanges add a count or an order's id to a level.

    Raises:
        TypeError, ValueError, IndexError: they are no numbers, or not there.
    """
    flat = list(chain.from_iterable(levels))
    if len(flat) != 2 * len(levels) or (levels and len(levels[0]) != 2):
        flat = [number for level in levels for number in (level[0], level[1])]
    return np.array(flat, np.float64).reshape(-1, 2)


def _joined(ticks: IntArray, units: IntArray) -> tuple[IntArray, IntArray]:
    """Orders at one price as one level (books that list every order)."""
    starts = np.flatnonzero(np.concatenate(([True], np.diff(ticks) != 0)))
    return ticks[starts], np.add.reduceat(units, starts)


def _integer(value: object) -> int | None:
    return int(value) if isinstance(value, int | float) and value == value else None
