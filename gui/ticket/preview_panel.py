"""The planned children, one line each. Painted, because they change five times a second.

The list is the ticket's last part, because it alone changes its length: nothing that is read while the market
moves ever jumps. What the order costs in all is in the foot, see `figures.py`.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from gui.theme import Theme
from gui.ticket.preview import COLUMNS, Preview, PreviewRow

LINE_PX = 18
_INDENT_PX = 8
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_SHARES = (0.31, 0.23, 0.25, 0.21)  # widths of the columns


class PreviewPanel(QWidget):
    """Shows the children of one `Preview`; faded while it can't be sent."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._preview = Preview()
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
        return QSize(280, (1 + max(len(self._preview.rows), 1)) * LINE_PX)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(self.font())
        self._paint_line(painter, 0, COLUMNS, [self._theme.color("muted")] * len(COLUMNS))
        for number, row in enumerate(self._preview.rows, start=1):
            self._paint_row(painter, number, row)
        if not self._preview.rows and self._valid:
            painter.setPen(self._theme.color("muted"))
            painter.drawText(QRect(0, LINE_PX, self.width(), LINE_PX), _LEFT, "Nothing would be sent now.")
        painter.end()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() is QEvent.Type.ToolTip:
            line, rows = event.pos().y() // LINE_PX - 1, self._preview.rows
            QToolTip.showText(event.globalPos(), f"{rows[line].venue}: {rows[line].note}" if 0 <= line < len(rows) else "", self)
            return True
        return super().event(event)

    def _paint_row(self, painter: QPainter, number: int, row: PreviewRow) -> None:
        strength = 1.0 if self._valid else 0.5
        strong, muted = self._theme.color("text", strength), self._theme.color("muted", strength)
        painter.fillRect(QRect(0, number * LINE_PX + 5, 3, LINE_PX - 10), self._theme.venue_color(row.venue, strength))
        self._paint_line(painter, number, (row.venue, row.price, row.amount, row.fee), [strong, strong, strong, muted], indent=_INDENT_PX)

    def _paint_line(self, painter: QPainter, number: int, texts: tuple[str, ...], colors: list[QColor], indent: int = 0) -> None:
        left = 0
        for column, text in enumerate(texts):
            width = round(self.width() * _SHARES[column])
            painter.setPen(colors[column])
            first = column == 0
            inset = indent if first else 0
            box = QRect(left + inset, number * LINE_PX, width - inset, LINE_PX)
            # Venues differ at both ends of their names; a number that must be cut is cut where it shows.
            cut = Qt.TextElideMode.ElideMiddle if first else Qt.TextElideMode.ElideRight
            painter.drawText(box, _LEFT if first else _RIGHT, painter.fontMetrics().elidedText(text, cut, box.width()))
            left += width
