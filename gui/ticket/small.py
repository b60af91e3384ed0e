"""Small parts the ticket and the dialogs are put together from."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from gui.theme import set_role


class Segmented(QWidget):
    """A few choices side by side, exactly one of them chosen."""

    chosen = Signal(object)

    def __init__(self, choices: Sequence[tuple[object, str]], *, sided: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._values = [value for value, _ in choices]
        self._group = QButtonGroup(self)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for number, (value, text) in enumerate(choices):
            button = QToolButton(self)
            button.setText(text)
            button.setCheckable(True)
            button.setProperty("role", "segment")
            if sided:
                button.setProperty("side", str(value))
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            self._group.addButton(button, number)
            layout.addWidget(button)
        self._group.button(0).setChecked(True)
        self._group.idToggled.connect(self._toggled)

    @property
    def value(self) -> object:
        return self._values[self._group.checkedId()]

    def choose(self, value: object) -> None:
        self._group.button(self._values.index(value)).setChecked(True)

    def button(self, value: object) -> QToolButton:
        found = self._group.button(self._values.index(value))
        assert isinstance(found, QToolButton)
        return found

    def set_height(self, pixels: int) -> None:
        for button in self._group.buttons():
            button.setFixedHeight(pixels)

    def _toggled(self, number: int, checked: bool) -> None:
        if checked:
            self.chosen.emit(self._values[number])


class ElidedLabel(QLabel):
    """One line that never asks for more width than it gets; the whole text is its tooltip."""

    def __init__(self, role: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._whole = ""
        self.setProperty("role", role)
        self.setMinimumWidth(0)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def say(self, text: str, role: str | None = None) -> None:
        if role is not None:
            set_role(self, role)
        if text != self._whole:
            self._whole = text
            self._elide()

    @property
    def whole(self) -> str:
        """The text before it was shortened."""
        return self._whole

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._elide()

    def _elide(self) -> None:
        shown = self.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideRight, self.width())
        self.setText(shown)
        self.setToolTip(self._whole if shown != self._whole else "")


def label(text: str, role: str = "muted", *, buddy: QWidget | None = None) -> QLabel:
    made = QLabel(text)
    made.setProperty("role", role)
    if buddy is not None:
        made.setBuddy(buddy)
    return made


def divider() -> QFrame:
    line = QFrame()
    line.setProperty("role", "divider")
    line.setFixedHeight(1)
    return line


def tool(text: str, act: Callable[[], None], role: str = "chip", tip: str = "") -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setProperty("role", role)
    button.setToolTip(tip)
    button.clicked.connect(lambda _checked: act())
    return button


def quietly_set(target: QLabel, text: str) -> None:
    """Set a label's text only when it differs: a repaint saved is a frame saved."""
    if target.text() != text:
        target.setText(text)
