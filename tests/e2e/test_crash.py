"""Desks that are killed (SIGKILL) at random moments while they trade, on venues that live on in another process.

FATHOM_CRASH_KILLS sets how often, FATHOM_CRASH_SEED what is random about it. At the end the venues' books and the journal are
laid side by side: no order lost, none sent twice, none that executed too much.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import ForkServerContext
from pathlib import Path
from random import Random
from time import perf_counter

import pytest

from core.domain.clock import SystemClock
from tests.e2e.agreement import Truth, check_agreement, figures, journaled
from tests.e2e.desk_process import Task, run_desk
from tests.e2e.remote_venue import Link
from tests.e2e.venue_process import run_venues

KILLS = int(os.environ.get("FATHOM_CRASH_KILLS", "20"))
SEED = int(os.environ.get("FATHOM_CRASH_SEED", "1"))
SPEED = 10.0
LONGEST_LIFE_S = 1.0
FINISH_S = 60.0

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL and a fork server"),
    pytest.mark.timeout(120 + 5 * KILLS),
]


@contextmanager
def venues(processes: ForkServerContext, epoch_us: int) -> Iterator[int]:
    """The venues' process; their port."""
    port_here, port_there = processes.Pipe(duplex=False)
    process = processes.Process(target=run_venues, args=(port_there, SEED, epoch_us, SPEED), name="venues", daemon=True)
    process.start()
    try:
        assert port_here.poll(30), "the venues did not start"
        yield port_here.recv()
    finally:
        process.kill()
        process.join()
        process.close()
        port_here.close()
        port_there.close()


async def truth_of(port: int) -> Truth:
    link = Link(port)
    await link.open()
    try:
        truth: Truth = await link.ask("", "truth")
    finally:
        await link.close()
    return truth


async def test_desks_killed_at_random_lose_nothing_send_nothing_twice_and_execute_nothing_too_much(tmp_path: Path) -> None:
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["tests.e2e.desk_process", "tests.e2e.venue_process"])
    random, epoch_us, started = Random(SEED), SystemClock().now_us(), perf_counter()
    with venues(processes, epoch_us) as port:
        for life in range(KILLS):
            desk = processes.Process(target=run_desk, args=(Task(tmp_path, port, SEED * 100_000 + life, epoch_us, SPEED),), daemon=True)
            desk.start()
            await asyncio.to_thread(desk.join, random.uniform(0.0, LONGEST_LIFE_S))
            assert desk.exitcode is None, f"desk {life} ended by itself"
            desk.kill()
            desk.join()
            desk.close()
        last = processes.Process(target=run_desk, args=(Task(tmp_path, port, SEED, epoch_us, SPEED, finish=True),), daemon=True)
        last.start()
        await asyncio.to_thread(last.join, FINISH_S)
        assert last.exitcode == 0, "the last desk did not bring everything to its end"
        last.close()
        truth = await truth_of(port)
    parents = journaled(tmp_path / "demo" / "journal.db")
    print(figures(parents, truth, kills=KILLS, seed=SEED, s=round(perf_counter() - started)))  # noqa: T201 - what a long run is for
    check_agreement(parents, truth)
    assert len(parents) >= KILLS, "there was too little trading to prove anything"
    assert len(truth.fills) >= KILLS
