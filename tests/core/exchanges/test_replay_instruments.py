"""A venue's rules in a replay: the table where it fits, the recording where it does not."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.domain.enums import MarketType
from core.domain.errors import RecordingError
from core.domain.instruments import Instrument
from core.exchanges.paper.replay_instruments import fit_instrument


def fit(venue: str, prices: list[str], sizes: list[str], symbol: str = "BTC/USDT") -> Instrument:
    return fit_instrument(venue, symbol, MarketType.PERP if venue.endswith("_perp") else MarketType.SPOT, prices, sizes)


def test_a_known_venue_keeps_its_public_rules() -> None:
    spot = fit("binance_spot", ["61837.63000000"], ["3.78826000"])
    assert (spot.tick, spot.lot, spot.min_notional, spot.taker_fee) == (Decimal("0.01"), Decimal("0.00001"), Decimal(5), Decimal("0.001"))
    assert spot.fee_in_base
    perp = fit("binance_perp", ["61800.30", "61800.4"], ["0.006"])
    assert (perp.tick, perp.lot, perp.min_notional) == (Decimal("0.1"), Decimal("0.001"), Decimal(100))
    assert (perp.taker_fee, perp.maker_fee, perp.fee_in_base) == (Decimal("0.0005"), Decimal("0.0002"), False)


def test_sizes_finer_than_the_lot_are_kept_in_the_book_while_orders_stay_on_the_lot() -> None:
    spot = fit("binance_spot", ["61837.63000000"], ["3.78826000"])
    assert spot.size_unit == Decimal("0.00000001"), "zeros on the wire say that 0.00000617 may follow"
    assert spot.lot == Decimal("0.00001")


def test_prices_off_the_tick_of_the_table_make_the_tick_finer() -> None:
    assert fit("binance_perp", ["61800.30", "61800.35"], ["0.006"]).tick == Decimal("0.01")


def test_an_unknown_venue_is_read_off_its_first_snapshot() -> None:
    other = fit("someplace_spot", ["0.001230", "0.001200"], ["1500", "20.5"], symbol="DOGE/USDT")
    assert (other.tick, other.lot, other.size_unit) == (Decimal("0.00001"), Decimal("0.1"), Decimal("0.1"))
    assert fit("someplace_spot", ["61800"], ["1"]).tick == Decimal(1)


def test_a_known_venue_keeps_its_fees_on_a_symbol_that_is_not_in_the_table() -> None:
    assert fit("kraken_spot", ["2400.15"], ["1"], symbol="ETH/USDT").taker_fee == Decimal("0.004")


def test_huge_sizes_are_counted_in_units_that_still_fit() -> None:
    shib = fit("someplace_spot", ["0.00001"], ["900000000000.00000000"], symbol="SHIB/USDT")
    assert shib.parse_units(["900000000000.00000000"]) == [int(Decimal(900000000000) / shib.size_unit)]
    assert shib.size_unit == 1


@pytest.mark.parametrize("prices", [[], ["a lot"], ["NaN"], ["-5"], ["1e-60"]])
def test_levels_without_usable_numbers_are_refused(prices: list[str]) -> None:
    with pytest.raises(RecordingError, match="The first levels of binance_spot BTC/USDT hold"):
        fit("binance_spot", prices, ["1"] * len(prices))
