"""The desk of the crash test: restores, trades several strategies at random, and waits to be killed.

The trader in it has no memory of its own. Like the one in front of the screen it looks at what the desk shows after the
restart, and resumes.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, final

from core.desk.desk import Desk, open_desk
from core.desk.markets import Market
from core.desk.settings import Settings
from core.domain.clock import ScaledClock, SystemClock
from core.domain.errors import FathomError
from core.domain.orders import ParentStatus
from core.execution.risk.limits import RiskLimits
from tests.e2e.frames import shared_now_us
from tests.e2e.remote_venue import Link, RemoteFeed, RemoteVenue
from tests.e2e.venue_process import SYMBOL

MOST_WORKING = 6


@dataclass(frozen=True, slots=True)
class Task:
    """What one desk process is to do.

    Attributes:
        finish: place nothing new; return once every order is over.
    """

    profile: Path
    port: int
    seed: int
    epoch_us: int
    speed: float
    finish: bool = False


@final
class Trader:
    """Places, changes and cancels orders at random.

    Args:
        haste: how much faster than on the demo's clock everything goes, his schedules included.
    """

    def __init__(self, desk: Desk, seed: int, haste: float = 1.0) -> None:
        self._desk = desk
        self._random = Random(seed)
        self._haste = haste
        self._wishes: set[asyncio.Task[Any]] = set()

    async def trade(self) -> None:
        """Until the process is killed."""
        while True:
            self.resume_all()
            working = self._desk.order_manager.working()
            if len(working) < MOST_WORKING:
                self._wish(self._start())
            elif (chance := self._random.random()) < 0.15:
                self._wish(self._desk.engine.cancel_execution(self._random.choice(working)))
            elif chance < 0.3:
                new_amount = str(self._random.choice((0.05, 0.2, 0.4)))
                self._wish(self._desk.engine.modify_execution(self._random.choice(working), new_amount=new_amount))
            elif chance < 0.35:
                self._desk.engine.pause_execution(self._random.choice(working))
            await self._desk.clock.sleep(self._random.uniform(0.05, 0.5) / self._haste)

    async def finish(self) -> None:
        """Let everything that is left come to its end."""
        manager = self._desk.order_manager
        while manager.working():
            self.resume_all()
            for order_id in manager.working():
                if self._random.random() < 0.1:
                    self._wish(self._desk.engine.cancel_execution(order_id))
            await self._desk.clock.sleep(0.5 / self._haste)

    def resume_all(self) -> None:
        manager = self._desk.order_manager
        for order_id in manager.working():
            if manager.order(order_id).status is ParentStatus.PAUSED:
                self._desk.engine.resume_execution(order_id)

    async def _start(self) -> None:
        mid = self._desk.market(SYMBOL).mid
        if mid is None:
            return
        side, amount = self._random.choice(("buy", "sell")), str(self._random.choice((0.05, 0.12, 0.3)))
        sign = 1 if side == "buy" else -1
        crossing, resting = str(round(mid * (10_000 + sign * 20) / 10_000, 1)), str(round(mid * (10_000 - sign * 2) / 10_000, 1))
        words: dict[str, Any]
        match self._random.randrange(6):
            case 0:
                words = {"price": crossing, "strategy": "price_optimized_liquidity"}
            case 1:
                words = {"price": resting, "strategy": "best_price"}
            case 2:
                words = {"price": crossing, "strategy": "split_evenly"}
            case 3:
                words = {"price": crossing, "strategy": "twap", "params": {"duration": 8 / self._haste, "slices": 4}}
            case 4:
                words = {"price": crossing, "strategy": "iceberg", "params": {"display_percent": 25}}
            case _:
                words = {"price": crossing, "strategy": "minimal_market_impact"}
        request = self._desk.engine.request(symbol=SYMBOL, side=side, amount=amount, order_type="limit", **words)
        await self._desk.engine.execute(request, repeats=True)

    def _wish(self, work: Any) -> None:
        task = asyncio.ensure_future(_try(work))
        self._wishes.add(task)
        task.add_done_callback(self._wishes.discard)


async def _try(work: Any) -> None:
    with suppress(FathomError):  # a limit, a state that does not allow it: the next wish may have more luck
        await work


async def _run(task: Task) -> None:
    link = Link(task.port)
    await link.open()
    described = await link.ask("", "describe")
    venues = {venue: RemoteVenue(link, venue, *description) for venue, description in described.items()}
    clock = ScaledClock(shared_now_us(SystemClock().now_us(), task.epoch_us, task.speed), task.speed)
    market = Market(clock, RemoteFeed(link), venues, lives_on=True)
    async with open_desk(Settings(profile=task.profile, limits=RiskLimits()), market) as desk:
        trader = Trader(desk, task.seed)
        if not task.finish:
            await trader.trade()
        await link.ask("", "calm")
        await trader.finish()


def run_desk(task: Task) -> None:
    """The process's main."""
    asyncio.run(_run(task))
