"""How close TWAP and VWAP keep to their schedule on the real recordings, and what they pay against the market.

    python -m tests.bench.schedule_quality

Five minutes on Binance spot and perp together, simulated time. The naive way sends a market order for a
tenth of the amount every thirty seconds. Positive bps are worse than the benchmark.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from decimal import Decimal

from core import Desk, ExecutionStrategy, Order, Settings, open_desk
from core.domain.clock import MICROSECONDS
from tests.recordings import PERP, RECORDINGS, SPOT

BTC = "BTC/USDT"
DURATION_S = 300
SLICES = 10
BPS = 10_000


@dataclass(frozen=True, slots=True)
class Figures:
    """One run. Distances in percent of the amount, costs in bps."""

    furthest: float
    mean: float
    against_twap: float
    against_vwap: float
    filled: Decimal


async def run(kind: str, amount: Decimal) -> Figures:
    paths = (RECORDINGS / SPOT, RECORDINGS / PERP)
    async with open_desk(Settings(mode="replay", replay=paths, speed="max")) as desk:
        await desk.clock.sleep(2)
        started_us = desk.clock.now_us()
        distances: list[float] = []
        orders: list[Order] = []
        if kind == "naive":
            watching = asyncio.create_task(watch(desk, orders, amount, started_us, distances))
            for _ in range(SLICES):
                order = await desk.engine.execute_order(BTC, "buy", amount / SLICES, "market", strategy=ExecutionStrategy.BEST_PRICE)
                orders.append(order)
                await desk.clock.sleep(DURATION_S / SLICES)
        else:
            params = {"duration": DURATION_S, "slices": SLICES}
            orders.append(await desk.engine.execute_order(BTC, "buy", amount, "limit", "70000", kind, params=params))
            watching = asyncio.create_task(watch(desk, orders, amount, started_us, distances))
            await orders[0].done()
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        return figures(desk, orders, started_us, distances)


async def watch(desk: Desk, orders: list[Order], amount: Decimal, started_us: int, distances: list[float]) -> None:
    """Once a second: how far filled is from the straight line of slices, each done by its end."""
    interval_us = DURATION_S * MICROSECONDS // SLICES
    while True:
        await desk.clock.sleep(1)
        elapsed_us = desk.clock.now_us() - started_us
        if elapsed_us >= DURATION_S * MICROSECONDS:
            return
        target = orders[0].snapshot().target_amount if len(orders) == 1 else None
        if target is None:
            target = amount * min(elapsed_us // interval_us + 1, SLICES) / SLICES
        filled = sum((order.filled_amount for order in orders), Decimal(0))
        distances.append(abs(float((target - filled) / amount)) * 100)


def figures(desk: Desk, orders: list[Order], started_us: int, distances: list[float]) -> Figures:
    filled = sum((order.filled_amount for order in orders), Decimal(0))
    average = sum((order.snapshot().filled_notional for order in orders), Decimal(0)) / filled
    venues, end_us = tuple(desk.connectors), started_us + DURATION_S * MICROSECONDS
    twap = desk.engine.tape.twap(BTC, venues, started_us, end_us)
    vwap = desk.engine.tape.vwap(BTC, venues, started_us, end_us)
    assert twap is not None
    assert vwap is not None
    return Figures(
        furthest=max(distances),
        mean=sum(distances) / len(distances),
        against_twap=float((average - twap) / twap) * BPS,
        against_vwap=float((average - vwap) / vwap) * BPS,
        filled=filled,
    )


def main() -> None:
    print("| order | BTC | filled | from schedule, max % | mean % | vs market TWAP, bps | vs market VWAP, bps |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for amount in (Decimal(5), Decimal(50)):
        for kind in ("twap", "vwap", "naive"):
            f = asyncio.run(run(kind, amount))
            filled = f"{f.filled.normalize():f}"
            print(
                f"| {kind} | {amount} | {filled} | {f.furthest:.2f} | {f.mean:.2f} | {f.against_twap:+.2f} | {f.against_vwap:+.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
