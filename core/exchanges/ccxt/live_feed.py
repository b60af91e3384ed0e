"""The real market for simulated venues: public connectors behind the paper venues' feed protocol.

A real exchange lists thousands of symbols, so only those that somebody wants are carried. There are no keys anywhere below:
whatever the paper venues do, nothing here could sign a request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import final

from core.domain.candles import Candle
from core.domain.errors import UnknownVenue
from core.domain.instruments import Instrument
from core.exchanges.ccxt.connector import CcxtConnector
from core.exchanges.paper.feed import MessageListener, NoticeListener


@final
class LiveFeed:
    """A feed and an on-demand feed (see `core.exchanges.paper.feed`) over ccxt's public data.

    Args:
        connectors: by venue, on public access.
    """

    def __init__(self, connectors: Mapping[str, CcxtConnector]) -> None:
        self._connectors = dict(connectors)

    def instruments(self) -> Mapping[str, Mapping[str, Instrument]]:
        """Every venue; its instruments once it is prepared."""
        return {venue: connector.instruments for venue, connector in self._connectors.items()}

    def attach(self, venue: str, listener: MessageListener) -> None:
        self._of(venue).on_market(listener)

    def on_notice(self, listener: NoticeListener) -> None:
        """What goes wrong here goes wrong with one book, and is told there."""

    async def prepare(self, venue: str) -> None:
        await self._of(venue).open()

    async def watch(self, venue: str, symbol: str) -> None:
        await self._of(venue).subscribe(symbol)

    async def resync(self, venue: str, symbol: str) -> None:
        await self._of(venue).resync(symbol)

    async def fetch_candles(self, venue: str, symbol: str, since_us: int, until_us: int) -> Sequence[Candle]:
        return await self._of(venue).candles(symbol, since_us, until_us)

    async def run(self) -> None:
        """The sockets pump by themselves."""
        await asyncio.Event().wait()

    async def close(self) -> None:
        await asyncio.gather(*(connector.close() for connector in self._connectors.values()))

    def _of(self, venue: str) -> CcxtConnector:
        if (connector := self._connectors.get(venue)) is None:
            raise UnknownVenue(f"The feed has no venue {venue!r}; known: {', '.join(sorted(self._connectors))}.")
        return connector
