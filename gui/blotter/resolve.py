"""The one decision Fathom can't make: what became of an order that its venue is silent about?

Its size stays reserved until the trader, who has looked at the venue's own page, says that it is not live, and how much of it was
filled: an order that is gone may be gone because it filled, so there is no answer without that number. The dialog is not modal,
because looking takes a while and the market goes on; if the venue answers meanwhile it closes by itself.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from PySide6.QtGui import QFont
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from core.domain.errors import FathomError
from core.domain.numbers import plain
from core.domain.orders import Knowledge, OrderSnapshot
from gui import formats
from gui.blotter.modify import grid_of
from gui.modes import look_of
from gui.theme import Theme, set_role
from gui.ticket.grid import parse_number
from gui.ticket.number_edit import NumberEdit, NumberRules
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
        f"{plain(order.filled_amount)} {base} of it is known to be filled{_claim(order)}.",
        "If it is not live there, write down how much of it was filled in all. That is not sent again; the rest is free for its parent.",
        "If it is live after all, it may still fill, on top of what is sent in its place, until its venue shows it and it is taken back.",
    )


def _claim(order: OrderSnapshot) -> str:
    if order.claimed_amount <= order.filled_amount:
        return ""
    return f"; {order.exchange} says that {plain(order.claimed_amount)} was, and has not shown the trades"


class ResolveDialog(QDialog):
    """Asks about one child. Show it with `show()`."""

    def __init__(self, order: OrderSnapshot, desk: Desk, bridge: Bridge, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk, self._bridge = desk, bridge
        self.order_id = order.id
        self.setModal(False)
        self.setWindowTitle(look_of(desk.settings.mode).said("Unresolved order"))
        self.setMinimumWidth(_WIDTH_PX)
        title = label(f"What became of this order on {order.exchange}?", "strong")
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
        self.filled = NumberEdit(_rules(order, desk))
        self.filled.setPlaceholderText("0 if nothing was")
        self.filled.setAccessibleName("Filled in all")
        if order.claimed_amount > order.filled_amount:
            self.filled.set_value(order.claimed_amount)
        field = QHBoxLayout()
        field.addWidget(label("Filled in all"))
        field.addWidget(self.filled, 1)
        field.addWidget(label(order.symbol.split("/")[0], "muted"))
        layout.addSpacing(4)
        layout.addLayout(field)
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
        self.filled.changed.connect(self._check)
        self._check()
        self.filled.setFocus()

    def follow(self, order: OrderSnapshot) -> None:
        """The order as it is now; the question is over when the venue has answered it."""
        if not can_resolve(order):
            self.accept()

    def _check(self) -> None:
        """There is an answer once there is a number."""
        self.gone.setEnabled(self._said is not None)

    @property
    def _said(self) -> Decimal | None:
        try:
            return self.filled.value
        except FathomError:
            return None

    def _say_gone(self) -> None:
        if (said := self._said) is not None:
            self.gone.setEnabled(False)
            _ = self._bridge.run(self._resolve(said), "Resolve")

    async def _resolve(self, filled: Decimal) -> None:
        try:
            await self._desk.engine.resolve_child(self.order_id, filled)
        except FathomError as refused:
            set_role(self.sentence, "error")
            self.sentence.setText(str(refused))
            self._check()
        else:
            self.accept()


def _rules(order: OrderSnapshot, desk: Desk) -> NumberRules:
    grid = grid_of(order, desk.instruments(order.symbol))
    return NumberRules("Filled", lambda text: parse_number(text, "amount"), plain, grid.lot, grid.snap_amount)


def _wrapped(text: str, role: str) -> QLabel:
    made = label(text, role)
    made.setWordWrap(True)
    return made
