"""A minute of one venue's trading, as far as it is needed to know *when* a market trades.

The volume is a float on purpose: it weighs one minute against another and never becomes an amount.
"""

from __future__ import annotations

from dataclasses import dataclass

MINUTE_US = 60_000_000


@dataclass(frozen=True, slots=True)
class Candle:
    """One minute. A minute without a trade may be missing altogether.

    Attributes:
        start_us: the minute's beginning, µs, a multiple of `MINUTE_US`.
        volume: base traded in it, ≥ 0; lossy.
    """

    start_us: int
    volume: float
