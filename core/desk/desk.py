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
from core.desk.markets import Market, open_market
from core.desk.settings import Settings
from core.domain.enums import ExecutionStrategy
from core.domain.events import Notice
from core.domain.instruments import Instrument
from core.domain.market import MarketView, MergedDepth
from core.execution.engine import ExecutionEngine
from core.execution.manager import OrderManager
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
        self.engine = ExecutionEngine(self.order_manager, self.connectors, self.orderbooks)
        self._market = market
        self._pump: asyncio.Task[None] | None = None
        self._notices: deque[Notice] = deque(maxlen=_NOTICES_KEPT)
        self._notice_listeners: list[Callable[[Notice], None]] = []
        market.feed.on_notice(self._on_notice)
        self.order_manager.on_notice(self._on_notice)

    async def open(self) -> None:
        """Connect every venue, subscribe every symbol and start the market."""
        for connector in self.connectors.values():
            await connector.open()
            connector.on_market(self.orderbooks.consume)
            for symbol, instrument in connector.instruments.items():
                self.orderbooks.register(instrument)
                await connector.subscribe(symbol)
        self._market.gate(self._wanted)
        self._pump = asyncio.get_running_loop().create_task(self._market.feed.run(), name="market feed")
        self._pump.add_done_callback(self._on_feed_ended)

    async def close(self) -> None:
        """Stop workers, venues and the market, in this order, and write the journal."""
        await self.engine.close()
        await self.order_manager.close()
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.gather(self._pump, return_exceptions=True)
        for connector in self.connectors.values():
            await connector.close()
        self.journal.close()

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

    def _on_feed_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("the market feed stopped", exc_info=error)
            self._on_notice(
                Notice(self.clock.now_us(), "error", "The market feed stopped; see the log. Books go stale and nothing is planned on them.")
            )


@asynccontextmanager
async def open_desk(settings: Settings | None = None) -> AsyncIterator[Desk]:
    """Open a desk and close it at the end, whatever happens in between.

    Raises:
        FathomError: the settings can't be met (a missing recording, an unknown venue, a locked journal).
    """
    settings = settings or Settings()
    market = open_market(settings)
    journal = Journal(settings.profile / settings.mode / "journal.db" if settings.profile else None)
    desk = Desk(settings, market, journal)
    try:
        await desk.open()
        yield desk
    finally:
        await desk.close()
