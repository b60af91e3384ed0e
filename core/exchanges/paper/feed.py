"""What a paper venue trades against: a source of market messages that knows nothing of orders.

One feed serves many venues and is pumped by one task, which belongs to the desk. It
never waits for a listener; listeners are called in the order of the messages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, runtime_checkable

from core.domain.candles import Candle
from core.domain.events import Notice
from core.domain.instruments import Instrument
from core.domain.market import MarketMessage

MessageListener = Callable[[MarketMessage], None]
NoticeListener = Callable[[Notice], None]


class Feed(Protocol):
    """Market data for paper connectors. Times µs, prices in ticks, sizes in size units of the instruments."""

    def instruments(self) -> Mapping[str, Mapping[str, Instrument]]:
        """Venue -> symbol -> instrument; complete as soon as the feed exists."""
        ...

    def attach(self, venue: str, listener: MessageListener) -> None:
        """Call `listener` with every message of `venue` from now on."""
        ...

    def on_notice(self, listener: NoticeListener) -> None:
        """Call `listener` with what the trader should read: the start, the end, damage."""
        ...

    async def run(self) -> None:
        """Pump messages: a replay returns at its end, a synthetic market never does. Cancel it to stop."""
        ...


@runtime_checkable
class HistoryFeed(Protocol):
    """What a feed offers besides, if it knows its venues' past: a recording does not."""

    def candles(self, venue: str, symbol: str, since_us: int, until_us: int) -> Sequence[Candle]:
        """The minutes that start in [since, until), oldest first."""
        ...


@runtime_checkable
class OnDemandFeed(Protocol):
    """What a feed over real exchanges offers besides `Feed`: thousands of symbols, of which it carries those that somebody wants.

    Its `instruments()` name every venue at once, but a venue's symbols only once it is prepared.
    """

    async def prepare(self, venue: str) -> None:
        """Reach `venue` and learn what it trades. Doing it again is free; after a failure it tries again.

        Raises:
            VenueUnavailable: not reachable now.
        """
        ...

    async def watch(self, venue: str, symbol: str) -> None:
        """Carry the book and the prints of `symbol` from now on; at once when it does already.

        Raises:
            VenueError: they could not be subscribed.
        """
        ...

    async def resync(self, venue: str, symbol: str) -> None:
        """Subscribe them anew; the book starts over from a snapshot.

        Raises:
            VenueError: it stays as it was.
        """
        ...

    async def fetch_candles(self, venue: str, symbol: str, since_us: int, until_us: int) -> Sequence[Candle]:
        """The minutes that start in [since, until), oldest first. (`HistoryFeed.candles` knows them without asking.)

        Raises:
            VenueError: not all of them could be had.
        """
        ...

    async def close(self) -> None:
        """Let go of every connection."""
        ...
