"""A venue's wires: who is connected, how long messages take, and how connections end, refuse or fall silent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random

from tests.emulator.faults import WireFaults
from tests.emulator.streams import Stream, StreamKind


class Lines:
    """The part of an `EmulatedVenue` that is about connections and not about orders.

    Attributes:
        faults: the switches.
        latency_ms: mean round trip of a request.
        streams: connections that are open now.
    """

    def __init__(self, name: str, seed: int | str, latency_ms: float) -> None:
        self.faults = WireFaults(f"{seed}/{name}")
        self.latency_ms = latency_ms
        self.streams: set[Stream] = set()
        self._random = Random(f"emulator/{seed}/{name}")
        self._drop_idle: Callable[[], None] | None = None

    def leg_s(self) -> float:
        """Seconds that a request or an answer takes one way; seeded, half of `latency_ms` on average, sometimes much more."""
        return self.latency_ms * (0.6 + 0.4 * self._random.expovariate(1.0)) / 2000

    def stream_s(self) -> float:
        """Seconds that an event of the private stream takes: it may overtake the answer to the request, or come long after it."""
        return self.latency_ms * self._random.uniform(0.1, 1.5) / 1000

    async def kick(self, kind: StreamKind | None = None, *, hard: bool = True) -> None:
        """Cut the streams (of one kind) that are open now, without a word or with a close frame."""
        for stream in [stream for stream in self.streams if kind in (None, stream.kind)]:
            await stream.kick(hard=hard)

    def freeze(self, kind: StreamKind | None = None) -> None:
        """Let the streams that are open now fall silent for ever, without closing; new ones work."""
        for stream in self.streams:
            stream.frozen = stream.frozen or kind in (None, stream.kind)

    async def refuse_connections(self, refuse: bool = True) -> None:
        """Let new connections to the venue's hosts fail from now on, and drop the idle ones; streams that are open stay."""
        self.faults.refusing = refuse
        if refuse and self._drop_idle is not None:
            self._drop_idle()
        for _ in range(10):  # a few turns of the loop, until a client in this process has seen its idle connections go
            await asyncio.sleep(0)

    def when_dropping_idle(self, drop: Callable[[], None]) -> None:
        """The server's part of `refuse_connections`."""
        self._drop_idle = drop
