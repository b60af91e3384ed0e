"""One order as the paper venue itself keeps it: the truth, in whole ticks and size units.

What the connector tells its caller may be late, doubled or lost; this is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from core.domain.enums import OrderSide, TimeInForce
from core.domain.instruments import Instrument
from core.exchanges.connector import VenueOrder, VenueOrderStatus


@dataclass(slots=True, eq=False)
class PaperOrder:
    """A live or ended order of ours.

    Attributes:
        tick: limit price, in ticks.
        units: total amount, in size units; an amend changes it.
        ahead_units: displayed size that trades before ours at our price.
        ts_us: when it last changed.
        reason: why it ended, one sentence.
    """

    instrument: Instrument
    client_id: str
    venue_order_id: str
    side: OrderSide
    tick: int
    units: int
    time_in_force: TimeInForce
    ts_us: int
    post_only: bool = False
    display_amount: Decimal | None = None  # nobody sees our orders here, so hiding the rest changes nothing
    reduce_only: bool = False
    filled_units: int = 0
    ahead_units: int = 0
    status: VenueOrderStatus = VenueOrderStatus.OPEN
    reason: str = ""

    @property
    def is_bid(self) -> bool:
        return self.side is OrderSide.BUY

    @property
    def is_open(self) -> bool:
        return self.status is VenueOrderStatus.OPEN

    @property
    def remaining_units(self) -> int:
        return self.units - self.filled_units

    @property
    def price(self) -> Decimal:
        return self.instrument.price_of(self.tick)

    @property
    def remaining(self) -> Decimal:
        """Base still open."""
        return self.instrument.amount_of(self.remaining_units)

    def reaches(self, tick: int) -> bool:
        """Whether the limit allows a trade at `tick`."""
        return tick <= self.tick if self.is_bid else tick >= self.tick

    def report(self) -> VenueOrder:
        """The order as the venue would state it now."""
        instrument = self.instrument
        return VenueOrder(
            venue=instrument.venue,
            symbol=instrument.symbol,
            client_id=self.client_id,
            venue_order_id=self.venue_order_id,
            side=self.side,
            price=self.price,
            amount=instrument.amount_of(self.units),
            filled=instrument.amount_of(self.filled_units),
            status=self.status,
            ts_us=self.ts_us,
            reason=self.reason,
        )
