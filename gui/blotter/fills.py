"""The fills table. A fill is shown once, by venue and trade id, however often it is told."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QObject

from core.domain.enums import OrderSide
from core.domain.numbers import plain
from core.domain.orders import Fill
from gui import formats
from gui.blotter.lists import ListColumn, NewestFirst
from gui.blotter.rows import DigitsOf
from gui.theme import Theme

BOUND = 5_000
_FEE_DECIMALS = 8
_QUOTE_FEE_DECIMALS = 4


def fills_model(digits: DigitsOf, theme: Theme, parent: QObject | None = None) -> NewestFirst[Fill]:
    """An empty table of fills, newest on top."""

    def price(fill: Fill) -> str:
        return formats.price(fill.price, digits(fill.symbol, fill.venue).price)

    def amount(fill: Fill) -> str:
        return formats.amount(fill.amount, digits(fill.symbol, fill.venue).amount)

    return NewestFirst(
        [
            ListColumn("Time", 104, lambda fill: formats.time_of_day(fill.ts_us), tone=lambda _: "muted"),
            ListColumn("Venue", 120, lambda fill: fill.venue),
            ListColumn("Side", 64, _side, tone=lambda fill: fill.side.value),
            ListColumn("Price", 100, price, number=True, raw=lambda fill: plain(fill.price)),
            ListColumn("Amount", 110, amount, number=True, raw=lambda fill: plain(fill.amount)),
            ListColumn("Fee", 140, _fee, number=True, raw=lambda fill: f"{plain(fill.fee)} {fill.fee_currency}"),
            ListColumn("Liquidity", 80, lambda fill: fill.liquidity.value, tone=lambda _: "muted"),
            ListColumn("Order", 180, lambda fill: fill.client_id, tone=lambda _: "muted"),
        ],
        BOUND,
        theme,
        parent,
    )


class FillBook:
    """Knows which fills were shown already, as far back as the table reaches."""

    def __init__(self, model: NewestFirst[Fill]) -> None:
        self._model = model
        self._seen: dict[tuple[str, str], None] = {}

    def add(self, fills: Iterable[Fill]) -> None:
        """Show those that are new, oldest first."""
        fresh = []
        for fill in fills:
            if (key := (fill.venue, fill.trade_id)) not in self._seen:
                self._seen[key] = None
                fresh.append(fill)
        self._model.add(fresh)
        while len(self._seen) > 2 * BOUND:
            del self._seen[next(iter(self._seen))]


def _side(fill: Fill) -> str:
    return "▲ BUY" if fill.side is OrderSide.BUY else "▼ SELL"


def _fee(fill: Fill) -> str:
    in_base = fill.fee_currency == fill.symbol.split("/")[0]
    return f"{formats.fixed(fill.fee, _FEE_DECIMALS if in_base else _QUOTE_FEE_DECIMALS)} {fill.fee_currency}"
