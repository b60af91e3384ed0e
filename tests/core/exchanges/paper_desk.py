"""A paper venue on a feed that says exactly what a test tells it to, and a clock that moves only for it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any, TypeVar

from core.domain.clock import SimulatedClock
from core.domain.enums import MarketType, OrderSide, TimeInForce
from core.domain.events import Notice
from core.domain.instruments import Instrument
from core.domain.market import BookMessage, FeedGap, MarketMessage, PublicTrade
from core.domain.orders import Fill
from core.exchanges.connector import AccountEvent, NewOrder, VenueOrder
from core.exchanges.paper.connector import PaperConnector
from core.exchanges.paper.faults import Faults

T = TypeVar("T")

SYMBOL = "BTC/USDT"
BUY, SELL = OrderSide.BUY, OrderSide.SELL
IOC, FOK, GTC = TimeInForce.IOC, TimeInForce.FOK, TimeInForce.GTC

SPOT = Instrument(
    "test_spot",
    SYMBOL,
    MarketType.SPOT,
    tick=Decimal("0.5"),
    lot=Decimal("0.01"),
    min_amount=Decimal("0.02"),
    min_notional=Decimal(5),
    taker_fee=Decimal("0.001"),
    maker_fee=Decimal("0.0004"),
    fee_in_base=True,
)
PERP = Instrument(
    "test_perp",
    SYMBOL,
    MarketType.PERP,
    tick=Decimal("0.5"),
    lot=Decimal("0.01"),
    min_amount=Decimal("0.01"),
    taker_fee=Decimal("0.0005"),
    maker_fee=Decimal("0.0002"),
)

Side = Mapping[str, str]  # price -> size
BIDS: Side = {"100": "1", "99.5": "2", "99": "3"}
ASKS: Side = {"100.5": "1", "101": "2", "101.5": "3"}


class ManualFeed:
    """A feed for one instrument that speaks when a test makes it."""

    def __init__(self, instrument: Instrument, clock: SimulatedClock) -> None:
        self.instrument = instrument
        self._clock = clock
        self._listeners: list[Callable[[MarketMessage], None]] = []
        self._seq = 100
        self._trades = itertools.count(1)

    def instruments(self) -> Mapping[str, Mapping[str, Instrument]]:
        return {self.instrument.venue: {self.instrument.symbol: self.instrument}}

    def attach(self, venue: str, listener: Callable[[MarketMessage], None]) -> None:
        assert venue == self.instrument.venue
        self._listeners.append(listener)

    def on_notice(self, listener: Callable[[Notice], None]) -> None:
        """It has nothing to say."""

    async def run(self) -> None:
        """It does not run: see `snapshot`, `change`, `trade`."""

    def snapshot(self, bids: Side = BIDS, asks: Side = ASKS) -> None:
        self._book(True, bids, asks)

    def change(self, bids: Side | None = None, asks: Side | None = None) -> None:
        self._book(False, bids or {}, asks or {})

    def trade(self, taker: OrderSide, price: str, size: str) -> None:
        now = self._clock.now_us()
        ticks, units = self.instrument.ticks_of(Decimal(price)), self.instrument.units_of(Decimal(size))
        self.say(PublicTrade(self.instrument.venue, SYMBOL, now, now, ticks, units, taker, str(next(self._trades))))

    def gap(self) -> None:
        self.say(FeedGap(self.instrument.venue, SYMBOL, self._clock.now_us(), "updates were lost"))

    def say(self, message: MarketMessage) -> None:
        for listener in self._listeners:
            listener(message)

    def _book(self, is_snapshot: bool, bids: Side, asks: Side) -> None:
        now = self._clock.now_us()
        previous, self._seq = self._seq, self._seq + 1
        sides: list[Sequence[int]] = []
        for side in (bids, asks):
            sides += [
                [self.instrument.ticks_of(Decimal(price)) for price in side],
                [self.instrument.units_of(Decimal(size)) for size in side.values()],
            ]
        prev = None if is_snapshot else previous
        self.say(BookMessage(is_snapshot, self.instrument.venue, SYMBOL, now, now, self._seq, prev, *sides))


class PaperDesk:
    """One venue with a recorder on each stream.

    Attributes:
        heard: account events in the order they came.
        seen: market messages in the order they came.
    """

    def __init__(
        self,
        instrument: Instrument = SPOT,
        *,
        latency_ms: float = 20.0,
        seed: int = 1,
        faults: Faults | None = None,
        balances: Mapping[str, Decimal] | None = None,
    ) -> None:
        self.clock = SimulatedClock()
        self.feed = ManualFeed(instrument, self.clock)
        self.venue = PaperConnector(
            instrument.venue, self.feed, self.clock, latency_ms=latency_ms, seed=seed, faults=faults, balances=balances
        )
        self.instrument = instrument
        self.heard: list[AccountEvent] = []
        self.seen: list[MarketMessage] = []
        self.venue.on_account(self.heard.append)
        self.venue.on_market(self.seen.append)
        self._ids = itertools.count(1)

    async def do(self, request: Coroutine[Any, Any, T]) -> T:
        """Let time pass until the request is answered."""
        task = asyncio.get_running_loop().create_task(request)
        for _ in range(10_000):
            if task.done():
                break
            await self.clock.advance(0.01)
        return await task

    def order(
        self,
        side: OrderSide,
        amount: str,
        price: str,
        tif: TimeInForce = GTC,
        *,
        client_id: str = "",
        post_only: bool = False,
        reduce_only: bool = False,
    ) -> NewOrder:
        client_id = client_id or f"c{next(self._ids)}"
        return NewOrder(
            client_id, SYMBOL, side, Decimal(amount), Decimal(price), time_in_force=tif, post_only=post_only, reduce_only=reduce_only
        )

    async def send(self, side: OrderSide, amount: str, price: str, tif: TimeInForce = GTC, **flags: Any) -> VenueOrder:
        return await self.do(self.venue.create_order(self.order(side, amount, price, tif, **flags)))

    async def amend(self, order: VenueOrder, *, price: str | None = None, amount: str | None = None) -> VenueOrder:
        new_price = order.price if price is None else Decimal(price)
        assert new_price is not None
        new_amount = order.amount if amount is None else Decimal(amount)
        return await self.do(self.venue.amend_order(SYMBOL, order.client_id, price=new_price, amount=new_amount))

    async def cancel(self, order: VenueOrder) -> None:
        await self.do(self.venue.cancel_order(SYMBOL, order.client_id))

    def now(self, order: VenueOrder) -> VenueOrder:
        """The order in the venue's own books."""
        found = self.venue.truth.find(SYMBOL, order.client_id)
        assert found is not None
        return found

    def filled(self, order: VenueOrder) -> str:
        return str(self.now(order).filled)

    @property
    def fills(self) -> list[Fill]:
        """Every trade of ours, in the venue's own books."""
        return self.venue.truth.fills

    def heard_fills(self) -> list[Fill]:
        return [event for event in self.heard if isinstance(event, Fill)]

    def ladder(self, side: str) -> dict[str, str]:
        """What the venue displays: price -> size."""
        message = self.venue.truth.snapshot(SYMBOL)
        assert message is not None
        ticks, units = (message.bid_ticks, message.bid_sizes) if side == "bids" else (message.ask_ticks, message.ask_sizes)
        price, amount = self.instrument.price_of, self.instrument.amount_of
        return {str(price(tick)): str(amount(size)) for tick, size in zip(ticks, units, strict=True)}


@asynccontextmanager
async def paper_desk(instrument: Instrument = SPOT, **how: Any) -> AsyncIterator[PaperDesk]:
    """An open venue with the usual book: 1, 2, 3 BTC at 100, 99.5, 99 and at 100.5, 101, 101.5."""
    desk = PaperDesk(instrument, **how)
    await desk.venue.open()
    await desk.venue.subscribe(SYMBOL)
    desk.feed.snapshot()
    try:
        yield desk
    finally:
        await desk.venue.close()
