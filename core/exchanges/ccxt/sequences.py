"""Sequence checks that ccxt leaves out: a book that lost an update looks fine and is not.

Binance's, okx's and most others' are checked by ccxt. Bybit's updates are numbered one by one and ccxt does not look: a lost
one would stay in the book for ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.domain.errors import MarketDataError


class BybitSequence:
    """Mixed in before ccxt.pro's bybit. Per topic `u` grows by one with every message; 1 is a snapshot after a restart of theirs.

    https://bybit-exchange.github.io/docs/v5/websocket/public/orderbook
    """

    id: str
    orderbooks: dict[str, Any]

    def __init__(self, config: dict[str, Any]) -> None:
        self._last: dict[tuple[str, str], int | None] = {}  # (url, topic) -> the last `u`; None after a loss, until the next snapshot
        super().__init__(config)  # type: ignore[call-arg]  # ccxt's class comes next

    def handle_order_book(self, client: Any, message: Mapping[str, Any]) -> None:
        """A snapshot or a delta, from the socket `client`."""
        data = message.get("data") or {}
        place, number = (client.url, str(message.get("topic"))), data.get("u")
        if message.get("type") != "snapshot":
            last = self._last.get(place)
            if last is None:
                return  # nothing to build on: a snapshot comes first
            if isinstance(number, int) and number != last + 1:
                self._last[place] = None
                self._lose(client, str(data.get("s")), f"{self.id} skipped updates: after {last} comes {number}.")
                return
        super().handle_order_book(client, message)  # type: ignore[misc]  # ccxt's
        if isinstance(number, int):
            self._last[place] = number
            if (book := self.orderbooks.get(self._symbol(client, str(data.get("s"))))) is not None:
                book["nonce"] = number

    def _lose(self, client: Any, market_id: str, reason: str) -> None:
        symbol = self._symbol(client, market_id)
        self.orderbooks.pop(symbol, None)
        client.reject(MarketDataError(reason), f"orderbook:{symbol}")

    def _symbol(self, client: Any, market_id: str) -> str:
        kind = "spot" if "spot" in client.url else "contract"  # as ccxt tells them apart
        symbol: str = self.safe_symbol(market_id, None, None, kind)  # type: ignore[attr-defined]  # ccxt's
        return symbol


# ccxt id -> what is mixed in before its class.
SEQUENCE_CHECKS: Mapping[str, type] = {"bybit": BybitSequence}
