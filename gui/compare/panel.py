"""The window of the comparison: beside the ticket, never in its way, and silent while nobody looks.

It is not modal, and it does not follow every tick: once a second is as often as a person reads a table, and all
strategies together cost some milliseconds. What is clicked becomes the ticket's strategy; nothing is sent from here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QModelIndex, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QHideEvent, QKeyEvent, QKeySequence, QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QDialog, QFrame, QHBoxLayout, QHeaderView, QTableView, QVBoxLayout, QWidget

from core.domain.enums import ExecutionStrategy
from core.domain.errors import FathomError
from gui.blotter.delegates import ROW_PX
from gui.compare.model import WIDTHS, Column, blank_rows, headline, rows_of
from gui.compare.table import RAW_ROLE, CompareModel
from gui.theme import Theme
from gui.ticket.small import ElidedLabel, label

if TYPE_CHECKING:
    from core.desk.desk import Desk
    from gui.ticket.widget import TicketWidget

REFRESH_MS = 1_000
_LEGEND = "★ cheapest that fills all    ≈ estimated, without drift and adverse selection    Click a row to use it"


class ComparePanel(QDialog):
    """All strategies for the ticket's order."""

    strategy_picked = Signal(object)  # ExecutionStrategy

    def __init__(self, desk: Desk, ticket: TicketWidget, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Tool)
        self.setWindowTitle("Compare strategies")
        self.setModal(False)
        self._desk, self._ticket = desk, ticket
        self.model = CompareModel(theme, ticket.grid, self)
        self.table = _StrategyTable(self.model)
        self._what = ElidedLabel("strong")
        self._said = ElidedLabel("muted")
        self._lay_out()
        self.resize(self.sizeHint())
        self._timer = QTimer(self)
        self._timer.setInterval(REFRESH_MS)
        self._timer.timeout.connect(self.refresh)
        self.table.clicked.connect(self._pick)
        self.table.activated.connect(self._pick)
        ticket.draft_changed.connect(self._refresh_if_seen)

    def _lay_out(self) -> None:
        head = QFrame()
        head.setProperty("role", "bar")
        head.setFixedHeight(30)
        row = QHBoxLayout(head)
        row.setContentsMargins(12, 0, 12, 0)
        row.addWidget(self._what, 1)
        foot = QFrame()
        foot.setProperty("role", "panel")
        foot.setFixedHeight(28)
        row = QHBoxLayout(foot)
        row.setContentsMargins(12, 0, 12, 0)
        row.addWidget(self._said, 1)
        row.addWidget(label(_LEGEND))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for part in (head, self.table, foot):
            layout.addWidget(part)

    def sizeHint(self) -> QSize:
        rows = len(self.model.rows) * ROW_PX + self.table.horizontalHeader().sizeHint().height()
        return QSize(sum(WIDTHS) + 16, rows + 62)

    @property
    def said(self) -> str:
        """Why there is nothing to compare; empty when there is."""
        return self._said.whole

    def refresh(self) -> None:
        """Compare now and show it."""
        draft, grid = self._ticket.draft, self._ticket.grid
        rows, trouble = blank_rows(), draft.problem
        if not trouble:
            try:
                rows = rows_of(self._desk.engine.compare(self._ticket.request()), grid)
            except FathomError as error:
                trouble = str(error)
        self.model.show_rows(rows, grid)
        self._mark_chosen(draft.strategy)
        self._what.say(headline(draft, grid))
        self._said.say(trouble or "")

    def _refresh_if_seen(self) -> None:
        if self.isVisible():
            self.refresh()

    def _mark_chosen(self, strategy: ExecutionStrategy) -> None:
        number = next((number for number, row in enumerate(self.model.rows) if row.strategy is strategy), None)
        if number is not None and self.table.currentIndex().row() != number:
            self.table.selectRow(number)

    def _pick(self, index: QModelIndex) -> None:
        self.strategy_picked.emit(self.model.rows[index.row()].strategy)
        self._mark_chosen(self._ticket.draft.strategy)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        self._timer.stop()
        super().hideEvent(event)


class _StrategyTable(QTableView):
    """Fixed rows; the last column takes what is left."""

    def __init__(self, model: CompareModel) -> None:
        super().__init__()
        self.setModel(model)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setMouseTracking(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setFrameShape(QFrame.Shape.NoFrame)
        rows = self.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(ROW_PX)
        columns = self.horizontalHeader()
        columns.setHighlightSections(False)
        columns.setStretchLastSection(True)
        for column, width in enumerate(WIDTHS):
            self.setColumnWidth(column, width)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            row = self.currentIndex().row()
            cells = (str(self.model().index(row, column).data(RAW_ROLE)) for column in Column)
            QGuiApplication.clipboard().setText("\t".join(cells))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.activated.emit(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.viewport().update()
