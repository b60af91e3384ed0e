"""How long a plan takes over 8 venues × 1000 levels a side, for every strategy and three sizes.

    python -m tests.bench.bench_plan

Venues have different ticks, lots, minimums and fees. Times are also shown as a multiple of sorting the
8000 levels of one side in pure Python, measured in the same run.
"""

from __future__ import annotations

import time
from decimal import Decimal

import numpy as np

from core.domain.enums import ExecutionStrategy, OrderSide
from core.domain.market import BookState, BookView, Levels, MarketView
from core.strategies.params import parse_params
from core.strategies.registry import REGISTRY
from tests.core.making import NOW_US, instrument, market, request

VENUES, LEVELS, ROUNDS = 8, 1_000, 200
LOTS = ("0.00001", "0.001", "0.0001")


def make_book(index: int, dice: np.random.Generator) -> BookView:
    """One deep book around 61,800."""
    fine = index % 2 == 0
    lot = LOTS[index % 3]
    made = instrument(
        f"venue{index}_{'spot' if fine else 'perp'}",
        tick="0.01" if fine else "0.1",
        lot=lot,
        min_amount=lot,
        min_notional="5",
        taker_fee=("0.001", "0.0005", "0.0026")[index % 3],
        maker_fee="0.0002",
    )
    middle = 6_180_000 if fine else 618_000

    def side(sign: int) -> Levels:
        steps = dice.integers(1, 5, LEVELS) * (10 if fine else 1)
        lots_per_btc = float(1 / Decimal(lot))
        sizes = (dice.exponential(0.4, LEVELS) * lots_per_btc).astype(np.int64) + 1
        return Levels((middle + sign * np.cumsum(steps)).astype(np.int64), sizes)

    return BookView(made, side(-1), side(1), BookState.LIVE, NOW_US)


def python_sort_ms(view: MarketView) -> float:
    """The yardstick: one side's levels of all venues as a sorted Python list."""
    rows = [(tick, size) for book in view.live() for tick, size in zip(book.asks.ticks.tolist(), book.asks.sizes.tolist(), strict=True)]
    started = time.perf_counter()
    for _ in range(20):
        sorted(rows)
    return (time.perf_counter() - started) / 20 * 1e3


def main() -> None:
    dice = np.random.default_rng(1)
    view = market(*(make_book(index, dice) for index in range(VENUES)))
    yardstick = python_sort_ms(view)
    print(f"{VENUES} venues × {LEVELS} levels a side; sorting one side in Python: {yardstick:.2f} ms\n")
    print("| strategy | 0.5 BTC p50 / p99, ms | 5 BTC | 50 BTC | 50 BTC p50 ÷ Python sort |")
    print("|---|---:|---:|---:|---:|")
    for name, strategy in REGISTRY.items():
        cells, last = [], 0.0
        for amount in ("0.5", "5", "50"):
            asked = request(OrderSide.BUY.value, amount, "63000", strategy=name)
            params = parse_params(name, {})
            times = []
            for _ in range(ROUNDS):
                started = time.perf_counter()
                strategy.plan(asked, view, params)
                times.append((time.perf_counter() - started) * 1e3)
            last = float(np.percentile(times, 50))
            cells.append(f"{last:.2f} / {np.percentile(times, 99):.2f}")
        router = "" if name not in (ExecutionStrategy.ICEBERG, ExecutionStrategy.TWAP, ExecutionStrategy.VWAP) else " (first slice)"
        print(f"| {name.value}{router} | " + " | ".join(cells) + f" | {last / yardstick:.2f} |")


if __name__ == "__main__":
    main()
