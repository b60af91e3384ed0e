"""How long an order lives and what it must not do; and, for perps, with what margin.

Nothing here comes or goes with a choice but the expiry, which has a place of its own: a checkbox that moves
while one reaches for it is a wrong order. What does not apply is greyed.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QWidget

from core.domain.enums import OrderType, TimeInForce
from core.domain.errors import BadNumber
from core.domain.numbers import plain
from gui.ticket.fields import human_duration, parse_duration
from gui.ticket.grid import parse_number
from gui.ticket.model import RESTING_TIMES, TIME_IN_FORCE_HELP, TIMES_IN_FORCE
from gui.ticket.number_edit import NumberEdit, NumberRules
from gui.ticket.small import label

ROW_PX = 24
_EXPIRY_PX = 60
_LEVERAGE_PX = 64
_AS_SET = "as set"


class TermsRow(QWidget):
    """Time in force, expiry, post-only, reduce-only. `changed` on every edit, `committed` on Enter in the expiry."""

    changed = Signal()
    committed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.time_in_force = QComboBox()
        for tif in TIMES_IN_FORCE:
            self.time_in_force.addItem(tif.value.upper(), tif)
            self.time_in_force.setItemData(self.time_in_force.count() - 1, TIME_IN_FORCE_HELP[tif], Qt.ItemDataRole.ToolTipRole)
        self.expires_in = NumberEdit(NumberRules("Expiry", _seconds, human_duration, Decimal(60)))
        self.expires_in.setPlaceholderText("in 5 m")
        self.expires_in.setToolTip("The order ends so long after it is sent: 90 s, 5 m, 1 h 30 m.")
        self.expires_in.setFixedWidth(_EXPIRY_PX)
        self.expires_in.setAccessibleName("Expires in")
        self.post_only = QCheckBox("Post-only")
        self.post_only.setToolTip("Never cross the book: an order that would is not sent as a taker.")
        self.reduce_only = QCheckBox("Reduce-only")
        self.reduce_only.setToolTip("Perps only: close no more than the open position.")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for widget in (self.time_in_force, self.expires_in):
            widget.setFixedHeight(ROW_PX)
            layout.addWidget(widget)
        layout.addStretch(1)
        layout.addWidget(self.post_only)
        layout.addSpacing(2)
        layout.addWidget(self.reduce_only)
        self.time_in_force.currentIndexChanged.connect(self._edited)
        self.post_only.toggled.connect(self.changed)
        self.reduce_only.toggled.connect(self.changed)
        self.expires_in.changed.connect(self.changed)
        self.expires_in.committed.connect(self.committed)
        self.allow(OrderType.LIMIT, perps=False)

    @property
    def chosen_time_in_force(self) -> TimeInForce:
        return TimeInForce(self.time_in_force.currentData())

    @property
    def expires(self) -> bool:
        """The order has an end, and the field for it shows."""
        return self.time_in_force.isEnabled() and self.chosen_time_in_force is TimeInForce.GTD

    def allow(self, order_type: OrderType, *, perps: bool) -> None:
        """Grey what such an order can't have."""
        self._order_type, self._perps = order_type, perps
        self.time_in_force.setEnabled(order_type is not OrderType.MARKET)
        may_rest = order_type.once_fired is OrderType.LIMIT and self.chosen_time_in_force in RESTING_TIMES
        self.post_only.setEnabled(may_rest)
        self.reduce_only.setEnabled(perps)
        self.expires_in.setVisible(self.expires)

    @property
    def asked(self) -> dict[str, Any]:
        """This part of the `Draft`."""
        return {
            "time_in_force": self.chosen_time_in_force,
            "expires_in": self.expires_in.value if self.expires else None,
            "post_only": self.post_only.isChecked(),
            "reduce_only": self.reduce_only.isEnabled() and self.reduce_only.isChecked(),
        }

    @property
    def fault(self) -> str:
        return self.expires_in.fault if self.expires else ""

    def settle(self) -> None:
        """End editing."""
        self.expires_in.settle()

    def _edited(self) -> None:
        self.allow(self._order_type, perps=self._perps)
        if self.expires and not self.expires_in.text():
            self.expires_in.setFocus()
        self.changed.emit()


class MarginRow(QWidget):
    """Leverage and margin mode of the ticked perps; empty leaves both as they are set on the venue."""

    changed = Signal()
    committed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.leverage = NumberEdit(NumberRules("Leverage", _whole, plain, Decimal(1), start=lambda: Decimal(0)))
        self.leverage.setPlaceholderText(_AS_SET)
        self.leverage.setToolTip("Set on each perp before its first order; empty leaves it as it is there.")
        self.leverage.setFixedWidth(_LEVERAGE_PX)
        self.mode = QComboBox()
        for text, mode in (("Margin as set", None), ("Cross margin", "cross"), ("Isolated margin", "isolated")):
            self.mode.addItem(text, mode)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(label("&Leverage", buddy=self.leverage))
        layout.addStretch(1)
        layout.addWidget(self.leverage)
        layout.addWidget(label("×"))
        layout.addWidget(self.mode)
        for widget in (self.leverage, self.mode):
            widget.setFixedHeight(ROW_PX)
        self.leverage.changed.connect(self.changed)
        self.leverage.committed.connect(self.committed)
        self.mode.currentIndexChanged.connect(self.changed)
        self.allow(perps=False)

    @property
    def chosen_leverage(self) -> int | None:
        return int(self.leverage.value) if self.isEnabled() and self.leverage.value is not None else None

    @property
    def asked(self) -> dict[str, Any]:
        """This part of the `Draft`; a mode counts only together with a leverage, as venues set both at once."""
        mode = self.mode.currentData() if self.chosen_leverage is not None else None
        return {"leverage": self.chosen_leverage, "margin_mode": mode}

    @property
    def fault(self) -> str:
        return self.leverage.fault if self.isEnabled() else ""

    def settle(self) -> None:
        """End editing."""
        self.leverage.settle()

    def allow(self, *, perps: bool) -> None:
        """Grey it where no perp is ticked."""
        self.setEnabled(perps)
        self.setToolTip("" if perps else "For perps; no perp is ticked.")
        self.mode.setEnabled(self.chosen_leverage is not None)


def _seconds(text: str) -> Decimal | None:
    seconds = parse_duration(text)
    if seconds is None and text.strip():
        raise BadNumber("Expiry: write it like 90 s, 5 m or 1 h 30 m.", detail=text)
    return seconds


def _whole(text: str) -> Decimal | None:
    number = parse_number(text.strip().rstrip("x×X"), "leverage")
    if number is not None and (number < 1 or number != number.to_integral_value()):
        raise BadNumber("The leverage is a whole number of 1 or more.", detail=text)
    return number
