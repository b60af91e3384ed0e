"""A desk that dies at a chosen moment and is started again on the same journal, while its venues live on.

A dead process does nothing more: its requests that have not left yet never leave, its journal gets not one more line,
and what the venues tell it nobody hears. What it had handed to the wire may still arrive.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from core.domain.candles import Candle
from core.domain.clock import SimulatedClock
from core.domain.events import Notice
from core.domain.instruments import Instrument
from core.domain.orders import Fill, Knowledge, ParentStatus
from core.exchanges.connector import AccountListener, Balance, Capabilities, MarketListener, NewOrder, VenueOrder
from core.exchanges.paper.connector import PaperConnector
from core.execution.engine import ExecutionEngine
from core.execution.manager import OrderManager
from core.execution.order import Order
from core.execution.recovery import Recovery
from core.journal.entry import Line
from core.journal.journal import Journal
from core.market.store import OrderBooks
from tests.core.exchanges.paper_desk import SYMBOL, ManualFeed
from tests.core.execution.floor import ASKS, BIDS, HOUR_US
from tests.core.journal.files import let_go
from tests.core.making import instrument

T = TypeVar("T")


class Life:
    """Of one process. It ends at the `ends_at`-th moment: a line of the journal, a commit, an event, a request, an answer."""

    def __init__(self, ends_at: int | None = None) -> None:
        self.moments = 0
        self.over = asyncio.Event()
        self._ends_at = ends_at

    def moment(self) -> None:
        if not self.over.is_set():
            self.moments += 1
            if self.moments == self._ends_at:
                self.over.set()


class Wire:
    """A process's way to one venue: an `ExchangeConnector` that is dead when the process is."""

    def __init__(self, venue: PaperConnector, life: Life, sent: Counter[str]) -> None:
        self._venue = venue
        self._life = life
        self._sent = sent

    @property
    def venue(self) -> str:
        return self._venue.venue

    @property
    def capabilities(self) -> Capabilities:
        return self._venue.capabilities

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        return self._venue.instruments

    @property
    def latency_ms(self) -> float | None:
        return self._venue.latency_ms

    def on_market(self, listener: MarketListener) -> None:
        self._venue.on_market(lambda message: None if self._life.over.is_set() else listener(message))

    def on_account(self, listener: AccountListener) -> None:
        self._venue.on_account(lambda event: None if self._life.over.is_set() else listener(event))

    async def open(self) -> None:
        await self._venue.open()

    async def close(self) -> None:
        """The venue lives on."""

    async def subscribe(self, symbol: str) -> None:
        await self._venue.subscribe(symbol)

    async def create_order(self, order: NewOrder) -> VenueOrder:
        return await self._ask(lambda: self._create(order))

    def _create(self, order: NewOrder) -> Coroutine[Any, Any, VenueOrder]:
        self._sent[order.client_id] += 1
        return self._venue.create_order(order)

    async def cancel_order(self, symbol: str, client_id: str) -> None:
        await self._ask(lambda: self._venue.cancel_order(symbol, client_id))

    async def amend_order(self, symbol: str, client_id: str, *, price: Decimal, amount: Decimal) -> VenueOrder:
        return await self._ask(lambda: self._venue.amend_order(symbol, client_id, price=price, amount=amount))

    async def find_order(self, symbol: str, client_id: str) -> VenueOrder | None:
        return await self._ask(lambda: self._venue.find_order(symbol, client_id))

    async def open_orders(self, symbol: str) -> Sequence[VenueOrder]:
        return await self._ask(lambda: self._venue.open_orders(symbol))

    async def fills_of(self, symbol: str, client_id: str) -> Sequence[Fill]:
        return await self._ask(lambda: self._venue.fills_of(symbol, client_id))

    async def balances(self) -> Mapping[str, Balance]:
        return await self._ask(self._venue.balances)

    async def positions(self) -> Mapping[str, Decimal]:
        return await self._ask(self._venue.positions)

    async def set_leverage(self, symbol: str, leverage: int, margin_mode: str | None = None) -> None:
        await self._ask(lambda: self._venue.set_leverage(symbol, leverage, margin_mode))

    async def candles(self, symbol: str, since_us: int, until_us: int) -> Sequence[Candle]:
        return await self._ask(lambda: self._venue.candles(symbol, since_us, until_us))

    async def _ask(self, request: Callable[[], Coroutine[Any, Any, T]]) -> T:
        self._life.moment()
        if self._life.over.is_set():
            await asyncio.get_running_loop().create_future()  # the dead get no answer
        answer = await request()
        self._life.moment()
        return answer


class Session:
    """One process's part: journal, manager, engine, recovery.

    Attributes:
        notices: what the trader was told.
    """

    def __init__(self, floor: CrashFloor, life: Life) -> None:
        self.life = life
        self.clock = floor.clock
        self.journal = Journal(floor.path)
        self.notices: list[Notice] = []
        self.wires = {venue: Wire(connector, life, floor.sent) for venue, connector in floor.venues.items()}
        self.books = OrderBooks(floor.clock, stale_after_us=HOUR_US)
        self.manager = OrderManager(self.wires, clock=floor.clock, journal=self.journal)
        self.engine = ExecutionEngine(self.manager, self.wires, self.books)
        self.recovery = Recovery(self.manager, self.engine, lambda *said: self.notices.append(Notice(floor.clock.now_us(), *said)))
        self.manager.on_event(lambda _event: life.moment())
        self._die_with_the_process()

    def _die_with_the_process(self) -> None:
        append, durable, write, life = self.journal.append, self.journal.durable, self.journal._store.write, self.life

        def mortal_append(*entry: Any) -> None:
            if not life.over.is_set():
                append(*entry)
                life.moment()

        async def mortal_durable() -> None:
            await durable()
            life.moment()
            if life.over.is_set():
                await asyncio.get_running_loop().create_future()

        def mortal_write(lines: Sequence[Line]) -> None:
            if not life.over.is_set():
                write(lines)

        self.journal.append = mortal_append  # type: ignore[method-assign,assignment]  # death comes to every instance on its own
        self.journal.durable = mortal_durable  # type: ignore[method-assign]  # the same
        self.journal._store.write = mortal_write  # type: ignore[method-assign]  # the same

    async def open(self) -> None:
        self.recovery.restore()
        for connector in self.wires.values():
            await connector.open()
            connector.on_market(self.books.consume)
            self.books.register(connector.instruments[SYMBOL])
            await connector.subscribe(SYMBOL)
        self.recovery.reconcile()

    async def start(self, *words: Any, **more: Any) -> Order:
        side, amount, price, strategy = words
        return await self.engine.execute_order(SYMBOL, side, amount, "limit", price, strategy, **more)

    async def end(self) -> None:
        """Clear away what a dead process leaves in this one."""
        self.life.over.set()
        await self.recovery.close()
        await self.engine.close()
        await self.manager._tasks.close()
        let_go(self.journal)


class CrashFloor:
    """Venues that outlive every desk.

    Attributes:
        sent: client id -> how often a create left with it, over all sessions.
    """

    def __init__(self, path: Path, *venues: str) -> None:
        self.path = path
        self.clock = SimulatedClock()
        made = [instrument(venue, tick="0.5", lot="0.01") for venue in venues]
        self.feeds = {each.venue: ManualFeed(each, self.clock) for each in made}
        self.venues = {
            venue: PaperConnector(venue, feed, self.clock, latency_ms=20.0, seed=index)
            for index, (venue, feed) in enumerate(self.feeds.items())
        }
        self.sent: Counter[str] = Counter()

    @asynccontextmanager
    async def session(self, ends_at: int | None = None) -> AsyncIterator[Session]:
        """A desk on the journal as it is; it ends as by SIGKILL, at the latest at the end of the block."""
        one = Session(self, Life(ends_at))
        await one.open()
        for venue, feed in self.feeds.items():  # a new process subscribes anew and gets a snapshot
            if self.venues[venue].truth.snapshot(SYMBOL) is None:
                feed.snapshot(BIDS, ASKS)
            else:
                one.books.consume(_now(self.venues[venue]))
        try:
            yield one
        finally:
            await one.end()

    async def live(self, session: Session, seconds: float) -> None:
        """Let time pass, but not past the session's end."""
        until_us = self.clock.now_us() + round(seconds * 1_000_000)
        while not session.life.over.is_set() and self.clock.now_us() < until_us:
            await self.clock.settle()
            await self.clock.advance_to(min(self.clock.next_deadline_us() or until_us, until_us))

    def refill(self) -> None:
        for feed in self.feeds.values():
            feed.snapshot(BIDS, ASKS)

    def check(self, session: Session) -> None:
        """Nothing lost, nothing twice, nothing too much: what the desk knows is what is true."""
        assert set(self.sent.values()) <= {1}, "a client id left twice"
        true_fills: dict[str, Decimal] = {}
        for venue in self.venues.values():
            for client_id in venue.truth.orders:
                assert session.manager.child(client_id) is not None, f"{client_id} is on {venue.venue} and in no journal"
            for fill in venue.truth.fills:
                true_fills[fill.client_id] = true_fills.get(fill.client_id, Decimal(0)) + fill.amount
        for snapshot in session.manager.snapshots():
            if snapshot.is_parent:
                assert snapshot.filled_amount + snapshot.live_amount <= snapshot.amount, f"{snapshot.id} may execute too much"
            else:
                assert snapshot.filled_amount == true_fills.get(snapshot.id, Decimal(0)), f"fills of {snapshot.id}"
                assert snapshot.knowledge is Knowledge.KNOWN, f"{snapshot.id} is {snapshot.knowledge.value}"

    async def finish(self, session: Session) -> None:
        """What a trader does after a restart: let things settle, resume, wait, and take back what still rests."""
        await self.live(session, 60)
        self.check(session)
        for order_id in session.manager.working():
            if session.manager.order(order_id).status is ParentStatus.PAUSED:
                assert session.engine.resume_execution(order_id)
        self.refill()
        await self.live(session, 120)
        cancelling = asyncio.ensure_future(session.engine.cancel_all())
        await self.live(session, 60)
        assert cancelling.done()
        self.check(session)
        assert not session.manager.working()
        assert not [order for venue in self.venues.values() for order in venue.truth.open_orders(SYMBOL)]

    async def close(self) -> None:
        for venue in self.venues.values():
            await venue.close()


def _now(venue: PaperConnector) -> Any:
    snapshot = venue.truth.snapshot(SYMBOL)
    assert snapshot is not None
    return snapshot


@asynccontextmanager
async def crash_floor(path: Path, *venues: str) -> AsyncIterator[CrashFloor]:
    floor = CrashFloor(path, *(venues or ("binance_spot", "okx_spot")))
    try:
        yield floor
    finally:
        await floor.close()
