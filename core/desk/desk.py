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
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import final

from core.desk.health import VenueHealth, venue_health
from core.desk.limits import LimitsFile, RiskLimits
from core.desk.markets import Market, open_market
from core.desk.settings import Settings
from core.desk.watchdog import BookWatchdog
from core.domain.enums import ExecutionStrategy
from core.domain.errors import JournalError
from core.domain.events import Notice
from core.domain.instruments import Instrument
from core.domain.market import MarketView, MergedDepth
from core.exchanges.connector import VenueOrder
from core.execution.engine import ExecutionEngine
from core.execution.manager import OrderManager
from core.execution.recovery import Recovery
from core.execution.risk.checks import KILLED
from core.journal.journal import Journal
from core.market.depth import merge_depth
from core.market.store import OrderBooks
from core.strategies.registry import REGISTRY

_NOTICES_KEPT = 500

log = logging.getLogger(__name__)


@final
class Desk:
    """Everything that a trader or a script works with. Made by `open_desk`.

    Attributes:
        clock: wall time in demo; the recording's time in replay.
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
        self.orderbooks = OrderBooks(self.clock)
        self.order_manager = OrderManager(self.connectors, clock=self.clock, journal=journal)
        self._limits_file = LimitsFile(settings.profile, settings.mode)
        limits = settings.limits or self._limits_file.load()
        self.engine = ExecutionEngine(self.order_manager, self.connectors, self.orderbooks, limits)
        self._recovery = Recovery(self.order_manager, self.engine, self._tell)
        self._market = market
        self._pump: asyncio.Task[None] | None = None
        self._watch: asyncio.Task[None] | None = None
        self._notices: deque[Notice] = deque(maxlen=_NOTICES_KEPT)
        self._notice_listeners: list[Callable[[Notice], None]] = []
        market.feed.on_notice(self._on_notice)
        self.order_manager.on_notice(self._on_notice)

    async def open(self) -> None:
        """Bring back what the journal knows, connect every venue, subscribe every symbol, start the market, ask what became of it all."""
        self._recovery.restore()
        self.engine.live.recount()
        if self._limits_file.complaint:
            self._tell("warning", self._limits_file.complaint)
        for connector in self.connectors.values():
            await connector.open()
            connector.on_market(self.orderbooks.consume)
            for symbol, instrument in connector.instruments.items():
                self.orderbooks.register(instrument)
                await connector.subscribe(symbol)
        self._market.gate(self._wanted)
        self._pump = asyncio.get_running_loop().create_task(self._market.feed.run(), name="market feed")
        self._pump.add_done_callback(self._on_feed_ended)
        self.engine.risk.ask_balances()
        if self._market.silence_is_a_fault:
            watchdog = BookWatchdog(self.orderbooks, self.connectors, self.clock, self._tell)
            self._watch = asyncio.get_running_loop().create_task(watchdog.watch(), name="book watchdog")
        if not self._market.lives_on:
            self._recovery.close_as_gone()
            return
        self._recovery.reconcile()
        self._recovery.look_for_strangers([self.settings.symbol])

    async def close(self) -> None:
        """Stop workers, venues and the market, in this order, and write the journal."""
        await self._recovery.close()
        await self.engine.close()
        await self.order_manager.close()
        for task in filter(None, [self._pump, self._watch]):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        for connector in self.connectors.values():
            await connector.close()
        try:
            self.journal.close()
        except JournalError as error:
            log.exception("the journal could not be closed in good order")
            self._tell("error", str(error))

    # -- looking ---------------------------------------------------------------------------------

    def symbols(self) -> list[str]:
        """Every symbol that some venue trades."""
        return self.orderbooks.symbols()

    def strategies(self) -> tuple[ExecutionStrategy, ...]:
        """The strategies that can be traded."""
        return tuple(REGISTRY)

    def instruments(self, symbol: str) -> dict[str, Instrument]:
        """Venue -> instrument, of the venues that trade `symbol`."""
        return self.orderbooks.instruments(symbol)

    def market(self, symbol: str, venues: Iterable[str] | None = None) -> MarketView:
        """The books of `symbol` now."""
        return self.orderbooks.view(symbol, venues, self.clock.now_us())

    def depth(
        self, symbol: str, venues: Iterable[str] | None = None, *, price_step: Decimal | None = None, span_bps: float | None = None
    ) -> MergedDepth:
        """The books of `symbol` merged into one, for drawing; see `core.market.depth.merge_depth`."""
        return merge_depth(self.market(symbol, venues), price_step=price_step, span_bps=span_bps)

    def venue_health(self, symbol: str) -> list[VenueHealth]:
        """Each venue that trades `symbol`, in the desk's order."""
        view = self.market(symbol)
        return [venue_health(self.connectors[venue], book, view.now_us) for venue, book in view.books.items()]

    def foreign_orders(self, symbol: str) -> list[VenueOrder]:
        """Open orders on our accounts that no order of this profile stands behind, as last seen. They are left alone."""
        return [order for order in self.engine.reconciler.foreign_orders if order.symbol == symbol]

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
        self._tell("info", "The risk limits were changed.")
        self._limits_file.save(limits)

    # -- time --------------------------------------------------------------------------------------

    def run_freely(self) -> None:
        """At speed 'max': do not wait for orders or sleepers, play the recording to its end."""
        self._market.run_freely()

    @property
    def market_over(self) -> bool:
        """Whether a recording has been played to its end; never in demo."""
        return self._market.over

    async def market_ended(self) -> None:
        """Return when the recording has been played to its end; never in demo."""
        self.run_freely()
        ended = asyncio.ensure_future(self._market.ended())
        try:
            await asyncio.wait([ended, *filter(None, [self._pump])], return_when=asyncio.FIRST_COMPLETED)  # a pump that broke has ended too
        finally:
            ended.cancel()

    def _wanted(self) -> bool:
        return bool(self.order_manager.working())

    # -- telling -----------------------------------------------------------------------------------

    def on_notice(self, listener: Callable[[Notice], None]) -> Callable[[], None]:
        """Call `listener` with every notice, the last ones so far included; returns how to stop that."""
        self._notice_listeners.append(listener)
        for notice in tuple(self._notices):
            listener(notice)
        return lambda: self._notice_listeners.remove(listener)

    def _on_notice(self, notice: Notice) -> None:
        self._notices.append(notice)
        log.log(logging.INFO if notice.level == "info" else logging.WARNING, "%s", notice.sentence)
        for listener in tuple(self._notice_listeners):
            listener(notice)

    def _tell(self, level: str, sentence: str) -> None:
        self._on_notice(Notice(self.clock.now_us(), level, sentence))

    def _on_feed_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("the market feed stopped", exc_info=error)
            self._on_notice(
                Notice(self.clock.now_us(), "error", "The market feed stopped; see the log. Books go stale and nothing is planned on them.")
            )


@asynccontextmanager
async def open_desk(settings: Settings | None = None, market: Market | None = None) -> AsyncIterator[Desk]:
    """Open a desk and close it at the end, whatever happens in between.

    Args:
        market: venues of your own instead of the mode's; with `lives_on` a journal's unfinished orders are asked for there.

    Raises:
        FathomError: the settings can't be met (a missing recording, an unknown venue, a locked journal).
    """
    settings = settings or Settings()
    market = market or open_market(settings)
    journal = Journal(settings.profile / settings.mode / "journal.db" if settings.profile else None)
    desk = Desk(settings, market, journal)
    try:
        await desk.open()
        yield desk
    finally:
        await desk.close()
