"""Numbers and times as every widget writes them: fixed decimals, thousands separators, no exponents. Qt-free.

What is shown is not what is copied: `price` is for eyes, `core.domain.numbers.plain` for the clipboard.
Missing numbers are `EMPTY`, as wide as a digit, so that columns stay put. A negative sign is the true minus,
which is as wide as a plus.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from decimal import ROUND_HALF_EVEN, Decimal

EMPTY = "–"
MINUS = "\u2212"
_CENT_DECIMALS = 2
Number = Decimal | float | int

_SUFFIXES = ((Decimal(10) ** 12, "T"), (Decimal(10) ** 9, "B"), (Decimal(10) ** 6, "M"), (Decimal(10) ** 3, "K"))


def fixed(value: Number | None, decimals: int, *, signed: bool = False) -> str:
    """`61,837.60`: thousands separators and exactly `decimals` decimals (half to even)."""
    if value is None or value != value:  # NaN is the only number that differs from itself
        return EMPTY
    exact = value if isinstance(value, Decimal) else Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not exact.is_finite():
        return EMPTY
    rounded = exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN)
    text = f"{abs(rounded):,.{decimals}f}"
    if rounded < 0:
        return MINUS + text
    return "+" + text if signed and rounded > 0 else text


def price(value: Number | None, decimals: int) -> str:
    """A price, quote per base, with the tick's decimals."""
    return fixed(value, decimals)


def amount(value: Number | None, decimals: int, unit: str = "") -> str:
    """An amount in base, with the lot's decimals: `0.500`, `0.500 BTC`."""
    text = fixed(value, decimals)
    return f"{text} {unit}" if unit and text != EMPTY else text


def worthwhile_decimals(lot_decimals: int, price: Number | None) -> int:
    """`lot_decimals`, or fewer where the last ones are not worth a cent each: six at a price of 61,800."""
    if price is None or not price > 0:
        return lot_decimals
    exact = price if isinstance(price, Decimal) else Decimal(repr(price)) if isinstance(price, float) else Decimal(price)
    return min(lot_decimals, max(exact.adjusted() + _CENT_DECIMALS, 0))


def compact(value: Number | None, digits: int = 3) -> str:
    """`1.23M`, `45.6K`, `7.89`: about `digits` significant digits, for axes and totals."""
    if value is None or value != value:
        return EMPTY
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not exact.is_finite():
        return EMPTY
    for limit, suffix in _SUFFIXES:
        # 999,950 would round up to 1,000K: it is 1M already.
        if abs(exact) >= limit * (1 - Decimal(5).scaleb(-digits - 1)):
            return fixed(exact / limit, _decimals_for(exact / limit, digits)) + suffix
    return fixed(exact, _decimals_for(exact, digits))


def _decimals_for(value: Decimal, digits: int) -> int:
    if not value:
        return 0
    # Round first: 999.96 has three whole digits, but is shown as 1,000.
    rounded = round(value, digits - 1 - value.adjusted())
    return min(max(digits - 1 - rounded.adjusted(), 0), 8)


def bps(value: Number | None, decimals: int = 1, *, signed: bool = False, unit: bool = True) -> str:
    """`0.4 bps`, `+2.1 bps`: hundredths of a percent."""
    text = fixed(value, decimals, signed=signed)
    return f"{text} bps" if unit and text != EMPTY else text


def percent(fraction: Number | None, decimals: int = 1) -> str:
    """A fraction as percent: 0.125 is `12.5 %`."""
    if fraction is None or fraction != fraction:
        return EMPTY
    exact = Decimal(repr(fraction)) if isinstance(fraction, float) else Decimal(fraction)
    return f"{fixed(exact * 100, decimals)} %"


def time_of_day(ts_us: int | None, zone: tzinfo | None = None) -> str:
    """`HH:MM:SS.mmm` of µs since the epoch, in `zone` (None: this computer's)."""
    if not ts_us:
        return EMPTY
    moment = datetime.fromtimestamp(ts_us // 1_000_000, UTC).astimezone(zone)
    return f"{moment:%H:%M:%S}.{ts_us % 1_000_000 // 1000:03d}"


def date_and_time(ts_us: int | None, zone: tzinfo | None = None) -> str:
    """`2024-08-08 HH:MM:SS`, for what did not happen today."""
    if not ts_us:
        return EMPTY
    return f"{datetime.fromtimestamp(ts_us // 1_000_000, UTC).astimezone(zone):%Y-%m-%d %H:%M:%S}"


def duration(seconds: float | None) -> str:
    """`0:05`, `5:00`, `1:02:03`: minutes and seconds, hours when there are any."""
    if seconds is None:
        return EMPTY
    whole = max(round(seconds), 0)
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def age(milliseconds: float | None) -> str:
    """How old something is, in few characters: `12 ms`, `3.4 s`, `2 min`."""
    if milliseconds is None or milliseconds != milliseconds:
        return EMPTY
    if milliseconds < 1000:
        return f"{max(milliseconds, 0):.0f} ms"
    if milliseconds < 100_000:
        return f"{milliseconds / 1000:.1f} s"
    return f"{milliseconds / 60_000:.0f} min"
