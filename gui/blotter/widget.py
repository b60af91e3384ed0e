"""The blotter as a whole: Orders, Fills, Balances, what is not ours, Log. What chooses between them stands in the dock's title row: a row
more for orders.

It starts from the manager's snapshots and then lives on the bridge's coalesced changes. Nothing here blinks except
a new fill, once, for a moment.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QTabWidget, QWidget

from core.domain.events import Notice, OrderEvent
from core.domain.orders import Fill, OrderSnapshot
from gui.blotter.balances import balances_table
from gui.blotter.fills import FillBook, fills_model
from gui.blotter.foreign import foreign_table
from gui.blotter.log import OrderTeller, log_model
from gui.blotter.modify import ModifyDialog
from gui.blotter.orders_model import OrdersModel
from gui.blotter.orders_view import OrdersView, Show
from gui.blotter.resolve import ResolveDialog, can_resolve
from gui.blotter.rows import digits_of
from gui.blotter.tables import plain_table
from gui.icons import Icons
from gui.theme import Theme
from gui.ticket.small import ElidedLabel, Segmented

if TYPE_CHECKING:
    from core.desk.desk import Desk
    from gui.bridge import Bridge

_BAR_PX = 20
_TABS = ("Orders", "Fills", "Balances", "Not ours", "Log")


class BlotterWidget(QTabWidget):
    """Orders, fills, balances and log of one desk.

    Attributes:
        controls: for the dock's title row.
    """

    def __init__(self, desk: Desk, bridge: Bridge, theme: Theme, icons: Icons | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk, self._bridge, self._theme = desk, bridge, theme
        digits = digits_of(desk)
        self.orders = OrdersModel(digits, theme, self)
        self.fills = fills_model(digits, theme, self)
        self.log = log_model(theme, self)
        self._fill_book = FillBook(self.fills)
        self._teller = OrderTeller()
        self._dialogs: list[ModifyDialog | ResolveDialog] = []
        self._seed()
        self.view = OrdersView(self.orders, theme, icons or Icons(theme, self))
        self.show_only = Segmented([(show, show.value) for show in Show])
        self.cancel_all = QPushButton("Cancel all")
        self._count = ElidedLabel("muted")
        self.balances = balances_table(desk, theme)
        self.foreign = foreign_table(desk, theme)
        tabs: tuple[QWidget, ...] = (self.view, plain_table(self.fills), self.balances, self.foreign, plain_table(self.log))
        for tab, title in zip(tabs, _TABS, strict=True):
            self.addTab(tab, title)
        self.setDocumentMode(True)
        self.tabBar().hide()
        self.chooser = Segmented([(title, title) for title in _TABS])
        self.controls = self._controls()
        self._connect()
        self._show_counts()

    def _seed(self) -> None:
        """What there was before this window: orders of the journal, their fills. Only news is logged."""
        snapshots = self._desk.order_manager.snapshots()
        self.orders.tell(snapshots)
        self._teller.sentences(snapshots)
        fills: list[Fill] = []
        for snapshot in snapshots:
            if not snapshot.is_parent and snapshot.fill_count:
                fills.extend(self._desk.order_manager.order(snapshot.id).fills)
        self._fill_book.add(sorted(fills, key=lambda fill: fill.ts_us))

    def _controls(self) -> QWidget:
        self.cancel_all.setProperty("role", "danger")
        self.cancel_all.setProperty("small", True)
        self.cancel_all.setToolTip("Cancel every working order, without asking")
        self.cancel_all.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        row = QWidget()
        bar = QHBoxLayout(row)
        bar.setContentsMargins(8, 0, 0, 0)
        bar.setSpacing(12)
        for chooser in (self.chooser, self.show_only):
            chooser.set_height(_BAR_PX)
            bar.addWidget(chooser)
        self.cancel_all.setFixedHeight(_BAR_PX)
        bar.addWidget(self._count, 1)
        bar.addWidget(self.cancel_all)
        return row

    def _connect(self) -> None:
        self._bridge.orders_changed.connect(self._take_orders)
        self._bridge.fills_added.connect(self._take_fills)
        # Asked of the desk itself, which repeats what it said before there was a window. The desk may
        # outlive this widget, so what it holds must not keep it.
        me = weakref.ref(self)
        stop = self._desk.on_notice(lambda notice: _pass_on(me, notice))
        self.destroyed.connect(lambda _gone: stop())
        self.chooser.chosen.connect(lambda title: self.setCurrentIndex(_TABS.index(title)))
        self.currentChanged.connect(lambda number: self.chooser.choose(_TABS[number]))
        self.show_only.chosen.connect(lambda show: self.view.filter_by(Show(show)))
        self.cancel_all.clicked.connect(lambda: self._run(self._desk.engine.cancel_all(), "Cancel all"))
        self.view.cancel_asked.connect(self._cancel)
        self.view.modify_asked.connect(self.open_modify)
        self.view.pause_asked.connect(self._pause)
        self.view.resume_asked.connect(self._resume)
        self.view.resolve_asked.connect(self.open_resolve)

    def sizeHint(self) -> QSize:
        return QSize(1100, 280)

    # -- what is told ------------------------------------------------------------------------------------------------

    def _take_orders(self, events: list[OrderEvent]) -> None:
        snapshots = [event.order for event in events]
        self.orders.tell(snapshots)
        self.log.add(self._teller.sentences(snapshots))
        for snapshot in snapshots:
            self._follow(snapshot)
        self._show_counts()

    def _take_fills(self, events: list[OrderEvent]) -> None:
        self._fill_book.add(event.fill for event in events if event.fill is not None)

    def take_notice(self, notice: Notice) -> None:
        """A sentence for the log."""
        self.log.add([notice])

    def _follow(self, snapshot: OrderSnapshot) -> None:
        for dialog in list(self._dialogs):
            if dialog.order_id == snapshot.id:
                dialog.follow(snapshot)

    def _show_counts(self) -> None:
        parents = self.orders.parents()
        working = sum(not order.terminal for order in parents)
        self._count.say(f"{len(parents)} order{'' if len(parents) == 1 else 's'}, {working} working")
        self.cancel_all.setEnabled(working > 0)

    # -- what is asked for -------------------------------------------------------------------------------------------

    def _run(self, work: Any, doing: str) -> None:
        _ = self._bridge.run(work, doing)

    def _cancel(self, order_ids: list[str]) -> None:
        for order_id in order_ids:
            self._run(self._desk.engine.cancel_execution(order_id), "Cancel")

    def _pause(self, order_ids: list[str]) -> None:
        for order_id in order_ids:
            self._desk.engine.pause_execution(order_id)

    def _resume(self, order_ids: list[str]) -> None:
        for order_id in order_ids:
            self._desk.engine.resume_execution(order_id)

    def open_modify(self, order_id: str) -> None:
        """Open the dialog for one order, or bring the one that is open to the front."""
        order = self.orders.order(order_id)
        if order is not None and not order.terminal and not self._brought_to_front(order_id, ModifyDialog):
            dialog = ModifyDialog(order, self._desk, self._bridge, self._theme, self)
            self._keep(dialog)
            dialog.open()

    def open_resolve(self, order_id: str) -> None:
        """Ask about a quarantined child, or bring the question to the front."""
        order = self.orders.order(order_id)
        if order is not None and can_resolve(order) and not self._brought_to_front(order_id, ResolveDialog):
            dialog = ResolveDialog(order, self._desk, self._bridge, self._theme, self)
            self._keep(dialog)
            dialog.show()

    def _brought_to_front(self, order_id: str, kind: type[QDialog]) -> bool:
        for dialog in self._dialogs:
            if dialog.order_id == order_id and isinstance(dialog, kind):
                dialog.activateWindow()
                return True
        return False

    def _keep(self, dialog: ModifyDialog | ResolveDialog) -> None:
        self._dialogs.append(dialog)
        dialog.finished.connect(lambda _result: self._put_away(dialog))

    def _put_away(self, dialog: ModifyDialog | ResolveDialog) -> None:
        self._dialogs.remove(dialog)
        dialog.deleteLater()


def _pass_on(widget: weakref.ref[BlotterWidget], notice: Notice) -> None:
    if (blotter := widget()) is not None:
        blotter.take_notice(notice)
