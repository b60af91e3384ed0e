"""The ccxt clients of one exchange account, shared by its venues: one socket per channel, however many look at it.

There are two. `market` reads what is public, waits its turn in ccxt's own queue, and can't sign. `trading` has the keys and no
queue, because ccxt's is first come, first served, and a cancel must not wait: our limiter stands in front of it.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
from collections.abc import Callable
from typing import Any, final

from core.domain.clock import Clock
from core.domain.errors import VenueUnavailable
from core.exchanges.ccxt.access import Access
from core.exchanges.ccxt.making import make_client
from core.exchanges.ccxt.market_list import MarketList, MarketLists
from core.exchanges.ccxt.quirks import Quirks, quirks_of
from core.exchanges.ccxt.subscription import Subscription

log = logging.getLogger(__name__)


def load_ccxt() -> Any:
    """The library: a second and 114 MB the first time, so call it in a worker thread."""
    # Its debug log has every request with its signature, and answers in which an exchange quotes the key (Bybit's 10004).
    logging.getLogger("ccxt").setLevel(logging.WARNING)
    return importlib.import_module("ccxt.pro")


@final
class ExchangeClients:
    """The clients of one account. Every venue that uses them opens and closes them; the last one to close does it.

    Args:
        ccxt_id: `binanceusdm`.
        lists: where market lists come from and are kept.

    Attributes:
        ccxt_id, access, quirks: as given, and what is special about the exchange.
        subscriptions: the public streams that are being watched on `market`, of all its venues.
    """

    def __init__(self, ccxt_id: str, access: Access, clock: Clock, lists: MarketLists | None = None) -> None:
        self.ccxt_id = ccxt_id
        self.access = access
        self.quirks: Quirks = quirks_of(ccxt_id)
        self.subscriptions: set[Subscription] = set()
        self._clock = clock
        self._lists = lists or MarketLists(clock)
        self._users = 0
        self._turn = asyncio.Lock()
        self._market: Any = None
        self._trading: Any = None
        self._markets: MarketList | None = None
        self._refreshing: asyncio.Task[None] | None = None
        self._listeners: list[Callable[[MarketList], None]] = []

    @property
    def market(self) -> Any:
        """A ccxt.pro client without keys, its markets set.

        Raises:
            VenueUnavailable: not open.
        """
        if self._market is None:
            raise VenueUnavailable(f"{self.ccxt_id} is not connected.")
        return self._market

    @property
    def trading(self) -> Any | None:
        """A ccxt.pro client with keys and without a rate limiter, its markets set; None where nothing may be signed, and before `open`."""
        return self._trading

    @property
    def markets(self) -> MarketList:
        """What the exchange trades.

        Raises:
            VenueUnavailable: not open.
        """
        if self._markets is None:
            raise VenueUnavailable(f"{self.ccxt_id} is not connected.")
        return self._markets

    def on_markets(self, listener: Callable[[MarketList], None]) -> None:
        """Call `listener` whenever a newer list of markets has come."""
        self._listeners.append(listener)

    async def open(self) -> None:
        """Import ccxt, load the markets, make the clients; nothing but a count when somebody did it before.

        Raises:
            UnknownVenue: ccxt has no such exchange, or no book stream for it.
            NotPossible: testnet access, and the exchange has none.
            VenueUnavailable: its markets can't be had.
        """
        async with self._turn:
            if not self._users:
                await self._connect()
            self._users += 1

    async def close(self) -> None:
        """Give them up, once per `open`; the last one closes every socket."""
        async with self._turn:
            self._users = max(self._users - 1, 0)
            if not self._users:
                await self._disconnect()

    async def _connect(self) -> None:
        ccxt = await asyncio.to_thread(load_ccxt)
        try:
            self._market = make_client(ccxt, self.ccxt_id, self.access, for_trading=False)
            if self.access.can_trade:
                self._trading = make_client(ccxt, self.ccxt_id, self.access, for_trading=True)
            self._markets = await self._lists.get(self.ccxt_id, self.access)
            await self._spread(self._markets)
        except BaseException:
            await self._disconnect()
            raise
        self._refreshing = asyncio.get_running_loop().create_task(self._refresh(), name=f"markets of {self.ccxt_id}")

    async def _disconnect(self) -> None:
        if self._refreshing is not None:
            self._refreshing.cancel()
            await asyncio.gather(self._refreshing, return_exceptions=True)
        clients = [client for client in (self._market, self._trading) if client is not None]
        self._market = self._trading = self._markets = self._refreshing = None
        await asyncio.gather(*(client.close_quietly() for client in clients))

    async def _spread(self, markets: MarketList) -> None:
        for client in (self._market, self._trading):
            if client is not None:
                await asyncio.to_thread(markets.set_on, client)  # thousands of markets would hold up a frame
                # Every method of ccxt awaits this; once its task is done, that gives way to nobody any more.
                await client.load_markets()

    async def _refresh(self) -> None:
        """Fetch the list again when it is a day old, for as long as the clients are open. A failure keeps the one there is."""
        while True:
            assert self._markets is not None
            await self._clock.sleep_until(self._lists.due_us(self._markets))
            try:
                markets = await self._lists.fetch(self.ccxt_id, self.access)
            except VenueUnavailable as error:
                log.warning("%s", error, extra={"detail": error.detail})
                self._markets = self._markets.tried_at(self._clock.now_us())
                continue
            self._markets = markets
            await self._spread(markets)
            for listener in tuple(self._listeners):
                listener(markets)
