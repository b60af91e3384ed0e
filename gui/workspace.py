"""The panels over one desk, and the few wires between them.

No panel knows another: the ticket's plan goes to the chart, the chart's clicks go to the ticket, the top bar's
symbol goes to both. What the fixed rows show of the market is read here, on the bridge's clock.

Another symbol is connected before it is shown. In between nothing can be sent: the name in the top bar is the new one already, the
ticket is still the old one's, and whoever types fast would buy the wrong thing.
"""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, QTimer, Signal

from core.desk.limits import default_limits
from core.domain.errors import FathomError
from core.domain.events import Notice
from core.domain.orders import OrderSnapshot
from gui import formats
from gui.blotter.widget import BlotterWidget
from gui.bridge import Bridge
from gui.compare.panel import ComparePanel
from gui.depth.panel import DepthPanel
from gui.inspector.panel import InspectorPanel
from gui.limits import LimitsDialog
from gui.main_window import MainWindow
from gui.reporter import Report, Reporter
from gui.theme import Theme
from gui.ticket.confirm import ask
from gui.ticket.widget import TicketWidget

if TYPE_CHECKING:
    from core.desk.desk import Desk

_OVER = "The recording has ended. What you see is its last moment."
_SLOW_MS = 500
_SETTLED_MS = 1_000  # after the first depth: nobody notices what the chart's library and the icons take


class Workspace(QObject):
    """Fills a window with a desk.

    Attributes:
        ticket, depth, blotter, inspector: the panels.
        compare: the window of the comparison, hidden until it is asked for.
        depth_shown: set when the first depth is in the chart.
    """

    first_depth = Signal()

    def __init__(self, desk: Desk, window: MainWindow, theme: Theme, reporter: Reporter) -> None:
        super().__init__(window)
        self.desk = desk
        self._window = window
        self._bridge = Bridge(desk, reporter.report, self)
        self._symbol = ""
        self._version = -1
        self._decimals = 2
        self._said_over = False
        self._killing = False
        self._connecting = ""
        self._choosing: asyncio.Task[None] | None = None
        self._counted = (perf_counter(), desk.orderbooks.message_count)
        self.depth_shown = asyncio.Event()

        self.ticket = TicketWidget(desk, self._bridge, theme)
        self.depth = DepthPanel(desk, self._bridge, theme)
        self.blotter = BlotterWidget(desk, self._bridge, theme, window.icons)
        window.ticket_dock.fill(self.ticket)
        window.depth_dock.fill(self.depth, self.depth.controls)
        self.inspector = InspectorPanel(desk, self._bridge, theme)
        self.compare = ComparePanel(desk, self.ticket, theme, window)
        window.blotter_dock.fill(self.blotter, self.blotter.controls)
        window.inspector_dock.fill(self.inspector, self.inspector.controls)
        self._wire()

        self._symbols = desk.symbols()
        self.set_symbol(desk.settings.symbol)
        window.top_bar.set_symbols(self._symbols, self._symbol)
        if self._symbols and self._symbol not in self._symbols:
            window.banner.show_report(Report(f"{self._symbol} is not traded on these venues; choose another symbol.", 1, is_fault=False))
        self._settled = QTimer(self)
        self._settled.setSingleShot(True)
        self._settled.setInterval(_SETTLED_MS)
        self._settled.timeout.connect(self.inspector.load_chart)
        self._settled.timeout.connect(window.icons.load)
        self._slow = QTimer(self)
        self._slow.setInterval(_SLOW_MS)
        self._slow.timeout.connect(self._look_slowly)
        self._slow.start()
        window.setFocus()  # not the first field: a number typed by accident should go nowhere

    def _wire(self) -> None:
        self.ticket.plan_changed.connect(self.depth.set_plan)
        self.ticket.strategy.compare_asked.connect(self._open_compare)
        self.compare.strategy_picked.connect(self.ticket.strategy.choose)
        self.blotter.view.selectionModel().selectionChanged.connect(lambda *_: self.inspector.choose(self.blotter.view.selected()))
        self.depth.price_picked.connect(self.ticket.set_price)
        self.depth.amount_picked.connect(self.ticket.set_amount)
        self.depth.drawn.connect(self._window.status_bar.show_frame)
        self.depth.first_depth.connect(self._on_first_depth)
        self._window.top_bar.symbol_chosen.connect(self.choose_symbol)
        self._window.top_bar.kill.kill_asked.connect(lambda: self._bridge.run(self._kill(), "cancelling every order"))
        self._window.top_bar.kill.release_asked.connect(self._release)
        self._window.limits_asked.connect(lambda: self._bridge.run(self._change_limits(), "changing the risk limits"))
        self._window.limits_action.setEnabled(True)
        self._bridge.book_tick.connect(self._look)
        # Notices from before the window come at once: what went wrong while opening is not lost.
        self._stop_listening = self.desk.on_notice(self._on_notice)

    def choose_symbol(self, symbol: str) -> None:
        """What the trader has picked: connect it, then show it. The last pick counts."""
        if self._choosing is not None:
            self._choosing.cancel()
        self._choosing = self._bridge.run(self._go_to(symbol), f"connecting {symbol}")

    async def _go_to(self, symbol: str) -> None:
        bar = self._window.top_bar
        self._connecting = symbol
        bar.show_connecting()
        self._show_halt()
        try:
            await self.desk.watch(symbol)
            self.set_symbol(symbol)
        except FathomError as error:
            bar.picker.show_symbol(self._symbol)
            self._window.banner.show_report(Report(str(error), 1, is_fault=False))
        finally:
            if self._choosing is asyncio.current_task():  # else a later pick goes on
                self._connecting = ""
                self._version = -1
                self._look()
                self._show_halt()

    def set_symbol(self, symbol: str) -> None:
        """Point every panel at another market, which is watched."""
        if symbol == self._symbol:
            return
        self._symbol = symbol
        self._version = -1
        self._read_decimals()
        self._window.name_symbol(symbol)
        self._window.top_bar.picker.show_symbol(symbol)
        self._window.top_bar.picker.used(symbol)
        self.ticket.set_symbol(symbol)
        self.depth.set_symbol(symbol)
        self._look()
        self._look_slowly()

    def working_orders(self) -> list[OrderSnapshot]:
        """Parents that are not over."""
        return [order for order in self.desk.order_manager.snapshots() if order.is_parent and not order.terminal]

    async def cancel_all(self) -> int:
        return await self.desk.engine.cancel_all()

    async def close(self) -> None:
        """Let go of the desk."""
        self._slow.stop()
        self._settled.stop()
        self.compare.close()
        self._stop_listening()
        await self._bridge.close()

    # -- the clocks --------------------------------------------------------------------------------

    def _look(self) -> None:
        version = self.desk.orderbooks.version(self._symbol)
        if version == self._version or self._connecting:
            return
        self._version = version
        market = self.desk.market(self._symbol)
        self._window.top_bar.show_touch(market.best_bid, market.best_ask, self._decimals)

    def _look_slowly(self) -> None:
        if (symbols := self.desk.symbols()) != self._symbols:  # a venue has come late
            self._symbols = symbols
            self._window.top_bar.picker.set_symbols(symbols)
        self._read_decimals()
        health = self.desk.venue_health(self._symbol)
        self._window.top_bar.show_health(health)
        aged = [venue for venue in health if venue.age_ms is not None]
        oldest = max(aged, key=lambda venue: venue.age_ms or 0.0, default=None)
        status = self._window.status_bar
        status.show_oldest(*((oldest.venue, oldest.age_ms) if oldest is not None else (None, None)))
        now_s, count = perf_counter(), self.desk.orderbooks.message_count
        then_s, counted = self._counted
        if now_s - then_s >= 1.0:
            status.show_rate((count - counted) / (now_s - then_s))
            self._counted = (now_s, count)
        status.show_time(self._time_text())
        self._show_halt()
        if self.desk.market_over and not self._said_over:
            self._said_over = True
            self._window.banner.show_report(Report(_OVER, 1, is_fault=False))

    def _read_decimals(self) -> None:
        self._decimals = max((instrument.price_decimals for instrument in self.desk.instruments(self._symbol).values()), default=2)

    def _time_text(self) -> str:
        settings, now_us = self.desk.settings, self.desk.clock.now_us()
        if settings.mode != "replay":
            return formats.time_of_day(now_us)[:8]
        speed = "max" if settings.speed == "max" else f"{settings.speed:g}×"
        return f"recording of {formats.date_and_time(now_us)} · {'ended' if self.desk.market_over else speed}"

    # -- events ------------------------------------------------------------------------------------

    def _on_first_depth(self) -> None:
        if not self.depth_shown.is_set():
            self.depth_shown.set()
            self.first_depth.emit()
            self._settled.start()

    def _open_compare(self) -> None:
        """Beside the ticket, over the depth; where the trader has put it, once it was moved."""
        if not self.compare.isVisible() and not self.compare.pos().x() and not self.compare.pos().y():
            self.compare.move(self._window.ticket_dock.mapToGlobal(self._window.ticket_dock.rect().topRight()) + QPoint(12, 40))
        self.compare.show()
        self.compare.raise_()

    async def _kill(self) -> None:
        """Stop everything, and say calmly what came of it."""
        button = self._window.top_bar.kill
        button.show_stopping()
        self._killing = True
        try:
            report = await self.desk.engine.kill()
        finally:
            self._killing = False
            self._show_halt()
        self._window.banner.show_report(Report(report.sentence, 1, is_fault=False))

    def _release(self) -> None:
        self.desk.engine.release_kill()
        self._show_halt()

    def _show_halt(self) -> None:
        """Also when a script has pulled the switch, or the disk has failed."""
        self.ticket.halt(self.desk.halted or (f"Connecting to {self._connecting}…" if self._connecting else ""))
        if not self._killing:
            self._window.top_bar.kill.show_stopped(stopped=self.desk.engine.killed)

    async def _change_limits(self) -> None:
        mode = self.desk.settings.mode
        dialog = LimitsDialog(self.desk.limits, default_limits(mode), mode, self._window)
        if await ask(dialog):
            self.desk.set_limits(dialog.limits)

    def _on_notice(self, notice: Notice) -> None:
        # The log panel keeps every notice; only errors may take room above the market.
        if notice.level == "error":
            self._window.banner.show_report(Report(notice.sentence, 1, is_fault=False))
