"""Who is let in at Bybit's door, with ccxt's own signatures."""

from __future__ import annotations

import asyncio

import ccxt
import pytest

from core.domain.clock import SystemClock
from tests.emulator.bybit_desk import PERP, SPOT, bybit_desk, client_of
from tests.emulator.bybit_gate import RateLimits
from tests.emulator.faults import Call, WireFault


async def test_a_wrong_key_is_told_from_a_wrong_secret() -> None:
    async with bybit_desk() as desk:
        for wrong, code in (({"apiKey": "someone"}, "10003"), ({"secret": "guessed"}, "10004")):
            async with client_of(desk.emulator, **wrong) as stranger:
                with pytest.raises(ccxt.AuthenticationError, match=code):
                    await stranger.fetch_balance()


async def test_a_signature_covers_what_is_posted() -> None:
    async with bybit_desk() as desk, client_of(desk.emulator, secret="guessed") as stranger:
        stranger.set_markets(desk.client.markets)
        stranger.options |= {"enableUnifiedMargin": False, "enableUnifiedAccount": True}
        with pytest.raises(ccxt.AuthenticationError, match="10004"):
            await stranger.create_order(SPOT, "limit", "buy", 1, 100)
        assert not desk.venue(SPOT).orders


@pytest.mark.parametrize(("skew_ms", "in_time"), [(4_000, True), (6_000, False), (-500, True), (-2_000, False)])
async def test_our_clock_may_be_slow_by_the_window_and_fast_by_less_than_a_second(skew_ms: int, in_time: bool) -> None:
    async with bybit_desk() as desk:
        await desk.client.fetch_balance()
        for venue in desk.emulator.venues.values():
            venue.faults.clock_skew_ms = skew_ms
        if in_time:
            await desk.client.fetch_balance()
            return
        with pytest.raises(ccxt.InvalidNonce, match="10002"):
            await desk.client.fetch_balance()


async def test_the_time_difference_that_ccxt_measures_cures_a_skewed_clock() -> None:
    async with bybit_desk() as desk:
        for venue in desk.emulator.venues.values():
            venue.faults.clock_skew_ms = 60_000
        await desk.client.load_time_difference()
        await desk.client.fetch_balance()


async def test_a_key_that_may_only_read_is_denied_orders() -> None:
    async with bybit_desk() as desk:
        desk.emulator.can_trade = False
        with pytest.raises(ccxt.PermissionDenied, match="10005"):
            await desk.send(SPOT, "buy", "1", "100")
        assert not desk.venue(SPOT).orders


async def test_too_many_orders_in_a_second_are_refused_and_not_placed() -> None:
    async with bybit_desk(latency_ms=0.0) as desk:
        await desk.client.is_unified_enabled()  # else each of them asks first, and that has a limit of its own
        orders = (desk.send(SPOT, "buy", "1", "90", f"c{number}") for number in range(30))
        answers = await asyncio.gather(*orders, return_exceptions=True)
        refusals = [answer for answer in answers if isinstance(answer, ccxt.RateLimitExceeded)]
        assert len(refusals) == 10
        assert "10006" in str(refusals[0])
        assert len(desk.venue(SPOT).orders) == 20
        await desk.send(PERP, "buy", "1", "90")  # each category has its own allowance


async def test_an_answer_says_how_many_requests_are_left() -> None:
    limits = RateLimits(SystemClock())
    left = [limits.take("orders", 10, 0)["X-Bapi-Limit-Status"] for _ in range(3)]
    assert left == ["9", "8", "7"]


async def test_a_rate_limit_by_fault_says_when_to_come_back() -> None:
    async with bybit_desk() as desk:
        faults = desk.venue(SPOT).faults
        faults.retry_after_s = 3
        faults.next(Call.CREATE, WireFault.RATE_LIMITED)
        with pytest.raises(ccxt.RateLimitExceeded, match="10006"):
            await desk.send(SPOT, "buy", "1", "100")
        reset_ms = int(desk.client.last_response_headers["X-Bapi-Limit-Reset-Timestamp"])
        assert 2_000 < reset_ms - desk.venue(SPOT).now_ms() <= 3_000


async def test_a_ban_is_a_403_as_on_the_real_venue() -> None:
    async with bybit_desk() as desk:
        desk.venue(SPOT).faults.next(Call.CREATE, WireFault.BANNED)
        with pytest.raises(ccxt.RateLimitExceeded, match="403"):
            await desk.send(SPOT, "buy", "1", "100")
        assert not desk.venue(SPOT).orders
