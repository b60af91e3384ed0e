"""Books that fall silent are subscribed anew: a frozen socket looks exactly like a quiet market.

A book that can't be traded on for a while is asked for again, less and less often while that does not help. Only a desk on
wall time has a watchdog: a recording that is silent was silent then.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import final

from core.domain.clock import MICROSECONDS, Clock
from core.domain.errors import VenueError
from core.domain.market import BookState
from core.exchanges.connector import ExchangeConnector, Resyncable
from core.execution.tasks import TaskOwner
from core.market.store import OrderBooks

log = logging.getLogger(__name__)

LOOK_S = 1.0
# How long a book may be unusable (silence counts from when it is called stale) before it is asked for, and how seldom at worst.
PATIENCE_US = 5 * MICROSECONDS
LONGEST_US = 60 * MICROSECONDS

_WORDS = {BookState.STALE: "has been silent", BookState.GAP: "has a gap", BookState.CROSSED: "is crossed", BookState.EMPTY: "has not come"}


@final
class BookWatchdog:
    """Watches every book of a desk.

    Args:
        tell: level and sentence of a notice.
    """

    def __init__(
        self, books: OrderBooks, connectors: Mapping[str, ExchangeConnector], clock: Clock, tell: Callable[[str, str], None]
    ) -> None:
        self._books = books
        self._connectors = connectors
        self._clock = clock
        self._tell = tell
        self._tasks = TaskOwner()
        self._asking: set[tuple[str, str]] = set()
        self._next_us: dict[tuple[str, str], int] = {}
        self._tries: dict[tuple[str, str], int] = {}

    async def watch(self) -> None:
        """Look once a second, for ever. A venue that takes its time does not keep the others waiting."""
        try:
            while True:
                await self._clock.sleep(LOOK_S)
                for place in [place for symbol in self._books.symbols() for place in self._due(symbol)]:
                    self._asking.add(place)
                    self._tasks.spawn(self._resync(*place), f"subscribing {place} anew")
        finally:
            await self._tasks.close()

    def _due(self, symbol: str) -> list[tuple[str, str]]:
        """The places whose book has been unusable for too long."""
        now_us, due = self._clock.now_us(), []
        for venue, book in self._books.view(symbol, None, now_us).books.items():
            place = (venue, symbol)
            if book.state is BookState.LIVE:
                if self._tries.pop(place, 0):
                    self._tell("info", f"{venue}: the book of {symbol} is back.")
                self._next_us.pop(place, None)
            elif place in self._asking:
                continue
            elif now_us >= self._next_us.setdefault(place, now_us + PATIENCE_US):
                if place not in self._tries:
                    self._tell("warning", f"{venue}: the book of {symbol} {_WORDS[book.state]}; subscribing anew.")
                due.append(place)
        return due

    async def _resync(self, venue: str, symbol: str) -> None:
        place = (venue, symbol)
        tries = self._tries[place] = self._tries.get(place, 0) + 1
        connector = self._connectors[venue]
        try:
            if isinstance(connector, Resyncable):
                await connector.resync(symbol)
        except VenueError as error:
            log.warning("subscribing %s %s anew: %s", venue, symbol, error, extra={"detail": error.detail})
        finally:
            self._asking.discard(place)
            if place in self._tries:  # else it has come back meanwhile
                self._next_us[place] = self._clock.now_us() + min(PATIENCE_US << min(tries, 6), LONGEST_US)
