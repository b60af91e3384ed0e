"""Paints a `Sheet`: blocks of figures side by side, or below each other where the dock is narrow.

Painted rather than made of labels, because the figures of a running order change every second and must not move.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QFont, QHelpEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from gui.inspector.costs import Line, Sheet
from gui.theme import Theme

LINE_PX = 18
_INSET_PX = 12
_GAP_PX = 24
_TWO_BLOCKS_FROM_PX = 560
_TWO_PLAIN_BLOCKS_FROM_PX = 380  # without a second column of figures
_SECOND_PX = 92
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class SheetView(QWidget):
    """Shows one sheet; its height follows from its width."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._sheet = Sheet()
        self._strong = theme.ui_font(weight=QFont.Weight.DemiBold)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    @property
    def sheet(self) -> Sheet:
        return self._sheet

    def show_sheet(self, sheet: Sheet) -> None:
        if sheet != self._sheet:
            self._sheet = sheet
            self._fit()
            self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        self.setFixedHeight(max((rect.bottom() for rect, _ in self._places()), default=LINE_PX) + 8)

    def sizeHint(self) -> QSize:
        return QSize(440, self.height())

    def minimumSizeHint(self) -> QSize:
        return QSize(200, self.height())

    def _places(self) -> list[tuple[QRect, Line]]:
        """Where each line stands."""
        full = any(line.second for block in self._sheet.blocks for line in block)
        wide = self.width() >= (_TWO_BLOCKS_FROM_PX if full else _TWO_PLAIN_BLOCKS_FROM_PX)
        places: list[tuple[QRect, Line]] = []
        width = (self.width() - 2 * _INSET_PX - _GAP_PX) // 2 if wide else self.width() - 2 * _INSET_PX
        top = 2
        for number, block in enumerate(self._sheet.blocks):
            left = _INSET_PX + (width + _GAP_PX) * number if wide else _INSET_PX
            for row, line in enumerate(block):
                places.append((QRect(left, top + row * LINE_PX, width, LINE_PX), line))
            if not wide:
                top += len(block) * LINE_PX + 8
        return places

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        for rect, line in self._places():
            self._paint_line(painter, rect, line)
        painter.end()

    def _paint_line(self, painter: QPainter, rect: QRect, line: Line) -> None:
        painter.setFont(self._strong if line.strong else self.font())
        if line.heading or line.strong:
            painter.setPen(self._theme.color("divider"))
            painter.drawLine(rect.left(), rect.bottom(), rect.right(), rect.bottom())
        second = _SECOND_PX if self._has_second(line) else 0
        text_width = painter.fontMetrics().horizontalAdvance(line.text)
        room = rect.width() - second - min(text_width, rect.width() * 2 // 3) - 8
        painter.setPen(self._theme.color("strong" if line.strong else "muted"))
        painter.drawText(rect, _LEFT, painter.fontMetrics().elidedText(line.label, Qt.TextElideMode.ElideRight, max(room, 40)))
        figure = "muted" if line.heading else line.tone or ("strong" if line.strong else "text")
        # The price of a benchmark is no judgement; only what stands beside it is.
        painter.setPen(self._theme.color("text" if line.second and line.tone and not self._both_judge(line) else figure))
        shown = painter.fontMetrics().elidedText(line.text, Qt.TextElideMode.ElideRight, rect.width() - second - 48)
        painter.drawText(rect.adjusted(0, 0, -second, 0), _RIGHT, shown)
        painter.setPen(self._theme.color(figure))
        painter.drawText(rect, _RIGHT, line.second)

    def _has_second(self, line: Line) -> bool:
        """Whether the block has a second column, so that its first one stays in line."""
        return any(other.second for block in self._sheet.blocks if line in block for other in block)

    @staticmethod
    def _both_judge(line: Line) -> bool:
        """A cost in quote and in bps are the same judgement: signed both."""
        return line.text[:1] in "+\u2212"

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() is QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self._help_at(event.pos()), self)
            return True
        return super().event(event)

    def _help_at(self, at: QPoint) -> str:
        return next((line.help for rect, line in self._places() if rect.contains(at)), "")
