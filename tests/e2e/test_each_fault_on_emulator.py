"""Each thing that goes wrong on a wire by its name, on a spot and a perp venue: nothing is lost, nothing is sent twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from pathlib import Path

import pytest

from core.desk.desk import Desk, open_desk
from core.desk.settings import Settings
from core.domain.errors import FathomError
from core.domain.market import BookState
from core.domain.orders import Knowledge, ParentStatus
from core.execution.order import Order
from tests.core.desk.emulated import emulated, save_keys
from tests.core.desk.waiting import until
from tests.e2e.agreement import check_agreement, journaled
from tests.e2e.emulated_truth import truth_of
from tests.e2e.haste import LATE_S, hurry
from tests.e2e.mishaps import STREAM_MISHAPS, end
from tests.emulator import Call, Emulator, HandFeed, WireFault
from tests.emulator.markets import SYMBOL

SPOT_AND_PERP = ("binance_spot", "bybit_perp")
BEAT_S = 0.2
PATIENCE_S = 30.0

pytestmark = pytest.mark.timeout(120)


class Floor:
    """A desk on two emulated venues whose books stand still but for a flicker far away."""

    def __init__(self, desk: Desk, emulator: Emulator, feed: HandFeed) -> None:
        self.desk, self.emulator, self.feed = desk, emulator, feed

    async def rest(self, venue: str) -> Order:
        """Buy one behind the touch, and wait until it rests."""
        order = await self.desk.engine.execute_order(SYMBOL, "buy", "1", "limit", "99", exchanges=[venue])
        await self.settled(venue, order)
        return order

    async def settled(self, venue: str, order: Order) -> None:
        """Until what is left of the order rests on its venue, and the desk knows it."""

        def is_settled() -> bool:
            children = [self.desk.order_manager.child(child.id) for child in order.children]
            known = all(child is not None and child.knowledge is Knowledge.KNOWN and child.wish is None for child in children)
            return known and self.resting(venue) == order.remaining_amount == order.snapshot().live_amount

        try:
            await until(is_settled, within_s=PATIENCE_S)
        except TimeoutError:
            shown = [order.snapshot(), *(child.snapshot() for child in order.children)]
            pytest.fail(f"{self.resting(venue)} rests on {venue}, and the desk shows {shown}")

    def resting(self, venue: str) -> Decimal:
        """Base that is truly open."""
        orders = self.emulator.venues[venue].open_orders(SYMBOL)
        return sum((order.remaining for order in orders), Decimal(0))

    def best_ask(self, venue: str) -> Decimal | None:
        """As the desk sees it; None while that can't be traded on."""
        book = self.desk.market(SYMBOL).books.get(venue)
        if book is None or book.state is not BookState.LIVE or not len(book.asks.ticks):
            return None
        return book.instrument.price_of(int(book.asks.ticks[0]))


@asynccontextmanager
async def floor(monkeypatch: pytest.MonkeyPatch, profile: Path) -> AsyncIterator[Floor]:
    """At the end the venues and the journal agree."""
    hurry(monkeypatch.setattr)
    async with emulated(monkeypatch) as (emulator, feed):
        await save_keys("testnet", "binance", "bybit")
        for venue in emulator.venues.values():
            venue.faults.late_s = LATE_S
        living = asyncio.ensure_future(_flicker(feed))
        try:
            async with open_desk(Settings(mode="testnet", venues=SPOT_AND_PERP, profile=profile)) as desk:
                opened = Floor(desk, emulator, feed)
                await until(lambda: all(opened.best_ask(venue) for venue in SPOT_AND_PERP))
                yield opened
        finally:
            await end(living)
        truth = truth_of(emulator)
    check_agreement(journaled(profile / "testnet-emulator" / "journal.db"), truth)


async def _flicker(feed: HandFeed) -> None:
    while True:
        for size in ("1", "2"):
            for venue in SPOT_AND_PERP:
                feed.change(venue, {"90": size})
            await asyncio.sleep(BEAT_S)


@pytest.mark.parametrize("fault", list(WireFault))
async def test_a_request_that_goes_wrong_costs_no_order(fault: WireFault, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An order is sent, changed, asked about and taken back; every first request of each kind goes wrong."""
    async with floor(monkeypatch, tmp_path) as opened:

        async def send_change_and_cancel(venue: str) -> None:
            faults, engine = opened.emulator.venues[venue].faults, opened.desk.engine
            faults.next(Call.CREATE, fault)
            faults.lose_account_events()  # the stream does not tell of it either
            order = await opened.rest(venue)
            assert opened.resting(venue) == 1
            faults.next(Call.AMEND, fault)
            with suppress(FathomError):  # the trader is told that it is not confirmed
                await engine.modify_execution(order.id, new_amount="0.5")
            await opened.settled(venue, order)
            faults.next(Call.CANCEL, fault)
            faults.next(Call.QUERY, fault)
            await engine.cancel_execution(order.id)
            await until(lambda: order.status is ParentStatus.CANCELLED, within_s=PATIENCE_S)
            assert opened.resting(venue) == 0
            assert order.filled_amount == 0

        async with asyncio.TaskGroup() as both:
            for venue in SPOT_AND_PERP:
                both.create_task(send_change_and_cancel(venue))


@pytest.mark.parametrize("mishap", list(STREAM_MISHAPS))
async def test_a_stream_that_goes_wrong_costs_no_fill(mishap: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The market comes to an order that rests while the venue's wires are not as they should be; then it is traded on again."""
    async with floor(monkeypatch, tmp_path) as opened:

        async def fill_in_the_dark(venue: str) -> None:
            order = await opened.rest(venue)
            wrong = asyncio.ensure_future(STREAM_MISHAPS[mishap](opened.emulator, opened.emulator.venues[venue]))
            await asyncio.sleep(0)  # it has begun
            opened.feed.snapshot(venue, {"98": "1"}, {"98.5": "5"})
            await wrong
            await until(lambda: order.status is ParentStatus.FILLED, within_s=PATIENCE_S)
            await until(lambda: opened.best_ask(venue) == Decimal("98.5"), within_s=PATIENCE_S)
            again = await opened.desk.engine.execute_order(SYMBOL, "buy", "1.5", "limit", "98.5", exchanges=[venue])
            await until(lambda: again.status is ParentStatus.FILLED, within_s=PATIENCE_S)

        for venue in SPOT_AND_PERP:  # one after the other: some mishaps hit all venues at once
            await fill_in_the_dark(venue)
