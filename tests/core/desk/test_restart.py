"""A desk that dies and comes back to exchanges that live on, not all of which answer at once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from core.desk.desk import Desk, open_desk
from core.desk.market import Market
from core.desk.settings import Settings
from core.domain.clock import SimulatedClock
from core.domain.enums import OrderSide
from core.domain.errors import JournalError, NotPossible
from core.domain.orders import ChildStatus, Knowledge
from core.exchanges.connector import NewOrder
from core.exchanges.paper.connector import PaperConnector
from core.execution.manager import OrderManager
from tests.core.desk.exchanges import MANY, OTHER, SYMBOL, Away, Exchanges, driven, said

VENUES = ("binance_spot", "okx_spot")


class World:
    """Exchanges that outlive every desk, and one profile."""

    def __init__(self, profile: Path, listings: Mapping[str, Sequence[str]] | None = None) -> None:
        self.clock = SimulatedClock()
        self.profile = profile
        self.feed = Exchanges(listings or dict.fromkeys(VENUES, MANY), self.clock)
        self.venues = {venue: PaperConnector(venue, self.feed, self.clock, latency_ms=20.0) for venue in VENUES}
        self.ways = {venue: Away(connector) for venue, connector in self.venues.items()}

    @asynccontextmanager
    async def desk(self) -> AsyncIterator[Desk]:
        market = Market(self.clock, self.feed, self.ways, lives_on=True, on_demand=True)
        opened = open_desk(Settings(profile=self.profile), market)
        desk = await driven(self.clock, opened.__aenter__())
        try:
            yield desk
        finally:
            await opened.__aexit__(None, None, None)

    async def leave_resting(self, symbol: str, venue: str) -> str:
        """A desk places an order that rests, and is closed. The order's id."""
        async with self.desk() as desk:
            order = await driven(self.clock, desk.engine.execute_order(symbol, "buy", "0.5", "limit", "99", exchanges=[venue]))
            await self.clock.advance(2)
            assert order.children[0].status is ChildStatus.OPEN
            return order.id


async def test_the_books_of_unfinished_orders_are_watched_without_anybody_asking(tmp_path: Path) -> None:
    world = World(tmp_path)
    order_id = await world.leave_resting(OTHER, "okx_spot")
    async with world.desk() as desk:
        assert desk.watched_symbols() == [SYMBOL, OTHER]
        await world.clock.advance(2)
        assert desk.engine.resume_execution(order_id)
        assert await driven(world.clock, desk.engine.cancel_execution(order_id))


async def test_an_order_on_a_venue_that_is_late_stays_reserved_and_is_found_when_it_comes(tmp_path: Path) -> None:
    world = World(tmp_path)
    order_id = await world.leave_resting(SYMBOL, "okx_spot")
    world.ways["okx_spot"].away = True
    async with world.desk() as desk:
        child = desk.order_manager.order(order_id).children[0]
        await world.clock.advance(120)
        assert child.snapshot().knowledge is Knowledge.QUARANTINED  # the trader is asked, and the search goes on
        assert child.snapshot().live_amount == Decimal("0.5")
        with pytest.raises(NotPossible):
            await desk.engine.modify_execution(child.id, new_price="98")
        assert desk.engine.risk.funds.reservations() == {}  # what it costs there is not known, and nobody is asked for it
        world.ways["okx_spot"].away = False
        await world.clock.advance(60 + 15)
        assert child.snapshot().knowledge is Knowledge.KNOWN
        assert child.status is ChildStatus.OPEN
        assert desk.engine.resume_execution(order_id)
        await world.clock.advance(1)
        assert await driven(world.clock, desk.engine.cancel_execution(order_id))
        assert not world.venues["okx_spot"].truth.open_orders(SYMBOL)


async def test_a_symbol_that_only_a_late_venue_trades_is_watched_there_when_it_comes(tmp_path: Path) -> None:
    world = World(tmp_path, {"binance_spot": (SYMBOL,), "okx_spot": (SYMBOL, OTHER)})
    order_id = await world.leave_resting(OTHER, "okx_spot")
    world.ways["okx_spot"].away = True
    async with world.desk() as desk:
        world.ways["okx_spot"].away = False
        await world.clock.advance(20)
        world.feed.send_book("okx_spot", OTHER)
        assert desk.market(OTHER).mid is not None
        assert desk.engine.resume_execution(order_id)
        assert await driven(world.clock, desk.engine.modify_execution(order_id, new_price="99.5"))


async def test_what_is_late_is_named_by_the_kill_switch(tmp_path: Path) -> None:
    world = World(tmp_path)
    order_id = await world.leave_resting(SYMBOL, "okx_spot")
    world.ways["okx_spot"].away = True
    async with world.desk() as desk:
        report = await driven(world.clock, desk.engine.kill())
        assert [(one.venue, one.order_id) for one in report.unconfirmed] == [
            ("okx_spot", desk.order_manager.order(order_id).children[0].id)
        ]


async def test_orders_that_others_placed_on_a_late_venue_are_told_of_when_it_comes(tmp_path: Path) -> None:
    world = World(tmp_path)
    async with world.desk():
        await world.clock.advance(1)
    stranger = NewOrder("byhand", SYMBOL, OrderSide.BUY, Decimal(1), Decimal(90))
    world.venues["okx_spot"].truth.place(stranger)
    world.ways["okx_spot"].away = True
    async with world.desk() as desk:
        await world.clock.advance(4)
        assert desk.foreign_orders() == []
        world.ways["okx_spot"].away = False
        await world.clock.advance(2)
        assert [(order.venue, order.symbol) for order in desk.foreign_orders()] == [("okx_spot", SYMBOL)]
        assert any("1 open order on your accounts not placed by Fathom" in sentence for sentence in said(desk))


async def test_a_desk_that_can_not_be_made_lets_go_of_its_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(OrderManager, "__init__", fails)
        with pytest.raises(ZeroDivisionError):
            async with open_desk(Settings(profile=tmp_path)):
                pass
    async with open_desk(Settings(profile=tmp_path)) as desk:  # nothing holds its lock
        assert desk.journal.trouble is None


async def test_a_profile_that_is_in_use_leaves_no_market_open(tmp_path: Path) -> None:
    clock = SimulatedClock()
    feed = Exchanges({"okx_spot": MANY}, clock)
    market = Market(clock, feed, {"okx_spot": PaperConnector("okx_spot", feed, clock)}, on_demand=True, closing=feed.close)
    async with open_desk(Settings(profile=tmp_path)):
        with pytest.raises(JournalError, match="Another Fathom"):
            async with open_desk(Settings(profile=tmp_path), market):
                pass
    assert feed.closed
