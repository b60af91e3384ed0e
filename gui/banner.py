"""The strip beside the menus that says what went wrong, or asks what can't be decided without the trader.

It takes no focus, and it lives in room that is empty anyway: a strip that pushed the window down would move
buttons under a clicking hand. It stays until answered, because a trader may be looking elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

if TYPE_CHECKING:  # it imports asyncio, which the window does not wait for
    from gui.reporter import Report

HEIGHT_PX = 24


class Banner(QFrame):
    """One sentence and its buttons."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "banner")
        self.setFixedHeight(HEIGHT_PX)
        self._text = QLabel(self)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._buttons: list[QPushButton] = []
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(12, 0, 4, 0)
        self._row.setSpacing(8)
        self._row.addWidget(self._text, 1)
        self._question = False
        self.hide()

    @property
    def text(self) -> str:
        return self._text.text()

    def show_report(self, report: Report) -> None:
        """An error. A question that is being asked stays; the error is in the log."""
        if self._question:
            return
        times = f"  (×{report.count:,})" if report.count > 1 else ""
        self._say(report.sentence + times, [("Dismiss", self.hide)])

    def ask(self, question: str, answers: list[tuple[str, str, Callable[[], None]]]) -> None:
        """A question with `(label, role, action)` answers; any answer closes it. The first is not pre-selected."""
        self._say(question, [(label, self._answered(action)) for label, _, action in answers], [role for _, role, _ in answers])
        self._question = True

    def answer(self, label: str) -> None:
        """Press the button called `label`."""
        next(button for button in self._buttons if button.text() == label).click()

    def _answered(self, action: Callable[[], None]) -> Callable[[], None]:
        def close_and_act() -> None:
            self._question = False
            self.hide()
            action()

        return close_and_act

    def _say(self, text: str, buttons: list[tuple[str, Callable[[], None]]], roles: list[str] | None = None) -> None:
        self._text.setText(text)
        self._text.setToolTip(text)
        for old in self._buttons:
            self._row.removeWidget(old)
            old.deleteLater()
        self._buttons = []
        for i, (label, action) in enumerate(buttons):
            button = QPushButton(label, self)
            button.setProperty("role", roles[i] if roles else "quiet")
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(lambda _checked=False, act=action: act())
            self._row.addWidget(button)
            self._buttons.append(button)
        self.show()
