"""One batch of the long run, in a process of its own: one theme, one seed, and what became of it."""

from __future__ import annotations

import contextlib
import io
import traceback
import warnings
from collections import Counter
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from time import process_time

from hypothesis import seed
from hypothesis.stateful import run_state_machine_as_test

from tests.core.execution.stateful.tally import TALLY
from tests.core.execution.stateful.themes import THEMES, how


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one batch.

    Attributes:
        failure: the smallest failing program, or an error; empty when there is none.
    """

    theme: str
    seed: int
    tally: Counter[str]
    cpu_s: float
    failure: str


def run_apart(theme: str, number: int, examples: int, processes: BaseContext) -> Result:
    """`run_batch` in a process of its own, which takes along whatever its examples leave behind."""
    here, there = processes.Pipe(duplex=False)
    worker = processes.Process(target=_report, args=(theme, number, examples, there))  # type: ignore[attr-defined]  # every context has one
    worker.start()
    there.close()
    try:
        result: Result = here.recv()
    except EOFError:
        result = Result(theme, number, Counter(), 0.0, "its process ended without a word")
    worker.join()
    return result


def _report(theme: str, number: int, examples: int, to: Connection) -> None:
    to.send(run_batch(theme, number, examples))


def run_batch(theme: str, number: int, examples: int) -> Result:
    """One theme with one seed, in this process."""
    warnings.simplefilter("error")
    TALLY.clear()
    machine = seed(number)(type(THEMES[theme].__name__, (THEMES[theme],), {}))
    started_s, said, failure = process_time(), io.StringIO(), ""
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            run_state_machine_as_test(machine, settings=how(examples, derandomize=False))
    except BaseException as error:  # noqa: BLE001 - whatever ends a batch is its result
        notes = "\n".join(getattr(error, "__notes__", ()))
        failure = f"{''.join(traceback.format_exception_only(error))}\n{notes}\n{said.getvalue()}"
    return Result(theme, number, Counter(TALLY), process_time() - started_s, failure)
