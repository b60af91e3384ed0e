"""A process's way to one venue. It is dead when the process is, and a witness sees everything before it leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Protocol, TypeVar, final

from core.domain.candles import Candle
from core.domain.instruments import Instrument
from core.domain.orders import Fill
from core.exchanges.connector import AccountEvent, AccountListener, Balance, Capabilities, MarketListener, NewOrder, VenueOrder
from core.exchanges.paper.connector import PaperConnector
from tests.core.execution.stateful.life import Life

T = TypeVar("T")


class Witness(Protocol):
    """Sees what a process sends at the very moment it leaves."""

    def create(self, venue: str, order: NewOrder) -> None: ...

    def amend(self, venue: str, client_id: str, price: Decimal, amount: Decimal) -> None: ...

    def cancel(self, venue: str, client_id: str) -> None: ...


@final
class Wire:
    """An `ExchangeConnector` of one process.

    Args:
        amends: whether the venue changes orders in place; else the engine has to cancel and create.
    """

    def __init__(self, venue: PaperConnector, life: Life, witness: Witness, *, amends: bool) -> None:
        self._venue = venue
        self._life = life
        self._witness = witness
        self._capabilities = replace(venue.capabilities, amend=amends)

    @property
    def venue(self) -> str:
        return self._venue.venue

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        return self._venue.instruments

    @property
    def latency_ms(self) -> float | None:
        return self._venue.latency_ms

    def on_market(self, listener: MarketListener) -> None:
        self._venue.on_market(lambda message: None if self._life.over else listener(message))

    def on_account(self, listener: AccountListener) -> None:
        def hear(event: AccountEvent) -> None:
            if not self._life.over:
                listener(event)

        self._venue.on_account(hear)

    async def open(self) -> None:
        await self._venue.open()

    async def close(self) -> None:
        """The venue lives on."""

    async def subscribe(self, symbol: str) -> None:
        await self._venue.subscribe(symbol)

    async def resync(self, symbol: str) -> None:
        await self._ask(lambda: self._venue.resync(symbol))

    async def resync_account(self) -> None:
        await self._ask(self._venue.resync_account)

    async def create_order(self, order: NewOrder) -> VenueOrder:
        def leave() -> Coroutine[Any, Any, VenueOrder]:
            self._witness.create(self.venue, order)
            return self._venue.create_order(order)

        return await self._ask(leave)

    async def cancel_order(self, symbol: str, client_id: str) -> None:
        def leave() -> Coroutine[Any, Any, None]:
            self._witness.cancel(self.venue, client_id)
            return self._venue.cancel_order(symbol, client_id)

        await self._ask(leave)

    async def amend_order(self, symbol: str, client_id: str, *, price: Decimal, amount: Decimal) -> VenueOrder:
        def leave() -> Coroutine[Any, Any, VenueOrder]:
            self._witness.amend(self.venue, client_id, price, amount)
            return self._venue.amend_order(symbol, client_id, price=price, amount=amount)

        return await self._ask(leave)

    async def find_order(self, symbol: str, client_id: str) -> VenueOrder | None:
        return await self._ask(lambda: self._venue.find_order(symbol, client_id))

    async def open_orders(self, symbol: str) -> Sequence[VenueOrder]:
        return await self._ask(lambda: self._venue.open_orders(symbol))

    async def fills_of(self, symbol: str, client_id: str) -> Sequence[Fill]:
        return await self._ask(lambda: self._venue.fills_of(symbol, client_id))

    async def balances(self) -> Mapping[str, Balance]:
        return await self._ask(self._venue.balances)

    async def positions(self) -> Mapping[str, Decimal]:
        return await self._ask(self._venue.positions)

    async def set_leverage(self, symbol: str, leverage: int, margin_mode: str | None = None) -> None:
        await self._ask(lambda: self._venue.set_leverage(symbol, leverage, margin_mode))

    async def candles(self, symbol: str, since_us: int, until_us: int) -> Sequence[Candle]:
        return await self._ask(lambda: self._venue.candles(symbol, since_us, until_us))

    async def _ask(self, request: Callable[[], Coroutine[Any, Any, T]]) -> T:
        self._life.moment()
        if self._life.over:
            await asyncio.get_running_loop().create_future()  # the dead send nothing and get no answer
        answer = await request()
        self._life.moment()
        if self._life.over:
            await asyncio.get_running_loop().create_future()
        return answer
