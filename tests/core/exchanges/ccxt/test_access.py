"""The one development setting, and the promise that it leaves no way to a real exchange."""

from __future__ import annotations

from pathlib import Path

import aiohttp
import pytest

from core.domain.credentials import Credentials
from core.domain.errors import BadRequest
from core.exchanges.ccxt.access import EMULATOR_VARIABLE, Access, EmulatorAddress, make_session
from tests.core.exchanges.ccxt.live import market_of
from tests.emulator import Emulator


def test_the_setting_reads_as_it_is_written() -> None:
    address = EmulatorAddress.parse("127.0.0.1:9443,/tmp/ca, with a comma.pem")
    assert address == EmulatorAddress("127.0.0.1", 9443, Path("/tmp/ca, with a comma.pem"))
    assert EmulatorAddress.parse(str(address)) == address


@pytest.mark.parametrize("text", ["127.0.0.1", "127.0.0.1:9443", "127.0.0.1:9443,", ":9443,/ca.pem", "127.0.0.1:x,/ca.pem"])
def test_a_setting_that_is_no_address_is_refused_and_not_passed_over(text: str) -> None:
    with pytest.raises(BadRequest, match=EMULATOR_VARIABLE):
        EmulatorAddress.from_environment({EMULATOR_VARIABLE: text})


@pytest.mark.parametrize("environment", [{}, {EMULATOR_VARIABLE: " "}])
def test_without_the_setting_there_is_no_emulator(environment: dict[str, str]) -> None:
    assert EmulatorAddress.from_environment(environment) is None


def test_public_access_takes_no_keys_and_never_trades() -> None:
    keys = Credentials("binance", "main", "key-key-key", "secret")
    with pytest.raises(BadRequest, match="no keys"):
        Access("public", keys)
    assert not Access("public").can_trade
    assert not Access("live").can_trade
    assert Access("live", keys).can_trade


async def test_every_name_is_the_emulators() -> None:
    async with Emulator(market_of("binance_spot")) as emulator:
        async with make_session(emulator.address) as session, session.get("https://api.binance.com/api/v3/time") as answer:
            assert "serverTime" in await answer.json()
        assert emulator.requests[-1].host == "api.binance.com"


async def test_a_name_that_the_emulator_does_not_have_ends_in_a_failed_handshake() -> None:
    async with Emulator(market_of("binance_spot")) as emulator, make_session(emulator.address) as session:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.get("https://example.com/")


async def test_an_authority_that_is_not_there_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="can't be read"):
        make_session(EmulatorAddress("127.0.0.1", 1, tmp_path / "none.pem"))
