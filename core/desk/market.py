"""What a desk trades on, whichever mode it comes from."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from core.domain.clock import Clock, SimulatedClock
from core.exchanges.connector import ExchangeConnector
from core.exchanges.paper.feed import Feed
from core.exchanges.paper.replay_feed import ReplayFeed


@dataclass(frozen=True, slots=True)
class Market:
    """What a desk trades on.

    Attributes:
        feed: what its simulated venues are fed with; None: they are real and bring their own market.
        lives_on: the venues outlive the program, so what was unfinished there can be asked about.
        on_demand: they list thousands of symbols, of which only those are subscribed that somebody wants.
        emulated: every connection goes to the emulator; nothing here is real, whatever the mode says.
        remarks: what the trader should read about it, once.
        closing: awaited when every venue is closed.
    """

    clock: Clock
    feed: Feed | None
    connectors: Mapping[str, ExchangeConnector]
    lives_on: bool = False
    on_demand: bool = False
    emulated: bool = False
    remarks: tuple[str, ...] = ()
    closing: Callable[[], Awaitable[None]] | None = None

    def gate(self, working: Callable[[], bool]) -> None:
        """At speed 'max', play only while orders work or somebody sleeps on the clock."""
        if isinstance(self.feed, ReplayFeed) and isinstance(self.clock, SimulatedClock):
            clock = self.clock
            self.feed.wanted = lambda: working() or clock.next_deadline_us() is not None

    @property
    def silence_is_a_fault(self) -> bool:
        """Whether a book that says nothing has lost its stream; a recording that is silent was silent then."""
        return not isinstance(self.feed, ReplayFeed) and not isinstance(self.clock, SimulatedClock)

    @property
    def over(self) -> bool:
        """Whether nothing more comes."""
        return isinstance(self.feed, ReplayFeed) and self.feed.finished

    async def ended(self) -> None:
        """Return when nothing more comes; never but in a replay."""
        if isinstance(self.feed, ReplayFeed):
            await self.feed.ended()
        else:
            await asyncio.Event().wait()

    def run_freely(self) -> None:
        """Play to the end whether or not anybody waits."""
        if isinstance(self.feed, ReplayFeed):
            self.feed.run_freely()

    async def close(self) -> None:
        """Let go of what the venues shared. Close them first."""
        if self.closing is not None:
            await self.closing()
