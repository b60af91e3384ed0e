"""From the manager's record of a parent to what its strategy may know of it, and to how it ends."""

from __future__ import annotations

from collections.abc import Mapping

from core.domain.clock import MICROSECONDS
from core.domain.orders import ChildStatus, Knowledge, ParentStatus
from core.domain.plan import ExecutionRequest
from core.execution.state import ZERO, ChildState, ParentState
from core.strategies.base import AlgoState, LiveChild

# A venue that could not be reached is left alone for this long.
UNREACHABLE_US = 5 * MICROSECONDS
# One that refused gets another chance after this: its matching engine may have been overloaded.
REFUSED_US = 30 * MICROSECONDS


def algo_state(parent: ParentState, request: ExecutionRequest, now_us: int, refused_terms: Mapping[str, str]) -> AlgoState:
    """The state of `parent` at `now_us`.

    Args:
        request: as the strategy is to see it, see `core.execution.effective`.
        refused_terms: venues that would not have the parent's leverage; left out, but no reject loop.
    """
    refused: dict[str, str] = dict(refused_terms)
    refusals, recovering = 0, False
    for child in parent.children.values():
        if child.status in (ChildStatus.REJECTED, ChildStatus.DENIED) and not child.passing:
            refusals += 1
            if child.status is ChildStatus.DENIED:  # a limit of ours: waiting does not help, a smaller slice may
                if now_us - child.updated_us < UNREACHABLE_US:
                    refused[child.planned.exchange] = child.reason
            elif now_us - child.updated_us < REFUSED_US:
                refused[child.planned.exchange] = child.reason
                recovering = True
        elif child.status is ChildStatus.NOT_PLACED or child.passing:
            if (child.sent_us or child.passing) and now_us - child.updated_us < UNREACHABLE_US:
                refused[child.planned.exchange] = child.reason
                recovering = True
        elif child.executed.amount > ZERO or not child.status.terminal:
            refusals = 0
    seen_by_trader = sum((child.unseen for child in parent.open_children if _is_stated(child)), ZERO)
    return AlgoState(
        request=request,
        filled_amount=parent.executed.amount + seen_by_trader,
        live=tuple(_live(child) for child in parent.open_children if not _is_stated(child)),
        started_us=parent.started_us or parent.created_us,
        released_amount=parent.released,
        rounds=parent.rounds,
        refusals=refusals,
        refused_venues=refused,
        recovering=recovering,
        memory=parent.memory,
        seed=parent.seed,
    )


def ending_of(parent: ParentState, refused_terms: Mapping[str, str]) -> ParentStatus:
    """How a parent without open children ends: FAILED only when everything that was tried was refused."""
    if parent.executed.amount >= parent.request.amount:
        return ParentStatus.FILLED
    refused = all(child.status in (ChildStatus.REJECTED, ChildStatus.NOT_PLACED, ChildStatus.DENIED) for child in parent.children.values())
    return ParentStatus.FAILED if refused and (parent.children or refused_terms) else ParentStatus.COMPLETED


def _is_stated(child: ChildState) -> bool:
    """It is over, and how much of it was filled is known from the trader; its trades are still to be seen."""
    return child.settled and "resolved_by_trader" in child.flags


def _live(child: ChildState) -> LiveChild:
    return LiveChild(
        id=child.client_id,
        exchange=child.planned.exchange,
        price=child.price,
        amount=child.executed.amount + child.live_amount,
        filled_amount=child.executed.amount,
        pending=child.pending,
        known=child.knowledge is Knowledge.KNOWN and not child.settled,
        rests=child.planned.rests or child.planned.post_only or child.status in (ChildStatus.OPEN, ChildStatus.PARTIALLY_FILLED),
        created_us=child.created_us,
    )
