"""The manager's own mutable record of parents and children, and how each fact changes it.

Nothing here does I/O and nobody but the manager touches it; everyone else gets snapshots. Facts may
come late, twice or in the wrong order: every `apply_*` returns whether anything changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

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
from core.execution.snapshots import child_snapshot, parent_snapshot

ZERO = Decimal(0)
# A venue that leaves so many questions in a row about an order unanswered is silent: one may get lost.
SILENT = 2

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
class Wish:
    """An amend that the venue has not confirmed. The child reserves the larger of old and new while it stands.

    Attributes:
        by_trader: the trader changed this child alone: what it loses is not placed again.
        gave_up_us: when its answer was given up; None while the request is under way.
    """

    price: Decimal
    amount: Decimal
    by_trader: bool = False
    gave_up_us: int | None = None


@dataclass(slots=True)
class ChildState:
    """One order on one venue.

    Attributes:
        price, amount: as the venue last stated them.
        terms_told: how often it stated others than were known; not kept over a restart.
        wish: an unconfirmed amend. A cancel on top of it does not end it: it may still reach the venue.
        cancelling: a cancel has been asked for.
        cancel_asked_us: when it last left; not kept over a restart.
        not_before_us: no further cancel before this, after one that failed.
        gave_up_us: when the create's answer was given up; None while it is under way or was answered.
        doubted_us: when `knowledge` was lost: only a look-up begun after that is evidence.
        news_us: the venue's time of the newest thing it told; older reports that it is open change nothing.
        claimed_end: how the venue says it ended, waiting for all its fills to be seen.
        claimed_filled: how much the venue says it filled.
        releases: when its cancel takes effect, the trader has taken the rest back.
        released: what the trader took back: not to be placed again.
        passing: it was denied for a reason that passes.
        recorded: its last STATE in the journal.
        insisted: the trader wants it cancelled: a cancel that fails is asked again.
        claimed_before: how much of what the trader then said was filled its venue had claimed itself.
        unverified: the trader has said what became of it, and its venue has not been heard since.
        only_fills: what is in doubt of it is trades that its venue spoke of: it is surely over.
        silences: how many questions about it its venue has left unanswered in a row.
    """

    client_id: str
    parent: ParentState
    planned: PlannedChild
    price: Decimal
    amount: Decimal
    created_us: int
    updated_us: int
    status: ChildStatus = ChildStatus.INTENT
    knowledge: Knowledge = Knowledge.KNOWN
    reason: str = ""
    sent_us: int = 0
    executed: Executed = field(default_factory=Executed)
    trade_ids: set[str] = field(default_factory=set)
    flags: set[str] = field(default_factory=set)
    terms_told: int = field(default=0, compare=False)
    wish: Wish | None = None
    cancelling: bool = False
    cancel_asked_us: int = field(default=0, compare=False)
    failed_cancels: int = 0
    not_before_us: int = 0
    gave_up_us: int | None = None
    doubted_us: int = 0
    news_us: int = 0
    claimed_end: ChildEvent | None = None
    claimed_filled: Decimal = ZERO
    releases: bool = False
    released: Decimal = ZERO
    passing: bool = False
    insisted: bool = False
    unverified: bool = False
    claimed_before: Decimal = ZERO
    only_fills: bool = False
    venue_order_id: str = ""
    recorded: Mapping[str, object] = field(default_factory=dict, repr=False, compare=False)
    silences: int = field(default=0, compare=False)

    @property
    def pending(self) -> PendingAction:
        if self.cancelling:
            return PendingAction.CANCEL
        return PendingAction.AMEND if self.wish is not None else PendingAction.NONE

    @property
    def settled(self) -> bool:
        """Known to be over: nothing more is expected of it."""
        return self.status.terminal and self.knowledge is Knowledge.KNOWN

    @property
    def worst_amount(self) -> Decimal:
        """The most that the venue may hold for it: an unconfirmed amend may have happened, or not."""
        return max(self.amount, self.wish.amount) if self.wish is not None else self.amount

    @property
    def live_amount(self) -> Decimal:
        """Worst case that may still fill. Of one that is over: what its venue says it filled and has not shown yet."""
        over = self.settled or (self.status.terminal and self.only_fills)
        return self.unseen if over else max(self.worst_amount - self.executed.amount, ZERO)

    @property
    def unseen(self) -> Decimal:
        """What its venue says it filled and has not shown."""
        return max(self.claimed_filled - self.executed.amount, ZERO)

    def advance(self, event: ChildEvent, now_us: int) -> bool:
        """Follow the table; an event it does not know is a contradiction and makes the child UNKNOWN."""
        following = CHILD_TRANSITIONS.get((self.status, event))
        if following is None:
            return self.doubt(now_us, f"the venue's news ({event.value}) contradicts what was known ({self.status.value})")
        changed = following is not self.status
        self.status = following
        if changed:
            self.updated_us = now_us
        if following.terminal:
            if self.releases:
                self.released += max(self.amount - self.executed.amount, ZERO)
            self.cancelling, self.releases, self.wish = False, False, None
        return changed

    def doubt(self, now_us: int, why: str) -> bool:
        """We no longer know this child's state; only evidence ends that."""
        self.doubted_us, self.only_fills = now_us, False
        if self.knowledge is not Knowledge.KNOWN:
            return False
        self.knowledge, self.reason, self.updated_us = Knowledge.UNKNOWN, why, now_us
        return True

    def know(self) -> None:
        """Evidence has arrived."""
        self.silences, self.only_fills = 0, False
        if self.knowledge is not Knowledge.KNOWN:
            self.knowledge, self.reason = Knowledge.KNOWN, ""

    def drop_wish(self, now_us: int) -> None:
        """The amend did not happen. What has been filled meanwhile may be all there is."""
        self.wish = None
        if self.executed.amount >= self.amount and not self.status.terminal:
            self.advance(ChildEvent.FILL_ALL, now_us)

    def apply_fill(self, fill: Fill, now_us: int) -> bool:
        """Count a trade once. True when it was new."""
        if fill.trade_id in self.trade_ids:
            return False
        self.trade_ids.add(fill.trade_id)
        if self.settled:
            self.flags.add("late_fill")
        self.executed.add(fill)
        self.parent.executed.add(fill)
        self.news_us = max(self.news_us, fill.ts_us)
        if self.wish is not None and self.amount < self.executed.amount <= self.wish.amount:
            # More than it was: the change has taken effect, whatever became of its answer.
            self._state(self.wish.price, self.wish.amount)
            self.wish = None
        complete = self.executed.amount >= self.worst_amount
        if self.status is ChildStatus.INTENT:
            self.advance(ChildEvent.SEND, now_us)
        self.advance(ChildEvent.FILL_ALL if complete else ChildEvent.FILL_PART, now_us)
        if self.executed.amount > self.worst_amount:
            self.flags.add("overfill")
            self.doubt(now_us, f"{self.planned.exchange} filled more than was asked for")
        elif complete:
            self.know()  # every unit has been seen: nothing is left to doubt
        self._finish_claim(now_us)
        self.updated_us = now_us
        return True

    def apply_venue_order(self, news: VenueOrder, now_us: int, *, looked_up: bool = False) -> bool:
        """Take what the venue says of the order. An ending counts only once its fills have all been seen.

        Args:
            looked_up: it is the answer to a question asked after the doubt began. Reports on a stream may be older
                than the doubt and prove nothing, except that an order exists which we did not know to.
        """
        before = (self.status, self.knowledge, self.pending, self.price, self.amount, self.claimed_end, self.claimed_filled)
        self.venue_order_id = news.venue_order_id or self.venue_order_id
        if self.unverified and (looked_up or news.status is not VenueOrderStatus.OPEN):
            self.claimed_filled = max(self.claimed_before, news.filled)  # the rest was the trader's word; now its venue speaks
        if news.status is VenueOrderStatus.OPEN:
            self._take_open(news, now_us, looked_up=looked_up)
        else:
            self._take_ending(news, _VENUE_ENDINGS[news.status], now_us)
        after = (self.status, self.knowledge, self.pending, self.price, self.amount, self.claimed_end, self.claimed_filled)
        if before != after:
            self.updated_us = now_us
        return before != after

    def _take_open(self, news: VenueOrder, now_us: int, *, looked_up: bool) -> None:
        if not looked_up and news.ts_us < self.news_us:
            return
        if self.status.terminal:
            if looked_up or news.ts_us > self.news_us:
                self.doubt(now_us, f"{self.planned.exchange} says that it is open, but it was known to be over")
            return
        self.news_us = max(self.news_us, news.ts_us)
        self._adopt(news)
        created = self.status in (ChildStatus.INTENT, ChildStatus.SUBMITTING)
        if self.status is ChildStatus.INTENT:
            self.advance(ChildEvent.SEND, now_us)
        if created:
            self.advance(ChildEvent.ACKNOWLEDGE, now_us)
        self.claimed_filled = max(self.claimed_filled, news.filled)
        if created or (looked_up and not (self.unseen and self.knowledge is Knowledge.QUARANTINED)):
            self.know()

    def _take_ending(self, news: VenueOrder, ending: ChildEvent, now_us: int) -> None:
        if self.settled and news.filled <= self.executed.amount:
            self._adopt(news)  # its last word, also on a change whose fills came first
            return
        self.news_us = max(self.news_us, news.ts_us)
        self._adopt(news)
        if news.reason:
            self.reason = news.reason
        # Less than it has said before is old news or a mistake: what was filled once stays filled.
        self.claimed_end, self.claimed_filled = ending, max(self.claimed_filled, news.filled)
        self._finish_claim(now_us)

    def _adopt(self, news: VenueOrder) -> None:
        """The venue states price and amount: that is what they are."""
        price = self.price if news.price is None else news.price
        wish = self.wish
        if wish is not None and (price, news.amount) == (wish.price, wish.amount):
            self.released += max(self.amount - news.amount, ZERO) if wish.by_trader else ZERO
            self.wish = None
        self._state(price, news.amount)

    def _state(self, price: Decimal, amount: Decimal) -> None:
        self.terms_told += (price, amount) != (self.price, self.amount)
        self.price, self.amount = price, amount

    def _finish_claim(self, now_us: int) -> None:
        if self.claimed_end is None or self.executed.amount < self.claimed_filled:
            return
        ending, self.claimed_end = self.claimed_end, None
        if ending is ChildEvent.FILL_ALL and self.executed.amount < self.amount:
            self.doubt(now_us, f"{self.planned.exchange} says filled, but of less than was asked for")
            return
        reason = self.reason if self.knowledge is Knowledge.KNOWN else ""
        self.know()
        if self.status is ChildStatus.INTENT:
            self.advance(ChildEvent.SEND, now_us)
        if ending is ChildEvent.REFUSE and self.status in (ChildStatus.OPEN, ChildStatus.PARTIALLY_FILLED):
            ending = ChildEvent.EXPIRE  # accepted first, thrown out later: a crossing post-only
        self.advance(ending, now_us)
        self.reason = "" if self.status is ChildStatus.FILLED else reason

    def snapshot(self) -> OrderSnapshot:
        return child_snapshot(self)


@dataclass(slots=True)
class ParentState:
    """What the trader asked for, and all its children.

    Attributes:
        paused_us: since when its schedule stands still; None while it goes on.
        held: it is us who paused it, until a venue that is silent answers; it goes on by itself then.
        restored: it came out of the journal and the trader has not let it go on yet: what rests stays where it is.
        falls_back: the amount that holds again if the change which made room for more does not come true.
        extreme: the best price that a trailing stop hangs from.
        market_traded: base that others traded while it worked, as far as it was counted.
        recorded: its last STATE in the journal.
    """

    id: str
    request: ExecutionRequest
    created_us: int
    updated_us: int
    seed: int
    status: ParentStatus = ParentStatus.PENDING
    reason: str = ""
    children: dict[str, ChildState] = field(default_factory=dict)
    executed: Executed = field(default_factory=Executed)
    target: Decimal | None = None
    ends_us: int | None = None
    memory: Mapping[str, object] = field(default_factory=dict)
    rounds: int = 0
    started_us: int | None = None
    paused_us: int | None = None
    held: bool = False
    restored: bool = False
    falls_back: Decimal | None = None
    extreme: Decimal | None = None
    market_traded: Decimal | None = None
    recorded: Mapping[str, object] = field(default_factory=dict, repr=False, compare=False)

    @property
    def unanswered(self) -> ChildState | None:
        """A child of which something is asked, and whose venue does not answer."""
        asked = (child for child in self.open_children if child.knowledge is Knowledge.UNKNOWN or child.cancelling or child.unseen)
        return next((child for child in asked if child.silences >= SILENT and not child.unverified), None)

    @property
    def live_amount(self) -> Decimal:
        return sum((child.live_amount for child in self.children.values()), ZERO)

    @property
    def agreed_amount(self) -> Decimal:
        """What the trader has asked for and got: the total, without the room that a change under way needs."""
        return self.request.amount if self.falls_back is None else self.falls_back

    @property
    def released(self) -> Decimal:
        """Taken back by the trader on single children: not to be placed again."""
        return sum((child.released for child in self.children.values()), ZERO)

    @property
    def open_children(self) -> list[ChildState]:
        """Children that are not known to be over, or of which fills are still to be seen."""
        return [child for child in self.children.values() if not child.settled or child.live_amount]

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
        if status is ParentStatus.PAUSED and self.paused_us is None:
            self.paused_us = now_us
        return True

    def snapshot(self) -> OrderSnapshot:
        return parent_snapshot(self)
