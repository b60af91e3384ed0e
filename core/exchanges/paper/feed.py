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
