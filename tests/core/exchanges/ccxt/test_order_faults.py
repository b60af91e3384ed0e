"""What a create comes to when the wire fails it, over real sockets on all four markets. Three of these look alike to the sender."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from core.domain.enums import OrderSide
from core.domain.errors import OrderNotFound, OutcomeUnknown, RateLimited, VenueError, VenueUnavailable
from core.exchanges.connector import VenueOrderStatus
from tests.core.exchanges.ccxt.trading_desk import TradingDesk, eventually, trading_desk
from tests.emulator import Call, WireFault
from tests.emulator.markets import SYMBOL, VENUES

# (fault, whether the venue acts on it, what we may say). The table of FACTS.md.
TABLE = [
    (WireFault.CLOSED_BEFORE, False, OutcomeUnknown),
    (WireFault.CLOSED_AFTER, True, OutcomeUnknown),
    (WireFault.CUT, True, OutcomeUnknown),
    (WireFault.HTML_200, False, OutcomeUnknown),
    (WireFault.HTML_200, True, OutcomeUnknown),
    (WireFault.HTTP_403, False, OutcomeUnknown),
    (WireFault.HTTP_404, False, OutcomeUnknown),
    (WireFault.HTTP_500, True, OutcomeUnknown),
    (WireFault.HTTP_502, True, OutcomeUnknown),
    (WireFault.HTTP_502, False, OutcomeUnknown),
    (WireFault.HTTP_503, False, OutcomeUnknown),
    (WireFault.HTTP_504, True, OutcomeUnknown),
    (WireFault.REFUSED_503, True, OutcomeUnknown),
    (WireFault.REFUSED_503, False, OutcomeUnknown),
    (WireFault.RATE_LIMITED, False, RateLimited),
    (WireFault.BANNED, False, RateLimited),
    (WireFault.HANG_LOST, False, OutcomeUnknown),
    (WireFault.HANG_PLACED, True, OutcomeUnknown),
]


async def failure(desk: TradingDesk, client_id: str, **order: Any) -> VenueError:
    with pytest.raises(VenueError) as raised:
        await desk.send(client_id, **order)
    return raised.value


@pytest.mark.parametrize("venue", VENUES)
async def test_every_row_of_the_fault_table(venue: str) -> None:
    """Also that each was sent once, and that asking afterwards tells the truth."""
    async with trading_desk(venue, deadline_s=0.4) as (desk,):
        for number, (fault, placed, expected) in enumerate(TABLE):
            client_id, before = f"t{number}", desk.creates()
            desk.venue.faults.next(Call.CREATE, fault, arrives=placed)
            error = await failure(desk, client_id, amount="0.1")
            assert (type(error), desk.placed(client_id), desk.creates() - before) == (expected, placed, 1), fault
            found = await desk.trading.find_order(SYMBOL, client_id)
            assert (found is not None) is placed, fault
            assert found is None or found.status is VenueOrderStatus.OPEN


@pytest.mark.parametrize("venue", VENUES)
async def test_a_refused_connection_is_surely_no_order(venue: str) -> None:
    async with trading_desk(venue) as (desk,):
        await desk.venue.refuse_connections()
        error = await failure(desk, "c1")
        assert type(error) is VenueUnavailable
        await desk.venue.refuse_connections(False)
        assert not desk.creates()
        assert (await desk.send("c1")).status is VenueOrderStatus.OPEN  # the id was never used, so it may be


@pytest.mark.parametrize("venue", ["binance_spot", "bybit_perp"])
async def test_ccxts_own_timeout_is_as_unknown_as_ours(venue: str) -> None:
    async with trading_desk(venue) as (desk,):
        assert desk.clients.trading is not None
        desk.clients.trading.timeout = 300
        desk.venue.faults.next(Call.CREATE, WireFault.HANG_PLACED)
        assert type(await failure(desk, "c1")) is OutcomeUnknown
        assert desk.placed("c1")


async def test_giving_up_on_a_create_sends_nothing_more() -> None:
    async with trading_desk("binance_perp") as (desk,):
        desk.venue.faults.next(Call.CREATE, WireFault.HANG_PLACED)
        sending = asyncio.create_task(desk.send("c1"))
        await eventually(lambda: desk.placed("c1"))
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert desk.creates() == 1


@pytest.mark.parametrize("venue", VENUES)
async def test_an_id_that_may_have_been_used_is_not_sent_again(venue: str) -> None:
    async with trading_desk(venue) as (desk,):
        desk.venue.faults.next(Call.CREATE, WireFault.CLOSED_AFTER)
        await failure(desk, "c1")
        again = await failure(desk, "c1")
        assert type(again).__name__ == "DuplicateClientId"
        assert desk.creates() == 1


@pytest.mark.parametrize("venue", VENUES)
async def test_the_venue_says_how_long_to_wait(venue: str) -> None:
    async with trading_desk(venue) as (desk,):
        desk.venue.faults.retry_after_s = 7
        desk.venue.faults.next(Call.CREATE, WireFault.RATE_LIMITED)
        error = await failure(desk, "c1")
        assert isinstance(error, RateLimited)
        assert error.retry_after_s == pytest.approx(7, abs=0.5)  # Bybit names the moment instead


@pytest.mark.parametrize("venue", VENUES)
async def test_a_clock_that_is_off_costs_one_order_and_corrects_itself(venue: str) -> None:
    """The create is surely not placed and not sent again; whatever comes next is signed with the venue's time."""
    async with trading_desk(venue) as (desk,):
        desk.skew_clocks(60_000)
        error = await failure(desk, "c1")
        assert type(error) is VenueUnavailable
        assert "clock" in str(error)
        assert desk.creates() == 1
        assert not desk.placed("c1")
        assert (await desk.send("c2")).status is VenueOrderStatus.OPEN


@pytest.mark.parametrize("venue", ["binance_spot", "bybit_perp"])
async def test_a_cancel_is_asked_again_once_the_clock_is_corrected(venue: str) -> None:
    async with trading_desk(venue) as (desk,):
        await desk.send("c1")
        desk.skew_clocks(-60_000)
        await desk.trading.cancel_order(SYMBOL, "c1")
        assert not desk.venue.truth.orders["c1"].is_open


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("fault", [WireFault.CLOSED_AFTER, WireFault.HANG_PLACED, WireFault.CUT, WireFault.HTTP_502])
async def test_a_cancel_without_an_answer_is_unknown(venue: str, fault: WireFault) -> None:
    async with trading_desk(venue, deadline_s=0.4) as (desk,):
        await desk.send("c1")
        desk.venue.faults.next(Call.CANCEL, fault, arrives=True)
        # A DELETE on a connection that dies is sent again by aiohttp: cancelling twice is cancelling once, and then not found.
        with pytest.raises((OutcomeUnknown, OrderNotFound)):
            await desk.trading.cancel_order(SYMBOL, "c1")
        found = await desk.trading.find_order(SYMBOL, "c1")
        assert found is not None
        assert found.status is VenueOrderStatus.CANCELLED


@pytest.mark.parametrize("venue", VENUES)
async def test_a_failed_look_up_is_no_evidence(venue: str) -> None:
    """Whichever of its questions fails: None would free the size of an order that is live."""
    async with trading_desk(venue) as (desk,):
        for fault in (WireFault.HTML_200, WireFault.HTTP_404, WireFault.CLOSED_BEFORE, WireFault.RATE_LIMITED, WireFault.CUT):
            desk.venue.faults.chance(Call.QUERY, fault, 1.0)
            for question in (desk.trading.find_order, desk.trading.fills_of):
                with pytest.raises(VenueError):
                    await question(SYMBOL, "never")
            with pytest.raises(VenueError):
                await desk.trading.open_orders(SYMBOL)
            desk.venue.faults.clear()
        assert await desk.trading.find_order(SYMBOL, "never") is None


@pytest.mark.parametrize("venue", VENUES)
async def test_what_the_venue_acknowledged_is_never_absent(venue: str) -> None:
    """Venues write their lists one after the other: an order may be placed and in none of them yet."""
    async with trading_desk(venue) as (desk,):
        await desk.send("c1")
        order = desk.venue.orders.popitem()
        desk.venue._by_client.clear()
        with pytest.raises(OutcomeUnknown):
            await desk.trading.find_order(SYMBOL, "c1")
        desk.venue.orders.update([order])


async def test_secrets_are_in_no_error_and_no_log(caplog: pytest.LogCaptureFixture) -> None:
    from tests.emulator import KEY, SECRET

    caplog.set_level("DEBUG")
    async with trading_desk("binance_perp", "bybit_spot", deadline_s=0.4) as desks:
        for desk in desks:
            for fault in (WireFault.CLOSED_AFTER, WireFault.HTTP_502, WireFault.HTML_200, WireFault.CUT, WireFault.HANG_LOST):
                desk.venue.faults.next(Call.CREATE, fault)
                error = await failure(desk, f"s{fault.value.replace('_', '')}")
                assert not any(secret in f"{error!r} {error.detail!r} {error.__context__!r}" for secret in (KEY, SECRET, "signature="))
            await failure(desk, "s9", side=OrderSide.SELL, amount="1000000")
            await desk.venue.streams.copy().pop().kick()
        for desk in desks:
            await desk.came_back()
    assert not [record.getMessage() for record in caplog.records if KEY in record.getMessage() or SECRET in record.getMessage()]
