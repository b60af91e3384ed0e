"""The one decision Fathom can't make: is an order that its venue is silent about still live there?

Its size stays reserved until the trader, who has looked at the venue's own page, says that it is not. The dialog
is not modal, because looking takes a while and the market goes on; if the venue answers meanwhile it closes by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QFont
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from core.domain.errors import FathomError
from core.domain.numbers import plain
from core.domain.orders import Knowledge, OrderSnapshot
from gui import formats
from gui.modes import look_of
from gui.theme import Theme, set_role
from gui.ticket.small import label

if TYPE_CHECKING:
    from core.desk.desk import Desk
    from gui.bridge import Bridge

_WIDTH_PX = 440


def can_resolve(order: OrderSnapshot) -> bool:
    """A child that waits for the trader's word."""
    return not order.is_parent and order.knowledge is Knowledge.QUARANTINED


def explanation(order: OrderSnapshot) -> tuple[str, ...]:
    """What is known of a quarantined child, what to look for, and what saying so does. Qt-free."""
    base = order.symbol.split("/")[0]
    price = "" if order.price is None else f" at {formats.fixed(order.price, max(-int(order.price.as_tuple().exponent), 0))}"
    sent = formats.time_of_day(order.created_us)
    return (
        f"Look on {order.exchange} for: {order.side.value} {plain(order.amount)} {base}{price}, sent at {sent}, order id {order.id}.",
        f"{plain(order.filled_amount)} {base} of it is known to be filled.",
        f"If it is not live there, say so: its {plain(order.remaining_amount)} {base} is free again, and its parent goes on.",
        "If it is live after all, it may still fill, on top of what is sent in its place.",
    )


class ResolveDialog(QDialog):
    """Asks about one child. Show it with `show()`."""

    def __init__(self, order: OrderSnapshot, desk: Desk, bridge: Bridge, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk, self._bridge = desk, bridge
        self.order_id = order.id
        self.setModal(False)
        self.setWindowTitle(look_of(desk.settings.mode).said("Unresolved order"))
        self.setMinimumWidth(_WIDTH_PX)
        title = label(f"Is this order live on {order.exchange}?", "strong")
        title.setFont(theme.ui_font(15, QFont.Weight.DemiBold))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 12)
        layout.setSpacing(6)
        layout.addWidget(title)
        *facts, danger = explanation(order)
        for fact in facts:
            layout.addWidget(_wrapped(fact, ""))
        self.sentence = _wrapped(danger, "warn")
        layout.addWidget(self.sentence)
        self.back = QPushButton("Go back")
        self.back.setDefault(True)
        self.back.clicked.connect(self.reject)
        self.gone = QPushButton("I checked: it is not live")
        self.gone.setProperty("role", "danger")
        self.gone.setAutoDefault(False)
        self.gone.clicked.connect(self._say_gone)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.back)
        row.addWidget(self.gone)
        layout.addSpacing(6)
        layout.addLayout(row)
        self.back.setFocus()

    def follow(self, order: OrderSnapshot) -> None:
        """The order as it is now; the question is over when the venue has answered it."""
        if not can_resolve(order):
            self.accept()

    def _say_gone(self) -> None:
        self.gone.setEnabled(False)
        _ = self._bridge.run(self._resolve(), "Resolve")

    async def _resolve(self) -> None:
        try:
            await self._desk.engine.resolve_child(self.order_id)
        except FathomError as refused:
            set_role(self.sentence, "error")
            self.sentence.setText(str(refused))
        else:
            self.accept()


def _wrapped(text: str, role: str) -> QLabel:
    made = label(text, role)
    made.setWordWrap(True)
    return made
