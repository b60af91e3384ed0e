"""The picture must follow the market without trembling."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gui.depth.ranges import CentreFollower, HeightChooser, SpanChooser, bucket_step, nice_ceiling, nice_step, ticks_between

FRAMES = 60


def test_small_moves_of_the_mid_leave_the_picture_where_it_is() -> None:
    centre = CentreFollower()
    for mid in (1000.0, 1000.9, 999.1, 1001.2):
        centre.update(mid, half_width=10)
    assert centre.value == 1000.0
    assert not centre.moving


def test_a_drift_is_followed_smoothly_to_the_end() -> None:
    centre = CentreFollower()
    centre.update(1000.0, 10)
    seen = [1000.0]
    for _ in range(FRAMES):
        centre.update(1003.0, 10)
        seen.append(centre.value or 0.0)
    assert seen[-1] == 1003.0
    assert max(after - before for before, after in pairwise(seen)) < 1.0
    assert not centre.moving


def test_another_market_is_jumped_to() -> None:
    centre = CentreFollower()
    centre.update(1000.0, 10)
    centre.update(2000.0, 10)
    assert centre.value == 2000.0


def test_without_a_mid_the_picture_stays() -> None:
    centre = CentreFollower()
    centre.update(1000.0, 10)
    centre.update(None, 10)
    assert centre.value == 1000.0


def _run(span: SpanChooser, useful_bps: float, frames: int = FRAMES) -> float:
    for _ in range(frames):
        span.update(useful_bps)
    return span.bps


def test_the_automatic_span_fits_the_depth() -> None:
    assert _run(SpanChooser(), 30) == pytest.approx(25)


def test_depth_that_flutters_about_a_step_does_not_change_the_span() -> None:
    span = SpanChooser()
    _run(span, 26)
    for useful in (24, 26, 24, 27, 23) * 10:
        span.update(useful)
    assert span.bps == pytest.approx(25)


def test_a_lasting_change_does() -> None:
    span = SpanChooser()
    _run(span, 26)
    assert _run(span, 80) == pytest.approx(50)
    assert _run(span, 11) == pytest.approx(10)


def test_the_trader_chooses_over_the_automatic_and_zooms_step_by_step() -> None:
    span = SpanChooser()
    _run(span, 26)
    assert span.zoom(-1) == 10
    assert span.zoom(1) == 25
    for _ in range(30):
        span.zoom(1)
    assert _run(span, 26) == pytest.approx(1000)
    span.chosen_bps = None
    assert _run(span, 26) == pytest.approx(25)


def test_the_height_grows_for_what_must_fit_and_shrinks_only_after_a_while() -> None:
    height = HeightChooser()
    height.update(90)
    assert height.value == 100
    for _ in range(10):
        height.update(30)
    assert height.value == 100
    for _ in range(FRAMES):
        height.update(30)
    assert height.value == 40


@given(st.floats(1e-6, 1e9))
def test_a_nice_ceiling_is_never_below_and_never_far_above(value: float) -> None:
    assert value <= nice_ceiling(value) * (1 + 1e-12) <= value * 2.5


def test_ticks_are_round_and_within() -> None:
    assert nice_step(100, 8) == 20
    assert nice_step(0.05, 8, at_least=0.1) == pytest.approx(0.1)
    assert ticks_between(998.5, 1001.2, 1.0) == [999.0, 1000.0, 1001.0]


@pytest.mark.parametrize(("half_width", "step"), [(1.0, "0.1"), (618.0, "2"), (6180.0, "20")])
def test_buckets_are_about_a_pixel_and_whole_ticks(half_width: float, step: str) -> None:
    assert bucket_step(Decimal("0.1"), half_width, 600) == Decimal(step)
