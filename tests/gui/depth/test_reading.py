"""What the crosshair says must be what the trade would cost."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from core.domain.enums import ExecutionStrategy, OrderSide, TimeInForce
from core.domain.plan import Plan, PlannedChild
from gui.depth.reading import crossed_bps, picked_amount, picked_price, read_at, taken_by, useful_bps
from tests.gui.depth.books import book, depth_of, two_venues


def test_it_reads_both_sides_to_the_same_distance() -> None:
    reading = read_at(two_venues(), 1002.0)
    assert reading is not None
    assert reading.distance_bps == pytest.approx(20)
    assert (reading.asks.base, reading.asks.by_venue) == (7.0, (3.0, 4.0))
    assert (reading.bids.price, reading.bids.base, reading.bids.by_venue) == (998.0, 6.0, (4.0, 2.0))


def test_the_average_is_the_price_of_the_whole_amount() -> None:
    reading = read_at(two_venues(), 1002.0)
    assert reading is not None
    assert reading.asks.quote == pytest.approx(2 * 1001 + 5 * 1002)
    assert reading.asks.average == pytest.approx((2 * 1001 + 5 * 1002) / 7)


def test_cost_is_positive_on_both_sides() -> None:
    reading = read_at(two_venues(), 999.0)
    assert reading is not None
    assert reading.bids.cost_bps == pytest.approx(10)
    assert reading.asks.cost_bps == pytest.approx(10)


def test_inside_the_spread_there_is_nothing_to_trade() -> None:
    reading = read_at(two_venues(), 1000.5)
    assert reading is not None
    assert (reading.asks.base, reading.asks.average, reading.asks.cost_bps) == (0.0, None, None)


def test_without_a_mid_there_is_no_reading() -> None:
    assert read_at(depth_of(book("alpha", [("999.0", "1")], [])), 999.0) is None


def test_a_crossed_merged_book_says_by_how_much() -> None:
    crossed = depth_of(book("alpha", [("1000.2", "1")], [("1000.3", "1")]), book("beta", [("999.0", "1")], [("1000.1", "1")]))
    assert crossed_bps(crossed) == pytest.approx(0.1 / 1000.15 * 10_000)
    assert crossed_bps(two_venues()) is None


def test_the_useful_reach_is_where_most_depth_lies() -> None:
    far = depth_of(book("alpha", [("999.0", "10"), ("500.0", "0.1")], [("1001.0", "10"), ("2000.0", "0.1")]))
    assert useful_bps(far) == pytest.approx(10)
    assert useful_bps(depth_of()) is None


def _child(venue: str, amount: str, price: str, *, rests: bool = False) -> PlannedChild:
    expected = Decimal(0) if rests else Decimal(amount)
    return PlannedChild(venue, OrderSide.BUY, Decimal(price), Decimal(amount), TimeInForce.IOC, None, Decimal(0), expected, rests=rests)


def test_a_plan_takes_what_crosses_and_not_what_rests() -> None:
    children = (_child("alpha", "1", "1001"), _child("alpha", "2", "1002"), _child("beta", "5", "990", rests=True))
    plan = Plan(ExecutionStrategy.BEST_PRICE, OrderSide.BUY, Decimal(8), children, Decimal(0))
    assert taken_by(plan) == {"alpha": (3.0, 1002.0)}
    assert taken_by(replace(plan, children=())) == {}
    assert taken_by(None) == {}


def test_a_clicked_price_is_on_the_tick_and_a_clicked_amount_never_more_than_there_is() -> None:
    assert picked_price(1000.14, Decimal("0.1")) == Decimal("1000.1")
    assert picked_amount(2.9999, Decimal("0.001")) == Decimal("2.999")
