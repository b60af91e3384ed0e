"""The parameters form, before there is a form: what is shown and what is stored."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.domain.enums import ExecutionStrategy
from core.domain.errors import BadParams
from gui.ticket.fields import Field, FieldKind, check, description_of, fields_of, human_duration, parse_duration


def field(strategy: ExecutionStrategy, name: str) -> Field:
    return next(one for one in fields_of(strategy) if one.name == name)


@pytest.mark.parametrize("strategy", list(ExecutionStrategy))
def test_every_strategy_has_a_form_whose_defaults_are_accepted_back(strategy: ExecutionStrategy) -> None:
    read = {}
    for one in fields_of(strategy):
        assert one.title
        assert one.help
        read[one.name] = one.default if one.kind is FieldKind.BOOL else one.read(one.shown(one.default))
    assert check(strategy, read) == check(strategy, {})
    assert description_of(strategy).endswith(".")


def test_a_fraction_is_shown_as_percent_and_stored_as_a_fraction() -> None:
    share = field(ExecutionStrategy.SPLIT_BY_LIQUIDITY, "min_liquidity_percent")
    assert (share.shown(share.default), share.unit) == ("5", "%")
    assert share.read("7.5") == Decimal("0.075")


def test_a_percent_is_shown_and_stored_as_percent() -> None:
    slippage = field(ExecutionStrategy.PRICE_OPTIMIZED_LIQUIDITY, "max_slippage_percent")
    assert slippage.read("0.3") == Decimal("0.3")


def test_bounds_are_said_in_the_numbers_on_the_screen() -> None:
    share = field(ExecutionStrategy.SPLIT_BY_LIQUIDITY, "min_liquidity_percent")
    with pytest.raises(BadParams, match=r"Min\. share of depth must be less than 100 %"):
        share.read("100")
    slippage = field(ExecutionStrategy.PRICE_OPTIMIZED_LIQUIDITY, "max_slippage_percent")
    with pytest.raises(BadParams, match="at most 10 %"):
        slippage.read("11")
    with pytest.raises(BadParams, match="at least 0 %"):
        slippage.read("-1")
    with pytest.raises(BadParams, match="Duration must be at most 7 d"):
        field(ExecutionStrategy.TWAP, "duration").read("8d")


def test_an_empty_optional_field_means_none_and_an_empty_required_one_is_missing() -> None:
    assert field(ExecutionStrategy.TWAP, "slices").read("") is None
    with pytest.raises(BadParams, match="Duration is missing"):
        field(ExecutionStrategy.TWAP, "duration").read("")


def test_slices_are_whole() -> None:
    slices = field(ExecutionStrategy.TWAP, "slices")
    assert slices.read("8") == 8
    with pytest.raises(BadParams, match="whole number"):
        slices.read("8.5")
    with pytest.raises(BadParams, match="Slices: write a plain number"):
        slices.read("eight")


def test_fields_that_contradict_each_other_are_one_sentence() -> None:
    with pytest.raises(BadParams, match="Give slices or interval, not both"):
        check(ExecutionStrategy.TWAP, {"slices": 8, "interval": 10.0})


@pytest.mark.parametrize(("typed", "seconds"), [("5m", 300), ("90", 90), ("1 h 30 m", 5400), ("1.5h", 5400), ("2min 5sec", 125)])
def test_durations_are_typed_as_people_say_them(typed: str, seconds: int) -> None:
    assert parse_duration(typed) == seconds


def test_what_is_no_duration_is_refused_with_an_example() -> None:
    with pytest.raises(BadParams, match="1 h 30 m"):
        field(ExecutionStrategy.TWAP, "duration").read("soon")


@pytest.mark.parametrize(("seconds", "shown"), [("300", "5 m"), ("90", "1 m 30 s"), ("5400", "1 h 30 m"), ("2.5", "2.5 s"), ("0", "0 s")])
def test_durations_are_shown_without_empty_units(seconds: str, shown: str) -> None:
    assert human_duration(Decimal(seconds)) == shown
    assert parse_duration(shown) == Decimal(seconds)
