"""One process's part of the world: a desk on the disk as it is, with wires to venues that were there before it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, final

from core.domain.clock import SimulatedClock
from core.domain.errors import FathomError
from core.domain.events import Notice
from core.exchanges.connector import ExchangeConnector
from core.exchanges.limited import LimitedConnector
from core.exchanges.limiter import RateLimits
from core.exchanges.paper.connector import PaperConnector
from core.execution.engine import ExecutionEngine
from core.execution.manager import OrderManager
from core.execution.recovery import Recovery
from core.execution.risk.limits import UNLIMITED, RiskLimits
from core.market.store import OrderBooks
from tests.core.exchanges.paper_desk import SYMBOL
from tests.core.execution.stateful.disk import Disk
from tests.core.execution.stateful.life import Life
from tests.core.execution.stateful.wire import Wire, Witness

STALE_AFTER_US = 30_000_000
# A book that breathes once in ten seconds is enough of a market; the balance check is what a live desk has.
CAREFUL = UNLIMITED.model_copy(update={"check_balance": True, "assumed_leverage": 10})
# Little enough to be met by a busy example.
PACE = RateLimits(requests_per_s=5.0, burst=8, for_orders=3, cancels_per_s=5.0, cancel_burst=10)


@final
class Session:
    """Journal, manager, engine, recovery.

    Attributes:
        errors: what the trader's own requests were answered with.
        notices: what he was told.
    """

    def __init__(
        self,
        venues: Mapping[str, PaperConnector],
        clock: SimulatedClock,
        disk: Disk,
        witness: Witness,
        *,
        amends: frozenset[str],
        paced: bool,
        careful: bool,
    ) -> None:
        self.life = Life()
        self.journal = disk.open(self.life)
        self.errors: list[FathomError] = []
        self.notices: list[Notice] = []
        self.connectors: dict[str, ExchangeConnector] = {}
        for venue, connector in venues.items():
            wire = Wire(connector, self.life, witness, amends=venue in amends)
            self.connectors[venue] = LimitedConnector(wire, PACE, clock) if paced else wire
        self.books = OrderBooks(clock, stale_after_us=STALE_AFTER_US)
        self.manager = OrderManager(self.connectors, clock=clock, journal=self.journal)
        limits: RiskLimits | None = CAREFUL if careful else None
        self.engine = ExecutionEngine(self.manager, self.connectors, self.books, limits)
        self.recovery = Recovery(self.manager, self.engine, lambda *said: self.notices.append(Notice(clock.now_us(), *said)))
        self.manager.on_event(lambda _event: self.life.moment())
        self._asked: set[asyncio.Task[Any]] = set()

    async def open(self, snapshot_of: Callable[[str], Any]) -> None:
        """Bring back what the disk holds, connect, and ask the venues."""
        self.recovery.restore()
        for venue, connector in self.connectors.items():
            await connector.open()
            connector.on_market(self.books.consume)
            self.books.register(connector.instruments[SYMBOL])
            await connector.subscribe(SYMBOL)
            if (now := snapshot_of(venue)) is not None:
                self.books.consume(now)
        self.engine.risk.ask_balances()
        self.recovery.reconcile()

    def ask(self, wish: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """What the trader asks for; a sentence of ours is an answer, anything else is a bug."""
        task = asyncio.get_running_loop().create_task(self._asking(wish))
        self._asked.add(task)
        task.add_done_callback(self._asked.discard)
        return task

    @property
    def waiting(self) -> int:
        """How many of the trader's wishes have not been answered."""
        return len(self._asked)

    async def _asking(self, wish: Coroutine[Any, Any, Any]) -> Any:
        try:
            answer = await wish
        except FathomError as error:
            self.errors.append(error)
            return error
        if self.life.over:
            await asyncio.get_running_loop().create_future()  # nobody hears the dead
        return answer

    async def end(self) -> None:
        """Clear away what a dead process leaves in this one."""
        self.life.end_in(0)
        for task in list(self._asked):
            task.cancel()
        await asyncio.gather(*self._asked, return_exceptions=True)
        await self.recovery.close()
        await self.engine.close()
        await self.manager._tasks.close()
        for connector in self.connectors.values():
            if isinstance(connector, LimitedConnector):
                await connector._limiter.close()
        self.journal._closed = True
        self.journal._stop_timer()
