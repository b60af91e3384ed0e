"""The list of accounts: what tells them apart, and nothing that could be used."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from gui.accounts.words import Account, row_of

_HEIGHT_PX = 134
_ROW_PX = 22
_COLUMNS = ("Exchange", "Label", "Key", "Kept in")
_WIDTHS_PX = (120, 190, 90)


class AccountList(QTreeWidget):
    """One line per account; at most one is chosen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._accounts: Sequence[Account] = ()
        self.setColumnCount(len(_COLUMNS))
        self.setHeaderLabels(list(_COLUMNS))
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setFixedHeight(_HEIGHT_PX)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setAccessibleName("Accounts")
        header = self.header()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setStretchLastSection(True)
        header.setSectionsClickable(False)
        for column, width in enumerate(_WIDTHS_PX):
            header.resizeSection(column, width)

    @property
    def accounts(self) -> Sequence[Account]:
        """Those shown."""
        return self._accounts

    @property
    def chosen(self) -> Account | None:
        """The selected one."""
        selected = self.selectedItems()
        return self._accounts[self.indexOfTopLevelItem(selected[0])] if selected else None

    def show_accounts(self, accounts: Sequence[Account], *, writable: bool) -> None:
        """Show these, none of them chosen. `writable`: they are in the key store."""
        self._accounts = tuple(accounts)
        self.clear()
        for account in self._accounts:
            item = QTreeWidgetItem(list(row_of(account, writable=writable)))
            item.setSizeHint(0, QSize(0, _ROW_PX))
            self.addTopLevelItem(item)

    def choose(self, exchange: str) -> None:
        """Select the account of `exchange`, if it is there."""
        for row, account in enumerate(self._accounts):
            if account.exchange == exchange and (item := self.topLevelItem(row)) is not None:
                self.setCurrentItem(item)
