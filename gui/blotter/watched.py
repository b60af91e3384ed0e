"""A table of what is now, read again while somebody looks at it and not otherwise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QLabel, QStackedLayout, QWidget

from gui.blotter.lists import UpToDate
from gui.blotter.tables import plain_table

LOOK_MS = 500
_R = TypeVar("_R")


class WatchedTable(QWidget, Generic[_R]):
    """The table, and the clock that keeps it up to date while it is shown.

    Args:
        read: the rows as they are now.
        nothing: said in place of an empty table.

    Attributes:
        model: what it shows.
    """

    def __init__(self, model: UpToDate[_R], read: Callable[[], Sequence[_R]], nothing: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = model
        self._read = read
        model.setParent(self)
        self._empty = QLabel(nothing)
        self._empty.setProperty("role", "muted")
        self._empty.setContentsMargins(12, 8, 12, 8)
        self._pages = QStackedLayout(self)
        self._pages.addWidget(self._empty)
        self._pages.addWidget(plain_table(model))
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self.look)

    def look(self) -> None:
        """Show what is now."""
        rows = self._read()
        self.model.show_rows(rows)
        self._pages.setCurrentIndex(1 if rows else 0)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.look()
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()
