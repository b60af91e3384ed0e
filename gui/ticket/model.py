"""What the ticket is asking for, frozen at each moment. Qt-free.

"No venue chosen" must never become "every venue", which is what an empty list means to the
engine: the draft says so itself, before the engine is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from core.domain.enums import ExecutionStrategy, MarketType, OrderSide, OrderType, TimeInForce
from core.domain.instruments import Instrument
from core.domain.numbers import plain

ORDER_TYPES = (OrderType.LIMIT, OrderType.MARKET)
TIMES_IN_FORCE = (TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK)
TIME_IN_FORCE_HELP = {
    TimeInForce.GTC: "Good till cancelled: what does not fill at once rests at your price.",
    TimeInForce.IOC: "Immediate or cancel: what does not fill at once is reported unfilled.",
    TimeInForce.FOK: "Fill or kill: all of it at once, or nothing.",
}
_PRESETS = (Decimal("0.1"), Decimal("0.5"), Decimal(1), Decimal(5))


@dataclass(frozen=True)
class Draft:
    """Everything the trader has entered. Amount in base, price in quote; both snapped already.

    Attributes:
        fault: why a field can't be read; empty when all can.
        venues: those ticked, in the order of the list.
        params: stored units, without the two include switches.
    """

    symbol: str
    side: OrderSide = OrderSide.BUY
    order_type: OrderType = OrderType.LIMIT
    amount: Decimal | None = None
    price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    strategy: ExecutionStrategy = ExecutionStrategy.BEST_PRICE
    params: Mapping[str, object] = field(default_factory=dict)
    venues: tuple[str, ...] = ()
    fault: str = ""

    @property
    def base(self) -> str:
        return self.symbol.split("/")[0]

    @property
    def takes_post_only(self) -> bool:
        """Only an order that may rest can be kept from crossing."""
        return self.order_type is OrderType.LIMIT and self.time_in_force is TimeInForce.GTC

    @property
    def problem(self) -> str:
        """The first thing that keeps this from being an order, one sentence; empty when nothing does."""
        if self.fault:
            return self.fault
        if not self.amount:
            return "Enter an amount."
        if self.order_type is OrderType.LIMIT and not self.price:
            return "Enter a limit price."
        if not self.venues:
            return "Choose at least one venue."
        return ""

    @property
    def is_blank(self) -> bool:
        """Nothing entered yet: not an error, only a beginning."""
        return not self.fault and not self.amount

    @property
    def submit_label(self) -> str:
        """`BUY 0.5 BTC · PRICE OPTIMIZED`: what the button does."""
        size = f"{plain(self.amount)} " if self.amount else ""
        return f"{self.side.value.upper()} {size}{self.base} · {self.strategy.label}"

    def arguments(self, instruments: Mapping[str, Instrument]) -> dict[str, Any]:
        """Keyword arguments of `engine.request`. The two include switches follow from the venues that are ticked."""
        kinds = {instruments[venue].market_type for venue in self.venues if venue in instruments}
        return {
            "symbol": self.symbol,
            "side": self.side,
            "amount": self.amount,
            "order_type": self.order_type,
            "price": self.price if self.order_type is OrderType.LIMIT else None,
            "strategy": self.strategy,
            "exchanges": list(self.venues),
            "params": {**self.params, "include_spot": MarketType.SPOT in kinds, "include_perp": MarketType.PERP in kinds},
            "time_in_force": self.time_in_force if self.order_type is OrderType.LIMIT else TimeInForce.IOC,
            "post_only": self.post_only and self.takes_post_only,
        }


def preset_amounts(mid: Decimal | None) -> tuple[Decimal, ...]:
    """Four round sizes, about 6,000 to 300,000 in quote: 0.1 to 5 of something that costs like bitcoin."""
    if not mid:
        return _PRESETS
    # 10,000 to 100,000 a piece is a factor of one.
    return tuple(preset.scaleb(4 - mid.adjusted()) for preset in _PRESETS)


def notional(draft: Draft, average: Decimal | None, mid: Decimal | None) -> Decimal | None:
    """The order's worth in quote: at its limit, else at the expected average, else at the mid; None without any."""
    price = draft.price if draft.order_type is OrderType.LIMIT else average or mid
    return draft.amount * price if draft.amount and price else None
