"""The live preview: what the order would cost, and the planned children. Painted, because it changes five times a second.

The figures come first and the list last, because only the list changes its length: nothing that is
read while the market moves ever jumps.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from gui.theme import Theme
from gui.ticket.preview import COLUMNS, Figure, Preview, PreviewRow

LINE_PX = 18
_GAP_PX = 4
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_SHARES = (0.34, 0.26, 0.22, 0.18)  # widths of the columns


class PreviewPanel(QWidget):
    """Shows one `Preview`; faded while it can't be sent."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._preview = Preview((), (), ())
        self._valid = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    @property
    def preview(self) -> Preview:
        return self._preview

    def show_preview(self, preview: Preview, *, valid: bool) -> None:
        if (preview, valid) != (self._preview, self._valid):
            self._preview, self._valid = preview, valid
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(280, self._list_top() + (1 + max(len(self._preview.rows), 1)) * LINE_PX)

    def _list_top(self) -> int:
        return (len(self._preview.figures) + 1) // 2 * LINE_PX + 2 * _GAP_PX

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(self.font())
        self._paint_line(painter, 0, COLUMNS, [self._theme.color("muted")] * len(COLUMNS))
        for number, row in enumerate(self._preview.rows, start=1):
            self._paint_row(painter, number, row)
        if not self._preview.rows and self._valid:
            painter.setPen(self._theme.color("muted"))
            painter.drawText(QRect(0, self._list_top() + LINE_PX, self.width(), LINE_PX), _LEFT, "Nothing would be sent now.")
        painter.setPen(self._theme.color("divider"))
        painter.drawLine(0, self._list_top() - _GAP_PX, self.width(), self._list_top() - _GAP_PX)
        for number, figure in enumerate(self._preview.figures):
            self._paint_figure(painter, self._cell(number), figure)
        painter.end()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() is QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self._help_at(event.pos()), self)
            return True
        return super().event(event)

    def _help_at(self, at: QPoint) -> str:
        for number, figure in enumerate(self._preview.figures):
            if self._cell(number).contains(at):
                return figure.help
        line = (at.y() - self._list_top()) // LINE_PX - 1
        rows = self._preview.rows
        return f"{rows[line].venue}: {rows[line].note}" if 0 <= line < len(rows) else ""

    def _cell(self, number: int) -> QRect:
        """Figures stand in two columns, left column first row by row."""
        half = (self.width() - 16) // 2
        return QRect(number % 2 * (half + 16), number // 2 * LINE_PX, half, LINE_PX)

    def _paint_row(self, painter: QPainter, number: int, row: PreviewRow) -> None:
        strength = 1.0 if self._valid else 0.5
        strong, muted = self._theme.color("text", strength), self._theme.color("muted", strength)
        swatch = QRect(0, self._list_top() + number * LINE_PX + 5, 3, LINE_PX - 10)
        painter.fillRect(swatch, self._theme.venue_color(row.venue, strength))
        self._paint_line(painter, number, (row.venue, row.price, row.amount, row.fee), [strong, strong, strong, muted], indent=8)

    def _paint_line(self, painter: QPainter, number: int, texts: tuple[str, ...], colors: list[QColor], indent: int = 0) -> None:
        left = 0
        for column, text in enumerate(texts):
            width = round(self.width() * _SHARES[column])
            painter.setPen(colors[column])
            first = column == 0
            inset = indent if first else 0
            box = QRect(left + inset, self._list_top() + number * LINE_PX, width - inset, LINE_PX)
            fitting = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, box.width())
            painter.drawText(box, _LEFT if first else _RIGHT, fitting)
            left += width

    def _paint_figure(self, painter: QPainter, cell: QRect, figure: Figure) -> None:
        painter.setPen(self._theme.color("muted"))
        painter.drawText(cell, _LEFT, figure.label)
        painter.setPen(self._theme.color(figure.tone or "text", 1.0 if self._valid else 0.5))
        painter.drawText(cell, _RIGHT, figure.text)
