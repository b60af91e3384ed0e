"""The coloured line around whatever is a window of its own: what a click costs there is seen from the corner of an eye."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from gui.theme import Theme

BORDER_PX = 2


def paint_edge(widget: QWidget, color: QColor) -> None:
    """For use in a `paintEvent`."""
    painter = QPainter(widget)
    painter.setPen(color)
    for edge in range(BORDER_PX):
        painter.drawRect(widget.rect().adjusted(edge, edge, -edge - 1, -edge - 1))
    painter.end()


class Edge(QWidget):
    """The line on top of a widget whose layout has no room for one, such as a dock's. It takes no clicks."""

    def __init__(self, theme: Theme, over: QWidget) -> None:
        super().__init__(over)
        self._over = over
        self._theme = theme
        self._color = ""
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def show_in(self, color: str) -> None:
        """Be seen in this colour of the theme; empty: not at all."""
        self._color = color
        self.setVisible(bool(color))
        self.follow()

    def follow(self) -> None:
        """Be as large as what it is over, and above all that is in it."""
        self.resize(self._over.size())
        self.raise_()
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self._color:
            paint_edge(self, self._theme.color(self._color))
