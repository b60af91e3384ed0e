"""Every possible sweep, tried one by one: slow, obviously right, and small."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from decimal import Decimal

from core.domain.enums import OrderSide
from core.domain.market import BookView
from core.strategies.walk import walk, within_limit

ZERO = Decimal(0)


def possible_amounts(book: BookView, side: OrderSide, limit: Decimal, most: Decimal) -> Iterator[tuple[Decimal, Decimal]]:
    """Every (amount, all-in cost) that the venue would take, nothing included; the cost of a sell is negative."""
    instrument, levels = book.instrument, within_limit(book, side, limit)
    yield ZERO, ZERO
    amount = instrument.lot
    while amount <= most:
        taken = walk(instrument, levels, amount)
        if taken.amount < amount:
            return
        assert taken.worst is not None
        if instrument.shortfall_of_minimums(amount, taken.worst) is None:
            yield amount, side.sign * taken.notional * (1 + side.sign * instrument.taker_fee)
        amount += instrument.lot


def best_sweep(books: Sequence[BookView], side: OrderSide, amount: Decimal, limit: Decimal) -> tuple[Decimal, Decimal]:
    """The most that can be taken, and the least it can cost."""
    choices = [list(possible_amounts(book, side, limit, amount)) for book in books]
    totals = ((sum((a for a, _ in parts), ZERO), sum((c for _, c in parts), ZERO)) for parts in itertools.product(*choices))
    most, cost = min((-total, cost) for total, cost in totals if total <= amount)
    return -most, cost
