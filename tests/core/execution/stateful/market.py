"""The venues of a random world and what their books look like: four sets of rules that do not fit each other, prices around 100."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import final

from core.domain.clock import SimulatedClock
from core.domain.enums import OrderSide
from core.domain.instruments import Instrument
from tests.core.exchanges.paper_desk import ManualFeed
from tests.core.making import instrument

RULES: Mapping[str, Instrument] = MappingProxyType(
    {
        made.venue: made
        for made in (
            instrument("binance_spot", tick="0.5", lot="0.01", min_amount="0.02", min_notional="5", taker_fee="0.001", maker_fee="0.001",
                       fee_in_base=True),
            instrument("okx_perp", tick="0.2", lot="0.03", min_amount="0.06", taker_fee="0.0005", maker_fee="-0.0001"),
            instrument("okx_spot", tick="0.1", lot="0.001", min_notional="1", taker_fee="0.0008", maker_fee="0.0006",
                       native_iceberg=True),
            instrument("binance_perp", tick="0.5", lot="0.05", min_amount="0.05", min_notional="10", taker_fee="0.0004",
                       maker_fee="0.0002"),
        )
    }
)  # fmt: skip
VENUES = tuple(RULES)
MIDDLE = Decimal(100)
# Distance of a level from the middle (quote) and the base that stands there, as a part of the book's depth.
_LEVELS = (("0.5", "1"), ("1", "2"), ("2", "5"), ("4", "10"))


@final
class Book:
    """One venue's displayed book, as its feed tells it.

    Attributes:
        middle: between the touches, quote.
        depth: base at the first level.
        silent: it says nothing by itself.
    """

    def __init__(self, rules: Instrument, clock: SimulatedClock) -> None:
        self.feed = ManualFeed(rules, clock)
        self.rules = rules
        self.middle = MIDDLE
        self.depth = Decimal(1)
        self.silent = False

    def show(self) -> None:
        """All of it, anew."""
        self.feed.snapshot(self._side(OrderSide.BUY), self._side(OrderSide.SELL))

    def breathe(self) -> None:
        """A sign of life that changes nothing."""
        if not self.silent:
            self.feed.change()

    def level(self, side: OrderSide, size: str) -> None:
        """Somebody changes the touch on `side` to `size` base."""
        price = self._price(side, Decimal("0.5"))
        levels = {str(price): size}
        self.feed.change(bids=levels if side is OrderSide.BUY else None, asks=levels if side is OrderSide.SELL else None)

    def trade(self, taker: OrderSide, away: str, size: str) -> None:
        """Somebody trades `size` base, `away` quote from the middle in his own direction."""
        self.feed.trade(taker, str(self._price(taker.opposite, Decimal(away))), size)

    def _side(self, side: OrderSide) -> dict[str, str]:
        sizes = {self._price(side, Decimal(away)): Decimal(part) * self.depth for away, part in _LEVELS}
        return {str(price): str(size) for price, size in sizes.items() if size}

    def _price(self, side: OrderSide, away: Decimal) -> Decimal:
        return self.rules.round_price(self.middle - side.sign * away, side)
