"""The table of strategies: ten rows that never move, repainted only where a text changed."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QFont

from gui.compare.model import HELP, NUMBERS, Column, CompareRow, blank_rows, titles
from gui.theme import Theme
from gui.ticket.grid import Grid

Index = QModelIndex | QPersistentModelIndex
RAW_ROLE = Qt.ItemDataRole.UserRole
_NOWHERE = QModelIndex()


class CompareModel(QAbstractTableModel):
    """Rows of `CompareRow`."""

    def __init__(self, theme: Theme, grid: Grid, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._titles = titles(grid)
        self._rows = blank_rows()
        self._bold = theme.ui_font(weight=QFont.Weight.DemiBold)
        theme.changed.connect(self._repaint)

    @property
    def rows(self) -> tuple[CompareRow, ...]:
        return self._rows

    def show_rows(self, rows: tuple[CompareRow, ...], grid: Grid) -> None:
        """Show `rows`; only those that differ are repainted."""
        if titles(grid) != self._titles:
            self._titles = titles(grid)
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(Column) - 1)
        before, self._rows = self._rows, rows
        for number, row in enumerate(rows):
            if number >= len(before) or row != before[number]:
                self.dataChanged.emit(self.index(number, 0), self.index(number, len(Column) - 1))

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(Column)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._titles[section]
        if role == Qt.ItemDataRole.ToolTipRole:
            return HELP[section]
        return _alignment(section) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row, column = self._rows[index.row()], index.column()
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return row.cells[column]
            case Qt.ItemDataRole.ToolTipRole:
                return row.help
            case Qt.ItemDataRole.TextAlignmentRole:
                return _alignment(column)
            case Qt.ItemDataRole.ForegroundRole:
                return self._theme.color(_tone(row, column))
            case Qt.ItemDataRole.FontRole:
                return self._bold if row.best and column != Column.NOTE else None
        return row.raw[column] if role == RAW_ROLE else None

    def _repaint(self) -> None:
        self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, len(Column) - 1))


def _tone(row: CompareRow, column: int) -> str:
    if not row.serves or column == Column.NOTE:
        return "muted"
    if column == Column.ALL_IN and row.gains:
        return "ok"
    return "strong" if row.best else "text"


def _alignment(column: int) -> Qt.AlignmentFlag:
    return (Qt.AlignmentFlag.AlignRight if column in NUMBERS else Qt.AlignmentFlag.AlignLeft) | Qt.AlignmentFlag.AlignVCenter
