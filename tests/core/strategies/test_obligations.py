"""What every plan owes the trader, whatever the books look like: nothing lost, nothing past the limit, nothing a venue would refuse."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.domain.enums import ExecutionStrategy, MarketType, TimeInForce
from core.domain.market import BookState, MarketView
from core.domain.plan import ExecutionRequest, Plan, PlannedChild
from core.strategies.params import MinimalImpactParams, PriceOptimizedParams, parse_params
from core.strategies.registry import REGISTRY
from core.strategies.walk import walk, within_limit, worst_price
from tests.core.making import market as market_of
from tests.core.making import request as ask
from tests.core.strategies.random_markets import all_in_cost, markets, requests

ROUTERS = [strategy for strategy in REGISTRY if strategy not in (ExecutionStrategy.ICEBERG, ExecutionStrategy.TWAP, ExecutionStrategy.VWAP)]
TAKING_ROUTERS = [strategy for strategy in ROUTERS if strategy is not ExecutionStrategy.PRICE_OPTIMIZED_LIQUIDITY]
LIVE = st.just(BookState.LIVE)
ZERO = Decimal(0)


def plan_of(request: ExecutionRequest, market: MarketView) -> Plan:
    return REGISTRY[request.strategy].plan(request, market, parse_params(request.strategy, request.params))


@pytest.mark.parametrize("strategy", list(REGISTRY), ids=lambda s: s.value)
@given(data=st.data())
def test_every_unit_is_accounted_for_and_every_child_would_be_accepted(strategy: ExecutionStrategy, data: st.DataObject) -> None:
    market, request = data.draw(markets()), data.draw(requests(strategy))
    plan = plan_of(request, market)
    params = parse_params(strategy, request.params)
    assert sum((c.amount for c in plan.children), ZERO) + plan.scheduled + plan.unallocated == request.amount
    assert plan.scheduled >= 0
    assert plan.unallocated >= 0
    limit = worst_price(request, market)
    if limit is not None and isinstance(params, PriceOptimizedParams) and request.price is not None:
        limit *= 1 + request.side.sign * params.max_slippage_percent / 100
    for child in plan.children:
        book = market.books[child.exchange]
        instrument = book.instrument
        assert book.state is BookState.LIVE
        assert child.amount > 0
        assert child.amount % instrument.lot == 0
        assert child.price % instrument.tick == 0
        assert instrument.shortfall_of_minimums(child.amount, child.price) is None
        assert limit is not None
        assert request.side.sign * (child.price - limit) <= 0
        assert params.include_spot or instrument.market_type is not MarketType.SPOT
        assert params.include_perp or instrument.market_type is not MarketType.PERP
        assert not request.post_only or child.post_only
    assert len({child.exchange for child in plan.children if not child.rests}) == len([c for c in plan.children if not c.rests])
    assert plan.children or plan.blocking


@pytest.mark.parametrize("strategy", list(REGISTRY), ids=lambda s: s.value)
@given(data=st.data())
def test_a_venue_that_is_not_used_is_named_with_a_reason(strategy: ExecutionStrategy, data: st.DataObject) -> None:
    market, request = data.draw(markets()), data.draw(requests(strategy))
    plan = plan_of(request, market)
    used = {child.exchange for child in plan.children}
    for venue, book in market.books.items():
        if book.state is not BookState.LIVE:
            assert plan.left_out[venue]
        if plan.children and strategy in ROUTERS and venue not in used:
            assert plan.left_out.get(venue), f"{venue} is out without a word"


@pytest.mark.parametrize("strategy", TAKING_ROUTERS, ids=lambda s: s.value)
@given(data=st.data())
def test_no_router_takes_more_or_cheaper_than_the_optimal_sweep(strategy: ExecutionStrategy, data: st.DataObject) -> None:
    market = data.draw(markets(states=LIVE))
    request = replace(data.draw(requests(strategy)), time_in_force=TimeInForce.IOC, post_only=False)
    other = plan_of(request, market)
    include = {name: request.params[name] for name in ("include_spot", "include_perp")}
    best = plan_of(replace(request, strategy=ExecutionStrategy.PRICE_OPTIMIZED_LIQUIDITY, params=include), market)
    taken = sum((c.expected_amount for c in other.children), ZERO)
    assume(all(stands_alone(child, market) for child in other.children))
    assert best.expected_amount >= taken or not other.children
    if taken == best.expected_amount:
        assert all_in_cost(best.children, request.side) <= all_in_cost(other.children, request.side)


@given(data=st.data())
def test_minimal_impact_takes_the_same_small_share_of_every_band(data: st.DataObject) -> None:
    market = data.draw(markets(states=LIVE))
    drawn = data.draw(requests(ExecutionStrategy.MINIMAL_MARKET_IMPACT))
    request = replace(drawn, post_only=False, params={**drawn.params, "liquidity_type": "base"})
    plan = plan_of(request, market)
    params = parse_params(request.strategy, request.params)
    assert isinstance(params, MinimalImpactParams)
    shares = []
    for child in plan.children:
        if child.rests:
            continue
        book = market.books[child.exchange]
        touch = book.best_ask if request.side.sign > 0 else book.best_bid
        limit = worst_price(request, market)
        assert touch is not None
        assert limit is not None
        edge = touch * (1 + request.side.sign * params.max_price_impact_percent / 100)
        worst = min(edge, limit) if request.side.sign > 0 else max(edge, limit)
        near = [
            book.instrument.amount_of(size)
            for tick, size in zip(book.side(request.side).ticks[: params.price_levels], book.side(request.side).sizes, strict=False)
            if request.side.sign * (book.instrument.price_of(tick) - worst) <= 0
        ]
        depth = sum(near, ZERO)
        assert child.amount <= depth * params.max_share_percent / 100
        shares.append((child.amount / depth, book.instrument.lot / depth))
    if shares and plan.scheduled > 1:  # the last clips are shaped by what they would leave: never larger, but a little uneven
        least = min(share + lot for share, lot in shares)
        assert all(share <= least for share, _ in shares)


def stands_alone(child: PlannedChild, market: MarketView) -> bool:
    """What it takes would be accepted at the price it reaches, as a sweep sends it. A large or dear limit can nibble at
    a book that holds less than the venue's minimum; a sweep sends only what it expects to fill, at the worst level it needs.
    """
    book = market.books[child.exchange]
    reached = walk(book.instrument, within_limit(book, child.side, child.price), child.amount)
    return reached.worst is None or book.instrument.shortfall_of_minimums(reached.amount, reached.worst) is None


def test_an_even_split_is_even_to_the_lot_and_gives_crumbs_away() -> None:
    from tests.core.making import book

    venues = [book(v, asks=[("100", "9")], bids=[("99", "1")]) for v in ("binance_spot", "okx_spot", "kraken_spot")]
    plan = plan_of(ask(amount="1", price="101", strategy=ExecutionStrategy.SPLIT_EVENLY), market_of(*venues))
    assert sorted(c.amount for c in plan.children) == [Decimal("0.333"), Decimal("0.333"), Decimal("0.334")]


def test_a_venue_under_its_minimum_drops_out_and_its_share_is_redistributed() -> None:
    from tests.core.making import book

    rules = {"binance_spot": "0", "okx_spot": "0.4", "kraken_spot": "0"}
    venues = [book(v, asks=[("100", "9")], bids=[("99", "1")], min_amount=least) for v, least in rules.items()]
    plan = plan_of(ask(amount="1", price="101", strategy=ExecutionStrategy.SPLIT_EVENLY), market_of(*venues))
    assert {c.exchange: c.amount for c in plan.children} == {"binance_spot": Decimal("0.5"), "kraken_spot": Decimal("0.5")}
    assert "under the minimum" in plan.left_out["okx_spot"]
