"""Side, type, amount, price, time in force: the part of the ticket that every order has.

A price is snapped in the order's favour, so changing the side moves an off-grid price the other way.
"""

from __future__ import annotations

from decimal import Decimal
from functools import partial

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QHBoxLayout, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from core.domain.enums import OrderSide, OrderType, TimeInForce
from core.domain.numbers import plain
from gui.ticket.grid import Grid, parse_number
from gui.ticket.model import ORDER_TYPES, TIME_IN_FORCE_HELP, TIMES_IN_FORCE
from gui.ticket.number_edit import NumberEdit, NumberRules
from gui.ticket.small import ElidedLabel, Segmented, label, tool

LABEL_PX = 60
UNIT_PX = 44
HINT_MS = 4_000
_FIELD_PX = 26


class EntryPanel(QWidget):
    """`changed` on every keystroke, `committed` on Enter in a field."""

    changed = Signal()
    committed = Signal()

    def __init__(self, menu: QToolButton, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._touch: Decimal | None = None
        self._grid = Grid(Decimal("0.01"), Decimal("0.00001"), "", "")
        self.side = Segmented([(OrderSide.BUY, "&Buy"), (OrderSide.SELL, "&Sell")], sided=True)
        self.order_type = Segmented([(kind, kind.value.capitalize()) for kind in ORDER_TYPES])
        self.time_in_force = QComboBox()
        for tif in TIMES_IN_FORCE:
            self.time_in_force.addItem(tif.value.upper(), tif)
            self.time_in_force.setItemData(self.time_in_force.count() - 1, TIME_IN_FORCE_HELP[tif], Qt.ItemDataRole.ToolTipRole)
        self.post_only = QCheckBox("Post-only")
        self.post_only.setToolTip("Never cross the book: an order that would is not sent as a taker.")
        self.amount = NumberEdit(self._amount_rules())
        self.price = NumberEdit(self._price_rules())
        self.amount.setPlaceholderText("0")
        self._hint = ElidedLabel("warn")
        self._hint.setFixedHeight(16)
        self._hint_timer = QTimer(self)
        self._hint_timer.setSingleShot(True)
        self._hint_timer.timeout.connect(lambda: self._hint.say(""))
        self._chips = QHBoxLayout()
        self._units = label(""), label("")
        self._lay_out(menu)
        self._connect()

    def _lay_out(self, menu: QToolButton) -> None:
        self.side.set_height(30)
        self.order_type.set_height(_FIELD_PX)
        top = QHBoxLayout()
        top.setSpacing(4)
        top.addWidget(self.side, 1)
        top.addWidget(menu)
        kind = QHBoxLayout()
        kind.setSpacing(8)
        kind.addWidget(self.order_type, 1)
        kind.addWidget(self.time_in_force)
        kind.addWidget(self.post_only)
        self._chips.setSpacing(4)
        fields = QGridLayout()
        fields.setHorizontalSpacing(6)
        fields.setVerticalSpacing(4)
        fields.setColumnMinimumWidth(0, LABEL_PX)
        fields.setColumnMinimumWidth(2, UNIT_PX)
        fields.setColumnStretch(1, 1)
        for row, (title, edit, unit) in enumerate((("&Amount", self.amount, self._units[0]), ("&Price", self.price, self._units[1]))):
            edit.setFixedHeight(_FIELD_PX)
            fields.addWidget(label(title, buddy=edit), 2 * row, 0)
            fields.addWidget(edit, 2 * row, 1)
            fields.addWidget(unit, 2 * row, 2)
        fields.addLayout(self._chips, 1, 1)
        fields.addWidget(self._hint, 3, 0, 1, 3)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(top)
        layout.addLayout(kind)
        layout.addLayout(fields)

    def _connect(self) -> None:
        self.side.chosen.connect(self._side_chosen)
        self.order_type.chosen.connect(self._kind_chosen)
        self.time_in_force.currentIndexChanged.connect(self._kind_chosen)
        self.post_only.toggled.connect(self.changed)
        for edit in (self.amount, self.price):
            edit.changed.connect(self.changed)
            edit.committed.connect(self.committed)
            edit.snapped.connect(self._show_hint)

    @property
    def chosen_side(self) -> OrderSide:
        return OrderSide(str(self.side.value))

    @property
    def chosen_type(self) -> OrderType:
        return OrderType(str(self.order_type.value))

    @property
    def chosen_time_in_force(self) -> TimeInForce:
        return TimeInForce(self.time_in_force.currentData())

    @property
    def hint(self) -> str:
        """What snapping did a moment ago."""
        return self._hint.whole

    def set_grid(self, grid: Grid) -> None:
        """The tick and lot numbers snap to from now on."""
        if grid != self._grid:
            self._grid = grid
            self._units[0].setText(grid.base)
            self._units[1].setText(grid.quote)
            self.amount.set_rules(self._amount_rules())
            self.price.set_rules(self._price_rules())

    def set_touch(self, touch: Decimal | None) -> None:
        """Where stepping begins in an empty price field, and what it shows as a placeholder."""
        self._touch = touch
        shown = "" if touch is None else f"{touch:.{self._grid.price_decimals}f}"
        if self.price.placeholderText() != shown and not self.price.text():
            self.price.setPlaceholderText(shown)

    def set_presets(self, amounts: tuple[Decimal, ...]) -> None:
        while (item := self._chips.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.deleteLater()
        for amount in amounts:
            chip = tool(plain(amount), partial(self.amount.set_value, amount))
            chip.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            self._chips.addWidget(chip)

    def settle(self) -> None:
        """End editing in both fields."""
        self.amount.settle()
        self.price.settle()

    def clear(self) -> None:
        """Another symbol: its numbers mean nothing here."""
        self.amount.set_value(None)
        self.price.set_value(None)

    def _side_chosen(self) -> None:
        self.price.set_rules(self._price_rules())
        self.changed.emit()

    def _kind_chosen(self) -> None:
        limit = self.chosen_type is OrderType.LIMIT
        self.price.setEnabled(limit)
        self.time_in_force.setEnabled(limit)
        self.post_only.setEnabled(limit and self.chosen_time_in_force is TimeInForce.GTC)
        self.changed.emit()

    def _show_hint(self, text: str) -> None:
        self._hint.say(text)
        if text:
            self._hint_timer.start(HINT_MS)

    def _amount_rules(self) -> NumberRules:
        return NumberRules("Amount", lambda text: parse_number(text, "amount"), plain, self._grid.lot, self._grid.snap_amount)

    def _price_rules(self) -> NumberRules:
        grid, side = self._grid, self.chosen_side if hasattr(self, "side") else OrderSide.BUY
        return NumberRules(
            what="Price",
            parse=lambda text: parse_number(text, "price"),
            show=lambda price: f"{price:.{grid.price_decimals}f}",
            step=grid.tick,
            snap=lambda price: grid.snap_price(price, side),
            start=lambda: self._touch,
        )
