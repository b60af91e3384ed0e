"""An order and its trades as the wire names them: by numbers that the venue gives, which the truth behind does not know."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from core.domain.enums import OrderSide, TimeInForce
from core.exchanges.connector import VenueOrder, VenueOrderStatus


@dataclass(frozen=True, slots=True)
class OrderWords:
    """What the client asked for and the truth does not keep, because there every order is a limit order.

    Attributes:
        market: sent without a price.
        time_in_force: as meant, GTC for post-only.
        extra: the exchange's own words to repeat, such as `type` or `timeInForce`.
    """

    market: bool = False
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    reduce_only: bool = False
    extra: tuple[tuple[str, str], ...] = ()

    def word(self, name: str, default: str = "") -> str:
        """One of `extra`."""
        return dict(self.extra).get(name, default)


@dataclass(frozen=True, slots=True)
class WireFill:
    """One trade of ours; amounts base, price quote per base.

    Attributes:
        number: among the venue's public trades too.
        truth_id: the trade's id in the truth.
    """

    number: int
    truth_id: str
    price: Decimal
    amount: Decimal
    fee: Decimal
    fee_currency: str
    is_maker: bool
    ts_us: int


@dataclass(slots=True, eq=False)
class WireOrder:
    """An order as the venue's messages speak of it.

    Attributes:
        number: the venue's order id.
        client_id: as the client sent it; the truth's may carry a suffix when an id is used again.
        truth_id: key in `PaperExchange.orders`; empty for one that never met the market (see `EmulatedVenue.stillborn`).
        state: what is true of it now.
        created_us: when it was taken.
    """

    number: int
    client_id: str
    truth_id: str
    words: OrderWords
    state: VenueOrder
    created_us: int
    fills: list[WireFill] = field(default_factory=list)

    @property
    def symbol(self) -> str:
        return self.state.symbol

    @property
    def side(self) -> OrderSide:
        return self.state.side

    @property
    def price(self) -> Decimal:
        """The limit; 0 on a market order."""
        return Decimal(0) if self.words.market or self.state.price is None else self.state.price

    @property
    def amount(self) -> Decimal:
        return self.state.amount

    @property
    def filled(self) -> Decimal:
        return self.state.filled

    @property
    def remaining(self) -> Decimal:
        return self.state.amount - self.state.filled

    @property
    def is_open(self) -> bool:
        return self.state.status is VenueOrderStatus.OPEN

    @property
    def cost(self) -> Decimal:
        """Quote traded so far."""
        return sum((fill.price * fill.amount for fill in self.fills), Decimal(0))

    @property
    def average_price(self) -> Decimal:
        """0 before the first trade."""
        return self.cost / self.filled if self.filled else Decimal(0)


class Change(StrEnum):
    """What an `OrderChange` tells."""

    NEW = "new"
    TRADE = "trade"
    AMENDED = "amended"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class OrderChange:
    """One change of one order. `order` lives on: make the message before you return. `fill` is set on TRADE."""

    kind: Change
    order: WireOrder
    fill: WireFill | None = None
