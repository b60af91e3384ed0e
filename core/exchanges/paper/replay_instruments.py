"""The rules of the venues in recordings, and what to do when a recording does not fit them.

A recording knows prices and sizes but neither fees nor minimums. For venues in the table these are their public
rules for a regular account. The recording has the last word on the grid: a price off the table's tick, or a
size finer than its lot, makes the grid finer, so that every level keeps its exact place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from core.domain.enums import MarketType
from core.domain.errors import RecordingError
from core.domain.instruments import Instrument
from core.domain.numbers import MAX_DIGITS, decimals_of

# Sizes travel through float64 once: beyond this many units a unit could be lost (Instrument.parse_units).
_MOST_UNITS = 10**13


@dataclass(frozen=True, slots=True)
class _VenueRules:
    """Fractions of the notional, and quote."""

    taker_fee: str
    maker_fee: str
    min_notional: str = "5"


@dataclass(frozen=True, slots=True)
class _Grid:
    tick: str
    lot: str


_VENUES: Mapping[str, _VenueRules] = {
    "binance_spot": _VenueRules("0.001", "0.001"),
    "binance_perp": _VenueRules("0.0005", "0.0002", "100"),
    "binancecoinm_perp": _VenueRules("0.0005", "0.0002"),
    "bybit_spot": _VenueRules("0.001", "0.001"),
    "bybit_perp": _VenueRules("0.00055", "0.0002"),
    "okx_spot": _VenueRules("0.001", "0.0008", "1"),
    "okx_perp": _VenueRules("0.0005", "0.0002", "1"),
    "kraken_spot": _VenueRules("0.004", "0.0025", "0.5"),
    "kraken_futures_perp": _VenueRules("0.0005", "0.0002", "1"),
    "bitmex_perp": _VenueRules("0.0005", "0.0002", "1"),
    "poloniex_spot": _VenueRules("0.002", "0.002", "1"),
    "bequant_spot": _VenueRules("0.001", "0.001", "1"),
    "ascendex_futures_perp": _VenueRules("0.0006", "0.0002"),
}
_UNKNOWN_VENUE = _VenueRules("0.001", "0.001")

_GRIDS: Mapping[tuple[str, str], _Grid] = {
    ("binance_spot", "BTC/USDT"): _Grid("0.01", "0.00001"),
    ("binance_perp", "BTC/USDT"): _Grid("0.1", "0.001"),
    ("binancecoinm_perp", "BTC/USDT"): _Grid("0.1", "0.0001"),
    ("bybit_spot", "BTC/USDT"): _Grid("0.01", "0.000001"),
    ("bybit_perp", "BTC/USDT"): _Grid("0.1", "0.001"),
    ("okx_spot", "BTC/USDT"): _Grid("0.1", "0.00000001"),
    ("okx_perp", "BTC/USDT"): _Grid("0.1", "0.0001"),
    ("kraken_spot", "BTC/USDT"): _Grid("0.1", "0.00000001"),
    ("kraken_futures_perp", "BTC/USDT"): _Grid("0.5", "0.0001"),
    ("bitmex_perp", "BTC/USDT"): _Grid("0.5", "0.0001"),
    ("poloniex_spot", "BTC/USDT"): _Grid("0.01", "0.000001"),
    ("bequant_spot", "BTC/USDT"): _Grid("0.01", "0.00001"),
    ("ascendex_futures_perp", "BTC/USDT"): _Grid("1", "0.0001"),
}


def fit_instrument(venue: str, symbol: str, market_type: MarketType, prices: Iterable[str], sizes: Iterable[str]) -> Instrument:
    """The instrument that these recorded prices and sizes are exact in.

    Args:
        prices, sizes: as on the wire, of the venue's first snapshot.

    Raises:
        RecordingError: a price or a size that is no number, or none at all.
    """
    where = f"The first levels of {venue} {symbol}"
    exact_prices = _numbers(prices, where)
    written_sizes = _numbers(sizes, where)
    rules, grid = _VENUES.get(venue, _UNKNOWN_VENUE), _GRIDS.get((venue, symbol))
    tick = _finest(price.normalize() for price in exact_prices)
    if grid is not None and all(price % Decimal(grid.tick) == 0 for price in exact_prices):
        tick = Decimal(grid.tick)
    lot = Decimal(grid.lot) if grid is not None else _finest(size.normalize() for size in written_sizes)
    # Trailing zeros tell how fine a size may become later: '0.10000000' is followed by '0.00000617'.
    size_unit = max(min(_finest(written_sizes), lot), _finest_safe(max(written_sizes)))
    if grid is not None:  # a size that does not fit is damage, not a reason to trade in other lots
        size_unit = min(size_unit, lot)
    return Instrument(
        venue=venue,
        symbol=symbol,
        market_type=market_type,
        tick=tick,
        lot=max(lot, size_unit),
        min_amount=lot,
        min_notional=Decimal(rules.min_notional),
        taker_fee=Decimal(rules.taker_fee),
        maker_fee=Decimal(rules.maker_fee),
        fee_in_base=market_type is MarketType.SPOT,
        size_unit=size_unit,
    )


def assume_instrument(venue: str, symbol: str, market_type: MarketType) -> Instrument:
    """The instrument of a book that was recorded without a single level: the table's, or fine enough for whatever may follow."""
    grid = _GRIDS.get((venue, symbol), _Grid("0.00000001", "0.00000001"))
    return fit_instrument(venue, symbol, market_type, [grid.tick], ["0.00000000"])


def _numbers(texts: Iterable[str], where: str) -> list[Decimal]:
    try:
        numbers = [Decimal(str(text)) for text in texts]
    except InvalidOperation as error:
        raise RecordingError(f"{where} hold something that is not a number.", detail=error) from None
    # One absurd number among others costs the line that it is in, when that is played.
    numbers = [number for number in numbers if not (number.is_finite() and number.adjusted() > MAX_DIGITS)]
    if not numbers or not all(number.is_finite() and number >= 0 and decimals_of(number) <= MAX_DIGITS for number in numbers):
        raise RecordingError(f"{where} hold no usable numbers.", detail=numbers[:5])
    return numbers


def _finest(numbers: Iterable[Decimal]) -> Decimal:
    """The decimal step of the number with the most decimals, at most 1: 61800.30 -> 0.01."""
    exponents = (number.as_tuple().exponent for number in numbers)
    return Decimal(1).scaleb(min((exponent for exponent in exponents if isinstance(exponent, int) and exponent < 0), default=0))


def _finest_safe(largest: Decimal) -> Decimal:
    """The finest decimal step in which ten times `largest` still counts exactly."""
    step = Decimal(1).scaleb(-MAX_DIGITS)
    while largest * 10 / step > _MOST_UNITS:
        step *= 10
    return step
