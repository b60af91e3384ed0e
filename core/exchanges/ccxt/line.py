"""What there is while one venue's private side is open, and how a request on it names an order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.domain.errors import OrderNotFound
from core.domain.instruments import Instrument
from core.exchanges.ccxt.account import Account
from core.exchanges.ccxt.account_stream import AccountStream
from core.exchanges.ccxt.asking import Asking
from core.exchanges.ccxt.look_up import LookUps
from core.exchanges.ccxt.memory import OrderMemory
from core.exchanges.ccxt.news import News
from core.exchanges.ccxt.quirks import Quirks
from core.exchanges.connector import VenueOrder


@dataclass(frozen=True, slots=True)
class Line:
    """The parts of one open `CcxtTrading`.

    Attributes:
        client: ccxt's, with the keys.
    """

    client: Any
    quirks: Quirks
    memory: OrderMemory
    asking: Asking
    look_ups: LookUps
    account: Account
    news: News
    stream: AccountStream

    async def found(self, instrument: Instrument, ccxt_symbol: str, client_id: str) -> VenueOrder:
        """The order, asked for.

        Raises:
            OrderNotFound: the venue does not know it.
            VenueError: it did not answer.
        """
        order = await self.look_ups.find(instrument, ccxt_symbol, client_id)
        if order is None:
            raise OrderNotFound(f"{instrument.venue} does not know the order {client_id}.")
        return order

    async def named(
        self, instrument: Instrument, ccxt_symbol: str, client_id: str, *, by_venue_id: bool
    ) -> tuple[str | None, dict[str, object]]:
        """How a request names an order: (the venue's id or None, parameters with ours).

        Raises:
            OrderNotFound: it can only be named by the venue's id, and the venue does not know it.
            VenueError: the venue did not tell.
        """
        if not by_venue_id:
            return None, {str(self.quirks.client_id_to_find): client_id}
        known = self.memory.get(client_id)
        if known is not None and known.venue_order_id:
            return known.venue_order_id, {}
        return (await self.found(instrument, ccxt_symbol, client_id)).venue_order_id, {}

    async def side_of(self, instrument: Instrument, ccxt_symbol: str, client_id: str) -> str:
        """'buy' or 'sell'.

        Raises:
            OrderNotFound, VenueError: as for `found`.
        """
        known = self.memory.get(client_id)
        side = known.side if known is not None else None
        return (side or (await self.found(instrument, ccxt_symbol, client_id)).side).value
