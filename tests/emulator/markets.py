"""Four markets with the same round numbers, so that a test can be read without a table of ticks."""

from __future__ import annotations

from decimal import Decimal

from core.domain.enums import MarketType
from core.domain.instruments import Instrument

SYMBOL = "BTC/USDT"


def instrument(venue: str, symbol: str = SYMBOL) -> Instrument:
    """Tick 0.5, lot 0.01, minimum 0.02 on spot and 0.01 on perps, 5 USDT; fees as of the paper desk's."""
    perp = venue.endswith("_perp")
    return Instrument(
        venue,
        symbol,
        MarketType.PERP if perp else MarketType.SPOT,
        tick=Decimal("0.5"),
        lot=Decimal("0.01"),
        min_amount=Decimal("0.01") if perp else Decimal("0.02"),
        min_notional=Decimal(5),
        taker_fee=Decimal("0.0005") if perp else Decimal("0.001"),
        maker_fee=Decimal("0.0002") if perp else Decimal("0.0004"),
        fee_in_base=not perp,
    )


VENUES = ("binance_spot", "binance_perp", "bybit_spot", "bybit_perp")
BIDS = {"100": "1", "99.5": "2", "99": "3"}
ASKS = {"100.5": "1", "101": "2", "101.5": "3"}
