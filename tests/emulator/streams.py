"""One WebSocket as the venue sees it: messages leave in order, each when it is due, unless a fault swallows them.

A frozen socket is not a closed one: it answers no ping, says nothing, and what it swallowed never comes. That is
the failure that a client can notice only by the clock.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import TYPE_CHECKING, final

from aiohttp import ClientConnectionError, WSMsgType, web

from core.domain.clock import MICROSECONDS, Clock
from tests.emulator.wire import encode

if TYPE_CHECKING:
    from tests.emulator.world import EmulatedVenue

_BAD_FRAME = '{"e":"depthUpdate","b":[["'
_MOST_WAITING = 20_000  # messages; a client that reads slower than this is cut off, as on real venues


class StreamKind(StrEnum):
    MARKET = "market"
    ACCOUNT = "account"


@final
class Stream:
    """The server's end of one connection.

    Args:
        venues: whose faults and kicks concern it: two where one private stream tells of spot and perps.

    Attributes:
        topics: what the client has subscribed to; the exchange's own words.
        frozen: this connection is dead without being closed; a new one works.
        state: a place for what an exchange must remember of a connection (who has logged in, what it was sent).
    """

    def __init__(self, request: web.Request, kind: StreamKind, venues: tuple[EmulatedVenue, ...], clock: Clock) -> None:
        self.kind = kind
        self.venues = venues
        self.topics: set[str] = set()
        self.state: dict[str, object] = {}
        self.frozen = False
        self.closed = False
        self._request = request
        self._clock = clock
        self._socket = web.WebSocketResponse(autoping=False, compress=False, max_msg_size=1 << 22)
        self._waiting: deque[tuple[int, str]] = deque()
        self._news = asyncio.Event()
        self._last_due_us = 0
        self._heard_us = 0

    def tell(self, message: object, source: EmulatedVenue, delay_s: float = 0.0) -> None:
        """Send a message of the venue's own accord, `delay_s` from now but never before an earlier one; faults apply."""
        if self._is_silent() or (self.kind is StreamKind.ACCOUNT and source.faults.draw_lost_account_event()):
            return
        if source.faults.draw_bad_frame():
            self._queue(_BAD_FRAME, delay_s)
        self._queue(encode(message), delay_s)

    def reply(self, message: object, delay_s: float = 0.0) -> None:
        """Answer what the client sent."""
        if not self._is_silent():
            self._queue(encode(message), delay_s)

    @property
    def waiting(self) -> int:
        """Messages that have not left yet."""
        return len(self._waiting)

    async def serve(self, on_text: Callable[[str], Awaitable[None]], *, ping_every_s: float = 20.0) -> web.WebSocketResponse:
        """Read until the connection ends. Pings the client, and closes when it has not been heard of for three pings."""
        await self._socket.prepare(self._request)
        self._heard_us = self._clock.now_us()
        for venue in self.venues:
            venue.streams.add(self)
        tasks = [asyncio.ensure_future(self._write()), asyncio.ensure_future(self._ping(ping_every_s))]
        try:
            while not self.closed:
                message = await self._socket.receive()
                if message.type in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR):
                    break
                self._heard_us = self._clock.now_us()
                if self._is_silent():
                    continue
                if message.type is WSMsgType.TEXT:
                    await on_text(message.data)
                elif message.type is WSMsgType.PING:
                    await self._send_quietly(self._socket.pong(message.data))
        finally:
            self.closed = True
            for venue in self.venues:
                venue.streams.discard(self)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return self._socket

    async def kick(self, *, hard: bool = True) -> None:
        """End the connection: without a word, or with a close frame."""
        self.closed = True
        if hard:
            if self._request.transport is not None:
                self._request.transport.abort()
        else:
            await self._send_quietly(self._socket.close(code=1001, message=b"going away"))

    def _is_silent(self) -> bool:
        attribute = "market_frozen" if self.kind is StreamKind.MARKET else "account_frozen"
        return self.frozen or self.closed or any(getattr(venue.faults, attribute) for venue in self.venues)

    def _queue(self, frame: str, delay_s: float) -> None:
        self._last_due_us = max(self._last_due_us, self._clock.now_us() + round(delay_s * MICROSECONDS))
        self._waiting.append((self._last_due_us, frame))
        self._news.set()
        if len(self._waiting) > _MOST_WAITING and self._request.transport is not None:
            self._request.transport.abort()

    async def _write(self) -> None:
        while not self.closed:
            self._news.clear()
            while self._waiting:
                due_us, frame = self._waiting[0]
                if due_us > self._clock.now_us():
                    await self._clock.sleep_until(due_us)
                self._waiting.popleft()
                if not self._is_silent() and not await self._send_quietly(self._socket.send_str(frame)):
                    return
            await self._news.wait()

    async def _ping(self, every_s: float) -> None:
        while not self.closed:
            await self._clock.sleep(every_s)
            if self._clock.now_us() - self._heard_us > 3 * every_s * MICROSECONDS:
                await self.kick(hard=False)
            elif not self._is_silent():
                await self._send_quietly(self._socket.ping())

    async def _send_quietly(self, sending: Awaitable[object]) -> bool:
        """False when the client is gone, which is the client's business."""
        try:
            await sending
        except (ConnectionError, ClientConnectionError, RuntimeError):  # aiohttp says RuntimeError after its own close
            return False
        return True
