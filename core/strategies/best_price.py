"""BEST_PRICE: one venue, ranked by what *this size* costs there all in, not by its touch.

What a venue's book can't fill within the limit is valued at the limit (it would have to be paid to get
done), so a thin venue with a pretty touch does not win a large order.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from core.domain.enums import ExecutionStrategy, OrderSide, TimeInForce
from core.domain.market import BookView, MarketView
from core.domain.plan import ExecutionRequest, Plan, PlannedChild
from core.strategies.assemble import assemble, base_fee_note, is_market, make_child
from core.strategies.eligible import eligible_books
from core.strategies.params import Params
from core.strategies.resting import best_resting
from core.strategies.router import Router
from core.strategies.walk import walk, within_limit, worst_price


class BestPrice(Router):
    """Routes the whole order to the venue where its average price, fees included, is best."""

    name = ExecutionStrategy.BEST_PRICE

    def plan(self, request: ExecutionRequest, market: MarketView, params: Params, *, refused: Mapping[str, str] | None = None) -> Plan:
        eligible = eligible_books(request, market, params, refused)
        limit = worst_price(request, market)
        if not eligible.books or limit is None:
            return assemble(self.name, request, market, (), left_out=eligible.left_out, blocking="No venue has a usable book right now.")
        time_in_force = TimeInForce.IOC if is_market(request) else request.time_in_force
        left_out = dict(eligible.left_out)
        best: PlannedChild | None = None
        for cost, book in sorted(((all_in_cost(book, request, limit), book) for book in eligible.books), key=lambda item: item[0]):
            child = make_child(book, request.side, request.amount, limit, time_in_force, post_only=request.post_only)
            if isinstance(child, str):
                left_out[book.venue] = child
            elif best is None:
                best = child
            else:
                left_out[book.venue] = f"costs {cost / request.amount:.2f} per {book.instrument.base} all in"
        if best is not None and best.rests and time_in_force in (TimeInForce.GTC, TimeInForce.GTD):
            # Nothing crosses anywhere: wait where waiting is cheapest.
            best = best_resting(eligible.books, request.side, request.amount, limit, time_in_force, post_only=request.post_only)
        if best is not None and best.rests and time_in_force in (TimeInForce.IOC, TimeInForce.FOK):
            best = None
        children = () if best is None else (best,)
        return assemble(
            self.name,
            request,
            market,
            children,
            left_out={venue: why for venue, why in left_out.items() if best is None or venue != best.exchange},
            notes=base_fee_note(request, market.books, children),
            blocking="" if children else _why_nothing(request, left_out),
            instruments=[book.instrument for book in eligible.books],
        )


def all_in_cost(book: BookView, request: ExecutionRequest, limit: Decimal) -> Decimal:
    """What the whole amount costs on this venue, fees in, in quote; smaller is better on both sides."""
    instrument, side = book.instrument, request.side
    taken = walk(instrument, within_limit(book, side, limit), request.amount)
    rest = request.amount - taken.amount
    sign = side.sign
    return sign * (taken.notional * (1 + sign * instrument.taker_fee) + rest * limit * (1 + sign * instrument.maker_fee))


def _why_nothing(request: ExecutionRequest, left_out: Mapping[str, str]) -> str:
    if request.time_in_force in (TimeInForce.IOC, TimeInForce.FOK) or is_market(request):
        better = "at or below" if request.side is OrderSide.BUY else "at or above"
        return f"No venue offers anything {better} the limit." if not left_out else "No venue would take this order now."
    return "No venue would take this order: it is under every minimum."
