"""What a market usually trades in each minute of the week, learnt from candles.

One week holds every minute of the week exactly once, which is noise and no curve. So the days are laid over each
other: weekdays over weekdays, weekends over weekends, both leaning on the average of all days as far as they are
few. A busy day counts as much as a quiet one (only its shape is learnt), a burst of news is clipped, and a venue that
was down does not look like a market that was asleep.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import final

import numpy as np
from numpy.typing import NDArray

from core.domain.candles import MINUTE_US, Candle
from core.domain.market import FloatArray

DAY = 1440  # minutes
WEEK = 7 * DAY
WEEK_US = WEEK * MINUTE_US

# A minute counts at most this many times what is usual at its time of day.
_CLIP = 3.0
# Standard deviation, in minutes, of what a minute learns from its neighbours.
_SMOOTH = 30
# Weekdays and weekends stand on their own as far as they have more days than this.
_LEAN_DAYS = 2.0
# How far one day's level may be from that of the others: holidays and panics are not the rule.
_LEVEL_CLIP = 2.0
# A venue that says nothing for longer than this had no candles; for less, no trades.
_SILENCE = 60
# Under this many minutes a day says nothing of its level, and all days nothing of a curve.
_LEAST_MINUTES = 120
# Nothing is expected to stand still: the least part of the average that a minute has.
_FLOOR = 0.02

_MinuteArray = NDArray[np.int64]


@final
class VolumeCurve:
    """Expected volume by minute of week. Never changes; compared and hashed by identity.

    Attributes:
        by_minute: float64 (10080,), base per minute; the first is Thursday 00:00 UTC, as the epoch's was.
        venues: whose candles are in it.
        days: how many days of candles it is made from, rounded.
    """

    def __init__(self, by_minute: FloatArray, venues: Sequence[str], days: int) -> None:
        self.by_minute = by_minute
        self.venues = tuple(venues)
        self.days = days
        self._until: list[float] = np.concatenate(([0.0], np.cumsum(by_minute))).tolist()

    @property
    def source(self) -> str:
        """`volume curve from 7 days of candles on 4 venues`."""
        days = f"{self.days} day{'s' if self.days != 1 else ''}"
        return f"volume curve from {days} of candles on {len(self.venues)} venue{'s' if len(self.venues) != 1 else ''}"

    def expected(self, from_us: int, to_us: int) -> float:
        """Base expected to trade on all its venues between two moments; 0 for an empty or reversed interval."""
        if to_us <= from_us:
            return 0.0
        start_us = from_us % WEEK_US
        weeks, rest_us = divmod(start_us + to_us - from_us, WEEK_US)
        return weeks * self._until[-1] + self._within(rest_us) - self._within(start_us)

    def _within(self, week_us: int) -> float:
        minute, rest_us = divmod(week_us, MINUTE_US)
        until = self._until[minute]
        return until + (self._until[minute + 1] - until) * rest_us / MINUTE_US if rest_us else until


def volume_curve(candles: Mapping[str, Sequence[Candle]]) -> VolumeCurve | None:
    """The curve of what `candles` (venue -> its minutes, oldest first) show together; None where that is too little to tell."""
    known = {venue: minutes for venue, minutes in candles.items() if len(minutes) >= _LEAST_MINUTES}
    if not known:
        return None
    series = {venue: _series(minutes) for venue, minutes in known.items()}
    first_day = min(int(start[0]) for start, _ in series.values()) // DAY
    last_day = max(int(start[-1]) for start, _ in series.values()) // DAY
    summed = _sum_venues([_grid(start, volume, first_day, last_day) for start, volume in series.values()])
    present = np.isfinite(summed).sum(axis=1)
    enough = present >= _LEAST_MINUTES
    if not enough.any() or not np.nansum(summed[enough]):
        return None
    weekdays = ((first_day + np.arange(len(summed)))[enough] + 3) % 7  # the epoch began on a Thursday; Monday is 0
    by_minute = _week(summed[enough], weekdays)
    return VolumeCurve(by_minute, tuple(known), max(round(int(present.sum()) / DAY), 1))


def _series(candles: Sequence[Candle]) -> tuple[_MinuteArray, FloatArray]:
    count = len(candles)
    minutes = np.fromiter((candle.start_us for candle in candles), np.int64, count) // MINUTE_US
    return minutes, np.fromiter((candle.volume for candle in candles), np.float64, count)


def _grid(minutes: _MinuteArray, volumes: FloatArray, first_day: int, last_day: int) -> FloatArray:
    """One venue as days × minutes: short gaps are 0, long ones and what lies outside NaN."""
    flat = np.full((last_day - first_day + 1) * DAY, np.nan)
    at = minutes - first_day * DAY
    flat[at[0] : at[-1] + 1] = 0.0
    gaps = np.flatnonzero(np.diff(at) > _SILENCE)
    for gap in gaps.tolist():
        flat[at[gap] + 1 : at[gap + 1]] = np.nan
    flat[at] = np.where(np.isfinite(volumes), np.maximum(volumes, 0.0), np.nan)
    return flat.reshape(-1, DAY)


def _sum_venues(grids: Sequence[FloatArray]) -> FloatArray:
    """The sum over venues, days × minutes; where some are missing, the others stand for them in proportion to their size."""
    stack = np.stack(grids)
    present = np.isfinite(stack)
    size = np.array([grid[there].mean() for grid, there in zip(stack, present, strict=True)])
    covered = np.tensordot(size, present.astype(np.float64), axes=1)
    total = np.where(present, stack, 0.0).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(covered > 0, total * (size.sum() / covered), np.nan)


def _week(days: FloatArray, weekdays: _MinuteArray) -> FloatArray:
    """Base per minute over the week, Thursday first, from days × minutes with gaps."""
    usual = _average(_smooth(days))
    usual = np.where(np.isfinite(usual), usual, np.nanmean(usual))
    levels = _levels(days, usual)
    shapes = days / levels[:, None]
    neighbourhood = _median(_smooth(shapes))
    shapes = np.minimum(shapes, _CLIP * np.where(np.isfinite(neighbourhood), neighbourhood, np.inf))
    all_days = _profile(shapes)
    by_weekday: list[FloatArray] = []
    for weekday in range(7):
        alike = (weekdays >= 5) == (weekday >= 5)
        count = int(alike.sum())
        own = count / (count + _LEAN_DAYS)
        shape = all_days if not count else own * _profile(shapes[alike], all_days) + (1 - own) * all_days
        level = _lean(levels[weekdays == weekday], _lean(levels[alike], float(levels.mean())))
        by_weekday.append(np.maximum(shape, _FLOOR) * level / DAY)
    return np.concatenate([by_weekday[(day + 3) % 7] for day in range(7)])


def _levels(days: FloatArray, usual: FloatArray) -> FloatArray:
    """Each day's volume in base per day, judged by the minutes it has; extremes are pulled in."""
    present = np.isfinite(days)
    seen = np.nansum(days, axis=1)
    due = np.where(present, usual, 0.0).sum(axis=1) / usual.sum()
    levels = seen / np.maximum(due, 1e-9)
    middle = float(np.median(levels[levels > 0]))
    return np.asarray(np.clip(levels, middle / _LEVEL_CLIP, middle * _LEVEL_CLIP))


def _lean(values: FloatArray, on: float) -> float:
    """The mean of a few values, leaning on what is known without them."""
    return (float(values.sum()) + _LEAN_DAYS * on) / (len(values) + _LEAN_DAYS)


def _profile(shapes: FloatArray, fallback: FloatArray | None = None) -> FloatArray:
    """The smooth average day, with mean 1; minutes that no day has are taken from `fallback`."""
    mean = _average(_smooth(shapes))
    if fallback is not None:
        mean = np.where(np.isfinite(mean), mean, fallback * np.nanmean(mean))
    mean = np.where(np.isfinite(mean), mean, np.nanmean(mean))
    return np.asarray(mean / mean.mean())


def _smooth(days: FloatArray) -> FloatArray:
    """A Gaussian average over each day's neighbouring minutes, around midnight into the same day; gaps carry no weight."""
    reach = 4 * _SMOOTH
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / _SMOOTH) ** 2)
    present = np.isfinite(days)
    spectrum = np.fft.rfft(np.roll(np.pad(kernel, (0, DAY - len(kernel))), -reach))

    def blur(rows: FloatArray) -> FloatArray:
        return np.asarray(np.fft.irfft(np.fft.rfft(rows, axis=-1) * spectrum, DAY, axis=-1))

    weight = blur(present.astype(np.float64))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(weight > kernel.sum() * 0.05, np.maximum(blur(np.where(present, days, 0.0)), 0.0) / weight, np.nan)


def _average(rows: FloatArray) -> FloatArray:
    """The mean over rows, without gaps; NaN where all are gaps."""
    present = np.isfinite(rows)
    count = present.sum(axis=0)
    return np.where(count > 0, np.where(present, rows, 0.0).sum(axis=0) / np.maximum(count, 1), np.nan)


def _median(rows: FloatArray) -> FloatArray:
    """The median over rows, without gaps; NaN where all are gaps."""
    known = np.isfinite(rows).any(axis=0)
    result = np.full(rows.shape[1], np.nan)
    result[known] = np.nanmedian(rows[:, known], axis=0)
    return result
