"""A desk of the crash test on the emulated exchanges: in testnet mode, with keys and a profile, as the window would open it.

Its key store is the only thing that is not the real one; it would ask the person at the machine.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import keyring

from core.desk.desk import open_desk
from core.desk.settings import Settings
from core.exchanges.ccxt.access import EMULATOR_VARIABLE
from core.execution.risk.limits import RiskLimits
from tests.core.desk.emulated import save_keys
from tests.core.desk.key_stores import WorkingKeyring
from tests.e2e.desk_process import Trader
from tests.e2e.haste import hurry

HASTE = 4.0
# A trader in a hurry; at the usual rate most of what he asks for would only be refused here.
LIMITS = RiskLimits(max_orders_per_second=50, max_orders_per_minute=1_000)


@dataclass(frozen=True, slots=True)
class EmulatedTask:
    """What one desk process is to do.

    Attributes:
        address: of the emulator, as its variable has it.
        finish: place nothing new; return once every order is over.
    """

    profile: Path
    address: str
    seed: int
    finish: bool = False


async def _run(task: EmulatedTask, opened: Connection) -> None:
    os.environ[EMULATOR_VARIABLE] = task.address
    keyring.set_keyring(WorkingKeyring())
    hurry()
    await save_keys("testnet", "binance", "bybit")
    async with open_desk(Settings(mode="testnet", profile=task.profile, limits=LIMITS)) as desk:
        opened.send("open")
        trader = Trader(desk, task.seed, HASTE)
        await (trader.finish() if task.finish else trader.trade())


def run_emulated_desk(task: EmulatedTask, opened: Connection) -> None:
    """The process's main; says "open" when its desk is."""
    asyncio.run(_run(task, opened))
