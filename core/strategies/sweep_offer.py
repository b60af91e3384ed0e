"""One venue's offer to a sweep: its usable levels in common integer units, and which amounts it would accept."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

import numpy as np

from core.domain.enums import OrderSide
from core.domain.market import BookView, FloatArray, IntArray, Levels

# Fees to the thousandth of a basis point.
FEE_SCALE = 10_000_000


@dataclass(frozen=True, slots=True)
class Offer:
    """A venue's levels, best first, cut where they hold all that is wanted.

    Attributes:
        keys: all-in cost per unit, scaled; smaller is better on both sides.
        before, after: cumulative units up to and through each level.
        spent: all-in cost of everything before each level, scaled.
        lot, min_amount: in units. min_notional: in quote. unit: base per unit.
    """

    book: BookView
    ticks: IntArray
    keys: IntArray
    before: IntArray
    after: IntArray
    spent: FloatArray
    lot: int
    min_amount: int
    min_notional: Decimal
    unit: Decimal

    @property
    def cap(self) -> int:
        """All it has, in units."""
        return int(self.after[-1])

    def price_at(self, amount: int) -> Decimal:
        """The price of the worst level that `amount` reaches."""
        return self.book.instrument.price_of(self.ticks[np.searchsorted(self.after, amount)])

    def cost(self, amount: int) -> float:
        """All-in cost of taking `amount`, scaled."""
        amount = min(amount, self.cap)
        level = int(self.after.searchsorted(amount))
        return float(self.spent[level]) + float(self.keys[level]) * (amount - int(self.before[level]))

    def accepted_below(self, amount: int) -> int:
        """The greatest amount up to `amount` that the venue would take; 0 when only nothing will do."""
        while amount > 0:
            amount -= amount % self.lot
            if amount < self.min_amount or amount <= 0:
                return 0
            if not self._short_of_notional(amount):
                return amount
            # A better price further up may lift a smaller sell over the minimum notional.
            amount = int(self.before[np.searchsorted(self.after, amount)])
        return 0

    def accepted_above(self, amount: int) -> int | None:
        """The least amount from `amount` up that the venue would take; None when its depth ends before."""
        amount = round_up(max(amount, self.min_amount, self.lot), self.lot)
        while amount <= self.cap:
            if not self._short_of_notional(amount):
                return amount
            enough = (self.min_notional / self.price_at(amount) / self.unit).to_integral_value(ROUND_CEILING)
            amount = max(round_up(int(enough), self.lot), amount + self.lot)
        return None

    def _short_of_notional(self, amount: int) -> bool:
        return amount * self.unit * self.price_at(amount) < self.min_notional


def round_up(amount: int, step: int) -> int:
    """The least multiple of `step` that is not below `amount`."""
    return -(-amount // step) * step


def make_offer(book: BookView, levels: Levels, side: OrderSide, unit: Decimal, price_unit: Decimal, wanted: int) -> Offer:
    """`levels` of `book` as an offer in `unit` (base) and `price_unit` (quote); nobody takes more than `wanted` from one venue."""
    instrument = book.instrument
    after = np.cumsum(levels.sizes) * int(instrument.size_unit / unit)
    needed = min(int(np.searchsorted(after, wanted)) + 1, len(after))
    after, ticks = after[:needed], levels.ticks[:needed]
    fee = round(instrument.taker_fee * FEE_SCALE)
    per_tick = side.sign * int(instrument.tick / price_unit) * (FEE_SCALE + side.sign * fee)
    keys = ticks * per_tick
    before = np.concatenate((np.zeros(1, np.int64), after[:-1]))
    costs = keys.astype(np.float64) * (after - before)
    return Offer(
        book=book,
        ticks=ticks,
        keys=keys,
        before=before,
        after=after,
        spent=np.cumsum(costs) - costs,
        lot=int(instrument.lot / unit),
        min_amount=int((instrument.min_amount / unit).to_integral_value(ROUND_CEILING)),
        min_notional=instrument.min_notional,
        unit=unit,
    )
