"""The private stream: one for all venues of an exchange, and every loss of it is told once, also the ones that ccxt keeps to itself."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from core.domain.enums import OrderSide, TimeInForce
from core.domain.errors import VenueRefused, VenueUnavailable
from core.exchanges.ccxt import account_stream
from core.exchanges.ccxt.account_stream import AccountStream
from core.exchanges.connector import VenueOrderStatus
from tests.core.exchanges.ccxt.trading_desk import CLOCK, TradingDesk, eventually, trading_desk
from tests.emulator import StreamKind
from tests.emulator.markets import SYMBOL, VENUES


def sockets(desk: TradingDesk) -> int:
    """Private streams that are open at the venue."""
    return sum(stream.kind is StreamKind.ACCOUNT for stream in desk.venue.streams)


async def kick(desk: TradingDesk) -> None:
    for stream in [stream for stream in desk.venue.streams if stream.kind is StreamKind.ACCOUNT]:
        await stream.kick()


@pytest.mark.parametrize("venue", VENUES)
async def test_a_lost_stream_is_told_once_and_comes_back(venue: str) -> None:
    async with trading_desk(venue) as (desk,):
        await kick(desk)
        await desk.came_back()
        assert desk.changes == [False, True]
        await desk.send("c1", price="101", time_in_force=TimeInForce.IOC)
        await eventually(lambda: desk.fills and desk.orders[-1].status is VenueOrderStatus.FILLED)


@pytest.mark.parametrize("venue", VENUES)
async def test_what_happened_while_it_was_down_is_not_replayed_but_found(venue: str) -> None:
    async with trading_desk(venue) as (desk,):
        await desk.send("c1", side=OrderSide.SELL, price="100.5", amount="0.5")
        await kick(desk)
        desk.feed.trade(venue, OrderSide.BUY, "101", "5")
        await desk.came_back()
        found = await desk.trading.find_order(SYMBOL, "c1")
        assert found is not None
        assert found.status is VenueOrderStatus.FILLED
        assert sum(fill.amount for fill in await desk.trading.fills_of(SYMBOL, "c1")) == Decimal("0.5")


async def test_both_venues_of_bybit_listen_on_one_socket_and_hear_their_own() -> None:
    async with trading_desk("bybit_spot", "bybit_perp") as (spot, perp):
        await spot.send("s1", price="101", time_in_force=TimeInForce.IOC)
        await perp.send("p1", price="101", time_in_force=TimeInForce.IOC)
        await eventually(lambda: spot.fills and perp.fills)
        assert {order.client_id for order in spot.orders} == {fill.client_id for fill in spot.fills} == {"s1"}
        assert {order.client_id for order in perp.orders} == {fill.client_id for fill in perp.fills} == {"p1"}
        assert sockets(spot) == 1
        await kick(spot)
        await spot.came_back()
        await perp.came_back()
        assert (spot.changes, perp.changes) == ([False, True], [False, True])


async def test_one_venue_leaves_and_the_other_goes_on() -> None:
    async with trading_desk("bybit_spot", "bybit_perp") as (spot, perp):
        await spot.trading.close()
        await perp.send("p1", price="101", time_in_force=TimeInForce.IOC)
        await eventually(lambda: perp.fills)
        assert not spot.heard


@pytest.mark.parametrize("venue", ["binance_spot", "binance_perp", "bybit_perp"])
async def test_a_silent_stream_is_started_anew(venue: str) -> None:
    """It is open and says nothing; only the reconciler can know. After the restart it speaks again."""
    async with trading_desk(venue) as (desk,):
        desk.venue.faults.account_frozen = True
        await desk.send("c1", price="101", time_in_force=TimeInForce.IOC)
        desk.venue.faults.account_frozen = False
        await desk.trading.resync_account()
        assert desk.changes[-1]
        await desk.send("c2", price="101.5", amount="0.1", time_in_force=TimeInForce.IOC)
        await eventually(lambda: "c2" in {fill.client_id for fill in desk.fills})


@pytest.mark.parametrize("venue", ["binance_perp", "bybit_spot"])
async def test_a_bad_frame_does_not_end_the_stream_for_good(venue: str) -> None:
    async with trading_desk(venue) as (desk,):
        desk.venue.faults.send_bad_frames(1)
        await desk.send("c1")
        await eventually(lambda: desk.changes[-1:] == [True] or desk.orders)
        await desk.send("c2", price="101", amount="0.1", time_in_force=TimeInForce.IOC)
        await eventually(lambda: "c2" in {fill.client_id for fill in desk.fills})


@pytest.mark.parametrize("venue", VENUES)
async def test_keys_that_sign_nothing_are_told_when_it_opens(venue: str) -> None:
    """Binance opens the stream of perps to whoever has the public half of a key."""
    with pytest.raises(VenueRefused) as raised:
        async with trading_desk(venue, secret="not the secret"):
            pass
    assert "not the secret" not in f"{raised.value} {raised.value.detail}"


class Pushless:
    """A client of an exchange that streams nothing of ours."""

    id = "pushless"
    has: dict[str, Any] = {}  # noqa: RUF012 — as ccxt has it


class Polled:
    """A listener that counts how often it is asked to look."""

    def __init__(self) -> None:
        self.polls = 0

    def on_order(self, raw: object) -> None: ...

    def on_trade(self, raw: object) -> None: ...

    def on_connection(self, *, connected: bool, reason: str) -> None: ...

    async def poll(self) -> None:
        self.polls += 1
        if self.polls == 1:
            raise VenueUnavailable("not now")


async def test_an_exchange_that_pushes_nothing_is_asked_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account_stream, "POLL_S", 0.01)
    stream, listener = AccountStream.of(Pushless(), CLOCK), Polled()
    await stream.join(listener)
    await eventually(lambda: listener.polls >= 3)
    await stream.leave(listener)


@pytest.mark.parametrize("venue", VENUES)
async def test_a_fill_overtakes_nothing_it_belongs_to(venue: str) -> None:
    """A trade by another program on the same account is told under its own id, or under the venue's."""
    async with trading_desk(venue) as (desk,):
        assert desk.clients.trading is not None
        market = "BTC/USDT" if venue.endswith("_spot") else "BTC/USDT:USDT"
        await desk.clients.trading.create_order(market, "limit", "buy", 0.1, 101, {"clientOrderId": "theirs", "timeInForce": "IOC"})
        await eventually(lambda: desk.fills)
        assert {fill.client_id for fill in desk.fills} == {"theirs"}
