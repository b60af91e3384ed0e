"""The confirmation: the plan in words, and two buttons.

What the keys do was chosen so that neither a reflex nor a double press sends an order: the focus starts on
"Go back", so a plain Enter goes back; Ctrl+Enter, the ticket's own submit chord, confirms, but only
once the question has been on the screen for a moment; Esc backs out.

Dialogs are opened and awaited, never `exec()`ed: a nested event loop loses other tasks' wake-ups.
"""

from __future__ import annotations

import asyncio

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QFont, QKeySequence, QShortcut
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from gui.modes import ModeLook, look_of
from gui.theme import Theme
from gui.ticket.caution import Question
from gui.ticket.small import divider, label

READING_MS = 400
_WIDTH_PX = 420


class ConfirmDialog(QDialog):
    """Asks one `Question`. Where the order is real, `look` names the mode in the title, on top, and on the button."""

    def __init__(
        self, question: Question, submit_label: str, side: str, theme: Theme, parent: QWidget | None = None, *, look: ModeLook | None = None
    ) -> None:
        super().__init__(parent)
        self._look = look or look_of("demo")
        self.setWindowTitle(self._look.said("Confirm order"))
        self.setMinimumWidth(_WIDTH_PX)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 12)
        layout.setSpacing(6)
        if self._look.shout:
            badge = label(f"{self._look.badge} · REAL ORDER", self._look.role)
            badge.setFont(theme.ui_font(10, QFont.Weight.DemiBold))
            badge.setFixedHeight(20)
            layout.addWidget(badge, 0, Qt.AlignmentFlag.AlignLeft)
        asks = _wrapped(question.asks, "strong")
        asks.setFont(theme.ui_font(15, QFont.Weight.DemiBold))
        layout.addWidget(asks)
        for why in question.why:
            layout.addWidget(_wrapped(why, "warn"))
        layout.addSpacing(2)
        layout.addWidget(divider())
        for line in question.plan:
            layout.addWidget(_wrapped(line, ""))
        for warning in question.warnings:
            layout.addWidget(_wrapped(warning, "warn"))
        layout.addWidget(_wrapped("The market moves on while you read: it is planned again when it is sent.", "muted"))
        layout.addSpacing(6)
        layout.addLayout(self._buttons(submit_label, side))
        for keys in ("Ctrl+Return", "Ctrl+Enter"):
            QShortcut(QKeySequence(keys), self, self.confirm.click).setAutoRepeat(False)
        self._reading = QTimer(self)
        self._reading.setSingleShot(True)
        self._reading.timeout.connect(lambda: self.confirm.setEnabled(True))
        self._reading.start(READING_MS)

    def _buttons(self, submit_label: str, side: str) -> QHBoxLayout:
        self.back = QPushButton("Go back")
        self.back.setDefault(True)
        self.back.clicked.connect(self.reject)
        self.confirm = QPushButton(self._look.said(submit_label))
        self.confirm.setAutoDefault(False)
        self.confirm.setProperty("role", side)
        self.confirm.setToolTip("Ctrl+Enter")
        self.confirm.setEnabled(False)
        self.confirm.clicked.connect(self.accept)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.back)
        row.addWidget(self.confirm)
        self.back.setFocus()
        return row

    def done(self, result: int) -> None:
        self._reading.stop()
        super().done(result)


async def ask(dialog: QDialog) -> bool:
    """Open `dialog` and wait until it is accepted (True) or put away (False); a cancelled wait closes it."""
    answered: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def answer(result: int) -> None:
        if not answered.done():
            answered.set_result(result == QDialog.DialogCode.Accepted)

    dialog.finished.connect(answer)
    dialog.open()
    try:
        return await answered
    finally:
        dialog.close()
        dialog.deleteLater()


def _wrapped(text: str, role: str) -> QLabel:
    made = label(text, role)
    made.setWordWrap(True)
    made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return made
