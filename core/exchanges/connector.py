"""The protocol every venue is spoken to through, and what goes over it.

A connector talks to one venue. It converts (wire strings to ticks, contracts to base, library
errors to ours) and it never guesses: an ambiguous answer raises `OutcomeUnknown`.
Where to start reading: `ExchangeConnector`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Protocol, runtime_checkable

from core.domain.candles import Candle
from core.domain.enums import OrderSide, OrderType, TimeInForce
from core.domain.instruments import Instrument
from core.domain.market import MarketMessage
from core.domain.orders import Fill


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a venue can do natively; what it can't, the engine emulates or refuses.

    Attributes:
        prints_own_trades: our fills are among its public trades, as they are on every real venue.
        late_s: how long after it was sent a request may still be carried out there, where that is longer than the quarter of a minute
            that `core.execution.evidence` allows for.
    """

    amend: bool = True
    post_only: bool = True
    reduce_only: bool = False
    fill_or_kill: bool = True
    iceberg: bool = False
    leverage: bool = False
    prints_own_trades: bool = True
    late_s: float = 0.0


@dataclass(frozen=True, slots=True)
class NewOrder:
    """A child as it is sent. Price on the tick, amount on the lot, both exact.

    Attributes:
        client_id: ours, at most 18 lowercase alphanumerics, unique for ever.
        display_amount: base to show of it, on venues with native icebergs; None shows all.
    """

    client_id: str
    symbol: str
    side: OrderSide
    amount: Decimal
    price: Decimal
    order_type: OrderType = OrderType.LIMIT
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    reduce_only: bool = False
    display_amount: Decimal | None = None


class VenueOrderStatus(StrEnum):
    OPEN = "open"
    FILLED = "filled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class VenueOrder:
    """What a venue says of an order. `filled` may run ahead of or behind the fills we have seen."""

    venue: str
    symbol: str
    client_id: str
    venue_order_id: str
    side: OrderSide
    price: Decimal | None
    amount: Decimal
    filled: Decimal
    status: VenueOrderStatus
    ts_us: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Balance:
    """Of one currency, in that currency. `free` excludes what open orders hold."""

    currency: str
    total: Decimal
    free: Decimal


@dataclass(frozen=True, slots=True)
class ConnectionChange:
    """The private stream went down or came back: events in between are lost and must be fetched."""

    venue: str
    connected: bool
    ts_us: int
    reason: str = ""


AccountEvent = VenueOrder | Fill | ConnectionChange
MarketListener = Callable[[MarketMessage], None]
AccountListener = Callable[[AccountEvent], None]


class ExchangeConnector(Protocol):
    """One venue. All times µs, amounts base, prices quote per base."""

    @property
    def venue(self) -> str: ...

    @property
    def capabilities(self) -> Capabilities: ...

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        """By symbol, with this account's fees. Empty before `open()`."""
        ...

    @property
    def latency_ms(self) -> float | None:
        """Latest measured round trip of an order request, or None before the first."""
        ...

    def on_market(self, listener: MarketListener) -> None:
        """Call `listener` with every market message from now on."""
        ...

    def on_account(self, listener: AccountListener) -> None:
        """Call `listener` with every order update and fill of ours from now on."""
        ...

    async def open(self) -> None:
        """Load instruments and start the private stream.

        Raises:
            VenueUnavailable: not reachable.
        """
        ...

    async def close(self) -> None:
        """Stop everything; open orders stay as they are."""
        ...

    async def subscribe(self, symbol: str) -> None:
        """Start book and trade messages for `symbol`."""
        ...

    async def create_order(self, order: NewOrder) -> VenueOrder:
        """Place an order, once.

        Raises:
            VenueRefused: definitely not placed (`WouldCross`: only because it was post-only).
            DuplicateClientId: it exists already.
            VenueUnavailable: surely never arrived.
            OutcomeUnknown: may be placed.
        """
        ...

    async def cancel_order(self, symbol: str, client_id: str) -> None:
        """Ask for a cancel. The end is reported as an account event, or found by look-up.

        Raises:
            OrderNotFound: the venue does not know it as open: query, it may be filled.
            VenueUnavailable, OutcomeUnknown: it may still be live.
        """
        ...

    async def amend_order(self, symbol: str, client_id: str, *, price: Decimal, amount: Decimal) -> VenueOrder:
        """Change price and total amount in place (`capabilities.amend`).

        Raises:
            VenueRefused: unchanged and still live.
            OrderNotFound, VenueUnavailable, OutcomeUnknown: as for a cancel.
        """
        ...

    async def find_order(self, symbol: str, client_id: str) -> VenueOrder | None:
        """Look among open orders, history and fills; None only when all look-ups succeeded and none knew it.

        Raises:
            VenueUnavailable, OutcomeUnknown: a failed look-up is not evidence.
        """
        ...

    async def open_orders(self, symbol: str) -> Sequence[VenueOrder]: ...

    async def fills_of(self, symbol: str, client_id: str) -> Sequence[Fill]:
        """Every trade of one order so far."""
        ...

    async def balances(self) -> Mapping[str, Balance]: ...

    async def positions(self) -> Mapping[str, Decimal]:
        """Symbol -> net position in base, negative when short. Flat symbols may be missing; a spot venue has none."""
        ...

    async def set_leverage(self, symbol: str, leverage: int, margin_mode: str | None = None) -> None:
        """Set what margin `symbol` is traded with from now on (`capabilities.leverage`). Doing it twice changes nothing.

        Args:
            margin_mode: 'cross' or 'isolated'; None leaves it as it is.

        Raises:
            VenueRefused: too high, not enough margin, or not changeable now; all is as it was.
            VenueUnavailable, OutcomeUnknown: ask again.
        """
        ...

    async def candles(self, symbol: str, since_us: int, until_us: int) -> Sequence[Candle]:
        """The minutes that start in [since, until), oldest first; empty where the venue keeps none. Asks as often as it takes.

        Raises:
            VenueUnavailable, OutcomeUnknown: not all of them could be had.
        """
        ...


@runtime_checkable
class Resyncable(Protocol):
    """A connector whose streams can be started anew without a reconnect: what a watchdog does about a silent one."""

    async def resync(self, symbol: str) -> None:
        """Subscribe the public streams of `symbol` anew; its book starts over from a snapshot.

        Raises:
            VenueUnavailable, OutcomeUnknown: it stays as silent as it was.
        """
        ...

    async def resync_account(self) -> None:
        """Start the private stream anew; what was missed is not replayed.

        Raises:
            VenueUnavailable, OutcomeUnknown: it stays as silent as it was.
        """
        ...
