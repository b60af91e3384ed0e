"""What an order's state is called, and how urgent it is. Qt-free.

A child has three facts (lifecycle, pending action, knowledge) and one cell. What we do *not* know outranks
what we last knew: an unknown order never reads "Open".
"""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.orders import ChildStatus, Knowledge, OrderSnapshot, ParentStatus, PendingAction


@dataclass(frozen=True, slots=True)
class State:
    """How a status cell looks.

    Attributes:
        mark: a sign in front of the words, so that colour is never alone.
        tone: a theme token: 'text', 'muted', 'warn', 'error', 'ok', 'accent'.
        help: the tooltip.
    """

    mark: str
    words: str
    tone: str
    help: str = ""

    @property
    def text(self) -> str:
        return f"{self.mark} {self.words}"


UNKNOWN = State("?", "Unknown – asking", "warn", "The venue's answer was ambiguous. Its size stays reserved until the venue has told.")
QUARANTINED = State(
    "!",
    "Unresolved – decide",
    "error",
    "The venue gave no evidence in time. Its size stays reserved. Check on the venue; a right click tells Fathom.",
)
CANCELLING = State("…", "Cancelling", "accent", "Cancel sent, not acknowledged yet.")
AMENDING = State("…", "Amending", "accent", "Change sent, not acknowledged yet.")

_CHILD = {
    ChildStatus.INTENT: State("…", "To be sent", "muted"),
    ChildStatus.SUBMITTING: State("…", "Sending", "accent"),
    ChildStatus.OPEN: State("●", "Open", "accent"),
    ChildStatus.PARTIALLY_FILLED: State("◐", "Part filled", "accent"),
    ChildStatus.FILLED: State("✓", "Filled", "ok"),
    ChildStatus.CANCELLED: State("×", "Cancelled", "muted"),
    ChildStatus.EXPIRED: State(
        "×", "Expired", "muted", "The venue ended it: the rest of an IOC, or a post-only order that would have crossed."
    ),
    ChildStatus.REJECTED: State("×", "Refused", "error", "The venue refused it. Nothing was placed."),
    ChildStatus.NOT_PLACED: State("×", "Not placed", "warn", "Proven never to have reached the venue."),
    ChildStatus.DENIED: State("×", "Denied here", "error", "A local limit said no. Nothing was sent."),
}
_PARENT = {
    ParentStatus.PENDING: State("…", "Starting", "muted"),
    ParentStatus.WAITING_TRIGGER: State(
        "◇", "Waiting for trigger", "accent", "Nothing has been sent. Watched by Fathom: needs the program running."
    ),
    ParentStatus.RUNNING: State("●", "Working", "accent"),
    ParentStatus.PAUSED: State("‖", "Paused", "warn"),
    ParentStatus.CANCELLING: CANCELLING,
    ParentStatus.AMENDING: AMENDING,
    ParentStatus.NEEDS_ATTENTION: State("!", "Needs attention", "error", "The state of a child order is unresolved."),
    ParentStatus.FILLED: State("✓", "Filled", "ok"),
    ParentStatus.COMPLETED: State("✓", "Part unfilled", "warn", "Done; not all of it could be filled."),
    ParentStatus.CANCELLED: State("×", "Cancelled", "muted"),
    ParentStatus.REJECTED: State("×", "Rejected", "error"),
    ParentStatus.FAILED: State("×", "Failed", "error"),
}
HELD = State("?", "Waiting for venue", "warn", "A venue does not answer what became of an order. It goes on by itself once it does.")
UNFILLED = State("×", "Unfilled", "warn", "Done; nothing of it was filled.")
FLAG_WORDS = {"late_fill": "filled after its end", "overfill": "filled more than ordered"}


def state_of(order: OrderSnapshot) -> State:
    """The most important of an order's facts."""
    if order.knowledge is Knowledge.QUARANTINED:
        return QUARANTINED
    if order.knowledge is Knowledge.UNKNOWN:
        return UNKNOWN
    if not order.terminal and order.pending is PendingAction.CANCEL:
        return CANCELLING
    if not order.terminal and order.pending is PendingAction.AMEND:
        return AMENDING
    if order.held:
        return HELD
    if order.status is ParentStatus.COMPLETED and not order.filled_amount:
        return UNFILLED
    return _PARENT[order.status] if isinstance(order.status, ParentStatus) else _CHILD[order.status]


def is_pending(order: OrderSnapshot) -> bool:
    """Something was asked for and not acknowledged yet: shown in italics."""
    if order.terminal:
        return False
    return order.pending is not PendingAction.NONE or order.status in (ParentStatus.CANCELLING, ParentStatus.AMENDING)


def reason_of(order: OrderSnapshot) -> str:
    """Why it is as it is, flags first: a flag is never hidden behind a reason."""
    flags = [FLAG_WORDS.get(flag, flag.replace("_", " ")) for flag in sorted(order.flags)]
    return "; ".join([*flags, *([order.reason] if order.reason else [])])


def can_pause(order: OrderSnapshot) -> bool:
    return order.is_parent and (order.status in (ParentStatus.RUNNING, ParentStatus.WAITING_TRIGGER) or order.held)


def can_resume(order: OrderSnapshot) -> bool:
    return order.is_parent and order.status is ParentStatus.PAUSED and not order.held
