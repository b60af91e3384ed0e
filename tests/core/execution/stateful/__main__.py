"""The long run: as many examples as one has time for, in batches with a seed each, and what they did.

    python -m tests.core.execution.stateful --examples 50000 --seed 1 --jobs 1

A batch is one theme and one seed; it takes a process of its own, so that one that fails does not end the others. A failure is
shrunk to the smallest program that shows it, which is printed with the theme and the seed to run it again.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from multiprocessing.context import BaseContext
from time import perf_counter

from tests.core.execution.stateful.batch import Result, run_apart
from tests.core.execution.stateful.themes import THEMES

BATCH = 500
# Of the figures, those that are not broken down.
WHOLE = (
    "examples",
    "steps",
    "crashes",
    "restarts without a venue",
    "parents",
    "children",
    "changes",
    "parents held by a silent venue",
    "children in quarantine",
    "children resolved by the trader",
    "parents misled by the trader",
    "venue orders",
    "fills",
    "events",
    "journal commits",
)


def batches(examples: int, first_seed: int) -> Iterator[tuple[str, int, int]]:
    """Theme, seed and size of each batch: the themes in turn, seeds counting up."""
    number = first_seed
    while examples > 0:
        for theme in THEMES:
            if examples > 0:
                yield theme, number, min(BATCH, examples)
                examples -= BATCH
        number += 1


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.core.execution.stateful", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--examples", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1, help="the first one")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    given = parser.parse_args()
    started_s, results = perf_counter(), list[Result]()
    with ThreadPoolExecutor(given.jobs) as pool:  # each thread waits for a process
        running = [pool.submit(run_apart, *batch, processes()) for batch in batches(given.examples, given.seed)]
        for future in as_completed(running):
            result = future.result()
            results.append(result)
            if result.failure:
                print(f"\nFAILED: theme {result.theme}, seed {result.seed}\n{result.failure}", flush=True)
            failed = sum(bool(each.failure) for each in results)
            so_far = f"{len(results)}/{len(running)} batches, {failed} failed, {perf_counter() - started_s:.0f} s"
            print(so_far, file=sys.stderr, flush=True)
    print(figures(results, perf_counter() - started_s))
    return 1 if any(result.failure for result in results) else 0


def processes() -> BaseContext:
    """Where they can be forked, they all run what was imported at the start, whatever is edited meanwhile."""
    if sys.platform == "win32":
        return multiprocessing.get_context("spawn")
    forked = multiprocessing.get_context("forkserver")
    forked.set_forkserver_preload(["tests.core.execution.stateful.batch"])
    return forked


def figures(results: Sequence[Result], wall_s: float) -> str:
    """A table for tests/bench/README.md."""
    total = sum((result.tally for result in results), Counter[str]())
    seeds, cpu_s = sorted({result.seed for result in results}), sum(result.cpu_s for result in results)
    rows = [
        ("seeds", f"{seeds[0]} to {seeds[-1]}, each with the themes {', '.join(THEMES)}"),
        ("failures", str(sum(bool(result.failure) for result in results))),
        *((name, f"{total[name]:,}") for name in WHOLE),
        ("parents by how they ended", _broken_down(total, "ended ")),
        ("parents by strategy", _broken_down(total, "of ")),
        ("time of one core", f"{cpu_s / 60:.0f} min, {cpu_s / max(total['examples'], 1) * 1000:.0f} ms an example"),
        ("time on the clock", f"{wall_s / 60:.0f} min"),
    ]
    return "\n".join(["| what | figure |", "|---|---|", *(f"| {name} | {figure} |" for name, figure in rows)])


def _broken_down(total: Counter[str], prefix: str) -> str:
    return ", ".join(f"{name.removeprefix(prefix)} {count:,}" for name, count in sorted(total.items()) if name.startswith(prefix))


if __name__ == "__main__":
    sys.exit(main())
