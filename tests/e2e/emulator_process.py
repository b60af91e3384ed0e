"""The exchanges of the crash test, in a process that outlives every desk and alone knows what is true.

They speak Binance's and Bybit's own words over TLS; everything goes wrong on their wires, deck after deck, until they are told
"calm". The talk with the test itself goes over a pipe.
"""

from __future__ import annotations

import asyncio
from multiprocessing.connection import Connection

from core.domain.clock import SystemClock
from core.exchanges.paper.synthetic import SyntheticFeed
from tests.e2e.emulated_truth import truth_of
from tests.e2e.mishaps import Saboteur, end
from tests.emulator import Emulator
from tests.emulator.markets import SYMBOL, VENUES

DECK_S = 10.0


async def _serve(pipe: Connection, seed: int) -> None:
    clock = SystemClock()
    async with Emulator(SyntheticFeed(clock, seed, VENUES, (SYMBOL,)), clock, latency_ms=10.0, seed=seed) as emulator:
        saboteur = Saboteur(emulator, seed)
        dealing = asyncio.ensure_future(saboteur.for_ever(each_within_s=DECK_S))
        pipe.send(str(emulator.address))
        while (asked := await asyncio.to_thread(pipe.recv)) != "end":
            if asked == "calm":
                await end(dealing)
                saboteur.calm()
            pipe.send(truth_of(emulator))


def run_emulator(pipe: Connection, seed: int) -> None:
    """The process's main: says its address, then what is true whenever it is asked."""
    asyncio.run(_serve(pipe, seed))
