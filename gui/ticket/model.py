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

TIMES_IN_FORCE = (TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK, TimeInForce.GTD)
RESTING_TIMES = (TimeInForce.GTC, TimeInForce.GTD)
TIME_IN_FORCE_HELP = {
    TimeInForce.GTC: "Good till cancelled: what does not fill at once rests at your price.",
    TimeInForce.IOC: "Immediate or cancel: what does not fill at once is reported unfilled.",
    TimeInForce.FOK: "Fill or kill: all of it at once, or nothing.",
    TimeInForce.GTD: "Good till date: ended after a time, with what is unfilled by then.",
}
# Triggers and expiries live in this program, not on the venues.
WATCHED = "Watched by Fathom: needs the program running."
_PRESETS = (Decimal("0.1"), Decimal("0.5"), Decimal(1), Decimal(5))


@dataclass(frozen=True)
class Draft:
    """Everything the trader has entered. Amount in base, price in quote; both snapped already.

    Attributes:
        fault: why a field can't be read; empty when all can.
        trigger_price: in quote; trail_percent: percent; expires_in: seconds. None where the order type has none.
        leverage, margin_mode: None leaves the venue's own.
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
    reduce_only: bool = False
    trigger_price: Decimal | None = None
    trail_percent: Decimal | None = None
    expires_in: Decimal | None = None
    leverage: int | None = None
    margin_mode: str | None = None
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
        return self.has_limit and self.time_in_force in RESTING_TIMES

    @property
    def has_limit(self) -> bool:
        """It trades at the trader's price, once it trades at all."""
        return self.order_type.once_fired is OrderType.LIMIT

    @property
    def expires(self) -> bool:
        return self.time_in_force is TimeInForce.GTD and self.order_type is not OrderType.MARKET

    @property
    def is_watched(self) -> bool:
        """Something about it happens only while the program runs."""
        return self.order_type.waits or self.expires

    @property
    def problem(self) -> str:
        """The first thing that keeps this from being an order, one sentence; empty when nothing does."""
        if self.fault:
            return self.fault
        if self.amount is None or not self.amount:
            return "Enter an amount."
        if self.amount < 0:
            return "The amount must be above zero; the side says whether you buy or sell."
        if self.order_type is OrderType.TRAILING_STOP and not self.trail_percent:
            return "Enter a trail in percent."
        if self.order_type.waits and self.order_type is not OrderType.TRAILING_STOP and not self.trigger_price:
            return "Enter a trigger price."
        if self.has_limit and not self.price:
            return "Enter a limit price."
        if self.expires and not self.expires_in:
            return "Enter after how long the order expires."
        if not self.venues:
            return "Choose at least one venue."
        return ""

    @property
    def is_blank(self) -> bool:
        """Nothing entered yet: not an error, only a beginning."""
        return not self.fault and not self.amount

    @property
    def submit_label(self) -> str:
        """`BUY 0.5 BTC · PRICE OPTIMIZED`, `SELL STOP 0.5 BTC · TWAP`: what the button does."""
        size = f"{plain(self.amount)} " if self.amount and self.amount > 0 else ""
        kind = f"{self.order_type.words.upper()} " if self.order_type.waits else ""
        return f"{self.side.value.upper()} {kind}{size}{self.base} · {self.strategy.label}"

    def arguments(self, instruments: Mapping[str, Instrument]) -> dict[str, Any]:
        """Keyword arguments of `engine.request`. The two include switches follow from the venues that are ticked."""
        kinds = {instruments[venue].market_type for venue in self.venues if venue in instruments}
        asked: dict[str, Any] = {
            "symbol": self.symbol,
            "side": self.side,
            "amount": self.amount,
            "order_type": self.order_type,
            "price": self.price if self.has_limit else None,
            "strategy": self.strategy,
            "exchanges": list(self.venues),
            "params": {**self.params, "include_spot": MarketType.SPOT in kinds, "include_perp": MarketType.PERP in kinds},
            "time_in_force": self.time_in_force if self.order_type is not OrderType.MARKET else TimeInForce.IOC,
            "post_only": self.post_only and self.takes_post_only,
        }
        if self.order_type is OrderType.TRAILING_STOP:
            asked["trail_percent"] = self.trail_percent
        elif self.order_type.waits:
            asked["trigger_price"] = self.trigger_price
        if self.expires and self.expires_in is not None:
            asked["expires_in"] = float(self.expires_in)
        if MarketType.PERP in kinds:
            asked |= {"reduce_only": self.reduce_only, "leverage": self.leverage, "margin_mode": self.margin_mode}
        return asked


def preset_amounts(mid: Decimal | None) -> tuple[Decimal, ...]:
    """Four round sizes, about 6,000 to 300,000 in quote: 0.1 to 5 of something that costs like bitcoin."""
    if not mid:
        return _PRESETS
    # 10,000 to 100,000 a piece is a factor of one.
    return tuple(preset.scaleb(4 - mid.adjusted()) for preset in _PRESETS)


def notional(draft: Draft, average: Decimal | None, mid: Decimal | None) -> Decimal | None:
    """The order's worth in quote: at its limit, else at its trigger, the expected average, the mid; None without any."""
    price = draft.price if draft.has_limit else draft.trigger_price or average or mid
    return draft.amount * price if draft.amount and price else None
