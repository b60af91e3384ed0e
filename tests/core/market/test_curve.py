"""The volume curve: it knows when a market trades, and is not fooled by holidays, outages or bursts of news."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.candles import MINUTE_US, Candle
from core.market.curve import WEEK_US, VolumeCurve, volume_curve
from tests.bench.bench_vwap_curve import errors
from tests.candles import DAY_US, two_weeks

MONDAY_US = 4 * DAY_US + 2000 * WEEK_US  # the epoch began on a Thursday
HOUR_US = 60 * MINUTE_US
DAYS = 7


def usual(minute: int) -> float:
    """Twice as much in the second half of every day."""
    return 2.0 if minute % 1440 >= 720 else 1.0


def candles(volume: Callable[[int], float | None] = usual, days: int = DAYS, start_us: int = MONDAY_US) -> list[Candle]:
    """`volume` takes the minutes since the start; None leaves the minute out."""
    made = ((minute, volume(minute)) for minute in range(days * 1440))
    return [Candle(start_us + minute * MINUTE_US, size) for minute, size in made if size is not None]


def curve_of(*venues: list[Candle]) -> VolumeCurve:
    curve = volume_curve({f"v{index}_spot": made for index, made in enumerate(venues)})
    assert curve is not None
    return curve


def per_hour(curve: VolumeCurve, day: int, hour: int) -> float:
    at_us = MONDAY_US + WEEK_US + day * DAY_US + hour * HOUR_US
    return curve.expected(at_us, at_us + HOUR_US)


def test_it_finds_the_busy_half_of_the_day() -> None:
    curve = curve_of(candles())
    assert per_hour(curve, 1, 18) == pytest.approx(120, rel=0.02)
    assert per_hour(curve, 1, 6) == pytest.approx(60, rel=0.02)


def test_venues_are_summed_and_counted() -> None:
    curve = curve_of(candles(), candles(lambda minute: 3 * usual(minute)))
    assert per_hour(curve, 2, 18) == pytest.approx(480, rel=0.02)
    assert curve.source == "volume curve from 7 days of candles on 2 venues"


def test_a_quiet_weekend_is_expected_to_be_quiet_again() -> None:
    curve = curve_of(candles(lambda minute: usual(minute) * (0.5 if minute // 1440 >= 5 else 1.0)))
    assert per_hour(curve, 6, 12) < 0.8 * per_hour(curve, 2, 12)


def test_a_burst_of_news_is_no_habit() -> None:
    calm, shaken = curve_of(candles()), curve_of(candles(lambda minute: 300.0 if 3000 <= minute < 3060 else usual(minute)))
    hour = 3000 // 60 % 24
    assert per_hour(shaken, 2, hour) < 2 * per_hour(calm, 2, hour)  # the burst was three hundred times as much


def test_a_holiday_does_not_halve_the_week() -> None:
    curve = curve_of(candles(lambda minute: 0.01 if minute < 1440 else usual(minute)))
    assert per_hour(curve, 2, 18) == pytest.approx(120, rel=0.15)


def test_a_venue_that_was_down_does_not_look_like_a_market_asleep() -> None:
    def down(minute: int) -> float | None:
        return None if 12 * 60 <= minute % 1440 < 18 * 60 else usual(minute)

    curve = curve_of(candles(), candles(down))
    assert per_hour(curve, 2, 15) == pytest.approx(per_hour(curve, 2, 21), rel=0.1)


def test_a_minute_without_a_trade_is_a_minute_without_volume() -> None:
    curve = curve_of(candles(lambda minute: None if minute % 2 else 2.0))
    assert per_hour(curve, 2, 12) == pytest.approx(60, rel=0.02)


@pytest.mark.parametrize(
    "made", [[], candles(days=1)[:60], candles(lambda _: 0.0, days=2)], ids=["no candles", "an hour of them", "nothing ever traded"]
)
def test_too_little_to_tell_is_no_curve(made: list[Candle]) -> None:
    assert volume_curve({"binance_spot": made}) is None


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10**6), days=st.integers(1, 15), cuts=st.lists(st.integers(0, 3 * WEEK_US), min_size=3, max_size=3))
def test_whatever_the_candles_every_moment_weighs_something_and_parts_add_up(seed: int, days: int, cuts: list[int]) -> None:
    dice = random.Random(seed)
    kept = dice.choice([1.0, 0.9, 0.2])
    curve = curve_of(
        candles(lambda _: dice.lognormvariate(0, 1.5) if dice.random() < kept else None, days, MONDAY_US + dice.randrange(DAY_US))
    )
    a, b, c = (MONDAY_US + cut for cut in sorted(cuts))
    assert curve.by_minute.shape == (10_080,)
    assert float(curve.by_minute.min()) > 0
    assert math.isfinite(float(curve.by_minute.max()))
    assert curve.expected(a, b) + curve.expected(b, c) == pytest.approx(curve.expected(a, c), rel=1e-6, abs=1e-6)
    assert curve.expected(a, a + WEEK_US) == pytest.approx(float(curve.by_minute.sum()))
    assert curve.expected(b, a) == 0 or a == b


def test_the_first_recorded_week_predicts_the_second_better_than_a_flat_line() -> None:
    by_curve, flat = errors(two_weeks())
    assert sum(by_curve) < 0.75 * sum(flat)
    assert sum(ours < theirs for ours, theirs in zip(by_curve, flat, strict=True)) >= 6
