"""Polygons in pixels, on a frame in which one bps and one BTC are easy to see."""

from __future__ import annotations

import numpy as np
import pytest

from gui.depth.geometry import Frame, SideShapes, shapes_of
from tests.gui.depth.books import book, depth_of, two_venues

# 1000 ± 4 over 800 px: 100 px a unit of price; 10 BTC over 100 px.
FRAME = Frame(left=0.0, top=0.0, right=800.0, bottom=100.0, centre=1000.0, half_width=4.0, height=10.0)


def _asks(**wishes: object) -> SideShapes:
    depth = two_venues()
    return shapes_of(depth.asks, depth.venues, FRAME, is_bid=False, **wishes)  # type: ignore[arg-type]  # keywords of the test's choice


def test_price_and_pixel_are_inverse() -> None:
    assert FRAME.x(1001.0) == 500.0
    assert FRAME.price_at(500.0) == 1001.0


def test_the_outline_steps_up_at_each_price_and_runs_flat_to_the_edge() -> None:
    outline = _asks().outline
    assert outline is not None
    assert outline.tolist() == [[500, 100], [500, 80], [600, 80], [600, 30], [800, 30]]


def test_bids_run_to_the_left() -> None:
    depth = two_venues()
    outline = shapes_of(depth.bids, depth.venues, FRAME, is_bid=True).outline
    assert outline is not None
    assert outline.tolist() == [[300, 100], [300, 70], [200, 70], [200, 40], [0, 40]]


def test_stacked_bands_lie_on_each_other_and_the_last_is_the_sum() -> None:
    shapes = _asks()
    assert shapes.tops[0][-1].tolist() == [800, 70]  # alpha: 3 BTC
    assert shapes.tops[1][-1].tolist() == [800, 30]  # alpha and beta: 7 BTC
    assert shapes.outline is not None
    assert np.array_equal(shapes.bands[1][:-1], shapes.outline)
    assert shapes.bands[1][-1].tolist() == [800, 100]


def test_overlaid_every_venue_starts_at_zero() -> None:
    shapes = _asks(overlay=True)
    assert shapes.tops[1][-1].tolist() == [800, 60]  # beta alone: 4 BTC


def test_what_is_outside_the_frame_is_left_out() -> None:
    depth = depth_of(book("alpha", [("999.0", "1")], [("1001.0", "1"), ("1100.0", "500")]))
    outline = shapes_of(depth.asks, depth.venues, FRAME, is_bid=False).outline
    assert outline is not None
    assert outline[-1].tolist() == [800, 90]


def test_nothing_in_sight_is_nothing_to_draw() -> None:
    depth = depth_of(book("alpha", [("900.0", "1")], [("1100.0", "1")]))
    assert shapes_of(depth.asks, depth.venues, FRAME, is_bid=False).outline is None


def test_a_plan_is_a_part_of_its_venues_band() -> None:
    plan = _asks(taken={"beta": (1.0, 1002.0)}).plan
    assert list(plan) == ["beta"]
    xs, ys = plan["beta"][:, 0], plan["beta"][:, 1]
    assert xs.max() == pytest.approx(604)  # ends at its worst level, a few pixels wide
    assert ys.max() == 80.0  # at the first level beta has nothing: on top of alpha's 2
    assert ys.min() == 60.0  # at the second: on top of alpha's 3, one more


def test_a_plan_beyond_its_worst_price_takes_nothing() -> None:
    assert _asks(taken={"alpha": (1.0, 1000.5)}).plan == {}
