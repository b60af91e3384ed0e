"""The kill switch: nothing new from this moment on, every order taken back, and the venues asked whether it is true.

That a cancel was accepted proves nothing. Each venue is asked for its open orders until none of ours is among them; what
it lists and we thought over is cancelled as well, and what this profile never sent is left alone, whatever its id looks like.
What can't be made sure of in time is named, not hidden: the search for it goes on behind, and the report says where to look.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, final

from core.domain.clock import Clock
from core.domain.errors import JournalError, OrderNotFound, VenueError
from core.domain.kill import KillReport, Unconfirmed
from core.domain.orders import ChildStatus, Knowledge
from core.exchanges.connector import ExchangeConnector, VenueOrder
from core.execution.live import LiveChildren
from core.execution.manager import OrderManager
from core.execution.state import ChildState

log = logging.getLogger(__name__)

# How long the venues have to confirm, and how often each is asked.
PATIENCE_S = 10.0
ASK_S = 0.5


@final
class KillSwitch:
    """Takes everything back.

    Args:
        stop_parents: stops every working parent, at once and for good; how many there were.
    """

    def __init__(
        self, manager: OrderManager, connectors: Mapping[str, ExchangeConnector], live: LiveChildren, stop_parents: Callable[[], int]
    ) -> None:
        self._manager = manager
        self._connectors = connectors
        self._clock: Clock = manager.clock
        self._live = live
        self._stop_parents = stop_parents

    async def pull(self) -> KillReport:
        """Stop parents, cancel children, and ask every venue until it confirms or time is up."""
        doomed = list(self._live)
        parents = self._stop_parents()
        self._cancel(doomed)
        sweeps = {venue: _Sweep(connector, self._clock, self._manager, self._live) for venue, connector in self._connectors.items()}
        recording = asyncio.ensure_future(self._why_not_recorded())
        await self._within(PATIENCE_S, [sweep.run(self._symbols(venue)) for venue, sweep in sweeps.items()], recording)
        report = KillReport(
            parents=parents,
            cancelled=sum(child.settled and child.status is not ChildStatus.FILLED for child in doomed),
            filled=sum(child.settled and child.status is ChildStatus.FILLED for child in doomed),
            unrecorded="the disk has not answered." if recording.cancelled() else recording.result(),
            not_ours=sum(sweep.not_ours for sweep in sweeps.values()),
            unconfirmed=(*(one for sweep in sweeps.values() for one in sweep.unconfirmed()), *self._out_of_reach()),
        )
        self._manager.notify("warning", report.sentence)
        for one in report.unconfirmed:
            self._manager.notify("warning", f"Not confirmed on {one.venue}: {one.order_id or 'its open orders'}: {one.why}")
        return report

    async def _why_not_recorded(self) -> str:
        """Empty once what was stopped is in the journal."""
        try:
            await self._manager.record.durable()
        except JournalError as error:
            return str(error)
        return ""

    async def _within(self, seconds: float, works: list[Coroutine[Any, Any, None]], recording: asyncio.Future[str]) -> None:
        """Run `works` side by side; what is not done in time is stopped."""
        tasks: list[asyncio.Future[Any]] = [*map(asyncio.ensure_future, works), recording]
        deadline = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            while not all(task.done() for task in tasks) and not deadline.done():
                await asyncio.wait([*(task for task in tasks if not task.done()), deadline], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (*tasks, deadline):
                task.cancel()
            answers = await asyncio.gather(*tasks, deadline, return_exceptions=True)
        for answer in answers:
            if isinstance(answer, Exception):
                log.error("a venue could not be asked", exc_info=answer)

    def _cancel(self, children: list[ChildState]) -> None:
        for child in children:
            if child.planned.exchange in self._connectors:
                self._manager.cancel(child, urgent=True, beside=True)

    def _out_of_reach(self) -> list[Unconfirmed]:
        """Restored from a journal, and their venue is not open now."""
        why = "its venue is not open in this session"
        strange = [child for child in self._live if child.planned.exchange not in self._connectors]
        found = [Unconfirmed(child.planned.exchange, child.client_id, why) for child in strange]
        return found + [Unconfirmed(venue, "", why) for venue in sorted({at for at, _ in self._manager.unread} - self._connectors.keys())]

    def _symbols(self, venue: str) -> set[str]:
        """What we have ever traded there: nothing of ours can be open elsewhere. A venue that is not connected can't deny any of it."""
        listed = self._connectors[venue].instruments
        traded = self._manager.traded_symbols(venue) | {symbol for at, symbol in self._manager.unread if at == venue and symbol}
        return traded & listed.keys() if listed else traded


@final
class _Sweep:
    """One venue, asked until it has nothing of ours."""

    def __init__(self, connector: ExchangeConnector, clock: Clock, manager: OrderManager, live: LiveChildren) -> None:
        self._connector = connector
        self._clock = clock
        self._manager = manager
        self._live = live
        self._listed: dict[str, VenueOrder] = {}
        self._asking: set[str] = set()
        self._strangers: dict[str, int] = {}
        self._said = ""

    async def run(self, symbols: set[str]) -> None:
        self._asking = set(symbols)
        while self._asking or self._live.on(self._connector.venue):
            for child in self._live.on(self._connector.venue):
                self._manager.cancel(child, urgent=True, beside=True)
            for symbol in sorted(symbols if not self._asking else self._asking):
                await self._ask(symbol)
            if self._asking or self._live.on(self._connector.venue):
                await self._clock.sleep(ASK_S)

    async def _ask(self, symbol: str) -> None:
        """Look at the open orders of one symbol; it is done with when none is ours."""
        venue, asked_us = self._connector.venue, self._clock.now_us()
        try:
            listed = await self._connector.open_orders(symbol)
        except VenueError as error:
            log.warning("open orders of %s: %s", venue, error, extra={"detail": error.detail})
            self._said = str(error)
            return
        self._strangers[symbol] = sum(not self._manager.sent(order.client_id) for order in listed)
        ours = {order.client_id: order for order in listed if self._manager.sent(order.client_id)}
        self._listed = {client_id: order for client_id, order in self._listed.items() if order.symbol != symbol} | ours
        if not ours and not self._live.on(venue, symbol):
            self._asking.discard(symbol)
        for client_id in ours:
            child = self._manager.child(client_id)
            if child is None or (child.settled and child.updated_us < asked_us):  # it was over, and was listed afterwards
                await self._cancel_stray(symbol, client_id)

    async def _cancel_stray(self, symbol: str, client_id: str) -> None:
        """We sent it and thought it over: take it back without the manager's help."""
        try:
            await self._connector.cancel_order(symbol, client_id)
        except OrderNotFound:
            return  # the next look tells
        except VenueError as error:
            self._said = str(error)

    @property
    def not_ours(self) -> int:
        """Open orders that it has seen and left alone."""
        return sum(self._strangers.values())

    def unconfirmed(self) -> list[Unconfirmed]:
        """What is not known to be over, and why."""
        venue = self._connector.venue
        live = {child.client_id: child for child in self._live.on(venue)}
        found = [Unconfirmed(venue, client_id, self._why(child)) for client_id, child in live.items()]
        found += [Unconfirmed(venue, client_id, "it is still open there") for client_id in self._listed if client_id not in live]
        if self._asking and not found:
            found.append(Unconfirmed(venue, "", self._said or "it has not answered"))
        return found

    def _why(self, child: ChildState) -> str:
        if child.client_id in self._listed:
            return "it is still open there"
        if child.knowledge is not Knowledge.KNOWN and child.reason:
            return child.reason
        return self._said or "it has not answered"
