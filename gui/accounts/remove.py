"""Asks before an account's keys are forgotten: the one thing here that can't be taken back."""

from __future__ import annotations

from PySide6.QtGui import QFont
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from gui.accounts.words import REMOVAL_DETAIL, Account, removal_question
from gui.theme import Theme
from gui.ticket.small import label

_WIDTH_PX = 400


class RemoveDialog(QDialog):
    """Asks about one account. Enter and Esc both go back."""

    def __init__(self, account: Account, mode: str, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Remove account")
        self.setMinimumWidth(_WIDTH_PX)
        asks = label(removal_question(account, mode), "strong")
        asks.setFont(theme.ui_font(15, QFont.Weight.DemiBold))
        detail = label(REMOVAL_DETAIL)
        detail.setWordWrap(True)
        self.back = QPushButton("Go back")
        self.back.setDefault(True)
        self.back.clicked.connect(self.reject)
        self.remove = QPushButton("Remove keys")
        self.remove.setProperty("role", "danger")
        self.remove.setAutoDefault(False)
        self.remove.clicked.connect(self.accept)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.back)
        row.addWidget(self.remove)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 12)
        column.setSpacing(6)
        column.addWidget(asks)
        column.addWidget(detail)
        column.addSpacing(6)
        column.addLayout(row)
        self.back.setFocus()
