"""The private stream of one exchange account: one watcher a channel, however many venues listen. It may be alive and dead.

ccxt tells of a lost socket only to who waits at that moment, so it is looked at every time whether it still is the same one
(`sockets.py`). Every loss is told as "went down, came back": what happened in between is not replayed, and the engine asks
about all that is open. That a socket is quiet proves nothing; the reconciler notices, and calls `restart`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Protocol, final
from weakref import WeakKeyDictionary

from core.domain.clock import Clock
from core.domain.errors import VenueError, VenueRefused, VenueUnavailable
from core.exchanges.ccxt.sockets import CARRIER, Carrier
from core.exchanges.ccxt.wire import scrubbed

log = logging.getLogger(__name__)

OPEN_S = 15.0
# After an error, and longer each time; never 0: a rejected future would spin the loop (FACTS.md).
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.25, 15.0
# A socket is looked at this often until it is up; its subscription is acknowledged a moment later.
LOOK_S = 0.05
GRACE_S = 0.25
# Where a subscription can't be recognised: a socket that has been open for this long has it.
SURELY_S = 2.0
# How often an exchange that pushes nothing is asked.
POLL_S = 2.0


class Listener(Protocol):
    """Who is told. Every listener hears everything of the account and takes what is its own."""

    def on_order(self, raw: Mapping[str, Any]) -> None: ...

    def on_trade(self, raw: Mapping[str, Any]) -> None: ...

    def on_connection(self, *, connected: bool, reason: str) -> None: ...

    async def poll(self) -> None: ...


class Channel(StrEnum):
    """ccxt's names of the methods, as in `has`."""

    ORDERS = "watchOrders"
    TRADES = "watchMyTrades"


# What a channel's subscription is called among a socket's futures (binance, bybit, okx, kraken alike).
_HASHES = {Channel.ORDERS: "orders", Channel.TRADES: "mytrades"}

_STREAMS: WeakKeyDictionary[Any, AccountStream] = WeakKeyDictionary()


@final
class AccountStream:
    """The stream of one trading client. `of` gives the same one to everybody."""

    def __init__(self, client: Any, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._listeners: list[Listener] = []
        self._channels = tuple(channel for channel in Channel if client.has.get(channel.value))
        self._carriers = {channel: Carrier() for channel in self._channels}
        self._up: dict[Channel, Any] = {}  # channel -> the socket that carries it
        self._connected = asyncio.Event()
        self._told_down = False
        self._trouble: BaseException | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._looking: set[asyncio.Task[None]] = set()

    @classmethod
    def of(cls, client: Any, clock: Clock) -> AccountStream:
        """The stream of `client`, made on first use."""
        if client not in _STREAMS:
            _STREAMS[client] = cls(client, clock)
        return _STREAMS[client]

    async def join(self, listener: Listener) -> None:
        """Listen from now on; returns once the stream is up.

        Raises:
            VenueRefused: the keys are not taken.
            VenueUnavailable: it can't be had in time.
        """
        self._listeners.append(listener)
        if not self._tasks:
            self._trouble = None
            self._start()
        try:
            await self._wait_for_it()
        except VenueError:
            await self.leave(listener)
            raise

    async def leave(self, listener: Listener) -> None:
        """Listen no longer; the last one to leave stops it. Safe to call twice."""
        if listener in self._listeners:
            self._listeners.remove(listener)
        if not self._listeners and self._tasks:
            tasks, self._tasks = self._tasks, []
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, *self._looking, return_exceptions=True)
            self._up.clear()
            self._connected.clear()
            self._told_down = False

    async def restart(self) -> None:
        """Drop the sockets and come back on new ones; listeners are told of both.

        Raises:
            VenueUnavailable: it does not come back in time.
        """
        for carrier in self._carriers.values():
            if carrier.socket is not None:
                self._client.drop(carrier.socket, f"The private stream of {self._client.id} is started anew.")
        # The watchers find out in their own tasks; until then it would still count as connected.
        for channel in self._channels:
            self._lost(channel, "started anew")
        await self._wait_for_it()

    def _start(self) -> None:
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._follow(channel), name=f"{self._client.id} {channel.value}") for channel in self._channels]
        if len(self._channels) < len(Channel):
            self._tasks.append(loop.create_task(self._poll(), name=f"{self._client.id} poll"))
        if not self._channels:
            self._connected.set()

    async def _wait_for_it(self) -> None:
        refused = asyncio.get_running_loop().create_task(self._refusal(), name="refusal of the private stream")
        up = asyncio.get_running_loop().create_task(self._connected.wait(), name="private stream up")
        try:
            await asyncio.wait([refused, up], timeout=OPEN_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (refused, up):
                task.cancel()
            await asyncio.gather(refused, up, return_exceptions=True)
        if self._is_up:
            return
        detail = scrubbed(self._trouble, self._client) if self._trouble is not None else None
        if _refuses(self._trouble):
            raise VenueRefused(f"{self._client.id} does not take the keys for its private stream.", detail=detail)
        raise VenueUnavailable(f"The private stream of {self._client.id} could not be started.", detail=detail)

    @property
    def _is_up(self) -> bool:
        return self._connected.is_set()

    async def _refusal(self) -> None:
        """Return when the keys were refused: waiting any longer would change nothing."""
        while not _refuses(self._trouble):
            await self._clock.sleep(LOOK_S)

    # -- following -------------------------------------------------------------------------------------

    async def _follow(self, channel: Channel) -> None:
        """Take one channel's news for ever, through every loss."""
        CARRIER.set(self._carriers[channel])
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                news = [dict(raw) for raw in await self._next(channel)]
            except asyncio.CancelledError:
                if (task := asyncio.current_task()) is None or task.cancelling():
                    raise
                self._lost(channel, "it was closed")  # ccxt cancels its futures when a socket is closed
            except Exception as error:  # noqa: BLE001 — whatever broke, the stream is gone and must come back
                self._trouble = error
                self._lost(channel, scrubbed(error, self._client))
            else:
                pause_s, self._trouble = FIRST_PAUSE_S, None
                self._deliver(channel, news)
                continue
            await self._clock.sleep(pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    async def _next(self, channel: Channel) -> list[Mapping[str, Any]]:
        """The next news of a channel. Until it is known to be up, its socket is looked at as well.

        The news is awaited here, never in a task of its own: ccxt wakes only who waits at that moment, so a second trade that comes
        while one task still tells another of the first would be told together with the third, or never.
        """
        if channel in self._up and self._client.holds(self._up[channel]):
            return await self._watch(channel)
        self._lost(channel, "the socket was replaced")
        looking = asyncio.get_running_loop().create_task(self._until_up(channel), name=f"{self._client.id} {channel.value} socket")
        self._looking.add(looking)
        looking.add_done_callback(self._looking.discard)
        try:
            news = await self._watch(channel)
        finally:
            looking.cancel()  # and not awaited, for the same reason
        self._came_up(channel)
        return news

    async def _until_up(self, channel: Channel) -> None:
        opened_us: int | None = None
        while True:
            socket = self._carriers[channel].socket
            if socket is None or socket.closed():
                opened_us = None
            else:
                opened_us = opened_us or self._clock.now_us()
                known = any(_HASHES[channel] in str(name).lower() for name in socket.futures)
                if known or self._clock.now_us() - opened_us > SURELY_S * 1_000_000:
                    break
            await asyncio.sleep(LOOK_S)
        await asyncio.sleep(GRACE_S)
        self._came_up(channel)

    def _came_up(self, channel: Channel) -> None:
        self._up[channel] = self._carriers[channel].socket
        if len(self._up) == len(self._channels):
            self._connected.set()
            if self._told_down:
                self._told_down = False
                self._tell(connected=True, reason="the private stream is back")

    async def _watch(self, channel: Channel) -> list[Mapping[str, Any]]:
        news: list[Mapping[str, Any]] = await (self._client.watch_orders() if channel is Channel.ORDERS else self._client.watch_my_trades())
        return news

    def _lost(self, channel: Channel, reason: str) -> None:
        """A channel is down; the first one to notice tells."""
        self._up.pop(channel, None)
        if not self._is_up:
            return
        self._connected.clear()
        self._told_down = True
        log.warning("private stream of %s lost: %s", self._client.id, reason)
        self._tell(connected=False, reason="the private stream was lost")

    def _deliver(self, channel: Channel, news: list[dict[str, Any]]) -> None:
        for raw in news:
            for listener in tuple(self._listeners):
                try:
                    if channel is Channel.ORDERS:
                        listener.on_order(raw)
                    else:
                        listener.on_trade(raw)
                except Exception:  # one listener that fails must not end the stream for the others
                    log.exception("news of %s could not be taken", self._client.id)

    def _tell(self, *, connected: bool, reason: str) -> None:
        for listener in tuple(self._listeners):
            listener.on_connection(connected=connected, reason=reason)

    async def _poll(self) -> None:
        """Ask, where nothing is pushed."""
        while True:
            await self._clock.sleep(POLL_S)
            for listener in tuple(self._listeners):
                try:
                    await listener.poll()
                except VenueError as error:
                    log.warning("%s", error, extra={"detail": error.detail})


def _refuses(error: BaseException | None) -> bool:
    """Whether ccxt says that the keys are wrong."""
    return error is not None and any(known.__name__ == "AuthenticationError" for known in type(error).__mro__)
