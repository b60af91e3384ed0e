"""BEST_PRICE: one venue, ranked by what *this size* costs there all in, not by its touch."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from core.domain.enums import ExecutionStrategy
from core.domain.market import BookView
from core.domain.plan import ExecutionRequest
from core.strategies.params import Params
from core.strategies.single_venue import Ranked, SingleVenueRouter, all_in_cost


class BestPrice(SingleVenueRouter):
    """Routes the whole order to the venue where its average price, fees included, is best."""

    name = ExecutionStrategy.BEST_PRICE

    def rank(self, books: Sequence[BookView], request: ExecutionRequest, limit: Decimal, _params: Params) -> list[Ranked]:
        costs = [(all_in_cost(book, request, limit), book) for book in books]
        quote = request.symbol.split("/")[1]
        return [Ranked((cost,), book, f"all in {abs(cost) / request.amount:.2f} {quote}") for cost, book in costs]
