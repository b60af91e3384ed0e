"""VWAP from the desk's door to the venues': on the demo's market, which has a past, and on recordings, which have none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from core import Desk, Order, Settings, open_desk
from core.domain.clock import SimulatedClock
from core.domain.orders import ParentStatus
from core.market.curve import volume_curve
from core.strategies.vwap import NO_CURVE
from tests.candles import two_weeks
from tests.recordings import PERP, SPOT, recording

BTC = "BTC/USDT"


@asynccontextmanager
async def demo(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Desk, SimulatedClock]]:
    clock = SimulatedClock()
    monkeypatch.setattr("core.desk.markets.SystemClock", lambda: clock)
    async with open_desk(Settings(venues=("binance_spot", "binance_perp", "bybit_perp"))) as desk:
        await clock.advance(2)
        yield desk, clock


@asynccontextmanager
async def replay() -> AsyncIterator[Desk]:
    async with open_desk(Settings(mode="replay", replay=(recording(SPOT), recording(PERP)), speed="max")) as desk:
        await desk.clock.sleep(2)
        yield desk


async def vwap(desk: Desk, amount: str, side: str = "buy", **params: object) -> Order:
    price = "70000" if side == "buy" else "50000"
    return await desk.engine.execute_order(BTC, side, amount, "limit", price, "vwap", params=params)


async def test_on_the_demo_it_follows_the_curve_of_all_venues_and_fills(monkeypatch: pytest.MonkeyPatch) -> None:
    async with demo(monkeypatch) as (desk, clock):
        params: dict[str, object] = {"duration": 60, "slices": 6}
        request = desk.engine.request(symbol=BTC, side="buy", amount="3", price="70000", strategy="vwap", params=params)
        desk.engine.preview(request)
        await clock.advance(3)
        assert "volume curve from 7 days of candles on 3 venues." in desk.engine.preview(request).notes
        order = await desk.engine.execute(request)
        for _ in range(80):
            await clock.advance(1)
            snapshot = order.snapshot()
            if snapshot.status.terminal:
                break
            if snapshot.target_amount is not None:
                assert snapshot.filled_amount + snapshot.live_amount <= 3
        assert order.status is ParentStatus.FILLED
        assert order.reason == ""
        assert order.filled_amount == sum(fill.amount for fill in order.fills) == 3


async def test_on_the_demo_a_large_order_is_held_to_its_part_of_the_volume(monkeypatch: pytest.MonkeyPatch) -> None:
    async with demo(monkeypatch) as (desk, clock):
        order = await vwap(desk, "500", side="sell", duration=60, slices=6, max_participation=10, end_policy="leave")
        started_us = clock.now_us()
        while not order.snapshot().status.terminal:
            await clock.advance(1)
            traded = desk.engine.tape.traded(BTC, (), started_us, clock.now_us())
            assert order.filled_amount + order.snapshot().live_amount <= traded * 10 / 100
        assert order.status is ParentStatus.COMPLETED
        assert 0 < order.filled_amount < 500


async def test_a_recording_has_no_past_so_it_follows_time_and_says_so() -> None:
    async with replay() as desk:
        started_us = desk.clock.now_us()
        order = await vwap(desk, "5", duration="5m")
        await order.done()
        assert order.status is ParentStatus.FILLED
        assert order.filled_amount == sum(fill.amount for fill in order.fills) == 5
        assert NO_CURVE in order.reason
        assert 240 < (desk.clock.now_us() - started_us) / 1e6 <= 316


async def test_given_candles_it_follows_them_on_a_recording_too() -> None:
    curve = volume_curve({"btc_perp": [candle for day in two_weeks() for candle in day]})
    assert curve is not None
    async with replay() as desk:
        desk.engine.volumes.use(BTC, curve)
        order = await vwap(desk, "5", side="sell", duration="5m")
        await order.done()
        assert order.status is ParentStatus.FILLED
        assert order.filled_amount == 5
        assert NO_CURVE not in order.reason
