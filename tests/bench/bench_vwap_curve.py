"""VWAP's curve on two recorded weeks: the first predicts the second, against a flat line (which is TWAP).

The error of a day is the mean distance between the predicted and the real cumulative share of its volume, over all its minutes.
`rescaled` is what a parent would see that asks again at every twentieth of its duration, knowing the volume so far. Prints rows of
a markdown table.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from statistics import fmean

import numpy as np

from core.domain.candles import MINUTE_US, Candle
from core.market.curve import VolumeCurve, volume_curve
from core.strategies.vwap import PRIOR, share_by
from tests.candles import DAY_US, two_weeks

MINUTES = 1440


def errors(days: Sequence[Sequence[Candle]]) -> tuple[list[float], list[float]]:
    """Per day of the second week: the curve's error, and a flat line's."""
    curve = first_week(days)
    by_curve, flat = [], []
    for day in days[7:]:
        real = cumulative_share(day)
        start_us = day[0].start_us
        whole = curve.expected(start_us, start_us + DAY_US)
        ours = [curve.expected(start_us, candle.start_us + MINUTE_US) / whole for candle in day]
        by_curve.append(float(np.abs(np.array(ours) - real).mean()))
        flat.append(float(np.abs(np.arange(1, len(day) + 1) / len(day) - real).mean()))
    return by_curve, flat


def first_week(days: Sequence[Sequence[Candle]]) -> VolumeCurve:
    curve = volume_curve({"btc_perp": [candle for day in days[:7] for candle in day]})
    assert curve is not None
    return curve


def cumulative_share(day: Sequence[Candle]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    volumes = np.cumsum([candle.volume for candle in day])
    return np.asarray(volumes / volumes[-1])


def rescaled_errors(days: Sequence[Sequence[Candle]], minutes: int, prior: float) -> float:
    """Mean error of the share aimed at one twentieth ahead, for parents of `minutes` one after the other, knowing what has traded."""
    curve, step, missed = first_week(days), max(minutes // 20, 1), []
    for day in days[7:]:
        for first in range(0, MINUTES, minutes):
            span = day[first : first + minutes]
            start_us, traded = span[0].start_us, np.concatenate(([0.0], np.cumsum([candle.volume for candle in span])))
            whole = curve.expected(start_us, start_us + minutes * MINUTE_US)
            for now in range(0, minutes, step):
                until = min(now + step, minutes)
                past, ahead = (curve.expected(start_us, start_us + at * MINUTE_US) for at in (now, until))
                aim = share_by(ahead, past, whole, float(traded[now]), prior)
                missed.append(abs(aim - float(traded[until] / traded[-1])))
    return fmean(missed)


def main() -> None:
    days = two_weeks()
    first_week(days)  # imports and caches
    started = time.perf_counter()
    first_week(days)
    took_ms = (time.perf_counter() - started) * 1000
    by_curve, flat = errors(days)
    print("| day of the second week | curve | flat |")
    print("|---|---|---|")
    for day, ours, theirs in zip(days[7:], by_curve, flat, strict=True):
        print(f"| {datetime.fromtimestamp(day[0].start_us / 1e6, UTC):%a %d %b %Y} | {ours:.2%} | {theirs:.2%} |")
    print(f"| average | **{fmean(by_curve):.2%}** | **{fmean(flat):.2%}** (curve {1 - fmean(by_curve) / fmean(flat):.0%} better) |")
    print(f"| making the curve of a week on one venue | {took_ms:.1f} ms | |")
    for minutes in (30, 60, 240, 1440):
        plain, ours = rescaled_errors(days, minutes, 0.0), rescaled_errors(days, minutes, PRIOR)
        print(f"| parents of {minutes} min, share aimed at: shape only {plain:.2%} | rescaled {ours:.2%} | |")


if __name__ == "__main__":
    main()
