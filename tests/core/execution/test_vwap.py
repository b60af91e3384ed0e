"""VWAP as a trader watches it: heavier where the market is, within its part of the volume, honest where data is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from core.domain.candles import MINUTE_US, Candle
from core.domain.enums import OrderSide
from core.domain.orders import ParentStatus
from core.exchanges.connector import Capabilities
from core.exchanges.paper.connector import PaperConnector
from core.execution.order import Order
from core.strategies.vwap import NO_CURVE, NO_TRADES
from tests.core.exchanges.paper_desk import SYMBOL, ManualFeed
from tests.core.execution.floor import Floor, children, floor

CALM = {"duration": 100, "slices": 10, "randomize": 0, "style": "aggressive", "max_participation": 100}


@dataclass(frozen=True)
class Ramp:
    """The second half of a hundred seconds trades three times as much as the first; 1000 BTC in all."""

    start_us: int
    source: str = "volume curve from a test"

    def expected(self, from_us: int, to_us: int) -> float:
        return self._until(to_us) - self._until(from_us)

    def _until(self, at_us: int) -> float:
        seconds = (at_us - self.start_us) / 1e6
        return seconds * 5 if seconds < 50 else 250 + (seconds - 50) * 15


def print_trades(f: Floor, size: str, venue: str = "binance_spot") -> None:
    f.feeds[venue].trade(OrderSide.BUY, "105", size)


async def vwap(f: Floor, amount: str = "10", price: str | None = "102", *, ramp: bool = True, **params: Any) -> Order:
    if ramp:
        f.engine.volumes.use(SYMBOL, Ramp(f.clock.now_us()))
    return await f.start(amount=amount, price=price, strategy="vwap", params=CALM | params)


async def as_expected(f: Floor, order: Order, *, times: float = 1.0, seconds: int = 100) -> list[Decimal]:
    """Let the market trade what the ramp expects, `times` over; what was filled after each ten seconds."""
    ramp, progress = Ramp(f.clock.now_us()), []
    for second in range(seconds):
        at_us = ramp.start_us + second * 1_000_000
        print_trades(f, f"{ramp.expected(at_us, at_us + 1_000_000) * times:.2f}")
        await f.wait(1)
        if second % 10 == 9:
            progress.append(order.filled_amount)
    return progress


async def test_slices_are_as_heavy_as_the_market_is_at_their_time() -> None:
    async with floor("binance_spot") as f:
        order = await vwap(f, amount="20")
        progress = await as_expected(f, order)
        assert progress[4] == pytest.approx(Decimal(5), abs=Decimal("0.6"))  # a quarter by half-time: TWAP would be at 10
        await f.do(order.done())
        assert order.status is ParentStatus.FILLED
        assert order.reason == ""


async def test_without_candles_slices_follow_time_and_the_parent_says_so_to_the_end() -> None:
    async with floor("binance_spot") as f:
        order = await vwap(f, ramp=False)
        progress = await as_expected(f, order)
        assert progress[4] == 5
        assert NO_CURVE in order.reason
        await f.do(order.done())
        assert order.status is ParentStatus.FILLED
        assert order.reason == NO_CURVE


async def test_a_busy_start_brings_the_schedule_forward_and_a_quiet_one_puts_it_off() -> None:
    halfway = []
    for times in (3.0, 1.0, 0.3):
        async with floor("binance_spot") as f:
            order = await vwap(f, amount="20")
            halfway.append((await as_expected(f, order, times=times, seconds=55))[4])
    busy, usual, quiet = halfway
    assert busy > usual + Decimal("0.3")
    assert quiet < usual - Decimal("0.3")


async def test_filled_and_live_stay_under_the_part_of_what_others_traded() -> None:
    async with floor("binance_spot", "okx_spot") as f:
        order = await vwap(f, amount="20", max_participation=20, style="balanced", end_policy="leave")
        traded = Decimal(0)
        for _ in range(99):
            await f.wait(1)
            print_trades(f, "0.4", "okx_spot")
            traded += Decimal("0.4")
            snapshot = order.snapshot()
            assert snapshot.filled_amount + snapshot.live_amount <= traded * 20 / 100
        await f.do(order.done())
        assert order.status is ParentStatus.COMPLETED
        assert 6 < order.filled_amount <= traded * 20 / 100


async def test_while_the_cap_holds_it_back_the_parent_says_so() -> None:
    async with floor("binance_spot") as f:
        order = await vwap(f, max_participation=20)
        await f.wait(1)
        print_trades(f, "0.1")
        await f.wait(20)
        assert order.filled_amount == 0
        assert "held back to 20% of the market's volume" in order.reason


async def test_completing_at_the_end_goes_past_the_cap_and_the_parent_says_so() -> None:
    async with floor("binance_spot") as f:
        order = await vwap(f, max_participation=20)
        await f.wait(1)
        print_trades(f, "10")
        await f.wait(97)
        assert order.filled_amount <= 2
        await f.do(order.done())
        assert order.status is ParentStatus.FILLED
        assert "went past 20% of the market's volume to complete at the end" in order.reason


async def test_venues_that_report_no_trades_have_no_cap_and_the_parent_says_so() -> None:
    async with floor("binance_spot") as f:
        order = await vwap(f)
        await f.wait(9)
        assert order.filled_amount == 0
        assert "waiting for the market's first trade" in order.reason
        await f.wait(6)
        assert order.filled_amount > 0
        assert NO_TRADES in order.reason


async def test_volume_of_venues_that_are_not_used_does_not_count() -> None:
    async with floor("binance_spot", "okx_perp") as f:
        order = await vwap(f, max_participation=20, include_perp=False)
        await f.wait(1)
        print_trades(f, "0.1")
        print_trades(f, "500", "okx_perp")
        await f.wait(30)
        assert order.filled_amount == 0


async def test_what_traded_before_the_start_gives_no_room() -> None:
    async with floor("binance_spot") as f:
        print_trades(f, "500")
        await f.wait(2)
        order = await vwap(f)
        await f.wait(30)
        assert order.filled_amount == 0


async def test_what_trades_during_a_pause_gives_no_room() -> None:
    async with floor("binance_spot") as f:
        order = await vwap(f, max_participation=20)
        await f.wait(2)
        print_trades(f, "1")
        await f.wait(3)
        assert f.engine.pause_execution(order.id)
        await f.wait(2)
        print_trades(f, "500")
        await f.wait(100)
        assert f.engine.resume_execution(order.id)
        await f.wait(20)
        assert order.filled_amount <= Decimal("0.2")


async def test_our_own_prints_are_no_market_to_take_part_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PaperConnector, "capabilities", Capabilities(prints_own_trades=True))
    async with floor("binance_spot") as f:
        order = await vwap(f, slices=1)
        await f.wait(1)
        print_trades(f, "4")
        await f.wait(2)
        assert order.filled_amount == 4
        print_trades(f, "4")  # as the venue would print our own
        await f.wait(30)
        assert order.filled_amount == 4
        assert sum(child.live_amount for child in children(order)) == 0


async def test_raising_the_amount_is_seen_by_the_next_slice() -> None:
    async with floor("binance_spot") as f:
        order = await vwap(f, ramp=False, amount="10")
        await as_expected(f, order, seconds=10)
        assert await f.do(f.engine.modify_execution(order.id, new_amount="20"))
        await as_expected(f, order, seconds=15)
        assert order.filled_amount > Decimal("3.5")


class FeedWithHistory(ManualFeed):
    """Has 2 BTC a minute in the second half of each day, 1 before."""

    def candles(self, _venue: str, _symbol: str, since_us: int, until_us: int) -> Sequence[Candle]:
        minutes = range(-(-since_us // MINUTE_US), -(-until_us // MINUTE_US))
        return [Candle(minute * MINUTE_US, 2.0 if minute % 1440 >= 720 else 1.0) for minute in minutes]


@pytest.fixture
def with_history(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.core.execution.floor.ManualFeed", FeedWithHistory)


@pytest.mark.usefixtures("with_history")
async def test_the_first_preview_asks_for_the_candles_and_a_later_one_follows_them() -> None:
    async with floor("binance_spot", "okx_spot") as f:
        request = f.engine.request(symbol=SYMBOL, side="buy", amount="10", price="102", strategy="vwap", params={"max_participation": 5})
        first = f.engine.preview(request)
        assert "The volume curve is being loaded; without it slices follow time (TWAP)." in first.notes
        await f.wait(5)
        plan = f.engine.preview(request)
        assert "volume curve from 7 days of candles on 2 venues." in plan.notes
        assert any("the cap is 5%" in note and "would be left at the end" in note for note in plan.notes)
        assert sum(child.amount for child in plan.children) + plan.scheduled + plan.unallocated == plan.amount


@pytest.mark.usefixtures("with_history")
async def test_a_parent_waits_a_moment_for_its_candles() -> None:
    async with floor("binance_spot") as f:
        order = await vwap(f, ramp=False)
        await f.wait(0.05)
        assert order.reason == "waiting for the volume curve"
        await f.wait(2)
        print_trades(f, "50")
        await f.wait(2)
        assert order.filled_amount > 0
        assert NO_CURVE not in order.reason


@pytest.mark.usefixtures("with_history")
async def test_a_venue_that_can_not_be_reached_is_left_out_of_the_curve() -> None:
    async with floor("binance_spot", "okx_spot") as f:
        await f.venues["okx_spot"].close()
        request = f.engine.request(
            symbol=SYMBOL, side="buy", amount="1", price="102", strategy="vwap", exchanges=["binance_spot"], params={"lookback_days": 2}
        )
        f.engine.preview(request)
        await f.wait(5)
        assert "volume curve from 2 days of candles on 1 venue." in f.engine.preview(request).notes
