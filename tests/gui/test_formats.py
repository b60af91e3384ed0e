"""What a trader reads: fixed decimals, separators, no exponents."""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal

import pytest

from gui import formats


@pytest.mark.parametrize(
    ("value", "decimals", "shown"),
    [
        (Decimal("61837.6"), 2, "61,837.60"),
        (Decimal("0.00001"), 5, "0.00001"),
        (Decimal("1E+5"), 0, "100,000"),
        (Decimal("-1234.5"), 1, "−1,234.5"),
        (Decimal("-0.001"), 2, "0.00"),
        (0.1 + 0.2, 2, "0.30"),
        (None, 2, "–"),
        (float("nan"), 2, "–"),
        (Decimal("NaN"), 2, "–"),
        (float("inf"), 2, "–"),
    ],
)
def test_numbers_have_fixed_decimals_and_separators(value: Decimal | float | None, decimals: int, shown: str) -> None:
    assert formats.fixed(value, decimals) == shown


@pytest.mark.parametrize(
    ("lot_decimals", "price", "decimals"), [(8, Decimal("61800"), 6), (3, Decimal("61800"), 3), (8, Decimal("0.25"), 1), (8, None, 8)]
)
def test_decimals_end_where_they_are_not_worth_a_cent(lot_decimals: int, price: Decimal | None, decimals: int) -> None:
    assert formats.worthwhile_decimals(lot_decimals, price) == decimals


def test_signs_are_shown_where_they_matter() -> None:
    assert formats.bps(Decimal("2.14"), signed=True) == "+2.1 bps"
    assert formats.bps(Decimal("-2.14"), signed=True) == "−2.1 bps"
    assert formats.bps(0, signed=True) == "0.0 bps"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (7.891, "7.89"),
        (999.4, "999"),
        (999.96, "1.00K"),
        (45_640, "45.6K"),
        (1_234_567, "1.23M"),
        (999_990_000, "1.00B"),
        (-2_500, "−2.50K"),
        (0.0123, "0.0123"),
    ],
)
def test_large_amounts_are_short(value: float, shown: str) -> None:
    assert formats.compact(value) == shown


def test_amounts_carry_their_unit_and_missing_ones_do_not() -> None:
    assert formats.amount(Decimal("0.5"), 3, "BTC") == "0.500 BTC"
    assert formats.amount(None, 3, "BTC") == "–"


def test_fractions_read_as_percent() -> None:
    assert formats.percent(Decimal("0.125")) == "12.5 %"


def test_times_have_milliseconds() -> None:
    assert formats.time_of_day(1_723_075_200_012_999, UTC) == "00:00:00.012"
    assert formats.date_and_time(1_723_075_200_000_000, UTC) == "2024-08-08 00:00:00"
    assert formats.time_of_day(0) == formats.EMPTY


@pytest.mark.parametrize(("seconds", "shown"), [(5, "0:05"), (300, "5:00"), (3723, "1:02:03"), (None, "–")])
def test_durations_look_like_a_clock(seconds: float | None, shown: str) -> None:
    assert formats.duration(seconds) == shown


@pytest.mark.parametrize(("ms", "shown"), [(12.4, "12 ms"), (3_400, "3.4 s"), (180_000, "3 min"), (None, "–")])
def test_ages_are_short(ms: float | None, shown: str) -> None:
    assert formats.age(ms) == shown
