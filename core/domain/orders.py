"""Orders as the rest of the program sees them: frozen snapshots, and the tables of what may follow what.

Fills may arrive after a cancel, twice, or in the wrong order; the tables accept that. A child has
three independent facts: its lifecycle, a pending action, and whether we *know* its state. A timeout
changes only the last: it makes a child UNKNOWN, never rejected.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from core.domain.enums import ExecutionStrategy, Liquidity, OrderSide, OrderType, TimeInForce


class ChildStatus(StrEnum):
    INTENT = "intent"  # durable in the journal, nothing sent
    SUBMITTING = "submitting"
    OPEN = "open"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"  # the venue ended it: the rest of an IOC, a crossing post-only
    REJECTED = "rejected"  # a definite refusal by the venue
    NOT_PLACED = "not_placed"  # proven never to have reached the venue
    DENIED = "denied"  # refused here, by the risk gate

    @property
    def terminal(self) -> bool:
        return self in _CHILD_TERMINAL


_CHILD_TERMINAL = frozenset(
    {ChildStatus.FILLED, ChildStatus.CANCELLED, ChildStatus.EXPIRED, ChildStatus.REJECTED, ChildStatus.NOT_PLACED, ChildStatus.DENIED}
)


class ChildEvent(StrEnum):
    DENY = "deny"
    SEND = "send"
    ACKNOWLEDGE = "acknowledge"
    REFUSE = "refuse"
    PROVE_ABSENT = "prove_absent"
    FILL_PART = "fill_part"
    FILL_ALL = "fill_all"
    CANCEL = "cancel"  # the venue says: cancelled
    EXPIRE = "expire"


def _child_transitions() -> dict[tuple[ChildStatus, ChildEvent], ChildStatus]:
    s, e = ChildStatus, ChildEvent
    table = {
        (s.INTENT, e.SEND): s.SUBMITTING,
        (s.INTENT, e.DENY): s.DENIED,
        (s.INTENT, e.PROVE_ABSENT): s.NOT_PLACED,  # crashed before the send
        (s.SUBMITTING, e.ACKNOWLEDGE): s.OPEN,
        (s.SUBMITTING, e.REFUSE): s.REJECTED,
        (s.SUBMITTING, e.PROVE_ABSENT): s.NOT_PLACED,
        (s.PARTIALLY_FILLED, e.ACKNOWLEDGE): s.PARTIALLY_FILLED,  # the fill's message overtook the answer
        (s.OPEN, e.ACKNOWLEDGE): s.OPEN,
    }
    for live in (s.SUBMITTING, s.OPEN, s.PARTIALLY_FILLED):  # streams may run ahead of the HTTP answer
        table[live, e.FILL_PART] = s.PARTIALLY_FILLED
        table[live, e.FILL_ALL] = s.FILLED
        table[live, e.CANCEL] = s.CANCELLED
        table[live, e.EXPIRE] = s.EXPIRED
    for ended in _CHILD_TERMINAL:  # late news changes counts, not the ending ...
        for late in (e.ACKNOWLEDGE, e.FILL_PART, e.CANCEL, e.EXPIRE, e.REFUSE, e.PROVE_ABSENT):
            table[ended, late] = ended
        table[ended, e.FILL_ALL] = ended
    for wrongly_ended in (s.CANCELLED, s.EXPIRED):  # ... except that a cancel can lose to the fill that completes it
        table[wrongly_ended, e.FILL_ALL] = s.FILLED
    return table


CHILD_TRANSITIONS: Mapping[tuple[ChildStatus, ChildEvent], ChildStatus] = MappingProxyType(_child_transitions())


class PendingAction(StrEnum):
    NONE = "none"
    CANCEL = "cancel"
    AMEND = "amend"


class Knowledge(StrEnum):
    KNOWN = "known"
    UNKNOWN = "unknown"  # an answer was ambiguous; only evidence from the venue ends this
    QUARANTINED = "quarantined"  # no evidence by the deadline: its size stays reserved, the trader decides


class ParentStatus(StrEnum):
    PENDING = "pending"
    WAITING_TRIGGER = "waiting_trigger"
    RUNNING = "running"
    PAUSED = "paused"
    CANCELLING = "cancelling"
    AMENDING = "amending"
    NEEDS_ATTENTION = "needs_attention"
    FILLED = "filled"
    COMPLETED = "completed"  # done with a remainder
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    FAILED = "failed"

    @property
    def terminal(self) -> bool:
        return self in _PARENT_TERMINAL


_PARENT_TERMINAL = frozenset(
    {ParentStatus.FILLED, ParentStatus.COMPLETED, ParentStatus.CANCELLED, ParentStatus.REJECTED, ParentStatus.FAILED}
)


def _parent_transitions() -> dict[ParentStatus, frozenset[ParentStatus]]:
    s = ParentStatus
    working = frozenset({s.RUNNING, s.PAUSED, s.CANCELLING, s.AMENDING, s.NEEDS_ATTENTION})
    table = {
        s.PENDING: frozenset({s.WAITING_TRIGGER, s.RUNNING, s.PAUSED, s.CANCELLING, s.REJECTED, s.FAILED}),
        # A GTD order may expire before its trigger: done, all of it a remainder.
        s.WAITING_TRIGGER: frozenset({s.RUNNING, s.CANCELLING, s.AMENDING, s.PAUSED, s.COMPLETED, s.FAILED}),
        s.CANCELLING: frozenset({s.CANCELLED, s.FILLED, s.NEEDS_ATTENTION, s.FAILED}),  # the cancel may lose to the fill
        # A late fill can still complete a parent; it is counted and flagged, never dropped.
        s.CANCELLED: frozenset({s.FILLED}),
        s.COMPLETED: frozenset({s.FILLED}),
        s.FAILED: frozenset({s.FILLED}),
        s.FILLED: frozenset(),
        s.REJECTED: frozenset(),
    }
    for state in (s.RUNNING, s.PAUSED, s.AMENDING, s.NEEDS_ATTENTION):
        table[state] = (working | {s.FILLED, s.COMPLETED, s.CANCELLED, s.FAILED, s.WAITING_TRIGGER}) - {state}
    return table


PARENT_TRANSITIONS: Mapping[ParentStatus, frozenset[ParentStatus]] = MappingProxyType(_parent_transitions())


@dataclass(frozen=True, slots=True)
class Fill:
    """One trade of one child. Counted once, by (venue, trade id).

    Attributes:
        price: quote per base.
        amount: base.
        fee: in `fee_currency`; a rebate is negative.
        ts_us: the venue's time, µs.
    """

    venue: str
    trade_id: str
    client_id: str
    symbol: str
    side: OrderSide
    price: Decimal
    amount: Decimal
    fee: Decimal
    fee_currency: str
    liquidity: Liquidity
    ts_us: int


@dataclass(frozen=True, slots=True)
class OrderSnapshot:
    """An order at one moment, parent or child; safe to keep. Amounts in base, prices quote per base.

    Attributes:
        exchange: a child's venue; None on a parent.
        live_amount: worst case that may still fill without another order being sent.
        trigger_price: where a waiting stop or take-profit fires; None elsewhere, also on a trailing stop, which moves.
        target_amount: where the schedule of a working algo wants `filled_amount` to be now; None elsewhere.
        pending_price, pending_amount: what an unacknowledged amend asked for.
        reason: why it is as it is, one sentence; empty when there is nothing to say.
        flags: 'late_fill', 'overfill': shown, never hidden.
        claimed_amount: base that a child's venue says it filled; `filled_amount` is what it has shown.
        held: a parent that is paused until a silent venue answers, and goes on by itself then.
    """

    id: str
    parent_id: str | None
    children: tuple[str, ...]
    symbol: str
    side: OrderSide
    order_type: OrderType
    time_in_force: TimeInForce
    price: Decimal | None
    amount: Decimal
    filled_amount: Decimal
    filled_notional: Decimal
    fees: Mapping[str, Decimal]
    status: ParentStatus | ChildStatus
    exchange: str | None
    strategy: ExecutionStrategy | None
    params: Mapping[str, object]
    live_amount: Decimal
    created_us: int
    updated_us: int
    reason: str = ""
    pending: PendingAction = PendingAction.NONE
    knowledge: Knowledge = Knowledge.KNOWN
    pending_price: Decimal | None = None
    pending_amount: Decimal | None = None
    target_amount: Decimal | None = None
    ends_us: int | None = None
    post_only: bool = False
    reduce_only: bool = False
    fill_count: int = 0
    exchanges: tuple[str, ...] = ()
    trigger_price: Decimal | None = None
    flags: frozenset[str] = field(default=frozenset())
    claimed_amount: Decimal = Decimal(0)
    held: bool = False

    @property
    def is_parent(self) -> bool:
        return isinstance(self.status, ParentStatus)

    @property
    def terminal(self) -> bool:
        return self.status.terminal and self.knowledge is Knowledge.KNOWN

    @property
    def remaining_amount(self) -> Decimal:
        """Base still to fill; never negative, also after an overfill."""
        return max(self.amount - self.filled_amount, Decimal(0))

    @property
    def average_price(self) -> Decimal | None:
        return self.filled_notional / self.filled_amount if self.filled_amount else None
