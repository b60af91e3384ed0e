"""Paper venues on the synthetic market: what a demo desk is made of."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from random import Random

from core.domain.clock import SimulatedClock
from core.domain.enums import OrderSide, TimeInForce
from core.domain.market import BookState
from core.exchanges.connector import NewOrder, VenueOrderStatus
from core.exchanges.paper.connector import PaperConnector
from core.exchanges.paper.demo_venues import DEMO_VENUES
from core.exchanges.paper.synthetic import SyntheticFeed
from core.market.store import OrderBooks

SYMBOL = "BTC/USDT"


class Demo:
    """All venues open on one symbol, and the books as the trader sees them."""

    def __init__(self) -> None:
        self.clock = SimulatedClock()
        self.feed = SyntheticFeed(self.clock, 7, symbols=[SYMBOL])
        self.books = OrderBooks(self.clock)
        self.venues = {
            name: PaperConnector(name, self.feed, self.clock, latency_ms=demo.latency_ms, seed=7) for name, demo in DEMO_VENUES.items()
        }

    async def open(self) -> None:
        for venue in self.venues.values():
            await venue.open()
            self.books.register(venue.instruments[SYMBOL])
            venue.on_market(self.books.consume)
            await venue.subscribe(SYMBOL)

    def touch(self, venue: str) -> tuple[Decimal, Decimal]:
        view = self.books.view(SYMBOL).books[venue]
        assert view.best_bid is not None
        assert view.best_ask is not None
        return view.best_bid, view.best_ask


@asynccontextmanager
async def demo() -> AsyncIterator[Demo]:
    running = Demo()
    await running.open()
    pump = asyncio.create_task(running.feed.run())
    await running.clock.advance(0.5)
    try:
        yield running
    finally:
        pump.cancel()
        await asyncio.gather(pump, return_exceptions=True)
        for venue in running.venues.values():
            await venue.close()


async def test_what_the_trader_sees_is_what_the_venues_hold_however_hard_they_are_hit() -> None:
    async with demo() as desk:
        random = Random(1)
        sending = []
        for number in range(60):
            name = random.choice(list(desk.venues))
            bid, ask = desk.touch(name)
            buys = random.random() < 0.5
            order = NewOrder(
                f"c{number}",
                SYMBOL,
                OrderSide.BUY if buys else OrderSide.SELL,
                Decimal(random.randrange(1, 4_000)).scaleb(-3),
                (ask if random.random() < 0.7 else bid) if buys else bid,
                time_in_force=random.choice([TimeInForce.GTC, TimeInForce.IOC]),
            )
            sending.append(asyncio.create_task(desk.venues[name].create_order(order)))
            await desk.clock.advance(0.05)
            for venue, view in desk.books.view(SYMBOL).books.items():
                assert view.state is BookState.LIVE, view.note
                truth = desk.venues[venue].truth.snapshot(SYMBOL)
                assert truth is not None
                assert (view.bids.ticks.tolist(), view.bids.sizes.tolist()) == (truth.bid_ticks, truth.bid_sizes)
                assert (view.asks.ticks.tolist(), view.asks.sizes.tolist()) == (truth.ask_ticks, truth.ask_sizes)
        await asyncio.gather(*sending)
        assert sum(len(venue.truth.fills) for venue in desk.venues.values()) > 60


async def test_a_patient_order_at_the_touch_gets_its_turn() -> None:
    async with demo() as desk:
        venue = desk.venues["binance_spot"]
        sending = []
        for number in range(20):
            bid, _ = desk.touch("binance_spot")
            order = NewOrder(f"c{number}", SYMBOL, OrderSide.BUY, Decimal("0.01"), bid, post_only=True)
            sending.append(asyncio.create_task(venue.create_order(order)))
            await desk.clock.advance(1)
        await asyncio.gather(*sending, return_exceptions=True)  # the market may have run into a post-only order
        ended = [order for order in venue.truth.orders.values() if order.status is VenueOrderStatus.FILLED]
        assert len(ended) >= 5
