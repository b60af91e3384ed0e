"""The demo's past: minute candles that nobody traded, the same for the same seed however one asks for them.

A day is made when it is asked for and not kept. Volume is high around midnight UTC and when America opens, low in
between and at weekends; its average is what the synthetic books print today.
"""

from __future__ import annotations

from functools import cache
from zlib import crc32

import numpy as np

from core.domain.candles import MINUTE_US, Candle
from core.domain.market import FloatArray
from core.exchanges.paper.demo_venues import DemoSymbol, DemoVenue

_DAY = 1440  # minutes
_PER_MINUTE = 0.2  # base that a book prints in an average minute, as part of one side's depth
_WEEKEND = 0.65
_OPEN_HOUR, _OPEN_WIDTH_H, _OPEN = 14.5, 1.5, 1.0  # America opens
_NOISE, _DAY_NOISE = 0.8, 0.25  # sigma of the lognormal minutes and days


def synthetic_candles(seed: int, name: str, venue: DemoVenue, symbol: str, scale: DemoSymbol, since_us: int, until_us: int) -> list[Candle]:
    """The minutes of one venue that start in [since, until), oldest first."""
    first, last = -(-since_us // MINUTE_US), -(-until_us // MINUTE_US)
    level = _PER_MINUTE * venue.depth * scale.depth_scale
    stream = crc32(f"{seed}/{name}/{symbol}".encode())
    candles: list[Candle] = []
    for day in range(first // _DAY, -(-last // _DAY)):
        start = day * _DAY
        volumes = (level * _day(stream, day)).tolist()
        candles += [Candle(minute * MINUTE_US, volumes[minute - start]) for minute in range(max(first, start), min(last, start + _DAY))]
    return candles


def _day(stream: int, day: int) -> FloatArray:
    """One day's minutes, around 1."""
    dice = np.random.default_rng((stream, max(day, 0)))
    weekend = (day + 3) % 7 >= 5  # the epoch began on a Thursday
    level = dice.lognormal(-(_DAY_NOISE**2) / 2, _DAY_NOISE) * (_WEEKEND if weekend else 1.0)
    return _shape() * dice.lognormal(-(_NOISE**2) / 2, _NOISE, _DAY) * level


@cache
def _shape() -> FloatArray:
    """An average day, with mean 1: a U, and a bump in its second half."""
    hours = np.arange(_DAY) / 60
    shape = 0.6 + 0.9 * np.abs(hours / 12 - 1) ** 2 + _OPEN * np.exp(-0.5 * ((hours - _OPEN_HOUR) / _OPEN_WIDTH_H) ** 2)
    return np.asarray(shape / shape.mean())
