"""What ccxt's bybit makes of a spoilt answer to a create, and whether the order is there: the two don't go together."""

from __future__ import annotations

import ccxt
import pytest

from tests.emulator.bybit_desk import MARKETS, SPOT, bybit_desk
from tests.emulator.ccxt_clients import eventually
from tests.emulator.faults import Call, WireFault

both = pytest.mark.parametrize("market", MARKETS)


@both
@pytest.mark.parametrize(
    ("fault", "error", "placed"),
    [
        (WireFault.CLOSED_BEFORE, ccxt.ExchangeNotAvailable, False),
        (WireFault.CLOSED_AFTER, ccxt.ExchangeNotAvailable, True),
        (WireFault.HANG_LOST, ccxt.RequestTimeout, False),
        (WireFault.HANG_PLACED, ccxt.RequestTimeout, True),
        (WireFault.CUT, ccxt.ExchangeError, True),
        (WireFault.HTTP_403, ccxt.RateLimitExceeded, False),
        (WireFault.HTTP_404, ccxt.ExchangeNotAvailable, False),
        (WireFault.HTTP_500, ccxt.ExchangeNotAvailable, False),
        (WireFault.HTTP_502, ccxt.ExchangeNotAvailable, False),
        (WireFault.HTTP_503, ccxt.ExchangeNotAvailable, False),
        (WireFault.HTTP_504, ccxt.RequestTimeout, False),
    ],
)
async def test_what_a_create_hears_does_not_tell_whether_it_was_placed(
    market: str, fault: WireFault, error: type[Exception], placed: bool
) -> None:
    async with bybit_desk() as desk:
        await desk.client.is_unified_enabled()
        desk.client.timeout = 300
        desk.venue(market).faults.next(Call.CREATE, fault)
        with pytest.raises(error):
            await desk.send(market, "buy", "1", "100")
        desk.client.timeout = 2_000
        assert bool(await desk.order(market)) is placed
        assert len(desk.venue(market).orders) == placed


@both
async def test_a_page_with_status_200_is_an_order_without_an_id(market: str) -> None:
    async with bybit_desk() as desk:
        desk.venue(market).faults.next(Call.CREATE, WireFault.HTML_200, arrives=True)
        answer = await desk.send(market, "buy", "1", "100")
        assert answer["id"] is None
        assert await desk.order(market)


@both
async def test_a_request_may_arrive_after_its_sender_gave_up(market: str) -> None:
    async with bybit_desk() as desk:
        await desk.client.is_unified_enabled()
        venue = desk.venue(market)
        venue.faults.late_s = 0.3
        venue.faults.next(Call.CREATE, WireFault.HANG_THEN_ARRIVES)
        desk.client.timeout = 100
        with pytest.raises(ccxt.RequestTimeout):
            await desk.send(market, "buy", "1", "100")
        desk.client.timeout = 2_000
        assert await desk.order(market) is None
        await eventually(lambda: venue.orders)
        assert await desk.order(market)


@pytest.mark.parametrize(("call", "arrives"), [(Call.CANCEL, True), (Call.CANCEL, False), (Call.AMEND, True), (Call.AMEND, False)])
async def test_a_cancel_or_an_amend_without_an_answer_may_have_worked(call: Call, arrives: bool) -> None:
    async with bybit_desk() as desk:
        placed = await desk.send(SPOT, "buy", "1", "100")
        desk.venue(SPOT).faults.next(call, WireFault.CLOSED_AFTER, arrives=arrives)
        if call is Call.CANCEL:
            request = desk.client.cancel_order(placed["id"], SPOT)
        else:
            request = desk.client.edit_order(placed["id"], SPOT, "limit", "buy", 1, 99)
        with pytest.raises(ccxt.ExchangeNotAvailable):
            await request
        row = await desk.order(SPOT)
        changed = row["orderStatus"] == "Cancelled" if call is Call.CANCEL else row["price"] == "99.0"
        assert changed is arrives


async def test_a_failed_look_up_is_an_error_and_not_an_empty_list() -> None:
    async with bybit_desk() as desk:
        await desk.send(SPOT, "buy", "1", "100")
        for fault in (WireFault.CLOSED_BEFORE, WireFault.HTTP_502, WireFault.CUT):
            desk.venue(SPOT).faults.clear()
            desk.venue(SPOT).faults.next(Call.QUERY, fault, times=2)  # aiohttp repeats a GET that a kept connection lost
            with pytest.raises(ccxt.BaseError):
                await desk.client.fetch_open_orders(SPOT)


async def test_faults_of_one_market_leave_the_other_alone() -> None:
    async with bybit_desk() as desk:
        desk.venue(SPOT).faults.next(Call.CREATE, WireFault.HTTP_502)
        await desk.send(MARKETS[1], "buy", "1", "100")
        with pytest.raises(ccxt.ExchangeNotAvailable):
            await desk.send(SPOT, "buy", "1", "100")
