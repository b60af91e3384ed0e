"""A question in the middle of a window that trades nothing yet: before live, always; and where a mode has no keys.

It is no dialog. A dialog has a default button, and Enter, pressed for something else a moment ago, would answer it. Here the keys
reach every answer (Tab and Space, or the underlined letter with Alt), Enter answers nothing, the focus starts on the question
itself, and the answer that costs money can be given only once it has been on the screen for a moment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QFont, QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from gui.theme import Theme
from gui.ticket.small import divider, label

READING_MS = 600
_WIDTH_PX = 520
_HINT = "Click, or Tab to an answer and press Space. Enter answers nothing here."


@dataclass(frozen=True, slots=True)
class Answer:
    """One button.

    Attributes:
        name: what `StartChoice.answered` returns.
        text: with an & before the letter that Alt presses.
        role: of the button in the style sheet.
        grave: it can be given only after a moment.
    """

    name: str
    text: str
    role: str = ""
    grave: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and why."""

    asks: str
    lines: Sequence[str]
    answers: Sequence[Answer]
    grave: bool = False


LIVE = Answer("live", "&Trade live", "danger", grave=True)
PAPER = Answer("paper", "&Paper instead")
ACCOUNTS = Answer("accounts", "&Accounts…", "primary")
ACCOUNTS_QUIETLY = Answer("accounts", "&Accounts…")
QUIT = Answer("quit", "&Quit", "quiet")


def live_question(exchanges: Sequence[str], *, emulated: bool) -> Question:
    """Before every start that could cost money; `exchanges` are those with keys. Qt-free."""
    named = ", ".join(exchanges)
    asks = f"Trade LIVE with real money on {named}?"
    what = "Every order is sent to these exchanges under your account, and paid with your money."
    if emulated:
        asks = f"Trade LIVE on {named}, played by the emulator?"
        what = "FATHOM_EMULATOR is set: a local program answers in the exchanges' place, and nothing here is real."
    lines = (what, "Nothing is connected yet. This is asked at every start.")
    return Question(asks, lines, (LIVE, PAPER, ACCOUNTS_QUIETLY, QUIT), grave=True)


def keys_question(mode: str, exchanges: Sequence[str] = ()) -> Question:
    """Where `mode` can't start for want of keys; `exchanges` are those that were asked for, if any were. Qt-free."""
    asks = f"No keys are known for {', '.join(exchanges)} in {mode}." if exchanges else f"No keys are known for any exchange in {mode}."
    where = "Make them on the exchange's test site or for its demo trading." if mode == "testnet" else "Make them on the exchange's site."
    lines = [
        f"{where} Allow reading and trading; never allow withdrawals.",
        "They are entered under Accounts, and kept in this system's own key store.",
    ]
    return Question(asks, lines, (ACCOUNTS, PAPER, QUIT))


class _AnswerButton(QPushButton):
    """Enter does not press it: some desktops' themes make every button take Enter, default or not."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            event.accept()
        else:
            super().keyPressEvent(event)


class StartChoice(QFrame):
    """Over the middle of `over`, until `answered` has returned."""

    def __init__(self, question: Question, theme: Theme, over: QWidget) -> None:
        super().__init__(over)
        self._over = over
        self._answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._reading = QTimer(self)
        self._reading.setSingleShot(True)
        self.setProperty("role", "choice")
        self.setProperty("grave", question.grave)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(question.asks)
        self.setFixedWidth(_WIDTH_PX)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 16)
        column.setSpacing(8)
        asks = label(question.asks, "error" if question.grave else "strong")
        asks.setFont(theme.ui_font(17, QFont.Weight.DemiBold))
        asks.setWordWrap(True)
        column.addWidget(asks)
        for line in question.lines:
            said = label(line, "")
            said.setWordWrap(True)
            column.addWidget(said)
        column.addSpacing(4)
        column.addWidget(divider())
        column.addSpacing(4)
        self.buttons: dict[str, QPushButton] = {}
        row = QHBoxLayout()
        row.setSpacing(8)
        for answer in question.answers:
            row.addWidget(self._button(answer))
        row.insertStretch(1 if question.grave else 0)
        in_turn = sorted(question.answers, key=lambda answer: answer.grave)  # the grave one is the furthest away
        for before, after in pairwise(in_turn):
            self.setTabOrder(self.buttons[before.name], self.buttons[after.name])
        column.addLayout(row)
        column.addWidget(label(_HINT))
        over.installEventFilter(self)
        self._reading.start(READING_MS)
        self._place()
        self.show()
        self.raise_()
        self.setFocus()

    @property
    def sentence(self) -> str:
        """What is asked."""
        return self.accessibleName()

    async def answered(self) -> str:
        """The name of the answer; the question is gone by then."""
        try:
            return await self._answer
        finally:
            self._reading.stop()
            self._over.removeEventFilter(self)
            self.hide()
            self.deleteLater()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Nothing by accident: a key that no button has taken is nobody's, also not the window's."""
        event.accept()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._over and event.type() == QEvent.Type.Resize:
            self._place()
        return super().eventFilter(watched, event)

    def _button(self, answer: Answer) -> QPushButton:
        button = _AnswerButton(answer.text, self)
        button.setProperty("role", answer.role)
        button.setAutoDefault(False)
        button.clicked.connect(lambda _checked=False, name=answer.name: self._give(name))
        if answer.grave:
            button.setEnabled(False)
            self._reading.timeout.connect(lambda: button.setEnabled(True))
        self.buttons[answer.name] = button
        return button

    def _give(self, name: str) -> None:
        if not self._answer.done():
            self._answer.set_result(name)

    def _place(self) -> None:
        self.adjustSize()
        self.move((self._over.width() - self.width()) // 2, (self._over.height() - self.height()) // 2)
