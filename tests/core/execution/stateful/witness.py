"""Looks at every request before it leaves, at everything that really happens at the venues, and at every event of the desk.

What is wrong is noted with the number of its invariant; raising here would only be one more answer that the desk survives.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import final

from core.domain.enums import ExecutionStrategy, OrderSide, OrderType, TimeInForce
from core.domain.events import OrderEvent, OrderEventKind
from core.domain.instruments import Instrument
from core.domain.orders import Fill, Knowledge, ParentStatus
from core.exchanges.connector import NewOrder, VenueOrder
from core.execution.state import ParentState
from tests.core.exchanges.paper_desk import SYMBOL
from tests.core.execution.stateful.disk import Disk
from tests.core.execution.stateful.market import RULES
from tests.core.execution.stateful.session import Session

ZERO = Decimal(0)
# What a market order may pay past the touch: `core.strategies.walk.PROTECTION`, said once more by somebody who does not ask the code.
PROTECTION = Decimal("0.01")
CATCH_UP = 2
STEPS = 10


@dataclass(frozen=True, slots=True)
class Breach:
    """Something that must not be. `number` is the invariant's in FAULTS.md; 0 is an error that nobody caught."""

    number: int
    sentence: str


@final
class Stopwatch:
    """How long something went on, in µs."""

    def __init__(self) -> None:
        self._before_us = 0
        self._since_us: int | None = None

    def go(self, now_us: int) -> None:
        if self._since_us is None:
            self._since_us = now_us

    def stop(self, now_us: int) -> None:
        self._before_us, self._since_us = self.read(now_us), None

    def read(self, now_us: int) -> int:
        return self._before_us + (now_us - self._since_us if self._since_us is not None else 0)


@final
class Eyewitness:
    """What really happened, and what was wrong with it.

    Attributes:
        sends: client id -> how often a create left with it, over all sessions.
        amended: client id -> (price, amount) of every change that left.
        told: client id -> everything that really happened to it at its venue, in order.
        cancelled: parents that the trader took back.
        accepted: those of them for which he has an answer.
        asked_prices: parent -> limits that the trader asked for besides its first one.
        heard: events of the desk so far.
        held, lost: parents that stood still for a silent venue, and children that the trader was asked about.
        misled: parents whose trader has said something wrong of a child: they may execute too much, and nothing else may go wrong.
        worked: how long each parent has been under way, by what was heard of it and when its desks died.
    """

    def __init__(self, disk: Disk, session: Callable[[], Session], truly_committed: Callable[[ParentState], Decimal]) -> None:
        self.breaches: list[Breach] = []
        self.sends: Counter[str] = Counter()
        self.amended: defaultdict[str, list[tuple[Decimal, Decimal]]] = defaultdict(list)
        self.told: defaultdict[str, list[VenueOrder | Fill]] = defaultdict(list)
        self.cancelled: set[str] = set()
        self.accepted: set[str] = set()
        self.asked_prices: defaultdict[str, list[Decimal]] = defaultdict(list)
        self.heard = 0
        self.held: set[str] = set()
        self.lost: set[str] = set()
        self.misled: set[str] = set()
        self.worked: defaultdict[str, Stopwatch] = defaultdict(Stopwatch)
        self._disk = disk
        self._session = session
        self._truly_committed = truly_committed
        self._touches: dict[str, Decimal] = {}
        self._filled: dict[str, Decimal] = {}

    def note(self, number: int, sentence: str) -> None:
        """Something is wrong."""
        self.breaches.append(Breach(number, sentence))

    # -- what leaves -----------------------------------------------------------------------------------

    def create(self, venue: str, order: NewOrder) -> None:
        """A create is about to leave."""
        self.sends[order.client_id] += 1
        if self.sends[order.client_id] > 1:
            self.note(2, f"{order.client_id} leaves a second time")
        if not self._disk.holds_intent(order.client_id):
            self.note(2, f"{order.client_id} leaves before its intent is on the disk")
        child = self._session().manager.child(order.client_id)
        if child is None:
            self.note(6, f"{order.client_id} belongs to no child")
            return
        parent = child.parent
        if parent.id in self.cancelled:
            self.note(7, f"{order.client_id} leaves after {parent.id} was cancelled")
        self._check_grid(venue, order.price, order.amount)
        self._check_limit(parent, order.price, sweeps=order.time_in_force is TimeInForce.IOC)
        if parent.request.strategy in (ExecutionStrategy.TWAP, ExecutionStrategy.VWAP):
            self._check_band(parent, order.amount)

    def amend(self, venue: str, client_id: str, price: Decimal, amount: Decimal) -> None:
        """A change is about to leave."""
        self.amended[client_id].append((price, amount))
        child = self._session().manager.child(client_id)
        if child is None:
            self.note(6, f"a change of {client_id}, which belongs to no child")
            return
        self._check_grid(venue, price, amount)
        self._check_limit(child.parent, price, sweeps=False)

    def cancel(self, venue: str, client_id: str) -> None:
        """A cancel is about to leave."""
        if not client_id.startswith("f"):
            self.note(6, f"{client_id} on {venue} is not ours, and is being cancelled")

    def _check_grid(self, venue: str, price: Decimal, amount: Decimal) -> None:
        rules: Instrument = RULES[venue]
        if price <= 0 or price % rules.tick or amount <= 0 or amount % rules.lot:
            self.note(8, f"{amount} at {price} is off the grid of {venue}")
        elif why := rules.shortfall_of_minimums(amount, price):
            self.note(8, f"{venue}: {why}")

    def _check_limit(self, parent: ParentState, price: Decimal, *, sweeps: bool) -> None:
        request, sign = parent.request, parent.request.side.sign
        if request.order_type.once_fired is OrderType.MARKET:
            bound = self._market_bound(parent)
        else:
            assert request.price is not None
            asked = [request.price, *self.asked_prices[parent.id]]
            bound = max(asked) if request.side is OrderSide.BUY else min(asked)
            if sweeps and request.strategy is ExecutionStrategy.PRICE_OPTIMIZED_LIQUIDITY:
                bound *= 1 + sign * Decimal(str(request.params["max_slippage_percent"])) / 100
        if bound is not None and sign * (price - bound) > 0:
            self.note(8, f"{parent.id} sends at {price}, past its {bound}")

    def _market_bound(self, parent: ParentState) -> Decimal | None:
        """The worst touch it has met, and a hundredth more."""
        request, session = parent.request, self._session()
        touch = session.books.view(SYMBOL, request.exchanges, session.manager.clock.now_us()).touch(request.side)
        if touch is not None:
            worst = self._touches.get(parent.id, touch)
            self._touches[parent.id] = max(worst, touch) if request.side is OrderSide.BUY else min(worst, touch)
        met = self._touches.get(parent.id)
        return None if met is None else met * (1 + request.side.sign * PROTECTION)

    def _check_band(self, parent: ParentState, amount: Decimal) -> None:
        """Where a schedule may be at most: reckoned here from its parameters alone, and by what it says itself."""
        request, committed = parent.request, parent.executed.amount + parent.live_amount + parent.released
        if parent.target is None or committed > parent.target:
            self.note(12, f"{parent.id} commits {committed} while it says that {parent.target} is due")
        if request.strategy is ExecutionStrategy.VWAP and parent.memory.get("follows") == "volume":
            return
        slices, spread = int(str(parent.memory["slices"])), Decimal(str(request.params["randomize"])) / 100
        duration_us = Decimal(str(request.params["duration"])) * 1_000_000
        elapsed_us = self.worked[parent.id].read(self._session().manager.clock.now_us())
        over = elapsed_us >= duration_us
        most = max(CATCH_UP * request.amount / slices, request.amount / STEPS if over else ZERO)
        if amount > most:
            self.note(12, f"{parent.id} sends a burst of {amount}; its slices are {request.amount / slices}")
        if not over:
            done = min(int(elapsed_us * slices / duration_us + spread / 2) + 1, slices)
            heavy, light = done * (1 + spread), (slices - done) * (1 - spread)
            if committed > request.amount * heavy / (heavy + light):
                self.note(12, f"{parent.id} commits {committed} of {request.amount} in slice {done} of {slices}")

    # -- what happens ----------------------------------------------------------------------------------

    def happened(self, event: VenueOrder | Fill) -> None:
        """Something really happened at a venue."""
        self.told[event.client_id].append(event)
        child = self._session().manager.child(event.client_id)
        if child is None or child.parent.id in self.misled:
            return
        if (truly := self._truly_committed(child.parent)) > child.parent.request.amount:
            self.note(1, f"the venues hold {truly} of {child.parent.id}, which asks for {child.parent.request.amount}")

    def hear(self, event: OrderEvent) -> None:
        """The desk says something."""
        order = event.order
        self.heard += 1
        if event.kind is OrderEventKind.CREATED and (child := self._session().manager.child(order.id)) is not None:
            self._market_bound(child.parent)  # it was planned on the books of this moment; others may have come when it leaves
        if order.held:
            self.held.add(order.id)
        if order.knowledge is Knowledge.QUARANTINED:
            self.lost.add(order.id)
        if order.filled_amount < self._filled.get(order.id, ZERO):
            self.note(3, f"{order.id} had {self._filled[order.id]} filled and has {order.filled_amount}")
        self._filled[order.id] = order.filled_amount
        if order.status is ParentStatus.RUNNING:
            self.worked[order.id].go(event.ts_us)
        elif order.status is ParentStatus.PAUSED:
            self.worked[order.id].stop(event.ts_us)
        if order.is_parent and order.id not in self.misled and order.filled_amount + order.live_amount > order.amount:
            self.note(1, f"{order.id}: {order.filled_amount} filled + {order.live_amount} live > {order.amount}")

    def mourn(self, now_us: int) -> None:
        """The desk has just died: nothing of it is under way until the trader says so to the next."""
        for worked in self.worked.values():
            worked.stop(now_us)

    def start_over(self, cancels: set[str]) -> None:
        """A new process knows what the disk held: totals may be smaller, and a cancel that nobody has confirmed may be unsaid.

        Args:
            cancels: parents whose cancel is on the disk.
        """
        self._filled.clear()
        self.cancelled &= cancels | self.accepted
