"""Where lists of markets come from: the disk, another process, and never the window's own time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest

from core.domain.clock import MICROSECONDS, SimulatedClock
from core.domain.errors import UnknownVenue, VenueUnavailable
from core.exchanges.ccxt import market_loader
from core.exchanges.ccxt.access import Access, EmulatorAddress
from core.exchanges.ccxt.clients import ExchangeClients
from core.exchanges.ccxt.market_list import MAX_AGE_US, RETRY_US, MarketList, MarketLists
from core.exchanges.ccxt.market_loader import load_elsewhere, trim
from tests.core.exchanges.ccxt.live import market_of
from tests.emulator import Emulator

PUBLIC = Access("public")
NOWHERE = EmulatorAddress("127.0.0.1", 1, Path("/nowhere/ca.pem"))


def market(symbol: str = "BTC/USDT", **fields: Any) -> dict[str, Any]:
    perp = ":" in symbol
    kind = {"swap": perp, "spot": not perp, "linear": perp or None, "settle": symbol.partition(":")[2] or None}
    return {"id": symbol, "symbol": symbol, "base": "BTC", "quote": "USDT", "active": True, **kind, **fields}


class Exchange:
    """Lists its markets, or does not."""

    def __init__(self) -> None:
        self.asked = 0
        self.down = False
        self.symbols = ["BTC/USDT"]

    async def __call__(self, ccxt_id: str, access: Access) -> Mapping[str, Any]:
        self.asked += 1
        if self.down:
            raise VenueUnavailable("down")
        return {"markets": [market(symbol) for symbol in self.symbols], "currencies": {}, "precision_mode": 4}


@pytest.fixture
def exchange() -> Exchange:
    return Exchange()


def lists(exchange: Exchange, directory: Path, clock: SimulatedClock | None = None) -> MarketLists:
    return MarketLists(clock or SimulatedClock(), directory, exchange)


def kept_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def symbols(found: MarketList) -> list[str]:
    return [each["symbol"] for each in found.markets]


async def test_a_list_is_fetched_once_and_then_read_from_disk_by_the_next_program(exchange: Exchange, tmp_path: Path) -> None:
    first = await lists(exchange, tmp_path).get("binance", PUBLIC)
    second = await lists(exchange, tmp_path).get("binance", PUBLIC)
    assert first == second
    assert exchange.asked == 1


async def test_a_list_of_any_age_is_better_than_waiting_and_an_unreachable_exchange_costs_nothing(
    exchange: Exchange, tmp_path: Path
) -> None:
    clock = SimulatedClock()
    await lists(exchange, tmp_path, clock).get("binance", PUBLIC)
    exchange.down = True
    await clock.advance(30 * 86_400)
    kept = lists(exchange, tmp_path, clock)
    old = await kept.get("binance", PUBLIC)
    assert symbols(old) == ["BTC/USDT"]
    assert kept.due_us(old) <= clock.now_us()


async def test_the_test_network_has_a_list_of_its_own_and_an_emulator_none_at_all(exchange: Exchange, tmp_path: Path) -> None:
    await lists(exchange, tmp_path).get("bybit", PUBLIC)
    await lists(exchange, tmp_path).get("bybit", Access("testnet"))
    for _ in range(2):
        await lists(exchange, tmp_path).get("bybit", Access("public", None, NOWHERE))
    assert exchange.asked == 4
    assert kept_in(tmp_path) == ["bybit.json", "bybit.testnet.json"]


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"format":0}', b'{"format":1,"ccxt_id":"kraken","markets":[]}'])
async def test_a_damaged_list_is_fetched_anew(exchange: Exchange, tmp_path: Path, damage: bytes) -> None:
    await lists(exchange, tmp_path).get("binance", PUBLIC)
    (tmp_path / "binance.json").write_bytes(damage)
    assert symbols(await lists(exchange, tmp_path).get("binance", PUBLIC)) == ["BTC/USDT"]
    assert exchange.asked == 2


async def test_a_disk_that_takes_nothing_costs_only_the_next_start(
    exchange: Exchange, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("no directory")
    with caplog.at_level(logging.WARNING):
        found = await lists(exchange, tmp_path / "file").get("binance", PUBLIC)
    assert symbols(found) == ["BTC/USDT"]
    assert "can't be kept" in caplog.text


async def test_an_exchange_that_lists_nothing_is_unavailable(exchange: Exchange, tmp_path: Path) -> None:
    exchange.symbols = []
    with pytest.raises(VenueUnavailable, match="lists no market"):
        await lists(exchange, tmp_path).get("binance", PUBLIC)
    assert not kept_in(tmp_path)


async def test_a_list_is_renewed_in_the_background_and_an_hour_of_failures_changes_nothing(exchange: Exchange, tmp_path: Path) -> None:
    clock = SimulatedClock()
    clients = ExchangeClients("bybit", PUBLIC, clock, lists(exchange, tmp_path, clock))
    renewed: asyncio.Queue[list[str]] = asyncio.Queue()
    clients.on_markets(lambda found: renewed.put_nowait(symbols(found)))
    await clients.open()
    exchange.down = True
    await clock.advance((MAX_AGE_US + 6 * RETRY_US) / MICROSECONDS)
    assert exchange.asked == 8
    assert renewed.empty()
    exchange.down, exchange.symbols = False, ["BTC/USDT", "ETH/USDT"]
    await clock.advance(RETRY_US / MICROSECONDS + 1)
    assert await asyncio.wait_for(renewed.get(), 10) == ["BTC/USDT", "ETH/USDT"]
    assert "ETH/USDT" in clients.market.markets
    await clients.close()


def test_only_active_spot_and_linear_perps_that_settle_in_their_quote_are_kept() -> None:
    kept = trim(
        [
            market(),
            market("BTC/USDT:USDT"),
            market("BTC/USD:BTC", linear=False),
            market("BTC/USD:USDC"),
            market("OLD/USDT", active=False),
            market("ETH/USDT", active=None),
            market("BTC/USDT:USDT-261225", swap=False),
        ]
    )
    assert [each["symbol"] for each in kept] == ["BTC/USDT", "BTC/USDT:USDT", "ETH/USDT"]


def test_what_ccxt_looks_up_later_is_kept_and_bulk_is_not() -> None:
    [kept] = trim(
        [market(info={"orderTypes": ["LIMIT"], "wsname": "XBT/USDT", "filters": [{"tickSize": "0.1"}], "nothing": None}, expiry=None)]
    )
    assert kept["info"] == {"orderTypes": ["LIMIT"], "wsname": "XBT/USDT"}
    assert "expiry" not in kept
    assert orjson.loads(orjson.dumps(kept)) == kept


async def test_another_process_lists_the_emulators_markets_and_this_one_goes_on() -> None:
    async with Emulator(market_of("binance_spot")) as emulator:
        longest, last = 0.0, asyncio.get_running_loop().time()
        loading = asyncio.ensure_future(load_elsewhere("binance", Access("public", None, emulator.address)))
        while not loading.done():
            await asyncio.sleep(0.005)
            now = asyncio.get_running_loop().time()
            longest, last = max(longest, now - last), now
        loaded = await loading
    assert [each["symbol"] for each in loaded["markets"]] == ["BTC/USDT"]
    assert (loaded["markets"][0]["precision"]["amount"], loaded["markets"][0]["precision"]["price"]) == (0.01, 0.5)
    assert longest < 0.5  # parsing in this process takes longer; a busy machine is allowed for


async def test_an_exchange_that_ccxt_does_not_know_is_an_unknown_venue() -> None:
    with pytest.raises(UnknownVenue, match="ccxt knows no exchange 'nosuch'"):
        await load_elsewhere("nosuch", PUBLIC)


async def test_an_exchange_that_can_not_be_reached_is_one_calm_sentence(tmp_path: Path) -> None:
    async with Emulator(market_of("binance_spot")) as emulator:
        await emulator.stop_listening()
        with pytest.raises(VenueUnavailable, match=r"^binance can't be reached to list its markets\.$") as caught:
            await load_elsewhere("binance", Access("public", None, emulator.address))
    assert "Traceback" not in str(caught.value)


async def test_a_process_that_dies_or_talks_nonsense_or_hangs_is_unavailable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for body in ("#!/bin/sh\nkill -9 $$", "#!/bin/sh\necho nonsense", "#!/bin/sh\nexec sleep 60"):
        python = tmp_path / "python"
        python.write_text(body)
        python.chmod(0o755)
        monkeypatch.setattr("sys.executable", str(python))
        monkeypatch.setattr(market_loader, "TIMEOUT_S", 0.5)
        with pytest.raises(VenueUnavailable):
            await load_elsewhere("binance", PUBLIC)
    monkeypatch.setattr("sys.executable", str(tmp_path / "none"))
    with pytest.raises(VenueUnavailable, match="no process could be started"):
        await load_elsewhere("binance", PUBLIC)
