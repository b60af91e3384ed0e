"""Painting of rows, and of the Filled cell: a bar, a mark where the schedule wants it to be, and the percentage.

`paint` must never raise: Qt would call it again for every frame.
"""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from core.domain.orders import OrderSnapshot
from gui.blotter.orders_model import FILLED_ROLE, ORDER_ROLE
from gui.blotter.rows import Column
from gui.theme import Theme

ROW_PX = 22
_TEXT_PX = 52
_BAR_PX = 6
_MARGIN_PX = 6


class RowDelegate(QStyledItemDelegate):
    """Rows of `ROW_PX`."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:  # noqa: N802 Qt's name
        super().initStyleOption(option, index)
        if isinstance(index.data(ORDER_ROLE), OrderSnapshot) and index.column() == Column.ORDER:
            option.textElideMode = Qt.TextElideMode.ElideMiddle  # venues differ at both ends of their names

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(super().sizeHint(option, index).width(), ROW_PX)


class FilledDelegate(RowDelegate):
    """`▬▬▬|──  62.5 %`."""

    def __init__(self, theme: Theme, view: QWidget) -> None:
        super().__init__(view)
        self._theme, self._view = theme, view

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        order, filled = index.data(ORDER_ROLE), index.data(FILLED_ROLE)
        if not isinstance(order, OrderSnapshot) or filled is None:
            super().paint(painter, option, index)
            return
        self._paint_background(painter, option, index)
        box: QRect = option.rect
        self._paint_bar(painter, box.adjusted(_MARGIN_PX, 0, -_TEXT_PX - _MARGIN_PX, 0), order, *filled)
        painter.setPen(self._theme.color("muted" if order.terminal else "text"))
        painter.setFont(option.font)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(box.adjusted(0, 0, -_MARGIN_PX, 0), right, str(index.data()))

    def _paint_background(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        bare = QStyleOptionViewItem(option)
        self.initStyleOption(bare, index)
        bare.text = ""
        self._view.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, bare, painter, self._view)

    def _paint_bar(self, painter: QPainter, box: QRect, order: OrderSnapshot, filled: float, wanted: float | None) -> None:
        if box.width() <= 0:
            return
        bar = QRect(box.left(), box.center().y() - _BAR_PX // 2 + 1, box.width(), _BAR_PX)
        painter.fillRect(bar, self._theme.color("divider"))
        color = self._theme.color("muted", 0.7) if order.terminal and filled < 1 else self._theme.side_color(order.side, 0.85)
        painter.fillRect(QRect(bar.left(), bar.top(), round(bar.width() * min(filled, 1.0)), _BAR_PX), color)
        if wanted is not None:
            painter.fillRect(
                QRect(bar.left() + round((bar.width() - 2) * wanted), bar.top() - 3, 2, _BAR_PX + 6), self._theme.color("strong")
            )
