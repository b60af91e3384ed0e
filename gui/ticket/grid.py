"""Numbers as a trader types, steps and snaps them. Qt-free.

A comma is the surprise: `0,500` means a half to one trader and five hundred to another. Text that
could be read both ways is refused with a question, never guessed.

A ticket for several venues uses the *finest* tick and the *finest* lot among them, so that no price a
venue can quote is out of reach; each child is rounded again to its own venue's grid, to the trader's favour.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Self

from core.domain.enums import OrderSide
from core.domain.errors import BadNumber
from core.domain.instruments import Instrument
from core.domain.numbers import ceil_to, decimals_of, floor_to, plain, to_decimal

_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)")
_GROUPED = re.compile(r"[1-9]\d{0,2}(,\d{3})+(\.\d+)?")
_SPACES = str.maketrans("", "", " _\u00a0\u2009\u202f'")


def parse_number(text: str, name: str) -> Decimal | None:
    """What was typed as an exact number; None for an empty field.

    Args:
        name: how the error calls it ("amount").

    Raises:
        BadNumber: not a number, or one that could mean two.
    """
    digits = text.strip().translate(_SPACES).replace("\u2212", "-")
    if not digits:
        return None
    if "," in digits:
        if not _GROUPED.fullmatch(digits) or ("." not in digits and digits.count(",") == 1):
            raise BadNumber(f"Write the {name} with a point for decimals and no commas.", detail=text)
        digits = digits.replace(",", "")
    if not _PLAIN.fullmatch(digits):
        raise BadNumber(f"The {name} is not a number.", detail=text)
    return to_decimal(digits, name)


@dataclass(frozen=True, slots=True)
class Grid:
    """The steps prices and amounts are on. `tick` in quote, `lot` in base."""

    tick: Decimal
    lot: Decimal
    base: str
    quote: str

    @classmethod
    def finest(cls, instruments: Iterable[Instrument]) -> Self | None:
        """The finest tick and lot among `instruments`; None when there are none."""
        chosen = list(instruments)
        if not chosen:
            return None
        return cls(min(i.tick for i in chosen), min(i.lot for i in chosen), chosen[0].base, chosen[0].quote)

    @property
    def price_decimals(self) -> int:
        return decimals_of(self.tick)

    @property
    def amount_decimals(self) -> int:
        return decimals_of(self.lot)

    def snap_price(self, price: Decimal, side: OrderSide) -> Decimal:
        """Onto the tick: a buy's price down, a sell's up, never past what was typed."""
        return floor_to(price, self.tick) if side is OrderSide.BUY else ceil_to(price, self.tick)

    def snap_amount(self, amount: Decimal) -> Decimal:
        """Down to a whole lot: never more than was typed."""
        return floor_to(amount, self.lot)


def stepped(value: Decimal | None, step: Decimal, count: int, start: Decimal | None = None) -> Decimal:
    """`value` moved by `count` steps, landing on the grid, never below zero.

    An off-grid value first moves to the next grid line in the direction of travel, as in a spin box.
    Without a value it begins at `start` (or zero).
    """
    if value is None:
        return max(floor_to(start, step), Decimal(0)) if start is not None else max(step * count, Decimal(0))
    aligned = floor_to(value, step) if count > 0 else ceil_to(value, step)
    return max(aligned + step * count, Decimal(0))


def snap_hint(typed: Decimal, snapped: Decimal, what: str, step: Decimal) -> str:
    """`Price rounded down to 61837.6, step 0.1` when snapping changed a number; empty when it did not."""
    if typed == snapped:
        return ""
    direction = "down" if snapped < typed else "up"
    return f"{what} rounded {direction} to {plain(snapped)}, step {plain(step)}"
