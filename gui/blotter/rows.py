"""An order as one row of text, and the raw values that copying gives. Qt-free."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from typing import TYPE_CHECKING

from core.domain.enums import OrderSide, OrderType
from core.domain.instruments import Instrument
from core.domain.numbers import plain
from core.domain.orders import OrderSnapshot, ParentStatus
from gui import formats
from gui.blotter.wording import reason_of, state_of

if TYPE_CHECKING:
    from core.desk.desk import Desk

_QUOTE_DECIMALS = 2
_BASE_FEE_DECIMALS = 8


class Column(IntEnum):
    TIME = 0
    ORDER = 1  # the branches of the tree are drawn here (`setTreePosition`)
    STRATEGY = 2
    STATUS = 3
    FILLED = 4
    AMOUNT = 5
    PRICE = 6
    AVERAGE = 7
    FEES = 8
    REMAINING = 9
    REASON = 10


TITLES = ("Time", "Order", "Strategy", "Status", "Filled", "Amount", "Price", "Avg", "Fees", "Remaining", "Reason")
WIDTHS = (100, 156, 124, 136, 108, 104, 100, 88, 104, 104, 168)
NUMBERS = frozenset({Column.AMOUNT, Column.PRICE, Column.AVERAGE, Column.FEES, Column.REMAINING})
_ARROWS = {OrderSide.BUY: "▲", OrderSide.SELL: "▼"}


@dataclass(frozen=True, slots=True)
class Digits:
    """How many decimals prices and amounts have."""

    price: int = 2
    amount: int = 8


class DigitsOf:
    """Looks decimals up, once: a venue's own tick and lot, the finest of several venues.

    A lot can be worth a fraction of a cent; over several venues, decimals end where they stop being money.

    Args:
        mid: a symbol's price at about this time; None while there is none, which counts every decimal.
    """

    def __init__(
        self, instruments: Callable[[str], Mapping[str, Instrument]], mid: Callable[[str], Decimal | None] = lambda _symbol: None
    ) -> None:
        self._instruments, self._mid = instruments, mid
        self._known: dict[tuple[str, ...], Digits] = {}

    def __call__(self, symbol: str, *venues: str) -> Digits:
        """Over `venues`; without any, over all that trade the symbol."""
        if known := self._known.get((symbol, *venues)):
            return known
        listed = self._instruments(symbol)
        found = [listed[venue] for venue in venues if venue in listed] or list(listed.values())
        if not found:
            return Digits()
        alone = len(found) == 1
        mid = None if alone else self._mid(symbol)
        amount = formats.worthwhile_decimals(max(one.amount_decimals for one in found), mid)
        digits = Digits(max(one.price_decimals for one in found), amount)
        if alone or mid is not None:  # the price is looked at once: columns don't breathe with it
            self._known[symbol, *venues] = digits
        return digits


def digits_of(desk: Desk) -> DigitsOf:
    """The decimals of a desk's markets; before its books have a price, the last order's stands for it."""

    def price(symbol: str) -> Decimal | None:
        prices = (order.average_price or order.price for order in desk.order_manager.snapshots() if order.symbol == symbol)
        return desk.market(symbol).mid or next((known for known in prices if known), None)

    return DigitsOf(desk.instruments, price)


def venues_of(order: OrderSnapshot) -> tuple[str, ...]:
    """Where it trades: a child's one venue, those a parent may use."""
    return (order.exchange,) if order.exchange else order.exchanges


def texts(order: OrderSnapshot, digits: Digits) -> tuple[str, ...]:
    """The cells of a row, by `Column`."""
    pending_price = order.price if order.pending_price is None else order.pending_price
    pending_amount = order.amount if order.pending_amount is None else order.pending_amount
    what = f"{order.side.value.upper()} {order.symbol}" if order.is_parent else order.exchange
    return (
        formats.time_of_day(order.created_us),
        f"{_ARROWS[order.side]} {what}",
        order.strategy.label if order.is_parent and order.strategy else _kind(order),
        state_of(order).text,
        formats.percent(fraction_filled(order), 1),
        formats.amount(pending_amount, digits.amount),
        _price(order, pending_price, digits),
        formats.price(order.average_price, digits.price),
        fees_text(order),
        formats.amount(order.remaining_amount, digits.amount),
        reason_of(order),
    )


def raw(order: OrderSnapshot, column: int) -> str:
    """A cell as a program would want it: no separators, every digit."""
    match column:
        case Column.FILLED:
            return plain(order.filled_amount)
        case Column.AMOUNT:
            return plain(order.amount)
        case Column.PRICE:
            return "" if order.price is None else plain(order.price)
        case Column.AVERAGE:
            return "" if order.average_price is None else plain(order.average_price)
        case Column.FEES:
            return " ".join(f"{plain(fee)} {currency}" for currency, fee in order.fees.items())
        case Column.REMAINING:
            return plain(order.remaining_amount)
        case Column.ORDER:
            return order.id
    return texts(order, Digits())[column]


def fraction_filled(order: OrderSnapshot) -> Decimal:
    """0 to 1; more after an overfill."""
    return order.filled_amount / order.amount if order.amount else Decimal(0)


def fraction_wanted(order: OrderSnapshot) -> Decimal | None:
    """Where the schedule wants the fills to be, 0 to 1; None without one, or when it is over."""
    if order.target_amount is None or order.terminal or not order.amount:
        return None
    return min(order.target_amount / order.amount, Decimal(1))


def fees_text(order: OrderSnapshot) -> str:
    """`12.34 USDT`, or both currencies when a spot buy paid in base."""
    base = order.symbol.split("/")[0]
    parts = [
        f"{formats.fixed(fee, _BASE_FEE_DECIMALS if currency == base else _QUOTE_DECIMALS)} {currency}"
        for currency, fee in order.fees.items()
    ]
    return " + ".join(parts) or formats.EMPTY


def _price(order: OrderSnapshot, price: Decimal | None, digits: Digits) -> str:
    """The limit; `market` without one, but while an order waits, where it fires."""
    if not order.is_parent or order.order_type.once_fired is OrderType.LIMIT:
        return formats.price(price, digits.price)
    if order.status is ParentStatus.WAITING_TRIGGER and order.trigger_price is not None:
        return f"@{formats.price(order.trigger_price, digits.price)}"
    return "market"


def _kind(order: OrderSnapshot) -> str:
    return f"{'post-only' if order.post_only else order.order_type.value} {order.time_in_force.value.upper()}"
