"""LOWEST_FEES: the lowest account fee that applies, and what saving it costs in price.

Which fee applies depends on the order: where it would cross the taker's, where it would wait the maker's.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from core.domain.enums import ExecutionStrategy
from core.domain.market import BookView
from core.domain.plan import ExecutionRequest, PlannedChild
from core.strategies.assemble import BPS, make_child
from core.strategies.params import Params
from core.strategies.single_venue import Ranked, SingleVenueRouter, all_in_cost
from core.strategies.walk import walk, within_limit


class LowestFees(SingleVenueRouter):
    """Routes the whole order to the venue with the lowest applicable fee; the all-in price breaks ties."""

    name = ExecutionStrategy.LOWEST_FEES

    def rank(self, books: Sequence[BookView], request: ExecutionRequest, limit: Decimal, _params: Params) -> list[Ranked]:
        fees = [(book, applicable_fee(book, request, limit)) for book in books]
        return [Ranked((fee, all_in_cost(book, request, limit)), book, f"its fee is {fee * BPS:.2f} bps") for book, fee in fees]

    def resting(self, ranked: Sequence[Ranked], request: ExecutionRequest, limit: Decimal) -> PlannedChild | None:
        for place in ranked:
            child = make_child(place.book, request.side, request.amount, limit, request.time_in_force, post_only=request.post_only)
            if isinstance(child, PlannedChild):
                return child
        return None

    def notes(self, child: PlannedChild, ranked: Sequence[Ranked], request: ExecutionRequest, limit: Decimal) -> list[str]:
        """What the fee saving costs in price, against the venue that is best for this size before fees."""
        chosen = next(place.book for place in ranked if place.book.venue == child.exchange)
        own, best = _price(chosen, request, limit), min(_price(place.book, request, limit) for place in ranked)
        fee = applicable_fee(chosen, request, limit)
        if own <= best:
            return [f"Fee {fee * BPS:.2f} bps; no venue has a better price for this size."]
        cheapest = min(ranked, key=lambda place: _price(place.book, request, limit)).book
        saved = applicable_fee(cheapest, request, limit) - fee
        dearer = (own - best) / abs(best) * BPS
        against = f"saves {saved * BPS:.2f} bps of fees and costs {dearer:.2f} bps of price against {cheapest.venue}"
        return [f"Fee {fee * BPS:.2f} bps: {against}."]


def applicable_fee(book: BookView, request: ExecutionRequest, limit: Decimal) -> Decimal:
    """Taker where the order would cross, maker where it would wait."""
    crosses = not request.post_only and len(within_limit(book, request.side, limit)) > 0
    return book.instrument.taker_fee if crosses else book.instrument.maker_fee


def _price(book: BookView, request: ExecutionRequest, limit: Decimal) -> Decimal:
    """What the amount costs without fees, the unfilled part at the limit; smaller is better on both sides."""
    taken = walk(book.instrument, within_limit(book, request.side, limit), request.amount)
    return request.side.sign * (taken.notional + (request.amount - taken.amount) * limit)
