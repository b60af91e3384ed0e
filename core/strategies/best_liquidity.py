"""BEST_LIQUIDITY: the venue with the most depth within the limit; for market orders, within a band around the touch."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from core.domain.enums import ExecutionStrategy
from core.domain.market import BookView
from core.domain.plan import ExecutionRequest, PlannedChild
from core.strategies.assemble import make_child
from core.strategies.liquidity import band_limit, depth_of
from core.strategies.params import BestLiquidityParams, Params
from core.strategies.single_venue import Ranked, SingleVenueRouter, all_in_cost
from core.strategies.walk import within_limit

ZERO = Decimal(0)


class BestLiquidity(SingleVenueRouter):
    """Routes the whole order to the deepest venue; the all-in price breaks ties."""

    name = ExecutionStrategy.BEST_LIQUIDITY

    def rank(self, books: Sequence[BookView], request: ExecutionRequest, limit: Decimal, params: Params) -> list[Ranked]:
        kind = params.liquidity_type if isinstance(params, BestLiquidityParams) else "base"
        base, quote = request.symbol.split("/")
        depths = [(book, depth_of(book, within_limit(book, request.side, limit), kind)) for book in books]
        if not any(depth for _, depth in depths):
            depths = [(book, depth_of(book, within_limit(book, request.side, band_limit(book, request.side)), kind)) for book in books]
        return [
            Ranked((-depth, all_in_cost(book, request, limit)), book, f"holds {depth:.2f} {base if kind == 'base' else quote}")
            for book, depth in depths
        ]

    def resting(self, ranked: Sequence[Ranked], request: ExecutionRequest, limit: Decimal) -> PlannedChild | None:
        for place in ranked:
            child = make_child(place.book, request.side, request.amount, limit, request.time_in_force, post_only=request.post_only)
            if isinstance(child, PlannedChild):
                return child
        return None
