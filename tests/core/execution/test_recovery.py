"""Killed at any moment and started again: the same totals, no second order, and the trader decides when it goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from core.domain.enums import OrderSide
from core.domain.orders import ChildStatus, ParentStatus
from tests.core.execution.crashing import CrashFloor, Session, crash_floor

Script = Callable[[CrashFloor, Session], Awaitable[None]]


async def sweep(floor: CrashFloor, session: Session) -> None:
    await session.start("buy", "5", "101", "price_optimized_liquidity")
    await floor.live(session, 3)


async def twap(floor: CrashFloor, session: Session) -> None:
    params = {"duration": 12, "slices": 3, "randomize": 0}
    await session.start("buy", "3", "101", "twap", params=params)
    await floor.live(session, 8)


async def iceberg(floor: CrashFloor, session: Session) -> None:
    await session.start("sell", "4", "100.5", "iceberg", params={"display_amount": "1"})
    await floor.live(session, 2)
    for taken in ("0.5", "1", "2"):
        floor.feeds["binance_spot"].trade(OrderSide.BUY, "100.5", taken)
        await floor.live(session, 2)


async def rest_then_cancel(floor: CrashFloor, session: Session) -> None:
    order = await session.start("buy", "1", "99", "best_price")
    await floor.live(session, 1)
    await meanwhile(floor, session, session.engine.cancel_execution(order.id))


async def rest_then_modify(floor: CrashFloor, session: Session) -> None:
    order = await session.start("buy", "2", "99", "best_price")
    await floor.live(session, 1)
    await meanwhile(floor, session, session.engine.modify_execution(order.id, new_price="98.5", new_amount="1"))


async def meanwhile(floor: CrashFloor, session: Session, wish: Coroutine[Any, Any, bool]) -> None:
    """Three seconds with a wish under way; who waited for it dies with the process."""
    waiting = asyncio.ensure_future(wish)
    try:
        await floor.live(session, 3)
    finally:
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


SCRIPTS: list[Script] = [sweep, twap, iceberg, rest_then_cancel, rest_then_modify]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("script", SCRIPTS)
async def test_killed_at_every_moment_nothing_is_lost_sent_twice_or_executed_too_much(script: Script, tmp_path: Path) -> None:
    ends_at, survived = 0, False
    while not survived:
        ends_at += 1
        async with crash_floor(tmp_path / f"{ends_at}.db") as floor:
            async with floor.session(ends_at) as first:
                doing = asyncio.ensure_future(script(floor, first))
                dying = asyncio.ensure_future(first.life.over.wait())
                await asyncio.wait([doing, dying], return_when=asyncio.FIRST_COMPLETED)
                survived = not first.life.over.is_set()
                for task in (doing, dying):
                    task.cancel()
                await asyncio.gather(doing, dying, return_exceptions=True)
            async with floor.session() as second:
                await floor.finish(second)
    assert ends_at > 20
