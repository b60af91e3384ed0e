"""Venues are opened side by side, and one that does not answer costs nothing but itself.

It is told of once, in one sentence, tried again less and less often, and joins in when it comes: with every symbol that is
watched by then. Symbols are subscribed when somebody wants to see or trade them, because a real exchange lists thousands.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any, final

from core.domain.clock import Clock
from core.domain.errors import BadRequest, FathomError, UnknownSymbol, VenueRefused
from core.exchanges.connector import ExchangeConnector
from core.exchanges.names import some_of
from core.execution.tasks import TaskOwner
from core.market.store import OrderBooks

log = logging.getLogger(__name__)

# The desk opens without those that have not answered by then, or so long after the first one was connected; they go on trying.
OPENING_S = 10.0
STRAGGLERS_S = 2.0
# The pause after a failure doubles from the first to the second of these. A refusal (keys, a blocked country) seldom passes,
# and asking often makes it worse.
FIRST_PAUSE_S, LONGEST_PAUSE_S, REFUSED_PAUSE_S = 5.0, 60.0, 300.0

CONNECTING = "connecting…"


@final
class Connections:
    """Opens every venue of a desk and keeps trying, and subscribes symbols.

    Args:
        tell: level and sentence of a notice.
        on_late: told of a venue that has come after `open` had returned.
    """

    def __init__(
        self,
        connectors: Mapping[str, ExchangeConnector],
        books: OrderBooks,
        clock: Clock,
        tell: Callable[[str, str], None],
        on_late: Callable[[str], None],
    ) -> None:
        self._connectors = connectors
        self._books = books
        self._clock = clock
        self._tell = tell
        self._on_late = on_late
        self._tasks = TaskOwner()
        self._why_not = dict.fromkeys(connectors, CONNECTING)
        self._watched: dict[str, None] = {}
        self._subscriptions: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._symbols: list[str] = []
        self._listed: tuple[int, ...] = ()
        self._opened = False
        self._first = asyncio.Event()

    # -- venues --------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Return when every venue is connected or has failed once, or when it takes too long. Never fails."""
        answered = {venue: asyncio.Event() for venue in self._connectors}
        for venue, event in answered.items():
            self._tasks.spawn(self._keep_trying(venue, event), f"connecting {venue}")
        await self._at_most(OPENING_S, [self._all_or_stragglers(list(answered.values()))])
        self._opened = True
        if slow := [venue for venue, why in self._why_not.items() if why == CONNECTING]:
            self._tell("warning", f"{', '.join(slow)}: no answer yet; trading goes on without.")

    async def _all_or_stragglers(self, answered: list[asyncio.Event]) -> None:
        """Until all have answered; the first one that is connected does not wait long for the others."""
        everybody: asyncio.Future[Any] = asyncio.gather(*(event.wait() for event in answered))
        patience: asyncio.Future[Any] = asyncio.ensure_future(self._patience())
        try:
            await asyncio.wait([everybody, patience], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for waiting in (everybody, patience):
                waiting.cancel()
            await asyncio.gather(everybody, patience, return_exceptions=True)

    async def _patience(self) -> None:
        await self._first.wait()
        await self._clock.sleep(STRAGGLERS_S)

    def why_not(self, venue: str) -> str:
        """Why `venue` is not connected; empty when it is."""
        return self._why_not.get(venue, "")

    async def _keep_trying(self, venue: str, answered: asyncio.Event) -> None:
        pause_s, told = FIRST_PAUSE_S, False
        while (error := await self._attempt(venue)) is not None:
            hopeless = isinstance(error, BadRequest)
            wait_s = REFUSED_PAUSE_S if isinstance(error, VenueRefused) else pause_s
            again = "not tried again" if hopeless else f"tried again every {wait_s:.0f} s"
            self._why_not[venue] = f"not connected: {str(error).rstrip('.')}; {again}"
            if not told:
                self._tell("warning", f"{venue} is not connected: {str(error).rstrip('.')}. {_PROMISE[hopeless]}")
            told = True
            answered.set()
            if hopeless:
                return
            await self._clock.sleep(wait_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
        del self._why_not[venue]
        self._first.set()
        late = self._opened
        answered.set()
        if told or late:
            self._tell("info", f"{venue} is connected.")
        if late:
            await asyncio.gather(*(self._subscribe(venue, symbol) for symbol in self._watched if self._trades(venue, symbol)))
            self._on_late(venue)

    async def _attempt(self, venue: str) -> Exception | None:
        """Open a venue; what went wrong, or None."""
        try:
            await self._connectors[venue].open()
        except FathomError as error:
            log.warning("%s can't be opened: %s", venue, error, extra={"detail": error.detail})
            return error
        except Exception:  # whatever is wrong with one venue, the others trade
            log.exception("opening %s", venue)
            return FathomError("a fault in Fathom, see the log")
        return None

    # -- symbols -------------------------------------------------------------------------------------

    def symbols(self) -> list[str]:
        """What some connected venue trades, sorted; made again only when a venue has come or lists more."""
        listed = tuple(len(connector.instruments) for connector in self._connectors.values())
        if listed != self._listed:
            self._listed = listed
            self._symbols = sorted({symbol for connector in self._connectors.values() for symbol in connector.instruments})
        return list(self._symbols)

    @property
    def watched(self) -> list[str]:
        """Symbols that are subscribed wherever they are traded, in the order they were asked for."""
        return list(self._watched)

    async def watch(self, symbol: str) -> None:
        """Subscribe `symbol` on every connected venue that trades it, and on the others when they come. At once when it is already.

        Raises:
            UnknownSymbol: some are connected, and none of them trades it.
        """
        venues = [venue for venue in self._connectors if self._trades(venue, symbol)]
        if not venues and len(self._why_not) < len(self._connectors):
            if self._why_not:  # one of those may trade it
                self._watched[symbol] = None
            missing = f" ({', '.join(self._why_not)} not connected)" if self._why_not else ""
            raise UnknownSymbol(f"{symbol!r} is not traded on these venues{missing}; known symbols: {some_of(self.symbols())}.")
        self._watched[symbol] = None
        for venue in venues:  # in the desk's order, whichever answers first
            self._books.register(self._connectors[venue].instruments[symbol])
        await asyncio.gather(*(self._subscribe(venue, symbol) for venue in venues))

    def _trades(self, venue: str, symbol: str) -> bool:
        return venue not in self._why_not and symbol in self._connectors[venue].instruments

    async def _subscribe(self, venue: str, symbol: str) -> None:
        place = (venue, symbol)
        if self._tasks.closed:
            return
        if place not in self._subscriptions:
            self._subscriptions[place] = self._tasks.watch(self._ask(venue, symbol), f"subscribing {venue} {symbol}")
        await asyncio.shield(self._subscriptions[place])

    async def _ask(self, venue: str, symbol: str) -> None:
        """A book that can't be subscribed stays empty, and the watchdog asks for it again."""
        connector = self._connectors[venue]
        self._books.register(connector.instruments[symbol])
        try:
            await connector.subscribe(symbol)
            self._books.register(connector.instruments[symbol])  # with the account's own fees, known by now
        except FathomError as error:
            log.warning("subscribing %s %s: %s", venue, symbol, error, extra={"detail": error.detail})
            self._tell("warning", f"{venue}: the book of {symbol} can't be had now: {error}")

    async def first_books(self, symbol: str, seconds: float) -> None:
        """Return when every connected venue that trades `symbol` has sent its book, or the time is up."""
        due = {venue for venue in self._connectors if self._trades(venue, symbol)}
        come = asyncio.Event()

        def look(_message: object = None) -> None:
            if all((book := self._books.book(venue, symbol)) is not None and book.received_us for venue in due):
                come.set()

        stop = self._books.on_message(look)
        look()
        try:
            await self._at_most(seconds, [come.wait()])
        finally:
            stop()

    # -- inside --------------------------------------------------------------------------------------

    async def _at_most(self, seconds: float, works: list[Any]) -> None:
        """Wait for all of `works`, or until time is up; those that are not done by then are cancelled."""
        tasks = [asyncio.ensure_future(work) for work in works]
        await asyncio.sleep(0)
        deadline = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            while not deadline.done() and (waiting := [task for task in tasks if not task.done()]):
                await asyncio.wait([deadline, *waiting], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (*tasks, deadline):
                task.cancel()
            await asyncio.gather(*tasks, deadline, return_exceptions=True)

    async def close(self) -> None:
        """Stop trying, and close every venue."""
        await self._tasks.close()
        answers = await asyncio.gather(*(connector.close() for connector in self._connectors.values()), return_exceptions=True)
        for venue, answer in zip(self._connectors, answers, strict=True):
            if isinstance(answer, Exception):
                log.error("closing %s", venue, exc_info=answer)


_PROMISE = {True: "The other venues go on without it.", False: "It is tried again by itself; the other venues go on without it."}
