"""Names of venues and symbols, ours and ccxt's."""

from __future__ import annotations

import pytest

from core.domain.enums import MarketType
from core.domain.errors import UnknownVenue
from core.exchanges.ccxt.venues import FIRST_CLASS, desk_symbol, kinds_of, parse_venue


@pytest.mark.parametrize(
    ("venue", "exchange", "ccxt_id", "symbol"),
    [
        ("binance_spot", "binance", "binance", "BTC/USDT"),
        ("binance_perp", "binance", "binanceusdm", "BTC/USDT:USDT"),
        ("bybit_perp", "bybit", "bybit", "BTC/USDT:USDT"),
        ("kraken_spot", "kraken", "kraken", "BTC/USDT"),
        ("kraken_perp", "kraken", "krakenfutures", "BTC/USDT:USDT"),
        ("whitebit_perp", "whitebit", "whitebit", "BTC/USDT:USDT"),
    ],
)
def test_a_venue_is_an_exchange_of_ccxt_and_a_kind_of_market(venue: str, exchange: str, ccxt_id: str, symbol: str) -> None:
    found = parse_venue(venue)
    assert (found.venue, found.exchange, found.ccxt_id, found.ccxt_symbol("BTC/USDT")) == (venue, exchange, ccxt_id, symbol)
    assert desk_symbol(found.ccxt_symbol("BTC/USDT")) == "BTC/USDT"
    assert found.market_type is MarketType(venue.rpartition("_")[2])


@pytest.mark.parametrize("name", ["", "binance", "binance_", "_spot", "binance_option", "Binance_spot", "../x_spot", "binance_spot_perp"])
def test_what_is_no_venues_name_is_unknown(name: str) -> None:
    with pytest.raises(UnknownVenue, match="called like binance_spot"):
        parse_venue(name)


def test_an_exchange_is_asked_only_for_what_is_traded_through_it() -> None:
    spot, perp = MarketType.SPOT, MarketType.PERP
    assert [kinds_of(ccxt_id) for ccxt_id in ("binance", "binanceusdm", "bybit")] == [{spot}, {perp}, {spot, perp}]


def test_the_first_class_venues_are_venues() -> None:
    assert len(FIRST_CLASS) == 8
    assert [parse_venue(venue).venue for venue in FIRST_CLASS] == list(FIRST_CLASS)
