"""What must be settled with a perp venue before a child goes there: its leverage is set, and there is a position to reduce.

Leverage is set lazily, once per parent and venue, just before the first child: it changes the margin of whatever
is open there already, so a venue that is not used is not touched. A venue that will not confirm it gets no child.
Positions are the venue's own word and age quickly (another order, another program, the trader's phone), so a
reduce-only parent asks again before it acts. The venue has the last word on both.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, final

from core.domain.clock import MICROSECONDS, Clock
from core.domain.enums import MarketType
from core.domain.errors import NotPossible, VenueError, VenueRefused
from core.domain.plan import ExecutionRequest, PlannedChild
from core.exchanges.connector import ExchangeConnector
from core.execution.state import ZERO, ParentState

log = logging.getLogger(__name__)

# A position older than this is asked for again before anything is sent on it.
FRESH_US = MICROSECONDS
# A setting without a clear answer is asked for again (setting it twice is setting it once), so often and then no more.
TRIES = 3
RETRY_S = 1.0


@dataclass(frozen=True, slots=True)
class _Position:
    """What could be reduced at a venue when it was asked, and what the parent had filled there by then."""

    reducible: Decimal
    filled: Decimal
    asked_us: int


@final
class PerpTerms:
    """One parent's dealings with its perp venues, in the background; `changed` is called when news is there.

    Attributes:
        refused: venues that will not have the parent's leverage, with what they said.
    """

    def __init__(self, connectors: Mapping[str, ExchangeConnector], clock: Clock, changed: Callable[[], None]) -> None:
        self.refused: dict[str, str] = {}
        self._connectors = connectors
        self._clock = clock
        self._changed = changed
        self._levered: set[str] = set()
        self._positions: dict[str, _Position] = {}
        self._errand: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        """Something has been asked and not answered."""
        return self._errand is not None and not self._errand.done()

    async def close(self) -> None:
        """Stop asking."""
        if self._errand is not None:
            self._errand.cancel()
            await asyncio.gather(self._errand, return_exceptions=True)

    # -- leverage ----------------------------------------------------------------------------------

    def prepare(self, request: ExecutionRequest, venues: Collection[str]) -> bool:
        """Set the leverage where it is not set yet. True when children may go to all of `venues` now."""
        if request.leverage is None:
            return True
        unset = [venue for venue in perps_of(request, self._connectors) if venue in venues and venue not in self._levered]
        if unset and not self.busy:
            self._begin(asyncio.gather(*(self._set_leverage(venue, request, request.leverage) for venue in unset)))
        return not unset

    async def _set_leverage(self, venue: str, request: ExecutionRequest, leverage: int) -> None:
        connector = self._connectors[venue]
        if not connector.capabilities.leverage:
            self.refused[venue] = f"{venue} can't set a leverage from here"
            return
        for attempt in range(1, TRIES + 1):
            try:
                await connector.set_leverage(request.symbol, leverage, request.margin_mode)
                self._levered.add(venue)
                return
            except VenueRefused as error:
                self.refused[venue] = str(error).rstrip(".")
                return
            except VenueError as error:
                log.warning("leverage on %s, try %d: %s", venue, attempt, error, extra={"detail": error.detail})
                self.refused[venue] = f"{venue} did not confirm the leverage: {str(error).rstrip('.')}"
                if attempt < TRIES:
                    del self.refused[venue]
                    await self._clock.sleep(RETRY_S)

    # -- reduce-only -------------------------------------------------------------------------------

    def positions_known(self, parent: ParentState) -> bool:
        """Whether the positions are fresh enough to act on; asks for them when they are not."""
        if not parent.request.reduce_only:
            return True
        now_us = self._clock.now_us()
        old = [
            venue
            for venue in perps_of(parent.request, self._connectors)
            if venue not in self._positions or now_us - self._positions[venue].asked_us > FRESH_US
        ]
        if old and not self.busy:
            self._begin(asyncio.gather(*(self._look(venue, parent) for venue in old)))
        return not old

    async def _look(self, venue: str, parent: ParentState) -> None:
        filled, asked_us = _filled_on(venue, parent), self._clock.now_us()
        try:
            position = (await self._connectors[venue].positions()).get(parent.request.symbol, ZERO)
        except VenueError as error:
            log.warning("position on %s: %s", venue, error, extra={"detail": error.detail})
            await self._clock.sleep(RETRY_S)
            return
        self._positions[venue] = _Position(max(-parent.request.side.sign * position, ZERO), filled, asked_us)

    def room(self, parent: ParentState) -> dict[str, Decimal]:
        """Venue -> base that may still be sent there to reduce; venues whose rest is under their minimum are left out."""
        room: dict[str, Decimal] = {}
        for venue, position in self._positions.items():
            live = sum((child.live_amount for child in parent.open_children if child.planned.exchange == venue), ZERO)
            instrument = self._connectors[venue].instruments[parent.request.symbol]
            left = instrument.floor_amount(position.reducible - (_filled_on(venue, parent) - position.filled) - live)
            if left >= max(instrument.min_amount, instrument.lot):
                room[venue] = left
        return room

    def narrow(self, request: ExecutionRequest, parent: ParentState) -> ExecutionRequest:
        """`request` with no more venues and no more amount than there is position to reduce."""
        room = self.room(parent)
        busy = {child.planned.exchange for child in parent.open_children}
        committed = parent.executed.amount + parent.released + parent.live_amount
        amount = min(request.amount, committed + sum(room.values(), ZERO))
        return replace(request, amount=amount, exchanges=tuple(venue for venue in request.exchanges if venue in room or venue in busy))

    def clip(self, children: Collection[PlannedChild], parent: ParentState) -> tuple[PlannedChild, ...]:
        """`children` cut to each venue's room, for a reduce-only parent; what falls under a venue's minimum is dropped."""
        if not parent.request.reduce_only:
            return tuple(children)
        room, clipped = self.room(parent), []
        for child in children:
            amount = min(child.amount, room.get(child.exchange, ZERO))
            instrument = self._connectors[child.exchange].instruments[parent.request.symbol]
            if amount > 0 and instrument.shortfall_of_minimums(amount, child.price) is None:
                room[child.exchange] -= amount
                clipped.append(replace(child, amount=amount, expected_amount=min(child.expected_amount, amount)))
        return tuple(clipped)

    def _begin(self, asking: asyncio.Future[Any]) -> None:
        async def run() -> None:
            try:
                await asking
            except Exception:  # a fault of ours: the order waits and asks again, and must not do so without a pause
                log.exception("asking perp venues failed")
                await self._clock.sleep(RETRY_S)
            self._changed()

        self._errand = asyncio.get_running_loop().create_task(run(), name="perp terms")


def perps_of(request: ExecutionRequest, connectors: Mapping[str, ExchangeConnector]) -> list[str]:
    """The perp venues among those the request may use."""
    return [
        venue
        for venue in request.exchanges or tuple(connectors)
        if (instrument := connectors[venue].instruments.get(request.symbol)) is not None and instrument.market_type is MarketType.PERP
    ]


async def check_reducible(request: ExecutionRequest, connectors: Mapping[str, ExchangeConnector]) -> None:
    """A reduce-only order without a position against it can do nothing.

    Raises:
        NotPossible: there is no such position on any of its venues.
        VenueError: a venue did not tell, and no other has one.
    """
    venues = perps_of(request, connectors)
    answers = await asyncio.gather(*(_position(connectors[venue], request.symbol) for venue in venues), return_exceptions=True)
    if any(isinstance(answer, Decimal) and -request.side.sign * answer > 0 for answer in answers):
        return
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    kind = "short" if request.side.sign > 0 else "long"
    raise NotPossible(f"Reduce-only: there is no {kind} position in {request.symbol} on {', '.join(venues)} to reduce; nothing was sent.")


async def _position(connector: ExchangeConnector, symbol: str) -> Decimal:
    return (await connector.positions()).get(symbol, ZERO)


def _filled_on(venue: str, parent: ParentState) -> Decimal:
    return sum((child.executed.amount for child in parent.children.values() if child.planned.exchange == venue), ZERO)
