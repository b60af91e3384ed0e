"""Where a mode's market comes from: its clock, its feed and a connector for each venue."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core.desk.settings import Settings
from core.domain.clock import Clock, SimulatedClock, SystemClock
from core.domain.errors import BadRequest
from core.exchanges.connector import ExchangeConnector
from core.exchanges.limited import LimitedConnector
from core.exchanges.limiter import RateLimits
from core.exchanges.names import resolve_venue
from core.exchanges.paper.connector import PaperConnector
from core.exchanges.paper.demo_venues import DEMO_VENUES
from core.exchanges.paper.feed import Feed
from core.exchanges.paper.replay_feed import ReplayFeed
from core.exchanges.paper.synthetic import SyntheticFeed

# A recording says nothing about the way to its venue.
REPLAY_LATENCY_MS = 20.0
# Simulated venues count nothing; the limits are there so that a runaway shows itself here first.
PAPER_RATES = RateLimits(requests_per_s=200, burst=400, for_orders=100, cancels_per_s=200, cancel_burst=400)


@dataclass(frozen=True, slots=True)
class Market:
    """What a desk trades on.

    Attributes:
        lives_on: the venues outlive the program, so what was unfinished there can be asked about.
    """

    clock: Clock
    feed: Feed
    connectors: Mapping[str, ExchangeConnector]
    lives_on: bool = False

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
        """Return when nothing more comes; never in demo."""
        if isinstance(self.feed, ReplayFeed):
            await self.feed.ended()
        else:
            await asyncio.Event().wait()

    def run_freely(self) -> None:
        """Play to the end whether or not anybody waits."""
        if isinstance(self.feed, ReplayFeed):
            self.feed.run_freely()


def open_market(settings: Settings) -> Market:
    """The market of the settings' mode; nothing is started yet.

    Raises:
        BadRequest: a replay without recordings, an unknown venue or symbol.
        RecordingError: a recording that can't be played.
    """
    if settings.mode == "replay":
        return _replay(settings)
    if settings.replay:
        raise BadRequest("Recordings are played in replay mode; this is demo.")
    clock = SystemClock()
    venues = tuple(resolve_venue(name, DEMO_VENUES) for name in settings.venues) or tuple(DEMO_VENUES)
    feed = SyntheticFeed(clock, seed=settings.seed, venues=venues)
    latencies = {venue: DEMO_VENUES[venue].latency_ms for venue in venues}
    return _market(settings, clock, feed, latencies)


def _replay(settings: Settings) -> Market:
    feed = ReplayFeed(settings.replay, speed=settings.speed)
    known = feed.instruments()
    venues = tuple(resolve_venue(name, tuple(known)) for name in settings.venues) or tuple(known)
    return _market(settings, feed.clock, feed, dict.fromkeys(venues, REPLAY_LATENCY_MS))


def _market(settings: Settings, clock: Clock, feed: Feed, latencies: Mapping[str, float]) -> Market:
    known = sorted({symbol for venue in latencies for symbol in feed.instruments()[venue]})
    if settings.symbol not in known:
        raise BadRequest(f"{settings.symbol!r} is not traded on these venues; known symbols: {', '.join(known)}.")
    venues = {venue: PaperConnector(venue, feed, clock, latency_ms=latency, seed=settings.seed) for venue, latency in latencies.items()}
    return Market(clock, feed, {venue: LimitedConnector(connector, PAPER_RATES, clock) for venue, connector in venues.items()})
