"""The line that is always in sight: mode, symbol, touch, spread, venues, and the switch that cancels everything.

KILL never asks: a question costs the second that it is there for; see `kill`. The mode badge says in words
whether this is play (SIMULATED, REPLAY): colour only repeats it.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLabel, QWidget

from gui import formats
from gui.health import Health, HealthStrip
from gui.kill import KillButton
from gui.theme import Theme

HEIGHT_PX = 36
_BADGES = {"demo": ("SIMULATED", "demo_badge"), "replay": ("REPLAY · SIMULATED FILLS", "replay_badge")}


class TopBar(QFrame):
    """Shows the market's touch; emits what the trader asks for."""

    symbol_chosen = Signal(str)

    def __init__(self, theme: Theme, mode: str, symbol: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "bar")
        self.setFixedHeight(HEIGHT_PX)
        self._theme = theme
        text, role = _BADGES.get(mode, (mode.upper(), "demo_badge"))
        badge = QLabel(text, self)
        badge.setProperty("role", role)
        badge.setFont(theme.ui_font(10, QFont.Weight.DemiBold))
        badge.setFixedHeight(20)
        badge.setToolTip("No order leaves this computer: fills are simulated.")

        self._symbols = QComboBox(self)
        self._symbols.setFont(theme.ui_font(13, QFont.Weight.DemiBold))
        self._symbols.setAccessibleName("Symbol")
        self._symbols.addItem(symbol)
        self._symbols.setMinimumWidth(112)
        self._symbols.activated.connect(lambda _index: self.symbol_chosen.emit(self._symbols.currentText()))

        self._bid = self._number("buy", "▲ best bid over the live venues")
        self._ask = self._number("sell", "▼ best ask over the live venues")
        self._spread = QLabel("", self)
        self._spread.setProperty("role", "muted")
        self._spread.setFixedWidth(self._spread.fontMetrics().horizontalAdvance("spread −88.88 bps") + 8)
        self._spread.setToolTip("Best ask − best bid over all live venues, of the mid. Negative: the venues cross each other.")
        self.health = HealthStrip(theme, self)

        self.kill = KillButton(theme, self)

        row = QHBoxLayout(self)
        row.setContentsMargins(12, 0, 8, 0)
        row.setSpacing(12)
        row.addWidget(badge)
        row.addWidget(self._symbols)
        touch = QHBoxLayout()
        touch.setSpacing(6)
        touch.addWidget(self._bid)
        slash = QLabel("/", self)
        slash.setProperty("role", "muted")
        touch.addWidget(slash)
        touch.addWidget(self._ask)
        row.addLayout(touch)
        row.addWidget(self._spread)
        row.addWidget(self.health, 1)
        row.addWidget(self.kill)

    def _number(self, role: str, tip: str) -> QLabel:
        label = QLabel(formats.EMPTY, self)
        label.setProperty("role", role)
        label.setFont(self._theme.ui_font(16, QFont.Weight.DemiBold))
        label.setToolTip(tip)
        label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        label.setMinimumWidth(label.fontMetrics().horizontalAdvance("88,888.88"))
        return label

    def set_symbols(self, symbols: Sequence[str], current: str) -> None:
        self._symbols.clear()
        self._symbols.addItems(list(symbols))
        self._symbols.setCurrentText(current)
        self.kill.make_ready()

    def show_touch(self, bid: Decimal | None, ask: Decimal | None, decimals: int) -> None:
        self._bid.setText(formats.price(bid, decimals))
        self._ask.setText(formats.price(ask, decimals))
        # A longer number may widen its label; it never shrinks back, so the row moves once and not with every digit.
        for label in (self._bid, self._ask):
            label.setMinimumWidth(max(label.minimumWidth(), label.sizeHint().width()))
        self._spread.setText(f"spread {formats.bps(spread_bps(bid, ask), 2)}")

    def show_health(self, venues: Sequence[Health]) -> None:
        self.health.show_health(venues)


def spread_bps(bid: Decimal | None, ask: Decimal | None) -> Decimal | None:
    """Of the mid; negative when the merged book is crossed."""
    if bid is None or ask is None or bid + ask == 0:
        return None
    return (ask - bid) / ((ask + bid) / 2) * 10_000
