"""Transaction cost analysis: where the money went, to the last digit."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.enums import ExecutionStrategy, Liquidity, OrderSide
from core.domain.orders import Fill
from core.domain.tca import Costs
from core.execution.tca import Execution, Mark, MarketTraded, tca

D = Decimal
Spec = tuple[str, str, str | None]  # price, amount, mid at the fill


def fill(price: str, amount: str, *, side: str = "buy", fee: str = "0", currency: str = "USDT", number: int = 0) -> Fill:
    return Fill(
        "binance_spot", f"t{number}", "c", "BTC/USDT", OrderSide(side), D(price), D(amount), D(fee), currency, Liquidity.TAKER, number
    )


def mid(value: str | None) -> Decimal | None:
    return None if value is None else D(value)


def execution(
    *fills: tuple[Fill, str | None],
    side: str = "buy",
    amount: str = "10",
    decision: str | None = "100",
    arrival: str | None = "101",
    end: str | None = "104",
    running: bool = False,
) -> Execution:
    return Execution(
        order_id="p1",
        symbol="BTC/USDT",
        side=OrderSide(side),
        strategy=ExecutionStrategy.TWAP,
        amount=D(amount),
        decision=Mark(0, mid(decision)),
        arrival=Mark(1, mid(arrival)),
        fills=[(each, mid(at)) for each, at in fills],
        end=Mark(9, mid(end)),
        running=running,
        market=MarketTraded(D(80), D(102), D("102.5")),
    )


def costs(measured: Execution) -> Costs:
    found = tca(measured).costs
    assert found is not None
    return found


def test_a_buy_that_chased_a_rising_market_pays_in_every_part() -> None:
    parts = costs(execution((fill("102.5", "4", fee="0.4", number=1), "102"), (fill("103.5", "4", fee="0.6", number=2), "103")))
    assert parts.delay == 8  # 8 filled, the market went from 100 to 101 before they could be sent
    assert parts.spread == 4  # half a point on each of 8
    assert parts.timing == 12  # 4 at a mid one point up, 4 two points up
    assert parts.opportunity == 8  # 2 never bought, now 4 dearer
    assert parts.fees == 1
    assert parts.shortfall == 33


def test_a_sell_into_the_same_market_gains_where_the_buy_paid() -> None:
    parts = costs(execution((fill("102", "8", side="sell"), "102"), side="sell"))
    assert (parts.delay, parts.spread, parts.timing, parts.opportunity) == (-8, 0, -8, -8)
    assert parts.shortfall == -24


def test_a_resting_order_earns_the_spread() -> None:
    report = tca(execution((fill("99.5", "10"), "100"), arrival="100", end="100"))
    assert report.costs is not None
    assert report.costs.spread == -5
    assert report.half_spread_bps == -50


def test_bps_are_of_the_decisions_notional_and_slippage_is_against_the_arrival() -> None:
    report = tca(execution((fill("102.01", "10", fee="10.1"), "101")))
    assert report.bps(D(10)) == 100
    assert report.slippage_bps == 100
    assert report.all_in_bps == 200
    assert report.against(report.market_vwap) == pytest.approx(D("0.98"), abs=D("0.01"))
    assert report.participation == D("0.125")


def test_fees_in_base_are_worth_what_their_fill_paid() -> None:
    assert costs(execution((fill("102", "1", fee="0.001", currency="BTC"), "102"))).fees == D("0.102")


def test_fees_in_a_third_currency_are_named_and_not_guessed() -> None:
    report = tca(execution((fill("102", "1", fee="0.3", currency="BNB"), "102")))
    assert report.costs is not None
    assert report.costs.fees == 0
    assert report.other_fees == {"BNB": D("0.3")}
    assert any("BNB" in note for note in report.notes)


def test_an_order_that_never_filled_costs_only_its_opportunity() -> None:
    report = tca(execution())
    assert report.costs is not None
    assert report.costs.shortfall == report.costs.opportunity == 40
    assert report.average_price is None
    assert report.slippage_bps is None
    assert report.all_in_bps is None


def test_where_a_mid_is_missing_the_one_before_stands_in_and_the_report_says_so() -> None:
    report = tca(execution((fill("103", "10"), None), end=None))
    assert report.costs is not None
    assert report.costs.spread == 20
    assert report.end_mid == 101
    assert any("1 of 1 fills" in note for note in report.notes)


def test_without_any_market_there_are_no_costs_and_no_crash() -> None:
    report = tca(execution((fill("103", "10"), None), decision=None, arrival=None, end=None))
    assert report.costs is None
    assert report.average_price == 103
    assert report.bps(D(1)) is None


def test_an_overfill_is_a_negative_residual_and_still_adds_up() -> None:
    report = tca(execution((fill("102", "12"), "102")))
    assert report.residual_amount == -2
    assert report.costs is not None
    assert report.costs.opportunity == -8
    assert report.costs.shortfall == sum(amount for _, amount in report.costs.parts())


prices = st.decimals(min_value="0.00000001", max_value="999999999", places=9)
amounts = st.decimals(min_value="0.00000001", max_value="99999999", places=10)
fees = st.decimals(min_value="-9999", max_value="9999", places=12)
fill_specs = st.lists(st.tuples(prices, amounts, fees, st.sampled_from(["USDT", "BTC"]), st.none() | prices), max_size=8)


@given(
    side=st.sampled_from(["buy", "sell"]),
    amount=amounts,
    marks=st.tuples(st.none() | prices, st.none() | prices, st.none() | prices),
    specs=fill_specs,
)
def test_the_parts_sum_to_the_shortfall_exactly(
    side: str,
    amount: Decimal,
    marks: tuple[Decimal | None, Decimal | None, Decimal | None],
    specs: list[tuple[Decimal, Decimal, Decimal, str, Decimal | None]],
) -> None:
    fills = [
        (fill(str(price), str(size), side=side, fee=str(fee), currency=currency, number=number), None if at is None else str(at))
        for number, (price, size, fee, currency, at) in enumerate(specs)
    ]
    texts = [None if mark is None else str(mark) for mark in marks]
    found = tca(execution(*fills, side=side, amount=str(amount), decision=texts[0], arrival=texts[1], end=texts[2])).costs
    if found is not None:
        assert sum((Fraction(part) for _, part in found.parts()), Fraction(0)) == Fraction(found.shortfall)
    else:
        assert not any(marks)
        assert all(at is None for *_, at in specs)
