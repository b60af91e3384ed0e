"""The two weeks of recorded minute candles, in base."""

from __future__ import annotations

import csv
import gzip

from core.domain.candles import MINUTE_US, Candle
from tests.recordings import recording

TWO_WEEKS = "candles_1m.btc-perp.2022-01.csv.gz"
DAY_US = 1_440 * MINUTE_US


def two_weeks() -> list[list[Candle]]:
    """Fourteen whole UTC days, the first a Saturday. The recording's volume is in USD: the close makes base of it."""
    with gzip.open(recording(TWO_WEEKS), "rt") as lines:
        candles = [Candle(int(row["ts"]) * 1000, float(row["volume"]) / float(row["close"])) for row in csv.DictReader(lines)]
    first_us = -(-candles[0].start_us // DAY_US) * DAY_US
    days: list[list[Candle]] = [[] for _ in range(14)]
    for candle in candles:
        day = (candle.start_us - first_us) // DAY_US
        if 0 <= day < len(days):
            days[day].append(candle)
    return days
