"""Comparing what we believe is open with what the venues say is open, before anybody has to ask why they differ.

A private stream may die without a word. So a venue's open orders are asked for after every reconnect, after every pause
it asked for, when the news make no sense (a fill of an order nobody knows), when the market trades through an order
that is said to rest, when an immediate order does not end, and every half minute while something is open; never while
nothing is. A list that contradicts us is no proof either: the child is doubted, and the look-up decides. What the
list holds and we never sent is shown apart and left alone.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from typing import final

from core.domain.clock import MICROSECONDS, Clock
from core.domain.enums import OrderSide, TimeInForce
from core.domain.errors import VenueError
from core.domain.events import OrderEvent
from core.domain.instruments import Instrument
from core.domain.market import MarketMessage
from core.domain.orders import ChildStatus, Fill, Knowledge
from core.exchanges.connector import AccountEvent, ConnectionChange, ExchangeConnector, Resyncable, VenueOrder
from core.exchanges.limited import LimitedConnector
from core.execution.live import LiveChildren
from core.execution.manager import OrderManager
from core.execution.state import ChildState
from core.execution.tasks import TaskOwner
from core.market.store import OrderBooks

log = logging.getLogger(__name__)

# An immediate order that is still open after this has ended without a word; a resting one is compared for the first time ...
IMMEDIATE_US = 2 * MICROSECONDS
FIRST_US = 10 * MICROSECONDS
# ... and from then on this often. A look that failed is tried again after RETRY_US, one on suspicion comes after SOON_US.
EVERY_US = 30 * MICROSECONDS
RETRY_US = 5 * MICROSECONDS
SOON_US = MICROSECONDS
# News that are under way may still explain what a list seems to contradict.
GRACE_S = 0.5
# Above every price, in ticks.
_BEYOND = 2**63

_ACKNOWLEDGED = (ChildStatus.OPEN, ChildStatus.PARTIALLY_FILLED)
_IMMEDIATE = (TimeInForce.IOC, TimeInForce.FOK)

Place = tuple[str, str]  # venue, symbol


@final
class Reconciler:
    """Sweeps venues for what the streams did not tell."""

    def __init__(
        self, manager: OrderManager, connectors: Mapping[str, ExchangeConnector], books: OrderBooks, live: LiveChildren, tasks: TaskOwner
    ) -> None:
        self._manager = manager
        self._connectors = connectors
        self._books = books
        self._clock: Clock = manager.clock
        self._live = live
        self._tasks = tasks
        self._due_us: dict[Place, int] = {}
        self._wanted: set[Place] = set()
        self._swept_us: dict[Place, int] = {}
        self._edges: dict[Place, tuple[int, int]] = {}
        self._sweeping: set[Place] = set()
        self._foreign: dict[Place, tuple[VenueOrder, ...]] = {}
        self._stops = [manager.on_event(self._on_event), books.on_message(self._on_message)]
        for connector in connectors.values():
            connector.on_account(partial(self._on_account, connector.venue))
            if isinstance(connector, LimitedConnector):
                connector.on_pause(partial(self._on_pause, connector.venue))

    @property
    def foreign_orders(self) -> Sequence[VenueOrder]:
        """Open orders on our accounts that we did not send, as of each place's last sweep."""
        return [order for place in sorted(self._foreign) for order in self._foreign[place]]

    async def sweep(self, venue: str, symbol: str) -> bool:
        """Compare one venue's open orders with ours, and look into every difference. False when the venue did not answer."""
        connector, asked_us = self._connectors[venue], self._clock.now_us()
        expected = [child for child in self._live.on(venue, symbol) if child.status in _ACKNOWLEDGED]
        try:
            found = await connector.open_orders(symbol)
        except VenueError as error:
            log.warning("open orders of %s %s: %s", venue, symbol, error, extra={"detail": error.detail})
            return False
        # Orders placed by hand may have no client id at all: they are counted before ids become keys.
        self._show_foreign((venue, symbol), [order for order in found if self._manager.child(order.client_id) is None])
        listed = {order.client_id: order for order in found}
        behind = [child for child in expected if _contradicts(child, listed.get(child.client_id))]
        for client_id, order in listed.items():
            child = self._manager.child(client_id)
            # What was learned while the question was under way is newer than its answer.
            if child is not None and child not in behind and child.updated_us <= asked_us:
                self._manager.take_listed(child, order, asked_us)
        self._end_immediate(listed, asked_us)
        if behind:
            await self._look_into(connector, behind, listed)
        return True

    def _end_immediate(self, listed: Mapping[str, VenueOrder], asked_us: int) -> None:
        """Nothing immediate rests. A venue that has not understood that has it taken back."""
        for client_id in listed:
            child = self._manager.child(client_id)
            if child is None or child.settled or child.planned.time_in_force not in _IMMEDIATE or asked_us - child.sent_us < IMMEDIATE_US:
                continue
            if self._manager.cancel(child):
                venue = child.planned.exchange
                self._manager.notify("warning", f"{venue} left an immediate order resting; it is being taken back.")

    async def _look_into(self, connector: ExchangeConnector, behind: list[ChildState], listed: Mapping[str, VenueOrder]) -> None:
        """Give the stream a moment to explain, then look up what it has not: it has missed something."""
        await self._clock.sleep(GRACE_S)
        missed = [child for child in behind if _contradicts(child, listed.get(child.client_id))]
        known = [child for child in missed if child.knowledge is Knowledge.KNOWN]
        for child in known:
            self._manager.doubt(child, f"{connector.venue} lists it differently; looking it up")
        if known and isinstance(connector, Resyncable):
            what = "an order" if len(known) == 1 else f"{len(known)} orders"
            self._manager.notify("warning", f"{connector.venue}: the private stream missed news of {what}; they are looked up.")
            try:
                await connector.resync_account()
            except VenueError as error:
                log.warning("private stream of %s: %s", connector.venue, error, extra={"detail": error.detail})

    def _show_foreign(self, place: Place, orders: list[VenueOrder]) -> None:
        if orders:
            self._foreign[place] = tuple(orders)
        else:
            self._foreign.pop(place, None)

    # -- when ----------------------------------------------------------------------------------------

    def soon(self, venue: str, symbol: str, at_us: int | None = None, *, always: bool = True) -> None:
        """Sweep this place at `at_us` (default: in a second), or earlier when that is planned already.

        Args:
            always: also when nothing of ours is open there by then.
        """
        place = (venue, symbol)
        at_us = self._clock.now_us() + SOON_US if at_us is None else at_us
        if venue not in self._connectors or self._tasks.closed:
            return
        if always:
            self._wanted.add(place)
        if at_us < self._due_us.get(place, at_us + 1):
            self._due_us[place] = at_us
            self._tasks.spawn(self._sweep_at(place, at_us), f"sweep of {venue} {symbol}")

    async def _sweep_at(self, place: Place, at_us: int) -> None:
        await self._clock.sleep_until(at_us)
        if self._due_us.get(place) != at_us:
            return  # an earlier one was wanted meanwhile
        del self._due_us[place]
        if place in self._sweeping:
            self.soon(*place, always=place in self._wanted)  # what has happened since it asked may not be in its answer
            return
        if place not in self._wanted and not self._live.on(*place):
            return
        self._wanted.discard(place)
        self._sweeping.add(place)
        try:
            answered = await self.sweep(*place)
        finally:
            self._sweeping.discard(place)
        self._swept_us[place] = self._clock.now_us()
        if self._live.on(*place) or not answered:
            self.soon(*place, self._clock.now_us() + (EVERY_US if answered else RETRY_US), always=not answered)

    def _on_event(self, event: OrderEvent) -> None:
        """Something is open: have an eye on it."""
        order = event.order
        if order.exchange is None:
            return
        self._edges.pop((order.exchange, order.symbol), None)
        if order.status not in _ACKNOWLEDGED:
            return
        if order.time_in_force in _IMMEDIATE:
            self.soon(order.exchange, order.symbol, order.created_us + IMMEDIATE_US, always=False)
        elif (order.exchange, order.symbol) not in self._sweeping:
            self.soon(order.exchange, order.symbol, self._clock.now_us() + FIRST_US, always=False)

    def _on_account(self, venue: str, event: AccountEvent) -> None:
        if isinstance(event, ConnectionChange):
            if event.connected:
                for symbol in {child.parent.request.symbol for child in self._live.on(venue)}:
                    self.soon(venue, symbol, self._clock.now_us())
        elif self._manager.child(event.client_id) is None and (isinstance(event, Fill) or (venue, event.symbol) not in self._foreign):
            self.soon(venue, event.symbol)

    def _on_pause(self, venue: str, until_us: int) -> None:
        """Whatever was refused or not asked meanwhile is made up for once, when the pause is over."""
        for symbol in {child.parent.request.symbol for child in self._live.on(venue)}:
            self.soon(venue, symbol, until_us)

    def _on_message(self, message: MarketMessage) -> None:
        """The market stands where an order of ours should have been hit: has it been, and nobody told us?"""
        place = (message.venue, message.symbol)
        if place not in self._due_us or (book := self._books.book(*place)) is None:
            return
        if place not in self._edges:
            self._edges[place] = self._edge(place, book.instrument)
        buys_to, sells_from = self._edges[place]
        bid, ask = book.best_bid_tick, book.best_ask_tick
        through = (bid is not None and bid >= sells_from) or (ask is not None and ask <= buys_to)
        now_us = self._clock.now_us()
        if through and now_us - self._swept_us.get(place, 0) > RETRY_US and self._due_us[place] > now_us + SOON_US:
            self.soon(*place, always=False)

    def _edge(self, place: Place, instrument: Instrument) -> tuple[int, int]:
        """The highest price at which we wait to buy and the lowest at which we wait to sell, in ticks."""
        buys_to, sells_from = -1, _BEYOND
        for child in self._live.on(*place):
            if child.status in _ACKNOWLEDGED and child.planned.time_in_force not in _IMMEDIATE:
                tick = instrument.ticks_of(child.price)
                if child.planned.side is OrderSide.BUY:
                    buys_to = max(buys_to, tick)
                else:
                    sells_from = min(sells_from, tick)
        return buys_to, sells_from

    def close(self) -> None:
        """Listen no longer."""
        for stop in self._stops:
            stop()


def _contradicts(child: ChildState, listed: VenueOrder | None) -> bool:
    """Whether a venue's list says something else than we know: it is gone there, or filled further."""
    if child.settled:
        return False
    return listed is None or listed.filled > child.executed.amount
