"""Venues that live for ever, a disk that outlives every desk, and the desk that trades on them now.

The venues' truth (`PaperConnector.truth`) is kept apart from what their faulty wires tell. Time is simulated; nothing sleeps.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random
from typing import Any, TypeVar, final

from core.domain.clock import MICROSECONDS, SimulatedClock
from core.domain.errors import FathomError
from core.domain.orders import Knowledge, ParentStatus
from core.exchanges.connector import VenueOrder, VenueOrderStatus
from core.exchanges.paper.connector import PaperConnector
from core.exchanges.paper.orders import PaperOrder
from core.execution import ids
from core.execution.state import ChildState, ParentState
from tests.core.exchanges.paper_desk import SYMBOL
from tests.core.execution.stateful.disk import Disk
from tests.core.execution.stateful.loop import SimulatedLoop
from tests.core.execution.stateful.market import RULES, Book
from tests.core.execution.stateful.session import Session
from tests.core.execution.stateful.witness import ZERO, Eyewitness

T = TypeVar("T")

# Books breathe this often; a desk calls them stale after three breaths.
BREATH_US = 10 * MICROSECONDS
POOR = {"USDT": Decimal(300), "BTC": Decimal(3)}
# Once everything works again a parent that is cancelled has to be over within this much.
BOUND_S = 180.0


@dataclass(frozen=True, slots=True)
class Setup:
    """What a world is like, for all of its time.

    Attributes:
        venues: how many of `market.VENUES`.
        amends: whether they change orders in place.
        paced: requests go through our own rate limits.
        careful: the risk gate checks balances.
        poor: there is little money on the accounts.
        curve: VWAP knows a volume curve.
        waits: at the end the parents get time to finish before what is left is cancelled.
        seed: of ids, latencies and permutations.
    """

    venues: tuple[str, ...]
    amends: bool = True
    paced: bool = False
    careful: bool = False
    poor: bool = False
    curve: bool = False
    waits: bool = False
    seed: int = 0


@final
class FlatCurve:
    """The same volume at any time."""

    source = "a market that never sleeps"

    def expected(self, from_us: int, to_us: int) -> float:
        """One base a second."""
        return max((to_us - from_us) / MICROSECONDS, 1e-9)


@final
class World:
    """Everything there is in one example.

    Attributes:
        crashes: how often a desk has died.
        downtime_s: how long nobody starts another after the next death.
        left_out: a venue that the desks started from now on do not have; empty when they have all.
        left_outs: how many such desks there were.
        measured: parent -> what was filled, and its status, when its cost was last looked at.
        retold: client id -> how many events of it there were when they were last told in other orders.
    """

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.random = Random(setup.seed)
        self.clock = SimulatedClock()
        self.loop = SimulatedLoop(self.clock)
        self.disk = Disk()
        self.crashes = 0
        self.downtime_s = 0.0
        self.left_out = ""
        self.left_outs = 0
        self.measured: dict[str, tuple[Decimal, ParentStatus]] = {}
        self.retold: dict[str, int] = {}
        self._trouble_us = self.clock.now_us()
        self._dice = secrets.randbits
        secrets.randbits = Random(setup.seed).getrandbits  # type: ignore[assignment]  # the same ids whenever an example is run
        self.books = {venue: Book(RULES[venue], self.clock) for venue in setup.venues}
        money = POOR if setup.poor else None
        self.venues = {
            venue: PaperConnector(venue, book.feed, self.clock, latency_ms=20.0, seed=setup.seed, balances=money)
            for venue, book in self.books.items()
        }
        self.witness = Eyewitness(self.disk, lambda: self.session, self.truly_committed)
        for connector in self.venues.values():
            self._listen_to_the_truth(connector)
        self._alarm = Alarm(self.witness)
        self.session = self._new_session()
        self.loop.set_exception_handler(lambda _loop, context: self.witness.note(0, f"{context['message']}: {context.get('exception')!r}"))

    def _listen_to_the_truth(self, connector: PaperConnector) -> None:
        tell = connector.truth._on_event

        def happened(event: Any) -> None:
            self.witness.happened(event)
            tell(event)

        connector.truth._on_event = happened

    def _new_session(self) -> Session:
        setup = self.setup
        amends = frozenset(setup.venues if setup.amends else ())
        venues = {venue: connector for venue, connector in self.venues.items() if venue != self.left_out}
        self.left_outs += len(venues) < len(self.venues)
        session = Session(venues, self.clock, self.disk, self.witness, amends=amends, paced=setup.paced, careful=setup.careful)
        session.manager.on_event(self.witness.hear)
        if setup.curve:
            session.engine.volumes.use(SYMBOL, FlatCurve())
        return session

    # -- time ------------------------------------------------------------------------------------------

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something in this world."""
        return self.loop.run_until_complete(work)

    async def open(self) -> None:
        """The first desk starts."""
        for connector in self.venues.values():
            await connector.open()
        for book in self.books.values():
            book.show()
        await self.session.open(self._snapshot_of)
        await self.loop.settle()

    async def live(self, seconds: float) -> None:
        """Let time pass. A desk that dies meanwhile is buried and started again at the end of it."""
        until_us = self.clock.now_us() + round(seconds * MICROSECONDS)
        self._feel()
        while self.clock.now_us() < until_us and not self.session.life.over:
            for book in self.books.values():
                book.breathe()
            await self._pass(min(until_us, self.clock.now_us() + BREATH_US))
        await self.loop.settle()
        self._feel()
        if self.session.life.over:
            await self.restart()
            await self._pass(until_us)
            self._feel()

    def _feel(self) -> None:
        """Take note of whether anything is out of order at this moment."""
        if (
            self.disk.full
            or self.left_out
            or any(book.silent for book in self.books.values())
            or any(_in_trouble(each) for each in self.venues.values())
        ):
            self._trouble_us = self.clock.now_us()

    def healthy_s(self) -> float:
        """How long everything has worked."""
        return (self.clock.now_us() - self._trouble_us) / MICROSECONDS

    async def _pass(self, until_us: int) -> None:
        while not self.session.life.over:
            await self.loop.settle()
            due = [at for at in (self.clock.next_deadline_us(), self.loop.next_timer_us()) if at is not None]
            if not due or min(due) > until_us:
                self.clock.jump_to(until_us)
                return
            await self.clock.advance_to(min(due))

    def sleep(self, seconds: float) -> None:
        """The laptop sleeps: time passes at the venues, and what is on its way gets there, but nobody here is woken before the end."""
        wakes_us = self.clock.now_us() + round(seconds * MICROSECONDS)
        under_way = [due for connector in self.venues.values() for due in connector._timeline._due]
        for connector in self.venues.values():
            connector._timeline._due.clear()
        for due_us, _, action in sorted(under_way, key=lambda due: due[:2]):
            self.clock.jump_to(due_us)
            action()
        self.clock.jump_to(wakes_us)
        self._trouble_us = wakes_us

    async def until(self, work: asyncio.Task[T], within_s: float) -> bool:
        """Let time pass until `work` is done; whether it was, in time."""
        until_us = self.clock.now_us() + round(within_s * MICROSECONDS)
        while not work.done() and self.clock.now_us() < until_us and not self.session.life.over:
            await self.live(0.5)
        return work.done()

    # -- death -----------------------------------------------------------------------------------------

    async def restart(self) -> None:
        """Bury the desk, which is dead by now, and start another on what it left, `downtime_s` later."""
        self.crashes += 1
        await self.session.end()
        self.witness.mourn(self.clock.now_us())
        if self.downtime_s:
            self.sleep(self.downtime_s)
            await self.loop.settle()
            self.downtime_s = 0.0
        self.witness.start_over(self.disk.cancels())
        self.measured.clear()
        self.session = self._new_session()
        self._trouble_us = self.clock.now_us()
        await self.session.open(self._snapshot_of)
        await self.loop.settle()

    def _snapshot_of(self, venue: str) -> Any:
        return self.venues[venue].truth.snapshot(SYMBOL)

    # -- truth -----------------------------------------------------------------------------------------

    def parents(self) -> list[ParentState]:
        """The manager's own records."""
        return list(self.session.manager._parents.values())

    def working(self) -> list[ParentState]:
        return [parent for parent in self.parents() if not parent.status.terminal]

    def true_order(self, venue: str, client_id: str) -> PaperOrder | None:
        """An order as its venue has it; None when it never got there."""
        return self.venues[venue].truth.orders.get(client_id)

    def truly_committed(self, parent: ParentState) -> Decimal:
        """What the venues have filled or hold of a parent."""
        total = ZERO
        for child in parent.children.values():
            order = self.true_order(child.planned.exchange, child.client_id)
            if order is not None:
                total += order.instrument.amount_of(order.units if order.status is VenueOrderStatus.OPEN else order.filled_units)
        return total

    def truly_open(self) -> list[VenueOrder]:
        """What rests at the venues of ours."""
        every = [order for connector in self.venues.values() for order in connector.truth.open_orders(SYMBOL)]
        return [order for order in every if ids.is_ours(order.client_id)]

    def take_back(self, parents: list[str], asking: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Ask for the cancel of these parents: from now on, and for ever once it is answered, nothing of them may leave."""
        self.witness.cancelled |= set(parents)
        session = self.session

        def answered(task: asyncio.Task[Any]) -> None:
            if not task.cancelled() and session.journal.trouble is None and task.result():
                self.witness.accepted |= set(parents)

        task = session.ask(asking)
        task.add_done_callback(answered)
        return task

    def decide(self, child: ChildState) -> None:
        """The trader looks at the venue, takes the order back there if need be, and says so."""
        order = self.true_order(child.planned.exchange, child.client_id)
        if order is not None and order.is_open:
            self.venues[child.planned.exchange].truth.cancel(SYMBOL, child.client_id)
        filled = order.instrument.amount_of(order.filled_units) if order is not None else ZERO
        self.session.ask(self.session.engine.resolve_child(child.client_id, filled))

    # -- the end ---------------------------------------------------------------------------------------

    def heal(self) -> None:
        """From now on everything works."""
        self.disk.full = False
        for venue, connector in self.venues.items():
            connector.faults.clear()
            connector.faults.timeout_s, connector.faults.retry_after_s = 10.0, None
            connector.restore_stream()
            self.set_minimum(venue, RULES[venue].min_notional)
        for book in self.books.values():
            book.silent, book.depth = False, Decimal(5)
            book.show()
        self.session.engine.release_kill()

    def set_minimum(self, venue: str, notional: Decimal) -> None:
        """The venue changes its rules, and nobody tells us."""
        book = self.venues[venue].truth._markets[SYMBOL].book
        book.instrument = replace(book.instrument, min_notional=notional)

    async def finish(self) -> None:
        """What a trader does at the end of a bad day: let things settle, resume, wait, and take back what still rests."""
        if self.session.life.over:
            await self.restart()
        self.session.life.go_on()
        self.heal()
        await self.live(0.5)
        engine = self.session.engine
        if self.setup.waits:
            for parent in self.working():
                if parent.status is ParentStatus.PAUSED:
                    engine.resume_execution(parent.id)
            await self.live(45.0)
        self.take_back([parent.id for parent in self.working()], engine.cancel_all())
        waited = 0.0
        while (self.working() or self.session.waiting) and waited < BOUND_S:
            await self.live(5.0)
            waited += 5.0
            for child in [child for parent in self.working() if parent.id in self.witness.misled for child in parent.open_children]:
                if child.knowledge is Knowledge.QUARANTINED:  # he is asked again, and looks this time
                    self.decide(child)
        await self.live(3.0)  # balances are asked for once things have calmed down
        funds = self.session.engine.risk.funds
        asking = self.session.ask(asyncio.wait([asyncio.ensure_future(funds.refresh(venue)) for venue in self.setup.venues]))
        await self.until(asking, 30.0)

    def close(self) -> None:
        """The end of the world."""
        try:
            self.run(self._close())
        finally:
            secrets.randbits = self._dice
            self._alarm.close()
            self.loop.close()
            self.disk.close()

    async def _close(self) -> None:
        await self.session.end()
        for connector in self.venues.values():
            await connector.close()
        await self.loop.settle()


def _in_trouble(venue: PaperConnector) -> bool:
    """Whether some request or message to or from it may still suffer something."""
    faults, slow = venue.faults, venue.faults.extra_latency_ms > 0 or venue.faults.retry_after_s is not None
    likely = any(chance > 0 for chances in faults._chances.values() for chance in chances.values())
    return slow or likely or any(faults._armed.values()) or faults.market_frozen or faults.account_frozen or not venue._account._up


@final
class Alarm(logging.Handler):
    """Whatever the core logs as an error is one: nobody expects a worker or a listener to break."""

    def __init__(self, witness: Eyewitness) -> None:
        super().__init__(logging.ERROR)
        self._witness = witness
        self._logger = logging.getLogger("core")
        self._before = self._logger.level, self._logger.propagate
        self._logger.setLevel(logging.ERROR)
        self._logger.propagate = False  # thousands of examples warn of what they were made to suffer
        self._logger.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        expected = record.exc_info is not None and isinstance(record.exc_info[1], FathomError)  # a caller was told as well
        if not expected and record.name != "core.journal.journal":  # that a disk is full is said, and meant
            self._witness.note(0, logging.Formatter().format(record))

    def close(self) -> None:
        self._logger.removeHandler(self)
        self._logger.setLevel(self._before[0])
        self._logger.propagate = self._before[1]
        super().close()
