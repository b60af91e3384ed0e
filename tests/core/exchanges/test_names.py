"""Venue names as people write them."""

from __future__ import annotations

import pytest

from core.domain.errors import UnknownVenue
from core.exchanges.names import resolve_venue

KNOWN = ("binance_spot", "binance_perp", "bybit_perp", "bybit_spot", "okx_perp", "kraken_spot")


@pytest.mark.parametrize(
    "name",
    ["binance_perp", "binanceusdm", "binance_swap", "binance_future", "binance_futures", "binance_linear", " Binance_Perp ", "BINANCEUSDM"],
)
def test_every_word_for_a_perp_means_the_perp(name: str) -> None:
    assert resolve_venue(name, KNOWN) == "binance_perp"


def test_a_bare_exchange_is_its_spot_market() -> None:
    assert resolve_venue("binance", KNOWN) == "binance_spot"
    assert resolve_venue("Kraken", KNOWN) == "kraken_spot"


def test_a_bare_exchange_without_spot_is_the_only_venue_it_has() -> None:
    assert resolve_venue("okx", KNOWN) == "okx_perp"


def test_a_bare_exchange_with_several_venues_and_no_spot_is_ambiguous() -> None:
    with pytest.raises(UnknownVenue, match=r"several venues; known: gate_option, gate_perp\."):
        resolve_venue("gate", ("gate_perp", "gate_option"))


@pytest.mark.parametrize(
    "name", [None, 5, ["binance_spot"], "", " ", "bitmex", "kraken_perp", "binancecoinm", "bin", "binance_", "_perp", "usdm"]
)
def test_an_unknown_name_is_an_error_that_lists_the_known_ones(name: object) -> None:
    with pytest.raises(UnknownVenue, match=r"known: binance_perp, binance_spot, bybit_perp, bybit_spot, kraken_spot, okx_perp\."):
        resolve_venue(name, KNOWN)
