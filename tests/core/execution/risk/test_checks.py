"""Each check's sentence: which limit, and by how much."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pydantic import ValidationError

from core.desk.limits import default_limits
from core.domain.clock import MICROSECONDS
from core.domain.enums import OrderSide
from core.domain.market import BookState
from core.execution.risk import checks
from core.execution.risk.limits import RiskLimits
from tests.core.making import book

LIMITS = RiskLimits(max_open_per_venue=3, max_open=5, max_orders_per_second=2, max_orders_per_minute=4)


def test_a_notional_says_how_much_it_is_over() -> None:
    said = checks.check_notional("A parent order", Decimal("61800.5"), Decimal(50_000), "USDT")
    assert said == "A parent order of 61,800.5 USDT is over the limit of 50,000 USDT by 11,800.5 USDT."


def test_a_notional_at_the_limit_passes() -> None:
    assert checks.check_notional("A parent order", Decimal(50_000), Decimal(50_000), "USDT") is None


@pytest.mark.parametrize(
    ("side", "price", "passes"),
    [("buy", "101", True), ("buy", "102.5", False), ("buy", "1", True), ("sell", "97.5", False), ("sell", "999", True)],
)
def test_the_collar_holds_on_the_side_that_costs(side: str, price: str, passes: bool) -> None:
    said = checks.check_collar(OrderSide(side), Decimal(price), Decimal(100), Decimal(200))
    assert (said is None) is passes


def test_the_collar_says_how_far_past_it_is() -> None:
    said = checks.check_collar(OrderSide.SELL, Decimal(97), Decimal(100), Decimal(200))
    assert said == "Price collar: 97 is 300 bps below the mid of 100, 100 bps past the limit of 200 bps."


@pytest.mark.parametrize("state", [state for state in BookState if state is not BookState.LIVE])
def test_no_book_but_a_live_one_is_traded_on(state: BookState) -> None:
    said = checks.check_book("okx_spot", book("okx_spot", state=state))
    assert said is not None
    assert said.startswith("Stale data: nothing is sent to okx_spot")
    assert checks.check_book("okx_spot", book("okx_spot")) is None


def test_open_orders_count_by_venue_first_and_then_in_all() -> None:
    assert checks.check_open("okx_spot", 2, 4, LIMITS) is None
    assert checks.check_open("okx_spot", 3, 3, LIMITS) == "Open orders: 3 are open on okx_spot, so one more is 1 over the limit of 3."
    assert checks.check_open("okx_spot", 0, 5, LIMITS) == "Open orders: 5 are open on all venues, so one more is 1 over the limit of 5."


def test_the_pace_is_judged_over_a_second_and_over_a_minute() -> None:
    now = 100 * MICROSECONDS
    assert checks.check_pace([now - MICROSECONDS], now, LIMITS) is None
    said = checks.check_pace([now - 10, now - 5], now, LIMITS)
    assert said == "Order rate: 2 orders went out in the last second, so one more is 1 over the limit of 2."
    spread = [now - seconds * MICROSECONDS for seconds in (50, 40, 30, 20)]
    assert "last minute" in str(checks.check_pace(spread, now, LIMITS))


def test_a_repeat_says_how_much_too_early_it_is() -> None:
    assert checks.check_repeat(None, 5) is None
    assert checks.check_repeat(5.0, 5) is None
    assert checks.check_repeat(1.2, 5) == (
        "Identical order: the same was placed 1.2 s ago; the limit is one in 5 s, so this one is 3.8 s too early."
    )


def test_funds_say_what_is_missing() -> None:
    said = checks.check_funds("okx_spot", "USDT", Decimal("1000.5"), Decimal(-3))
    assert said == "Balance: this takes 1,000.5 USDT on okx_spot and 0 USDT is free, 1,000.5 USDT too little."


def test_a_hair_over_a_limit_does_not_read_as_the_limit_itself() -> None:
    assert checks.check_notional("A parent order", Decimal("50000.0004"), Decimal(50_000), "USDT") == (
        "A parent order of 50,000.0004 USDT is over the limit of 50,000 USDT by 0.0004 USDT."
    )
    assert "carries 0.999 BTC of this order's 1 BTC, 0.001 BTC too little" in str(
        checks.check_capacity(Decimal(1), Decimal("0.999"), "BTC", ["okx_spot"])
    )
    assert "this takes 0.1 BTC on okx_spot and 0.0999 BTC is free, 0.0001 BTC too little" in str(
        checks.check_funds("okx_spot", "BTC", Decimal("0.1"), Decimal("0.0999"))
    )
    assert checks.check_collar(OrderSide.BUY, Decimal("102.001"), Decimal(100), Decimal(200)) == (
        "Price collar: 102.001 is 200.100 bps above the mid of 100, 0.100 bps past the limit of 200 bps."
    )


@pytest.mark.parametrize(("value", "shown"), [("0", "0"), ("0.000123", "0.00012"), ("1234567.891", "1,234,567.89"), ("12", "12")])
def test_money_reads_like_money(value: str, shown: str) -> None:
    assert checks.money(Decimal(value)) == shown


def test_play_money_is_wide_and_money_is_tight() -> None:
    play, money = default_limits("demo"), default_limits("live")
    assert play.max_order_notional > money.max_order_notional
    assert play.price_collar_bps > money.price_collar_bps
    assert money == RiskLimits()


def test_a_limit_that_makes_no_sense_is_refused() -> None:
    for wrong in ({"max_open": 0}, {"price_collar_bps": -1}, {"max_order_notional": "inf"}, {"max_ordr_notional": 1}):
        with pytest.raises(ValidationError):
            RiskLimits.model_validate(wrong)
