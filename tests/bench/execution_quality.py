"""What each router would pay on real books, against the best that was possible.

    python -m tests.bench.execution_quality

The optimum is computed here, independently of the planners: every level of every venue within the limit in
one list by fee-adjusted price, taken from the top, without lots or minimums. No plan can be cheaper, so a
plan's distance from it is at least its distance from the true optimum. What a router leaves unfilled is
valued at the limit plus the dearest taker fee: it would have to be paid to get done.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np

from core.domain.enums import ExecutionStrategy, OrderSide, OrderType, TimeInForce
from core.domain.market import BookView, MarketView
from core.domain.plan import ExecutionRequest
from core.strategies.params import parse_params
from core.strategies.registry import REGISTRY
from core.strategies.walk import within_limit, worst_price
from tests.bench.moments import moments
from tests.recordings import COMPOSITE, PERP, RECORDINGS, SPOT

ROUTERS = (
    ExecutionStrategy.BEST_PRICE,
    ExecutionStrategy.BEST_LIQUIDITY,
    ExecutionStrategy.LOWEST_FEES,
    ExecutionStrategy.SPLIT_EVENLY,
    ExecutionStrategy.SPLIT_BY_LIQUIDITY,
    ExecutionStrategy.PRICE_OPTIMIZED_LIQUIDITY,
    ExecutionStrategy.MINIMAL_MARKET_IMPACT,
)
SIZES = tuple(Decimal(text) for text in ("0.1", "0.5", "1", "5", "10", "50"))
SAMPLES: tuple[tuple[str, tuple[Path, ...], int], ...] = (
    ("Binance spot + perp, 344 s", (RECORDINGS / SPOT, RECORDINGS / PERP), 2_000_000),
    ("composite, 10 venues, 30 s", (RECORDINGS / COMPOSITE,), 250_000),
)


def levels_of(book: BookView, side: OrderSide, limit: Decimal) -> list[tuple[float, float]]:
    """(all-in price per unit, amount) of the levels within the limit; a sell's price is negative."""
    levels, instrument = within_limit(book, side, limit), book.instrument
    per_tick = float(instrument.tick) * (side.sign + float(instrument.taker_fee))
    unit = float(instrument.size_unit)
    return [(tick * per_tick, size * unit) for tick, size in zip(levels.ticks.tolist(), levels.sizes.tolist(), strict=True)]


def cheapest(levels: list[tuple[float, float]], amount: float, unfilled_price: float) -> float:
    """The least that `amount` can cost from `levels`."""
    cost = 0.0
    for price, size in sorted(levels):
        taken = min(size, amount)
        cost += taken * price
        amount -= taken
        if amount <= 0:
            return cost
    return cost + amount * unfilled_price


def measure(market: MarketView, side: OrderSide, amount: Decimal, times: dict[str, list[float]]) -> dict[str, float]:
    """All-in cost of every router and of two naive ways above the optimum, in bps of the mid."""
    request = ExecutionRequest("BTC/USDT", side, amount, OrderType.MARKET, ROUTERS[0], time_in_force=TimeInForce.IOC)
    limit, mid = worst_price(request, market), market.mid
    assert limit is not None
    assert mid is not None
    books = market.live()
    dearest = float(limit) * (side.sign + max(float(book.instrument.taker_fee) for book in books))
    depth = {book.venue: levels_of(book, side, limit) for book in books}
    optimum = cheapest([level for levels in depth.values() for level in levels], float(amount), dearest)
    bps = 10_000 / (float(amount) * float(mid))
    found: dict[str, float] = {}
    for name in ROUTERS:
        params = parse_params(name, {})
        asked = replace(request, strategy=name, params=params.model_dump())
        started = time.perf_counter()
        plan = REGISTRY[name].plan(asked, market, params)
        times[name.value].append(time.perf_counter() - started)
        notional = sum(float(c.expected_amount * c.expected_price) for c in plan.children if c.expected_price is not None)
        cost, filled = side.sign * notional + float(plan.fees), float(plan.expected_amount)
        if name is ExecutionStrategy.MINIMAL_MARKET_IMPACT and filled:  # its later clips meet refilled books: as dear as the first
            cost *= float(amount) / filled
            filled = float(amount)
        found[name.value] = (cost + (float(amount) - filled) * dearest - optimum) * bps
    touch = min(books, key=lambda book: depth[book.venue][0][0] if depth[book.venue] else float("inf"))
    found["naive: all to the best touch"] = (cheapest(depth[touch.venue], float(amount), dearest) - optimum) * bps
    equal = sum(cheapest(levels, float(amount) / len(depth), dearest) for levels in depth.values())
    found["naive: equal split"] = (equal - optimum) * bps
    return found


def table(title: str, views: Sequence[MarketView]) -> None:
    """Print one sample's figures as markdown."""
    excess: dict[str, dict[Decimal, list[float]]] = defaultdict(lambda: defaultdict(list))
    times: dict[str, list[float]] = defaultdict(list)
    for view in views:
        for side in OrderSide:
            for amount in SIZES:
                for name, bps in measure(view, side, amount, times).items():
                    excess[name][amount].append(bps)
    print(f"\n**{title}**: {len(views)} moments × {len(SIZES)} sizes × both sides; mean all-in cost above the optimum, bps\n")
    print("| router | " + " | ".join(f"{amount} BTC" for amount in SIZES) + " | worst | plan p50 / p99, ms |")
    print("|---|" + "---:|" * (len(SIZES) + 2))
    for name, by_size in excess.items():
        worst = max(max(values) for values in by_size.values())
        timed = np.array(times.get(name, [0.0])) * 1e3
        clock = f"{np.percentile(timed, 50):.2f} / {np.percentile(timed, 99):.2f}" if name in times else ""
        print(f"| {name} | " + " | ".join(f"{np.mean(by_size[amount]):.4f}" for amount in SIZES) + f" | {worst:.4f} | {clock} |")


def main() -> None:
    for title, paths, every_us in SAMPLES:
        table(title, moments(paths, every_us))


if __name__ == "__main__":
    main()
