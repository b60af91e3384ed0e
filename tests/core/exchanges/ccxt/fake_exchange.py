"""A client like ccxt's that brings what a test puts in, and fails when it is told to. Nothing is connected."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from core.exchanges.ccxt.sockets import CARRIER


class FakeSocket:
    """One connection: it is held until it is dropped."""

    def __init__(self, url: str = "wss://x") -> None:
        self.url = url


class FakeExchange:
    """What a subscription uses of a ccxt client.

    Attributes:
        asked: how often somebody has watched.
        dropped: reasons for which sockets were dropped.
        unsubscribed: symbols.
        has: what ccxt says it can do.
    """

    def __init__(self) -> None:
        self.asked = 0
        self.dropped: list[str] = []
        self.unsubscribed: list[str] = []
        self.has: dict[str, bool] = {"unWatchOrderBook": True, "unWatchTrades": True}
        self.orderbooks: dict[str, Any] = {}
        self.socket = FakeSocket()
        self._outcomes: deque[Any] = deque()
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._held: set[FakeSocket] = {self.socket}

    def bring(self, outcome: Any) -> None:
        """Answer the watch that waits, or else the next one: with a value, or an exception to raise."""
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                self._settle(waiting, outcome)
                return
        self._outcomes.append(outcome)

    def lose_socket(self) -> None:
        """A new connection takes the old one's place, and nobody who was not waiting is told."""
        self._held.discard(self.socket)
        self.socket = FakeSocket()
        self._held.add(self.socket)

    def holds(self, socket: FakeSocket) -> bool:
        return socket in self._held

    def drop(self, socket: FakeSocket, reason: str) -> None:
        self.dropped.append(reason)
        self._held.discard(socket)
        self.socket = FakeSocket()
        self._held.add(self.socket)

    async def watch_order_book(self, symbol: str, limit: int | None, params: dict[str, Any]) -> Any:
        book = await self._next()
        self.orderbooks[symbol] = book
        return book

    async def watch_trades(self, symbol: str, since: int | None, limit: int | None, params: dict[str, Any]) -> Any:
        return await self._next()

    async def un_watch_order_book(self, symbol: str, params: dict[str, Any]) -> None:
        self.unsubscribed.append(symbol)

    un_watch_trades = un_watch_order_book

    async def _next(self) -> Any:
        self.asked += 1
        if (carrier := CARRIER.get()) is not None:
            carrier.socket = self.socket
        waiting: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if self._outcomes:
            self._settle(waiting, self._outcomes.popleft())
        else:
            self._waiting.append(waiting)
        return await waiting

    @staticmethod
    def _settle(waiting: asyncio.Future[Any], outcome: Any) -> None:
        if outcome is asyncio.CancelledError:
            waiting.cancel()
        elif isinstance(outcome, BaseException):
            waiting.set_exception(outcome)
        else:
            waiting.set_result(outcome)
