"""Where to wait: a post-only order at the touch, on the venue that asks least for it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from core.domain.enums import OrderSide, TimeInForce
from core.domain.market import BookView
from core.domain.plan import ExecutionRequest, PlannedChild
from core.strategies.assemble import make_child


def passive_child(books: Sequence[BookView], request: ExecutionRequest, amount: Decimal, limit: Decimal) -> PlannedChild | None:
    """A post-only order at the touch of the venue with the cheapest maker fee; None where no venue would take it."""
    side = request.side

    def rank(book: BookView) -> tuple[Decimal, Decimal]:
        own_touch = book.best_bid if side is OrderSide.BUY else book.best_ask
        return book.instrument.maker_fee, -side.sign * (own_touch or Decimal(0))

    for book in sorted(books, key=rank):
        touch = book.best_bid if side is OrderSide.BUY else book.best_ask
        if touch is None:
            continue
        price = min(touch, limit) if side is OrderSide.BUY else max(touch, limit)
        child = make_child(book, side, amount, price, TimeInForce.GTC, post_only=True)
        if isinstance(child, PlannedChild):
            return child
    return None
