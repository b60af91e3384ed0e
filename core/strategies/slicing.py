"""What TWAP and VWAP share: an amount cut into slices over time, corrected at every look.

A slice is not "the next tenth" but aim(t) − filled − worst-case live: fills that come late, twice or
not at all correct themselves. What was missed (a dead venue, a sleeping laptop) is caught up with at
most twice the regular slice at a time: a late algo must not become a burst.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from core.domain.clock import MICROSECONDS
from core.domain.enums import ExecutionStrategy
from core.domain.market import MarketView
from core.domain.orders import PendingAction
from core.domain.plan import ExecutionRequest, Plan, PlannedChild
from core.strategies.assemble import assemble
from core.strategies.base import REMARK, AlgoState, Decision
from core.strategies.eligible import Eligible, eligible_books
from core.strategies.params import Params, TwapParams
from core.strategies.passive import passive_child
from core.strategies.price_optimized import sweep_children
from core.strategies.router import MAX_REFUSALS, last_refusal
from core.strategies.schedule import Schedule, Weigh, make_schedule, possible_slices, slice_lot, wanted_slices
from core.strategies.walk import worst_price

# The most a slice may be, in regular slices, while catching up.
CATCH_UP = 2
# Where a decision remembers the slice it is in, what was filled when that began, and how long after the start the end was first seen:
# a start moves on by every pause, so what is counted from it stands still as long as the parent does.
ANCHOR_STEP, ANCHOR, OVER = "anchor step", "anchor", "over after"
# ... and when it last crossed, with what was filled by then: takers that find nothing are not repeated at once.
CROSSED_US, CROSSED = "crossed_us", "crossed"
# A balanced slice waits passively for this part of its interval, then crosses.
PASSIVE_PART = 0.7
# Less than this part of a regular slice is not worth an order of its own; the next slice takes it along.
CRUMB = Decimal("0.05")
# What a cap leaves of a slice is sent in clips of at least this part of it.
CLIP = Decimal("0.25")
# ... or less, where the cap is small against the order: this part of all that it has allowed so far, but no crumb.
CLIP_OF_CAP = Decimal("0.1")
RETRY_US = MICROSECONDS // 4
# After the end, this long to complete what is left before the remainder is reported.
GRACE_US = 15 * MICROSECONDS
# ... in steps, evenly over the grace.
STEPS = 10
STEP_US = GRACE_US // (STEPS + 1)


@dataclass(frozen=True, slots=True)
class Course:
    """Where a parent should be, and what holds it back. Amounts base.

    Attributes:
        schedule: its slices; `index` is the one under way.
        aim: what should be filled by the end of that slice.
        regular: the size of a regular slice now: the measure of catching up and of crumbs.
        allowed: what may be filled or live by now, until the end; None without a cap.
        held: why it waits when `allowed` holds it back.
        past: what the parent says when it went past `allowed` to complete at the end.
        remark: what the parent says from now on.
        look_us: ask again within this time; None when only the slices matter.
    """

    schedule: Schedule
    index: int
    aim: Decimal
    regular: Decimal
    allowed: Decimal | None = None
    held: str = ""
    past: str = ""
    remark: str = ""
    look_us: int | None = None

    @property
    def words(self) -> str:
        """`slice 3 of 10`."""
        return f"slice {self.index + 1} of {len(self.schedule.shares)}"


class Slicing:
    """Slices over time: passive first, then crossing, as the style says. Subclasses say what a slice weighs and what caps it."""

    name: ExecutionStrategy

    # -- what a subclass may say -----------------------------------------------------------------------

    def basis(self, _state: AlgoState, _now_us: int, _market: MarketView, _params: TwapParams) -> Mapping[str, object] | str:
        """What is decided once, at the start, and remembered; a sentence is why that has to wait."""
        return {}

    def weigh(self, _market: MarketView, _start_us: int, _basis: Mapping[str, object]) -> Weigh | None:
        """What slices weigh; None: all the same."""
        return None

    def course(self, state: AlgoState, now_us: int, _market: MarketView, _params: TwapParams, schedule: Schedule) -> Course:
        """Where the parent should be now."""
        amount, index = state.request.amount, schedule.index_at(now_us - state.started_us)
        aim = schedule.target(index, amount, Decimal(str(state.memory["lot"])))
        return Course(schedule, index, aim, amount / len(schedule.shares), remark=str(state.memory.get(REMARK, "")))

    def preview(self, _request: ExecutionRequest, _market: MarketView, _params: TwapParams) -> tuple[Mapping[str, object], list[str]]:
        """The basis that it would start on now, and what else the trader should know before."""
        return {}, []

    # -- planning --------------------------------------------------------------------------------------

    def plan(self, request: ExecutionRequest, market: MarketView, params: Params) -> Plan:
        """The first slice, and what is scheduled behind it."""
        params = self._own(params)
        eligible = eligible_books(request, market, params)
        limit = worst_price(request, market)
        if not eligible.books or limit is None:
            return assemble(self.name, request, market, (), left_out=eligible.left_out, blocking="No venue has a usable book right now.")
        instruments = [book.instrument for book in eligible.books]
        basis, more = self.preview(request, market, params)
        weigh = self.weigh(market, market.now_us, basis)
        slices = possible_slices(params, request.amount, limit, instruments, weigh)
        first = make_schedule(params, slices, 0, weigh).target(0, request.amount, slice_lot(instruments))
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
            notes=[*notes, *more],
            blocking="" if children else "The first slice can't be placed: it is under every minimum or nothing is within the limit.",
            scheduled=request.amount - first,
            instruments=instruments,
            duration_s=params.duration,
            slices=slices,
        )

    # -- deciding --------------------------------------------------------------------------------------

    def decide(self, state: AlgoState, now_us: int, market: MarketView, params: Params) -> Decision:
        params = self._own(params)
        memory = state.memory or self._first_memory(state, now_us, market, params)
        if isinstance(memory, str):
            return Decision(wake_us=now_us + RETRY_US, reason=memory)
        state = replace(state, memory=memory)
        weigh = self.weigh(market, state.started_us, memory)
        schedule = self.schedule(params, int(str(memory["slices"])), state.seed, weigh)
        course = self.course(state, now_us, market, params, schedule)
        memory = _anchored(memory, state, now_us, course)
        decision = self._slice(replace(state, memory=memory), now_us, market, params, course)
        remark = course.remark
        if any(not child.rests for child in decision.send):
            memory = {**memory, CROSSED_US: now_us, CROSSED: str(state.filled_amount)}
        if decision.send and course.allowed is not None and _commits(state, decision) > course.allowed:
            remark = also(remark, course.past)
        wake_us = decision.wake_us
        if wake_us is not None and course.look_us is not None:
            wake_us = min(wake_us, now_us + course.look_us)
        return replace(
            decision,
            reason=also(decision.reason, remark),
            finish=None if decision.finish is None else also(decision.finish, remark),
            wake_us=wake_us,
            memory={**memory, REMARK: remark} if remark else memory,
            target_amount=course.aim,
            ends_us=state.started_us + schedule.duration_us,
        )

    def schedule(self, params: TwapParams, slices: int, seed: int, weigh: Weigh | None) -> Schedule:
        """The slices of a parent under way."""
        return make_schedule(params, slices, seed, weigh)

    def _first_memory(self, state: AlgoState, now_us: int, market: MarketView, params: TwapParams) -> Mapping[str, object] | str:
        """The number of slices and their step, fixed when the first book is there; they survive a restart."""
        eligible = eligible_books(state.request, market, params, state.refused_venues)
        limit = worst_price(state.request, market)
        if not eligible.books or limit is None:
            return "waiting for a usable book"
        basis = self.basis(state, now_us, market, params)
        if isinstance(basis, str):
            return basis
        instruments = [book.instrument for book in eligible.books]
        weigh = self.weigh(market, state.started_us, basis)
        slices = possible_slices(params, state.request.amount, limit, instruments, weigh)
        return {"slices": slices, "lot": str(slice_lot(instruments)), **basis}

    def _slice(self, state: AlgoState, now_us: int, market: MarketView, params: TwapParams, course: Course) -> Decision:
        request, amount, schedule, index = state.request, state.request.amount, course.schedule, course.index
        done = state.filled_amount + state.released_amount
        if done >= amount:
            return Decision(finish="")
        if state.refusals >= MAX_REFUSALS:
            return Decision(finish=f"stopped after {state.refusals} refusals in a row: {last_refusal(state.refused_venues)}")
        elapsed_us = now_us - state.started_us
        over = elapsed_us >= schedule.duration_us
        if over and (ending := self._ending(state, now_us, params)) is not None:
            return ending
        ends_us = state.started_us + schedule.slice_end_us(index)
        cross_us = state.started_us + round(
            schedule.starts_us[index] + _patience(params) * (schedule.slice_end_us(index) - schedule.starts_us[index])
        )
        crossing = over or now_us >= cross_us
        outdated = tuple(
            c.id
            for c in state.live
            if c.rests
            and c.pending is PendingAction.NONE
            # What may not cross goes on waiting.
            and ((crossing and not request.post_only) or _is_old(c.created_us, state, schedule, index))
        )
        if outdated:
            return Decision(
                cancel=outdated, reason="clearing the passive order before crossing" if crossing else "clearing the last slice's order"
            )
        next_us = ends_us if crossing else min(cross_us, ends_us)
        if state.live:
            return Decision(wake_us=now_us + RETRY_US if crossing else next_us, reason=course.words)
        if crossing and now_us < (again_us := _again_us(state)):
            return Decision(wake_us=again_us, reason=f"{course.words}, the book was not what it looked like")
        wanted = min(course.aim - done, _allowance(state, course, over=over))
        wake_us = now_us + RETRY_US if over else next_us
        if wanted <= 0 or (not over and wanted < course.regular * CRUMB):
            behind = course.aim > done
            return Decision(wake_us=wake_us if over else ends_us, reason=f"{'catching up' if behind else 'on schedule'}, {course.words}")
        need = wanted if over or course.allowed is None else min(wanted, course.allowed - state.filled_amount)
        if need <= 0 or need < min(wanted, _smallest_clip(course)):
            return Decision(wake_us=now_us + MICROSECONDS, reason=f"{course.words}, {course.held}")
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
        return Decision(send=send, wake_us=wake_us, reason=f"{course.words}, {'crossing' if crossing else 'passive'}")

    def _children(
        self, eligible: Eligible, request: ExecutionRequest, need: Decimal, limit: Decimal, *, crossing: bool
    ) -> tuple[PlannedChild, ...]:
        if crossing and not request.post_only:
            return tuple(sweep_children(eligible, request, need, limit))
        resting = passive_child(eligible.books, request, need, limit)
        return (resting,) if resting else ()

    def _ending(self, state: AlgoState, now_us: int, params: TwapParams) -> Decision | None:
        """What to do after the schedule's end; None to go on completing. The grace begins with the first look after the end."""
        if params.end_policy == "complete" and now_us - state.started_us < int(str(state.memory[OVER])) + GRACE_US:
            return None
        if state.live:
            to_cancel = tuple(child.id for child in state.live if child.pending is PendingAction.NONE and child.rests)
            return Decision(cancel=to_cancel, wake_us=now_us + RETRY_US, reason="the end: clearing what still rests")
        why = "; post-only orders may not cross to complete it" if params.end_policy == "complete" and state.request.post_only else ""
        return Decision(finish=f"the schedule ended with a remainder{why}")

    def _own(self, params: Params) -> TwapParams:
        if not isinstance(params, TwapParams):
            raise TypeError(f"{self.name.label} needs a schedule's parameters, not {type(params).__name__}")
        return params


def _anchored(memory: Mapping[str, object], state: AlgoState, now_us: int, course: Course) -> Mapping[str, object]:
    """`memory` with what was filled when the slice began (after the end: the step of completing), which its allowance counts from."""
    step = course.index
    elapsed_us = now_us - state.started_us
    if elapsed_us >= course.schedule.duration_us:
        over_us = int(str(memory.get(OVER, elapsed_us)))
        memory = {**memory, OVER: over_us}
        step = len(course.schedule.shares) + (elapsed_us - over_us) // STEP_US
    if memory.get(ANCHOR_STEP) == step:
        return memory
    return {**memory, ANCHOR_STEP: step, ANCHOR: str(state.filled_amount)}


def _again_us(state: AlgoState) -> int:
    """When it may cross again: a little later if the last time brought nothing."""
    if state.memory.get(CROSSED) != str(state.filled_amount):
        return 0
    return int(str(state.memory[CROSSED_US])) + RETRY_US


def _smallest_clip(course: Course) -> Decimal:
    """Under this a capped slice waits for more room, so that it does not go out in crumbs."""
    of_cap = max((course.allowed or Decimal(0)) * CLIP_OF_CAP, course.regular * CRUMB)
    return min(course.regular * CLIP, of_cap)


def _allowance(state: AlgoState, course: Course, *, over: bool) -> Decimal:
    """What this slice may still commit: a late algo, or one at its end, must not become a burst."""
    most = max(CATCH_UP * course.regular, state.request.amount / STEPS if over else Decimal(0))
    return Decimal(str(state.memory[ANCHOR])) + most - state.filled_amount - state.live_amount


def also(sentence: str, more: str) -> str:
    """Two sentences as one, each said once."""
    return sentence if not more or more in sentence else f"{sentence}; {more}" if sentence else more


def _commits(state: AlgoState, decision: Decision) -> Decimal:
    """Filled and worst-case live once the decision is carried out."""
    return state.filled_amount + state.live_amount + sum((child.amount for child in decision.send), Decimal(0))


def _patience(params: TwapParams) -> float:
    return {"aggressive": 0.0, "balanced": PASSIVE_PART, "passive": 2.0}[params.style]


def _is_old(created_us: int, state: AlgoState, schedule: Schedule, index: int) -> bool:
    """The order belongs to an earlier slice."""
    return created_us < state.started_us + schedule.starts_us[index]
