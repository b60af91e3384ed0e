"""The cheapest way to take an amount from many books at once, exactly, lots and minimums included.

Without lots and minimums, taking levels in order of their fee-adjusted price is optimal. With them the
greedy answer may leave a venue under its minimum or off its lot, and the cheapest repair is not always
local: dropping one venue can beat topping it up. `sweep_search` finds the best of all such repairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from core.domain.enums import OrderSide
from core.domain.market import BookView, Levels
from core.domain.numbers import common_step, floor_to
from core.strategies.sweep_offer import make_offer
from core.strategies.sweep_search import SweepSearch


@dataclass(frozen=True, slots=True)
class Allocation:
    """What to take from one venue: base, and the price of the worst level it reaches."""

    book: BookView
    amount: Decimal
    worst_price: Decimal


def optimal_sweep(offers: Sequence[tuple[BookView, Levels]], side: OrderSide, amount: Decimal) -> list[Allocation]:
    """How much to take from each book so that as much as possible is taken, and that as cheaply as possible.

    Args:
        offers: books with the levels that may be used, best first.
        side: the taker's.
        amount: base.

    Returns:
        One allocation per used venue, cheapest venue first. Each is on its lot and over its minimums.
    """
    usable = [(book, levels) for book, levels in offers if len(levels)]
    if not usable or amount <= 0:
        return []
    instruments = [book.instrument for book, _ in usable]
    unit = common_step([i.lot for i in instruments] + [i.size_unit for i in instruments])
    price_unit = common_step([i.tick for i in instruments])
    wanted = int(floor_to(amount, unit) / unit)
    made = [make_offer(book, levels, side, unit, price_unit, wanted) for book, levels in usable]
    accepted = [offer for offer in made if offer.accepted_below(min(offer.cap, wanted))]
    if not accepted:
        return []
    # What no combination of lots can make is dust from the start, else every branch would look for it.
    step = int(common_step(offer.book.instrument.lot for offer in accepted) / unit)
    taken = SweepSearch(accepted, wanted - wanted % step).run()
    used = sorted(((offer, units) for offer, units in zip(accepted, taken, strict=True) if units), key=lambda item: int(item[0].keys[0]))
    return [Allocation(offer.book, units * unit, offer.price_at(units)) for offer, units in used]
