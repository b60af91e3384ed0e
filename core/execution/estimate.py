"""From a plan to what the whole order is expected to cost: the book's own answer for routers, a model for what works over time.

The model, and how far to trust it. Clips and crossing slices are taken to find the book as it is now, refilled each time.
A resting slice fills with probability 1 − exp(−a / (q + s)): `a` is half of what trades on its venue while it waits (the
other half hits the other side), `q` the queue at its price, `s` its size; after Lo, MacKinlay & Zhang, "Econometric models
of limit-order executions" (2002), with a constant hazard. An iceberg takes its mean time. A fill at the touch earns
the half spread and pays the maker's fee; what did not fill in its time crosses. Adverse selection, our own lasting impact
and the market's way meanwhile are in no figure, so a passive estimate is a friendly one: it is marked as `estimated`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

from core.domain.comparison import Comparison
from core.domain.enums import OrderSide
from core.domain.market import BookView, MarketView
from core.domain.plan import ExecutionRequest, Plan, PlannedChild
from core.strategies.assemble import BPS
from core.strategies.eligible import eligible_books
from core.strategies.params import IcebergParams, MinimalImpactParams, Params, TwapParams
from core.strategies.passive import passive_child
from core.strategies.slicing import PASSIVE_PART
from core.strategies.walk import worst_price

ZERO = Decimal(0)
ONE = Decimal(1)
# Of a resting slice, where nothing is known yet of what trades on its venue.
ASSUMED_FILL = Decimal("0.5")

# Venue -> base that trades there per second, both sides; None before anything was heard of it.
Flow = Callable[[str], Decimal | None]


@dataclass(frozen=True, slots=True)
class _Leg:
    """A way to fill: at which average price, and at which fee per unit (quote)."""

    price: Decimal
    fee: Decimal


def estimate(plan: Plan, request: ExecutionRequest, params: Params, market: MarketView, flow: Flow) -> Comparison:
    """What `plan`'s strategy is expected to do with all of `request.amount`."""
    if plan.blocking:
        return Comparison(plan.strategy, request.amount, duration_s=None, residual=request.amount, why_not=plan.blocking)
    if isinstance(params, TwapParams):
        return _sliced(plan, request, params, market, flow)
    if isinstance(params, IcebergParams):
        return _iceberg(plan, request, market, flow)
    if isinstance(params, MinimalImpactParams) and plan.scheduled:
        return _clips(plan, request)
    note = "what is left over rests at the limit" if any(child.rests for child in plan.children) else ""
    return replace(_figures(plan, request, plan.expected_amount, _crossing(plan)), note=note)


def _clips(plan: Plan, request: ExecutionRequest) -> Comparison:
    figures = _figures(plan, request, request.amount - plan.unallocated, _crossing(plan))
    note = f"{plan.slices} clips, if the books refill"
    return replace(figures, duration_s=plan.duration_s, estimated=True, note=note)


def _sliced(plan: Plan, request: ExecutionRequest, params: TwapParams, market: MarketView, flow: Flow) -> Comparison:
    """Each slice rests for the part of its interval that its style gives it; the rest of it crosses, or is left."""
    slice_amount = request.amount / max(plan.slices, 1)
    patience_s = {"aggressive": 0.0, "balanced": PASSIVE_PART, "passive": 1.0}[params.style] * params.duration / max(plan.slices, 1)
    crossing = _crossing(plan)
    limit = worst_price(request, market)
    tip = passive_child(eligible_books(request, market, params).books, request, slice_amount, limit) if limit is not None else None
    passive = _resting(tip, market) if tip is not None and (patience_s or request.post_only) else None
    filled_part, known = ZERO, True
    if passive is not None and tip is not None:
        part = _part_filled(tip, market, flow, patience_s or params.duration)
        filled_part, known = (part, True) if part is not None else (ASSUMED_FILL, False)
    never_crosses = request.post_only or crossing is None or (params.style == "passive" and params.end_policy == "leave")
    expected = (request.amount - plan.unallocated) * (filled_part if never_crosses else ONE)
    legs = _mix(passive, filled_part, None if never_crosses else crossing)
    figures = _figures(plan, request, expected, legs)
    source = "by recent flow" if known else "(assumed, no trades yet)"
    how = f"{filled_part:.0%} passive {source}, " if passive is not None else ""
    rest = "rest stays unfilled" if never_crosses else ("rest crosses" if passive is not None else "all crossing")
    return replace(figures, duration_s=params.duration, estimated=True, note=f"{how}{rest}")


def _iceberg(plan: Plan, request: ExecutionRequest, market: MarketView, flow: Flow) -> Comparison:
    """All of it passive; every tip waits behind the queue anew."""
    tip = plan.children[0]
    leg = _resting(tip, market)
    if leg is None:
        note = "fills only if the market comes to the limit"
        return replace(_figures(plan, request, ZERO, None), duration_s=None, estimated=True, note=note)
    pace, shown = (flow(tip.exchange) or ZERO) / 2, tip.display_amount or tip.amount
    tips = -(-request.amount // shown)
    duration_s = float((request.amount + tips * _queue(tip, market)) / pace) if pace else None
    when = "by recent flow" if pace else "for as long as it takes"
    figures = _figures(plan, request, request.amount - plan.unallocated, leg)
    return replace(figures, duration_s=duration_s, estimated=True, note=f"all passive, {when}")


def _figures(plan: Plan, request: ExecutionRequest, expected: Decimal, leg: _Leg | None) -> Comparison:
    blank = Comparison(plan.strategy, request.amount, worst_price=plan.worst_price, residual=request.amount)
    if leg is None or not expected or not plan.mid:
        return blank
    cost = request.side.sign * (leg.price - plan.mid) + leg.fee
    return replace(
        blank,
        all_in_bps=cost / plan.mid * BPS,
        average_price=leg.price,
        fees=leg.fee * expected,
        expected_amount=expected,
        residual=request.amount - expected,
    )


def _crossing(plan: Plan) -> _Leg | None:
    """What the plan's children would pay that the book fills now."""
    if plan.average_price is None or not plan.expected_amount:
        return None
    return _Leg(plan.average_price, plan.fees / plan.expected_amount)


def _mix(passive: _Leg | None, part: Decimal, crossing: _Leg | None) -> _Leg | None:
    if passive is None or crossing is None:
        return passive or crossing
    return _Leg(part * passive.price + (1 - part) * crossing.price, part * passive.fee + (1 - part) * crossing.fee)


def _resting(tip: PlannedChild, market: MarketView) -> _Leg | None:
    """A fill of `tip` where it rests; None when it rests behind its venue's touch."""
    book = market.books[tip.exchange]
    touch = _own_touch(book, tip.side)
    if touch is None or tip.side.sign * (tip.price - touch) < 0:
        return None
    return _Leg(tip.price, tip.price * book.instrument.maker_fee)


def _part_filled(tip: PlannedChild, market: MarketView, flow: Flow, patience_s: float) -> Decimal | None:
    """How much of `tip` is expected to fill within `patience_s`, 0 to 1; None when no flow is known."""
    pace = flow(tip.exchange)
    if not pace:
        return None
    arriving = pace / 2 * Decimal(repr(patience_s))
    return round(1 - (-arriving / (_queue(tip, market) + tip.amount)).exp(), 4)


def _queue(tip: PlannedChild, market: MarketView) -> Decimal:
    """Base that rests at the tip's price already."""
    book = market.books[tip.exchange]
    levels = book.bids if tip.side is OrderSide.BUY else book.asks
    at = (levels.ticks == book.instrument.ticks_of(tip.price)).nonzero()[0]
    return book.instrument.amount_of(levels.sizes[at[0]]) if len(at) else ZERO


def _own_touch(book: BookView, side: OrderSide) -> Decimal | None:
    return book.best_bid if side is OrderSide.BUY else book.best_ask
