"""The line that is always in sight: mode, symbol, touch, spread, venues, and the switch that cancels everything.

KILL never asks: a question costs the second that it is there for; see `kill`. The mode badge says in words
whether this is play (SIMULATED, TESTNET) or money (LIVE): colour only repeats it. Where the window is too narrow for
all of the words the venues' health has the room, not the badge: its short form names the mode as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QWidget

from gui import formats
from gui.health import Health, HealthStrip
from gui.kill import KillButton
from gui.modes import ModeLook, look_of
from gui.picker import SymbolPicker
from gui.theme import Theme, set_role

HEIGHT_PX = 36
_WIDE_PX = 1700  # from here on the badge has room for all of its words


class TopBar(QFrame):
    """Shows the market's touch; emits what the trader asks for."""

    symbol_chosen = Signal(str)

    def __init__(self, theme: Theme, mode: str, symbol: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "bar")
        self.setFixedHeight(HEIGHT_PX)
        self._theme = theme
        self._look = look_of(mode)
        self._badge = QLabel(self)
        self._badge.setFont(theme.ui_font(10, QFont.Weight.DemiBold))
        self._badge.setFixedHeight(20)
        self.picker = SymbolPicker(theme, symbol, self)
        self.picker.symbol_chosen.connect(self.symbol_chosen)

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
        row.addWidget(self._badge)
        row.addWidget(self.picker)
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
        self.show_mode(self._look)

    def _number(self, role: str, tip: str) -> QLabel:
        label = QLabel(formats.EMPTY, self)
        label.setProperty("role", role)
        label.setFont(self._theme.ui_font(16, QFont.Weight.DemiBold))
        label.setToolTip(tip)
        label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        label.setMinimumWidth(label.fontMetrics().horizontalAdvance("88,888.88"))
        return label

    @property
    def mode_shown(self) -> str:
        """The words on the badge."""
        return self._badge.text()

    def show_mode(self, look: ModeLook) -> None:
        """Another mode, or the same with other words."""
        self._look = look
        self._badge.setToolTip(look.tip)
        set_role(self._badge, look.role)
        self._fit_badge()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_badge()

    def _fit_badge(self) -> None:
        words = self._look.badge if self.width() >= _WIDE_PX else self._look.short
        if self._badge.text() != words:
            self._badge.setText(words)

    def set_symbols(self, symbols: Sequence[str], current: str) -> None:
        self.picker.set_symbols(symbols)
        self.picker.show_symbol(current)
        self.kill.make_ready()

    def show_connecting(self) -> None:
        """The picked symbol is on its way: no numbers of the one before stand beside its name."""
        for label in (self._bid, self._ask):
            label.setText(formats.EMPTY)
        self._spread.setText("connecting…")

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
