"""The two streams of a paper venue: public market data and our private account events.

Both may lie by omission: the public one freezes or skips, the private one drops, doubles, delays
and loses everything while it is down. What comes through comes in order unless a fault says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from core.domain.clock import MICROSECONDS, Clock
from core.domain.market import BookMessage, FeedGap, MarketMessage
from core.domain.orders import Fill
from core.exchanges.connector import AccountListener, ConnectionChange, MarketListener, VenueOrder
from core.exchanges.paper.faults import Faults, StreamFault
from core.exchanges.paper.timeline import Timeline

_OVERTAKEN_S = 0.05  # long enough for the order's update, a few ms behind its fill, to get past


class MarketStream:
    """Passes market messages on for subscribed symbols.

    Args:
        snapshot: the book as it is now, or None while it can't be trusted.
    """

    def __init__(self, faults: Faults, timeline: Timeline, snapshot: Callable[[str], BookMessage | None]) -> None:
        self._faults = faults
        self._timeline = timeline
        self._snapshot = snapshot
        self._listeners: list[MarketListener] = []
        self._symbols: set[str] = set()
        self._missed: set[str] = set()  # symbols whose messages were withheld: they need a snapshot first
        self._losing: dict[str, int] = {}  # symbol -> book messages a gap will still swallow

    def listen(self, listener: MarketListener) -> None:
        self._listeners.append(listener)

    def subscribe(self, symbol: str) -> None:
        """Start with a snapshot if there is one already."""
        if symbol not in self._symbols:
            self._symbols.add(symbol)
            self.resync(symbol)

    def publish(self, message: MarketMessage) -> None:
        """Pass `message` on, which the venue's own book has taken already."""
        symbol = message.symbol
        if symbol not in self._symbols:
            return
        if self._faults.market_frozen:
            self._missed.add(symbol)
        elif symbol in self._missed:
            self._missed.discard(symbol)
            self.resync(symbol)
        elif not self._swallowed(message):
            self._send(message)

    def _swallowed(self, message: MarketMessage) -> bool:
        symbol = message.symbol
        if not isinstance(message, BookMessage) or message.is_snapshot:
            return False
        left = self._losing.pop(symbol, 0)
        if not left and (left := self._faults.draw_gap()):
            if message.seq is None:  # nothing in the messages would show the loss
                self._send(FeedGap(message.venue, symbol, message.received_us, f"{message.venue} lost updates"))
            self._timeline.after(self._faults.resync_s, lambda: self.resync(symbol))
        if left > 1:
            self._losing[symbol] = left - 1
        return left > 0

    def resync(self, symbol: str) -> None:
        """Start `symbol` over from a snapshot, if there is one."""
        if (snapshot := self._snapshot(symbol)) is not None:
            self._losing.pop(symbol, None)
            self._send(snapshot)

    def _send(self, message: MarketMessage) -> None:
        for listener in self._listeners:
            listener(message)


class AccountStream:
    """Pushes our order updates and fills, each at its own small delay after it happened: it may beat the answer to a request."""

    def __init__(self, venue: str, clock: Clock, faults: Faults, timeline: Timeline, random: Random, latency_ms: float) -> None:
        self._venue = venue
        self._clock = clock
        self._faults = faults
        self._timeline = timeline
        self._random = random
        self._latency_ms = latency_ms
        self._listeners: list[AccountListener] = []
        self._last_due_us = 0
        self._up = True

    def listen(self, listener: AccountListener) -> None:
        self._listeners.append(listener)

    def push(self, event: VenueOrder | Fill) -> None:
        """Send an event on its way."""
        fault = self._faults.draw_stream(is_fill=isinstance(event, Fill))
        if fault is StreamFault.DROPPED:
            return
        delay_s = self._random.uniform(0.15, 0.6) * self._latency_ms / 1000
        if fault in (StreamFault.DELAYED, StreamFault.REORDERED):  # the rest does not wait for it
            late_s = self._faults.event_delay_s if fault is StreamFault.DELAYED else _OVERTAKEN_S
            self._timeline.after(delay_s + late_s, lambda: self._arrive(event))
            return
        self._last_due_us = max(self._last_due_us, self._clock.now_us() + round(delay_s * MICROSECONDS))
        for _ in range(2 if fault is StreamFault.DUPLICATED else 1):
            self._timeline.at(self._last_due_us, lambda: self._arrive(event))

    def set_up(self, *, up: bool, reason: str) -> None:
        """Cut or restore the stream: what arrives while it is down is lost for good."""
        if up is not self._up:
            self._up = up
            self._send(ConnectionChange(self._venue, up, self._clock.now_us(), reason))

    def _arrive(self, event: VenueOrder | Fill) -> None:
        if self._up and not self._faults.account_frozen:
            self._send(event)

    def _send(self, event: VenueOrder | Fill | ConnectionChange) -> None:
        for listener in self._listeners:
            listener(event)
