"""Open orders on the trader's accounts that Fathom did not send: shown apart, and never touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from core.desk.foreign import ForeignOrder
from core.domain.numbers import plain
from gui import formats
from gui.blotter.lists import ListColumn, UpToDate
from gui.blotter.rows import DigitsOf, digits_of
from gui.blotter.watched import WatchedTable
from gui.theme import Theme

if TYPE_CHECKING:
    from core.desk.desk import Desk


def foreign_model(digits: DigitsOf, theme: Theme, parent: QObject | None = None) -> UpToDate[ForeignOrder]:
    """An empty table of orders that are not ours."""

    def price(order: ForeignOrder) -> str:
        return formats.price(order.price, digits(order.symbol, order.venue).price)

    def amount(order: ForeignOrder) -> str:
        return formats.amount(order.amount, digits(order.symbol, order.venue).amount)

    def filled(order: ForeignOrder) -> str:
        return formats.amount(order.filled, digits(order.symbol, order.venue).amount)

    return UpToDate(
        [
            ListColumn("Venue", 130, lambda order: order.venue),
            ListColumn("Symbol", 110, lambda order: order.symbol),
            ListColumn("Side", 64, lambda order: "▲ BUY" if order.side.value == "buy" else "▼ SELL", tone=lambda order: order.side.value),
            ListColumn("Price", 110, price, number=True, raw=lambda order: plain(order.price) if order.price is not None else ""),
            ListColumn("Amount", 110, amount, number=True, raw=lambda order: plain(order.amount)),
            ListColumn("Filled", 110, filled, number=True, raw=lambda order: plain(order.filled)),
            ListColumn("Id at the venue", 240, lambda order: order.venue_order_id, tone=lambda _: "muted"),
        ],
        lambda order: (order.venue, order.symbol, order.venue_order_id),
        theme,
        parent,
    )


def foreign_table(desk: Desk, theme: Theme) -> WatchedTable[ForeignOrder]:
    """Those on the accounts of `desk`, as last seen."""
    nothing = "No order on your accounts was sent by anything but this profile of Fathom."
    return WatchedTable(foreign_model(digits_of(desk), theme), desk.foreign_orders, nothing)
