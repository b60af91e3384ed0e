"""All ten strategies on one request: what a trader reads before choosing."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.comparison import Comparison, best_of
from core.domain.enums import ExecutionStrategy, OrderType, TimeInForce
from core.domain.errors import NotPossible
from core.domain.market import BookState, MarketView
from core.domain.plan import ExecutionRequest
from core.execution.compare import compare
from core.execution.estimate import Flow
from core.strategies.params import parse_params
from core.strategies.registry import REGISTRY, find_strategy
from tests.core.execution.floor import floor
from tests.core.making import book, market, request
from tests.core.strategies.random_markets import markets, requests

D = Decimal
S = ExecutionStrategy
ASKS = [("100.2", "2"), ("100.4", "5"), ("101", "50")]
BIDS = [("100", "2"), ("99.8", "5"), ("99", "50")]


def silent(_venue: str) -> Decimal | None:
    return None


def two_venues() -> MarketView:
    """A spot venue that is dear to take and cheap to wait on, and a cheap perp."""
    return market(
        book("binance_spot", BIDS, ASKS, taker_fee="0.001", maker_fee="0"),
        book("bybit_perp", BIDS, ASKS, taker_fee="0.0005", maker_fee="0.0002"),
    )


def compared(wanted: ExecutionRequest, view: MarketView | None = None, flow: Flow = silent) -> dict[ExecutionStrategy, Comparison]:
    return {each.strategy: each for each in compare(wanted, view or two_venues(), flow, find_strategy)}


def test_all_ten_answer_in_their_order_and_the_missing_say_so() -> None:
    answers = compare(request(amount="3", price="101"), two_venues(), silent, find_strategy)
    assert [each.strategy for each in answers] == list(ExecutionStrategy)
    for each in answers:
        if each.strategy not in REGISTRY:
            assert "not available yet" in each.why_not
        else:
            assert each.why_not == ""


def test_no_router_that_fills_everything_is_cheaper_than_the_price_optimized_one() -> None:
    answers = compared(request(amount="9", price="101"))
    optimum = answers[S.PRICE_OPTIMIZED_LIQUIDITY]
    assert optimum.complete
    assert optimum.all_in_bps is not None
    for each in answers.values():
        if each.complete and not each.estimated and each.all_in_bps is not None:
            assert each.all_in_bps >= optimum.all_in_bps


def test_expected_and_residual_add_up_to_the_order() -> None:
    for each in compared(request(amount="200", price="100.4")).values():
        assert each.expected_amount + each.residual == 200
        assert 0 <= each.residual <= 200


def test_the_trader_reads_what_a_sweep_costs_all_in() -> None:
    answer = compared(request(amount="2", price="101"))[S.PRICE_OPTIMIZED_LIQUIDITY]
    # 2 at 100.2 on the perp, the mid at 100.1: 10 bps of price and 5 of fees.
    assert answer.average_price == D("100.2")
    assert answer.fees == D("0.1002")
    assert answer.all_in_bps == pytest.approx(D("14.995"), abs=D("0.001"))
    assert answer.duration_s == 0
    assert answer.worst_price == D("100.2")


def test_what_is_beyond_the_limit_counts_as_residual_although_it_would_rest() -> None:
    answer = compared(request(amount="20", price="100.4"))[S.PRICE_OPTIMIZED_LIQUIDITY]
    assert answer.expected_amount == 14
    assert answer.residual == 6
    assert not answer.complete
    assert "rests" in answer.note


def test_the_requests_own_parameters_count_and_the_kinds_of_venues_for_all() -> None:
    params = parse_params(S.TWAP, {"duration": "10m", "include_perp": False}).model_dump()
    answers = compared(replace(request(amount="3", price="101"), strategy=S.TWAP, params=params))
    assert answers[S.TWAP].duration_s == 600
    assert answers[S.PRICE_OPTIMIZED_LIQUIDITY].fees == pytest.approx(D("0.3008"), abs=D("0.0001")), "10 bps: the spot venue's fee"


def test_an_aggressive_twap_pays_for_slices_what_a_sweep_of_one_slice_pays() -> None:
    params = parse_params(S.TWAP, {"style": "aggressive", "slices": 10, "randomize": 0}).model_dump()
    wanted = replace(request(amount="20", price="101"), strategy=S.TWAP, params=params)
    slice_cost = compared(request(amount="2", price="101"))[S.PRICE_OPTIMIZED_LIQUIDITY].all_in_bps
    twap = compared(wanted)[S.TWAP]
    assert twap.all_in_bps == pytest.approx(slice_cost)
    assert twap.complete
    assert twap.estimated
    assert "all crossing" in twap.note


def test_a_passive_part_makes_a_twap_cheaper_by_as_much_as_trades_there() -> None:
    params = parse_params(S.TWAP, {"style": "balanced", "slices": 10, "duration": 100, "randomize": 0}).model_dump()
    wanted = replace(request(amount="20", price="101"), strategy=S.TWAP, params=params)
    # The slice of 2 waits 7 s behind a queue of 2; where 2 a second trade, 7 hit our side meanwhile: 1 - exp(-7 / 4).
    busy, slow, dead = (compared(wanted, flow=flow)[S.TWAP] for flow in (lambda _: D(2), lambda _: D("0.8"), lambda _: D("0.1")))
    assert "83% passive" in busy.note
    assert "50% passive" in slow.note
    assert "8% passive" in dead.note
    assert busy.all_in_bps is not None
    assert slow.all_in_bps is not None
    assert dead.all_in_bps is not None
    assert busy.all_in_bps < 0 < slow.all_in_bps < dead.all_in_bps, "mostly passive it earns the half spread"


def test_where_nothing_has_traded_yet_the_passive_part_is_said_to_be_assumed() -> None:
    assert "assumed" in compared(request(amount="20", price="101"))[S.TWAP].note


def test_a_passive_twap_that_leaves_its_rest_says_how_much_that_will_be() -> None:
    params = parse_params(S.TWAP, {"style": "passive", "end_policy": "leave", "slices": 10, "duration": 100, "randomize": 0}).model_dump()
    twap = compared(replace(request(amount="20", price="101"), strategy=S.TWAP, params=params), flow=lambda _: D("0.6"))[S.TWAP]
    assert twap.expected_amount == pytest.approx(D("10.55"), abs=D("0.01"))  # 10 s bring 3 to our side: 1 - exp(-3 / 4)
    assert twap.expected_amount + twap.residual == 20


def test_an_iceberg_takes_as_long_as_its_queues_and_fills_take() -> None:
    answers = compared(request(amount="20", price="101"), flow=lambda _: D(2))
    iceberg = answers[S.ICEBERG]
    assert iceberg.all_in_bps is not None
    assert iceberg.all_in_bps < 0, "it earns the half spread and its venue takes no maker fee"
    assert iceberg.duration_s is not None
    assert iceberg.duration_s > 20
    assert compared(request(amount="20", price="101"))[S.ICEBERG].duration_s is None, "nothing traded: nobody knows"


def test_an_iceberg_with_a_limit_far_below_the_market_waits_for_it_to_come() -> None:
    iceberg = compared(request(amount="20", price="90"))[S.ICEBERG]
    assert iceberg.expected_amount == 0
    assert "only if the market comes" in iceberg.note


def test_a_trigger_is_compared_as_what_it_turns_into() -> None:
    stop = replace(request(amount="2", price=None), order_type=OrderType.STOP, trigger_price=D(105), time_in_force=TimeInForce.GTC)
    assert compared(stop)[S.PRICE_OPTIMIZED_LIQUIDITY].average_price == D("100.2")


WORKING = (S.ICEBERG, S.TWAP, S.VWAP)


@pytest.mark.parametrize("time_in_force", [TimeInForce.FOK, TimeInForce.IOC])
def test_what_works_over_time_does_not_claim_to_be_immediate(time_in_force: TimeInForce) -> None:
    answers = compared(request(amount="3", price="101", time_in_force=time_in_force))
    for strategy in WORKING:
        assert f"can't be {time_in_force.value}" in answers[strategy].why_not
        assert answers[strategy].residual == 3
    assert answers[S.PRICE_OPTIMIZED_LIQUIDITY].why_not == ""


@pytest.mark.parametrize("price", ["101", None], ids=["limit", "market"])
def test_nothing_serves_a_fill_or_kill_for_more_than_there_is(price: str | None) -> None:
    for each in compared(request(amount="500", price=price, time_in_force=TimeInForce.FOK)).values():
        assert each.why_not, each.strategy
        assert each.residual == 500


def test_clips_do_not_serve_a_fill_or_kill_that_one_clip_can_not_fill() -> None:
    answer = compared(request(amount="9", price="101", time_in_force=TimeInForce.FOK))[S.MINIMAL_MARKET_IMPACT]
    assert answer.why_not == "Fill-or-kill: not all of it could be filled within the limit now."


@pytest.mark.parametrize("words", [{"time_in_force": "fok"}, {"time_in_force": "ioc"}, {"time_in_force": "fok", "amount": "500"}, {}])
async def test_a_strategy_that_serves_in_the_comparison_is_one_that_execution_takes(words: dict[str, str]) -> None:
    async with floor("binance_spot", "okx_spot") as f:
        asked = {"symbol": "BTC/USDT", "side": "buy", "amount": "3", "price": "101.5"} | words
        for each in f.engine.compare(f.engine.request(**asked)):
            try:
                why_not = f.engine.preview(f.engine.request(**asked, strategy=each.strategy)).blocking
            except NotPossible as refused:
                why_not = str(refused)
            assert bool(each.why_not) == bool(why_not), (each.strategy, each.why_not, why_not)


def test_no_market_at_all_is_answered_in_words() -> None:
    dead = market(book("binance_spot", BIDS, ASKS, state=BookState.STALE))
    for each in compared(request(), dead).values():
        assert each.why_not
        assert each.residual == 1
    assert best_of(list(compared(request(), dead).values())) is None


def test_the_best_is_the_cheapest_of_those_that_fill_everything() -> None:
    cheap_part = Comparison(S.ICEBERG, D(10), all_in_bps=D(1), expected_amount=D(5), residual=D(5))
    whole = Comparison(S.TWAP, D(10), all_in_bps=D(4), expected_amount=D(10))
    dear = Comparison(S.BEST_PRICE, D(10), all_in_bps=D(9), expected_amount=D(10))
    assert best_of([cheap_part, dear, whole]) is S.TWAP
    assert best_of([cheap_part, Comparison(S.VWAP, D(10), why_not="no")]) is S.ICEBERG
    assert best_of([]) is None


def test_dust_does_not_make_a_strategy_incomplete() -> None:
    dusty = Comparison(S.TWAP, D(10), all_in_bps=D(4), expected_amount=D("9.995"), residual=D("0.005"))
    dear = Comparison(S.BEST_PRICE, D(10), all_in_bps=D(9), expected_amount=D(10))
    assert best_of([dear, dusty]) is S.TWAP


@given(view=markets(), data=st.data(), strategy=st.sampled_from(sorted(REGISTRY)))
def test_it_never_raises_and_always_accounts_for_everything(view: MarketView, data: st.DataObject, strategy: ExecutionStrategy) -> None:
    wanted = data.draw(requests(strategy))
    flow = data.draw(st.none() | st.decimals(min_value=0, max_value=1_000, places=3))
    for each in compare(wanted, view, lambda _: flow, find_strategy):
        assert each.expected_amount + each.residual == wanted.amount
        assert each.residual >= 0
        assert (each.all_in_bps is None) == (each.expected_amount == 0)


async def test_the_engine_compares_on_its_own_books() -> None:
    async with floor("binance_spot", "okx_spot") as f:
        wanted = f.engine.request(symbol="BTC/USDT", side="buy", amount="3", price="101.5", strategy="best_price")
        answers = {each.strategy: each for each in f.engine.compare(wanted)}
        plan = f.engine.preview(wanted)
        assert answers[S.BEST_PRICE].all_in_bps == plan.all_in_bps
        assert answers[S.PRICE_OPTIMIZED_LIQUIDITY].average_price == D("100.6666666666666666666666667")
