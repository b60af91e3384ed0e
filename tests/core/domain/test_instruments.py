"""Wire numbers become exact ticks and units, or an error: never a number that a book can't hold."""

from __future__ import annotations

import pytest

from core.domain.errors import MarketDataError
from tests.core.making import instrument

BTC = instrument(tick="0.01", lot="0.00001")


def test_every_price_and_size_of_a_market_keeps_its_exact_place() -> None:
    assert BTC.parse_ticks(["61837.63000000", "0.01", "20000000"]) == [6_183_763, 1, 2_000_000_000]
    assert BTC.parse_units(["3.78826000", "0", "21000000"]) == [378_826, 0, 2_100_000_000_000]


@pytest.mark.parametrize("price", ["1e30", "22517998136852.48", "inf", "nan", "a lot", "0", "-1"])
def test_a_price_that_no_book_can_hold_is_an_error(price: str) -> None:
    with pytest.raises(MarketDataError, match="binance_spot BTC/USDT: "):
        BTC.parse_ticks(["61837.63", price])


@pytest.mark.parametrize("size", ["1e15", "90071992547.41", "inf", "nan", "a lot", "-1"])
def test_a_size_that_no_book_can_hold_is_an_error(size: str) -> None:
    with pytest.raises(MarketDataError, match="binance_spot BTC/USDT: "):
        BTC.parse_units(["1.5", size])


def test_an_absurd_number_is_called_that() -> None:
    with pytest.raises(MarketDataError, match="price 1e30 is absurd"):
        BTC.parse_ticks(["1e30"])
    with pytest.raises(MarketDataError, match="size 1e15 is absurd"):
        BTC.parse_units(["1e15"])
