"""Public requests: a few at once after a quiet time, and never more than ccxt's figure on average."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from core.domain.credentials import Credentials
from core.exchanges.ccxt.access import Access
from core.exchanges.ccxt.clients import load_ccxt
from core.exchanges.ccxt.making import make_client
from core.exchanges.ccxt.pace import BURST_S, MarketPace


class Paced(MarketPace):
    rateLimit = 50.0  # noqa: N815 — ccxt's name


class Time:
    """The loop's time, which passes only while somebody sleeps."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = 1_000.0
        self.slept_s: list[float] = []
        monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: self.now_s)
        monkeypatch.setattr("core.exchanges.ccxt.pace.asyncio.sleep", self._sleep)

    def _sleep(self, seconds: float) -> Coroutine[Any, Any, None]:
        self.slept_s.append(seconds)
        self.now_s += seconds

        async def no_time() -> None:
            return None

        return no_time()


async def test_what_was_spent_long_ago_holds_nobody_up_and_the_average_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        time, paced = Time(patched), Paced()
        await paced.throttle(20)  # a snapshot of a futures' book: a second's worth
        time.now_s += 60
        await paced.throttle(20)
        assert not time.slept_s
        began_s = time.now_s
        for _ in range(100):
            await paced.throttle()
        assert time.now_s - began_s == pytest.approx((20 + 99) * 0.05 - BURST_S)


@pytest.mark.parametrize("trading", [False, True])
def test_only_the_market_client_waits_its_turn(trading: bool) -> None:
    access = Access("live", Credentials("binance", "test", "key", "secret")) if trading else Access("public")
    client = make_client(load_ccxt(), "binance", access, for_trading=trading)
    assert isinstance(client, MarketPace) is not trading
    assert client.enableRateLimit is not trading
