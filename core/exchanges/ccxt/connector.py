"""One venue of a real exchange: its market from ccxt's public streams, its account through `CcxtTrading` where there are keys.

Once it is open, market data never stops because something is wrong with the account, nor the other way round: they are two
clients on two sets of sockets. Where to start reading: `subscribe` for the market, `_account` for ours.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import final

from core.domain.candles import Candle
from core.domain.clock import Clock
from core.domain.errors import FathomError, NotPossible, VenueError, VenueRefused, VenueUnavailable
from core.domain.instruments import Instrument
from core.domain.market import FeedGap, MarketMessage
from core.domain.orders import Fill
from core.exchanges.ccxt.candles import fetch_candles
from core.exchanges.ccxt.clients import ExchangeClients
from core.exchanges.ccxt.instruments import instruments_of, same_rules
from core.exchanges.ccxt.market_list import MarketList
from core.exchanges.ccxt.outcomes import Ask, judged, proof
from core.exchanges.ccxt.outgoing import rules_changed
from core.exchanges.ccxt.quirks import capabilities_of
from core.exchanges.ccxt.streams import PublicStreams
from core.exchanges.ccxt.trading import CcxtTrading
from core.exchanges.ccxt.venues import parse_venue
from core.exchanges.ccxt.wire import tracing, watch_wire
from core.exchanges.connector import (
    AccountEvent,
    AccountListener,
    Balance,
    Capabilities,
    MarketListener,
    NewOrder,
    VenueOrder,
)

log = logging.getLogger(__name__)

# A book must not wait for an account that does not answer.
_FEES_S = 2.0


@final
class CcxtConnector:
    """Implements `core.exchanges.connector.ExchangeConnector` and `Resyncable`.

    Args:
        venue: `binance_perp`.
        clients: of the account; shared with the exchange's other venues.

    Raises:
        UnknownVenue: not a venue's name.
    """

    def __init__(self, venue: str, clients: ExchangeClients, clock: Clock) -> None:
        self._id = parse_venue(venue)
        self._capabilities = capabilities_of(venue)
        self._clients = clients
        self._clock = clock
        self._instruments: dict[str, Instrument] = {}
        self._changed: set[str] = set()  # symbols whose rules are not those of `_instruments` any more
        self._market_listeners: list[MarketListener] = []
        self._account_listeners: list[AccountListener] = []
        self._streams: PublicStreams | None = None
        self._trading: CcxtTrading | None = None
        self._open = False
        self._turn = asyncio.Lock()
        clients.on_markets(self._renew)

    @property
    def venue(self) -> str:
        return self._id.venue

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        return self._instruments

    @property
    def latency_ms(self) -> float | None:
        return None if self._trading is None else self._trading.latency_ms

    def on_market(self, listener: MarketListener) -> None:
        self._market_listeners.append(listener)

    def on_account(self, listener: AccountListener) -> None:
        self._account_listeners.append(listener)

    async def open(self) -> None:
        """See the protocol.

        Raises:
            UnknownVenue: ccxt has no such exchange, or it has no such market.
            NotPossible: the exchange has no test network.
            VenueUnavailable: not reachable.
        """
        async with self._turn:
            if not self._open:
                await self._clients.open()
                self._open = True
                await self._begin()

    async def _begin(self) -> None:
        try:
            self._learn(self._clients.markets)
            if not self._instruments:
                raise VenueUnavailable(f"{self.venue} lists nothing that could be traded.")
            watch_wire(self._clients.market)
            if self._clients.trading is not None:
                self._trading = CcxtTrading(self.venue, self._clients, self._clock, self._instruments, self._emit)
                await self._trading.open()
        except BaseException:
            await self.close()
            raise
        self._streams = PublicStreams(self._id, self._clients, self._clock, self._tell)

    async def close(self) -> None:
        if not self._open:
            return
        self._open = False
        streams, self._streams = self._streams, None
        if streams is not None:
            await streams.close()
        try:
            if self._trading is not None:
                await self._trading.close()
        finally:
            self._trading = None
            await self._clients.close()

    # -- the market --------------------------------------------------------------------------------

    async def subscribe(self, symbol: str) -> None:
        """See the protocol. Does not wait for the first snapshot: it is a message like any other, and so is the reason why none comes.

        With keys the account's own fees are in `instruments` when this returns; nothing has been told of the symbol until then.

        Raises:
            VenueRefused: the venue does not trade it.
            VenueUnavailable: not open.
        """
        streams, instrument = self._market(), self._known(symbol)
        if symbol in self._changed:
            raise VenueRefused(rules_changed(instrument))
        if symbol not in streams:
            await self._learn_fees(symbol)
        streams.subscribe(self._known(symbol))

    async def resync(self, symbol: str) -> None:
        """See `Resyncable`. Returns with the new snapshot.

        Raises:
            VenueRefused: the venue does not trade it.
            VenueUnavailable: none has come within a few seconds; it is asked for until one does.
        """
        await self.subscribe(symbol)
        await self._market().resync(symbol)

    async def candles(self, symbol: str, since_us: int, until_us: int) -> Sequence[Candle]:
        instrument = self._known(symbol)
        with tracing() as trace:
            try:
                return await fetch_candles(self._clients.market, instrument, self._id.ccxt_symbol(symbol), since_us, until_us)
            except FathomError:
                raise
            except Exception as error:  # noqa: BLE001 — ccxt's, or its parser's; `judged` says what it means
                raise judged(error, proof(error, trace, self._id.ccxt_id), Ask.QUERY, trace, self.venue) from None

    # -- ours --------------------------------------------------------------------------------------

    async def create_order(self, order: NewOrder) -> VenueOrder:
        account = self._account()
        self._known(order.symbol)
        return await account.create_order(order)

    async def cancel_order(self, symbol: str, client_id: str) -> None:
        await self._account().cancel_order(symbol, client_id)

    async def amend_order(self, symbol: str, client_id: str, *, price: Decimal, amount: Decimal) -> VenueOrder:
        return await self._account().amend_order(symbol, client_id, price=price, amount=amount)

    async def find_order(self, symbol: str, client_id: str) -> VenueOrder | None:
        return await self._account().find_order(symbol, client_id)

    async def open_orders(self, symbol: str) -> Sequence[VenueOrder]:
        return await self._account().open_orders(symbol)

    async def fills_of(self, symbol: str, client_id: str) -> Sequence[Fill]:
        return await self._account().fills_of(symbol, client_id)

    async def balances(self) -> Mapping[str, Balance]:
        return await self._account().balances()

    async def positions(self) -> Mapping[str, Decimal]:
        return await self._account().positions()

    async def set_leverage(self, symbol: str, leverage: int, margin_mode: str | None = None) -> None:
        account = self._account()
        self._known(symbol)
        await account.set_leverage(symbol, leverage, margin_mode)

    async def resync_account(self) -> None:
        await self._account().resync_account()

    def _account(self) -> CcxtTrading:
        """What trades.

        Raises:
            VenueUnavailable: not open.
            NotPossible: there are no keys.
        """
        if self._trading is not None:
            return self._trading
        if not self._open:
            raise VenueUnavailable(f"{self.venue} is not connected.")
        raise NotPossible(f"{self.venue} was opened without keys: it shows the market and can't trade.")

    def _market(self) -> PublicStreams:
        """What watches the market.

        Raises:
            VenueUnavailable: not open.
        """
        if self._streams is None:
            raise VenueUnavailable(f"{self.venue} is not connected.")
        return self._streams

    # -- within ------------------------------------------------------------------------------------

    def _known(self, symbol: str) -> Instrument:
        self._market()
        if (instrument := self._instruments.get(symbol)) is None:
            raise VenueRefused(f"{self.venue} does not trade {symbol}.")
        return instrument

    def _learn(self, markets: MarketList) -> None:
        self._changed.clear()
        self._instruments.clear()
        self._instruments.update(instruments_of(self._id, markets, self._clients.quirks))

    async def _learn_fees(self, symbol: str) -> None:
        """What this account pays; where that can't be had, what everybody pays is the best guess."""
        if self._trading is None:
            return
        try:
            async with asyncio.timeout(_FEES_S):
                fees = await self._trading.fees(symbol)
        except (VenueError, TimeoutError) as error:
            log.warning("the fees of %s on %s are not known", symbol, self.venue, extra={"detail": error})
            return
        if fees is not None and symbol in self._instruments:
            own = replace(self._instruments[symbol], maker_fee=fees.maker, taker_fee=fees.taker)
            self._instruments[symbol] = own

    def _renew(self, markets: MarketList) -> None:
        """A newer list has come. What has other rules now is neither shown nor traded until the next start: books, plans and ccxt's own
        list (`outgoing.check_rules`) would count in different ones."""
        if not self._open:
            return
        for symbol, renewed in instruments_of(self._id, markets, self._clients.quirks).items():
            known = self._instruments.get(symbol)
            if known is None:
                self._instruments[symbol] = renewed
            elif symbol not in self._changed and not same_rules(known, renewed):
                log.warning("%s", rules_changed(known), extra={"detail": (known, renewed)})
                if self._streams is not None and symbol in self._streams:
                    self._tell(FeedGap(self.venue, symbol, self._clock.now_us(), rules_changed(known)))
                self._changed.add(symbol)

    def _tell(self, message: MarketMessage) -> None:
        if message.symbol in self._changed:
            return  # the gap stays
        for listener in tuple(self._market_listeners):
            try:
                listener(message)
            except Exception as error:  # noqa: BLE001 — a listener's fault is not the venue's, and must not end its stream
                _report(error, f"A market listener failed on {type(message).__name__}")

    def _emit(self, event: AccountEvent) -> None:
        for listener in tuple(self._account_listeners):
            try:
                listener(event)
            except Exception as error:  # noqa: BLE001 — as above; the others must hear of it
                _report(error, f"An account listener failed on {type(event).__name__}")


def _report(error: Exception, what: str) -> None:
    """To the loop's handler, where the window's error reporter listens."""
    asyncio.get_running_loop().call_exception_handler({"message": what, "exception": error})
