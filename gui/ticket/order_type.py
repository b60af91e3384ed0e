"""Which kind of order: two segments for the everyday ones, and a third that holds the five triggers in a menu.

The third always shows the trigger chosen last, so that a trader who works with one kind of stop gets it back
with one choice, and nothing changes its width.
"""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QMenu, QSizePolicy, QToolButton, QWidget

from core.domain.enums import OrderType

NAMES = {
    OrderType.LIMIT: "Limit",
    OrderType.MARKET: "Market",
    OrderType.STOP: "Stop",
    OrderType.STOP_LIMIT: "Stop limit",
    OrderType.TAKE_PROFIT: "Take profit",
    OrderType.TAKE_PROFIT_LIMIT: "Take profit limit",
    OrderType.TRAILING_STOP: "Trailing stop",
}
HELP = {
    OrderType.STOP: "Trades at the market once the price runs against you: a buy above the market, a sell below it.",
    OrderType.STOP_LIMIT: "As a stop, but becomes a limit order when it fires.",
    OrderType.TAKE_PROFIT: "Trades at the market once the price comes your way: a buy below the market, a sell above it.",
    OrderType.TAKE_PROFIT_LIMIT: "As a take-profit, but becomes a limit order when it fires.",
    OrderType.TRAILING_STOP: "A stop that follows the best price and fires when the market turns by the trail.",
}


class OrderTypeChooser(QWidget):
    """Exactly one order type is chosen."""

    chosen = Signal(object)  # OrderType

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._value = OrderType.LIMIT
        self._group = QButtonGroup(self)
        self._buttons = {kind: self._segment(NAMES[kind]) for kind in (OrderType.LIMIT, OrderType.MARKET)}
        self.triggers = self._segment("")
        self.triggers.setToolTip("Stops and take-profits")
        self.triggers.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.triggers.setMenu(self._menu())
        self._name_trigger(OrderType.STOP)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for button, stretch in (*((button, 2) for button in self._buttons.values()), (self.triggers, 3)):
            layout.addWidget(button, stretch)
        for kind, button in self._buttons.items():
            button.clicked.connect(partial(self._clicked, kind))
        self._buttons[OrderType.LIMIT].setChecked(True)

    @property
    def value(self) -> OrderType:
        return self._value

    def choose(self, kind: OrderType) -> None:
        """As if the trader had."""
        if kind.waits:
            self._name_trigger(kind)
            self._actions[kind].setChecked(True)
        (self.triggers if kind.waits else self._buttons[kind]).setChecked(True)
        if kind is not self._value:
            self._value = kind
            self.chosen.emit(kind)

    def set_height(self, pixels: int) -> None:
        for button in (*self._buttons.values(), self.triggers):
            button.setFixedHeight(pixels)

    def _segment(self, text: str) -> QToolButton:
        button = QToolButton(self)
        button.setText(text)
        button.setCheckable(True)
        button.setProperty("role", "segment")
        button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._group.addButton(button)
        return button

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        group = QActionGroup(menu)
        self._actions = {kind: menu.addAction(NAMES[kind]) for kind in HELP}
        for kind, action in self._actions.items():
            action.setCheckable(True)
            action.setToolTip(HELP[kind])
            action.triggered.connect(partial(self._clicked, kind))
            group.addAction(action)
        # Opening the menu presses the segment; putting it away unchosen must not leave the wrong one pressed.
        menu.aboutToHide.connect(self._show_value)
        return menu

    def _show_value(self) -> None:
        (self.triggers if self._value.waits else self._buttons[self._value]).setChecked(True)

    def _clicked(self, kind: OrderType, _checked: bool) -> None:
        self.choose(kind)

    def _name_trigger(self, kind: OrderType) -> None:
        self.triggers.setText(f"{NAMES[kind]} ▾")
