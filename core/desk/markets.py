"""Where a mode's market comes from: its clock, its feed and a connector for each venue.

demo and replay reach nothing beyond this process. paper reads what the exchanges show to everybody and signs nothing: its
clients take no keys and refuse to prepare a private request. Only testnet and live get keys, and only those of their own mode.
"""

from __future__ import annotations

from collections.abc import Mapping

from core.desk.market import Market
from core.desk.settings import Settings
from core.domain.clock import Clock, SystemClock
from core.domain.errors import BadRequest
from core.exchanges.limited import LimitedConnector
from core.exchanges.limiter import RateLimits
from core.exchanges.names import resolve_venue
from core.exchanges.paper.connector import PaperConnector
from core.exchanges.paper.demo_venues import DEMO_VENUES
from core.exchanges.paper.feed import Feed
from core.exchanges.paper.replay_feed import ReplayFeed
from core.exchanges.paper.synthetic import SyntheticFeed

__all__ = ["Market", "open_market"]

# A recording says nothing about the way to its venue.
REPLAY_LATENCY_MS = 20.0
# Simulated venues count nothing; the limits are there so that a runaway shows itself here first.
PAPER_RATES = RateLimits(requests_per_s=200, burst=400, for_orders=100, cancels_per_s=200, cancel_burst=400)


async def open_market(settings: Settings) -> Market:
    """The market of the settings' mode; nothing is connected yet. Close it after its venues.

    Raises:
        BadRequest: a replay without recordings, an unknown venue or symbol, live trading that nobody has confirmed.
        NoAccounts: testnet or live without keys.
        RecordingError: a recording that can't be played.
    """
    if settings.replay and settings.mode != "replay":
        raise BadRequest(f"Recordings are played in replay mode; this is {settings.mode}.")
    if settings.mode == "replay":
        return _replay(settings)
    if settings.mode == "live" and not settings.live_confirmed:
        raise BadRequest("Live trading was not confirmed. It is asked for at every start, because it is real money.")
    if settings.mode != "demo":
        from core.desk.exchanges import account_market, paper_market  # the demo starts without them

        return paper_market(settings) if settings.mode == "paper" else await account_market(settings)
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
