"""What a plan does not say by itself: that it waits, when it ends, and what is settled with perps first.

The figures of a waiting order are those of firing *now*; nobody knows the book it will meet. What would block an
order at this moment does not block one that waits for another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.domain.plan import ExecutionRequest, Plan
from core.execution.conditions import why_not_whole
from core.execution.expiry import clock_time
from core.execution.triggers import trigger_words


def with_conditions(plan: Plan, request: ExecutionRequest, perps: Sequence[str]) -> Plan:
    """`plan` with the notes that `request` deserves. `perps`: the perp venues among those it may use."""
    blocking, notes = plan.blocking, [*plan.notes]
    blocking = blocking or why_not_whole(plan, request)
    if request.order_type.waits:
        now = [f"If it fired now: {blocking}"] if blocking else []
        notes = [f"Waits until {trigger_words(request)}.", f"The figures are as if it fired now. {WATCHED}", *now, *notes]
        blocking = ""
    if request.expire_us is not None:
        notes.append(f"Ended by Fathom at {clock_time(request.expire_us)}: needs the program running.")
    if request.leverage is not None:
        notes.append(_leverage(request, perps))
    if request.reduce_only:
        notes.append("Reduce-only: no more than the open position is closed, whatever the amount.")
    if blocking == plan.blocking and notes == list(plan.notes):
        return plan
    return replace(plan, blocking=blocking, notes=tuple(notes))


WATCHED = "Watched by Fathom: needs the program running."


def _leverage(request: ExecutionRequest, perps: Sequence[str]) -> str:
    if not perps:
        return "Leverage is for perps; spot venues ignore it."
    mode = f" {request.margin_mode}" if request.margin_mode else ""
    return f"Leverage {request.leverage}×{mode} is set on {', '.join(perps)} before the first order there; spot venues ignore it."
