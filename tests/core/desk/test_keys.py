"""API keys: in the system's key store or in environment variables, said plainly which, and never shown."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Iterator

import keyring
import keyring.backend
import pytest
from keyring.backends.fail import Keyring as NoKeyring
from keyring.backends.null import Keyring as NullKeyring

from core.desk.doctor import examine
from core.desk.key_backends import KeyStoreError
from core.desk.keys import Account, KeyStore, open_keys
from core.domain.credentials import Credentials
from core.domain.errors import BadRequest
from tests.core.desk.key_stores import ForgetfulKeyring, HangingKeyring, LockedKeyring, TalkativeKeyring, WorkingKeyring

BINANCE = Credentials("binance", "main", "CANARYkeyKEYkeyWXYZ", "CANARYsecret")
OKX = Credentials("okx", "second", "CANARYkeyKEYkey1234", "CANARYsecret", "CANARYpassphrase")
VARIABLES = {"FATHOM_BINANCE_KEY": "CANARYkeyKEYkeyEEEE", "FATHOM_BINANCE_SECRET": "CANARYsecret"}


@pytest.fixture
def system() -> Iterator[WorkingKeyring]:
    """The system's key store; `use` puts another in its place."""
    before = keyring.get_keyring()
    store = WorkingKeyring()
    use(store)
    yield store
    keyring.set_keyring(before)


def use(store: keyring.backend.KeyringBackend) -> None:
    keyring.set_keyring(store)


async def test_an_account_is_kept_listed_given_back_and_forgotten(system: WorkingKeyring) -> None:
    store = KeyStore("live")
    await store.save(BINANCE)
    await store.save(OKX)
    assert await store.accounts() == [Account("binance", "main", "WXYZ"), Account("okx", "second", "1234")]
    assert await store.load("okx") == OKX
    assert await store.load("bybit") is None
    await store.delete("binance")
    await store.delete("binance")
    assert [account.exchange for account in await KeyStore("live").accounts()] == ["okx"]
    assert await store.load("binance") is None
    await store.delete("okx")
    assert set(system.kept) == {("fathom/live", "accounts")}


async def test_saving_again_replaces_the_account(system: WorkingKeyring) -> None:
    store = KeyStore("live")
    await store.save(BINANCE)
    await store.save(Credentials("binance", "other", OKX.key, OKX.secret))
    assert await store.accounts() == [Account("binance", "other", "1234")]


async def test_modes_and_the_emulator_have_keys_of_their_own(system: WorkingKeyring, monkeypatch: pytest.MonkeyPatch) -> None:
    await open_keys("live").save(BINANCE)
    assert await open_keys("testnet").accounts() == []
    monkeypatch.setenv("FATHOM_EMULATOR", "127.0.0.1:9443,/nowhere/ca.pem")
    assert await open_keys("live").accounts() == []
    assert {service for service, _ in system.kept} == {"fathom/live"}


async def test_the_window_is_told_where_keys_are(system: WorkingKeyring) -> None:
    store = KeyStore("live", environment=VARIABLES)
    assert await store.accounts() == []
    assert store.writable
    assert store.explanation == (
        "Keys are kept in the key store 'key stores WorkingKeyring'. Environment variables are not read while it works, "
        "also not those that are set for binance."
    )


async def test_the_key_store_is_asked_aside(system: WorkingKeyring) -> None:
    await KeyStore("live").accounts()
    assert system.threads == {"key store"}


@pytest.mark.parametrize("none", [NoKeyring, NullKeyring, LockedKeyring])
async def test_without_a_key_store_that_works_variables_are_read_and_said_to_be(
    system: WorkingKeyring, none: type[keyring.backend.KeyringBackend]
) -> None:
    use(none())
    store = KeyStore("live", environment={**VARIABLES, "FATHOM_OKX_KEY": "half an account", "FATHOM_TESTNET_BYBIT_KEY": "not of this mode"})
    assert await store.accounts() == [Account("binance", "from the environment", "EEEE")]
    loaded = await store.load("binance")
    assert loaded is not None
    assert loaded.secret == "CANARYsecret"
    assert not store.writable
    assert "so keys can't be saved here" in store.explanation
    assert "FATHOM_<EXCHANGE>_KEY" in store.explanation
    assert store.explanation.endswith("Found: binance; missing: FATHOM_OKX_SECRET.")
    with pytest.raises(KeyStoreError, match="can't be saved here"):
        await store.save(BINANCE)


async def test_a_testnet_has_variables_of_its_own(system: WorkingKeyring) -> None:
    use(NoKeyring())  # type: ignore[no-untyped-call]  # keyring types its methods, not this
    testnet = {name.replace("FATHOM_", "FATHOM_TESTNET_"): value for name, value in VARIABLES.items()}
    for name, environment, found in (("testnet", testnet, 1), ("testnet", VARIABLES, 0), ("live", testnet, 0)):
        assert len(await KeyStore(name, environment=environment).accounts()) == found, (name, environment.keys())


@pytest.mark.parametrize("mode", ["live", "testnet"])
async def test_play_with_the_emulator_never_touches_the_variables_of_real_accounts(system: WorkingKeyring, mode: str) -> None:
    use(NoKeyring())  # type: ignore[no-untyped-call]  # keyring types its methods, not this
    real = {**VARIABLES, **{name.replace("FATHOM_", "FATHOM_TESTNET_"): value for name, value in VARIABLES.items()}}
    store = KeyStore(f"{mode}-emulator", environment=real)
    assert await store.accounts() == []
    assert await store.load("binance") is None
    play = {"FATHOM_EMULATOR_OKX_KEY": "emulated-key-PLAY", "FATHOM_EMULATOR_OKX_SECRET": "s", "FATHOM_EMULATOR_OKX_PASSPHRASE": "p"}
    store = KeyStore(f"{mode}-emulator", environment={**real, **play})
    assert await store.accounts() == [Account("okx", "from the environment", "PLAY")]
    loaded = await store.load("okx")
    assert loaded is not None
    assert (loaded.key, loaded.passphrase) == ("emulated-key-PLAY", "p")
    assert "FATHOM_EMULATOR_<EXCHANGE>_KEY, FATHOM_EMULATOR_<EXCHANGE>_SECRET" in store.explanation
    assert store.explanation.endswith("Found: okx.")


@pytest.mark.parametrize("mode", ["live", "testnet"])
async def test_variables_for_the_emulator_are_no_real_account(system: WorkingKeyring, mode: str) -> None:
    use(NoKeyring())  # type: ignore[no-untyped-call]  # keyring types its methods, not this
    play = {f"FATHOM_EMULATOR_{rest}": "x" for rest in ("OKX_KEY", "OKX_SECRET", "KEY", "SECRET")}
    store = KeyStore(mode, environment=play)
    assert await store.accounts() == []
    assert store.explanation.endswith("None is set.")


async def test_the_doctor_names_the_variables_that_are_read(system: WorkingKeyring, monkeypatch: pytest.MonkeyPatch) -> None:
    use(NoKeyring())  # type: ignore[no-untyped-call]  # keyring types its methods, not this
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("FATHOM_EMULATOR", "127.0.0.1:9443,/nowhere/ca.pem")
    findings = [finding.sentence async for finding in examine((), None) if finding.about.startswith("keys for")]
    assert len(findings) == 2
    for sentence in findings:
        assert "FATHOM_EMULATOR_<EXCHANGE>_KEY" in sentence
        assert sentence.endswith("No account is known.")


async def test_a_file_is_no_key_store(system: WorkingKeyring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WorkingKeyring, "__module__", "keyrings.alt.file")
    store = KeyStore("live", environment={})
    with pytest.raises(KeyStoreError, match="This system has no key store"):
        await store.save(BINANCE)
    assert system.kept == {}


async def test_a_key_store_that_waits_for_its_password_hangs_nobody(system: WorkingKeyring) -> None:
    hanging = HangingKeyring()
    use(hanging)
    try:
        store = KeyStore("live", environment=VARIABLES, patience_s=0.05)
        assert [account.exchange for account in await store.accounts()] == ["binance"]
        assert "may be waiting to be unlocked" in store.explanation
    finally:
        hanging.somebody.set()


async def test_the_loop_goes_on_while_the_key_store_is_asked(system: WorkingKeyring) -> None:
    hanging = HangingKeyring()
    use(hanging)
    asking = asyncio.create_task(KeyStore("live", environment={}).accounts())
    await asyncio.sleep(0.02)  # the thread is stuck by now, or not yet: the loop got here either way
    assert not asking.done()
    hanging.somebody.set()
    assert await asking == []


async def test_a_store_that_quotes_what_it_was_given_is_not_repeated(system: WorkingKeyring, caplog: pytest.LogCaptureFixture) -> None:
    use(TalkativeKeyring())
    with caplog.at_level(logging.DEBUG), pytest.raises(KeyStoreError, match="did not keep the keys") as caught:
        await KeyStore("live").save(BINANCE)
    assert "CANARY" not in "".join(traceback.format_exception(caught.value)) + caplog.text + repr(caught.value.detail)


async def test_a_store_that_keeps_nothing_is_found_out(system: WorkingKeyring) -> None:
    use(ForgetfulKeyring())
    with pytest.raises(KeyStoreError, match="does not have them"):
        await KeyStore("live").save(BINANCE)


async def test_damaged_entries_are_said_and_shown_to_nobody(system: WorkingKeyring) -> None:
    store = KeyStore("live")
    await store.save(BINANCE)
    system.kept["fathom/live", "binance"] = system.kept["fathom/live", "binance"][:-9]
    with pytest.raises(KeyStoreError, match="The entry of binance in the key store is damaged") as caught:
        await store.load("binance")
    assert "CANARY" not in "".join(traceback.format_exception(caught.value))
    system.kept["fathom/live", "accounts"] = "[{"
    assert await store.accounts() == []


@pytest.mark.parametrize("mode", ["demo", "paper", "replay"])
def test_a_mode_without_accounts_has_no_keys(mode: str) -> None:
    with pytest.raises(BadRequest, match="uses no API keys"):
        open_keys(mode)
