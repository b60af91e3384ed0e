"""Which strategy to use: the list, the button that compares them all, and one line about the chosen one.

The line is lent to whoever has something more urgent to say for a moment: a second line would stay empty most of the time.
"""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QSizePolicy, QToolButton, QWidget

from core.domain.enums import ExecutionStrategy
from gui.theme import Theme
from gui.ticket.entry import LABEL_PX
from gui.ticket.fields import description_of
from gui.ticket.small import ElidedLabel, label

_ROW_PX = 24


class StrategyChooser(QWidget):
    """Chooses one of `strategies`."""

    chosen = Signal(object)  # ExecutionStrategy
    compare_asked = Signal()

    def __init__(self, strategies: Iterable[ExecutionStrategy], theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.combo = QComboBox()
        self.combo.setMinimumWidth(0)
        self.combo.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.compare = QToolButton()
        self.compare.setText("Compare")
        self.compare.setToolTip("What every strategy would do with this order, side by side")
        self.compare.setProperty("role", "chip")
        self.compare.setFixedHeight(_ROW_PX)
        self.compare.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._interjected = "", ""
        self._describes = ElidedLabel("muted")
        self._describes.setFont(theme.ui_font(11))
        for strategy in strategies:
            self.combo.addItem(strategy.label, strategy)
        self._describe()
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setHorizontalSpacing(6)
        layout.setVerticalSpacing(1)
        layout.setColumnMinimumWidth(0, LABEL_PX)
        layout.setColumnStretch(1, 1)
        layout.addWidget(label("S&trategy", buddy=self.combo), 0, 0)
        layout.addWidget(self.combo, 0, 1)
        layout.addWidget(self.compare, 0, 2)
        layout.addWidget(self._describes, 1, 0, 1, 3)
        self.combo.currentIndexChanged.connect(self._changed)
        self.compare.clicked.connect(lambda _checked: self.compare_asked.emit())

    @property
    def value(self) -> ExecutionStrategy:
        return ExecutionStrategy(self.combo.currentData())

    def choose(self, strategy: ExecutionStrategy) -> None:
        """Choose it, if it can be traded; else all stays as it is."""
        if (number := self.combo.findData(strategy)) >= 0:
            self.combo.setCurrentIndex(number)

    def interject(self, text: str, role: str) -> None:
        """Say `text` instead of what the strategy does; empty gives the line back."""
        self._interjected = text, role
        self._describe()

    def _changed(self) -> None:
        self._describe()
        self.chosen.emit(self.value)

    def _describe(self) -> None:
        text, role = self._interjected
        self._describes.say(text or description_of(self.value), role if text else "muted")
