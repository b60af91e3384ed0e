"""The inspector: one order from every side. It shows what is selected in the blotter; with nothing selected, the newest order.

A running order's costs are reckoned again once a second; a finished one's only when news of it comes. Hidden, it does
nothing but keep the stories.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from core.domain.errors import FathomError
from core.domain.events import OrderEvent
from core.domain.orders import Fill, OrderSnapshot
from core.domain.tca import TcaReport
from gui import formats
from gui.blotter.lists import ListColumn, NewestFirst
from gui.blotter.rows import digits_of
from gui.blotter.tables import plain_table
from gui.blotter.wording import reason_of, state_of
from gui.inspector.costs import costs_sheet, footnotes
from gui.inspector.details import details_sheet
from gui.inspector.sheet import SheetView
from gui.inspector.story import MAX_EVENTS, Event, Stories
from gui.theme import Theme, set_role
from gui.ticket.small import ElidedLabel, Segmented, label, quietly_set

if TYPE_CHECKING:
    from core.desk.desk import Desk
    from gui.bridge import Bridge
    from gui.inspector.chart import ScheduleChart

# In ticks of the preview clock: about a second.
_EVERY = 5
_HEAD_PX = 26


class Side(StrEnum):
    COSTS = "Costs"
    SCHEDULE = "Schedule"
    TIMELINE = "Timeline"
    DETAILS = "Details"


class InspectorPanel(QWidget):
    """Costs, schedule, timeline and details of one parent order.

    Attributes:
        controls: which side is shown; for the dock's title row.
        stories: of every order of this run.
        shown_id: the parent that is shown; empty before the first.
    """

    def __init__(self, desk: Desk, bridge: Bridge, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk, self._theme = desk, theme
        self._digits = digits_of(desk)
        self.stories = Stories()
        self.shown_id = ""
        self._chosen_id = ""  # by the trader; empty follows the newest
        self._newest_id, self._newest_us = "", -1
        self._fills: list[tuple[str, Fill]] = []  # told just before their orders are
        self._ticks = 0
        self._stale = False
        self._written = 0  # events of the story that are in the table
        self._title = label("", "strong")
        self._state = label("")
        self._reason = ElidedLabel("muted")
        self.costs = SheetView(theme)
        self._footnotes = ElidedLabel("muted")
        self.details = SheetView(theme)
        self.timeline = _timeline_model(theme, self)
        self.chart: ScheduleChart | None = None
        self._chart_place = QStackedWidget()
        self.side = Segmented([(side, side.value) for side in Side])
        self.controls = QWidget()
        self._sides = QStackedWidget()
        self._pages = QStackedWidget()
        self._lay_out()
        self._seed()
        bridge.orders_changed.connect(self._take_orders)
        bridge.fills_added.connect(self._take_fills)
        bridge.preview_tick.connect(self._tick)

    # -- what others do with it --------------------------------------------------------------------

    def choose(self, orders: list[OrderSnapshot]) -> None:
        """Show the first of `orders`, a child's parent for a child; with none, the newest order from now on."""
        self._chosen_id = (orders[0].parent_id or orders[0].id) if orders else ""
        self._show(self._chosen_id or self._newest_id)

    def load_chart(self) -> None:
        """Import what draws the schedule. Slow, once: to be called when the window has settled."""
        if self.chart is None:
            from gui.inspector.chart import ScheduleChart

            self.chart = ScheduleChart(self._theme)
            self._chart_place.addWidget(self.chart)
            self._stale = True

    def refresh(self) -> None:
        """Read the shown order again, and show it."""
        order = self._order()
        self._pages.setCurrentIndex(1 if order is not None else 0)
        if order is None:
            return
        digits = self._digits(order.symbol)
        state = state_of(order)
        strategy = order.strategy.label if order.strategy else ""
        size = f"{order.amount.normalize():f} {order.symbol}"
        quietly_set(self._title, f"{'▲' if order.side.sign > 0 else '▼'} {order.side.value.upper()} {size} · {strategy}")
        quietly_set(self._state, state.text)
        set_role(self._state, {"accent": "strong"}.get(state.tone, state.tone))
        self._reason.say(reason_of(order) or self._following())
        report = self._report(order.id)
        if report is not None:
            self.costs.show_sheet(costs_sheet(report, digits))
            self._footnotes.say(footnotes(report))
        self.details.show_sheet(details_sheet(order, digits))
        self._show_timeline()
        self._show_schedule(order)

    # -- building ----------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        head = QFrame()
        head.setProperty("role", "bar")
        head.setFixedHeight(_HEAD_PX)
        row = QHBoxLayout(head)
        row.setContentsMargins(12, 0, 12, 0)
        row.setSpacing(12)
        row.addWidget(self._title)
        row.addWidget(self._reason, 1)
        row.addWidget(self._state)
        nothing = label("Select an order to see what it costs, and why.")
        nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        no_schedule = label("This strategy has no schedule.")
        no_schedule.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._chart_place.addWidget(no_schedule)
        for part in (_scrolled(self.costs, self._footnotes), self._chart_place, plain_table(self.timeline), _scrolled(self.details)):
            self._sides.addWidget(part)
        self.side.set_height(20)
        self.side.chosen.connect(self._turn)
        row = QHBoxLayout(self.controls)
        row.setContentsMargins(8, 0, 0, 0)
        row.addWidget(self.side)
        row.addStretch(1)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(head)
        layout.addWidget(self._sides, 1)
        self._pages.addWidget(nothing)
        self._pages.addWidget(page)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._pages)

    def sizeHint(self) -> QSize:
        return QSize(500, 280)

    def minimumSizeHint(self) -> QSize:
        return QSize(260, 120)

    def _turn(self, side: object) -> None:
        self._sides.setCurrentIndex(list(Side).index(Side(str(side))))

    def _seed(self) -> None:
        """Orders from before this window: their state now, and their fills."""
        snapshots = self._desk.order_manager.snapshots()
        for order in snapshots:
            if order.parent_id is not None and order.fill_count:
                self._fills += [(order.parent_id, fill) for fill in self._desk.order_manager.order(order.id).fills]
        self._tell(snapshots)

    # -- news --------------------------------------------------------------------------------------

    def _take_orders(self, events: list[OrderEvent]) -> None:
        self._tell([event.order for event in events])

    def _tell(self, orders: list[OrderSnapshot]) -> None:
        for order in orders:
            if order.is_parent and order.created_us > self._newest_us:
                self._newest_id, self._newest_us = order.id, order.created_us
        fills, self._fills = self._fills, []
        touched = self.stories.take(orders, fills, self._digits)
        if not self._chosen_id and self.shown_id != self._newest_id:
            self._show(self._newest_id)
        self._stale = self._stale or self.shown_id in touched

    def _take_fills(self, events: list[OrderEvent]) -> None:
        self._fills += [(event.order.parent_id or event.order.id, event.fill) for event in events if event.fill is not None]

    # -- showing -----------------------------------------------------------------------------------

    def _show(self, order_id: str) -> None:
        if order_id != self.shown_id:
            self.shown_id = order_id
            self._written = 0
            self.timeline.clear()
        if self.isVisible():
            self._stale = False
            self.refresh()

    def _tick(self) -> None:
        if not self.isVisible() or not self.shown_id:
            return
        self._ticks += 1
        order = self._order()
        running = order is not None and not order.terminal
        if self._stale or (running and self._ticks % _EVERY == 0):
            self._stale = False
            self.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()

    def _order(self) -> OrderSnapshot | None:
        try:
            return self._desk.order_manager.snapshot(self.shown_id)
        except FathomError:
            return None

    def _report(self, order_id: str) -> TcaReport | None:
        try:
            return self._desk.engine.tca(order_id)
        except FathomError:
            return None

    def _following(self) -> str:
        return "" if self._chosen_id else "the newest order"

    def _show_timeline(self) -> None:
        events = self.stories.of(self.shown_id).events
        if len(events) < self._written:  # its oldest were forgotten: begin again
            self._written = 0
            self.timeline.clear()
        self.timeline.add(events[self._written :])
        self._written = len(events)

    def _show_schedule(self, order: OrderSnapshot) -> None:
        story = self.stories.of(order.id)
        drawable = self.chart is not None and story.has_schedule
        self._chart_place.setCurrentIndex(1 if drawable else 0)
        if self.chart is not None and drawable:
            self.chart.show_story(story, order, self._desk.clock.now_us())


def _timeline_model(theme: Theme, parent: QWidget) -> NewestFirst[Event]:
    return NewestFirst(
        [
            ListColumn("Time", 104, lambda event: formats.time_of_day(event.ts_us), tone=lambda _: "muted"),
            ListColumn("Where", 104, lambda event: event.who or "order", tone=lambda _: "muted"),
            ListColumn("What happened", 160, lambda event: event.sentence, tone=lambda event: event.tone),
        ],
        MAX_EVENTS,
        theme,
        parent,
    )


def _scrolled(*parts: QWidget) -> QScrollArea:
    inside = QFrame()
    inside.setProperty("role", "panel")
    column = QVBoxLayout(inside)
    column.setContentsMargins(0, 0, 0, 4)
    column.setSpacing(2)
    for part in parts:
        if isinstance(part, ElidedLabel):
            part.setContentsMargins(12, 0, 12, 0)
        column.addWidget(part)
    column.addStretch(1)
    area = QScrollArea()
    area.setWidget(inside)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    return area
