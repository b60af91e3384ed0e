"""VWAP as a pure function: over random curves, volumes and fills it keeps its promises at every single look."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from core.domain.clock import MICROSECONDS
from core.domain.enums import ExecutionStrategy
from core.domain.market import MarketView, VolumeView
from core.domain.orders import PendingAction
from core.strategies.base import AlgoState, LiveChild
from core.strategies.params import VwapParams
from core.strategies.schedule import Weigh, make_schedule, possible_slices
from core.strategies.vwap import Vwap, share_by
from tests.core.making import NOW_US, book, instrument, market, request

ZERO = Decimal(0)
SECONDS = 200


@dataclass(frozen=True)
class Steps:
    """Each of twenty steps of ten seconds expects its own volume, over and over."""

    volumes: tuple[float, ...]
    source: str = "volume curve from a test"

    def expected(self, from_us: int, to_us: int) -> float:
        return self._until(to_us) - self._until(from_us)

    def _until(self, at_us: int) -> float:
        steps = (at_us - NOW_US) / 10e6
        whole = int(steps // 1)
        rounds, rest = divmod(whole, len(self.volumes))
        return rounds * sum(self.volumes) + sum(self.volumes[:rest]) + self.volumes[rest] * (steps - whole)


curves = st.lists(st.floats(0.1, 50), min_size=20, max_size=20).map(lambda volumes: Steps(tuple(volumes)))
slices = st.integers(1, 40)
jitter = st.integers(0, 50)


def params(count: int = 10, randomize: int = 0, **more: object) -> VwapParams:
    return VwapParams.model_validate({"duration": SECONDS, "slices": count, "randomize": randomize, "style": "aggressive", **more})


def weigh_of(curve: Steps) -> Weigh:
    return lambda from_us, to_us: curve.expected(NOW_US + from_us, NOW_US + to_us)


def deep_market(volume: VolumeView, now_us: int = NOW_US) -> MarketView:
    books = book("binance_spot", [("100", "900")], [("100.1", "900")]), book("okx_spot", [("99.9", "900")], [("100.2", "900")])
    return replace(market(*books), now_us=now_us, volume=volume)


@given(curve=curves, count=slices, randomize=jitter, seed=st.integers(0, 10**6))
def test_a_schedule_from_a_curve_ends_with_everything_and_never_goes_back(curve: Steps, count: int, randomize: int, seed: int) -> None:
    schedule = make_schedule(params(count, randomize), count, seed, weigh_of(curve))
    assert schedule.shares[-1] == 1
    assert all(earlier < later for earlier, later in pairwise((ZERO, *schedule.shares)))
    assert schedule.starts_us[0] == 0
    assert all(earlier < later for earlier, later in pairwise((*schedule.starts_us, schedule.duration_us)))


@given(curve=curves, count=slices, randomize=jitter, seed=st.integers(0, 10**6))
def test_jitter_moves_a_slice_by_no_more_than_it_may(curve: Steps, count: int, randomize: int, seed: int) -> None:
    calm = make_schedule(params(count, 0), count, seed, weigh_of(curve))
    moved = make_schedule(params(count, randomize), count, seed, weigh_of(curve))
    most = Decimal(1 + randomize / 100) / Decimal(1 - randomize / 100)  # one up, all others down
    for calm_pair, moved_pair in zip(pairwise((ZERO, *calm.shares)), pairwise((ZERO, *moved.shares)), strict=True):
        regular, size = calm_pair[1] - calm_pair[0], moved_pair[1] - moved_pair[0]
        assert regular / most * Decimal("0.999999") <= size <= regular * most * Decimal("1.000001")
    interval_us = SECONDS * MICROSECONDS / count
    for calm_us, moved_us in zip(calm.starts_us, moved.starts_us, strict=True):
        assert abs(moved_us - calm_us) <= interval_us * randomize / 200 + 1


@given(curve=curves, minimum=st.integers(1, 50))
def test_the_lightest_slice_is_still_one_that_venues_take(curve: Steps, minimum: int) -> None:
    venue = instrument(min_amount=str(minimum))
    count = possible_slices(params(40), Decimal(100), Decimal(100), [venue], weigh_of(curve))
    schedule = make_schedule(params(40), count, 0, weigh_of(curve))
    sizes = [later - earlier for earlier, later in pairwise((ZERO, *schedule.shares))]
    assert count == 1 or min(sizes) * 100 >= minimum


@given(
    curve=curves,
    count=slices,
    randomize=jitter,
    seed=st.integers(0, 10**6),
    cap=st.integers(1, 100),
    paces=st.lists(st.floats(0, 4), min_size=20, max_size=20),
    luck=st.lists(st.sampled_from([0, 0, 1, 2, 4]), min_size=SECONDS + 1, max_size=SECONDS + 1),
)
def test_at_no_look_is_it_ahead_of_its_aim_or_past_its_cap(
    curve: Steps, count: int, randomize: int, seed: int, cap: int, paces: list[float], luck: list[int]
) -> None:
    """Every second: some of what is live fills or not, the market trades more or less than usual, and VWAP decides."""
    own, amount, traded = params(count, randomize, max_participation=cap), Decimal(20), Decimal(0)
    state = AlgoState(request(amount="20", price="101", strategy=ExecutionStrategy.VWAP), Decimal(0), (), NOW_US, seed=seed)
    for second in range(SECONDS):
        now_us = NOW_US + second * MICROSECONDS
        decision = Vwap().decide(state, now_us, deep_market(VolumeView(curve, traded=traded), now_us), own)
        live = [child for child in state.live if child.id not in decision.cancel]
        sent = sum((child.amount for child in decision.send), Decimal(0))
        if sent:
            committed = state.filled_amount + state.live_amount + sent
            assert decision.target_amount is not None
            assert committed <= decision.target_amount
            assert committed <= traded * cap / 100
            assert decision.target_amount <= amount
        for index, child in enumerate(decision.send):
            live.append(
                LiveChild(
                    f"{second}.{index}", child.exchange, child.price, child.amount, Decimal(0), PendingAction.NONE, True, False, now_us
                )
            )
        filled = state.filled_amount
        if luck[second]:  # what is live fills by quarters, the rest is over
            filled += sum((instrument().floor_amount(child.open_amount * luck[second] / 4) for child in live), Decimal(0))
            live = []
        traded += Decimal(repr(round(curve.expected(now_us, now_us + MICROSECONDS) * paces[second // 10], 3)))
        state = replace(state, filled_amount=filled, live=tuple(live), memory=decision.memory or state.memory)


@given(curve=curves, part=st.floats(0, 1), ahead=st.floats(0, 1), pace=st.floats(0, 10), prior=st.floats(0.01, 2))
def test_the_rescaled_share_stays_between_nothing_and_everything(
    curve: Steps, part: float, ahead: float, pace: float, prior: float
) -> None:
    whole = sum(curve.volumes)
    past = part * whole
    until = past + ahead * (whole - past)
    share = share_by(until, past, whole, past * pace, prior)
    assert 0 <= share <= 1
    assert share_by(whole, past, whole, past * pace, prior) >= share


def test_on_a_usual_day_nothing_is_rescaled() -> None:
    assert abs(share_by(600, 250, 1000, 250) - 0.6) < 1e-12


def test_restarted_without_its_curve_it_goes_on_by_time_and_says_so() -> None:
    memory = {"slices": 10, "lot": "0.001", "follows": "volume"}
    state = AlgoState(request(amount="10", price="101", strategy=ExecutionStrategy.VWAP), Decimal(0), (), NOW_US, memory=memory)
    decision = Vwap().decide(state, NOW_US + MICROSECONDS, deep_market(VolumeView(None, traded=Decimal(500))), params())
    assert sum(child.amount for child in decision.send) == 1
    assert "slices follow time instead (TWAP)" in decision.reason


def test_a_schedule_of_many_slices_is_made_once_and_not_at_every_look() -> None:
    calls = []

    @dataclass(frozen=True)
    class Counting:
        source: str = "counting"

        def expected(self, from_us: int, to_us: int) -> float:
            calls.append(from_us)
            return (to_us - from_us) / 1e6

    state = AlgoState(request(amount="900", price="101", strategy=ExecutionStrategy.VWAP), Decimal(0), (), NOW_US, memory={})
    view, own, curve = VolumeView(traded=Decimal(0)), params(1000), Counting()
    memory = Vwap().decide(state, NOW_US, deep_market(replace(view, curve=curve)), own).memory
    assert memory is not None
    calls.clear()
    for second in range(1, 50):
        Vwap().decide(replace(state, memory=memory), NOW_US + second * MICROSECONDS, deep_market(replace(view, curve=curve)), own)
    assert len(calls) < 200
