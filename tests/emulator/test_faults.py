"""Every transport fault, seen from both ends: what ccxt raises, and whether the venue has the order."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import ccxt
import pytest

from tests.emulator import Call, Emulator, WireFault, WireFaults
from tests.emulator.ccxt_clients import PERP_SYMBOL, eventually
from tests.emulator.markets import SYMBOL


def cause(error: BaseException) -> type[BaseException] | None:
    return type(error.__cause__) if error.__cause__ is not None else None


@pytest.mark.parametrize(
    ("fault", "raised", "placed"),
    [
        (WireFault.CLOSED_BEFORE, ccxt.ExchangeNotAvailable, False),
        (WireFault.CLOSED_AFTER, ccxt.ExchangeNotAvailable, True),
        (WireFault.HANG_LOST, ccxt.RequestTimeout, False),
        (WireFault.HANG_PLACED, ccxt.RequestTimeout, True),
        (WireFault.CUT, ccxt.ExchangeError, True),
        (WireFault.HTTP_403, ccxt.ExchangeNotAvailable, False),
        (WireFault.HTTP_404, ccxt.ExchangeNotAvailable, False),
        (WireFault.HTTP_500, ccxt.ExchangeNotAvailable, False),
        (WireFault.HTTP_502, ccxt.ExchangeNotAvailable, False),
        (WireFault.HTTP_503, ccxt.ExchangeNotAvailable, False),
        (WireFault.HTTP_504, ccxt.RequestTimeout, False),
        (WireFault.RATE_LIMITED, ccxt.DDoSProtection, False),
        (WireFault.BANNED, ccxt.DDoSProtection, False),
    ],
)
async def test_a_fault_of_a_new_order(emulator: Emulator, spot: Any, fault: WireFault, raised: type[Exception], placed: bool) -> None:
    venue = emulator.venues["binance_spot"]
    venue.faults.next(Call.CREATE, fault)
    spot.timeout = 300
    with pytest.raises(raised):
        await spot.create_order(SYMBOL, "limit", "buy", 1, 99, {"clientOrderId": "mine1"})
    assert (venue.truth.find(SYMBOL, "mine1") is not None) is placed
    assert (await spot.create_order(SYMBOL, "limit", "buy", 1, 99, {"clientOrderId": "mine2"}))["id"]


async def test_closed_before_and_closed_after_look_the_same(emulator: Emulator, spot: Any) -> None:
    seen = []
    for fault in (WireFault.CLOSED_BEFORE, WireFault.CLOSED_AFTER):
        emulator.venues["binance_spot"].faults.next(Call.CREATE, fault)
        with pytest.raises(ccxt.ExchangeNotAvailable) as caught:
            await spot.create_order(SYMBOL, "limit", "buy", 1, 99)
        seen.append((type(caught.value), cause(caught.value)))
    assert seen[0] == seen[1]
    assert len(emulator.venues["binance_spot"].orders) == 1


@pytest.mark.parametrize("arrives", [True, False])
async def test_a_page_of_html_is_read_as_an_order_without_an_id(emulator: Emulator, spot: Any, arrives: bool) -> None:
    emulator.venues["binance_spot"].faults.next(Call.CREATE, WireFault.HTML_200, arrives=arrives)
    order = await spot.create_order(SYMBOL, "limit", "buy", 1, 99)
    assert order["id"] is None
    assert len(emulator.venues["binance_spot"].orders) == arrives


async def test_a_request_may_arrive_long_after_it_was_given_up(emulator: Emulator, spot: Any) -> None:
    venue = emulator.venues["binance_spot"]
    venue.faults.late_s = 0.4
    venue.faults.next(Call.CREATE, WireFault.HANG_THEN_ARRIVES)
    spot.timeout = 200
    with pytest.raises(ccxt.RequestTimeout):
        await spot.create_order(SYMBOL, "limit", "buy", 1, 99, {"clientOrderId": "mine1"})
    assert venue.truth.find(SYMBOL, "mine1") is None
    await eventually(lambda: venue.truth.find(SYMBOL, "mine1"))


async def test_a_rate_limit_says_how_long_to_wait(emulator: Emulator, spot: Any) -> None:
    venue = emulator.venues["binance_spot"]
    venue.faults.retry_after_s = 7
    venue.faults.next(Call.CANCEL, WireFault.RATE_LIMITED)
    placed = await spot.create_order(SYMBOL, "limit", "buy", 1, 99)
    with pytest.raises(ccxt.DDoSProtection):
        await spot.cancel_order(placed["id"], SYMBOL)
    assert spot.last_response_headers["Retry-After"] == "7"
    assert venue.open_orders()


async def test_a_fault_hits_its_own_kind_of_request_and_its_own_venue(emulator: Emulator, spot: Any, perp: Any) -> None:
    emulator.venues["binance_spot"].faults.next(Call.CANCEL, WireFault.HTTP_502, arrives=True)
    placed = await spot.create_order(SYMBOL, "limit", "buy", 1, 99)
    on_perp = await perp.create_order(PERP_SYMBOL, "limit", "buy", 1, 99)
    await perp.cancel_order(on_perp["id"], PERP_SYMBOL)
    with pytest.raises(ccxt.ExchangeNotAvailable):
        await spot.cancel_order(placed["id"], SYMBOL)
    assert (await spot.fetch_order(placed["id"], SYMBOL))["status"] == "canceled"


async def test_a_cancel_that_was_acted_on_before_its_connection_closed_is_sent_again_by_aiohttp(emulator: Emulator, spot: Any) -> None:
    """GET, PUT and DELETE are repeated once, without a word, when a kept connection closes: the answer is the second one's."""
    placed = await spot.create_order(SYMBOL, "limit", "buy", 1, 99)
    emulator.venues["binance_spot"].faults.next(Call.CANCEL, WireFault.CLOSED_AFTER)
    with pytest.raises(ccxt.OrderNotFound, match="-2011"):
        await spot.cancel_order(placed["id"], SYMBOL)
    assert [request.call for request in emulator.requests].count(Call.CANCEL) == 2


async def test_a_venue_can_refuse_connections_while_the_others_take_them(emulator: Emulator, spot: Any, perp: Any) -> None:
    await emulator.venues["binance_spot"].refuse_connections()
    with pytest.raises(ccxt.ExchangeNotAvailable) as caught:
        await spot.create_order(SYMBOL, "limit", "buy", 1, 99)
    assert cause(caught.value) is aiohttp.ClientConnectorError
    assert await perp.fetch_balance()
    await emulator.venues["binance_spot"].refuse_connections(False)
    assert await spot.fetch_balance()


async def test_a_closed_port_is_a_refused_connection_and_the_same_port_comes_back(emulator: Emulator, spot: Any) -> None:
    port = emulator.address.port
    await emulator.stop_listening()
    with pytest.raises(ccxt.ExchangeNotAvailable) as caught:
        await spot.fetch_balance()
    assert cause(caught.value) is aiohttp.ClientConnectorError
    await emulator.listen()
    assert emulator.address.port == port
    assert await spot.fetch_balance()


async def test_a_client_that_gives_up_has_sent_its_order_all_the_same(emulator: Emulator, spot: Any) -> None:
    emulator.venues["binance_spot"].latency_ms = 100.0
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.03):
            await spot.create_order(SYMBOL, "limit", "buy", 1, 99, {"clientOrderId": "mine1"})
    await eventually(lambda: emulator.venues["binance_spot"].truth.find(SYMBOL, "mine1"))


def test_a_plan_is_the_same_for_the_same_seed() -> None:
    courses = []
    for _ in range(2):
        faults = WireFaults(seed=3)
        faults.plan(seed=5, probability=0.5)
        courses.append([faults.draw(call) for call in (Call.CREATE, Call.CANCEL, Call.QUERY) for _ in range(50)])
    assert courses[0] == courses[1]
    hit = sum(course is not None for course in courses[0])
    assert 50 < hit < 100


def test_switched_off_nothing_happens() -> None:
    faults = WireFaults()
    faults.plan(seed=1, probability=1.0)
    faults.next(Call.CREATE, WireFault.CUT)
    faults.lose_account_events()
    faults.clear()
    assert not any(faults.draw(call) for call in Call)
    assert not faults.draw_lost_account_event()
