"""Exact numbers at the edge: what callers may pass as money, and rounding to steps.

A float is accepted only when it is exactly the number it prints as (0.5, 2.0). `0.1` is
not one tenth in binary; the error asks for '0.1' or Decimal('0.1') instead.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, InvalidOperation

from core.domain.errors import BadNumber

# More digits than this can't come from a trader or a venue and would overflow the scaled integers.
MAX_DIGITS = 18


def to_decimal(value: object, name: str) -> Decimal:
    """`value` as a Decimal, unchanged to the last digit.

    Args:
        value: Decimal, int, str, or a float that is exactly what it prints as.
        name: how the error calls it ("amount", "price").

    Raises:
        BadNumber: not a number, not finite, too many digits, or an inexact float.
    """
    if isinstance(value, bool):
        raise BadNumber(f"The {name} must be a number, not {value}.")
    try:
        if isinstance(value, Decimal):
            number = value
        elif isinstance(value, int | str):
            number = Decimal(value)
        elif isinstance(value, float):
            number = Decimal(repr(value))
        else:
            raise BadNumber(f"The {name} must be a number, not {type(value).__name__}.")
    except InvalidOperation as error:
        raise BadNumber(f"The {name} is not a number: {value!r}.", detail=error) from None
    if not number.is_finite():
        raise BadNumber(f"The {name} must be finite, not {value}.")
    if isinstance(value, float) and Decimal(value) != number:
        raise BadNumber(f"The {name} {value!r} is a binary float that is not exactly {number}; pass '{number}' or Decimal('{number}').")
    if number and (
        number.adjusted() > MAX_DIGITS or _decimals(number) > MAX_DIGITS or len(number.normalize().as_tuple().digits) > 2 * MAX_DIGITS
    ):
        raise BadNumber(f"The {name} has too many digits: {value}.")
    return number


def _decimals(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    return -exponent if isinstance(exponent, int) and exponent < 0 else 0


def decimals_of(step: Decimal) -> int:
    """How many decimals a multiple of `step` can have: 0.010 -> 2, 5 -> 0."""
    return _decimals(step)


def floor_to(value: Decimal, step: Decimal) -> Decimal:
    """The greatest multiple of `step` that is not above `value`."""
    return (value / step).to_integral_value(ROUND_FLOOR) * step


def ceil_to(value: Decimal, step: Decimal) -> Decimal:
    """The least multiple of `step` that is not below `value`."""
    return (value / step).to_integral_value(ROUND_CEILING) * step


def plain(value: Decimal) -> str:
    """Digits without an exponent and without trailing zeros: what a person copies."""
    text = format(value.normalize(), "f")
    return "0" if text == "-0" else text


def common_step(steps: Iterable[Decimal]) -> Decimal:
    """The greatest step that all of `steps` are multiples of: 0.01 and 0.025 -> 0.005."""
    values = list(steps)
    places = max(_decimals(step) for step in values)
    return Decimal(math.gcd(*(int(step.scaleb(places)) for step in values))).scaleb(-places)
