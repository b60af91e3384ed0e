"""PRICE_OPTIMIZED_LIQUIDITY: sweep the merged book by fee-adjusted price.

One IOC limit per venue, at the worst level it is meant to reach, so that a book which moves
meanwhile gives less, never worse. What is left under GTC rests as one order at the trader's own
price, never at the price moved by `max_slippage_percent`.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from core.domain.enums import ExecutionStrategy, TimeInForce
from core.domain.market import MarketView
from core.domain.plan import ExecutionRequest, Plan, PlannedChild
from core.strategies.assemble import assemble, base_fee_note, is_market, make_child
from core.strategies.base import AlgoState
from core.strategies.eligible import Eligible, eligible_books
from core.strategies.params import Params, PriceOptimizedParams
from core.strategies.resting import best_resting
from core.strategies.router import MAX_ROUNDS, Router, stalled_rounds
from core.strategies.sweep import optimal_sweep
from core.strategies.walk import within_limit, worst_price

HUNDRED = Decimal(100)


class PriceOptimized(Router):
    """The cheapest set of takers over all venues, exact with lots and minimums."""

    name = ExecutionStrategy.PRICE_OPTIMIZED_LIQUIDITY

    def plan(self, request: ExecutionRequest, market: MarketView, params: Params, *, refused: Mapping[str, str] | None = None) -> Plan:
        eligible = eligible_books(request, market, params, refused)
        limit = sweep_limit(request, market, params)
        if not eligible.books or limit is None:
            return assemble(self.name, request, market, (), left_out=eligible.left_out, blocking="No venue has a usable book right now.")
        children = [] if request.post_only else sweep_children(eligible, request, request.amount, limit)
        left = request.amount - sum((child.amount for child in children), Decimal(0))
        blocking = ""
        if request.time_in_force is TimeInForce.FOK and left > 0:
            return self._unfillable(request, market, eligible, left)
        if (
            left > 0
            and request.price is not None
            and not is_market(request)
            and request.time_in_force in (TimeInForce.GTC, TimeInForce.GTD)
        ):
            resting = best_resting(eligible.books, request.side, left, request.price, request.time_in_force, post_only=request.post_only)
            if resting is not None:
                children.append(_as_resting(resting))
        if not children:
            blocking = _why_nothing(request, eligible, limit)
        return assemble(
            self.name,
            request,
            market,
            children,
            left_out=_unused(eligible, children),
            notes=base_fee_note(request, market.books, children),
            blocking=blocking,
            instruments=[book.instrument for book in eligible.books],
        )

    def to_send(self, plan: Plan, state: AlgoState) -> tuple[PlannedChild, ...]:
        """The sweep first; the residual rests only once the sweep's children are known and nothing more can be swept."""
        if state.request.time_in_force is TimeInForce.FOK:
            return super().to_send(plan, state)
        crossing = tuple(child for child in plan.children if not child.rests)
        immediate = state.request.time_in_force is TimeInForce.IOC
        tried = state.rounds if immediate else stalled_rounds(state)
        return crossing if crossing and tried < MAX_ROUNDS else tuple(child for child in plan.children if child.rests)

    def _unfillable(self, request: ExecutionRequest, market: MarketView, eligible: Eligible, left: Decimal) -> Plan:
        base = request.symbol.split("/")[0]
        sentence = f"Fill-or-kill: {left.normalize():f} {base} could not be filled within the limit now."
        return assemble(self.name, request, market, (), left_out=eligible.left_out, blocking=sentence)


def sweep_limit(request: ExecutionRequest, market: MarketView, params: Params) -> Decimal | None:
    """The worst price a sweep may reach: the limit moved by the slippage, or a market order's protective price."""
    if request.price is None or is_market(request):
        return worst_price(request, market)
    slippage = params.max_slippage_percent if isinstance(params, PriceOptimizedParams) else Decimal(0)
    return request.price * (1 + request.side.sign * slippage / HUNDRED)


def sweep_children(eligible: Eligible, request: ExecutionRequest, amount: Decimal, limit: Decimal) -> list[PlannedChild]:
    """IOC children of the optimal sweep of `amount`, cheapest venue first."""
    offers = [(book, within_limit(book, request.side, limit)) for book in eligible.books]
    children: list[PlannedChild] = []
    for part in optimal_sweep(offers, request.side, amount):
        child = make_child(part.book, request.side, part.amount, part.worst_price, TimeInForce.IOC)
        if isinstance(child, PlannedChild):
            children.append(child)
        else:
            eligible.left_out[part.book.venue] = child
    return children


def _as_resting(child: PlannedChild) -> PlannedChild:
    """The residual's order, kept apart from the sweep: it goes out once the sweep's children are known."""
    return PlannedChild(
        exchange=child.exchange,
        side=child.side,
        price=child.price,
        amount=child.amount,
        time_in_force=child.time_in_force,
        expected_price=None,
        expected_fee=Decimal(0),
        expected_amount=Decimal(0),
        post_only=child.post_only,
        rests=True,
    )


def _unused(eligible: Eligible, children: list[PlannedChild]) -> dict[str, str]:
    used = {child.exchange for child in children}
    unused = {book.venue: "not needed: other venues are cheaper" for book in eligible.books if book.venue not in used}
    return {**eligible.left_out, **unused}


def _why_nothing(request: ExecutionRequest, eligible: Eligible, limit: Decimal) -> str:
    if all(isinstance(make_child(book, request.side, request.amount, limit, TimeInForce.IOC), str) for book in eligible.books):
        return "The amount is under the minimum of every venue."
    return "No venue offers anything within the limit right now."
