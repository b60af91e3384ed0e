"""A running desk without any window: connectors, books, manager, engine and journal, wired and owned.

    async with open_desk(Settings(mode="demo")) as desk:
        parent = await desk.engine.execute_order(
            symbol="BTC/USDT", side="buy", amount="0.5", price="62000", strategy="price_optimized_liquidity"
        )
        await parent.done()

The window and scripts use the same desk. Closing it stops everything it started; orders that rest on a
venue stay there.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import final

from core.desk.clock_watch import watch_clock
from core.desk.connections import Connections
from core.desk.foreign import ForeignOrder
from core.desk.health import VenueHealth, not_connected, venue_health
from core.desk.holdings import Holding, holdings
from core.desk.kill_file import KillFile
from core.desk.limits import LimitsFile, RiskLimits
from core.desk.markets import Market, open_market
from core.desk.notices import Notices
from core.desk.private_side import PrivateSides
from core.desk.profile import folder, profile_name
from core.desk.settings import Settings
from core.desk.watchdog import BookWatchdog
from core.domain.clock import SystemClock
from core.domain.enums import ExecutionStrategy
from core.domain.errors import JournalError, UnknownSymbol
from core.domain.events import Notice
from core.domain.instruments import Instrument
from core.domain.market import MarketView, MergedDepth
from core.execution.engine import ExecutionEngine
from core.execution.manager import OrderManager
from core.execution.recovery import Recovery
from core.execution.risk.checks import KILLED
from core.journal.journal import Journal
from core.market.depth import merge_depth
from core.market.store import OrderBooks
from core.strategies.registry import REGISTRY

# An order of a symbol that nobody has looked at waits so long for its first books; then it is planned on those that have come.
FIRST_BOOKS_S = 5.0

log = logging.getLogger(__name__)


@final
class Desk:
    """Everything that a trader or a script works with. Made by `open_desk`.

    Attributes:
        clock: wall time; in replay the recording's time.
        connectors: venue name -> connector.
        orderbooks: the books of all venues.
        order_manager: owner of all order state.
        engine: plans, starts and steers orders.
        journal: the durable record.
    """

    def __init__(self, settings: Settings, market: Market, journal: Journal) -> None:
        self.settings = settings
        self.clock = market.clock
        self.connectors = market.connectors
        self.journal = journal
        self._notices = Notices(self.clock)
        self.orderbooks = OrderBooks(self.clock)
        self.order_manager = OrderManager(self.connectors, clock=self.clock, journal=journal)
        self._limits_file = LimitsFile(_folder(settings, market), settings.mode)
        limits = settings.limits or self._limits_file.load()
        self.engine = ExecutionEngine(self.order_manager, self.connectors, self.orderbooks, limits)
        self.engine.make_ready = self._make_ready
        self._kill_file = KillFile(_folder(settings, market))
        self.engine.risk.stopped = self._kill_file.there
        self.engine.on_stopped = self._on_stopped
        self._keeping: asyncio.Task[None] | None = None
        self._private = PrivateSides(self.connectors, self.engine.live)
        self._recovery = Recovery(self.order_manager, self.engine, self._notices.tell)
        self._connections = Connections(self.connectors, self.orderbooks, self.clock, self._notices.tell, self._on_late)
        self._market = market
        self._pump: asyncio.Task[None] | None = None
        self._watches: list[asyncio.Task[None]] = []
        if market.feed is not None:
            market.feed.on_notice(self._notices.take)
        self.order_manager.on_notice(self._notices.take)

    async def open(self) -> None:
        """Bring back what the journal knows, connect the venues, watch what is needed, start the market, ask what became of it all."""
        self._recovery.restore()
        if self.engine.killed:
            self._notices.tell("warning", "Trading is still stopped by the kill switch, as it was left; release it to trade again.")
        for remark in filter(None, (*self._market.remarks, self._limits_file.complaint)):
            self._notices.tell("warning" if remark == self._limits_file.complaint else "info", remark)
        for connector in self.connectors.values():
            connector.on_market(self.orderbooks.consume)
        await self._connections.open()
        await self._watch_first()
        self._market.gate(self._wanted)
        if self._market.feed is not None:
            self._pump = asyncio.get_running_loop().create_task(self._market.feed.run(), name="market feed")
            self._pump.add_done_callback(self._on_feed_ended)
        self.engine.risk.ask_balances()
        if self._market.silence_is_a_fault:
            watchdog = BookWatchdog(self.orderbooks, self.connectors, self.clock, self._notices.tell)
            self._watches.append(asyncio.get_running_loop().create_task(watchdog.watch(), name="book watchdog"))
        if isinstance(self.clock, SystemClock):
            watching = watch_clock(self.clock, self._notices.tell)
            self._watches.append(asyncio.get_running_loop().create_task(watching, name="clock watch"))
        if not self._market.lives_on:
            self._recovery.close_as_gone()
            return
        self._recovery.reconcile()
        self._recovery.look_for_strangers([self.settings.symbol])

    async def _watch_first(self) -> None:
        """Every symbol where there are few; else the one to be shown and those of unfinished orders."""
        wanted = [self.settings.symbol, *self._recovery.symbols] if self._market.on_demand else self.symbols()
        for symbol in dict.fromkeys(wanted):
            try:
                await self._connections.watch(symbol)
            except UnknownSymbol as error:
                self._notices.tell("warning", str(error))

    def _on_late(self, venue: str) -> None:
        """A venue has come that was not there at first: what was restored there is looked for already, again and again."""
        self.engine.risk.ask_balances()
        if self._market.lives_on:
            for child in self.engine.live.on(venue):
                self.engine.reconciler.soon(venue, child.parent.request.symbol)
            self._recovery.look_for_strangers([self.settings.symbol], [venue])

    async def close(self) -> None:
        """Stop workers, venues and the market, in this order, and write the journal."""
        if self._keeping is not None:
            await self._keeping
        await self._recovery.close()
        await self.engine.close()
        await self.order_manager.close()
        for task in filter(None, [self._pump, *self._watches]):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await self._connections.close()
        await self._market.close()
        try:
            self.journal.close()
        except JournalError as error:
            log.exception("the journal could not be closed in good order")
            self._notices.tell("error", str(error))

    # -- looking ---------------------------------------------------------------------------------

    @property
    def emulated(self) -> bool:
        """Whether every connection goes to the emulator: nothing here is real, whatever the mode."""
        return self._market.emulated

    @property
    def real_money(self) -> bool:
        """Whether an order here costs money."""
        return self.settings.mode == "live" and not self.emulated

    def symbols(self) -> list[str]:
        """Every symbol that some connected venue trades, sorted: thousands on real exchanges, and more when another one connects."""
        return self._connections.symbols()

    def watched_symbols(self) -> list[str]:
        """Those whose books are kept."""
        return self._connections.watched

    async def watch(self, symbol: str) -> None:
        """Keep the books of `symbol` from now on, on every venue that trades it; free when they are kept already.

        Returns when it is subscribed; the first books come a moment later. A venue that fails is told of and never raises.

        Raises:
            UnknownSymbol: no connected venue trades it.
        """
        await self._connections.watch(symbol)

    async def _make_ready(self, symbol: str) -> bool:
        """For an order: its books, if they were not kept before."""
        if symbol in self._connections.watched:
            return False
        await self._connections.watch(symbol)
        await self._connections.first_books(symbol, FIRST_BOOKS_S)
        return True

    def strategies(self) -> tuple[ExecutionStrategy, ...]:
        """The strategies that can be traded."""
        return tuple(REGISTRY)

    def instruments(self, symbol: str) -> dict[str, Instrument]:
        """Venue -> instrument, of the connected venues that trade `symbol`, watched or not."""
        return {venue: each.instruments[symbol] for venue, each in self.connectors.items() if symbol in each.instruments}

    def market(self, symbol: str, venues: Iterable[str] | None = None) -> MarketView:
        """The books of `symbol` now; empty while it is not watched."""
        return self.orderbooks.view(symbol, venues, self.clock.now_us())

    def depth(
        self, symbol: str, venues: Iterable[str] | None = None, *, price_step: Decimal | None = None, span_bps: float | None = None
    ) -> MergedDepth:
        """The books of `symbol` merged into one, for drawing; see `core.market.depth.merge_depth`."""
        return merge_depth(self.market(symbol, venues), price_step=price_step, span_bps=span_bps)

    def venue_health(self, symbol: str) -> list[VenueHealth]:
        """Each venue that trades `symbol`, and each that is not connected, in the desk's order."""
        view, health = self.market(symbol), []
        for venue, connector in self.connectors.items():
            if why := self._connections.why_not(venue):
                health.append(not_connected(venue, why))
            elif (book := view.books.get(venue)) is not None:
                health.append(venue_health(connector, book, view.now_us, self._private.trouble(venue)))
        return health

    def holdings(self) -> list[Holding]:
        """Balances and positions of every venue that has told them, in the desk's order."""
        words = self.engine.risk.funds.words()
        return holdings({venue: words[venue] for venue in self.connectors if venue in words}, self.settings.symbol)

    def ask_holdings(self) -> None:
        """Ask the venues whose balances are older than half a minute; the answers come by and by."""
        for venue, connector in self.connectors.items():
            if connector.instruments:
                self.engine.risk.funds.want(venue)

    def foreign_orders(self) -> list[ForeignOrder]:
        """Open orders on our accounts that no order of this profile stands behind, as last seen. They are left alone."""
        seen = map(ForeignOrder.of, self.engine.reconciler.foreign_orders)
        return sorted(seen, key=lambda order: (order.venue, order.symbol, order.venue_order_id))

    @property
    def halted(self) -> str:
        """Why nothing may be sent at all now, one sentence; empty when orders go out."""
        return KILLED if self.engine.killed else str(self.journal.trouble or "")

    # -- limits ------------------------------------------------------------------------------------

    @property
    def limits(self) -> RiskLimits:
        """The risk limits in force."""
        return self.engine.risk.limits

    def set_limits(self, limits: RiskLimits) -> None:
        """Use these from the next order on, and save them for this mode.

        Raises:
            FathomError: they apply, but could not be saved.
        """
        self.engine.risk.set_limits(limits)
        self._notices.tell("info", "The risk limits were changed.")
        self._limits_file.save(limits)

    # -- time --------------------------------------------------------------------------------------

    def run_freely(self) -> None:
        """At speed 'max': do not wait for orders or sleepers, play the recording to its end."""
        self._market.run_freely()

    @property
    def market_over(self) -> bool:
        """Whether a recording has been played to its end; never but in replay."""
        return self._market.over

    async def market_ended(self) -> None:
        """Return when the recording has been played to its end; never but in replay."""
        self.run_freely()
        ended = asyncio.ensure_future(self._market.ended())
        try:
            await asyncio.wait([ended, *filter(None, [self._pump])], return_when=asyncio.FIRST_COMPLETED)  # a pump that broke has ended too
        finally:
            ended.cancel()

    def _on_stopped(self) -> None:
        self._keeping = asyncio.get_running_loop().create_task(self._remember_kill(), name="kill file")

    async def _remember_kill(self) -> None:
        if not await self._kill_file.keep(lambda: self.engine.killed):
            left = "allowed" if self.engine.killed else "stopped"
            self._notices.tell("warning", f"How the kill switch stands could not be saved: the next start may find trading {left}.")

    def _wanted(self) -> bool:
        return bool(self.order_manager.working())

    # -- telling -----------------------------------------------------------------------------------

    def on_notice(self, listener: Callable[[Notice], None]) -> Callable[[], None]:
        """Call `listener` with every notice, the last ones so far included; returns how to stop that."""
        return self._notices.listen(listener)

    def _on_feed_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("the market feed stopped", exc_info=error)
            self._notices.tell("error", "The market feed stopped; see the log. Books go stale and nothing is planned on them.")


@asynccontextmanager
async def open_desk(settings: Settings | None = None, market: Market | None = None) -> AsyncIterator[Desk]:
    """Open a desk and close it at the end, whatever happens in between.

    Args:
        market: venues of your own instead of the mode's; with `lives_on` a journal's unfinished orders are asked for there.

    Raises:
        FathomError: the settings can't be met (a missing recording, an unknown venue, no keys, a locked journal). A venue that does
            not answer is no such reason.
    """
    settings = settings or Settings()
    async with AsyncExitStack() as undo:  # what was made before something failed is let go of
        if market is None:
            market = await open_market(settings)
        undo.push_async_callback(market.close)
        place = _folder(settings, market)
        journal = Journal(place / "journal.db" if place else None)
        undo.callback(journal.close)
        desk = Desk(settings, market, journal)
        undo.pop_all()  # from here on the desk owns them
    try:
        await desk.open()
        yield desk
    finally:
        await desk.close()


def _folder(settings: Settings, market: Market) -> Path | None:
    return folder(settings.profile, profile_name(settings.mode, emulated=market.emulated))
