"""The demo's past, and how a paper venue tells it."""

from __future__ import annotations

import asyncio

import pytest

from core.domain.candles import MINUTE_US, Candle
from core.domain.clock import SimulatedClock
from core.domain.errors import VenueUnavailable
from core.exchanges.paper.connector import PaperConnector
from core.exchanges.paper.synthetic import SyntheticFeed
from core.market.curve import volume_curve
from tests.candles import DAY_US
from tests.core.exchanges.paper_desk import SYMBOL, paper_desk

MONDAY_US = 20_000 * DAY_US - 2 * DAY_US  # day 20,000 of the epoch was a Wednesday


def past(days: float = 1.0, venue: str = "binance_perp", seed: int = 7, since_us: int = MONDAY_US) -> list[Candle]:
    feed = SyntheticFeed(SimulatedClock(), seed=seed)
    return list(feed.candles(venue, SYMBOL, since_us, since_us + round(days * DAY_US)))


def volume(candles: list[Candle], hour: int) -> float:
    return sum(candle.volume for candle in candles if candle.start_us % DAY_US // (60 * MINUTE_US) == hour)


def test_the_same_seed_has_the_same_past_however_it_is_asked_for() -> None:
    whole = past(2.0)
    assert whole == past(0.7) + past(1.3, since_us=MONDAY_US + round(0.7 * DAY_US))
    assert whole != past(2.0, seed=8)
    assert [candle.volume for candle in whole] != [candle.volume for candle in past(2.0, venue="binance_spot")]
    assert [candle.start_us for candle in whole] == list(range(MONDAY_US, MONDAY_US + 2 * DAY_US, MINUTE_US))


def test_a_day_is_busy_at_its_ends_and_when_america_opens_and_weekends_are_quiet() -> None:
    week = past(7.0)
    assert volume(week, 6) * 1.3 < volume(week, 0)
    assert volume(week, 10) * 1.3 < volume(week, 14)
    days = [sum(candle.volume for candle in week[day * 1440 : day * 1440 + 1440]) for day in range(7)]
    assert sum(days[5:]) / 2 < sum(days[:5]) / 5


def test_a_curve_finds_that_shape_again() -> None:
    curve = volume_curve({"binance_perp": past(7.0)})
    assert curve is not None
    next_tuesday_us = MONDAY_US + 8 * DAY_US
    hours = [curve.expected(next_tuesday_us + h * 60 * MINUTE_US, next_tuesday_us + (h + 1) * 60 * MINUTE_US) for h in range(24)]
    assert hours.index(max(hours)) in (13, 14, 15)
    assert min(hours) < 0.6 * max(hours)


async def test_a_paper_venue_tells_its_feeds_past_a_page_at_a_time() -> None:
    clock = SimulatedClock()
    venue = PaperConnector("binance_perp", SyntheticFeed(clock), clock)
    with pytest.raises(VenueUnavailable):
        await venue.candles(SYMBOL, MONDAY_US, MONDAY_US + DAY_US)
    await venue.open()
    asking = asyncio.get_running_loop().create_task(venue.candles(SYMBOL, MONDAY_US, MONDAY_US + 3 * DAY_US))
    await clock.advance(0.05)
    assert not asking.done()
    await clock.advance(0.5)
    assert list(asking.result()) == past(3.0)
    await venue.close()


async def test_a_feed_without_a_past_has_no_candles() -> None:
    async with paper_desk() as desk:
        assert not await desk.do(desk.venue.candles(SYMBOL, MONDAY_US, MONDAY_US + DAY_US))
