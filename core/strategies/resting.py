"""Where an order that does not cross should wait: the cheapest maker fee, then the venue whose market is nearest."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from core.domain.enums import OrderSide, TimeInForce
from core.domain.market import BookView
from core.domain.plan import PlannedChild
from core.strategies.assemble import make_child


def best_resting(
    books: Sequence[BookView], side: OrderSide, amount: Decimal, price: Decimal, time_in_force: TimeInForce, *, post_only: bool = False
) -> PlannedChild | None:
    """One limit order of `amount` at `price`; None when every venue would refuse it as too small."""

    def distance(book: BookView) -> Decimal:
        touch = book.best_ask if side is OrderSide.BUY else book.best_bid
        return side.sign * touch if touch is not None else Decimal("Infinity")

    for book in sorted(books, key=lambda book: (book.instrument.maker_fee, distance(book))):
        child = make_child(book, side, amount, price, time_in_force, post_only=post_only)
        if isinstance(child, PlannedChild):
            return child
    return None
