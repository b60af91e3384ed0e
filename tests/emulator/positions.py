"""Entry prices, which the truth keeps to itself and every derivatives exchange tells.

Adding to a position averages its entry, reducing it leaves the entry alone, crossing zero starts anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import final

from core.domain.orders import Fill

ZERO = Decimal(0)


@dataclass(slots=True)
class Position:
    """Signed base `amount`, average entry in quote per base (0 when flat), profit realised so far in quote, fees apart."""

    amount: Decimal = ZERO
    entry: Decimal = ZERO
    realised: Decimal = ZERO

    def add(self, signed: Decimal, price: Decimal) -> Decimal:
        """Book a trade; returns what it realised."""
        closed = min(abs(self.amount), abs(signed)) if self.amount * signed < 0 else ZERO
        profit = closed * (price - self.entry) * (1 if self.amount > 0 else -1)
        left = self.amount + signed
        if closed < abs(signed):
            opened = abs(signed) - closed
            kept = abs(self.amount) - closed
            self.entry = (self.entry * kept + price * opened) / (kept + opened)
        elif not left:
            self.entry = ZERO
        self.amount = left
        self.realised += profit
        return profit


@final
class Positions:
    """Positions by symbol, from a venue's own list of fills, read as far as it goes by then."""

    def __init__(self, fills: Sequence[Fill]) -> None:
        self._fills = fills
        self._read = 0
        self._by_symbol: dict[str, Position] = {}
        self._profits: dict[str, Decimal] = {}

    def of(self, symbol: str) -> Position:
        self._catch_up()
        return self._by_symbol.setdefault(symbol, Position())

    def profit_of(self, trade_id: str) -> Decimal:
        """What one trade (by the truth's id) realised."""
        self._catch_up()
        return self._profits.get(trade_id, ZERO)

    def _catch_up(self) -> None:
        while self._read < len(self._fills):
            fill = self._fills[self._read]
            self._read += 1
            position = self._by_symbol.setdefault(fill.symbol, Position())
            self._profits[fill.trade_id] = position.add(fill.side.sign * fill.amount, fill.price)
