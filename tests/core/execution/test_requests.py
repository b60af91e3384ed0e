"""Bad input: one clear sentence, and nothing is sent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from core.domain.enums import ExecutionStrategy, OrderSide, OrderType, TimeInForce
from core.domain.errors import BadAmount, BadNumber, BadParams, BadPrice, BadRequest, NotPossible, UnknownSymbol, UnknownVenue
from core.domain.instruments import Instrument
from core.domain.plan import ExecutionRequest
from core.execution.requests import build_request
from tests.core.making import NOW_US, instrument

KNOWN = {venue: {"BTC/USDT": instrument(venue, lot="0.001", min_amount="0.01")} for venue in ("binance_spot", "binance_perp", "okx_spot")}
GOOD: dict[str, Any] = {"symbol": "BTC/USDT", "side": "buy", "amount": "1", "order_type": "limit", "price": "100", "strategy": "best_price"}


def build(**changes: Any) -> ExecutionRequest:
    return build_request(KNOWN, now_us=NOW_US, **(GOOD | changes))


def test_strings_stand_for_enums_and_decimals() -> None:
    request = build(side="SELL", order_type="Limit", strategy="PRICE_OPTIMIZED_LIQUIDITY", amount="0.10", price=50000)
    assert (request.side, request.order_type, request.strategy) == (
        OrderSide.SELL,
        OrderType.LIMIT,
        ExecutionStrategy.PRICE_OPTIMIZED_LIQUIDITY,
    )
    assert (request.amount, request.price) == (Decimal("0.10"), Decimal(50000))


def test_without_exchanges_every_venue_of_the_symbol_is_used() -> None:
    assert build().exchanges == ("binance_spot", "binance_perp", "okx_spot")


def test_an_empty_list_of_exchanges_is_not_all_of_them() -> None:
    with pytest.raises(UnknownVenue, match=r"^No venue is left: name at least one of binance_spot, binance_perp, okx_spot\.$"):
        build(exchanges=[])


def test_aliases_lead_to_their_venue_once() -> None:
    assert build(exchanges=["binance", "binanceusdm", "binance_futures", "OKX_SPOT"]).exchanges == (
        "binance_spot",
        "binance_perp",
        "okx_spot",
    )


def test_a_market_order_is_immediate() -> None:
    assert build(order_type="market", price=None).time_in_force is TimeInForce.IOC


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"amount": "0"}, BadAmount, "above zero"),
        ({"amount": "-1"}, BadAmount, "above zero"),
        ({"amount": "NaN"}, BadNumber, "finite"),
        ({"amount": float("inf")}, BadNumber, "finite"),
        ({"amount": "one"}, BadNumber, "not a number"),
        ({"amount": True}, BadNumber, "must be a number"),
        ({"amount": 0.1}, BadNumber, "pass '0.1'"),
        ({"amount": "0.1234567890123456789"}, BadNumber, "too many digits"),
        ({"amount": "0.005"}, BadAmount, "under every venue's minimum; the smallest is 0.01"),
        ({"price": None}, BadPrice, "needs a price"),
        ({"price": "0"}, BadPrice, "above zero"),
        ({"order_type": "market"}, BadPrice, "takes no price"),
        ({"order_type": "market", "price": None, "post_only": True}, NotPossible, "post-only"),
        ({"time_in_force": "ioc", "post_only": True}, NotPossible, "post-only"),
        ({"side": "long"}, BadRequest, "known: buy, sell"),
        ({"strategy": "sniper"}, BadRequest, "known: best_price"),
        ({"symbol": "DOGE/USDT"}, UnknownSymbol, "known symbols: BTC/USDT"),
        ({"symbol": None}, UnknownSymbol, "known symbols: BTC/USDT"),
        ({"symbol": ["BTC/USDT"]}, UnknownSymbol, "known symbols: BTC/USDT"),
        ({"exchanges": ["coinbase_spot"]}, UnknownVenue, "binance_spot"),
        ({"exchanges": [None]}, UnknownVenue, "There is no venue None; known: binance_perp, binance_spot, okx_spot"),
        ({"exchanges": [5]}, UnknownVenue, "There is no venue 5; known: binance_perp, binance_spot, okx_spot"),
        ({"exchanges": [["binance_spot"]]}, UnknownVenue, "known: binance_perp, binance_spot, okx_spot"),
        ({"exchanges": 5}, UnknownVenue, "The exchanges must be a list of venue names, not 5; known: binance_perp, binance_spot, okx_spot"),
        ({"post_only": "no"}, BadRequest, "post_only must be True or False, not 'no'"),
        ({"post_only": None}, BadRequest, "post_only must be True or False, not None"),
        ({"reduce_only": "no"}, BadRequest, "reduce_only must be True or False, not 'no'"),
        ({"reduce_only": 1}, BadRequest, "reduce_only must be True or False, not 1"),
        ({"params": "duration=5m"}, BadParams, "must be a mapping of names to values, not 'duration=5m'"),
        ({"params": [("include_spot", False)]}, BadParams, "must be a mapping of names to values"),
        ({"params": {5: 1}}, BadParams, "5"),
        ({"params": {"max_slippage_percent": 1}}, BadParams, "no parameter 'max_slippage_percent'; known: include_spot"),
        ({"exchanges": ["binance_perp"], "params": {"include_perp": False}}, NotPossible, "No venue is left"),
        ({"params": {"include_spot": False, "include_perp": False}}, BadParams, "both switched off"),
        ({"strategy": "twap", "params": {"duration": 0}}, BadParams, "duration"),
        ({"strategy": "twap", "params": {"slices": 0}}, BadParams, "slices"),
        ({"strategy": "twap", "params": {"slices": 3, "interval": 10}}, BadParams, "not both"),
    ],
)
def test_bad_input_says_what_to_change(changes: dict[str, Any], error: type[BadRequest], says: str) -> None:
    with pytest.raises(error) as caught:
        build(**changes)
    assert says in str(caught.value)
    assert str(caught.value).endswith(".")


def test_a_venue_name_that_could_mean_two_venues_is_not_guessed() -> None:
    listed = {venue: {"BTC/USDT": instrument(venue)} for venue in ("gate_perp", "gate_option", "okx_spot")}
    with pytest.raises(UnknownVenue, match=r"^'gate' could mean several venues; known: gate_option, gate_perp, okx_spot\.$"):
        build_request(listed, now_us=NOW_US, **GOOD, exchanges=["gate"])


def worth_at_least(**minimums: str) -> dict[str, dict[str, Instrument]]:
    """Venues that refuse what is worth less than this in quote."""
    return {venue: {"BTC/USDT": instrument(venue, min_notional=least)} for venue, least in minimums.items()}


def test_an_amount_worth_too_little_for_every_venue_is_refused_with_the_smallest_minimum() -> None:
    listed = worth_at_least(binance_spot="10", okx_spot="5")
    words = GOOD | {"amount": "0.04"}
    with pytest.raises(
        BadAmount, match=r"^0\.04 BTC at 100 is worth 4 USDT, .* every venue's minimum; the smallest is 5 USDT on okx_spot\.$"
    ):
        build_request(listed, now_us=NOW_US, **words)
    with pytest.raises(BadAmount, match=r"the smallest is 10 USDT on binance_spot\.$"):
        build_request(listed, now_us=NOW_US, **(words | {"amount": "0.06"}), exchanges=["binance_spot"])


def test_an_amount_that_one_venue_takes_is_accepted() -> None:
    assert build_request(worth_at_least(binance_spot="10", okx_spot="5"), now_us=NOW_US, **(GOOD | {"amount": "0.05"})).amount == Decimal(
        "0.05"
    )


def test_the_worth_of_a_market_order_is_not_known_before_it_trades() -> None:
    words = GOOD | {"amount": "0.01", "order_type": "market", "price": None}
    assert build_request(worth_at_least(okx_spot="5"), now_us=NOW_US, **words).amount == Decimal("0.01")


def test_a_float_that_is_exact_is_accepted() -> None:
    assert build(amount=0.5).amount == Decimal("0.5")


def test_percentages_mean_what_they_print() -> None:
    params = build(strategy="price_optimized_liquidity", params={"max_slippage_percent": 0.3}).params
    assert params["max_slippage_percent"] == Decimal("0.3")


def test_durations_may_carry_their_unit() -> None:
    assert build(strategy="twap", params={"duration": "5m", "interval": "30s"}).params["duration"] == 300
