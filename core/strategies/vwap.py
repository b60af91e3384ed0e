"""VWAP: slices as heavy as the market usually is at their time, rescaled by what it really trades, within a cap.

Two things that look alike and are not. The *curve* says when to trade; without candles time says it, and the parent
says so. The *cap* says how much: filled and worst-case live stay under a part of what others traded since the start.
It gives way only after the end, when the trader wants the order completed, and the parent says that too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from typing import final

from core.domain.clock import MICROSECONDS
from core.domain.enums import ExecutionStrategy
from core.domain.market import ExpectedVolume, MarketView, VolumeView
from core.domain.numbers import floor_to, plain
from core.domain.plan import ExecutionRequest
from core.strategies.base import REMARK, AlgoState
from core.strategies.params import TwapParams, VwapParams
from core.strategies.schedule import Schedule, Weigh, make_schedule
from core.strategies.slicing import Course, Slicing, also

NO_CURVE = "no volume data: slices follow time instead (TWAP)"
NO_TRADES = "these venues report no trades: no participation cap"

# How long the first slice waits for candles that are on their way; at most this part of the duration.
_PATIENCE_US = 10 * MICROSECONDS
_PATIENCE_PART = 0.1
# How long it waits for a first trade before it takes the venues for silent; at most this part of the duration.
_SILENCE_US = 30 * MICROSECONDS
# Look at what the market traded at least this often.
_LOOK_US = 5 * MICROSECONDS
# How much volume it takes to believe that a day is busy or quiet, as a part of what the whole duration should bring.
# Of what was tried on the recorded candles, 0.05 to 0.25 beat both ends for half an hour to a day: tests/bench/bench_vwap_curve.py.
PRIOR = 0.15


@final
class Vwap(Slicing):
    """Slices that follow the market's volume."""

    name = ExecutionStrategy.VWAP

    def basis(self, state: AlgoState, now_us: int, market: MarketView, params: TwapParams) -> Mapping[str, object] | str:
        volume = _volume(market)
        if volume.curve is not None:
            return {"follows": "volume"}
        if volume.loading and now_us - state.started_us < min(_PATIENCE_US, _PATIENCE_PART * _duration_us(params)):
            return "waiting for the volume curve"
        return {"follows": "time", REMARK: NO_CURVE}

    def weigh(self, market: MarketView, start_us: int, basis: Mapping[str, object]) -> Weigh | None:
        curve = _volume(market).curve
        return None if curve is None or basis.get("follows") != "volume" else _CurveWeigh(curve, start_us)

    def schedule(self, params: TwapParams, slices: int, seed: int, weigh: Weigh | None) -> Schedule:
        return _remembered(params, slices, seed, weigh)

    def course(self, state: AlgoState, now_us: int, market: MarketView, params: TwapParams, schedule: Schedule) -> Course:
        course = replace(super().course(state, now_us, market, params, schedule), look_us=_LOOK_US)
        volume, cap = _volume(market), _cap(params)
        if state.memory.get("follows") == "volume":
            course = _rescaled(course, state, now_us, volume)
        if volume.traded is not None:
            return replace(
                course,
                allowed=volume.traded * cap / 100,
                held=f"held back to {plain(cap)}% of the market's volume",
                past=f"went past {plain(cap)}% of the market's volume to complete at the end",
            )
        if now_us - state.started_us < min(_SILENCE_US, _PATIENCE_PART * schedule.duration_us):
            return replace(course, allowed=Decimal(0), held="waiting for the market's first trade")
        return replace(course, remark=also(course.remark, NO_TRADES))

    def preview(self, request: ExecutionRequest, market: MarketView, params: TwapParams) -> tuple[Mapping[str, object], list[str]]:
        volume = _volume(market)
        if volume.curve is None:
            return {}, ["The volume curve is being loaded; without it slices follow time (TWAP)." if volume.loading else f"{NO_CURVE}."]
        expected = Decimal(repr(volume.curve.expected(market.now_us, market.now_us + _duration_us(params))))
        part, cap = request.amount / expected * 100, _cap(params)
        note = f"About {part:.2g}% of the volume expected in that time; the cap is {plain(cap)}%."
        if part > cap:
            over = request.amount - floor_to(expected * cap / 100, Decimal("0.001"))
            note += f" {plain(over)} {request.symbol.split('/')[0]} would be left at the end."
        return {"follows": "volume"}, [f"{volume.curve.source}.", note]


class _CurveWeigh:
    """What a curve expects between two offsets from a start. Two of the same curve and start are equal, so that schedules can be kept."""

    def __init__(self, curve: ExpectedVolume, start_us: int) -> None:
        self._key = (curve, start_us)

    def __call__(self, from_us: int, to_us: int) -> float:
        curve, start_us = self._key
        return curve.expected(start_us + from_us, start_us + to_us)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _CurveWeigh) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


@lru_cache(maxsize=64)
def _remembered(params: TwapParams, slices: int, seed: int, weigh: Weigh | None) -> Schedule:
    """A schedule of a thousand slices costs milliseconds, and a parent asks for it at every look."""
    return make_schedule(params, slices, seed, weigh)


def _rescaled(course: Course, state: AlgoState, now_us: int, volume: VolumeView) -> Course:
    """The course, corrected by what the market has traded so far."""
    schedule, index, amount, curve = course.schedule, course.index, state.request.amount, volume.curve
    if curve is None:  # there was one before a restart
        return replace(course, remark=also(course.remark, NO_CURVE))
    own = schedule.shares[index] - (schedule.shares[index - 1] if index else 0)
    course = replace(course, regular=max(course.regular, amount * own))
    if volume.traded is None or index + 1 >= len(schedule.shares):
        return course
    start_us = state.started_us
    whole, past = curve.expected(start_us, start_us + schedule.duration_us), curve.expected(start_us, now_us)
    # By the slice's own share, jitter included, rather than the curve's at its end: on a usual day nothing is rescaled.
    share = share_by(float(schedule.shares[index]) * whole, past, whole, float(volume.traded))
    return replace(course, aim=floor_to(amount * Decimal(repr(share)), Decimal(str(state.memory["lot"]))))


def share_by(until: float, past: float, whole: float, traded: float, prior: float = PRIOR) -> float:
    """Which share of a market's volume should have traded by some moment, knowing what has traded by now.

    That moment's volume over the end's; both are what has traded plus what is still to come. What is to come is the
    curve's, made busier or quieter as far as the market has been: with `prior` 0 entirely, which leaves the curve's shape
    as it was, and the more the larger it is (Bayes' shrinkage).

    Args:
        until, past, whole: what the curve expects from the start to that moment, to now, and to the end, in base.
        traded: base traded from the start to now.
    """
    pace = (traded + prior * whole) / (past + prior * whole) if past + prior * whole > 0 else 1.0
    total = traded + pace * (whole - past)
    return min((traded + pace * max(until - past, 0.0)) / total, 1.0) if total > 0 else 0.0


def _volume(market: MarketView) -> VolumeView:
    return market.volume if market.volume is not None else VolumeView()


def _cap(params: TwapParams) -> Decimal:
    """Percent of the market's volume."""
    if not isinstance(params, VwapParams):
        raise TypeError(f"VWAP needs VwapParams, not {type(params).__name__}")
    return params.max_participation


def _duration_us(params: TwapParams) -> int:
    return round(params.duration * MICROSECONDS)
