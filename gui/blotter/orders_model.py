"""Parents, newest on top, and their children, in the order they were made: a tree that is told of changes and never reset.

The bridge hands over the *latest* event of each order, so a child may arrive before the parent that made
it: children wait here until their parent is known. Indexes carry a number that stands for the order; Qt
keeps it while rows move above.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt, QTimer
from PySide6.QtGui import QColor, QFont

from core.domain.orders import OrderSnapshot
from gui.blotter.rows import NUMBERS, TITLES, Column, DigitsOf, fraction_filled, fraction_wanted, raw, texts, venues_of
from gui.blotter.wording import is_pending, state_of
from gui.theme import Theme

Index = QModelIndex | QPersistentModelIndex
ORDER_ROLE = Qt.ItemDataRole.UserRole  # OrderSnapshot
FILLED_ROLE = Qt.ItemDataRole.UserRole + 1  # (filled, wanted or None) as fractions, floats for drawing
RAW_ROLE = Qt.ItemDataRole.UserRole + 2  # what copying gives
FLASH_MS = 600
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_NOWHERE = QModelIndex()


@dataclass(slots=True)
class _Node:
    """One row. `place` counts from the oldest sibling."""

    number: int
    order: OrderSnapshot
    place: int
    parent: _Node | None = None
    children: list[_Node] = field(default_factory=list)
    cells: tuple[str, ...] | None = None
    flashing: bool = False


class OrdersModel(QAbstractItemModel):
    """The tree of orders.

    Args:
        digits: decimals of a symbol.
    """

    def __init__(self, digits: DigitsOf, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._digits, self._theme = digits, theme
        self._numbers = itertools.count(1)
        self._by_number: dict[int, _Node] = {}
        self._by_id: dict[str, _Node] = {}
        self._parents: list[_Node] = []  # oldest first: a new one on top moves nothing in this list
        self._waiting: dict[str, list[OrderSnapshot]] = {}
        self._flash = QTimer(self)
        self._flash.setSingleShot(True)
        self._flash.setInterval(FLASH_MS)
        self._flash.timeout.connect(self._end_flash)
        self._flashing: list[_Node] = []
        self._italic = QFont(theme.ui_font())
        self._italic.setItalic(True)
        theme.changed.connect(self._repaint_all)

    # -- what the desk says ------------------------------------------------------------------------------------------

    def tell(self, orders: Iterable[OrderSnapshot]) -> None:
        """Take in orders as they are now; at most one snapshot of each, in any order."""
        fresh: dict[str, list[OrderSnapshot]] = {}
        new_parents: list[OrderSnapshot] = []
        for order in orders:
            if (node := self._by_id.get(order.id)) is not None:
                self._update(node, order)
            elif order.parent_id is None:
                new_parents.append(order)
            else:
                fresh.setdefault(order.parent_id, []).append(order)
        self._add_parents(new_parents)
        for order in new_parents:
            if waiting := self._waiting.pop(order.id, None):
                fresh[order.id] = waiting + fresh.get(order.id, [])
        for parent_id, children in fresh.items():
            if (parent := self._by_id.get(parent_id)) is None:
                self._wait(parent_id, children)
            else:
                self._add_children(parent, children)

    def _wait(self, parent_id: str, children: list[OrderSnapshot]) -> None:
        """Keep the latest of each until their parent comes."""
        latest = {order.id: order for order in [*self._waiting.get(parent_id, []), *children]}
        self._waiting[parent_id] = list(latest.values())

    def _add_parents(self, orders: list[OrderSnapshot]) -> None:
        if not orders:
            return
        orders.sort(key=lambda order: order.created_us)
        self.beginInsertRows(QModelIndex(), 0, len(orders) - 1)
        for order in orders:
            self._parents.append(self._node(order, len(self._parents), None))
        self.endInsertRows()

    def _add_children(self, parent: _Node, orders: list[OrderSnapshot]) -> None:
        made = {order_id: place for place, order_id in enumerate(parent.order.children)}
        latest = {order.id: order for order in orders}.values()
        ordered = sorted(latest, key=lambda order: (made.get(order.id, len(made)), order.created_us))
        first = len(parent.children)
        self.beginInsertRows(self._index_of(parent), first, first + len(ordered) - 1)
        for order in ordered:
            parent.children.append(self._node(order, len(parent.children), parent))
        self.endInsertRows()

    def _node(self, order: OrderSnapshot, place: int, parent: _Node | None) -> _Node:
        node = _Node(next(self._numbers), order, place, parent)
        self._by_number[node.number] = self._by_id[order.id] = node
        return node

    def _update(self, node: _Node, order: OrderSnapshot) -> None:
        if order.filled_amount > node.order.filled_amount and not node.flashing:
            node.flashing = True
            self._flashing.append(node)
            if not self._flash.isActive():
                self._flash.start()
        node.order, node.cells = order, None
        self._changed(node)

    def _end_flash(self) -> None:
        ended, self._flashing = self._flashing, []
        for node in ended:
            node.flashing = False
            self._changed(node)

    def _changed(self, node: _Node) -> None:
        self.dataChanged.emit(self._index_of(node), self._index_of(node, len(TITLES) - 1))

    def _repaint_all(self) -> None:
        if self._parents:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._parents) - 1, len(TITLES) - 1))

    # -- looking up --------------------------------------------------------------------------------------------------

    def order_at(self, index: Index) -> OrderSnapshot | None:
        node = self._by_number.get(index.internalId()) if index.isValid() else None
        return node.order if node else None

    def order(self, order_id: str) -> OrderSnapshot | None:
        node = self._by_id.get(order_id)
        return node.order if node else None

    def index_of(self, order_id: str) -> QModelIndex:
        """Where an order is; invalid when it isn't shown."""
        node = self._by_id.get(order_id)
        return self._index_of(node) if node else QModelIndex()

    def parents(self) -> list[OrderSnapshot]:
        """Newest first, as the rows are."""
        return [node.order for node in reversed(self._parents)]

    def _row(self, node: _Node) -> int:
        return node.place if node.parent else len(self._parents) - 1 - node.place

    def _index_of(self, node: _Node, column: int = 0) -> QModelIndex:
        return self.createIndex(self._row(node), column, node.number)

    # -- what Qt asks ------------------------------------------------------------------------------------------------

    def index(self, row: int, column: int, parent: Index = _NOWHERE) -> QModelIndex:
        if not self.hasIndex(row, column, parent):
            return QModelIndex()
        if not parent.isValid():
            return self._index_of(self._parents[len(self._parents) - 1 - row], column)
        return self._index_of(self._by_number[parent.internalId()].children[row], column)

    def parent(self, index: Index = _NOWHERE) -> Any:
        node = self._by_number.get(index.internalId()) if index.isValid() else None
        return self._index_of(node.parent) if node and node.parent else QModelIndex()

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        if not parent.isValid():
            return len(self._parents)
        return len(self._by_number[parent.internalId()].children) if parent.column() == 0 else 0

    def columnCount(self, _parent: Index = _NOWHERE) -> int:
        return len(TITLES)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return TITLES[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if section in NUMBERS else _LEFT
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        node = self._by_number.get(index.internalId()) if index.isValid() else None
        if node is None:
            return None
        column = index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            if node.cells is None:
                node.cells = texts(node.order, self._digits(node.order.symbol, *venues_of(node.order)))
            return node.cells[column]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if column in NUMBERS else _LEFT
        if role == Qt.ItemDataRole.ForegroundRole:
            return self._color(node, column)
        if role == Qt.ItemDataRole.FontRole:
            return self._italic if is_pending(node.order) else None
        if role == Qt.ItemDataRole.BackgroundRole:
            return self._theme.side_color(node.order.side, 0.22) if node.flashing else None
        return self._more(node, column, role)

    def _more(self, node: _Node, column: int, role: int) -> Any:
        if role == ORDER_ROLE:
            return node.order
        if role == FILLED_ROLE:
            wanted = fraction_wanted(node.order)
            return float(fraction_filled(node.order)), None if wanted is None else float(wanted)
        if role == RAW_ROLE:
            return raw(node.order, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return _tooltip(node.order, column)
        return None

    def _color(self, node: _Node, column: int) -> QColor | None:
        order = node.order
        if column == Column.STATUS:
            return self._theme.color(state_of(order).tone)
        if column == Column.ORDER:
            return self._theme.side_color(order.side, 0.7 if order.terminal else 1.0)
        if column == Column.REASON:
            return self._theme.color("warn" if order.flags else "muted")
        return self._theme.color("muted") if order.terminal or column == Column.TIME else None


def _tooltip(order: OrderSnapshot, column: int) -> str | None:
    if column == Column.STATUS:
        return state_of(order).help or None
    if column == Column.ORDER:
        return f"{order.exchange}\n{order.id}" if order.exchange else order.id
    if column == Column.REASON:
        return order.reason or None
    return None
