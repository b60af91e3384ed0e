"""A restart without a venue that orders are open on: its account was taken out, or the desk was started for fewer venues."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core.domain.errors import NotPossible
from core.domain.orders import ChildStatus, Knowledge, ParentStatus
from core.execution.risk.limits import RiskLimits
from tests.core.exchanges.paper_desk import SYMBOL
from tests.core.execution.crashing import CrashFloor, Session, crash_floor

V, OTHER = "binance_spot", "okx_spot"


@asynccontextmanager
async def left_out(floor: CrashFloor) -> AsyncIterator[Session]:
    """A session of the same profile that does not have the venue V."""
    venue, feed = floor.venues.pop(V), floor.feeds.pop(V)
    try:
        async with floor.session() as session:
            await floor.live(session, 5)
            yield session
            await session.journal.durable()
    finally:
        floor.venues[V], floor.feeds[V] = venue, feed


async def one_resting(floor: CrashFloor) -> tuple[str, str]:
    """A parent's id and its child's, which rests on V."""
    async with floor.session() as first:
        parent = await first.start("buy", "1", "99", "best_price", exchanges=[V])
        await floor.live(first, 1)
        await first.journal.durable()
        [child] = parent.children
    return parent.id, child.id


async def test_the_kill_switch_names_an_order_that_nobody_can_be_asked_about(tmp_path: Path) -> None:
    async with crash_floor(tmp_path / "journal.db", V, OTHER) as floor:
        _, child_id = await one_resting(floor)
        async with left_out(floor) as session:
            killing = asyncio.ensure_future(session.engine.kill())
            await floor.live(session, 15)
            assert [(one.venue, one.order_id) for one in killing.result().unconfirmed] == [(V, child_id)]


async def test_what_can_not_be_asked_for_is_said_at_once(tmp_path: Path) -> None:
    async with crash_floor(tmp_path / "journal.db", V, OTHER) as floor:
        parent_id, child_id = await one_resting(floor)
        async with left_out(floor) as session:
            assert session.manager.order(parent_id).status is ParentStatus.NEEDS_ATTENTION
            with pytest.raises(NotPossible, match="binance_spot is not open now, so its order can't be cancelled from here"):
                await session.engine.cancel_execution(child_id)
            for order_id in (child_id, parent_id):
                with pytest.raises(NotPossible, match=r"binance_spot is not open now, so .* order can't be changed"):
                    await session.engine.modify_execution(order_id, new_price="98")
            assert not session.engine.resume_execution(parent_id)


async def test_nobody_asks_for_the_balances_of_a_venue_that_is_not_there(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with crash_floor(tmp_path / "journal.db", V, OTHER) as floor:
        _, child_id = await one_resting(floor)
        async with left_out(floor) as session:
            session.engine.risk.set_limits(RiskLimits(check_balance=True))
            await session.engine.resolve_child(child_id)
            await floor.live(session, 10)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_it_is_followed_again_once_its_venue_is_back(tmp_path: Path) -> None:
    async with crash_floor(tmp_path / "journal.db", V, OTHER) as floor:
        parent_id, child_id = await one_resting(floor)
        async with left_out(floor):
            pass
        async with floor.session() as back:
            await floor.live(back, 5)
            child = back.manager.order(child_id).snapshot()
            assert (child.status, child.knowledge) == (ChildStatus.OPEN, Knowledge.KNOWN)
            assert back.manager.order(parent_id).status is ParentStatus.PAUSED
            await floor.finish(back)


@pytest.mark.parametrize("killed", [True, False])
async def test_a_word_about_it_is_checked_once_its_venue_is_back(killed: bool, tmp_path: Path) -> None:
    """It was wrong: the order rests. Also when the desk died the moment the trader had said so, before its parent could end."""
    async with crash_floor(tmp_path / "journal.db", V, OTHER) as floor:
        parent_id, child_id = await one_resting(floor)
        async with left_out(floor) as session:
            if not killed:
                cancelling = asyncio.ensure_future(session.engine.cancel_execution(parent_id))
                await floor.live(session, 1)
            await session.engine.resolve_child(child_id)
            if not killed:
                await floor.live(session, 1)
                assert cancelling.done()
        assert [order.client_id for order in floor.venues[V].truth.open_orders(SYMBOL)] == [child_id]
        async with floor.session() as back:
            await floor.live(back, 30)
            assert not floor.venues[V].truth.open_orders(SYMBOL)
            assert back.manager.order(child_id).status is ChildStatus.CANCELLED
            await floor.finish(back)
