"""Modes: what each may reach, what it asks for first, and where it keeps its records."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from core.desk import connections
from core.desk.desk import Desk, open_desk
from core.desk.settings import ModeName, Settings
from core.domain.errors import BadRequest, NoAccounts, UnknownVenue
from core.domain.market import BookState
from core.domain.orders import ParentStatus
from core.execution.order import Order
from tests.core.desk.emulated import emulated, save_keys
from tests.core.desk.exchanges import said
from tests.core.desk.waiting import until
from tests.emulator import Emulator, StreamKind
from tests.emulator.markets import VENUES

SYMBOL = "BTC/USDT"


async def live_books(desk: Desk, *venues: str) -> None:
    """Wait until these venues' books can be traded on."""

    def live() -> set[str]:
        return {one.venue for one in desk.venue_health(SYMBOL) if one.state is BookState.LIVE}

    await until(lambda: live() >= set(venues))


async def sweep(desk: Desk, amount: str = "4") -> Order:
    """Buy what four venues show up to 100.5, and wait for the end of it."""
    order = await desk.engine.execute_order(
        SYMBOL, "buy", amount, "limit", "100.5", "price_optimized_liquidity", time_in_force="ioc", params={"max_slippage_percent": 0}
    )
    await until(lambda: order.status.terminal)
    return order


def names_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def signed(emulator: Emulator) -> list[str]:
    return [f"{request.method} {request.path}" for request in emulator.requests if request.signed]


async def test_paper_trades_the_real_market_and_signs_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async with emulated(monkeypatch) as (emulator, _):
        await save_keys("live", "binance", "bybit")  # there are keys, and they are none of paper's business
        await save_keys("testnet", "binance", "bybit")
        async with open_desk(Settings(mode="paper", venues=VENUES, profile=tmp_path)) as desk:
            await live_books(desk, *VENUES)
            order = await sweep(desk)
            assert order.status is ParentStatus.FILLED
            assert {child.exchange for child in order.children} == set(VENUES)
            resting = await desk.engine.execute_order(SYMBOL, "buy", "1", "limit", "99")
            await until(lambda: bool(resting.children) and resting.children[0].status.value == "open")
            assert await desk.engine.cancel_execution(resting.id)
        assert emulator.requests
        assert signed(emulator) == []
        assert not any(stream.kind is StreamKind.ACCOUNT for venue in emulator.venues.values() for stream in venue.streams)
        assert not any(venue.truth.orders for venue in emulator.venues.values())
        assert names_in(tmp_path) == ["paper-emulator"]


async def test_paper_learns_what_it_watches_and_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    async with emulated(monkeypatch), open_desk(Settings(mode="paper", venues=("binance_spot",))) as desk:
        assert desk.symbols() == [SYMBOL]
        assert (desk.emulated, desk.real_money) == (True, False)


_DEMO = """
import asyncio, json, socket, sys

reached = []
reaching = {"socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.bind"}

def watch(event, arguments):
    # asyncio wakes itself through a pair of sockets of the local family.
    if event in reaching or (event == "socket.__new__" and arguments[1] != socket.AF_UNIX):
        reached.append(event)

sys.addaudithook(watch)
from core import Settings, open_desk

async def trade():
    async with open_desk(Settings()) as desk:
        while desk.market("BTC/USDT").mid is None:
            await asyncio.sleep(0.01)
        order = await desk.engine.execute_order("BTC/USDT", "buy", "0.5", "market")
        await order.done()
        return order.status.value

status = asyncio.run(trade())
loaded = [name for name in ("ccxt", "aiohttp", "keyring") if name in sys.modules]
print(json.dumps({"status": status, "reached": reached, "loaded": loaded}))
"""


def test_the_demo_opens_no_socket_and_loads_nothing_that_could() -> None:
    said = subprocess.run([sys.executable, "-c", _DEMO], capture_output=True, text=True, check=True, timeout=50).stdout
    assert json.loads(said) == {"status": "filled", "reached": [], "loaded": []}


@pytest.mark.parametrize("mode", ["testnet", "live"])
async def test_an_account_is_traded_on_and_its_records_are_apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mode: ModeName) -> None:
    async with emulated(monkeypatch) as (emulator, _):
        await save_keys(mode, "binance", "bybit")
        settings = Settings(mode=mode, live_confirmed=mode == "live", profile=tmp_path)
        async with open_desk(settings) as desk:
            assert list(desk.connectors) == list(VENUES)
            assert (desk.emulated, desk.real_money) == (True, False)
            assert any("Keys are kept in" in sentence for sentence in said(desk))
            await live_books(desk, *VENUES)
            order = await sweep(desk)
            assert order.status is ParentStatus.FILLED
            assert sum(fill.amount for venue in emulator.venues.values() for fill in venue.truth.fills) == order.amount
        assert names_in(tmp_path) == [f"{mode}-emulator"]


async def test_what_rests_on_an_account_is_followed_again_after_a_restart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = Settings(mode="live", live_confirmed=True, venues=("bybit_spot",), profile=tmp_path)
    async with emulated(monkeypatch) as (emulator, _):
        await save_keys("live", "bybit")
        async with open_desk(settings) as desk:
            await live_books(desk, "bybit_spot")
            order = await desk.engine.execute_order(SYMBOL, "buy", "1", "limit", "99")
            await until(lambda: len(emulator.venues["bybit_spot"].truth.open_orders(SYMBOL)) == 1)
        async with open_desk(settings) as desk:
            await until(lambda: any("1 child order found open and followed again" in sentence for sentence in said(desk)))
            assert desk.order_manager.order(order.id).status is ParentStatus.PAUSED
            assert await desk.engine.cancel_execution(order.id)
        assert emulator.venues["bybit_spot"].truth.open_orders(SYMBOL) == []


async def test_an_exchange_that_can_not_be_reached_at_first_is_reconciled_when_it_can(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(connections, "FIRST_PAUSE_S", 0.1)
    settings = Settings(mode="live", live_confirmed=True, venues=("binance_spot", "bybit_spot"), profile=tmp_path)
    async with emulated(monkeypatch) as (emulator, feed):
        await save_keys("live", "binance", "bybit")
        async with open_desk(settings) as desk:
            await live_books(desk, "bybit_spot")
            order = await desk.engine.execute_order(SYMBOL, "buy", "1", "limit", "99", exchanges=["bybit_spot"])
            await until(lambda: len(emulator.venues["bybit_spot"].truth.open_orders(SYMBOL)) == 1)
        await emulator.venues["bybit_spot"].refuse_connections()
        feed.snapshot("bybit_spot", {"98": "1"}, {"98.5": "2"})  # it fills while nobody can be told
        async with open_desk(settings) as desk:
            assert not desk.venue_health(SYMBOL)[1].connected
            await live_books(desk, "binance_spot")
            assert desk.order_manager.order(order.id).remaining_amount == 1
            emulator.venues["bybit_spot"].faults.clear()
            await live_books(desk, "bybit_spot")
            await until(lambda: desk.order_manager.order(order.id).filled_amount == 1)
            assert "bybit_spot is connected." in said(desk)


async def test_live_is_asked_for_at_every_start(monkeypatch: pytest.MonkeyPatch) -> None:
    async with emulated(monkeypatch) as (emulator, _):
        await save_keys("live", "binance")
        with pytest.raises(BadRequest, match="Live trading was not confirmed"):
            async with open_desk(Settings(mode="live")):
                pass
        assert emulator.requests == []


@pytest.mark.parametrize(
    ("known", "venues", "missing", "says"),
    [
        ((), (), (), "There are no API keys for testnet trading. Add the account with its key and secret under Accounts."),
        (("binance",), ("bybit_perp",), ("bybit",), "There are no API keys of bybit for testnet trading."),
        (("binance",), ("binance", "kraken_perp"), ("krakenfutures",), "There are no API keys of krakenfutures"),
    ],
)
async def test_without_keys_it_says_whose_and_how_to_add_them(
    monkeypatch: pytest.MonkeyPatch, known: tuple[str, ...], venues: tuple[str, ...], missing: tuple[str, ...], says: str
) -> None:
    async with emulated(monkeypatch) as (emulator, _):
        await save_keys("testnet", *known)
        with pytest.raises(NoAccounts) as caught:
            async with open_desk(Settings(mode="testnet", venues=venues)):
                pass
        assert str(caught.value).startswith(says)
        assert (caught.value.mode, caught.value.exchanges) == ("testnet", missing)
        assert emulator.requests == []


async def test_what_has_no_test_network_is_left_out_of_testnet_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    async with emulated(monkeypatch):
        await save_keys("testnet", "bybit", "kraken")
        async with open_desk(Settings(mode="testnet")) as desk:
            assert list(desk.connectors) == ["bybit_spot", "bybit_perp"]
            assert "kraken_spot: the exchange has no test network, so there is no such venue on testnet." in said(desk)


async def test_an_account_that_is_not_let_in_does_not_keep_the_others_from_trading(monkeypatch: pytest.MonkeyPatch) -> None:
    async with emulated(monkeypatch):
        await save_keys("live", "binance")
        await save_keys("live", "bybit", secret="CANARYwrong")
        async with open_desk(Settings(mode="live", live_confirmed=True, venues=("binance_spot", "bybit_spot"))) as desk:
            await live_books(desk, "binance_spot")
            bybit = desk.venue_health(SYMBOL)[1]
            assert not bybit.connected
            order = await sweep(desk, "1")
            assert order.status is ParentStatus.FILLED


async def test_a_mistyped_venue_or_setting_is_said_before_anything_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnknownVenue, match="venues are called like"):
        async with open_desk(Settings(mode="paper", venues=("binance_inverse",))):
            pass
    monkeypatch.setenv("FATHOM_EMULATOR", "somewhere")
    with pytest.raises(BadRequest, match="FATHOM_EMULATOR must look like"):
        async with open_desk(Settings(mode="paper")):
            pass
