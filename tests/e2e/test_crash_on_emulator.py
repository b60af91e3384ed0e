"""Desks that are killed (SIGKILL) at random moments while they trade on exchanges that live on, over real sockets and ccxt's own clients.

FATHOM_EMULATOR_KILLS sets how often, FATHOM_EMULATOR_SEED what is random about it. Most are killed while they trade, some while they
start and ask what became of the last one's orders. At the end the exchanges' books and the journal are laid side by side.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random
from time import perf_counter

import pytest

from tests.e2e.agreement import Truth, check_agreement, figures, journaled
from tests.e2e.emulated_desk_process import EmulatedTask, run_emulated_desk
from tests.e2e.emulator_process import run_emulator

KILLS = int(os.environ.get("FATHOM_EMULATOR_KILLS", "4"))
SEED = int(os.environ.get("FATHOM_EMULATOR_SEED", "1"))
# A desk lives so long after it has opened; one in four does not even open.
LONGEST_LIFE_S, EARLY_SHARE, EARLIEST_S = 3.0, 0.25, 2.0
OPEN_S, FINISH_S, ANSWER_S = 40.0, 60.0, 30.0

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL and a fork server"),
    pytest.mark.timeout(180 + 15 * KILLS),
]


@contextmanager
def exchanges(processes: ForkServerContext) -> Iterator[tuple[Connection, str]]:
    """The exchanges' process: the pipe to ask it, and its address."""
    here, there = processes.Pipe()
    process = processes.Process(target=run_emulator, args=(there, SEED), name="exchanges", daemon=True)
    process.start()
    try:
        yield here, answer(here)
    finally:
        _end(process)
        here.close()
        there.close()


@contextmanager
def desk(processes: ForkServerContext, task: EmulatedTask) -> Iterator[tuple[BaseProcess, Connection]]:
    """A desk's process, and the pipe on which it says that it is open. It is killed at the end, if it still lives."""
    here, there = processes.Pipe(duplex=False)
    process = processes.Process(target=run_emulated_desk, args=(task, there), name="desk", daemon=True)
    process.start()
    try:
        yield process, here
    finally:
        _end(process)
        here.close()
        there.close()


def _end(process: BaseProcess) -> None:
    process.kill()
    process.join()
    process.close()


def answer(pipe: Connection, within_s: float = ANSWER_S) -> str:
    """What comes over the pipe."""
    assert pipe.poll(within_s), "no answer"
    said: str = pipe.recv()
    return said


def truth_of(pipe: Connection, question: str) -> Truth:
    """What is true now; "calm" also ends everything that goes wrong."""
    pipe.send(question)
    assert pipe.poll(ANSWER_S), "the exchanges do not answer"
    truth: Truth = pipe.recv()
    return truth


async def test_desks_killed_at_random_lose_nothing_on_exchanges_that_live_on(tmp_path: Path) -> None:
    processes = multiprocessing.get_context("forkserver")
    random, started, traded = Random(SEED), perf_counter(), 0
    with exchanges(processes) as (pipe, address):
        for life in range(KILLS):
            with desk(processes, EmulatedTask(tmp_path, address, SEED * 100_000 + life)) as (process, opened):
                if random.random() < EARLY_SHARE:
                    await asyncio.to_thread(process.join, random.uniform(0.0, EARLIEST_S))
                else:
                    await asyncio.to_thread(answer, opened, OPEN_S)
                    await asyncio.to_thread(process.join, random.uniform(0.0, LONGEST_LIFE_S))
                    traded += 1
                assert process.exitcode is None, f"desk {life} ended by itself"
        truth_of(pipe, "calm")
        with desk(processes, EmulatedTask(tmp_path, address, SEED, finish=True)) as (process, _):
            await asyncio.to_thread(process.join, FINISH_S)
            assert process.exitcode == 0, "the last desk did not bring everything to its end"
        truth = truth_of(pipe, "truth")
    parents = journaled(tmp_path / "testnet-emulator" / "journal.db")
    print(figures(parents, truth, kills=KILLS, seed=SEED, s=round(perf_counter() - started)))  # noqa: T201 - what a long run is for
    check_agreement(parents, truth)
    assert len(parents) >= traded, "there was too little trading to prove anything"
    assert len(truth.fills) >= traded
