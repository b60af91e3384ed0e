"""What all routers share: send the plan, wait until every child is known, plan what is left, rest or report the rest.

A residual is never re-planned while a child might still fill: that is how orders double.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from core.domain.clock import MICROSECONDS
from core.domain.enums import ExecutionStrategy, TimeInForce
from core.domain.market import MarketView
from core.domain.plan import ExecutionRequest, Plan, PlannedChild
from core.strategies.assemble import is_market
from core.strategies.base import AlgoState, Decision
from core.strategies.params import Params
from core.strategies.walk import worst_price

# A sweep that leaves something is followed up while the book still offers more; then the rest rests.
MAX_ROUNDS = 6
MAX_REFUSALS = 3
RETRY_US = MICROSECONDS // 4
# How long an order waits for a usable book before it gives up; an immediate one asks a few times only.
MAX_WAITS_IMMEDIATE = 8
MAX_WAITS = 240


# What a decision to send remembers: takers in a row that got nothing, what was filled before, and whether it sent takers.
STALLED, FILLED, CROSSED = "stalled", "filled", "crossed"


def stalled_rounds(state: AlgoState) -> int:
    """How often in a row takers were sent and filled nothing: the book is not what it looks like."""
    memory = state.memory
    if not memory.get(CROSSED) or Decimal(str(memory[FILLED])) != state.filled_amount:
        return 0
    return int(str(memory[STALLED])) + 1


class Router(ABC):
    """A strategy that is done after one plan and its follow-ups."""

    name: ExecutionStrategy

    @abstractmethod
    def plan(self, request: ExecutionRequest, market: MarketView, params: Params, *, refused: Mapping[str, str] | None = None) -> Plan:
        """What it would do with `request.amount` now.

        Args:
            refused: venues to leave out because they refused this parent, with what they said.
        """

    def decide(self, state: AlgoState, now_us: int, market: MarketView, params: Params) -> Decision:
        if state.live:
            return Decision(reason=_waiting(state))
        if state.remaining_amount <= 0:
            return Decision(finish="" if not state.released_amount else "the cancelled child's amount was not placed again")
        if state.refusals >= MAX_REFUSALS:
            return Decision(finish=f"stopped after {state.refusals} refusals in a row: {last_refusal(state.refused_venues)}")
        worst = _arrival_limit(state, market)
        plan = self.plan(replace(state.request, amount=state.remaining_amount, price=worst), market, params, refused=state.refused_venues)
        send = () if plan.blocking else self.to_send(plan, state)
        if send:
            crosses = any(not child.rests for child in send)
            memory = {STALLED: stalled_rounds(state), FILLED: str(state.filled_amount), CROSSED: crosses}
            if worst is not None:
                memory["worst"] = str(worst)
            return Decision(send=send, reason=f"sent {len(send)} order{'s' if len(send) > 1 else ''}", memory=memory)
        return self.nothing_to_send(plan, state, now_us, market)

    def to_send(self, plan: Plan, state: AlgoState) -> tuple[PlannedChild, ...]:
        """Which of the plan's children go out now. Immediate limit orders have one go; a market order follows what moved away."""
        if state.request.time_in_force in (TimeInForce.IOC, TimeInForce.FOK):
            most = MAX_ROUNDS if is_market(state.request) else 1
            return plan.children if state.rounds < most else ()
        return plan.children

    def nothing_to_send(self, plan: Plan, state: AlgoState, now_us: int, market: MarketView) -> Decision:
        """Wait while there is hope, else end with the reason."""
        waits = state.memory.get("waits", 0)
        immediate = is_market(state.request) or state.request.time_in_force in (TimeInForce.IOC, TimeInForce.FOK)
        hopeful = state.recovering or not market.live()
        if hopeful and isinstance(waits, int) and waits < (MAX_WAITS_IMMEDIATE if immediate else MAX_WAITS):
            return Decision(
                wake_us=now_us + RETRY_US,
                reason="waiting for a venue" if state.recovering else "waiting for a usable book",
                memory={**state.memory, "waits": waits + 1},
            )
        return Decision(finish=unfilled_sentence(plan, state))


def _arrival_limit(state: AlgoState, market: MarketView) -> Decimal | None:
    """The trader's limit as it is now, or the protective price that a market order had when it first traded."""
    if not is_market(state.request):
        return state.request.price
    remembered = state.memory.get("worst")
    return Decimal(str(remembered)) if remembered is not None else worst_price(state.request, market)


def unfilled_sentence(plan: Plan, state: AlgoState) -> str:
    """Why something stays unfilled, for the trader."""
    left = f"{state.remaining_amount.normalize():f} {state.request.symbol.split('/')[0]}"
    if plan.dust:
        return f"{left} is under every venue's minimum and was left"
    if plan.blocking:
        return plan.blocking
    if state.refused_venues:
        return f"{left} was left: {last_refusal(state.refused_venues)}"
    return f"{left} found no liquidity within the limit"


def _waiting(state: AlgoState) -> str:
    resting = [child for child in state.live if child.rests]
    if resting and len(resting) == len(state.live):
        return f"resting on {', '.join(child.exchange for child in resting)}"
    unknown = [child.exchange for child in state.live if not child.known]
    if unknown:
        return f"waiting for evidence from {', '.join(unknown)}"
    return f"waiting for {', '.join(child.exchange for child in state.live)}"


def last_refusal(refusals: Mapping[str, str]) -> str:
    """What the venue that refused last said."""
    return next(reversed(list(refusals.values())), "no reason given")
