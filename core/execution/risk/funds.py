"""What the accounts can still pay for: the venues' word on balances, less what has left for them since they spoke.

A balance is asked for in the background and kept; an order never waits for it. What is not known refuses nothing,
because the venue has the last word anyway: this check saves a round trip and a reject loop, it protects nothing.
Reservations are added up from the live children whenever they are asked for, so they can't drift, go below zero
or outlive their orders.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import final

from core.domain.clock import MICROSECONDS, Clock
from core.domain.enums import MarketType, OrderSide
from core.domain.errors import VenueError
from core.domain.instruments import Instrument
from core.domain.orders import ChildStatus, Knowledge
from core.domain.plan import ExecutionRequest
from core.exchanges.connector import Balance, ExchangeConnector
from core.execution.live import LiveChildren
from core.execution.state import ZERO, ChildState
from core.execution.tasks import TaskOwner

log = logging.getLogger(__name__)

# Balances are asked for again so long after something has changed: a burst of fills is one question.
CALM_S = 1.0
# ... and when they are older than this and something is to be sent.
OLD_US = 30 * MICROSECONDS

_SEEN = (ChildStatus.OPEN, ChildStatus.PARTIALLY_FILLED)


@dataclass(slots=True)
class _Account:
    """One venue's answer.

    Attributes:
        unseen: children that may have bound or spent money which the answer does not know of.
    """

    balances: Mapping[str, Balance]
    positions: Mapping[str, Decimal]
    asked_us: int
    unseen: dict[str, ChildState] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AccountWords:
    """What a venue last said of our account.

    Attributes:
        positions: symbol -> net base, negative when short.
        asked_us: when it was asked.
    """

    balances: Mapping[str, Balance]
    positions: Mapping[str, Decimal]
    asked_us: int


@final
class Funds:
    """Balances and margins of all venues.

    Attributes:
        leverage: assumed for perp orders that set none.
    """

    def __init__(self, connectors: Mapping[str, ExchangeConnector], clock: Clock, live: LiveChildren, tasks: TaskOwner) -> None:
        self.leverage = 1
        self._connectors = connectors
        self._clock = clock
        self._live = live
        self._tasks = tasks
        self._accounts: dict[str, _Account] = {}
        self._asking: set[str] = set()

    def words(self) -> dict[str, AccountWords]:
        """By venue; one that has not answered yet is missing."""
        return {venue: AccountWords(of.balances, of.positions, of.asked_us) for venue, of in self._accounts.items()}

    # -- asking the venues ---------------------------------------------------------------------------

    def track(self, child: ChildState) -> None:
        """`child` is about to be sent."""
        account = self._accounts.get(child.planned.exchange)
        if account is not None:
            account.unseen[child.client_id] = child

    def changed(self, venue: str) -> None:
        """Something happened to the account on `venue`: ask for its balances once it has calmed down."""
        self._ask(venue, CALM_S)

    def want(self, venue: str) -> None:
        """Something is to be sent to `venue`: its balances should not be old. The answer helps the next order."""
        account = self._accounts.get(venue)
        if account is None or self._clock.now_us() - account.asked_us > OLD_US:
            self._ask(venue, 0.0)

    def _ask(self, venue: str, after_s: float) -> None:
        if venue in self._connectors and venue not in self._asking and not self._tasks.closed:
            self._asking.add(venue)
            self._tasks.spawn(self._refresh_later(venue, after_s), f"balances of {venue}")

    async def _refresh_later(self, venue: str, after_s: float) -> None:
        try:
            await self._clock.sleep(after_s)
        finally:
            self._asking.discard(venue)  # what changes from here on needs another answer
        await self.refresh(venue)

    async def refresh(self, venue: str) -> None:
        """Ask `venue` now; when it does not answer, what was known stays known."""
        connector, asked_us = self._connectors[venue], self._clock.now_us()
        # What the venue had confirmed before it was asked is in its answer; so is what was over by then.
        seen = {child.client_id for child in self._live.on(venue) if child.status in _SEEN and child.knowledge is Knowledge.KNOWN}
        before = self._accounts[venue].unseen if venue in self._accounts else {}
        over = {client_id for client_id, child in before.items() if child.settled}
        try:
            balances = await connector.balances()
            perps = any(instrument.market_type is MarketType.PERP for instrument in connector.instruments.values())
            positions = await connector.positions() if perps else {}
        except VenueError as error:
            log.warning("balances of %s: %s", venue, error, extra={"detail": error.detail})
            return
        sent = {**before, **{child.client_id: child for child in self._live.on(venue)}}
        unseen = {client_id: child for client_id, child in sent.items() if client_id not in seen and client_id not in over}
        self._accounts[venue] = _Account(dict(balances), dict(positions), asked_us, unseen)

    # -- what is bound -------------------------------------------------------------------------------

    def reservations(self) -> dict[tuple[str, str], Decimal]:
        """(venue, currency) -> what our live children may still cost there; empty when nothing is live."""
        bound: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for child in self._live:
            if child.planned.exchange not in self._connectors or self._known(child) is None:
                continue  # restored, and its venue is not open now
            currency, amount = self._cost(child, child.live_amount)
            if amount:
                bound[child.planned.exchange, currency] += amount
        return dict(bound)

    def available(self, venue: str, currency: str) -> Decimal | None:
        """Free on `venue` by its own word, less what it did not know of; None while it has not spoken."""
        account = self._accounts.get(venue)
        if account is None:
            return None
        free = account.balances[currency].free if currency in account.balances else ZERO
        for child in account.unseen.values():
            # Spent or bound, it is gone either way; what it brought in counts from the next answer on.
            of, cost = self._cost(child, child.executed.amount + child.live_amount)
            free -= cost if of == currency else ZERO
        return free

    def needed(self, child: ChildState, price: Decimal, amount: Decimal) -> tuple[str, Decimal]:
        """Currency, and how much of it an order of `amount` at `price` binds on its venue; nothing where it only closes a position."""
        request, instrument = child.parent.request, self._instrument(child)
        if instrument.market_type is MarketType.PERP and not request.reduce_only:
            amount = max(amount - self._closable(instrument, child.planned.side, child), ZERO)
        return cost_of(instrument, child.planned.side, price, amount, self._leverage_of(request), reduces=request.reduce_only)

    def capacity(self, request: ExecutionRequest, price: Decimal) -> Decimal | None:
        """Base that the balances of all of the request's venues carry at `price`; None when one of them is not known."""
        total = ZERO
        for venue in request.exchanges or tuple(self._connectors):
            instrument = self._connectors[venue].instruments.get(request.symbol)
            if instrument is None:
                continue
            currency, per_unit = cost_of(instrument, request.side, price, Decimal(1), self._leverage_of(request))
            available = self.available(venue, currency)
            if available is None:
                return None
            closable = self._closable(instrument, request.side) if instrument.market_type is MarketType.PERP else ZERO
            total += max(available, ZERO) / per_unit + closable
        return total

    def _cost(self, child: ChildState, amount: Decimal) -> tuple[str, Decimal]:
        request = child.parent.request
        price = max(child.price, child.wish.price) if child.wish is not None else child.price
        leverage, reduces = self._leverage_of(request), request.reduce_only
        return cost_of(self._instrument(child), child.planned.side, price, amount, leverage, reduces=reduces)

    def _closable(self, instrument: Instrument, side: OrderSide, but: ChildState | None = None) -> Decimal:
        """Base of an open position that an order on `side` would close, less what our other orders there close already."""
        account = self._accounts.get(instrument.venue)
        if account is None:
            return ZERO
        position = account.positions.get(instrument.symbol, ZERO)
        position += sum((c.planned.side.sign * c.executed.amount for c in account.unseen.values() if _symbol(c) == instrument.symbol), ZERO)
        others = [child for child in self._live.on(instrument.venue, instrument.symbol) if child is not but and child.planned.side is side]
        return max(-side.sign * position - sum((child.live_amount for child in others), ZERO), ZERO)

    def _leverage_of(self, request: ExecutionRequest) -> int:
        return request.leverage or self.leverage

    def _known(self, child: ChildState) -> Instrument | None:
        """None while its venue is not connected."""
        return self._connectors[child.planned.exchange].instruments.get(_symbol(child))

    def _instrument(self, child: ChildState) -> Instrument:
        return self._connectors[child.planned.exchange].instruments[_symbol(child)]


def cost_of(
    instrument: Instrument, side: OrderSide, price: Decimal, amount: Decimal, leverage: int, *, reduces: bool = False
) -> tuple[str, Decimal]:
    """What `amount` at `price` binds: (currency, how much of it). The taker's fee is in it where it is paid in quote."""
    fee = max(instrument.taker_fee, ZERO)
    if instrument.market_type is MarketType.PERP:
        margin = ZERO if reduces else Decimal(1) / leverage
        return instrument.quote, amount * price * (margin + fee)
    if side is OrderSide.SELL:
        return instrument.base, amount
    return instrument.quote, amount * price * (1 if instrument.fee_in_base else 1 + fee)


def _symbol(child: ChildState) -> str:
    return child.parent.request.symbol
