"""Random books, venue rules and requests for property tests: ugly lots, minimums, fees, old and crossed books."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from core.domain.enums import ExecutionStrategy, OrderSide, OrderType, TimeInForce
from core.domain.market import BookState, BookView, MarketView
from core.domain.plan import ExecutionRequest
from core.strategies.params import parse_params
from tests.core.making import book, market, request

VENUES = ("binance_spot", "binance_perp", "okx_spot", "kraken_spot")
MIXED_STATES = st.sampled_from([BookState.LIVE] * 5 + [BookState.STALE, BookState.CROSSED, BookState.GAP])


@st.composite
def rows(draw: st.DrawFn, first_tick: int, step: int, tick: str, lot: str) -> list[tuple[str, str]]:
    """Levels away from `first_tick`, in whole lots, as a venue's own orders come."""
    tick_now, made = first_tick, []
    for _ in range(draw(st.integers(0, 6))):
        made.append((str(tick_now * Decimal(tick)), str(draw(st.integers(1, 400)) * Decimal(lot))))
        tick_now += step * draw(st.integers(1, 4))
    return made


@st.composite
def books(draw: st.DrawFn, venue: str, *, states: Any = MIXED_STATES) -> BookView:
    tick = draw(st.sampled_from(["0.1", "0.5", "0.01"]))
    lot = draw(st.sampled_from(["0.001", "0.01", "0.003", "0.1"]))
    middle = int(Decimal(100) / Decimal(tick)) + draw(st.integers(-3, 3))
    return book(
        venue,
        bids=draw(rows(middle - draw(st.integers(1, 3)), -1, tick, lot)),
        asks=draw(rows(middle + draw(st.integers(1, 3)), 1, tick, lot)),
        state=draw(states),
        tick=tick,
        lot=lot,
        size_unit="0.001",
        min_amount=draw(st.sampled_from(["0", "0.01", "0.5"])),
        min_notional=draw(st.sampled_from(["0", "5", "60"])),
        taker_fee=draw(st.sampled_from(["0", "0.0005", "0.001", "0.0026"])),
        maker_fee=draw(st.sampled_from(["0", "0.0002", "0.0016", "-0.0001"])),
        fee_in_base=draw(st.booleans()) if venue.endswith("_spot") else False,
    )


@st.composite
def markets(draw: st.DrawFn, *, states: Any = MIXED_STATES) -> MarketView:
    chosen = draw(st.lists(st.sampled_from(VENUES), min_size=1, max_size=4, unique=True))
    return market(*(draw(books(venue, states=states)) for venue in chosen))


PARAMS: dict[ExecutionStrategy, list[dict[str, object]]] = {
    ExecutionStrategy.PRICE_OPTIMIZED_LIQUIDITY: [{}, {"max_slippage_percent": 1}],
    ExecutionStrategy.SPLIT_BY_LIQUIDITY: [{}, {"liquidity_type": "quote", "min_liquidity_percent": 0.3}],
    ExecutionStrategy.MINIMAL_MARKET_IMPACT: [{}, {"liquidity_type": "quote", "max_share_percent": 60, "price_levels": 3}],
    ExecutionStrategy.ICEBERG: [{}, {"display_amount": 0.7, "variance": 50}],
}


@st.composite
def requests(draw: st.DrawFn, strategy: ExecutionStrategy) -> ExecutionRequest:
    limit = draw(st.none() | st.integers(950, 1050))
    amount = str(Decimal(draw(st.integers(1, 20_000))) / 1000)
    include = draw(st.sampled_from([{}, {"include_spot": False}, {"include_perp": False}]))
    params = parse_params(strategy, {**draw(st.sampled_from(PARAMS.get(strategy, [{}]))), **include})
    words: dict[str, Any] = {"strategy": strategy, "params": params.model_dump()}
    if limit is None:
        words["time_in_force"] = TimeInForce.IOC
    else:
        words["time_in_force"] = draw(st.sampled_from([TimeInForce.GTC, TimeInForce.IOC]))
        words["post_only"] = words["time_in_force"] is TimeInForce.GTC and draw(st.booleans())
    made = request(draw(st.sampled_from(["buy", "sell"])), amount, None if limit is None else str(Decimal(limit) / 10), **words)
    assert made.order_type is (OrderType.MARKET if limit is None else OrderType.LIMIT)
    return made


def all_in_cost(plan_children: Any, side: OrderSide) -> Decimal:
    """What the children are expected to cost now, fees in; a sell's is negative."""
    notional = sum((c.expected_amount * c.expected_price for c in plan_children if c.expected_price is not None), Decimal(0))
    cost = side.sign * notional + sum((c.expected_fee for c in plan_children), Decimal(0))
    return cost.quantize(Decimal("1e-12"))  # an average price has been divided: its last digits are not money
