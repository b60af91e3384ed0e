"""A TCA report as figures: plus always costs, minus always gains."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from core.domain.comparison import Comparison
from core.domain.enums import ExecutionStrategy, OrderSide
from core.domain.tca import Costs, TcaReport
from gui.blotter.rows import Digits
from gui.inspector.costs import Line, costs_sheet, footnotes

D = Decimal
DIGITS = Digits(price=2, amount=5)
REPORT = TcaReport(
    order_id="p1",
    symbol="BTC/USDT",
    side=OrderSide.SELL,
    strategy=ExecutionStrategy.TWAP,
    amount=D(2),
    filled_amount=D(1),
    average_price=D("61000"),
    decision_us=1,
    arrival_us=2,
    measured_us=3,
    running=True,
    decision_mid=D("61100"),
    arrival_mid=D("61061"),
    end_mid=D("61050"),
    costs=Costs(delay=D("39"), spread=D("-5"), timing=D("66"), opportunity=D("0"), fees=D("12.2"), shortfall=D("112.2")),
    half_spread_bps=D("-0.82"),
    market_volume=D(40),
    market_vwap=D("60900"),
    market_twap=None,
    predicted=Comparison(ExecutionStrategy.TWAP, D(2), all_in_bps=D("7.5"), note="60% passive"),
)


def lines(report: TcaReport = REPORT) -> dict[str, Line]:
    return {line.label: line for block in costs_sheet(report, DIGITS).blocks for line in block}


def test_the_shortfall_comes_first_with_its_unit_and_sign() -> None:
    first = costs_sheet(REPORT, DIGITS).blocks[0][0]
    assert (first.label, first.text, first.second, first.tone) == ("Shortfall", "+112.20 USDT", "+9.18 bps", "error")


def test_gains_are_minus_and_look_like_gains() -> None:
    spread = lines()["Spread"]
    assert (spread.text, spread.tone) == ("\u22125.00 USDT", "ok")
    assert lines()["Half spread earned"].second == "0.82 bps"
    assert lines()["Opportunity"].tone == ""


def test_a_sell_below_its_benchmark_is_a_cost_and_above_it_a_gain() -> None:
    assert lines()["Arrival mid"].second == "+9.99 bps"
    assert lines()["Arrival mid"].tone == "error"
    assert lines()["Market VWAP"].second == "\u221216.42 bps"
    assert lines()["Market VWAP"].tone == "ok"


def test_what_was_foreseen_stands_beside_what_came() -> None:
    assert lines()["All-in, foreseen"].second == "+7.50 bps"
    assert "60% passive" in lines()["All-in, foreseen"].help
    assert lines()["All-in, realised"].second == "+11.99 bps"


def test_a_running_order_is_valued_at_the_present_mid() -> None:
    assert "Mid now" in lines()
    assert "Mid at the end" in lines(replace(REPORT, running=False))


def test_an_order_without_fills_or_market_has_the_same_lines_and_dashes() -> None:
    empty = replace(REPORT, filled_amount=D(0), average_price=None, costs=None, half_spread_bps=None, market_vwap=None, predicted=None)
    assert len(costs_sheet(empty, DIGITS).blocks[0]) == len(costs_sheet(REPORT, DIGITS).blocks[0])
    assert lines(empty)["Shortfall"].text == "–"
    assert lines(empty)["Average"].text == "–"
    assert lines(empty)["Market VWAP"].second == "–"


def test_the_footnote_says_how_much_of_the_market_we_were_and_what_is_missing() -> None:
    assert footnotes(REPORT) == "2.5 % of what the venues traded meanwhile."
    assert footnotes(replace(REPORT, notes=("Fees in BNB …",), market_volume=D(0))) == "Fees in BNB …"
