"""Whether a venue can be heard about our own orders. Its books may flow while its account is silent: a green dot would say too much."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import final

from core.exchanges.connector import AccountEvent, ConnectionChange, ExchangeConnector
from core.execution.live import LiveChildren
from core.execution.state import SILENT


@final
class PrivateSides:
    """Follows the private streams, and the questions about orders that stay without an answer."""

    def __init__(self, connectors: Mapping[str, ExchangeConnector], live: LiveChildren) -> None:
        self._live = live
        self._down: set[str] = set()
        for venue, connector in connectors.items():
            connector.on_account(partial(self._on_account, venue))

    def trouble(self, venue: str) -> str:
        """What is wrong, in words; empty when nothing is."""
        unanswered = sum(child.silences >= SILENT for child in self._live.on(venue))
        if unanswered:
            return f"it does not answer questions about {unanswered} order{'s' if unanswered > 1 else ''}"
        return "the private stream is down: news of orders come late" if venue in self._down else ""

    def _on_account(self, venue: str, event: AccountEvent) -> None:
        if isinstance(event, ConnectionChange):
            (self._down.discard if event.connected else self._down.add)(venue)
