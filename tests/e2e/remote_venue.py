"""A desk's way to the venues of another process: one socket for all of them, and an `ExchangeConnector` for each."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, final

from core.domain.candles import Candle
from core.domain.errors import OutcomeUnknown, VenueUnavailable
from core.domain.instruments import Instrument
from core.domain.orders import Fill
from core.exchanges.connector import AccountListener, Balance, Capabilities, MarketListener, NewOrder, VenueOrder
from core.exchanges.paper.feed import MessageListener, NoticeListener
from tests.e2e.frames import frame, read_frame


@final
class Link:
    """The socket. Requests under way when it breaks end with `OutcomeUnknown`."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self.market: dict[str, list[MarketListener]] = {}
        self.account: dict[str, list[AccountListener]] = {}

    async def open(self) -> None:
        if self._writer is None:
            reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
            self._reading = asyncio.ensure_future(self._read(reader))

    async def ask(self, venue: str, method: str, *arguments: Any, **named: Any) -> Any:
        """What `method` of the venue returns or raises."""
        if self._writer is None or self._writer.is_closing():
            raise VenueUnavailable(f"{venue} is not connected.")
        number = next(self._numbers)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        self._writer.write(frame((number, venue, method, arguments, named)))
        try:
            return await answer
        finally:
            del self._waiting[number]

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while (message := await read_frame(reader)) is not None:
            number, *rest = message
            if number is None:
                stream, venue, event = rest
                for listener in (self.market if stream == "market" else self.account).get(venue, []):
                    listener(event)
            elif (waiting := self._waiting.get(number)) is not None and not waiting.done():
                worked, outcome = rest
                waiting.set_result(outcome) if worked else waiting.set_exception(outcome)
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(OutcomeUnknown("The connection broke before the answer."))

    async def close(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        if self._writer is not None:
            self._writer.close()


@final
class RemoteVenue:
    """One venue over a `Link`. Implements `ExchangeConnector`."""

    def __init__(self, link: Link, venue: str, capabilities: Capabilities, instruments: Mapping[str, Instrument]) -> None:
        self._link = link
        self._venue = venue
        self._capabilities = capabilities
        self._instruments = instruments

    @property
    def venue(self) -> str:
        return self._venue

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        return self._instruments

    @property
    def latency_ms(self) -> float | None:
        return None

    def on_market(self, listener: MarketListener) -> None:
        self._link.market.setdefault(self._venue, []).append(listener)

    def on_account(self, listener: AccountListener) -> None:
        self._link.account.setdefault(self._venue, []).append(listener)

    async def open(self) -> None:
        """The link is open before there is a connector."""

    async def close(self) -> None:
        await self._link.close()

    async def subscribe(self, symbol: str) -> None:
        """Every symbol is subscribed once the feed listens."""

    async def create_order(self, order: NewOrder) -> VenueOrder:
        news: VenueOrder = await self._link.ask(self._venue, "create_order", order)
        return news

    async def cancel_order(self, symbol: str, client_id: str) -> None:
        await self._link.ask(self._venue, "cancel_order", symbol, client_id)

    async def amend_order(self, symbol: str, client_id: str, *, price: Decimal, amount: Decimal) -> VenueOrder:
        news: VenueOrder = await self._link.ask(self._venue, "amend_order", symbol, client_id, price=price, amount=amount)
        return news

    async def find_order(self, symbol: str, client_id: str) -> VenueOrder | None:
        news: VenueOrder | None = await self._link.ask(self._venue, "find_order", symbol, client_id)
        return news

    async def open_orders(self, symbol: str) -> Sequence[VenueOrder]:
        orders: Sequence[VenueOrder] = await self._link.ask(self._venue, "open_orders", symbol)
        return orders

    async def fills_of(self, symbol: str, client_id: str) -> Sequence[Fill]:
        fills: Sequence[Fill] = await self._link.ask(self._venue, "fills_of", symbol, client_id)
        return fills

    async def balances(self) -> Mapping[str, Balance]:
        balances: Mapping[str, Balance] = await self._link.ask(self._venue, "balances")
        return balances

    async def positions(self) -> Mapping[str, Decimal]:
        positions: Mapping[str, Decimal] = await self._link.ask(self._venue, "positions")
        return positions

    async def set_leverage(self, symbol: str, leverage: int, margin_mode: str | None = None) -> None:
        await self._link.ask(self._venue, "set_leverage", symbol, leverage, margin_mode)

    async def candles(self, symbol: str, since_us: int, until_us: int) -> Sequence[Candle]:
        candles: Sequence[Candle] = await self._link.ask(self._venue, "candles", symbol, since_us, until_us)
        return candles


@final
class RemoteFeed:
    """The feed of a desk whose venues bring their own market: it only asks them to speak."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def instruments(self) -> Mapping[str, Mapping[str, Instrument]]:
        return {}

    def attach(self, venue: str, listener: MessageListener) -> None:
        """Its venues are elsewhere."""

    def on_notice(self, listener: NoticeListener) -> None:
        """It has nothing to say."""

    async def run(self) -> None:
        await self._link.ask("", "listen")
        await asyncio.get_running_loop().create_future()
