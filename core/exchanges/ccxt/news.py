"""What the private stream says about one venue's orders, in our words and under our ids.

A trade carries the venue's order id, and ours only on some exchanges; then memory knows it, or the venue is asked. The stream may
tell of an order's end before the request that placed it is answered, so all of it is remembered before it is passed on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any, final

from core.domain.clock import Clock
from core.domain.errors import VenueError
from core.domain.instruments import Instrument
from core.exchanges.ccxt.look_up import LookUps
from core.exchanges.ccxt.memory import OrderMemory
from core.exchanges.ccxt.orders import client_id_in, fill_of, has_client_id, named_right, venue_order
from core.exchanges.ccxt.quirks import Quirks
from core.exchanges.ccxt.venues import VenueId, desk_symbol
from core.exchanges.connector import AccountEvent, ConnectionChange

log = logging.getLogger(__name__)

Raw = Mapping[str, Any]


@final
class News:
    """One venue's listener on its exchange's private stream. Implements `account_stream.Listener`.

    Attributes:
        instruments: by symbol; what is not in it is passed over.
    """

    def __init__(
        self,
        venue: VenueId,
        quirks: Quirks,
        memory: OrderMemory,
        look_ups: LookUps,
        clock: Clock,
        instruments: Mapping[str, Instrument],
        emit: Callable[[AccountEvent], None],
    ) -> None:
        self.instruments = instruments
        self._venue = venue
        self._quirks = quirks
        self._memory = memory
        self._look_ups = look_ups
        self._clock = clock
        self._emit = emit
        self._asking: set[asyncio.Task[None]] = set()

    def on_order(self, raw: Raw) -> None:
        """Take an order as ccxt has it; it must be a copy."""
        if (instrument := self._instrument(raw)) is None:
            return
        try:
            order = venue_order(named_right(raw, self._quirks), instrument, self._memory, self._clock.now_us())
        except VenueError as error:  # an order of somebody else's that says too little to be shown
            log.info("%s", error, extra={"detail": error.detail})
            return
        self._memory.hear(order)
        self._emit(order)

    def on_trade(self, raw: Raw) -> None:
        """Take one of our trades as ccxt has it; it must be a copy."""
        if (instrument := self._instrument(raw)) is None:
            return
        order_id = str(raw.get("order") or "")
        client_id = client_id_in(raw, self._quirks) or self._memory.client_id_of(order_id)
        if client_id or not order_id or has_client_id(raw, self._quirks):
            self._fill(raw, instrument, client_id or order_id)  # whose place for our id is empty is somebody else's
            return
        task = asyncio.get_running_loop().create_task(self._ask_whose(raw, instrument, order_id), name=f"whose is {order_id}")
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _ask_whose(self, raw: Raw, instrument: Instrument, order_id: str) -> None:
        try:
            client_id = await self._look_ups.client_id_of(self._venue.ccxt_symbol(instrument.symbol), order_id)
        except VenueError as error:
            # An order of ours is looked up by the engine as soon as it says to be filled further than its trades.
            log.warning("whose trade %s is: %s", order_id, error, extra={"detail": error.detail})
            return
        self._memory.name(client_id, order_id)
        self._fill(raw, instrument, client_id or order_id)

    def _fill(self, raw: Raw, instrument: Instrument, client_id: str) -> None:
        fill = fill_of(raw, instrument, self._quirks, client_id, self._clock.now_us())
        if fill is not None:
            self._memory.trade(fill)
            self._emit(fill)

    def on_connection(self, *, connected: bool, reason: str) -> None:
        """The private stream went down or came back."""
        self._emit(ConnectionChange(self._venue.venue, connected, self._clock.now_us(), reason))

    async def poll(self) -> None:
        """Ask for news of everything open, on an exchange that does not push them.

        Raises:
            VenueError: it did not answer.
        """
        for one in self._memory.live():
            assert one.asked is not None
            instrument = self.instruments.get(one.asked.symbol)
            if instrument is None or not one.acknowledged:
                continue
            symbol = self._venue.ccxt_symbol(instrument.symbol)
            order = await self._look_ups.find(instrument, symbol, one.client_id)
            if order is None:
                continue
            if order.filled > one.filled:
                for fill in await self._look_ups.fills_of(instrument, symbol, one.client_id):
                    self._memory.trade(fill)
                    self._emit(fill)
            self._emit(order)

    async def close(self) -> None:
        """Ask no more."""
        tasks = list(self._asking)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _instrument(self, raw: Raw) -> Instrument | None:
        """Of what the news is about; None when that is another venue's, or nothing that we trade."""
        symbol = str(raw.get("symbol") or "")
        instrument = self.instruments.get(desk_symbol(symbol))
        return instrument if instrument is not None and self._venue.ccxt_symbol(instrument.symbol) == symbol else None
