"""ccxt's markets as instruments: exact steps, base amounts, and nothing guessed."""

from __future__ import annotations

import logging
from decimal import Decimal
from typing import Any

import pytest

from core.domain.instruments import Instrument
from core.exchanges.ccxt.instruments import instruments_of
from core.exchanges.ccxt.market_list import MarketList
from core.exchanges.ccxt.quirks import quirks_of
from core.exchanges.ccxt.venues import parse_venue

TICK_SIZE, DECIMAL_PLACES, SIGNIFICANT_DIGITS = 4, 2, 3


def market(symbol: str = "BTC/USDT", **fields: Any) -> dict[str, Any]:
    perp = ":" in symbol
    known = {
        "symbol": symbol,
        "spot": not perp,
        "swap": perp,
        "linear": perp or None,
        "taker": 0.001,
        "maker": 0.0008,
        "precision": {"price": 0.01, "amount": 1e-05},
        "limits": {"amount": {"min": 0.0001, "max": None}, "cost": {"min": 5.0}},
    }
    return {**known, **fields}


def read(venue: str, *markets: dict[str, Any], precision_mode: int = TICK_SIZE) -> dict[str, Instrument]:
    parsed = parse_venue(venue)
    listed = MarketList(parsed.ccxt_id, 1, 1, markets, {}, precision_mode)
    return instruments_of(parsed, listed, quirks_of(parsed.ccxt_id))


def test_a_spot_market_has_exact_steps_minimums_and_fees() -> None:
    [found] = read("binance_spot", market()).values()
    assert (found.symbol, found.tick, found.lot) == ("BTC/USDT", Decimal("0.01"), Decimal("0.00001"))
    assert (found.min_amount, found.min_notional) == (Decimal("0.0001"), Decimal(5))
    assert (found.taker_fee, found.maker_fee, found.fee_in_base) == (Decimal("0.001"), Decimal("0.0008"), True)
    assert str(found.lot) == "0.00001"


def test_contracts_become_base() -> None:
    listed = market("BTC/USDT:USDT", contractSize=0.01, precision={"price": 0.1, "amount": 0.5}, limits={"amount": {"min": 1}})
    [found] = read("okx_perp", listed).values()
    assert (found.symbol, found.contract_size) == ("BTC/USDT", Decimal("0.01"))
    assert (found.lot, found.min_amount) == (Decimal("0.005"), Decimal("0.01"))
    assert not found.fee_in_base


def test_deribit_counts_in_base_already() -> None:
    [found] = read("deribit_perp", market("BTC/USDC:USDC", contractSize=10, precision={"price": 0.5, "amount": 0.001})).values()
    assert (found.contract_size, found.lot) == (Decimal(1), Decimal("0.001"))


def test_a_venue_sees_only_its_own_kind_of_market() -> None:
    both = market(), market("ETH/USDT:USDT", contractSize=1)
    assert list(read("bybit_spot", *both)) == ["BTC/USDT"]
    assert list(read("bybit_perp", *both)) == ["ETH/USDT"]


def test_decimal_places_are_steps_too() -> None:
    [found] = read("binance_spot", market(precision={"price": 2, "amount": 0}), precision_mode=DECIMAL_PLACES).values()
    assert (found.tick, found.lot) == (Decimal("0.01"), Decimal(1))


@pytest.mark.parametrize(
    ("fields", "mode"),
    [
        ({"precision": {"price": 5, "amount": 8}}, SIGNIFICANT_DIGITS),
        ({"precision": {"price": None, "amount": 0.1}}, TICK_SIZE),
        ({"precision": {"price": 0.1}}, TICK_SIZE),
        ({"precision": {"price": 0, "amount": 0.1}}, TICK_SIZE),
        ({"precision": {"price": "x", "amount": 0.1}}, TICK_SIZE),
        ({"precision": {"price": float("nan"), "amount": 0.1}}, TICK_SIZE),
        ({"precision": None}, TICK_SIZE),
    ],
)
def test_what_has_no_fixed_step_is_left_out_and_logged(fields: dict[str, Any], mode: int, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        assert not read("binance_spot", market(**fields), precision_mode=mode)
    assert "1 markets can't be traded here" in caplog.text


def test_a_contract_without_a_size_is_no_contract_of_nothing() -> None:
    assert not read("okx_perp", market("BTC/USDT:USDT", contractSize=0))


def test_unpublished_fees_are_not_free() -> None:
    [found] = read("binance_spot", market(taker=None, maker=None)).values()
    assert found.taker_fee == found.maker_fee == Decimal("0.001")


def test_fees_come_out_of_what_is_bought_except_where_the_exchange_takes_quote() -> None:
    assert not read("kraken_spot", market())["BTC/USDT"].fee_in_base
    assert read("bybit_spot", market())["BTC/USDT"].fee_in_base
