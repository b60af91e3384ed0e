"""Numbers as they are typed, stepped and snapped."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.enums import OrderSide
from core.domain.errors import BadNumber
from gui.ticket.grid import Grid, parse_number, snap_hint, stepped
from tests.gui.fakes import instruments

CENT = Decimal("0.01")
GRID = Grid(CENT, Decimal("0.001"), "BTC", "USDT")


@pytest.mark.parametrize(
    ("typed", "read"),
    [("0.5", "0.5"), (" 61 837.60 ", "61837.60"), ("61,837.60", "61837.60"), ("1,234,567", "1234567"), (".5", "0.5"), ("5.", "5")],
)
def test_numbers_are_read_as_traders_write_and_paste_them(typed: str, read: str) -> None:
    assert parse_number(typed, "amount") == Decimal(read)


@pytest.mark.parametrize("typed", ["0,5", "1,500", "0,500", "12,34.5", "1.500,00"])
def test_a_comma_that_could_be_a_decimal_point_is_asked_about_not_guessed(typed: str) -> None:
    with pytest.raises(BadNumber, match="point for decimals"):
        parse_number(typed, "amount")


@pytest.mark.parametrize("typed", ["abc", "1e5", "--1", "nan", "Infinity", "1.2.3"])
def test_what_is_no_number_is_refused(typed: str) -> None:
    with pytest.raises(BadNumber):
        parse_number(typed, "amount")


def test_an_empty_field_is_no_number_and_no_error() -> None:
    assert parse_number("  ", "price") is None


def test_buy_prices_snap_down_and_sell_prices_up() -> None:
    assert GRID.snap_price(Decimal("61837.609"), OrderSide.BUY) == Decimal("61837.60")
    assert GRID.snap_price(Decimal("61837.601"), OrderSide.SELL) == Decimal("61837.61")


@given(st.decimals(min_value=0, max_value=10**6, places=8))
def test_snapping_never_asks_for_more_than_was_typed(typed: Decimal) -> None:
    assert GRID.snap_amount(typed) <= typed < GRID.snap_amount(typed) + GRID.lot
    assert GRID.snap_price(typed, OrderSide.BUY) <= typed <= GRID.snap_price(typed, OrderSide.SELL)


def test_the_finest_tick_and_lot_of_the_venues_count() -> None:
    grid = Grid.finest(instruments().values())
    assert grid is not None
    assert (grid.tick, grid.lot) == (Decimal("0.01"), Decimal("0.000001"))
    assert Grid.finest([]) is None


def test_a_step_lands_on_the_grid_and_stops_at_zero() -> None:
    assert stepped(Decimal("10.00"), CENT, 1) == Decimal("10.01")
    assert stepped(Decimal("10.005"), CENT, 1) == Decimal("10.01")
    assert stepped(Decimal("10.005"), CENT, -1) == Decimal("10.00")
    assert stepped(Decimal("0.02"), CENT, -100) == 0


def test_stepping_an_empty_price_begins_at_the_touch() -> None:
    assert stepped(None, CENT, 1, Decimal("61837.70")) == Decimal("61837.70")
    assert stepped(None, CENT, 1) == CENT


def test_the_hint_says_which_way_a_number_was_rounded_and_stays_silent_otherwise() -> None:
    assert snap_hint(Decimal("1.005"), Decimal("1.00"), "Price", CENT) == "Price rounded down to 1, step 0.01"
    assert snap_hint(Decimal("1.005"), Decimal("1.01"), "Price", CENT) == "Price rounded up to 1.01, step 0.01"
    assert snap_hint(CENT, CENT, "Price", CENT) == ""
