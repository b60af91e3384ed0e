"""The order manager: the only owner of order state.

It makes an intent durable before its order leaves, counts every fill once, reads an ambiguous answer as
UNKNOWN and never lets filled + worst-case live pass the parent's amount. What it knows it publishes as
frozen events. Which orders to send is the worker's business, not its own.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from decimal import Decimal
from functools import partial
from typing import TypeVar, final

from core.domain.clock import Clock, SystemClock
from core.domain.errors import (
    DuplicateClientId,
    JournalError,
    NotPossible,
    OrderNotFound,
    ReservationExceeded,
    UnknownOrder,
    VenueError,
    VenueRefused,
    VenueUnavailable,
    WouldCross,
)
from core.domain.events import Notice, OrderEvent, OrderEventKind
from core.domain.orders import ChildEvent, ChildStatus, Fill, Knowledge, OrderSnapshot, ParentStatus, PendingAction
from core.domain.plan import ExecutionRequest, PlannedChild
from core.exchanges.connector import AccountEvent, ConnectionChange, ExchangeConnector, NewOrder, VenueOrder
from core.execution.evidence import Evidence, in_doubt
from core.execution.ids import new_client_id, new_parent_id
from core.execution.order import Order
from core.execution.state import ZERO, ChildState, ParentState
from core.execution.tasks import TaskOwner
from core.journal.journal import Journal

log = logging.getLogger(__name__)

# An accepted cancel whose end the stream does not report within this is looked up.
CONFIRM_S = 2.0

_T = TypeVar("_T")

EventListener = Callable[[OrderEvent], None]


@final
class OrderManager:
    """Orders over many venues behind one interface.

    Args:
        connectors: venue name -> connector.
        clock: wall time unless given.
        journal: where intents become durable; in memory unless given, which is durable only while the process lives.
    """

    def __init__(self, connectors: Mapping[str, ExchangeConnector], *, clock: Clock | None = None, journal: Journal | None = None) -> None:
        self.connectors = dict(connectors)
        self.clock: Clock = clock or SystemClock()
        self.journal = journal or Journal()
        self._parents: dict[str, ParentState] = {}
        self._children: dict[str, ChildState] = {}
        self._orders: dict[str, Order] = {}
        self._listeners: list[EventListener] = []
        self._notice_listeners: list[Callable[[Notice], None]] = []
        self._sending: dict[str, asyncio.Task[None]] = {}
        self._seq = 0
        self._tasks = TaskOwner()
        self._evidence = Evidence(self.clock, self._tasks, self._take_order, self._take_fill, self._child_changed)
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

    def child(self, child_id: str) -> ChildState | None:
        """The manager's own record of a child; None when the id is no child's."""
        return self._children.get(child_id)

    # -- parents ---------------------------------------------------------------------------------

    def create_parent(self, request: ExecutionRequest) -> Order:
        """Record what the trader asks for, durably. Nothing is sent."""
        now_us = self.clock.now_us()
        parent_id = new_parent_id(now_us)
        parent = ParentState(parent_id, request, now_us, now_us, seed=sum(map(ord, parent_id)))
        self.journal.commit(now_us, parent_id, "parent", asdict(request))
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
        """Give a parent another limit and amount, durably; a waiting one also another trigger (None leaves it).

        Raises:
            ReservationExceeded: filled + live would pass the new amount.
        """
        committed = parent.executed.amount + parent.live_amount
        if amount < committed:
            raise ReservationExceeded(f"Order {parent.id} has {committed} filled or live, more than the new amount {amount}.")
        now_us = self.clock.now_us()
        trigger_price = parent.request.trigger_price if trigger_price is None else trigger_price
        self.journal.commit(now_us, parent.id, "modify", {"price": price, "amount": amount, "trigger_price": trigger_price})
        parent.request = replace(parent.request, price=price, amount=amount, trigger_price=trigger_price)
        parent.updated_us = now_us
        self._publish(OrderEventKind.UPDATED, parent)

    # -- children --------------------------------------------------------------------------------

    def submit(self, parent: ParentState, planned: Sequence[PlannedChild]) -> list[Order]:
        """Make the intents of `planned` durable in one commit, then send them all at once in the background.

        Raises:
            NotPossible: the parent takes no new children.
            ReservationExceeded: filled + live + planned would pass the parent's amount.
            JournalError: the intents are not durable; nothing was sent.
        """
        if parent.status is not ParentStatus.RUNNING:
            raise NotPossible(f"Order {parent.id} is {parent.status.value} and takes no new children.")
        total = parent.executed.amount + parent.live_amount + sum((child.amount for child in planned), ZERO)
        if total > parent.request.amount:
            raise ReservationExceeded(f"Order {parent.id} would commit {total} of its {parent.request.amount}; nothing was sent.")
        now_us = self.clock.now_us()
        children = [ChildState(new_client_id(now_us), parent, plan, plan.price, plan.amount, now_us, now_us) for plan in planned]
        for child in children:
            self.journal.append(now_us, child.client_id, "intent", {"parent": parent.id, **asdict(child.planned)})
        self.journal.flush()
        parent.rounds += 1
        for child in children:
            parent.children[child.client_id] = self._children[child.client_id] = child
            self._orders[child.client_id] = Order(child, self.order)
            self._publish(OrderEventKind.CREATED, child)
        for child in children:
            child.sent_us = now_us
            child.advance(ChildEvent.SEND, now_us)
            self._publish(OrderEventKind.UPDATED, child)
            self._sending[child.client_id] = self._tasks.watch(self._send(child), f"send {child.client_id}")
        return [self._orders[child.client_id] for child in children]

    async def _send(self, child: ChildState) -> None:
        planned, request = child.planned, child.parent.request
        order = NewOrder(
            client_id=child.client_id,
            symbol=request.symbol,
            side=request.side,
            amount=child.amount,
            price=child.price,
            time_in_force=planned.time_in_force,
            post_only=planned.post_only,
            reduce_only=request.reduce_only,
            display_amount=planned.display_amount,
        )
        try:
            news = await self.connectors[planned.exchange].create_order(order)
        except (VenueRefused, VenueUnavailable) as error:
            child.reason = str(error)
            child.advance(_verdict(error), self.clock.now_us())
        except DuplicateClientId as error:
            child.doubt(self.clock.now_us(), str(error))
        except Exception as error:  # noqa: BLE001 - anything may have happened on the way, so everything means "unknown"
            # Whatever it was, the order may be on the venue. If the stream has acknowledged it meanwhile, we know.
            log.warning("create %s on %s: outcome unknown: %r", child.client_id, planned.exchange, error)
            if child.status is ChildStatus.SUBMITTING:
                child.doubt(self.clock.now_us(), f"{planned.exchange} gave no clear answer; looking for the order there")
        else:
            child.apply_venue_order(news, self.clock.now_us())
        finally:
            self._sending.pop(child.client_id, None)
            self._child_changed(child)

    def cancel(self, child: ChildState, *, release: bool = False) -> bool:
        """Ask the venue to cancel, once; False when there is nothing to cancel or a cancel is under way.

        Args:
            release: the trader took this amount back: the parent will not place it again.
        """
        if child.settled or child.pending is PendingAction.CANCEL:
            return False
        child.pending, child.updated_us = PendingAction.CANCEL, self.clock.now_us()
        if release:
            child.flags.add("released")
        self._publish(OrderEventKind.UPDATED, child)
        self._tasks.spawn(self._cancel(child), f"cancel {child.client_id}")
        return True

    async def _cancel(self, child: ChildState) -> None:
        if (sending := self._sending.get(child.client_id)) is not None:
            await asyncio.wait([sending])  # a cancel that overtakes its create would find nothing
        if child.settled:
            return
        connector, wait_s = self.connectors[child.planned.exchange], CONFIRM_S
        try:
            await connector.cancel_order(child.parent.request.symbol, child.client_id)
        except OrderNotFound:
            wait_s = 0.0  # it may be filled, or never have been there: ask
        except VenueUnavailable as error:
            child.pending, child.reason = PendingAction.NONE, str(error)
            self._child_changed(child)
            return
        except VenueError as error:
            log.warning("cancel of %s: %s", child.client_id, error, extra={"detail": error.detail})
            child.reason = str(error)
            wait_s = 0.0
        if not child.settled:
            self._evidence.look_into(child, connector, first_look_s=wait_s)

    def begin_amend(self, child: ChildState, *, price: Decimal, amount: Decimal) -> asyncio.Task[bool]:
        """As `amend`, in the background: a caller that must stay awake looks at the task."""
        return self._tasks.watch(self.amend(child, price=price, amount=amount), f"amend {child.client_id}")

    async def amend(self, child: ChildState, *, price: Decimal, amount: Decimal) -> bool:
        """Change a live child in place and return once the venue has answered; True when it took effect.

        Raises:
            NotPossible: the child is over, has something pending, or its venue can't amend.
            ReservationExceeded: the larger of old and new would pass the parent's amount.
            VenueRefused: refused; the child is unchanged.
        """
        connector, parent = self.connectors[child.planned.exchange], child.parent
        if child.settled or child.pending is not PendingAction.NONE or child.knowledge is not Knowledge.KNOWN:
            raise NotPossible(f"Order {child.client_id} can't be changed now: it is {child.status.value}.")
        if not connector.capabilities.amend:
            raise NotPossible(f"{child.planned.exchange} can't change an order in place.")
        if parent.executed.amount + parent.live_amount + max(amount - child.amount, ZERO) > parent.request.amount:
            raise ReservationExceeded(f"{amount} would take order {parent.id} past its {parent.request.amount}.")
        now_us = self.clock.now_us()
        self.journal.commit(now_us, child.client_id, "amend", {"price": price, "amount": amount})
        child.pending, child.pending_price, child.pending_amount, child.updated_us = PendingAction.AMEND, price, amount, now_us
        self._publish(OrderEventKind.UPDATED, child)
        try:
            news = await connector.amend_order(parent.request.symbol, child.client_id, price=price, amount=amount)
        except (VenueRefused, VenueUnavailable) as error:
            child.pending, child.pending_price, child.pending_amount = PendingAction.NONE, None, None
            self._child_changed(child)
            if isinstance(error, VenueRefused):
                raise
            return False
        except VenueError as error:
            log.warning("amend of %s: %s", child.client_id, error, extra={"detail": error.detail})
            self._evidence.look_into(child, connector)
            return False
        self._take_order(child, news)
        return (child.price, child.amount) == (price, amount)

    # -- what venues tell us -----------------------------------------------------------------------

    def _on_account(self, event: AccountEvent) -> None:
        if isinstance(event, Fill):
            self._take_fill(event)
        elif isinstance(event, ConnectionChange):
            self._on_connection(event)
        elif (child := self._children.get(event.client_id)) is not None:
            self._take_order(child, event)

    def _on_connection(self, change: ConnectionChange) -> None:
        """Whatever happened while the stream was down was not told: ask about every open child."""
        if not change.connected:
            self._notify("warning", f"{change.venue}: the private stream is down; orders there are checked when it returns.")
            return
        for child in self._children.values():
            if child.planned.exchange == change.venue and not child.settled and child.status is not ChildStatus.INTENT:
                child.doubt(self.clock.now_us(), f"checking with {change.venue} after a reconnect")
                self._child_changed(child)

    def _take_order(self, child: ChildState, news: VenueOrder) -> None:
        if child.apply_venue_order(news, self.clock.now_us()):
            self._child_changed(child)

    def _take_fill(self, fill: Fill) -> None:
        child = self._children.get(fill.client_id)
        if child is None:
            self._notify("warning", f"{fill.venue} reported a fill of an order that is not Fathom's; it was left alone.")
            return
        if child.apply_fill(fill, self.clock.now_us()):
            self._record(fill.client_id, "fill", asdict(fill))
            self._publish(OrderEventKind.FILLED, child, fill)
            if "overfill" in child.flags or "overfill" in child.parent.flags:
                self._publish(OrderEventKind.FLAGGED, child.parent)
            if child.parent.status.terminal and child.parent.executed.amount >= child.parent.request.amount:
                child.parent.move(ParentStatus.FILLED, self.clock.now_us())  # the fill that the cancel lost to
            self._child_changed(child)

    def _child_changed(self, child: ChildState) -> None:
        """Publish a child and its parent, and look into what is in doubt."""
        if child.settled and "released" in child.flags:
            child.flags.discard("released")
            child.parent.released += max(child.amount - child.executed.amount, ZERO)
        self._publish(OrderEventKind.UPDATED, child)
        child.parent.updated_us = self.clock.now_us()
        self._publish(OrderEventKind.UPDATED, child.parent)
        if child.settled:
            self._orders[child.client_id].finish()
        elif in_doubt(child) and child.pending is PendingAction.NONE and not self._tasks.closed:
            self._evidence.look_into(child, self.connectors[child.planned.exchange])

    def _publish(self, kind: OrderEventKind, state: ParentState | ChildState, fill: Fill | None = None) -> None:
        self._seq += 1
        event = OrderEvent(self._seq, self.clock.now_us(), kind, state.snapshot(), fill)
        if kind is not OrderEventKind.FILLED:
            self._record(event.order.id, event.kind.value, {"status": event.order.status, "reason": event.order.reason})
        for listener in tuple(self._listeners):
            listener(event)

    def _record(self, order_id: str, kind: str, body: Mapping[str, object]) -> None:
        """Journal what has happened. It has happened: a failing disk must not stop it from being counted."""
        try:
            self.journal.append(self.clock.now_us(), order_id, kind, body)
        except JournalError as error:
            log.exception("the journal failed")
            self._notify("error", str(error))

    def _notify(self, level: str, sentence: str) -> None:
        for listener in tuple(self._notice_listeners):
            listener(Notice(self.clock.now_us(), level, sentence))

    async def close(self) -> None:
        """Stop looking and sending; open orders stay as they are on their venues."""
        await self._tasks.close()
        self.journal.flush()


def _verdict(error: VenueError) -> ChildEvent:
    """What a definite "not placed" means for the child: a post-only order that met the market has expired, not been refused."""
    if isinstance(error, WouldCross):
        return ChildEvent.EXPIRE
    return ChildEvent.REFUSE if isinstance(error, VenueRefused) else ChildEvent.PROVE_ABSENT


def _remove(listeners: list[_T], listener: _T) -> None:
    if listener in listeners:
        listeners.remove(listener)
