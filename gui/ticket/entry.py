"""Side, type, amount, prices: the part of the ticket that every order has.

A price is snapped in the order's favour, so changing the side moves an off-grid price the other way. The trigger
and the trail share the price's row: another order type changes what is in the row, never where anything is.

Until the trader writes a price the touch stands there, marked as such. It follows the market only while there is no
amount: from then on it is what would be sent, and moves no more by itself.
"""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from core.domain.enums import OrderSide, OrderType
from core.domain.errors import BadNumber
from core.domain.numbers import plain
from gui.ticket.grid import Grid, parse_number
from gui.ticket.model import WATCHED
from gui.ticket.number_edit import NumberEdit, NumberRules
from gui.ticket.order_type import OrderTypeChooser
from gui.ticket.small import Segmented, label, tool

LABEL_PX = 60
UNIT_PX = 44
HINT_MS = 4_000
_FIELD_PX = 24
HUNDRED = Decimal(100)
_TOUCH_NAMES = {OrderSide.BUY: "best ask", OrderSide.SELL: "best bid"}


class EntryPanel(QWidget):
    """`changed` on every keystroke, `committed` on Enter in a field."""

    changed = Signal()
    committed = Signal()
    said = Signal(str, str)  # a sentence to show for now, and its role; empty when there is none

    def __init__(self, menu: QToolButton, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._touches: dict[OrderSide, Decimal | None] = {}
        self._grid = Grid(Decimal("0.01"), Decimal("0.00001"), "", "")
        self.side = Segmented([(OrderSide.BUY, "&Buy"), (OrderSide.SELL, "&Sell")], sided=True)
        self.order_type = OrderTypeChooser()
        self.amount = NumberEdit(self._amount_rules())
        self.price = NumberEdit(self._price_rules())
        self.trigger = NumberEdit(self._trigger_rules())
        self.trail = NumberEdit(NumberRules("Trail", _percent, plain, Decimal("0.1"), start=lambda: Decimal(1)))
        self.trail.setToolTip("How far the market must turn from its best price, in percent.")
        self.amount.setPlaceholderText("0")
        self.trail.setPlaceholderText("1")
        self._hint = ""
        self._hint_timer = QTimer(self)
        self._hint_timer.setSingleShot(True)
        self._hint_timer.timeout.connect(self._end_hint)
        self._chips = QHBoxLayout()
        self._units = label(""), label("")
        self._titles = label("&Amount", buddy=self.amount), label("&Price", buddy=self.price)
        self._limit_title = label("&Limit", buddy=self.price)
        self._watched = False
        self._lay_out(menu)
        self._connect()

    def _lay_out(self, menu: QToolButton) -> None:
        self.side.set_height(28)
        self.order_type.set_height(_FIELD_PX)
        top = QHBoxLayout()
        top.setSpacing(4)
        top.addWidget(self.side, 1)
        top.addWidget(menu)
        prices = QHBoxLayout()
        prices.setSpacing(6)
        for edit in (self.trigger, self.trail, self._limit_title, self.price):
            prices.addWidget(edit, 0 if edit is self._limit_title else 1)
        self._chips.setSpacing(4)
        fields = QGridLayout()
        fields.setHorizontalSpacing(6)
        fields.setVerticalSpacing(3)
        fields.setColumnMinimumWidth(0, LABEL_PX)
        fields.setColumnMinimumWidth(2, UNIT_PX)
        fields.setColumnStretch(1, 1)
        for edit in (self.amount, self.price, self.trigger, self.trail):
            edit.setFixedHeight(_FIELD_PX)
            edit.setMinimumWidth(0)
        for row, title, unit in zip((0, 2), self._titles, self._units, strict=True):
            fields.addWidget(title, row, 0)
            fields.addWidget(unit, row, 2)
        fields.addWidget(self.amount, 0, 1)
        fields.addLayout(self._chips, 1, 1)
        fields.addLayout(prices, 2, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(top)
        layout.addWidget(self.order_type)
        layout.addLayout(fields)
        self._show_kind()

    def _connect(self) -> None:
        self.side.chosen.connect(self._side_chosen)
        self.order_type.chosen.connect(self._kind_chosen)
        for edit in (self.amount, self.price, self.trigger, self.trail):
            edit.changed.connect(self.changed)
            edit.committed.connect(self.committed)
            edit.snapped.connect(self._show_hint)

    @property
    def chosen_side(self) -> OrderSide:
        return OrderSide(str(self.side.value))

    @property
    def chosen_type(self) -> OrderType:
        return self.order_type.value

    @property
    def asked(self) -> dict[str, Any]:
        """This part of the `Draft`; a price that the chosen type does not have is None."""
        used = self._in_use
        return {
            "side": self.chosen_side,
            "order_type": self.chosen_type,
            "amount": self.amount.value,
            "price": self.price.value if self.price in used else None,
            "trigger_price": self.trigger.value if self.trigger in used else None,
            "trail_percent": self.trail.value if self.trail in used else None,
        }

    @property
    def fault(self) -> str:
        """What can't be read in a field that counts; empty when all can."""
        return next((edit.fault for edit in (self.amount, *self._in_use) if edit.fault), "")

    @property
    def hint(self) -> str:
        """What snapping did a moment ago."""
        return self._hint

    def set_grid(self, grid: Grid) -> None:
        """The tick and lot numbers snap to from now on."""
        if grid != self._grid:
            self._grid = grid
            self._units[0].setText(grid.base)
            self._units[1].setText(self._price_unit)
            self.amount.set_rules(self._amount_rules())
            self._follow_side()

    def set_touches(self, bid: Decimal | None, ask: Decimal | None) -> None:
        """Where stepping begins in an empty price field, and what price is suggested."""
        self._touches = {OrderSide.BUY: ask, OrderSide.SELL: bid}
        if self.amount.value is None or self.price.value is None:
            self._suggest()

    @property
    def _touch(self) -> Decimal | None:
        return self._touches.get(self.chosen_side)

    def _suggest(self) -> None:
        if (touch := self._touch) is not None:
            self.price.suggest(self._grid.snap_price(touch, self.chosen_side), _TOUCH_NAMES[self.chosen_side])

    def set_price(self, price: Decimal) -> None:
        """A picked price: the trigger of an order that has one, else a limit."""
        if self.trigger in self._in_use:
            self.trigger.set_value(price)
            return
        self.order_type.choose(OrderType.LIMIT)
        self.price.set_value(price)

    def say_watched(self, watched: bool) -> None:
        """Whether the order needs this program to keep running."""
        self._watched = watched
        if not self._hint_timer.isActive():
            self._end_hint()

    def set_presets(self, amounts: tuple[Decimal, ...]) -> None:
        while (item := self._chips.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.deleteLater()
        for amount in amounts:
            chip = tool(plain(amount), partial(self.amount.set_value, amount))
            chip.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            self._chips.addWidget(chip)

    def settle(self) -> None:
        """End editing in every field."""
        for edit in (self.amount, self.price, self.trigger, self.trail):
            edit.settle()

    def clear(self) -> None:
        """Another symbol: its numbers mean nothing here."""
        self._touches = {}
        for edit in (self.amount, self.price, self.trigger):
            edit.set_value(None)

    @property
    def _in_use(self) -> tuple[NumberEdit, ...]:
        """The fields of the price row that the chosen type has."""
        kind = self.chosen_type
        waits = () if not kind.waits else (self.trail,) if kind is OrderType.TRAILING_STOP else (self.trigger,)
        return (*waits, self.price) if kind.once_fired is OrderType.LIMIT else waits

    @property
    def _price_unit(self) -> str:
        return "%" if self.chosen_type is OrderType.TRAILING_STOP else self._grid.quote

    def _follow_side(self) -> None:
        self.price.set_rules(self._price_rules())
        self.trigger.set_rules(self._trigger_rules())

    def _side_chosen(self) -> None:
        self._follow_side()
        self._suggest()
        self.changed.emit()

    def _kind_chosen(self) -> None:
        self._show_kind()
        self._follow_side()
        self.changed.emit()

    def _show_kind(self) -> None:
        kind, used = self.chosen_type, self._in_use
        self.trigger.setVisible(self.trigger in used)
        self.trail.setVisible(self.trail in used)
        self._limit_title.setVisible(kind.waits and self.price in used)
        self.price.setVisible(self.price in used or not kind.waits)
        self.price.setEnabled(self.price in used)
        first = used[0] if used else self.price
        self._titles[1].setText({self.trigger: "T&rigger", self.trail: "T&rail"}.get(first, "&Price"))
        self._titles[1].setBuddy(first)
        self._units[1].setText(self._price_unit)

    def _show_hint(self, text: str) -> None:
        if text:
            self._say(text, "warn")
            self._hint_timer.start(HINT_MS)
        else:
            self._end_hint()

    def _end_hint(self) -> None:
        self._hint_timer.stop()
        self._say(WATCHED if self._watched else "", "muted")

    def _say(self, text: str, role: str) -> None:
        if text != self._hint:
            self._hint = text
            self.said.emit(text, role)

    def _amount_rules(self) -> NumberRules:
        return NumberRules("Amount", lambda text: parse_number(text, "amount"), plain, self._grid.lot, self._grid.snap_amount)

    def _price_rules(self) -> NumberRules:
        return self._rules_for("Price", self.chosen_side)

    def _trigger_rules(self) -> NumberRules:
        """A trigger snaps away from the market, a buy stop's up and a buying take-profit's down: it never fires a tick early."""
        stops = self.chosen_type in (OrderType.STOP, OrderType.STOP_LIMIT)
        return self._rules_for("Trigger", self.chosen_side.opposite if stops else self.chosen_side)

    def _rules_for(self, what: str, side: OrderSide) -> NumberRules:
        grid = self._grid
        return NumberRules(
            what=what,
            parse=lambda text: parse_number(text, what.lower()),
            show=lambda price: f"{price:,.{grid.price_decimals}f}",
            step=grid.tick,
            snap=lambda price: grid.snap_price(price, side),
            start=lambda: self._touch,
        )


def _percent(text: str) -> Decimal | None:
    number = parse_number(text.strip().removesuffix("%"), "trail")
    if number is not None and not 0 < number < HUNDRED:
        raise BadNumber("The trail is more than 0 % and less than 100 %.", detail=text)
    return number
