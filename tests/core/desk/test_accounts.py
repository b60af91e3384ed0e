"""Trying an account's keys before they are saved: what the exchange says of them, and what of that is dangerous."""

from __future__ import annotations

import pytest

from core.desk.accounts import AccountCheck, check_account, known_exchanges, needs_passphrase
from core.desk.exchanges import account_of, venues_of
from core.domain.credentials import Credentials
from tests.core.desk.emulated import emulated
from tests.emulator import KEY, SECRET


def credentials(exchange: str, secret: str = SECRET) -> Credentials:
    return Credentials(exchange, "mine", KEY, secret)


@pytest.mark.parametrize("exchange", ["binance", "bybit"])
async def test_a_good_key_is_said_to_trade_and_what_it_holds(monkeypatch: pytest.MonkeyPatch, exchange: str) -> None:
    async with emulated(monkeypatch) as (emulator, _):
        check = await check_account(credentials(exchange), "live")
        assert check.ok
        assert check.sentence == f"{exchange} takes the key for live trading."
        assert (check.permissions, check.refused, check.can_withdraw) == (("read", "trade spot and perps"), (), False)
        assert check.warning == ""
        assert dict(check.balances)["USDT"] == (5_000_000 if exchange == "binance" else 10_000_000)  # Bybit has one wallet for both markets
        assert not any(venue.orders for venue in emulator.venues.values())


@pytest.mark.parametrize("exchange", ["binance", "bybit"])
async def test_a_key_that_may_withdraw_is_warned_of(monkeypatch: pytest.MonkeyPatch, exchange: str) -> None:
    async with emulated(monkeypatch) as (emulator, _):
        emulator.can_withdraw = True
        check = await check_account(credentials(exchange), "live")
        assert (check.ok, check.can_withdraw) == (True, True)
        assert "withdraw" in check.permissions
        assert check.warning.startswith("This key may withdraw.")


async def test_a_key_that_may_not_trade_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    async with emulated(monkeypatch) as (emulator, _):
        emulator.can_trade = False
        check = await check_account(credentials("binance"), "live")
        assert check.warning == "This key may not trade: orders would be refused."
        assert (check.permissions, check.refused) == (("read",), ())


@pytest.mark.parametrize("exchange", ["binance", "bybit"])
@pytest.mark.parametrize(("market", "may", "may_not"), [("spot", "spot", "perps"), ("perp", "perps", "spot")])
async def test_a_key_that_is_good_for_one_market_only_says_which(
    monkeypatch: pytest.MonkeyPatch, exchange: str, market: str, may: str, may_not: str
) -> None:
    async with emulated(monkeypatch) as (emulator, _):
        emulator.markets_of_key = {market}
        check = await check_account(credentials(exchange), "live")
        assert (check.permissions, check.refused) == (("read", f"trade {may}"), (may_not,))
        assert check.warning == f"This key may not trade {may_not}: orders there would be refused."


async def test_a_key_for_one_market_that_may_withdraw_is_warned_of_first_for_that(monkeypatch: pytest.MonkeyPatch) -> None:
    async with emulated(monkeypatch) as (emulator, _):
        emulator.markets_of_key, emulator.can_withdraw = {"spot"}, True
        check = await check_account(credentials("binance"), "live")
        assert (check.permissions, check.refused) == (("read", "withdraw", "trade spot"), ("perps",))
        assert check.warning.startswith("This key may withdraw.")
        assert check.warning.endswith("This key may not trade perps: orders there would be refused.")


@pytest.mark.parametrize("exchange", ["binance", "bybit"])
async def test_a_wrong_secret_is_an_answer_and_not_an_error(monkeypatch: pytest.MonkeyPatch, exchange: str) -> None:
    async with emulated(monkeypatch):
        check = await check_account(credentials(exchange, "CANARYwrong"), "live")
        assert not check.ok
        assert "CANARY" not in repr(check)
        assert (check.permissions, check.can_withdraw, check.balances) == ((), None, ())


async def test_keys_of_a_test_network_are_tried_there(monkeypatch: pytest.MonkeyPatch) -> None:
    async with emulated(monkeypatch) as (emulator, _):
        check = await check_account(credentials("binance"), "testnet")
        assert check.ok
        assert {request.host for request in emulator.requests if request.signed} == {"demo-api.binance.com"}


async def test_an_exchange_without_a_test_network_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    async with emulated(monkeypatch):
        check = await check_account(credentials("kraken"), "testnet")
        assert check == AccountCheck(False, "kraken has no test network that Fathom knows of.")


def test_the_exchanges_to_choose_from_are_those_that_the_library_can_sign_for() -> None:
    import ccxt.pro

    signable: dict[str, bool] = {}
    for name in ccxt.pro.exchanges:
        exchange = getattr(ccxt.pro, name)()
        needs = {word for word, needed in exchange.requiredCredentials.items() if needed}
        if exchange.has.get("watchOrderBook") and needs <= {"apiKey", "secret", "password"}:
            signable[name] = "password" in needs
    same_account_as_another = {"binanceusdm", "binancecoinm", "kucoinfutures"}
    assert set(known_exchanges()) == signable.keys() - same_account_as_another
    assert {name for name in known_exchanges() if needs_passphrase(name)} == {name for name, asks in signable.items() if asks} - {
        "kucoinfutures"
    }
    assert known_exchanges()[:4] == ("binance", "bybit", "okx", "kraken")


def test_an_account_belongs_to_an_exchange_and_krakens_futures_are_one_of_their_own() -> None:
    assert venues_of("binance") == ("binance_spot", "binance_perp")
    assert venues_of("kraken") == ("kraken_spot",)
    assert venues_of("krakenfutures") == ("kraken_perp",)
    assert [account_of(venue) for venue in ("binance_perp", "kraken_spot", "kraken_perp")] == ["binance", "kraken", "krakenfutures"]
