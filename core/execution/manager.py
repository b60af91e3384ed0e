"""The order manager: the only owner of order state.

It makes an intent durable before its order leaves, counts every fill once, reads an ambiguous answer as
UNKNOWN and never lets filled + worst-case live pass the parent's amount. What it knows it publishes as
frozen events. Which orders to send is the worker's business, not its own.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import TypeVar, final

from core.domain.clock import Clock, SystemClock
from core.domain.enums import TimeInForce
from core.domain.errors import JournalError, NotPossible, ReservationExceeded, UnknownOrder
from core.domain.events import Notice, OrderEvent, OrderEventKind
from core.domain.orders import ChildEvent, ChildStatus, Fill, OrderSnapshot, ParentStatus
from core.domain.plan import ExecutionRequest, PlannedChild
from core.exchanges.connector import AccountEvent, ConnectionChange, ExchangeConnector, VenueOrder
from core.execution.evidence import Evidence, in_doubt
from core.execution.ids import new_client_id, new_parent_id, seed_of
from core.execution.order import Order
from core.execution.recorder import Recorder
from core.execution.resolving import checked_word, take_word
from core.execution.risk.denial import Denial, Gate
from core.execution.sending import Sender
from core.execution.state import ZERO, ChildState, ParentState, Wish
from core.execution.tasks import TaskOwner
from core.journal.journal import Journal

log = logging.getLogger(__name__)

_T = TypeVar("_T")

EventListener = Callable[[OrderEvent], None]


@final
class OrderManager:
    """Orders over many venues behind one interface.

    Args:
        connectors: venue name -> connector.
        clock: wall time unless given.
        journal: where intents become durable; in memory unless given, which is durable only while the process lives.

    Attributes:
        record: what is written to the journal, and when it is durable.
        unread: venue and symbol of orders that the journal has and nobody could read: nobody follows them.
        gate: asked before every child and every change of one; None lets all of them go.
    """

    def __init__(self, connectors: Mapping[str, ExchangeConnector], *, clock: Clock | None = None, journal: Journal | None = None) -> None:
        self.connectors = dict(connectors)
        self.clock: Clock = clock or SystemClock()
        self.journal = journal or Journal()
        self.record = Recorder(self.journal, self.clock)
        self.gate: Gate | None = None
        self.unread: set[tuple[str, str]] = set()
        self._parents: dict[str, ParentState] = {}
        self._children: dict[str, ChildState] = {}
        self._orders: dict[str, Order] = {}
        self._listeners: list[EventListener] = []
        self._notice_listeners: list[Callable[[Notice], None]] = []
        self._seq = 0
        self._tasks = TaskOwner()
        self._evidence = Evidence(
            self.clock,
            self._tasks,
            self._take_order,
            self._take_fill,
            self._cancel_failed,
            self._cancel_again,
            self._cancel_revenant,
            self._child_changed,
        )
        self._sender = Sender(
            self.connectors,
            self.clock,
            self._tasks,
            self._evidence,
            self._take_order,
            self._child_changed,
            self.record.durable,
            lambda parent, why: self.move_parent(parent, ParentStatus.PAUSED, why),
        )
        self.journal.on_trouble(self._on_trouble)
        for connector in self.connectors.values():
            connector.on_account(self._on_account)

    # -- looking ---------------------------------------------------------------------------------

    def on_event(self, listener: EventListener) -> Callable[[], None]:
        """Call `listener` with every order event; returns how to stop that."""
        self._listeners.append(listener)
        return partial(_remove, self._listeners, listener)

    def on_notice(self, listener: Callable[[Notice], None]) -> Callable[[], None]:
        """Call `listener` with what the trader should read that is about no order of ours."""
        self._notice_listeners.append(listener)
        return partial(_remove, self._notice_listeners, listener)

    def order(self, order_id: str) -> Order:
        """The parent or child of that id.

        Raises:
            UnknownOrder: there is none.
        """
        if order_id not in self._orders:
            raise UnknownOrder(f"There is no order {order_id}.")
        return self._orders[order_id]

    def snapshot(self, order_id: str) -> OrderSnapshot:
        """As `order(order_id).snapshot()`."""
        return self.order(order_id).snapshot()

    def snapshots(self) -> list[OrderSnapshot]:
        """Every parent, oldest first, each followed by its children."""
        return [
            s for parent in self._parents.values() for s in (parent.snapshot(), *(child.snapshot() for child in parent.children.values()))
        ]

    def working(self) -> list[str]:
        """Ids of the parents that are not over."""
        return [parent.id for parent in self._parents.values() if not parent.status.terminal]

    def parent(self, parent_id: str) -> ParentState:
        """The manager's own record, for the worker only."""
        if parent_id not in self._parents:
            raise UnknownOrder(f"There is no parent order {parent_id}.")
        return self._parents[parent_id]

    def sent(self, client_id: str) -> bool:
        """Whether this profile ever meant to send an order with this id: in memory or, for one long over, in the journal."""
        return self.child(client_id) is not None or self.journal.parent_of(client_id) is not None

    def child(self, child_id: str) -> ChildState | None:
        """The manager's own record of a child; None when the id is no child's."""
        return self._children.get(child_id)

    def open_children(self) -> list[ChildState]:
        """The manager's own records of all children that are not known to be over. Looks at every parent: see `live.py`."""
        return [child for parent in self._parents.values() for child in parent.open_children]

    def traded_symbols(self, venue: str) -> set[str]:
        """Every symbol that a child has ever gone to `venue` for."""
        return {child.parent.request.symbol for child in self._children.values() if child.planned.exchange == venue}

    # -- parents ---------------------------------------------------------------------------------

    def create_parent(self, request: ExecutionRequest) -> Order:
        """Record what the trader asks for; `record.durable()` says when it is on the disk. Nothing is sent.

        Raises:
            JournalError: it could not be made durable now.
        """
        self.journal.check()
        now_us = self.clock.now_us()
        parent_id = new_parent_id(now_us)
        parent = ParentState(parent_id, request, now_us, now_us, seed=seed_of(parent_id))
        self.record.parent(parent)
        self._parents[parent_id] = parent
        self._orders[parent_id] = order = Order(parent, self.order)
        self._publish(OrderEventKind.CREATED, parent)
        return order

    def move_parent(self, parent: ParentState, status: ParentStatus, reason: str | None = None) -> bool:
        """Change a parent's status if its table allows it; True when it changed."""
        if status.terminal and parent.open_children:
            raise NotPossible(f"Order {parent.id} still has children that are not known to be over.")
        moved = parent.move(status, self.clock.now_us())
        if reason is not None and reason != parent.reason:
            parent.reason, parent.updated_us, moved = reason, self.clock.now_us(), True
        if moved:
            self._publish(OrderEventKind.UPDATED, parent)
        if parent.status.terminal:
            self._orders[parent.id].finish()
        return moved

    def note_parent(
        self, parent: ParentState, *, reason: str, target: Decimal | None, ends_us: int | None, memory: Mapping[str, object] | None
    ) -> None:
        """Keep what a decision asked to remember or to show."""
        if memory is not None:
            parent.memory = memory
        shown = (reason or parent.reason, target, ends_us)
        if shown != (parent.reason, parent.target, parent.ends_us):
            parent.reason, parent.target, parent.ends_us = shown
            self._publish(OrderEventKind.UPDATED, parent)

    def change_request(self, parent: ParentState, *, price: Decimal | None, amount: Decimal, trigger_price: Decimal | None = None) -> None:
        """Give a parent another limit and amount; a waiting one also another trigger (None leaves it).

        Raises:
            ReservationExceeded: filled + live would pass the new amount.
        """
        committed = parent.executed.amount + parent.live_amount
        if amount < committed:
            raise ReservationExceeded(f"Order {parent.id} has {committed} filled or live, more than the new amount {amount}.")
        now_us = self.clock.now_us()
        trigger_price = parent.request.trigger_price if trigger_price is None else trigger_price
        self.record.modify(parent, price=price, amount=amount, trigger_price=trigger_price)
        parent.request = replace(parent.request, price=price, amount=amount, trigger_price=trigger_price)
        parent.updated_us = now_us
        self._publish(OrderEventKind.UPDATED, parent)

    # -- children --------------------------------------------------------------------------------

    def submit(self, parent: ParentState, planned: Sequence[PlannedChild], *, why: str = "") -> list[Order]:
        """Take on `planned`; in the background make their intents durable in one commit and then send them all at once.

        Raises:
            NotPossible: the parent takes no new children.
            ReservationExceeded: filled + live + planned would pass the parent's amount.
            JournalError: intents can't be made durable now; nothing was sent.
        """
        self.journal.check()
        if parent.status is not ParentStatus.RUNNING:
            raise NotPossible(f"Order {parent.id} is {parent.status.value} and takes no new children.")
        amount = sum((child.amount for child in planned), ZERO)
        left = parent.request.amount - parent.executed.amount - parent.live_amount - amount
        if left < 0:
            raise ReservationExceeded(f"Order {parent.id} would commit {-left} more than its {parent.request.amount}; nothing was sent.")
        now_us = self.clock.now_us()
        children = [ChildState(new_client_id(now_us), parent, plan, plan.price, plan.amount, now_us, now_us) for plan in planned]
        self.record.intents(parent, children, why=why, left=left)
        for child in children:
            parent.children[child.client_id] = self._children[child.client_id] = child
            self._orders[child.client_id] = Order(child, self.order)
            self._publish(OrderEventKind.CREATED, child)
        allowed = []
        for child in children:  # one by one: each counts what goes out before it
            if self.gate is not None and (denial := self.gate.judge(child)) is not None:
                self._deny(child, denial)
                continue
            child.advance(ChildEvent.SEND, now_us)
            self._publish(OrderEventKind.UPDATED, child)
            allowed.append(child)
        if parent.request.time_in_force is TimeInForce.FOK and len(allowed) < len(children):
            for child in allowed:  # all of it or nothing
                child.reason = "not sent: fill-or-kill, and another part of it was not allowed"
                child.advance(ChildEvent.PROVE_ABSENT, now_us)
                self._child_changed(child)
            allowed = []
        for child in allowed:
            self._sender.create(child)
        parent.rounds += any(child.status is not ChildStatus.DENIED for child in children)
        self.record.state(parent)  # with what its strategy remembers: it shares the intents' commit
        return [self._orders[child.client_id] for child in children]

    def _deny(self, child: ChildState, denial: Denial) -> None:
        """End a child that the gate forbids. Its intent is on record, nothing was sent."""
        child.reason, child.passing = denial.sentence, denial.passes
        child.advance(ChildEvent.DENY, self.clock.now_us())
        self._child_changed(child)

    def cancel(self, child: ChildState, *, release: bool = False, urgent: bool = False, insist: bool = False, beside: bool = False) -> bool:
        """Ask the venue to cancel, once; False when there is nothing to cancel, a cancel is under way, or one failed a moment ago.

        Args:
            release: the trader took this amount back: the parent will not place it again.
            urgent: the trader asks: do not wait out the pause after a failed attempt.
            insist: nobody else will ask again: a cancel that fails is repeated until it is over.
            beside: with `urgent`, ask once more beside a request that hangs.
        """
        if not self._sender.cancel(child, release=release, urgent=urgent, insist=insist, beside=beside):
            return False
        self._publish(OrderEventKind.UPDATED, child)
        if urgent:
            self.journal.hurry()
        return True

    def amend(self, child: ChildState, *, price: Decimal, amount: Decimal, by_trader: bool = False) -> asyncio.Task[bool]:
        """Change a live child in place, in the background; the task tells whether it took effect.

        Raises:
            NotPossible: the child is over, has something pending, or its venue can't amend.
            ReservationExceeded: the larger of old and new would pass the parent's amount.
            RiskDenied: a limit forbids it.
            JournalError: the wish can't be made durable now; nothing was sent.
            VenueRefused, OutcomeUnknown: (the task) see `Sender.amend`.
        """
        self.journal.check()
        self._sender.check_amend(child, amount)
        if self.gate is not None:
            self.gate.check_amend(child, price=price, amount=amount)
        wish = Wish(price, amount, by_trader)
        self.record.amend(child, wish)
        task = self._sender.amend(child, wish)
        child.updated_us = self.clock.now_us()
        self._publish(OrderEventKind.UPDATED, child)
        return task

    async def resolve(self, child: ChildState, filled: Decimal | None = None) -> None:
        """The trader has looked at the venue: see `core.execution.resolving`, also for what this raises.

        Raises:
            JournalError: it can't be recorded now; nothing has changed.
        """
        self.journal.check()
        self.record.resolved(child, checked_word(child, filled))
        await self.record.durable()
        take_word(child, checked_word(child, filled), self.clock.now_us())  # evidence may have come meanwhile
        self._child_changed(child)

    # -- records from elsewhere --------------------------------------------------------------------

    def adopt(self, parent: ParentState) -> None:
        """Take in a parent and its children as the journal had them. Nothing is sent, and nobody is told yet."""
        self._parents[parent.id] = parent
        self._orders[parent.id] = Order(parent, self.order)
        if parent.status.terminal:
            self._orders[parent.id].finish()
        for child in parent.children.values():
            self._children[child.client_id] = child
            self._orders[child.client_id] = Order(child, self.order)
            if child.settled:
                self._orders[child.client_id].finish()

    def changed(self, child: ChildState) -> None:
        """Tell of a child that was changed by whoever restored it; if it is in doubt, its venue is asked."""
        self._child_changed(child)

    # -- what venues tell us -----------------------------------------------------------------------

    def _on_account(self, event: AccountEvent) -> None:
        if isinstance(event, Fill):
            self._take_fill(event)
        elif isinstance(event, ConnectionChange):
            self._on_connection(event)
        elif (child := self._children.get(event.client_id)) is not None:
            self._take_order(child, event, False)

    def _on_connection(self, change: ConnectionChange) -> None:
        """Whatever happened while the stream was down was not told: ask about every open child."""
        if not change.connected:
            self._notify("warning", f"{change.venue}: the private stream is down; orders there are checked when it returns.")
            return
        for child in self._children.values():
            if child.planned.exchange == change.venue and not child.settled and not self._sender.is_creating(child):
                child.doubt(self.clock.now_us(), f"checking with {change.venue} after a reconnect")
                self._child_changed(child)

    def take_listed(self, child: ChildState, news: VenueOrder, asked_us: int) -> None:
        """Take what a list of open orders, asked for at `asked_us`, says of a child."""
        self._take_order(child, news, asked_us >= child.doubted_us)

    def doubt(self, child: ChildState, why: str) -> None:
        """What a venue says speaks against what is known of a child: look it up."""
        child.doubt(self.clock.now_us(), why)
        self._child_changed(child)

    def notify(self, level: str, sentence: str) -> None:
        """Tell the trader something that is about no single order."""
        self._notify(level, sentence)

    def _take_order(self, child: ChildState, news: VenueOrder, looked_up: bool) -> None:
        if child.apply_venue_order(news, self.clock.now_us(), looked_up=looked_up):
            self._child_changed(child)

    def _take_fill(self, fill: Fill) -> None:
        child = self._children.get(fill.client_id)
        if child is None:
            self._stray(fill)
            return
        if child.apply_fill(fill, self.clock.now_us()):
            self.record.fill(fill)
            self._publish(OrderEventKind.FILLED, child, fill)
            if "overfill" in child.flags or "overfill" in child.parent.flags:
                self._publish(OrderEventKind.FLAGGED, child.parent)
            if child.parent.status.terminal and child.parent.executed.amount >= child.parent.request.amount:
                child.parent.move(ParentStatus.FILLED, self.clock.now_us())  # the fill that the cancel lost to
            self._child_changed(child)

    def _cancel_again(self, child: ChildState) -> None:
        self._sender.cancel_again(child)

    def _cancel_revenant(self, child: ChildState) -> None:
        """It was over, for all we knew, and something else may be in its place; now its venue says that it is open."""
        if self._sender.cancel(child, release=False, urgent=False) or self._sender.cancel_again(child):
            self._publish(OrderEventKind.UPDATED, child)

    def _cancel_failed(self, child: ChildState) -> None:
        self._sender.cancel_failed(child)

    def _child_changed(self, child: ChildState) -> None:
        """Publish a child and its parent, and look into what is in doubt."""
        self._publish(OrderEventKind.UPDATED, child)
        child.parent.updated_us = self.clock.now_us()
        self._publish(OrderEventKind.UPDATED, child.parent)
        if child.settled:
            self._orders[child.client_id].finish()
        asked = child.cancelling or self._sender.is_creating(child)  # an answer is due; it will tell
        connector = self.connectors.get(child.planned.exchange)
        if in_doubt(child) and not asked and connector is not None and not self._tasks.closed:
            self._evidence.look_into(child, connector)

    def _publish(self, kind: OrderEventKind, state: ParentState | ChildState, fill: Fill | None = None) -> None:
        self._seq += 1
        event = OrderEvent(self._seq, self.clock.now_us(), kind, state.snapshot(), fill)
        self.record.state(state)
        for listener in tuple(self._listeners):
            try:
                listener(event)
            except Exception:  # one deaf listener must not stop the others, nor the order it was told of
                log.exception("a listener failed on order event %d", event.seq)

    def _stray(self, fill: Fill) -> None:
        """A fill of no order that we know of. One that is in the journal is ours all the same, and was over long ago."""
        if self.journal.parent_of(fill.client_id) is None:
            self._notify("warning", f"{fill.venue} reported a fill of an order that is not Fathom's; it was left alone.")
            return
        self.record.fill(fill)
        self._notify("warning", f"{fill.venue} reported a late fill of an order that ended long ago; it is in the journal.")

    def _on_trouble(self, error: JournalError | None) -> None:
        if error is not None:
            self._notify("error", str(error))
        else:
            self._notify("info", "The journal can be written again and nothing is missing in it. Resume paused orders when ready.")

    def _notify(self, level: str, sentence: str) -> None:
        for listener in tuple(self._notice_listeners):
            listener(Notice(self.clock.now_us(), level, sentence))

    async def close(self) -> None:
        """Stop looking and sending; open orders stay as they are on their venues."""
        await self._tasks.close()
        with suppress(JournalError):  # the trader has been told; whoever closes the journal tries once more
            await self.record.durable()


def _remove(listeners: list[_T], listener: _T) -> None:
    if listener in listeners:
        listeners.remove(listener)
