"""What the order would cost, in eight figures. Painted, because they change five times a second.

They stand in the ticket's foot and never scroll: whoever presses the button has seen them.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, QSize, Qt
from PySide6.QtGui import QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from gui.theme import Theme
from gui.ticket.preview import Figure

LINE_PX = 17
_ROWS = 4
_GAP_PX = 16
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class FiguresPanel(QWidget):
    """Shows the figures of one preview in two columns; faded while it can't be sent."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._figures: tuple[Figure, ...] = ()
        self._valid = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(280, _ROWS * LINE_PX)

    def show_figures(self, figures: tuple[Figure, ...], *, valid: bool) -> None:
        if (figures, valid) != (self._figures, self._valid):
            self._figures, self._valid = figures, valid
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(self.font())
        for number, figure in enumerate(self._figures):
            cell = self._cell(number)
            painter.setPen(self._theme.color("muted"))
            painter.drawText(cell, _LEFT, figure.label)
            painter.setPen(self._theme.color(figure.tone or "text", 1.0 if self._valid else 0.5))
            painter.drawText(cell, _RIGHT, figure.text)
        painter.end()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() is QEvent.Type.ToolTip:
            helps = (figure.help for number, figure in enumerate(self._figures) if self._cell(number).contains(event.pos()))
            QToolTip.showText(event.globalPos(), next(helps, ""), self)
            return True
        return super().event(event)

    def _cell(self, number: int) -> QRect:
        """Two columns, row by row."""
        half = (self.width() - _GAP_PX) // 2
        return QRect(number % 2 * (half + _GAP_PX), number // 2 * LINE_PX, half, LINE_PX)
