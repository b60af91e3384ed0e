"""What ccxt knows of its sockets and tells nobody: which one carries a subscription, that one was lost, what still runs.

ccxt tells a loss only to those who are waiting at that moment. Who was busy with the last message asks again, is given a new
socket without a word, and has missed whatever came in between. So whoever watches looks whether it still is the same one.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import sys
import weakref
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from core.domain.errors import VenueUnavailable

log = logging.getLogger(__name__)

LONGEST_DIAL_PAUSE_S = 5.0


class Carrier:
    """The socket that carries a subscription; noted by `Sockets` while its owner watches.

    Attributes:
        socket: ccxt's; None before the first look.
    """

    __slots__ = ("socket",)

    def __init__(self) -> None:
        self.socket: Any = None


# Set by whoever watches, in its own task: ccxt asks for the socket in the same one.
CARRIER: ContextVar[Carrier | None] = ContextVar("carrier", default=None)


class Sockets:
    """Mixed in before a ccxt.pro class."""

    id: str
    clients: dict[str, Any]
    throttler: Any
    own_session: bool  # whether ccxt made it and closes it
    session: Any

    def __init__(self, config: dict[str, Any]) -> None:
        self._sockets: weakref.WeakSet[Any] = weakref.WeakSet()
        self._spawned: set[asyncio.Task[Any]] = set()
        super().__init__(config)  # type: ignore[call-arg]  # ccxt's class comes next

    # -- what ccxt calls ---------------------------------------------------------------------------

    def client(self, url: str) -> Any:
        """The socket for `url`: every watch asks for it."""
        socket = super().client(url)  # type: ignore[misc]  # ccxt's
        if socket not in self._sockets:
            self._sockets.add(socket)
            socket.handle_message = _outspoken(self.id, socket)
            socket.reject = _discreet(socket)
        if (carrier := CARRIER.get()) is not None:
            carrier.socket = socket
        return socket

    def ws_dial_delay(self, url: str) -> float:
        """Seconds to wait before the next dial: ccxt's own patience grows to half a minute, ours ends at a few seconds."""
        return min(float(super().ws_dial_delay(url)), LONGEST_DIAL_PAUSE_S)  # type: ignore[misc]  # ccxt's

    def spawn(self, method: Callable[..., Awaitable[Any]], *args: Any) -> asyncio.Future[Any]:
        """Start something in the background (a snapshot's request). Its failure reaches whoever waits for the book, not the log."""
        spawned: asyncio.Future[Any] = super().spawn(self._kept, method, *args)  # type: ignore[misc]  # ccxt's
        spawned.add_done_callback(_look_at)
        return spawned

    async def _kept(self, method: Callable[..., Awaitable[Any]], *args: Any) -> Any:
        task = asyncio.current_task()
        assert task is not None
        self._spawned.add(task)
        try:
            return await method(*args)
        finally:
            self._spawned.discard(task)

    # -- for us ------------------------------------------------------------------------------------

    def holds(self, socket: Any) -> bool:
        """Whether `socket` is still the one in use for its URL; once it is not, messages were lost."""
        return self.clients.get(socket.url) is socket

    def drop(self, socket: Any, reason: str) -> None:
        """Close a socket: everybody who watches on it is told `reason` as an error, and gets a new one by asking again."""
        if self.holds(socket):
            socket.on_error(VenueUnavailable(reason))

    async def close_quietly(self) -> None:
        """Close every socket and the session, and wait until nothing runs any more.

        WORKAROUND ccxt: dials, pings, sends and snapshot requests are tasks that nobody owns; a dial may sleep for 30 s and
        then find its session closed. Remove when `Exchange.close` ends them.
        """
        session = None if self.own_session else self.session
        try:
            # In a task of its own: what it surfaces of ccxt's cancelled futures is then no cancellation of ours.
            closing = asyncio.ensure_future(self.close())  # type: ignore[attr-defined]  # ccxt's
            await asyncio.wait({closing})
            if not closing.cancelled() and (error := closing.exception()) is not None:
                log.warning("closing %s: %s", self.id, type(error).__name__, extra={"detail": error})
            left = self._spawned | {task for task in asyncio.all_tasks() if self._runs_in(task)}
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
        finally:
            if session is not None:
                await session.close()

    def _runs_in(self, task: asyncio.Task[Any]) -> bool:
        """Whether a task is in a method of this client or of one of its sockets, or in a function defined in one."""
        coroutine = task.get_coro()
        if task is asyncio.current_task() or not inspect.iscoroutine(coroutine) or coroutine.cr_frame is None:
            return False
        library = Path(sys.modules["ccxt"].__file__ or "").parent
        if not Path(coroutine.cr_code.co_filename).is_relative_to(library):
            return False  # somebody of ours who holds a client, perhaps the very one who is closing it
        variables = coroutine.cr_frame.f_locals
        # A throttler's loop is a task of its own, and outlives the last request by a moment.
        throttlers = [self.throttler, *(getattr(socket, "throttle", None) for socket in self._sockets)]
        owners = [mine for mine in (self, *self._sockets, *throttlers) if mine is not None]
        return any(mine is variables.get("self") or mine is variables.get("client") for mine in owners)


def _outspoken(exchange_id: str, socket: Any) -> Callable[[Any], None]:
    """A socket's message handler that fails loudly.

    WORKAROUND ccxt: an exception in its handler ends the receive loop and is told to nobody; only missing pongs show it, two or three
    keep-alives later. Remove when `Client.receive_loop` rejects its watchers then.
    """
    handle: Callable[[Any], None] = socket.handle_message

    def handle_message(message: Any) -> None:
        try:
            handle(message)
        except Exception as error:  # noqa: BLE001 — whatever the venue sent, its watchers must hear of it
            socket.on_error(VenueUnavailable(f"{exchange_id} sent something that can't be read.", detail=error))

    return handle_message


def _discreet(socket: Any) -> Callable[..., Any]:
    """A socket's way of failing what was asked of it, without a report of what nobody waits for any more.

    WORKAROUND ccxt: a log-in keeps a future for callers who come meanwhile (`ensure_user_data_stream_ws_subscribe_signature`). When
    nobody does and the socket is lost, asyncio reports its exception as one that was never looked at. Remove when ccxt looks.
    """
    reject: Callable[..., Any] = socket.reject

    def reject_discreetly(result: Any, message_hash: str | None = None) -> Any:
        failing = list(socket.futures.values()) if message_hash is None else [socket.futures.get(message_hash)]
        answer = reject(result, message_hash)
        for future in failing:
            if future is not None and future.done():
                _look_at(future)
        return answer

    return reject_discreetly


def _look_at(spawned: asyncio.Future[Any]) -> None:
    """An exception that nobody looked at is reported by asyncio when it is thrown away."""
    if not spawned.cancelled():
        spawned.exception()
