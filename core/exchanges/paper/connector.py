"""The paper venue as the rest of the program meets it: a connector like any other, network included.

A request takes half its round trip to arrive, and the market may move meanwhile; the private stream may
tell of a fill before the answer does. A caller that gives up does not call its request back. Nothing
here ever reaches a real exchange. Where to start reading: `_request`, then `exchange.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from random import Random
from typing import TypeVar, final

from core.domain.candles import MINUTE_US, Candle
from core.domain.clock import Clock
from core.domain.enums import MarketType
from core.domain.errors import FathomError, OutcomeUnknown, UnknownVenue, VenueRefused, VenueUnavailable
from core.domain.instruments import Instrument
from core.domain.market import MarketMessage
from core.domain.orders import Fill
from core.exchanges.connector import AccountListener, Balance, Capabilities, MarketListener, NewOrder, VenueOrder
from core.exchanges.paper.exchange import PaperExchange
from core.exchanges.paper.faults import Call, Faults
from core.exchanges.paper.feed import Feed, HistoryFeed, OnDemandFeed
from core.exchanges.paper.streams import AccountStream, MarketStream
from core.exchanges.paper.timeline import Timeline

T = TypeVar("T")

_QUOTE_AT_START = Decimal(5_000_000)
_BASE_AT_START = Decimal(1_000)
# Candles come a page at a time, as from a real venue; one page is a day.
_PAGE_US = 1_440 * MINUTE_US


@dataclass(frozen=True, slots=True)
class _Reply:
    """What comes back over the wire: a value or one of our errors."""

    value: object = None
    error: FathomError | None = None


@final
class PaperConnector:
    """One simulated venue over a feed. Implements `core.exchanges.connector.ExchangeConnector`.

    Args:
        latency_ms: mean round trip of a request; jitter comes from `seed`.
        faults: what goes wrong; by default nothing.
        balances: currency -> total at the start; by default more than a demo needs.

    Attributes:
        faults: the switches, to be turned at any time.

    Raises:
        UnknownVenue: the feed has no such venue.
    """

    def __init__(
        self,
        venue: str,
        feed: Feed,
        clock: Clock,
        *,
        latency_ms: float = 20.0,
        seed: int = 0,
        faults: Faults | None = None,
        balances: Mapping[str, Decimal] | None = None,
    ) -> None:
        known = feed.instruments()
        if venue not in known:
            raise UnknownVenue(f"The feed has no venue {venue!r}; known: {', '.join(sorted(known))}.")
        self.faults = faults or Faults(f"{seed}/{venue}")
        self._venue = venue
        self._feed = feed
        self._clock = clock
        self._mean_ms = latency_ms
        self._random = Random(f"paper/{seed}/{venue}")
        self._balances = balances
        self._timeline = Timeline(clock)
        self._account = AccountStream(venue, clock, self.faults, self._timeline, self._random, latency_ms)
        self._instruments, self._truth = self._found(known[venue])
        # Looked up each time: the venue behind is another one once a feed has learnt what it trades.
        self._market = MarketStream(self.faults, self._timeline, lambda symbol: self._truth.snapshot(symbol))  # noqa: PLW0108 — see above
        self._waiting: set[asyncio.Future[_Reply]] = set()
        self._attached = False
        self._open = False
        self._latency_ms: float | None = None

    @property
    def venue(self) -> str:
        return self._venue

    @property
    def capabilities(self) -> Capabilities:
        perps = any(instrument.market_type is MarketType.PERP for instrument in self._instruments.values())
        return Capabilities(reduce_only=perps, leverage=perps, prints_own_trades=False)

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        return self._instruments if self._attached else {}

    @property
    def latency_ms(self) -> float | None:
        return self._latency_ms

    @property
    def truth(self) -> PaperExchange:
        """The venue itself, for tests that compare what it did with what it told."""
        return self._truth

    def on_market(self, listener: MarketListener) -> None:
        self._market.listen(listener)

    def on_account(self, listener: AccountListener) -> None:
        self._account.listen(listener)

    def _found(self, instruments: Mapping[str, Instrument]) -> tuple[dict[str, Instrument], PaperExchange]:
        """A new venue with these instruments."""
        own = dict(instruments)
        start = self._balances if self._balances is not None else _plenty(own)
        return own, PaperExchange(self._venue, own, self._clock, start, self._push, self._publish)

    async def open(self) -> None:
        """Join the feed; opening again after a close starts where the venue is by then.

        Raises:
            VenueUnavailable: a feed over real exchanges can't reach this one now.
        """
        if not self._attached:
            if isinstance(self._feed, OnDemandFeed):
                await self._feed.prepare(self._venue)
                self._instruments, self._truth = self._found(self._feed.instruments()[self._venue])
            self._feed.attach(self._venue, self._truth.consume)
            self._attached = True
        self._open = True

    async def close(self) -> None:
        """Cut the wires. Requests under way end with `OutcomeUnknown`; open orders stay, and the venue goes on."""
        self._open = False
        for waiting in list(self._waiting):
            self._answer(waiting, _Reply(error=OutcomeUnknown(f"{self._venue} was closed before it answered.")))
        await self._timeline.close()

    async def subscribe(self, symbol: str) -> None:
        """See the protocol.

        Raises:
            VenueRefused: the venue does not trade it.
        """
        if symbol not in self._instruments:
            raise VenueRefused(f"{self._venue} does not trade {symbol}.")
        if isinstance(self._feed, OnDemandFeed):
            await self._feed.watch(self._venue, symbol)
        self._market.subscribe(symbol)

    async def resync(self, symbol: str) -> None:
        """A new subscription: a frozen stream thaws, and the book starts over from a snapshot as old as its last news."""
        await self._request(Call.SETTING, lambda: None)
        if isinstance(self._feed, OnDemandFeed):
            await self._feed.resync(self._venue, symbol)
        self.faults.market_frozen = False
        self._market.resync(symbol)

    async def resync_account(self) -> None:
        """A new private stream; what a silent one has swallowed is not replayed."""
        await self._request(Call.SETTING, lambda: None)
        self.faults.account_frozen = False

    def drop_stream(self, reason: str = "the private stream was cut") -> None:
        """Cut the private stream: listeners hear of that, and of nothing more until `restore_stream`."""
        self._account.set_up(up=False, reason=reason)

    def restore_stream(self) -> None:
        """Bring the private stream back; what happened in between is not replayed."""
        self._account.set_up(up=True, reason="the private stream is back")

    async def create_order(self, order: NewOrder) -> VenueOrder:
        return await self._request(Call.CREATE, lambda: self._place(order))

    async def cancel_order(self, symbol: str, client_id: str) -> None:
        await self._request(Call.CANCEL, lambda: self._truth.cancel(symbol, client_id))

    async def amend_order(self, symbol: str, client_id: str, *, price: Decimal, amount: Decimal) -> VenueOrder:
        return await self._request(Call.AMEND, lambda: self._truth.amend(symbol, client_id, price, amount))

    async def find_order(self, symbol: str, client_id: str) -> VenueOrder | None:
        return await self._request(Call.QUERY, lambda: self._truth.find(symbol, client_id))

    async def open_orders(self, symbol: str) -> Sequence[VenueOrder]:
        return await self._request(Call.QUERY, lambda: self._truth.open_orders(symbol))

    async def fills_of(self, symbol: str, client_id: str) -> Sequence[Fill]:
        return await self._request(Call.QUERY, lambda: self._truth.fills_of(symbol, client_id))

    async def balances(self) -> Mapping[str, Balance]:
        return await self._request(Call.QUERY, self._truth.ledger.balances)

    async def positions(self) -> Mapping[str, Decimal]:
        return await self._request(Call.QUERY, self._truth.ledger.positions)

    async def set_leverage(self, symbol: str, leverage: int, margin_mode: str | None = None) -> None:
        if symbol not in self._instruments:
            raise VenueRefused(f"{self._venue} does not trade {symbol}.")
        instrument = self._instruments[symbol]
        await self._request(Call.SETTING, lambda: self._truth.ledger.set_leverage(instrument, leverage, margin_mode))

    async def candles(self, symbol: str, since_us: int, until_us: int) -> Sequence[Candle]:
        feed = self._feed
        if isinstance(feed, OnDemandFeed):
            return await feed.fetch_candles(self._venue, symbol, since_us, until_us)
        if not isinstance(feed, HistoryFeed):
            return ()
        candles: list[Candle] = []
        for start_us in range(since_us, until_us, _PAGE_US):
            end_us = min(start_us + _PAGE_US, until_us)
            candles += await self._request(Call.QUERY, partial(feed.candles, self._venue, symbol, start_us, end_us))
        return candles

    async def _request(self, call: Call, act: Callable[[], T]) -> T:
        """Carry `act` to the venue and its outcome back, through whatever is wrong with the wire.

        Raises:
            VenueUnavailable: not open, or a fault that surely keeps the request away.
            OutcomeUnknown: a fault that loses the answer.
            VenueError: what the venue itself says.
        """
        if not self._open:
            raise VenueUnavailable(f"{self._venue} is not connected.")
        course = self.faults.draw(call)
        sent_us = self._clock.now_us()
        there_s, back_s = self._leg(), self._leg()
        waiting: asyncio.Future[_Reply] = asyncio.get_running_loop().create_future()
        self._waiting.add(waiting)

        def arrive() -> None:
            reply = _attempt(act)
            if course is None:
                self._timeline.after(back_s, lambda: self._answer(waiting, reply))

        if course is None:
            self._timeline.after(there_s, arrive)
        else:
            error_s = self.faults.timeout_s if course.hangs else there_s + back_s
            lost = _Reply(error=self.faults.error(course, self._venue))
            if course.arrives:
                self._timeline.after(error_s + self.faults.late_s if course.late else there_s, arrive)
            self._timeline.after(error_s, lambda: self._answer(waiting, lost))
        try:
            reply = await waiting
        finally:
            self._waiting.discard(waiting)
        self._latency_ms = (self._clock.now_us() - sent_us) / 1000
        if reply.error is not None:
            raise reply.error
        return reply.value  # type: ignore[return-value]  # it is what `act` returned, seen through the wire

    def _place(self, order: NewOrder) -> VenueOrder:
        if order.client_id not in self._truth.orders and self.faults.draw_partial():
            self._truth.outpace(order, self.faults.partial_share)
        return self._truth.place(order)

    @staticmethod
    def _answer(waiting: asyncio.Future[_Reply], reply: _Reply) -> None:
        if not waiting.done():  # a caller that gave up has cancelled it
            waiting.set_result(reply)

    def _leg(self) -> float:
        """Seconds one way: at least 85 % of half the round trip, sometimes much more; half of it on average."""
        jitter = 0.85 + 0.15 * self._random.expovariate(1.0)
        return (self._mean_ms * jitter + self.faults.extra_latency_ms) / 2000

    def _publish(self, message: MarketMessage) -> None:
        if self._open:  # the venue lives on while we are away; only its wires to us are cut
            self._market.publish(message)

    def _push(self, event: VenueOrder | Fill) -> None:
        if self._open:
            self._account.push(event)


def _attempt(act: Callable[[], object]) -> _Reply:
    try:
        return _Reply(value=act())
    except FathomError as error:
        return _Reply(error=error)


def _plenty(instruments: Mapping[str, Instrument]) -> dict[str, Decimal]:
    """Balances for a demo: quote everywhere, and something to sell on spot."""
    balances = {instrument.quote: _QUOTE_AT_START for instrument in instruments.values()}
    balances |= {instrument.base: _BASE_AT_START for instrument in instruments.values() if instrument.market_type is MarketType.SPOT}
    return balances
