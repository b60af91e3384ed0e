"""How an order was asked for: request and parameters as lines. Qt-free."""

from __future__ import annotations

from core.domain.enums import OrderType
from core.domain.numbers import plain
from core.domain.orders import OrderSnapshot
from gui import formats
from gui.blotter.rows import Digits, fees_text
from gui.inspector.costs import Line, Sheet
from gui.ticket.fields import COVERED_BY_VENUES, FieldKind, fields_of


def details_sheet(order: OrderSnapshot, digits: Digits) -> Sheet:
    """The request left, the strategy's parameters right."""
    return Sheet((tuple(_request(order, digits)), tuple(_params(order))))


def _request(order: OrderSnapshot, digits: Digits) -> list[Line]:
    base = order.symbol.split("/")[0]
    flags = [name for name, on in (("post-only", order.post_only), ("reduce-only", order.reduce_only)) if on]
    limit = "market" if order.order_type is OrderType.MARKET else formats.price(order.price, digits.price)
    return [
        Line("Request", heading=True),
        Line("Type", ", ".join([order.order_type.value.replace("_", " "), order.time_in_force.value.upper(), *flags])),
        Line("Limit", limit),
        Line("Amount", f"{plain(order.amount)} {base}"),
        Line("Filled", f"{plain(order.filled_amount)} {base}"),
        Line("Fees", fees_text(order)),
        Line("Started", formats.time_of_day(order.created_us)),
        Line("Venues", f"{len(order.exchanges)}", help=", ".join(order.exchanges)),
        Line("Order id", order.id),
    ]


def _params(order: OrderSnapshot) -> list[Line]:
    if order.strategy is None:
        return []
    lines = [Line("Parameters", heading=True)]
    for field in fields_of(order.strategy):
        if field.name in COVERED_BY_VENUES or field.name not in order.params:
            continue
        value = order.params[field.name]
        text = field.shown(value) if value is not None else "auto"
        unit = "" if value is None or field.kind is FieldKind.SECONDS else {"base": order.symbol.split("/")[0]}.get(field.unit, field.unit)
        shown = ("yes" if value else "no") if field.kind is FieldKind.BOOL else text
        lines.append(Line(field.title, f"{shown} {unit}".strip(), help=field.help))
    if len(lines) == 1:
        lines.append(Line("None for this strategy", tone="muted"))
    return lines
