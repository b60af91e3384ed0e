"""A public stream that is watched for as long as somebody wants it, whatever happens to its socket.

ccxt reconnects when it is asked again, and says nothing of what was missed. So every failure, every silence and every change of socket is a
loss: it is told at once, and after a pause that grows the stream is subscribed anew. Awaiting ccxt again right away would spin:
a rejected future can keep the loop busy with itself.
"""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from dataclasses import dataclass
from random import Random
from typing import Any

from core.domain.clock import MICROSECONDS, Clock
from core.domain.errors import FathomError, MarketDataError, VenueUnavailable
from core.exchanges.ccxt.sockets import CARRIER, Carrier

log = logging.getLogger(__name__)

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0
# A stream that lived this long was fine: its next loss is treated as the first one.
_LIVED_US = 10 * MICROSECONDS
# A socket that brought something for somebody within this time is not frozen.
_ALIVE_US = 3 * MICROSECONDS
_LEAVE_S = 2.0
_MOST_VAIN = 4

_SKIPPED = frozenset({"ChecksumError", "InvalidNonce"})
_SLOW_DOWN = frozenset({"RateLimitExceeded", "DDoSProtection"})


@dataclass(frozen=True, slots=True)
class _Loss:
    """The end of an attempt.

    Attributes:
        reason: one sentence.
        pause_s: before the next attempt; None: as long as the failures before it suggest.
    """

    reason: str
    pause_s: float | None = None


class Subscription(ABC):
    """One stream of one market.

    Args:
        exchange: ccxt's client, with `Sockets` mixed in.
        siblings: all subscriptions on this client, this one included while it runs.

    Attributes:
        heard_us: when it last brought something, µs; when it was begun, before that.
        SILENCE_US: how long it may bring nothing before it is begun anew; longer each time that nothing comes of it.
    """

    SILENCE_US: int

    def __init__(self, exchange: Any, venue: str, what: str, clock: Clock, siblings: set[Subscription]) -> None:
        self.heard_us = clock.now_us()
        self._exchange = exchange
        self._venue = venue
        self._what = what
        self._clock = clock
        self._siblings = siblings
        self._carrier = Carrier()
        self._scope: asyncio.Timeout | None = None
        self._restart_reason = ""
        self._pause_s = 0.0
        self._messages = 0  # since it was begun
        self._vain = 0  # how often it was begun anew for its silence, and stayed silent
        self._random = Random(what)

    @abstractmethod
    async def _watch(self) -> None:
        """Take what the stream brings and note it with `_heard`, until it fails; never returns."""

    @abstractmethod
    def _tell_lost(self, reason: str) -> None:
        """Something was missed. `reason` is one sentence."""

    @abstractmethod
    async def _unsubscribe(self) -> bool:
        """Ask the exchange to end this stream alone; False where that can't be asked. May raise anything."""

    @property
    def _worth_a_socket(self) -> bool:
        """Whether others on the same socket may be cut off to begin this one anew."""
        return True

    async def run(self) -> None:
        """Watch until cancelled."""
        CARRIER.set(self._carrier)
        self._siblings.add(self)
        tries = 0
        try:
            while True:
                begun_us = self._clock.now_us()
                loss = await self._attempt()
                self._carrier.socket = None
                self._tell_lost(loss.reason)
                tries = 1 if self._clock.now_us() - begun_us > _LIVED_US else tries + 1
                pause_s = min(FIRST_PAUSE_S * 2 ** (tries - 1), LONGEST_PAUSE_S) if loss.pause_s is None else loss.pause_s
                self._pause_s = pause_s * self._random.uniform(0.8, 1.2)
        finally:
            self._siblings.discard(self)

    def restart(self, reason: str) -> None:
        """Begin anew, now. Does nothing while that is under way already."""
        if self._scope is not None and not self._restart_reason:
            self._restart_reason = reason
            self._scope.reschedule(asyncio.get_running_loop().time())

    def check(self) -> None:
        """Begin anew after too long a silence: a frozen stream looks exactly like a quiet market."""
        silence_us = self._clock.now_us() - self.heard_us
        if self._carrier.socket is not None and silence_us > self.SILENCE_US << min(self._vain, _MOST_VAIN):
            # A new subscription starts with a snapshot: one message proves nothing.
            self._vain = self._vain + 1 if self._messages <= 1 else 0
            self.restart(f"{self._what} of {self._venue} was silent for {silence_us // MICROSECONDS} s; subscribing anew.")

    def proves_alive(self, socket: Any) -> bool:
        """Whether this came through `socket`, and lately."""
        return self._carrier.socket is socket and self._messages > 0 and self._clock.now_us() - self.heard_us < _ALIVE_US

    def _heard(self) -> None:
        """The stream has brought something.

        Raises:
            VenueUnavailable: on a socket that is not in use any more; what comes from now on comes after a loss.
        """
        self.heard_us = self._clock.now_us()
        self._messages += 1
        if self._carrier.socket is not None and not self._exchange.holds(self._carrier.socket):
            raise VenueUnavailable(f"{self._venue} lost its connection.")

    async def _attempt(self) -> _Loss:
        """Pause, then watch until it fails."""
        try:
            await self._until_restart()
            return _Loss(f"{self._venue} ended the stream.")
        except asyncio.CancelledError as error:
            if _we_are_cancelled():
                raise
            return self._loss(error)  # one of ccxt's futures was
        except TimeoutError as error:
            if not self._restart_reason:
                return self._loss(error)
            await self._leave(self._restart_reason)
            return _Loss(self._restart_reason, FIRST_PAUSE_S)
        except MarketDataError as error:  # the stream goes on, and can't be used any more
            await self._leave(str(error))
            return self._loss(error)
        except Exception as error:  # noqa: BLE001 — whatever ccxt raises, the stream is begun anew
            return self._loss(error)
        finally:
            self._restart_reason = ""

    async def _until_restart(self) -> None:
        """Pause and watch.

        Raises:
            TimeoutError: `restart` was called.
        """
        async with asyncio.timeout(None) as scope:
            self._scope = scope
            try:
                if self._pause_s:
                    await self._clock.sleep(self._pause_s)
                self.heard_us, self._messages = self._clock.now_us(), 0
                await self._watch()
            finally:
                self._scope = None

    async def _leave(self, reason: str) -> None:
        """See that asking again means a new subscription: on the same socket if that brings something for others, else on a new one."""
        socket = self._carrier.socket
        if socket is None or not self._exchange.holds(socket):
            return
        if any(other.proves_alive(socket) for other in self._siblings if other is not self):
            try:
                async with asyncio.timeout(_LEAVE_S):
                    if await self._unsubscribe():
                        return
            except asyncio.CancelledError:
                if _we_are_cancelled():
                    raise
            except Exception as error:  # noqa: BLE001 — then it is done the hard way
                log.info("%s: unsubscribing failed", self._what, extra={"detail": error})
            if not self._worth_a_socket:
                return
        self._exchange.drop(socket, reason)

    def _loss(self, error: BaseException) -> _Loss:
        """What an error means; the log keeps the rest of it."""
        log.info("%s: %s", self._what, type(error).__name__, extra={"detail": error})
        names = _names(error)
        if isinstance(error, FathomError):
            return _Loss(str(error))
        if names & _SKIPPED:
            return _Loss(f"{self._venue} skipped updates; subscribing {self._what} anew.")
        if names & _SLOW_DOWN:
            return _Loss(f"{self._venue} asked us to slow down; subscribing {self._what} in a moment.", LONGEST_PAUSE_S)
        if "NetworkError" in names or isinstance(error, asyncio.CancelledError | OSError):
            return _Loss(f"{self._venue} lost its connection; subscribing {self._what} anew.")
        return _Loss(f"{self._venue} does not send {self._what} now; asking again.")


def _we_are_cancelled() -> bool:
    """Whether it is this task that somebody wants to end: ccxt cancels its futures, which looks the same to whoever awaits one."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _names(error: BaseException) -> set[str]:
    """Of the error's classes: ccxt is not imported to tell its errors apart."""
    return {kind.__name__ for kind in type(error).__mro__}
