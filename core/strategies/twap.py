"""TWAP: equal slices over time, corrected at every look.

A slice is not "the next tenth" but target(t) − filled − worst-case live: fills that come late, twice or
not at all correct themselves. What was missed (a dead venue, a sleeping laptop) is caught up with at
most twice the regular slice at a time: a late algo must not become a burst.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from core.domain.clock import MICROSECONDS
from core.domain.enums import ExecutionStrategy, OrderSide, TimeInForce
from core.domain.market import BookView, MarketView
from core.domain.orders import PendingAction
from core.domain.plan import ExecutionRequest, Plan, PlannedChild
from core.strategies.assemble import assemble, make_child
from core.strategies.base import AlgoState, Decision
from core.strategies.eligible import Eligible, eligible_books
from core.strategies.params import Params, TwapParams
from core.strategies.price_optimized import sweep_children
from core.strategies.router import MAX_REFUSALS, last_refusal
from core.strategies.schedule import Schedule, make_schedule, possible_slices, slice_lot, wanted_slices
from core.strategies.walk import worst_price

# The most a slice may be, in regular slices, while catching up.
CATCH_UP = 2
# A balanced slice waits passively for this part of its interval, then crosses.
PASSIVE_PART = 0.7
# Less than this part of a regular slice is not worth an order of its own; the next slice takes it along.
CRUMB = Decimal("0.05")
RETRY_US = MICROSECONDS // 4
# After the end, this long to complete what is left before the remainder is reported.
GRACE_US = 15 * MICROSECONDS


class Twap:
    """Time-weighted slices: passive first, then crossing, as the style says."""

    name = ExecutionStrategy.TWAP

    def plan(self, request: ExecutionRequest, market: MarketView, params: Params) -> Plan:
        """The first slice, and what is scheduled behind it."""
        params = _own(params)
        eligible = eligible_books(request, market, params)
        limit = worst_price(request, market)
        if not eligible.books or limit is None:
            return assemble(self.name, request, market, (), left_out=eligible.left_out, blocking="No venue has a usable book right now.")
        instruments = [book.instrument for book in eligible.books]
        slices = possible_slices(params, request.amount, limit, instruments)
        schedule = make_schedule(params, slices, seed=0)
        first = schedule.target(0, request.amount, slice_lot(instruments))
        # The preview shows what crossing the first slice would cost: the honest upper estimate of a passive start.
        children = [] if request.post_only else sweep_children(eligible, request, first, limit)
        if not children and (resting := passive_child(eligible.books, request, first, limit)) is not None:
            children = [resting]
        notes = [f"{slices} slices of about {request.amount / slices:.6g} {instruments[0].base}; shown is the first, as if it crossed now."]
        if slices < wanted_slices(params):
            notes.append(f"Fewer slices than the {wanted_slices(params)} asked for: smaller ones would fall under the venues' minimums.")
        return assemble(
            self.name,
            request,
            market,
            children,
            left_out=eligible.left_out,
            notes=notes,
            blocking="" if children else "The first slice can't be placed: it is under every minimum or nothing is within the limit.",
            scheduled=request.amount - first,
            instruments=instruments,
            duration_s=params.duration,
            slices=slices,
        )

    def decide(self, state: AlgoState, now_us: int, market: MarketView, params: Params) -> Decision:
        params = _own(params)
        memory = self._memory(state, market, params)
        if memory is None:
            return Decision(wake_us=now_us + RETRY_US, reason="waiting for a usable book")
        slices, lot = memory["slices"], Decimal(str(memory["lot"]))
        schedule = make_schedule(params, int(str(slices)), state.seed)
        elapsed_us = now_us - state.started_us
        index = schedule.index_at(elapsed_us)
        decision = self._slice(state, now_us, market, params, schedule, index, lot)
        return replace(
            decision,
            memory=memory,
            target_amount=schedule.target(index, state.request.amount, lot),
            ends_us=state.started_us + schedule.duration_us,
        )

    def _memory(self, state: AlgoState, market: MarketView, params: TwapParams) -> Mapping[str, object] | None:
        """The number of slices and their step, fixed when the first book is there; both survive a restart."""
        if state.memory:
            return state.memory
        eligible = eligible_books(state.request, market, params, state.refused_venues)
        limit = worst_price(state.request, market)
        if not eligible.books or limit is None:
            return None
        instruments = [book.instrument for book in eligible.books]
        return {"slices": possible_slices(params, state.request.amount, limit, instruments), "lot": str(slice_lot(instruments))}

    def _slice(
        self, state: AlgoState, now_us: int, market: MarketView, params: TwapParams, schedule: Schedule, index: int, lot: Decimal
    ) -> Decision:
        request, amount = state.request, state.request.amount
        done = state.filled_amount + state.released_amount
        if done >= amount:
            return Decision(finish="")
        if state.refusals >= MAX_REFUSALS:
            return Decision(finish=f"stopped after {state.refusals} refusals in a row: {last_refusal(state.refused_venues)}")
        elapsed_us = now_us - state.started_us
        over = elapsed_us >= schedule.duration_us
        if over and (ending := self._ending(state, elapsed_us, params, schedule)) is not None:
            return ending
        ends_us = state.started_us + schedule.slice_end_us(index)
        cross_us = state.started_us + round(
            schedule.starts_us[index] + _patience(params) * (schedule.slice_end_us(index) - schedule.starts_us[index])
        )
        crossing = over or now_us >= cross_us
        outdated = tuple(
            c.id
            for c in state.live
            if c.rests and c.pending is PendingAction.NONE and (crossing or _is_old(c.created_us, state, schedule, index))
        )
        if outdated:
            return Decision(
                cancel=outdated, reason="clearing the passive order before crossing" if crossing else "clearing the last slice's order"
            )
        if state.live:
            return Decision(wake_us=now_us + RETRY_US if crossing else cross_us, reason=f"slice {index + 1} of {len(schedule.shares)}")
        cap = CATCH_UP * amount / len(schedule.shares)
        need = min(schedule.target(index, amount, lot) - done, cap if not over else amount)
        wake_us = now_us + RETRY_US if over else (ends_us if crossing else cross_us)
        if need <= 0 or (not over and need < amount / len(schedule.shares) * CRUMB):
            return Decision(wake_us=ends_us, reason=f"on schedule, slice {index + 1} of {len(schedule.shares)}")
        eligible = eligible_books(request, market, params, state.refused_venues)
        limit = worst_price(request, market)
        if not eligible.books or limit is None:
            return Decision(wake_us=now_us + RETRY_US, reason="waiting for a usable book")
        send = self._children(eligible, request, need, limit, crossing=crossing)
        if not send:
            return Decision(
                wake_us=min(wake_us, now_us + MICROSECONDS),
                reason="nothing within the limit, waiting" if crossing else "slice too small yet, joined to the next",
            )
        return Decision(
            send=send, wake_us=wake_us, reason=f"slice {index + 1} of {len(schedule.shares)}, {'crossing' if crossing else 'passive'}"
        )

    def _children(
        self, eligible: Eligible, request: ExecutionRequest, need: Decimal, limit: Decimal, *, crossing: bool
    ) -> tuple[PlannedChild, ...]:
        if crossing and not request.post_only:
            return tuple(sweep_children(eligible, request, need, limit))
        resting = passive_child(eligible.books, request, need, limit)
        return (resting,) if resting else ()

    def _ending(self, state: AlgoState, elapsed_us: int, params: TwapParams, schedule: Schedule) -> Decision | None:
        """What to do after the schedule's end; None to go on completing."""
        leave = params.end_policy == "leave" or elapsed_us >= schedule.duration_us + GRACE_US
        if not leave:
            return None
        if state.live:
            to_cancel = tuple(child.id for child in state.live if child.pending is PendingAction.NONE and child.rests)
            return Decision(cancel=to_cancel, wake_us=state.started_us + elapsed_us + RETRY_US, reason="the end: clearing what still rests")
        return Decision(finish="the schedule ended with a remainder")


def _own(params: Params) -> TwapParams:
    if not isinstance(params, TwapParams):
        raise TypeError(f"TWAP needs TwapParams, not {type(params).__name__}")
    return params


def _patience(params: TwapParams) -> float:
    return {"aggressive": 0.0, "balanced": PASSIVE_PART, "passive": 2.0}[params.style]


def _is_old(created_us: int, state: AlgoState, schedule: Schedule, index: int) -> bool:
    """The order belongs to an earlier slice."""
    return created_us < state.started_us + schedule.starts_us[index]


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
