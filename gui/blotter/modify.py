"""Modify an order: another price, another amount, the same strategy. For parents and for single children.
An order that waits for its trigger price can also get another one of those.

The order goes on filling while one types, so the dialog follows it: what is filled, and how low the
amount can still go. It stays open until the engine has answered, and says so when it came too late.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from core.domain.errors import FathomError
from core.domain.instruments import Instrument
from core.domain.numbers import plain
from core.domain.orders import OrderSnapshot
from gui import formats
from gui.modes import look_of
from gui.theme import Theme, set_role
from gui.ticket.grid import Grid, parse_number
from gui.ticket.number_edit import NumberEdit, NumberRules
from gui.ticket.small import ElidedLabel, label

if TYPE_CHECKING:
    from core.desk.desk import Desk
    from gui.bridge import Bridge

_WIDTH_PX = 340
_FIELD_PX = 26


def grid_of(order: OrderSnapshot, instruments: Mapping[str, Instrument]) -> Grid:
    """A child's own venue's tick and lot; for a parent the finest of its venues."""
    venues = [order.exchange] if order.exchange else list(order.exchanges) or list(instruments)
    found = Grid.finest(instruments[venue] for venue in venues if venue in instruments)
    return found or Grid(Decimal("0.01"), Decimal("0.00000001"), *order.symbol.split("/")[:2])


def lowest_amount(order: OrderSnapshot, grid: Grid) -> Decimal:
    """What is filled can't be taken back; without a fill at least one lot."""
    return max(order.filled_amount, grid.lot)


class ModifyDialog(QDialog):
    """Open it with `open()`; it closes itself once the order has its new values."""

    def __init__(self, order: OrderSnapshot, desk: Desk, bridge: Bridge, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._order, self._desk, self._bridge = order, desk, bridge
        self._grid = grid_of(order, desk.instruments(order.symbol))
        self._busy = False
        what = order.strategy.label if order.is_parent and order.strategy else order.exchange
        look = look_of(desk.settings.mode)
        self.setWindowTitle(look.said("Modify order"))
        self.setMinimumWidth(_WIDTH_PX)
        title = label(look.said(f"{order.side.value.upper()} {order.symbol} · {what}"), order.side.value)
        title.setFont(theme.ui_font(13))
        self.trigger = NumberEdit(self._price_rules())
        self.price = NumberEdit(self._price_rules())
        self.amount = NumberEdit(
            NumberRules("Amount", lambda text: parse_number(text, "amount"), plain, self._grid.lot, self._grid.snap_amount)
        )
        self.filled = label("")
        self.sentence = ElidedLabel("error")
        self.sentence.setFixedHeight(18)
        self.apply = QPushButton(look.said("Modify"))
        self.apply.setProperty("role", "primary")
        self.apply.setDefault(True)
        self.apply.clicked.connect(self._apply)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 12)
        layout.setSpacing(6)
        layout.addWidget(title)
        layout.addLayout(self._fields())
        layout.addWidget(self.filled)
        layout.addWidget(self.sentence)
        layout.addLayout(self._buttons())
        self._prefill()
        for edit in (self.trigger, self.price, self.amount):
            edit.changed.connect(self._check)
            edit.committed.connect(self._check)
            edit.snapped.connect(lambda hint: self.sentence.say(hint, "warn") if hint else None)
        for keys in ("Ctrl+Return", "Ctrl+Enter"):
            QShortcut(QKeySequence(keys), self, self._apply).setAutoRepeat(False)
        self.follow(order)

    def _price_rules(self) -> NumberRules:
        grid, side = self._grid, self._order.side
        return NumberRules(
            what="Price",
            parse=lambda text: parse_number(text, "price"),
            show=lambda price: f"{price:,.{grid.price_decimals}f}",
            step=grid.tick,
            snap=lambda price: grid.snap_price(price, side),
        )

    def _fields(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        rows = [("&Price", self.price, self._grid.quote), ("&Amount", self.amount, self._grid.base)]
        if self._waits:
            rows.insert(0, ("&Trigger", self.trigger, self._grid.quote))
        else:
            self.trigger.setParent(self)
            self.trigger.hide()
        for row, (title, edit, unit) in enumerate(rows):
            edit.setFixedHeight(_FIELD_PX)
            grid.addWidget(label(title, buddy=edit), row, 0)
            grid.addWidget(edit, row, 1)
            grid.addWidget(label(unit), row, 2)
        return grid

    def _buttons(self) -> QHBoxLayout:
        back = QPushButton("Go back")
        back.setAutoDefault(False)
        back.clicked.connect(self.reject)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(back)
        row.addWidget(self.apply)
        return row

    @property
    def _waits(self) -> bool:
        """It has a trigger price that can still be moved."""
        return self._order.trigger_price is not None and not self._order.children

    def _prefill(self) -> None:
        self.amount.set_value(self._order.amount)
        self.trigger.set_value(self._order.trigger_price)
        if self._order.price is None:
            self.price.setEnabled(False)
            self.price.setPlaceholderText("market")
            self.amount.setFocus()
        else:
            self.price.set_value(self._order.price)
            self.price.setFocus()
            self.price.selectAll()

    @property
    def order_id(self) -> str:
        return self._order.id

    def follow(self, order: OrderSnapshot) -> None:
        """The order as it is now."""
        self._order = order
        decimals, base = self._grid.amount_decimals, self._grid.base
        lowest = formats.amount(lowest_amount(order, self._grid), decimals, base)
        self.filled.setText(f"Filled {formats.amount(order.filled_amount, decimals, base)} · lowest amount {lowest}")
        self._check()

    def _wrong(self) -> str:
        """Why this can't be asked for; empty when it can."""
        if self._order.terminal:
            return "The order is over."
        fault = self.trigger.fault or self.price.fault or self.amount.fault
        if fault:
            return fault
        if not self.amount.value or self.amount.value < lowest_amount(self._order, self._grid):
            return f"The amount can't go below {plain(lowest_amount(self._order, self._grid))}."
        if self._order.price is not None and not self.price.value:
            return "Enter a price."
        if self._waits and not self.trigger.value:
            return "Enter a trigger price."
        return ""

    def _changes(self) -> dict[str, Decimal]:
        changes = {}
        if self._waits and self.trigger.value is not None and self.trigger.value != self._order.trigger_price:
            changes["new_trigger_price"] = self.trigger.value
        if self.price.value is not None and self._order.price is not None and self.price.value != self._order.price:
            changes["new_price"] = self.price.value
        if self.amount.value is not None and self.amount.value != self._order.amount:
            changes["new_amount"] = self.amount.value
        return changes

    def _check(self) -> None:
        wrong = self._wrong()
        self._say(wrong, "error")
        self.apply.setEnabled(not wrong and not self._busy and bool(self._changes()))

    def _say(self, sentence: str, tone: str) -> None:
        set_role(self.sentence, tone)
        self.sentence.say(sentence)

    def _apply(self) -> None:
        for edit in (self.trigger, self.price, self.amount):
            edit.settle()
        changes = self._changes()
        if self._busy or self._wrong() or not changes:
            return
        self._busy = True
        self.apply.setEnabled(False)
        self._say("Asking for the change…", "muted")
        _ = self._bridge.run(self._modify(changes), "Modify")

    async def _modify(self, changes: dict[str, Decimal]) -> None:
        said = ""
        try:
            if await self._desk.engine.modify_execution(order_id=self._order.id, **changes):
                self.accept()
                return
            said = "It came too late: the order is as it was."
        except FathomError as refused:
            said = str(refused)
        finally:
            self._busy = False
        self._check()
        self._say(said, "error")
