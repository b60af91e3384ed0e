"""A connector within its venue's rate limits: the same protocol, with `Limiter` in front of every request.

A cancel that the venue had no time for is asked again here, after the pause it asked for: cancelling twice is
cancelling once. An order never is: by then its price is old, and whoever sent it plans anew.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import final

from core.domain.candles import Candle
from core.domain.clock import Clock
from core.domain.errors import RateLimited, VenueUnavailable
from core.domain.instruments import Instrument
from core.domain.orders import Fill
from core.exchanges.connector import (
    AccountListener,
    Balance,
    Capabilities,
    ExchangeConnector,
    MarketListener,
    NewOrder,
    Resyncable,
    VenueOrder,
)
from core.exchanges.limiter import Limiter, RateLimits

log = logging.getLogger(__name__)

CANCEL_TRIES = 5
TAKEN_BACK = "taken back before it was sent"

# Called with the moment (µs) at which a venue that asked for a pause may be asked again.
PauseListener = Callable[[int], None]


@final
class LimitedConnector:
    """One venue, asked no more often than it likes. Implements `core.exchanges.connector.ExchangeConnector`.

    Attributes:
        inner: the connector that talks to the venue.
    """

    def __init__(self, inner: ExchangeConnector, limits: RateLimits, clock: Clock) -> None:
        self.inner = inner
        self._limiter = Limiter(inner.venue, limits, clock)
        self._pause_listeners: list[PauseListener] = []

    @property
    def venue(self) -> str:
        return self.inner.venue

    @property
    def capabilities(self) -> Capabilities:
        return self.inner.capabilities

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        return self.inner.instruments

    @property
    def latency_ms(self) -> float | None:
        return self.inner.latency_ms

    def on_market(self, listener: MarketListener) -> None:
        self.inner.on_market(listener)

    def on_account(self, listener: AccountListener) -> None:
        self.inner.on_account(listener)

    def on_pause(self, listener: PauseListener) -> None:
        """Call `listener` whenever the venue has asked for a pause."""
        self._pause_listeners.append(listener)

    async def open(self) -> None:
        await self.inner.open()

    async def close(self) -> None:
        await self._limiter.close()
        await self.inner.close()

    async def subscribe(self, symbol: str) -> None:
        await self.inner.subscribe(symbol)

    async def resync(self, symbol: str) -> None:
        """As the inner connector does it; one that can't only subscribes again."""
        await self._limiter.query()
        with self._heeding():
            await (self.inner.resync(symbol) if isinstance(self.inner, Resyncable) else self.inner.subscribe(symbol))

    async def resync_account(self) -> None:
        """As the inner connector does it; one that can't is left as it is."""
        if isinstance(self.inner, Resyncable):
            await self._limiter.query()
            with self._heeding():
                await self.inner.resync_account()

    async def create_order(self, order: NewOrder, wanted: Callable[[], bool] = lambda: True) -> VenueOrder:
        """See the protocol.

        Args:
            wanted: whether it still is, when its turn has come.
        """
        await self._limiter.order()
        if not wanted():
            raise VenueUnavailable(TAKEN_BACK)
        with self._heeding():
            return await self.inner.create_order(order)

    async def amend_order(
        self, symbol: str, client_id: str, *, price: Decimal, amount: Decimal, wanted: Callable[[], bool] = lambda: True
    ) -> VenueOrder:
        """See the protocol, and `create_order`."""
        await self._limiter.order()
        if not wanted():
            raise VenueUnavailable(TAKEN_BACK)
        with self._heeding():
            return await self.inner.amend_order(symbol, client_id, price=price, amount=amount)

    async def set_leverage(self, symbol: str, leverage: int, margin_mode: str | None = None) -> None:
        await self._limiter.order()
        with self._heeding():
            await self.inner.set_leverage(symbol, leverage, margin_mode)

    async def cancel_order(self, symbol: str, client_id: str, wanted: Callable[[], bool] = lambda: True) -> None:
        """As the venue's own.

        Args:
            wanted: whether it still is, when its turn has come; else it does nothing.
        """
        for attempt in range(1, CANCEL_TRIES + 1):
            await self._limiter.cancel()
            if not wanted():
                return
            try:
                with self._heeding(cancels=True):
                    await self.inner.cancel_order(symbol, client_id)
                    return
            except RateLimited as error:
                if attempt == CANCEL_TRIES:
                    raise
                log.warning("cancel of %s, try %d: %s", client_id, attempt, error, extra={"detail": error.detail})

    async def find_order(self, symbol: str, client_id: str) -> VenueOrder | None:
        await self._limiter.query()
        with self._heeding():
            return await self.inner.find_order(symbol, client_id)

    async def open_orders(self, symbol: str) -> Sequence[VenueOrder]:
        await self._limiter.query()
        with self._heeding():
            return await self.inner.open_orders(symbol)

    async def fills_of(self, symbol: str, client_id: str) -> Sequence[Fill]:
        await self._limiter.query()
        with self._heeding():
            return await self.inner.fills_of(symbol, client_id)

    async def balances(self) -> Mapping[str, Balance]:
        await self._limiter.query()
        with self._heeding():
            return await self.inner.balances()

    async def positions(self) -> Mapping[str, Decimal]:
        await self._limiter.query()
        with self._heeding():
            return await self.inner.positions()

    async def candles(self, symbol: str, since_us: int, until_us: int) -> Sequence[Candle]:
        await self._limiter.query()
        with self._heeding():
            return await self.inner.candles(symbol, since_us, until_us)

    @contextmanager
    def _heeding(self, *, cancels: bool = False) -> Iterator[None]:
        """Whoever asks next waits as long as the venue wants, if it wants."""
        try:
            yield
        except RateLimited as error:
            until_us = self._limiter.slow_down(error.retry_after_s, cancels=cancels)
            for listener in tuple(self._pause_listeners):
                listener(until_us)
            raise
