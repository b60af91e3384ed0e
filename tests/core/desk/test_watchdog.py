"""Books that fall silent: asked for again, told once, and left alone when there is nothing wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from core.desk.watchdog import BookWatchdog
from core.domain.market import BookState
from core.exchanges.paper.faults import Call, Fault
from core.market.store import OrderBooks
from tests.core.exchanges.paper_desk import SYMBOL, PaperDesk, paper_desk

VENUE = "test_spot"


class Watched:
    """A paper venue that speaks every half second, books that go stale after two, and a watchdog."""

    def __init__(self, desk: PaperDesk) -> None:
        self.desk = desk
        self.faults = desk.venue.faults
        self.books = OrderBooks(desk.clock, stale_after_us=2_000_000)
        self.books.register(desk.instrument)
        self.told: list[tuple[str, str]] = []
        self.dog = BookWatchdog(self.books, {VENUE: desk.venue}, desk.clock, lambda level, sentence: self.told.append((level, sentence)))
        desk.venue.on_market(self.books.consume)
        desk.feed.snapshot()

    @property
    def state(self) -> BookState:
        return self.books.view(SYMBOL).books[VENUE].state

    async def live(self, seconds: float) -> None:
        for _ in range(round(seconds * 2)):
            await self.desk.clock.advance(0.5)
            self.desk.feed.change(bids={"99": "3"})


@asynccontextmanager
async def watched() -> AsyncIterator[Watched]:
    async with paper_desk() as desk:
        made = Watched(desk)
        task = asyncio.create_task(made.dog.watch())
        await made.live(1)
        try:
            yield made
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_a_frozen_book_is_subscribed_anew_and_comes_back() -> None:
    async with watched() as w:
        w.faults.market_frozen = True
        await w.live(4)
        assert w.state is BookState.STALE
        await w.live(8)
        assert w.state is BookState.LIVE
        assert w.told == [
            ("warning", "test_spot: the book of BTC/USDT has been silent; subscribing anew."),
            ("info", "test_spot: the book of BTC/USDT is back."),
        ]


async def test_a_lively_book_is_left_alone() -> None:
    async with watched() as w:
        w.faults.arm(Fault.REJECT, Call.SETTING)
        await w.live(60)
        assert w.told == []
        assert w.faults.draw(Call.SETTING) is not None  # still armed: nobody asked


async def test_a_silence_that_passes_by_itself_is_not_worth_a_word() -> None:
    async with watched() as w:
        w.faults.market_frozen = True
        await w.live(4)
        w.faults.market_frozen = False
        await w.live(30)
        assert w.state is BookState.LIVE
        assert w.told == []


async def test_a_venue_that_stays_silent_is_asked_less_and_less_often_and_told_of_once() -> None:
    async with watched() as w:
        w.faults.market_frozen = True
        w.faults.chance(Fault.REFUSED_CONNECTION, 1.0, Call.SETTING)
        await w.live(120)
        assert len(w.told) == 1
        w.faults.chance(Fault.REFUSED_CONNECTION, 0.0, Call.SETTING)
        await w.live(61)
        assert w.state is BookState.LIVE


async def test_a_venue_that_has_nothing_new_does_not_pretend_to() -> None:
    async with watched() as w:
        await w.desk.clock.advance(30)  # its market stands still: a new subscription brings the same old book
        assert w.state is BookState.STALE
