"""What the window may know of an order that is not ours."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from core.domain.enums import OrderSide
from core.exchanges.connector import VenueOrder


@dataclass(frozen=True, slots=True)
class ForeignOrder:
    """An open order on the trader's account that no order of this profile stands behind, as last seen. Amounts in base."""

    venue: str
    symbol: str
    venue_order_id: str
    side: OrderSide
    price: Decimal | None
    amount: Decimal
    filled: Decimal

    @classmethod
    def of(cls, order: VenueOrder) -> ForeignOrder:
        return cls(order.venue, order.symbol, order.venue_order_id, order.side, order.price, order.amount, order.filled)
