"""MINIMAL_MARKET_IMPACT: the same small share of every venue's near depth, in clips, letting the books refill in between.

In-band depth is what stands within `price_levels` levels and `max_price_impact_percent` of a venue's own touch,
and never past the limit. Taking an equal share everywhere keeps the largest share as small as it can be.
The maximum share holds for every clip: where clips are too small for every venue, what is left waits in a book
rather than take more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from core.domain.clock import MICROSECONDS
from core.domain.enums import ExecutionStrategy, TimeInForce
from core.domain.instruments import Instrument
from core.domain.market import BookView, Levels, MarketView
from core.domain.numbers import ceil_to, floor_to
from core.domain.plan import ExecutionRequest, Plan, PlannedChild
from core.strategies.assemble import assemble, base_fee_note, is_market, make_child
from core.strategies.base import AlgoState, Decision
from core.strategies.eligible import Eligible, eligible_books
from core.strategies.liquidity import amount_worth, depth_of
from core.strategies.params import MinimalImpactParams, Params
from core.strategies.passive import passive_child
from core.strategies.resting import best_resting
from core.strategies.router import MAX_REFUSALS, MAX_WAITS, Router
from core.strategies.walk import walk, within_limit, worst_price

ZERO = Decimal(0)
HUNDRED = Decimal(100)
# The next clip waits until this part of the depth is back that stood before the last one ...
REFILLED = Decimal("0.9")
# ... but at least so long, and at most so long: a market that has moved on never refills to what it was.
SHORTEST_WAIT_US = MICROSECONDS // 2
LONGEST_WAIT_US = 10 * MICROSECONDS
LOOK_US = MICROSECONDS // 4
# What a preview assumes between two clips.
USUAL_WAIT_S = 2.0
# Finer than any lot; the last digits of a Decimal quotient would floor an exact part to one lot less.
EXACT_DIGITS = 18


@dataclass(frozen=True, slots=True)
class Band:
    """A venue's in-band levels and what they hold, in base and in the measure asked for."""

    book: BookView
    levels: Levels
    base: Decimal
    measured: Decimal

    def part(self, share: Decimal, liquidity_type: str) -> Decimal:
        """`share` of it, in base: of its size, or of its value. A share is a quotient: what it makes is rounded where money ends."""
        made = share * self.base if liquidity_type == "base" else amount_worth(self.book, self.levels, share * self.measured)
        return round(made, EXACT_DIGITS)

    def share_of(self, amount: Decimal, liquidity_type: str) -> Decimal:
        """Which share of it `amount` (base) takes, best levels first."""
        if liquidity_type == "base":
            return amount / self.base
        return walk(self.book.instrument, self.levels, amount).notional / self.measured

    @property
    def least(self) -> Decimal:
        """The smallest amount its venue takes at any price of the band, in base."""
        rules = self.book.instrument
        return ceil_to(max(rules.lot, rules.min_amount, rules.min_notional / rules.price_of(int(self.levels.ticks.min()))), rules.lot)


class MinimalImpact(Router):
    """As little of each book as possible at a time."""

    name = ExecutionStrategy.MINIMAL_MARKET_IMPACT

    def plan(self, request: ExecutionRequest, market: MarketView, params: Params, *, refused: Mapping[str, str] | None = None) -> Plan:
        """The next clip; what later clips would place is `scheduled`."""
        own = _own(params)
        eligible = eligible_books(request, market, params, refused)
        limit = worst_price(request, market)
        if not eligible.books or limit is None:
            return assemble(self.name, request, market, (), left_out=eligible.left_out, blocking="No venue has a usable book right now.")
        bands = [] if request.post_only else in_band(eligible, request, limit, own)
        clip = self._clip(bands, request, own, eligible)
        taken = sum((child.amount for child in clip), ZERO)
        later = request.amount - taken if clip and not _immediate(request) else ZERO
        if later and all(_is_dust(band.book.instrument, later, limit) for band in bands):
            later = ZERO  # no later clip could place it
        children = clip if bands or not _may_rest(request) else _resting(eligible, request, limit)
        clips = 1 if clip and _immediate(request) else int(ceil_to(request.amount / taken, Decimal(1))) if taken else 0
        return assemble(
            self.name,
            request,
            market,
            children,
            left_out=eligible.left_out,
            notes=[*_describe(clip, bands, clips, own), *base_fee_note(request, market.books, children)],
            blocking="" if children else _why_no_clip(bands, request, own),
            scheduled=later,
            instruments=[book.instrument for book in eligible.books],
            duration_s=(clips - 1) * USUAL_WAIT_S if clips > 1 else 0.0,
            slices=clips,
        )

    def _clip(self, bands: list[Band], request: ExecutionRequest, params: MinimalImpactParams, eligible: Eligible) -> list[PlannedChild]:
        """Children that take the same share of every band. Venues whose part is too small drop out, the furthest from its minimum first."""
        most = params.max_share_percent / HUNDRED
        active = list(bands)
        while active:
            share = min(most, equal_share(active, request.amount, params.liquidity_type))
            children: list[PlannedChild] = []
            furthest: tuple[Decimal, Band, str] | None = None
            for band in active:
                part = band.book.instrument.floor_amount(band.part(share, params.liquidity_type))
                child = _taker(band, request, part) if part else "less than one lot"
                reached = part / band.least
                if isinstance(child, PlannedChild):
                    children.append(child)
                elif furthest is None or reached < furthest[0]:
                    furthest = reached, band, child
            if furthest is None:
                return without_crumbs(children, active, request, params)
            eligible.left_out[furthest[1].book.venue] = f"its part of the clip is too small: {furthest[2]}"
            active.remove(furthest[1])
        return []

    def decide(self, state: AlgoState, now_us: int, market: MarketView, params: Params) -> Decision:
        decision = self._decide(state, now_us, market, params)
        if decision.finish is None or state.remaining_amount <= 0 or state.refusals >= MAX_REFUSALS:
            return decision
        left = f"{state.remaining_amount.normalize():f} {state.request.symbol.split('/')[0]}"
        if _immediate(state.request) and state.rounds and not state.refused_venues:
            most = f"{_own(params).max_share_percent.normalize():f} %"
            return replace(decision, finish=f"{left} was left: an immediate order is one clip of at most {most} of the near depth")
        resting = _resting_beside(state, market, params)
        return (
            decision if resting is None else Decision(send=(resting,), reason=f"no clip can be placed: {left} rests on {resting.exchange}")
        )

    def _decide(self, state: AlgoState, now_us: int, market: MarketView, params: Params) -> Decision:
        """The next clip once the books have refilled, or the end."""
        if state.live or not state.memory.get("depth") or state.remaining_amount <= 0 or _immediate(state.request):
            return self._remember(super().decide(state, now_us, market, params), state, now_us, market, params)
        waited_us = now_us - int(str(state.memory["sent_us"]))
        refilled = self._depth(state, market, params) >= REFILLED * Decimal(str(state.memory["depth"]))
        if waited_us < SHORTEST_WAIT_US or (waited_us < LONGEST_WAIT_US and not refilled):
            return Decision(wake_us=now_us + LOOK_US, reason="waiting for the books to refill")
        return self._remember(super().decide(replace(state, rounds=0), now_us, market, params), state, now_us, market, params)

    def to_send(self, plan: Plan, state: AlgoState) -> tuple[PlannedChild, ...]:
        """An immediate order is one clip."""
        return () if _immediate(state.request) and state.rounds else super().to_send(plan, state)

    def nothing_to_send(self, plan: Plan, state: AlgoState, now_us: int, market: MarketView) -> Decision:
        """A book that is too thin for a clip may fill up again; only dust and immediate orders end here."""
        waits = state.memory.get("waits", 0)
        if plan.blocking and not plan.dust and not _immediate(state.request) and isinstance(waits, int) and waits < MAX_WAITS:
            return Decision(wake_us=now_us + LOOK_US, reason="waiting for the books to refill", memory={**state.memory, "waits": waits + 1})
        return super().nothing_to_send(plan, state, now_us, market)

    def _remember(self, decision: Decision, state: AlgoState, now_us: int, market: MarketView, params: Params) -> Decision:
        """With every clip, how deep the books were before it."""
        if not decision.send or all(child.rests for child in decision.send):
            return decision
        memory = {**(decision.memory or {}), "sent_us": now_us, "depth": str(self._depth(state, market, params))}
        return replace(decision, memory=memory, reason="clip sent")

    def _depth(self, state: AlgoState, market: MarketView, params: Params) -> Decimal:
        eligible = eligible_books(state.request, market, params, state.refused_venues)
        limit = worst_price(state.request, market)
        return sum((band.base for band in in_band(eligible, state.request, limit, _own(params))), ZERO) if limit is not None else ZERO


def equal_share(bands: list[Band], amount: Decimal, liquidity_type: str) -> Decimal:
    """The part of every band that together makes at most `amount`; above 1 when all of them are not enough."""
    total = sum((band.base for band in bands), ZERO)
    if not total:
        return ZERO
    share = amount / total
    # Parts of value are parts of size only where prices are alike: scale down what they make too much.
    made = sum((band.part(min(share, Decimal(1)), liquidity_type) for band in bands), ZERO)
    return share * amount / made if made > amount else share


def without_crumbs(
    children: list[PlannedChild], bands: list[Band], request: ExecutionRequest, params: MinimalImpactParams
) -> list[PlannedChild]:
    """The clip, shaped to leave no dust: one child takes it along within the maximum share, or shrinks so that a venue accepts the rest."""
    left = request.amount - sum((child.amount for child in children), ZERO)
    placeable = floor_to(left, min(band.book.instrument.lot for band in bands))
    if placeable <= 0 or any(band.least <= band.book.instrument.floor_amount(left) for band in bands):
        return children
    by_venue = {band.book.venue: band for band in bands}
    most = {band.book.venue: band.part(params.max_share_percent / HUNDRED, params.liquidity_type) for band in bands}
    order = sorted(range(len(children)), key=lambda index: by_venue[children[index].exchange].book.instrument.lot)
    later = min((band.least for band in bands if band.least <= most[band.book.venue]), default=left)
    for change in (placeable,) if _immediate(request) else (placeable, left - later):
        for index in order:
            child = children[index]
            band = by_venue[child.exchange]
            amount = band.book.instrument.floor_amount(child.amount + change)
            if amount > most[child.exchange] or amount == child.amount:
                continue
            changed = _taker(band, request, amount)
            if isinstance(changed, PlannedChild):
                return [*children[:index], changed, *children[index + 1 :]]
    return children


def _taker(band: Band, request: ExecutionRequest, amount: Decimal) -> PlannedChild | str:
    """A child that takes `amount` of the band, or why its venue would not have it."""
    reached = walk(band.book.instrument, band.levels, amount)
    return make_child(band.book, request.side, amount, reached.worst or ZERO, TimeInForce.IOC)


def _resting(eligible: Eligible, request: ExecutionRequest, price: Decimal) -> list[PlannedChild]:
    """One order that waits at `price`; every other venue is left out, in words."""
    chosen = best_resting(eligible.books, request.side, request.amount, price, TimeInForce.GTC, post_only=request.post_only)
    for book in eligible.books:
        child = make_child(book, request.side, request.amount, price, TimeInForce.GTC, post_only=request.post_only)
        if isinstance(child, str):
            eligible.left_out[book.venue] = child
        elif chosen is not None:
            eligible.left_out[book.venue] = f"the order rests on {chosen.exchange}"
    if chosen is None:
        return []
    del eligible.left_out[chosen.exchange]
    return [chosen]


def _resting_beside(state: AlgoState, market: MarketView, params: Params) -> PlannedChild | None:
    """What no clip can take, waiting at the trader's price; where that would cross every book, at a venue's own touch: it never takes."""
    request, amount = state.request, state.remaining_amount
    if request.price is None or not _may_rest(request):
        return None
    books = eligible_books(request, market, params, state.refused_venues).books
    at_limit = best_resting(books, request.side, amount, request.price, TimeInForce.GTC, post_only=True)
    if at_limit is not None or request.post_only:
        return at_limit
    return passive_child(books, request, amount, request.price)


def _is_dust(instrument: Instrument, amount: Decimal, price: Decimal | None) -> bool:
    return price is None or instrument.shortfall_of_minimums(instrument.floor_amount(amount), price) is not None or amount < instrument.lot


def in_band(eligible: Eligible, request: ExecutionRequest, limit: Decimal, params: MinimalImpactParams) -> list[Band]:
    """The levels of each venue that a clip may touch. Venues without any are left out, in words."""
    bands: list[Band] = []
    sign = request.side.sign
    for book in eligible.books:
        touch = book.best_ask if sign > 0 else book.best_bid
        if touch is None:
            eligible.left_out[book.venue] = "nothing to take on this side"
            continue
        edge = touch * (1 + sign * params.max_price_impact_percent / HUNDRED)
        worst = min(edge, limit) if sign > 0 else max(edge, limit)
        near = within_limit(book, request.side, worst)
        levels = Levels(near.ticks[: params.price_levels], near.sizes[: params.price_levels])
        if not len(levels):
            eligible.left_out[book.venue] = "its touch is past the limit"
            continue
        bands.append(Band(book, levels, depth_of(book, levels, "base"), depth_of(book, levels, params.liquidity_type)))
    return bands


def _immediate(request: ExecutionRequest) -> bool:
    """An immediate order is one clip; a market order is not immediate here, it only has no limit of the trader's."""
    return request.time_in_force in (TimeInForce.IOC, TimeInForce.FOK) and not is_market(request)


def _may_rest(request: ExecutionRequest) -> bool:
    return request.price is not None and not is_market(request) and not _immediate(request)


def _why_no_clip(bands: list[Band], request: ExecutionRequest, params: MinimalImpactParams) -> str:
    if request.post_only:
        return "No venue would let the order rest at its price."
    if not bands:
        return "No venue holds depth in the band that a clip could take."
    return f"A clip of at most {params.max_share_percent.normalize():f} % of the near depth is under every venue's minimum right now."


def _describe(clip: list[PlannedChild], bands: list[Band], clips: int, params: MinimalImpactParams) -> list[str]:
    """The largest share that the clip really takes: a coarse lot makes a venue's part smaller than the share that was meant."""
    if not clip:
        return []
    by_venue = {band.book.venue: band for band in bands}
    share = max(by_venue[child.exchange].share_of(child.amount, params.liquidity_type) for child in clip)
    venues = f"{len(clip)} venue{'s' if len(clip) > 1 else ''}"
    times = f"about {clips} clips" if clips > 1 else "one clip"
    return [f"A clip takes at most {share * HUNDRED:.2f} % of a venue's near depth, on {venues}; {times}."]


def _own(params: Params) -> MinimalImpactParams:
    if not isinstance(params, MinimalImpactParams):
        raise TypeError(f"MINIMAL_MARKET_IMPACT needs MinimalImpactParams, not {type(params).__name__}")
    return params
