"""A trading floor for tests: a few paper venues on books that stand still, a manager, an engine, and time in our hands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any, TypeVar

from core.domain.clock import SimulatedClock
from core.domain.events import OrderEvent
from core.domain.instruments import Instrument
from core.domain.orders import OrderSnapshot
from core.exchanges.connector import ExchangeConnector, VenueOrderStatus
from core.exchanges.limited import LimitedConnector
from core.exchanges.limiter import RateLimits
from core.exchanges.paper.connector import PaperConnector
from core.exchanges.paper.faults import Call, Fault, Faults, StreamFault
from core.exchanges.paper.orders import PaperOrder
from core.execution.engine import ExecutionEngine
from core.execution.manager import OrderManager
from core.execution.order import Order
from core.execution.risk.limits import RiskLimits
from core.journal.journal import Journal
from core.market.store import OrderBooks
from tests.core.exchanges.paper_desk import SYMBOL, ManualFeed, Side
from tests.core.making import instrument

T = TypeVar("T")
ZERO = Decimal(0)

BIDS: Side = {"100": "1", "99.5": "2", "99": "50"}
ASKS: Side = {"100.5": "1", "101": "2", "101.5": "50"}
HOUR_US = 3_600_000_000


class Floor:
    """Several venues behind one engine.

    Attributes:
        wires: what the engine talks to: the venues, within rate limits where some were given.
        events: every order event, in order.
        broken: what went wrong with the rule of no loss, checked after every event.
    """

    def __init__(
        self, instruments: Mapping[str, Instrument], journal: Journal, limits: RiskLimits | None, rates: RateLimits | None = None
    ) -> None:
        self.clock = SimulatedClock()
        self.feeds = {venue: ManualFeed(made, self.clock) for venue, made in instruments.items()}
        self.venues = {
            venue: PaperConnector(venue, feed, self.clock, latency_ms=20.0, seed=index)
            for index, (venue, feed) in enumerate(self.feeds.items())
        }
        self.books = OrderBooks(self.clock, stale_after_us=HOUR_US)
        self.journal = journal
        self.wires: Mapping[str, ExchangeConnector] = self.venues
        if rates is not None:
            self.wires = {name: LimitedConnector(venue, rates, self.clock) for name, venue in self.venues.items()}
        self.manager = OrderManager(self.wires, clock=self.clock, journal=journal)
        self.engine = ExecutionEngine(self.manager, self.wires, self.books, limits)
        self.events: list[OrderEvent] = []
        self.broken: list[str] = []
        self.manager.on_event(self._check)

    def _check(self, event: OrderEvent) -> None:
        self.events.append(event)
        for parent in (s for s in self.manager.snapshots() if s.is_parent):
            if parent.filled_amount + parent.live_amount > parent.amount:
                self.broken.append(f"{parent.id}: {parent.filled_amount} filled + {parent.live_amount} live > {parent.amount}")
            if (real := self.committed(parent.children)) > parent.amount:
                self.broken.append(f"{parent.id}: the venues hold {real} of its {parent.amount}")
            if parent.terminal and (still_open := self.still_open(parent.children)):
                self.broken.append(f"{parent.id} is {parent.status.value}, but {still_open} is open at the venues")

    def committed(self, children: Iterable[str]) -> Decimal:
        """What the venues have filled or still hold of these children: the truth, not what they told."""
        orders = self._true_orders(children)
        filled = sum((order.instrument.amount_of(order.filled_units) for order in orders), ZERO)
        return filled + self.still_open(children)

    def still_open(self, children: Iterable[str]) -> Decimal:
        """What the venues still hold of these children."""
        open_orders = [order for order in self._true_orders(children) if order.status is VenueOrderStatus.OPEN]
        return sum((order.instrument.amount_of(order.units - order.filled_units) for order in open_orders), ZERO)

    def _true_orders(self, children: Iterable[str]) -> list[PaperOrder]:
        return [venue.truth.orders[child] for venue in self.venues.values() for child in children if child in venue.truth.orders]

    async def open(self) -> None:
        for venue, connector in self.venues.items():
            await connector.open()
            connector.on_market(self.books.consume)
            self.books.register(connector.instruments[SYMBOL])
            await connector.subscribe(SYMBOL)
            self.feeds[venue].snapshot(BIDS, ASKS)

    async def close(self) -> None:
        await self.engine.close()
        await self.manager.close()
        for wire in self.wires.values():
            await wire.close()

    async def do(self, work: Coroutine[Any, Any, T], *, within_s: float = 100.0) -> T:
        """Let time pass until `work` is done."""
        task = asyncio.get_running_loop().create_task(work)
        until_us = self.clock.now_us() + round(within_s * 1_000_000)
        while self.clock.now_us() < until_us:
            await self.clock.settle()
            if task.done():
                return task.result()
            await self.clock.advance_to(self.clock.next_deadline_us() or until_us)
        task.cancel()
        raise AssertionError(f"not done within {within_s} s")

    async def start(
        self, side: str = "buy", amount: str = "1", price: str | None = "101.5", strategy: str = "price_optimized_liquidity", **more: Any
    ) -> Order:
        """Start a parent; a limit order unless `price` is None."""
        order_type = "market" if price is None else "limit"
        return await self.engine.execute_order(SYMBOL, side, amount, order_type, price, strategy, **more)

    async def trade(self, *words: Any, **more: Any) -> Order:
        """Start a parent and let time pass until it is over."""
        order = await self.start(*words, **more)
        return await self.do(order.done())

    async def wait(self, seconds: float) -> None:
        await self.clock.advance(seconds)

    def truth(self, venue: str) -> Decimal:
        """What really was filled on `venue`."""
        return sum((fill.amount for fill in self.venues[venue].truth.fills), ZERO)

    def all_truth(self) -> Decimal:
        return sum((self.truth(venue) for venue in self.venues), ZERO)


def go_dark(faults: Faults, create: Fault = Fault.TIMEOUT_PLACED) -> None:
    """A venue of which nothing is heard: the next order gets no answer, no question does, and the private stream is mute."""
    faults.arm(create)
    faults.chance(Fault.REFUSED_CONNECTION, 1.0, Call.QUERY)
    faults.chance(StreamFault.DROPPED, 1.0)


def children(order: Order) -> list[OrderSnapshot]:
    return [child.snapshot() for child in order.children]


def shape(order: Order) -> list[tuple[str | None, str, str, str]]:
    """(venue, amount, filled, status) of each child."""
    return [(c.exchange, f"{c.amount.normalize():f}", f"{c.filled_amount.normalize():f}", c.status.value) for c in children(order)]


@asynccontextmanager
async def floor(
    *venues: str | Instrument, journal: Journal | None = None, limits: RiskLimits | None = None, rates: RateLimits | None = None
) -> AsyncIterator[Floor]:
    """An open floor with 1, 2, 50 BTC at 100, 99.5, 99 and at 100.5, 101, 101.5 on every venue; at the end the rule of no loss held."""
    made = [venue if isinstance(venue, Instrument) else instrument(venue, tick="0.5", lot="0.01") for venue in venues or ("binance_spot",)]
    opened = Floor({one.venue: one for one in made}, journal or Journal(), limits, rates)
    await opened.open()
    try:
        yield opened
    finally:
        await opened.close()
    assert not opened.broken, opened.broken[0]
