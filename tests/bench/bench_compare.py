"""Comparing all strategies on one request, 8 venues × 1000 levels a side. Prints markdown rows.

Every round plans on a market that has just changed, as in the window: nothing that one view remembers helps the next.
`--profile` prints where the time goes instead.
"""

from __future__ import annotations

import cProfile
import pstats
import random
import sys
from decimal import Decimal
from itertools import cycle
from time import perf_counter

import numpy as np

from core.domain.enums import ExecutionStrategy, MarketType, OrderSide, OrderType
from core.domain.instruments import Instrument
from core.domain.market import BookState, BookView, Levels, MarketView
from core.domain.plan import ExecutionRequest
from core.execution.compare import compare, compare_one
from core.strategies.registry import REGISTRY, find_strategy

BTC = "BTC/USDT"
LEVELS = 1_000
MID = 60_000
ROUNDS = 200
# Tick, lot, minimum notional, taker fee, spot: as unlike as real venues are.
VENUES = [
    ("0.01", "0.00001", "5", "0.001", True),
    ("0.1", "0.001", "50", "0.0005", False),
    ("0.01", "0.000001", "5", "0.001", True),
    ("0.1", "0.001", "5", "0.00055", False),
    ("0.1", "0.00001", "1", "0.0008", True),
    ("0.1", "0.0001", "1", "0.0005", False),
    ("0.1", "0.00000001", "5", "0.0026", True),
    ("0.5", "0.001", "1", "0.0006", False),
]


def made_view(dice: random.Random) -> MarketView:
    books = {}
    for index, (tick, lot, minimum, fee, spot) in enumerate(VENUES):
        kind = MarketType.SPOT if spot else MarketType.PERP
        venue = f"venue{index}_{kind.value}"
        instrument = Instrument(
            venue, BTC, kind, Decimal(tick), Decimal(lot), Decimal(lot), Decimal(minimum), Decimal(fee), Decimal("0.0002"), fee_in_base=spot
        )
        books[venue] = BookView(instrument, side(dice, instrument, -1), side(dice, instrument, 1), BookState.LIVE, 1)
    return MarketView(BTC, 1, books)


def side(dice: random.Random, instrument: Instrument, sign: int) -> Levels:
    """About 0.02 BTC every half a quote on average, away from the mid."""
    step = max(1, round(0.5 / float(instrument.tick)))
    first = round(MID / float(instrument.tick)) + sign * dice.randint(1, 2 * step)
    ticks = first + sign * np.cumsum([0, *(dice.randint(1, 2 * step) for _ in range(LEVELS - 1))])
    sizes = [max(1, int(dice.expovariate(50) / float(instrument.size_unit))) for _ in range(LEVELS)]
    return Levels(ticks.astype(np.int64), np.array(sizes, np.int64))


def wanted(amount: str) -> ExecutionRequest:
    limit = Decimal(MID) * Decimal("1.002")
    return ExecutionRequest(BTC, OrderSide.BUY, Decimal(amount), OrderType.LIMIT, ExecutionStrategy.PRICE_OPTIMIZED_LIQUIDITY, price=limit)


def flow(_venue: str) -> Decimal:
    return Decimal("0.5")


def measured_ms(request: ExecutionRequest, views: list[MarketView], strategy: ExecutionStrategy | None = None) -> tuple[float, float]:
    """Median and 99th percentile of comparing all strategies, or of one."""
    took = []
    for view, _ in zip(cycle(views), range(ROUNDS), strict=False):
        started = perf_counter()
        if strategy is None:
            compare(request, view, flow, find_strategy)
        else:
            compare_one(strategy, request, view, flow, find_strategy)
        took.append(1e3 * (perf_counter() - started))
    return float(np.percentile(took, 50)), float(np.percentile(took, 99))


def main() -> None:
    dice = random.Random(7)
    views = [made_view(dice) for _ in range(10)]
    if "--profile" in sys.argv:
        profile = cProfile.Profile()
        profile.runcall(measured_ms, wanted("5"), views)
        pstats.Stats(profile).sort_stats("tottime").print_stats(45)
        return
    for amount in ("0.5", "5", "50"):
        median, slow = measured_ms(wanted(amount), views)
        print(f"| compare of {len(REGISTRY)} strategies, {amount} BTC over 8 venues × {LEVELS} levels | {median:.1f} ms, p99 {slow:.1f} |")
    for strategy in REGISTRY:
        median, slow = measured_ms(wanted("5"), views, strategy)
        print(f"| - {strategy.label}, 5 BTC | {median:.2f} ms, p99 {slow:.2f} |")


if __name__ == "__main__":
    main()
