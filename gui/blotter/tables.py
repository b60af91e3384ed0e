"""How every plain table of the window is set up: fixed rows, no grid, the last column takes what is left."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from gui.blotter.delegates import ROW_PX
from gui.blotter.lists import PlainModel


def plain_table(model: PlainModel[Any]) -> QTableView:
    """A table of `model`, which the caller keeps alive."""
    table = QTableView()
    table.setModel(model)
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    vertical = table.verticalHeader()
    vertical.hide()
    vertical.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    vertical.setDefaultSectionSize(ROW_PX)
    table.horizontalHeader().setStretchLastSection(True)
    for column, shown in enumerate(model.columns):
        table.setColumnWidth(column, shown.width)
    return table
