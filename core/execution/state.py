"""The manager's own mutable record of parents and children, and how each fact changes it.

Nothing here does I/O and nobody but the manager touches it; everyone else gets snapshots. Facts may
come late, twice or in the wrong order: every `apply_*` returns whether anything changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType

from core.domain.enums import OrderType
from core.domain.orders import (
    CHILD_TRANSITIONS,
    PARENT_TRANSITIONS,
    ChildEvent,
    ChildStatus,
    Fill,
    Knowledge,
    OrderSnapshot,
    ParentStatus,
    PendingAction,
)
from core.domain.plan import ExecutionRequest, PlannedChild
from core.exchanges.connector import VenueOrder, VenueOrderStatus

ZERO = Decimal(0)

_VENUE_ENDINGS = {
    VenueOrderStatus.FILLED: ChildEvent.FILL_ALL,
    VenueOrderStatus.CANCELLED: ChildEvent.CANCEL,
    VenueOrderStatus.EXPIRED: ChildEvent.EXPIRE,
    VenueOrderStatus.REJECTED: ChildEvent.REFUSE,
}


@dataclass(slots=True)
class Executed:
    """What has been filled, from unique trades only."""

    amount: Decimal = ZERO
    notional: Decimal = ZERO
    fees: dict[str, Decimal] = field(default_factory=dict)
    fills: list[Fill] = field(default_factory=list)

    def add(self, fill: Fill) -> None:
        self.amount += fill.amount
        self.notional += fill.amount * fill.price
        if fill.fee:
            self.fees[fill.fee_currency] = self.fees.get(fill.fee_currency, ZERO) + fill.fee
        self.fills.append(fill)


@dataclass(slots=True)
class ChildState:
    """One order on one venue."""

    client_id: str
    parent: ParentState
    planned: PlannedChild
    price: Decimal
    amount: Decimal
    created_us: int
    updated_us: int
    status: ChildStatus = ChildStatus.INTENT
    pending: PendingAction = PendingAction.NONE
    knowledge: Knowledge = Knowledge.KNOWN
    reason: str = ""
    sent_us: int = 0
    executed: Executed = field(default_factory=Executed)
    trade_ids: set[str] = field(default_factory=set)
    flags: set[str] = field(default_factory=set)
    # An unacknowledged amend's wishes: its reservation is the larger of old and new.
    pending_price: Decimal | None = None
    pending_amount: Decimal | None = None
    # The venue said how it ended and how much it filled, but not all of those fills have reached us yet.
    claimed_end: ChildEvent | None = None
    claimed_filled: Decimal = ZERO

    @property
    def settled(self) -> bool:
        """Known to be over: nothing more is expected of it."""
        return self.status.terminal and self.knowledge is Knowledge.KNOWN

    @property
    def live_amount(self) -> Decimal:
        """Worst case that may still fill."""
        if self.settled:
            return ZERO
        return max(max(self.amount, self.pending_amount or ZERO) - self.executed.amount, ZERO)

    def advance(self, event: ChildEvent, now_us: int) -> bool:
        """Follow the table; an event it does not know is a contradiction and makes the child UNKNOWN."""
        following = CHILD_TRANSITIONS.get((self.status, event))
        if following is None:
            return self.doubt(now_us, f"the venue's news ({event.value}) contradicts what was known ({self.status.value})")
        changed = following is not self.status
        self.status = following
        if following.terminal:
            self.pending, self.pending_price, self.pending_amount = PendingAction.NONE, None, None
        self.updated_us = now_us if changed else self.updated_us
        return changed

    def doubt(self, now_us: int, why: str) -> bool:
        """We no longer know this child's state; only evidence ends that."""
        if self.knowledge is not Knowledge.KNOWN:
            return False
        self.knowledge, self.reason, self.updated_us = Knowledge.UNKNOWN, why, now_us
        return True

    def apply_fill(self, fill: Fill, now_us: int) -> bool:
        """Count a trade once. True when it was new."""
        if fill.trade_id in self.trade_ids:
            return False
        self.trade_ids.add(fill.trade_id)
        late = self.settled
        self.executed.add(fill)
        self.parent.executed.add(fill)
        if late:
            self.flags.add("late_fill")
        if self.executed.amount > self.amount and self.executed.amount > (self.pending_amount or ZERO):
            self.flags.add("overfill")
        if self.status is ChildStatus.INTENT or (self.status.terminal and self.status not in (ChildStatus.CANCELLED, ChildStatus.EXPIRED)):
            self.flags.add("late_fill")
        complete = self.executed.amount >= self.amount
        self.advance(ChildEvent.FILL_ALL if complete else ChildEvent.FILL_PART, now_us)
        if complete and self.knowledge is Knowledge.UNKNOWN:
            self.knowledge, self.reason = Knowledge.KNOWN, ""  # every unit has been seen: nothing is left to doubt
        self._finish_claim(now_us)
        self.updated_us = now_us
        return True

    def apply_venue_order(self, news: VenueOrder, now_us: int) -> bool:
        """Take what the venue says of the order. An ending counts only once its fills have all been seen."""
        before = (self.status, self.knowledge, self.pending, self.price, self.amount, self.claimed_end)
        if self.settled and news.filled <= self.executed.amount:
            return False
        self._take_amend(news)
        ending = _VENUE_ENDINGS.get(news.status)
        if ending is None:
            self._known()
            if self.status in (ChildStatus.SUBMITTING, ChildStatus.INTENT):
                self.advance(ChildEvent.SEND, now_us) if self.status is ChildStatus.INTENT else None
                self.advance(ChildEvent.ACKNOWLEDGE, now_us)
        else:
            if news.reason:
                self.reason = news.reason
            self.claimed_end, self.claimed_filled = ending, news.filled
            self._finish_claim(now_us)
        changed = before != (self.status, self.knowledge, self.pending, self.price, self.amount, self.claimed_end)
        if changed:
            self.updated_us = now_us
        return changed

    def _take_amend(self, news: VenueOrder) -> None:
        if self.pending is PendingAction.AMEND and (news.price, news.amount) == (self.pending_price, self.pending_amount):
            self.price, self.amount = self.pending_price or self.price, news.amount
            self.pending, self.pending_price, self.pending_amount = PendingAction.NONE, None, None

    def _known(self) -> None:
        if self.knowledge is not Knowledge.KNOWN:
            self.knowledge, self.reason = Knowledge.KNOWN, ""

    def _finish_claim(self, now_us: int) -> None:
        if self.claimed_end is None or self.executed.amount < self.claimed_filled:
            return
        ending, self.claimed_end = self.claimed_end, None
        if ending is ChildEvent.FILL_ALL and self.executed.amount < self.amount:
            return  # "filled", but of less than we asked for: not an ending we understand; the look-up decides
        reason = self.reason
        self._known()
        self.reason = reason if self.status is not ChildStatus.FILLED else ""
        if self.status is ChildStatus.INTENT:
            self.advance(ChildEvent.SEND, now_us)
        if ending is ChildEvent.REFUSE and self.status in (ChildStatus.OPEN, ChildStatus.PARTIALLY_FILLED):
            ending = ChildEvent.EXPIRE  # accepted first, thrown out later: a crossing post-only
        self.advance(ending, now_us)

    def snapshot(self) -> OrderSnapshot:
        request = self.parent.request
        return OrderSnapshot(
            id=self.client_id,
            parent_id=self.parent.id,
            children=(),
            symbol=request.symbol,
            side=request.side,
            order_type=OrderType.LIMIT,
            time_in_force=self.planned.time_in_force,
            price=self.price,
            amount=self.amount,
            filled_amount=self.executed.amount,
            filled_notional=self.executed.notional,
            fees=MappingProxyType(dict(self.executed.fees)),
            status=self.status,
            exchange=self.planned.exchange,
            strategy=request.strategy,
            params=MappingProxyType({}),
            live_amount=self.live_amount,
            created_us=self.created_us,
            updated_us=self.updated_us,
            reason=self.reason,
            pending=self.pending,
            knowledge=self.knowledge,
            pending_price=self.pending_price,
            pending_amount=self.pending_amount,
            post_only=self.planned.post_only,
            reduce_only=request.reduce_only,
            fill_count=len(self.executed.fills),
            exchanges=(self.planned.exchange,),
            flags=frozenset(self.flags),
        )


@dataclass(slots=True)
class ParentState:
    """What the trader asked for, and all its children."""

    id: str
    request: ExecutionRequest
    created_us: int
    updated_us: int
    seed: int
    status: ParentStatus = ParentStatus.PENDING
    reason: str = ""
    children: dict[str, ChildState] = field(default_factory=dict)
    executed: Executed = field(default_factory=Executed)
    # Taken back by cancelling single children: not to be placed again.
    released: Decimal = ZERO
    target: Decimal | None = None
    ends_us: int | None = None
    memory: Mapping[str, object] = field(default_factory=dict)
    rounds: int = 0
    started_us: int | None = None

    @property
    def live_amount(self) -> Decimal:
        return sum((child.live_amount for child in self.children.values()), ZERO)

    @property
    def open_children(self) -> list[ChildState]:
        """Children that are not known to be over."""
        return [child for child in self.children.values() if not child.settled]

    @property
    def flags(self) -> frozenset[str]:
        return frozenset().union(
            *(child.flags for child in self.children.values()), {"overfill"} if self.executed.amount > self.request.amount else set()
        )

    def move(self, status: ParentStatus, now_us: int) -> bool:
        """Go to `status` if the table allows it. False when it is there already or may not."""
        if status is self.status or status not in PARENT_TRANSITIONS[self.status]:
            return False
        self.status, self.updated_us = status, now_us
        return True

    def snapshot(self) -> OrderSnapshot:
        request = self.request
        return OrderSnapshot(
            id=self.id,
            parent_id=None,
            children=tuple(self.children),
            symbol=request.symbol,
            side=request.side,
            order_type=request.order_type,
            time_in_force=request.time_in_force,
            price=request.price,
            amount=request.amount,
            filled_amount=self.executed.amount,
            filled_notional=self.executed.notional,
            fees=MappingProxyType(dict(self.executed.fees)),
            status=self.status,
            exchange=None,
            strategy=request.strategy,
            params=MappingProxyType(dict(request.params)),
            live_amount=self.live_amount,
            created_us=self.created_us,
            updated_us=self.updated_us,
            reason=self.reason,
            target_amount=self.target,
            ends_us=self.ends_us,
            post_only=request.post_only,
            reduce_only=request.reduce_only,
            fill_count=len(self.executed.fills),
            exchanges=request.exchanges,
            trigger_price=request.trigger_price,
            flags=self.flags,
        )
