"""Exact numbers in, exact numbers out."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.enums import OrderSide
from core.domain.errors import BadNumber, MarketDataError
from core.domain.numbers import ceil_to, common_step, floor_to, plain, to_decimal
from tests.core.making import instrument

steps = st.sampled_from([Decimal(text) for text in ("0.01", "0.5", "0.00001", "5", "0.025")])
values = st.decimals(min_value="0.00001", max_value="100000", places=5)


@given(values, steps)
def test_rounding_lands_on_the_step_and_on_the_right_side(value: Decimal, step: Decimal) -> None:
    down, up = floor_to(value, step), ceil_to(value, step)
    assert down <= value <= up
    assert down % step == up % step == 0
    assert up - down in (0, step)


@given(st.lists(steps, min_size=1, max_size=4))
def test_the_common_step_divides_every_step(some: list[Decimal]) -> None:
    assert all(step % common_step(some) == 0 for step in some)


def test_buys_round_down_and_sells_round_up_so_that_no_limit_is_passed() -> None:
    venue = instrument(tick="0.1")
    assert venue.round_price(Decimal("100.19"), OrderSide.BUY) == Decimal("100.1")
    assert venue.round_price(Decimal("100.11"), OrderSide.SELL) == Decimal("100.2")


def test_plain_shows_no_exponent_and_no_trailing_zeros() -> None:
    assert [plain(Decimal(text)) for text in ("1E+3", "0.10", "-0", "1E-7")] == ["1000", "0.1", "0", "0.0000001"]


@pytest.mark.parametrize("bad", [None, "", "1,5", [], object(), float("nan"), 0.1, Decimal("1e40")])
def test_what_is_not_an_exact_number_is_refused_in_words(bad: object) -> None:
    with pytest.raises(BadNumber, match="The amount"):
        to_decimal(bad, "amount")


def test_wire_strings_become_ticks_and_units_exactly() -> None:
    venue = instrument(tick="0.01", lot="0.00001")
    assert venue.parse_ticks(["61837.63000000", "0.01"]) == [6183763, 1]
    assert venue.parse_units(["3.78826000", "0.00000000", "0.3"]) == [378826, 0, 30000]


@pytest.mark.parametrize("price", ["61837.635", "0", "-1", "x", "inf", "nan"])
def test_a_wire_price_off_the_tick_is_an_error_not_a_wrong_level(price: str) -> None:
    with pytest.raises(MarketDataError):
        instrument(tick="0.01").parse_ticks([price])


@pytest.mark.parametrize("size", ["-1", "x", "nan", "inf"])
def test_a_wire_size_that_is_no_size_is_an_error(size: str) -> None:
    with pytest.raises(MarketDataError):
        instrument(lot="0.01").parse_units([size])
