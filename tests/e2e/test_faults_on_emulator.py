"""A desk on four exchanges over real sockets while everything goes wrong that can go wrong on the wire, at random.

FATHOM_EMULATOR_SEEDS sets how many seeds, FATHOM_EMULATOR_SEED the first. Every seed deals every mishap (`mishaps.py`) while
a trader sends, changes and cancels orders. When the exchanges have come to their senses everything is brought to its end,
and what they say happened is laid beside the desk's journal.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from time import perf_counter

import pytest

from core.desk.desk import Desk, open_desk
from core.desk.settings import Settings
from core.domain.clock import SystemClock
from core.domain.market import BookState
from core.exchanges.paper.synthetic import SyntheticFeed
from tests.core.desk.emulated import save_keys, served
from tests.core.desk.waiting import until
from tests.e2e.agreement import check_agreement, figures, journaled
from tests.e2e.desk_process import Trader
from tests.e2e.emulated_desk_process import HASTE, LIMITS
from tests.e2e.emulated_truth import truth_of
from tests.e2e.haste import hurry
from tests.e2e.mishaps import Saboteur, end
from tests.emulator import Emulator
from tests.emulator.markets import SYMBOL, VENUES

FIRST = int(os.environ.get("FATHOM_EMULATOR_SEED", "1"))
SEEDS = range(FIRST, FIRST + int(os.environ.get("FATHOM_EMULATOR_SEEDS", "3")))
TRADING_S = 5.0
FINISH_S = 45.0

pytestmark = pytest.mark.timeout(120)


@pytest.mark.parametrize("seed", SEEDS)
async def test_whatever_the_wires_do_venues_and_journal_agree_in_the_end(
    seed: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    started = perf_counter()
    hurry(monkeypatch.setattr)
    feed = SyntheticFeed(SystemClock(), seed, VENUES, (SYMBOL,))
    async with served(monkeypatch, feed, seed=seed) as emulator:
        await save_keys("testnet", "binance", "bybit")
        async with open_desk(Settings(mode="testnet", profile=tmp_path, limits=LIMITS)) as desk:
            await until(lambda: live(desk) == set(VENUES))
            await trade_in_trouble(desk, emulator, seed)
            assert desk.engine.risk.funds.reservations() == {}
        truth = truth_of(emulator)
    parents = journaled(tmp_path / "testnet-emulator" / "journal.db")
    print(figures(parents, truth, seed=seed, s=round(perf_counter() - started, 1)))  # noqa: T201 - what a long run is for
    check_agreement(parents, truth)
    assert len(truth.fills) >= 5, "there was too little trading to prove anything"


async def trade_in_trouble(desk: Desk, emulator: Emulator, seed: int) -> None:
    """Trade while mishaps are dealt; then let everything come to its end on wires that work."""
    trader, saboteur = Trader(desk, seed, HASTE), Saboteur(emulator, seed)
    trading = asyncio.ensure_future(trader.trade())
    try:
        await saboteur.deal(within_s=TRADING_S)
    finally:
        await end(trading)
        saboteur.calm()
    async with asyncio.timeout(FINISH_S):
        await trader.finish()


def live(desk: Desk) -> set[str]:
    """Venues whose book can be traded on."""
    return {one.venue for one in desk.venue_health(SYMBOL) if one.state is BookState.LIVE}
