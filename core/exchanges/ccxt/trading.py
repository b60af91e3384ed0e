"""Our orders on one venue, through ccxt. A create is sent once, and whatever is not surely refused may be on the book.

What the venue tells by stream and what it answers meet in `OrderMemory`; fills come from trades only, and an order's own account
of itself says how it stands. Where to start reading: `CcxtTrading.create_order`, then `outcomes.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import final

from core.domain.clock import Clock
from core.domain.errors import (
    DuplicateClientId,
    NotPossible,
    OrderNotFound,
    OutcomeUnknown,
    VenueError,
    VenueRefused,
    VenueUnavailable,
)
from core.domain.instruments import Instrument
from core.domain.orders import Fill
from core.exchanges.ccxt.account import Account, AccountFees
from core.exchanges.ccxt.account_stream import AccountStream
from core.exchanges.ccxt.asking import DEADLINE_S, Asking
from core.exchanges.ccxt.clients import ExchangeClients
from core.exchanges.ccxt.line import Line
from core.exchanges.ccxt.look_up import LookUps
from core.exchanges.ccxt.memory import OrderMemory, furthest
from core.exchanges.ccxt.news import News
from core.exchanges.ccxt.orders import venue_order
from core.exchanges.ccxt.outcomes import Ask
from core.exchanges.ccxt.outgoing import check_rules, exact_amount, exact_price, on_the_wire
from core.exchanges.ccxt.quirks import capabilities_of, quirks_of
from core.exchanges.ccxt.skew import ClockSkew
from core.exchanges.ccxt.venues import parse_venue
from core.exchanges.connector import AccountEvent, Balance, Capabilities, NewOrder, VenueOrder, VenueOrderStatus

# A venue that only acknowledges an amend is asked so often, with this pause, whether it has taken effect.
AMEND_LOOKS = 5
AMEND_PAUSE_S = 0.2

# How ccxt calls an order that is over.
_OVER = ("canceled", "closed", "expired")


@final
class CcxtTrading:
    """One venue's private side. A connector opens it after the clients and closes it before them.

    Args:
        instruments: by symbol; read anew for every order, so its owner may change it in place.
        emit: called with every order update, fill and change of connection.
        deadline_s: how long an answer is waited for before its outcome counts as unknown.

    Attributes:
        memory: what was sent and heard.
    """

    def __init__(
        self,
        venue: str,
        clients: ExchangeClients,
        clock: Clock,
        instruments: Mapping[str, Instrument],
        emit: Callable[[AccountEvent], None],
        *,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self.memory = OrderMemory()
        self._venue = parse_venue(venue)
        self._quirks = quirks_of(self._venue.ccxt_id)
        self._clients = clients
        self._clock = clock
        self._instruments = instruments
        self._emit = emit
        self._deadline_s = deadline_s
        self._open: Line | None = None

    @property
    def venue(self) -> str:
        return self._venue.venue

    @property
    def capabilities(self) -> Capabilities:
        return capabilities_of(self.venue)

    @property
    def latency_ms(self) -> float | None:
        """Round trip of the last order request that was answered; None before the first."""
        return self._open.asking.latency_ms if self._open is not None else None

    async def open(self) -> None:
        """Correct the clock and start the private stream; nothing at all on public access.

        Raises:
            VenueRefused: the keys are not taken.
            VenueUnavailable, OutcomeUnknown: the account or its private stream can't be had.
        """
        client = self._clients.trading
        if client is None or self._open is not None:
            return
        skew = ClockSkew(client, self._clock)
        asking = Asking(self.venue, client, skew, self._deadline_s)
        look_ups = LookUps(client, self._quirks, self.memory, asking, self._clock)
        account = Account(self._venue, client, self._quirks, asking)
        news = News(self._venue, self._quirks, self.memory, look_ups, self._clock, self._instruments, self._emit)
        await skew.measure()
        if hasattr(client, "is_unified_enabled"):  # else Bybit's client would ask in the middle of the first order
            await asking.ask(Ask.QUERY, client.is_unified_enabled)
        await account.balances()  # a stream may open with keys that sign nothing; better told now than at the first order
        stream = AccountStream.of(client, self._clock)
        await stream.join(news)
        self._open = Line(client, self._quirks, self.memory, asking, look_ups, account, news, stream)

    async def close(self) -> None:
        """Stop listening; open orders stay as they are. Safe to call twice."""
        line, self._open = self._open, None
        if line is not None:
            await line.stream.leave(line.news)
            await line.news.close()

    async def resync_account(self) -> None:
        """Start the private stream anew; what was missed is not replayed, so everything open is to be asked about.

        Raises:
            VenueUnavailable: it does not come back.
        """
        await self._line().stream.restart()

    # -- orders --------------------------------------------------------------------------------------

    async def create_order(self, order: NewOrder) -> VenueOrder:
        """See the protocol. Nothing that would have to be rounded is sent, and no client id twice.

        Raises:
            VenueRefused, WouldCross, DuplicateClientId, VenueUnavailable, RateLimited, OutcomeUnknown: as the protocol says.
        """
        line = self._line()
        instrument, symbol = self._instrument_to_send(order.symbol)
        mode = await line.account.margin_mode(instrument, self._clock.now_us())
        # From here on to the request nothing is awaited: ccxt's list of markets may be replaced meanwhile.
        amount, price, params = on_the_wire(order, instrument, symbol, self.capabilities, self._quirks, line.client)
        if mode is not None:
            params["marginMode"] = mode
        known = self.memory.get(order.client_id)
        if known is not None and known.asked is not None:
            raise DuplicateClientId(f"{self.venue} was sent an order with the client id {order.client_id} already.")
        known = self.memory.ask(order, self._clock.now_us())
        kind, side = order.order_type.value, order.side.value
        try:
            raw = await line.asking.ask(Ask.CREATE, lambda: line.client.create_order(symbol, kind, side, amount, price, params))
        except (VenueRefused, VenueUnavailable):
            self.memory.forget(order.client_id)
            raise
        if not isinstance(raw, Mapping) or not raw.get("id"):
            raise OutcomeUnknown(f"{self.venue} answered, but without an order.", detail=type(raw).__name__)
        # An answer without a time of its own is older than anything the stream has told.
        answer = venue_order({**raw, "clientOrderId": order.client_id}, instrument, self.memory, 0)
        self.memory.hear(answer)
        return furthest(answer, known)

    async def cancel_order(self, symbol: str, client_id: str) -> None:
        """See the protocol. Where the answer says how the order ended, that is told as an event at once.

        Raises:
            OrderNotFound, VenueUnavailable, RateLimited, OutcomeUnknown: as the protocol says.
        """
        line = self._line()
        instrument, ccxt_symbol = self._instrument(symbol)
        order_id, params = await line.named(instrument, ccxt_symbol, client_id, by_venue_id=self._quirks.client_id_to_find is None)
        raw = await line.asking.ask(Ask.CANCEL, lambda: line.client.cancel_order(order_id, ccxt_symbol, params))
        if isinstance(raw, Mapping) and raw.get("status") in _OVER and raw.get("amount"):
            order = venue_order({**raw, "clientOrderId": client_id}, instrument, self.memory, self._clock.now_us())
            self.memory.hear(order)
            self._emit(order)

    async def amend_order(self, symbol: str, client_id: str, *, price: Decimal, amount: Decimal) -> VenueOrder:
        """See the protocol. A venue that only acknowledges is asked until it shows the change, or for a second.

        Raises:
            NotPossible: the venue can't change an order in place.
            VenueRefused, OrderNotFound, VenueUnavailable, OutcomeUnknown: as the protocol says.
        """
        line = self._line()
        instrument, ccxt_symbol = self._instrument_to_send(symbol)
        if not self._quirks.amends:
            if (await line.found(instrument, ccxt_symbol, client_id)).status is not VenueOrderStatus.OPEN:
                raise OrderNotFound(f"{self.venue} does not know the order as open.")
            raise NotPossible(f"{self.venue} can't change an order in place.")
        order_id, params = await line.named(instrument, ccxt_symbol, client_id, by_venue_id=self._quirks.amend_by_venue_id)
        side = await line.side_of(instrument, ccxt_symbol, client_id)
        check_rules(instrument, ccxt_symbol, self._quirks, line.client)
        wire = exact_amount(instrument, amount, ccxt_symbol, line.client), exact_price(instrument, price, ccxt_symbol, line.client)
        raw = await line.asking.ask(Ask.AMEND, lambda: line.client.edit_order(order_id, ccxt_symbol, "limit", side, *wire, params))
        if self._quirks.answers_bare:
            return await self._amended(instrument, ccxt_symbol, client_id, price, amount)
        news = venue_order({**raw, "clientOrderId": client_id}, instrument, self.memory, self._clock.now_us())
        self.memory.hear(news)
        return news

    async def _amended(self, instrument: Instrument, ccxt_symbol: str, client_id: str, price: Decimal, amount: Decimal) -> VenueOrder:
        """What became of an amend that was only acknowledged.

        Raises:
            OutcomeUnknown: nobody shows the order.
        """
        line = self._line()
        for look in range(AMEND_LOOKS):
            if look:
                await self._clock.sleep(AMEND_PAUSE_S)
            try:
                news = await line.look_ups.find(instrument, ccxt_symbol, client_id)
            except VenueError as error:
                raise OutcomeUnknown(f"{self.venue} took the change and did not show the order.", detail=error.detail) from None
            if news is None or (news.price, news.amount) == (price, amount) or news.status is not VenueOrderStatus.OPEN:
                break
        if news is None:
            raise OutcomeUnknown(f"{self.venue} took the change and does not show the order.")
        return news

    # -- questions -----------------------------------------------------------------------------------

    async def find_order(self, symbol: str, client_id: str) -> VenueOrder | None:
        return await self._line().look_ups.find(*self._instrument(symbol), client_id)

    async def open_orders(self, symbol: str) -> Sequence[VenueOrder]:
        return await self._line().look_ups.open_orders(*self._instrument(symbol))

    async def fills_of(self, symbol: str, client_id: str) -> Sequence[Fill]:
        fills = await self._line().look_ups.fills_of(*self._instrument(symbol), client_id)
        for fill in fills:
            self.memory.trade(fill)
        return fills

    async def balances(self) -> Mapping[str, Balance]:
        return await self._line().account.balances()

    async def positions(self) -> Mapping[str, Decimal]:
        return await self._line().account.positions(self._instruments)

    async def set_leverage(self, symbol: str, leverage: int, margin_mode: str | None = None) -> None:
        await self._line().account.set_leverage(self._instrument(symbol)[0], leverage, margin_mode, self._clock.now_us())

    async def fees(self, symbol: str) -> AccountFees | None:
        """What this account pays; None where the exchange does not tell accounts apart."""
        return await self._line().account.fees(self._instrument(symbol)[0])

    # -- within --------------------------------------------------------------------------------------

    def _instrument(self, symbol: str) -> tuple[Instrument, str]:
        """The instrument, and ccxt's word for its symbol.

        Raises:
            VenueRefused: the venue does not trade it.
        """
        if symbol not in self._instruments:
            raise VenueRefused(f"{self.venue} does not trade {symbol}; nothing was sent.")
        return self._instruments[symbol], self._venue.ccxt_symbol(symbol)

    def _instrument_to_send(self, symbol: str) -> tuple[Instrument, str]:
        """The same for what goes out. On a venue that counts in contracts an old list may be wrong about any of them, also those of size 1.

        Raises:
            VenueRefused: the venue does not trade it, or by other rules by now.
            VenueUnavailable: what a contract is worth there was last asked too long ago.
        """
        found = self._instrument(symbol)
        check_rules(*found, self._quirks, self._line().client)
        if self._clients.markets.too_old(self._clock.now_us()) and any(one.contract_size != 1 for one in self._instruments.values()):
            old = f"{self.venue} has not said for more than a day what its contracts are worth"
            raise VenueUnavailable(f"{old}; it is being asked, and nothing was sent.")
        return found

    def _line(self) -> Line:
        """What there is while it is open.

        Raises:
            NotPossible: there are no keys.
            VenueUnavailable: not open.
        """
        if self._open is None and not self._clients.access.can_trade:
            raise NotPossible(f"{self.venue} is read without keys: nothing can be traded or asked of an account there.")
        if self._open is None:
            raise VenueUnavailable(f"{self.venue} is not connected.")
        return self._open
