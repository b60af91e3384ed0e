"""The plain tables: those that only grow (fills, log), newest on top, and those that are kept up to date (balances).

A table that grows is kept oldest first inside, so that a new row on top is an append, and forgets its oldest rows past a
bound. One that is kept up to date moves no row that stays: selection and scroll survive.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from gui.theme import Theme

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()
_R = TypeVar("_R")


@dataclass(frozen=True, slots=True)
class ListColumn(Generic[_R]):
    """One column: its title, how a row is shown in it, and the theme token of its colour ('' is the normal one)."""

    title: str
    width: int
    text: Callable[[_R], str]
    number: bool = False
    tone: Callable[[_R], str] = lambda _row: ""
    raw: Callable[[_R], str] | None = None


class PlainModel(QAbstractTableModel, Generic[_R]):
    """Rows of type R in the given columns."""

    RAW_ROLE = Qt.ItemDataRole.UserRole

    def __init__(self, columns: Sequence[ListColumn[_R]], theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        self._theme = theme
        self._rows: list[_R] = []

    def row(self, number: int) -> _R:
        """Row `number` from the top."""
        return self._rows[number]

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.columns[section].title
        return _alignment(self.columns[section].number) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        column, row = self.columns[index.column()], self.row(index.row())
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return column.text(row)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column.number)
        if role == Qt.ItemDataRole.ForegroundRole:
            tone = column.tone(row)
            return self._theme.color(tone) if tone else None
        if role == self.RAW_ROLE:
            return column.raw(row) if column.raw else column.text(row)
        return None


class NewestFirst(PlainModel[_R]):
    """A table that grows; at most `bound` rows."""

    def __init__(self, columns: Sequence[ListColumn[_R]], bound: int, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(columns, theme, parent)
        self._bound = bound

    def add(self, rows: Sequence[_R]) -> None:
        """Put `rows`, oldest first, on top."""
        rows = rows[-self._bound :]
        if not rows:
            return
        self.beginInsertRows(QModelIndex(), 0, len(rows) - 1)
        self._rows.extend(rows)
        self.endInsertRows()
        if (surplus := len(self._rows) - self._bound) > 0:
            self.beginRemoveRows(QModelIndex(), self._bound, len(self._rows) - 1)
            del self._rows[:surplus]
            self.endRemoveRows()

    def clear(self) -> None:
        """Forget every row: the table is about something else from now on."""
        if self._rows:
            self.beginRemoveRows(QModelIndex(), 0, len(self._rows) - 1)
            self._rows.clear()
            self.endRemoveRows()

    def row(self, number: int) -> _R:
        """Row `number` from the top."""
        return self._rows[len(self._rows) - 1 - number]


class UpToDate(PlainModel[_R]):
    """A table of what is now. `key` tells rows apart; they stand in the order they are given in."""

    def __init__(
        self, columns: Sequence[ListColumn[_R]], key: Callable[[_R], Hashable], theme: Theme, parent: QObject | None = None
    ) -> None:
        super().__init__(columns, theme, parent)
        self._key = key

    def show_rows(self, rows: Sequence[_R]) -> None:
        """Show exactly these, in this order; the order of those that stay must not change."""
        wanted = {self._key(row) for row in rows}
        for number in reversed(range(len(self._rows))):
            if self._key(self._rows[number]) not in wanted:
                self.beginRemoveRows(QModelIndex(), number, number)
                del self._rows[number]
                self.endRemoveRows()
        for number, row in enumerate(rows):
            if number >= len(self._rows) or self._key(self._rows[number]) != self._key(row):
                self.beginInsertRows(QModelIndex(), number, number)
                self._rows.insert(number, row)
                self.endInsertRows()
            elif self._rows[number] != row:
                self._rows[number] = row
                self.dataChanged.emit(self.index(number, 0), self.index(number, len(self.columns) - 1))


def _alignment(number: bool) -> Qt.AlignmentFlag:
    return (Qt.AlignmentFlag.AlignRight if number else Qt.AlignmentFlag.AlignLeft) | Qt.AlignmentFlag.AlignVCenter
