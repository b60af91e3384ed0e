"""One batch of the long run, in a process of its own: one theme, one seed, and what became of it."""

from __future__ import annotations

import contextlib
import io
import traceback
import warnings
from collections import Counter
from dataclasses import dataclass
from time import process_time

from hypothesis import seed
from hypothesis.stateful import run_state_machine_as_test

from tests.core.execution.stateful.machine import TALLY
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
