"""The tree of orders: what keys and the right mouse button do with the rows that are selected.

Cancelling never asks. A selected child whose parent is selected too is left to the parent's cancel.
Filtering hides rows instead of sorting them through a proxy, which costs a whole core when the
column changes all the time.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import partial

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QPainter
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QStyleOptionViewItem, QTreeView, QWidget

from core.domain.orders import OrderSnapshot
from gui.blotter.delegates import FilledDelegate, RowDelegate
from gui.blotter.orders_model import RAW_ROLE, OrdersModel
from gui.blotter.resolve import can_resolve
from gui.blotter.rows import TITLES, WIDTHS, Column
from gui.blotter.wording import can_pause, can_resume
from gui.icons import Icons
from gui.theme import Theme


class Show(StrEnum):
    ALL = "All"
    WORKING = "Working"
    DONE = "Done"

    def lets_through(self, order: OrderSnapshot) -> bool:
        return self is Show.ALL or (self is Show.DONE) is order.terminal


class OrdersView(QTreeView):
    """Asks for what the trader wants done; others do it."""

    cancel_asked = Signal(object)  # list[str] of order ids
    modify_asked = Signal(str)
    pause_asked = Signal(object)  # list[str]
    resume_asked = Signal(object)  # list[str]
    resolve_asked = Signal(str)

    def __init__(self, model: OrdersModel, theme: Theme, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._orders, self._icons = model, icons
        self._show = Show.ALL
        self._delegates = RowDelegate(self), FilledDelegate(theme, self)
        self.setModel(model)
        self.setTreePosition(Column.ORDER)
        self.setItemDelegate(self._delegates[0])
        self.setItemDelegateForColumn(Column.FILLED, self._delegates[1])
        self.setUniformRowHeights(True)
        self.setIndentation(16)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setExpandsOnDoubleClick(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._open_menu)
        self.doubleClicked.connect(self._double_clicked)
        model.rowsInserted.connect(self._rows_inserted)
        model.dataChanged.connect(self._data_changed)
        header = self.header()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setSectionsMovable(True)
        for column, width in enumerate(WIDTHS):
            self.setColumnWidth(column, width)

    # -- what is shown -----------------------------------------------------------------------------------------------

    def filter_by(self, show: Show) -> None:
        """Show all parents, those still working, or those that are over."""
        self._show = show
        for row, order in enumerate(self._orders.parents()):
            self.setRowHidden(row, QModelIndex(), not show.lets_through(order))

    def _rows_inserted(self, parent: QModelIndex, first: int, last: int) -> None:
        if not parent.isValid() and self._show is not Show.ALL:
            for row in range(first, last + 1):
                self._hide_or_show(row)

    def _data_changed(self, first: QModelIndex, last: QModelIndex) -> None:
        if self._show is not Show.ALL and not first.parent().isValid():
            for row in range(first.row(), last.row() + 1):
                self._hide_or_show(row)

    def _hide_or_show(self, row: int) -> None:
        order = self._orders.order_at(self._orders.index(row, 0))
        if order is not None:
            self.setRowHidden(row, QModelIndex(), not self._show.lets_through(order))

    def drawRow(self, painter: QPainter, options: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:  # noqa: N802 Qt's name
        # Under the whole row, branches included; the style sheet would swallow a cell's own background.
        flash = index.data(Qt.ItemDataRole.BackgroundRole)
        if flash is not None:
            painter.fillRect(options.rect, flash)
        super().drawRow(painter, options, index)

    # -- what is selected --------------------------------------------------------------------------------------------

    def selected(self) -> list[OrderSnapshot]:
        """Selected orders, top to bottom."""
        orders = (self._orders.order_at(index) for index in self.selectionModel().selectedRows())
        return [order for order in orders if order is not None]

    def cancel_selected(self) -> None:
        """Ask to cancel whatever is selected and still alive."""
        alive = {order.id: order for order in self.selected() if not order.terminal}
        ids = [order.id for order in alive.values() if order.parent_id not in alive]
        if ids:
            self.cancel_asked.emit(ids)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Delete:
            if not event.isAutoRepeat():
                self.cancel_selected()
        elif event.matches(QKeySequence.StandardKey.Copy):
            self._copy_rows()
        else:
            super().keyPressEvent(event)

    def _double_clicked(self, index: QModelIndex) -> None:
        order = self._orders.order_at(index)
        if order is not None and not order.terminal:
            self.modify_asked.emit(order.id)

    # -- the menu ----------------------------------------------------------------------------------------------------

    def _open_menu(self, at: QPoint) -> None:
        index = self.indexAt(at)
        menu = self.menu_for(index)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.viewport().mapToGlobal(at))

    def menu_for(self, index: QModelIndex) -> QMenu:
        """What can be done with the selection, and with the cell under the mouse."""
        menu = QMenu(self)
        orders = self.selected()
        alive = [order for order in orders if not order.terminal]
        one = alive[0] if len(alive) == 1 else None
        many = f" {len(alive)} orders" if len(alive) > 1 else ""
        add = partial(self._add, menu)
        add("cancel", f"Cancel{many}\tDel", self.cancel_selected, bool(alive))
        add("modify", "Modify…", lambda: self.modify_asked.emit(one.id if one else ""), one is not None)
        if one is not None and can_resolve(one):
            add("resolve", "I checked: it is not live…", lambda: self.resolve_asked.emit(one.id), True)
        pausable = [order.id for order in alive if can_pause(order)]
        resumable = [order.id for order in alive if can_resume(order)]
        if resumable and not pausable:
            add("resume", "Resume", lambda: self.resume_asked.emit(resumable), True)
        else:
            add("pause", "Pause", lambda: self.pause_asked.emit(pausable), bool(pausable))
        menu.addSeparator()
        cell = TITLES[index.column()].lower() if index.isValid() else "value"
        value = str(index.data(RAW_ROLE)) if index.isValid() else ""
        add("copy", f"Copy {cell}", lambda: _copy(value), index.isValid())
        add("copy", "Copy row" if len(orders) < 2 else f"Copy {len(orders)} rows", self._copy_rows, bool(orders))
        menu.addSeparator()
        add("expand", "Expand all", self.expandAll, True)
        add("collapse", "Collapse all", self.collapseAll, True)
        return menu

    def _add(self, menu: QMenu, icon: str, text: str, act: Callable[[], object], enabled: bool) -> None:
        action = menu.addAction(self._icons.icon(icon), text)
        action.triggered.connect(lambda _checked=False: act())
        action.setEnabled(enabled)

    def _copy_rows(self) -> None:
        rows = self.selectionModel().selectedRows()
        lines = ["\t".join(str(row.siblingAtColumn(column).data(RAW_ROLE)) for column in range(len(TITLES))) for row in rows]
        if lines:
            _copy("\n".join(["\t".join(TITLES), *lines]))


def _copy(text: str) -> None:
    QGuiApplication.clipboard().setText(text)
