"""API keys: in the system's key store, one account per exchange and mode, and nowhere else.

A key store can't be listed, so one entry of it is the list of the others. Nothing is written to a file, and nothing here ever says
a key: a failure of the store is told by its kind, because its text may quote what it was given. Where no store works the keys come from
environment variables (`key_variables.py`), read and never written, and `KeyStore.explanation` says so.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, TypeVar, final

from core.desk.key_backends import PATIENCE_S, KeyStoreError, aside, find_backend, words_of
from core.desk.key_variables import prefix, read_variables
from core.desk.profile import emulator_of, profile_name
from core.domain.credentials import Credentials
from core.domain.errors import BadRequest

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

log = logging.getLogger(__name__)

T = TypeVar("T")

KEYED_MODES = ("testnet", "live")
_INDEX = "accounts"


@dataclass(frozen=True, slots=True)
class Account:
    """One account whose keys are known, without them.

    Attributes:
        key_hint: the last characters of the key.
    """

    exchange: str
    label: str
    key_hint: str


def open_keys(mode: str) -> KeyStore:
    """The keys of `mode`; those for the emulator are apart, so that play never signs with real ones.

    Raises:
        BadRequest: a mode that has no keys.
    """
    return KeyStore(profile_name(mode, emulated=emulator_of(mode) is not None))


@final
class KeyStore:
    """The accounts of one mode.

    Args:
        name: `testnet` or `live`, or either with `-emulator`.
        environment: where variables are looked for when no key store works.
        patience_s: how long the key store may take to answer, or the trader to unlock it.

    Attributes:
        writable: accounts can be saved and deleted; False when they come from environment variables. Known after the first call.
        explanation: where keys are kept, or why they can't be, in plain words. Known after the first call.

    Raises:
        BadRequest: a mode that has no keys.
    """

    def __init__(self, name: str, *, environment: Mapping[str, str] | None = None, patience_s: float = PATIENCE_S) -> None:
        mode = name.removesuffix("-emulator")
        if mode not in KEYED_MODES:
            raise BadRequest(f"Mode {mode} uses no API keys; {' and '.join(KEYED_MODES)} do.")
        self.writable = False
        self.explanation = "The system's key store has not been asked yet."
        self._profile = name
        self._service = f"fathom/{name}"
        self._environment = os.environ if environment is None else environment
        self._patience_s = patience_s
        self._one_at_a_time = asyncio.Lock()

    async def accounts(self) -> list[Account]:
        """Every account whose keys are known, by exchange. When the key store does not work: those of the environment."""
        kept = await self._kept()
        if kept is None:
            found, _ = read_variables(self._profile, self._environment)
            return [Account(one.exchange, one.label, one.key_hint) for one in found.values()]
        return kept

    async def load(self, exchange: str) -> Credentials | None:
        """The keys of `exchange`'s account; None when there are none.

        Raises:
            KeyStoreError: there are, but the key store does not give them.
        """
        kept = await self._kept()
        if kept is None:
            return read_variables(self._profile, self._environment)[0].get(exchange)
        if exchange not in (one.exchange for one in kept):
            return None
        text = await self._ask(lambda store: store.get_password(self._service, exchange), "give the keys")
        try:
            return Credentials(exchange, **json.loads(text or ""))
        except (ValueError, TypeError):
            raise KeyStoreError(f"The entry of {exchange} in the key store is damaged; enter its keys again.") from None

    async def save(self, credentials: Credentials) -> None:
        """Keep these keys, in place of those that the exchange's account had.

        Raises:
            KeyStoreError: they are not kept.
        """
        kept = await self._writable_accounts()
        parts = {"label": credentials.label, "key": credentials.key, "secret": credentials.secret, "passphrase": credentials.passphrase}
        exchange, text = credentials.exchange, json.dumps(parts)
        account = Account(exchange, credentials.label, credentials.key_hint)

        def write(store: KeyringBackend) -> bool:
            store.set_password(self._service, exchange, text)
            return store.get_password(self._service, exchange) == text

        if not await self._ask(write, "keep the keys"):
            raise KeyStoreError("The system's key store took the keys and does not have them; they are not saved.")
        await self._write_index([*(one for one in kept if one.exchange != exchange), account])

    async def delete(self, exchange: str) -> None:
        """Forget the account of `exchange`; nothing happens when there is none.

        Raises:
            KeyStoreError: it is still there.
        """
        kept = await self._writable_accounts()
        if exchange not in (one.exchange for one in kept):
            return
        # The list last: an account that is listed and gone can be deleted again, one that is kept and not listed can't.
        await self._ask(lambda store: _forget(store, self._service, exchange), "delete the keys")
        await self._write_index([one for one in kept if one.exchange != exchange])

    # -- inside ------------------------------------------------------------------------------------

    async def _writable_accounts(self) -> list[Account]:
        kept = await self._kept()
        if kept is None:
            raise KeyStoreError(self.explanation)
        return kept

    async def _kept(self) -> list[Account] | None:
        """What the key store lists; None when no store works, which `explanation` then says."""
        try:
            store = await aside(find_backend, patience_s=self._patience_s)
            if store is None:
                self._do_without("This system has no key store")
                return None
            text = await self._ask(lambda store: store.get_password(self._service, _INDEX), "open")
        except KeyStoreError as error:
            self._do_without(str(error).rstrip("."))
            return None
        except Exception as error:  # noqa: BLE001 — finding a store tries every kind of it, each with failures of its own
            log.warning("no key store could be found: %s", type(error).__name__)
            self._do_without("The system's key store could not be reached")
            return None
        self.writable = True
        self.explanation = f"Keys are kept in {words_of(store)}.{self._unused()}"
        return _listed(text)

    def _do_without(self, why: str) -> None:
        """No store works: say why, and what is read instead."""
        found, missing = read_variables(self._profile, self._environment)
        start = prefix(self._profile)
        seen = f"Found: {', '.join(found)}" if found else "None is set"
        lacking = f"; missing: {', '.join(missing)}" if missing else ""
        self.writable = False
        self.explanation = (
            f"{why}, so keys can't be saved here. They are read from environment variables: {start}<EXCHANGE>_KEY, "
            f"{start}<EXCHANGE>_SECRET and, where the exchange has one, {start}<EXCHANGE>_PASSPHRASE. {seen}{lacking}."
        )

    def _unused(self) -> str:
        """Variables that nobody reads, because the key store works."""
        found, _ = read_variables(self._profile, self._environment)
        if not found:
            return ""
        return f" Environment variables are not read while it works, also not those that are set for {', '.join(found)}."

    async def _write_index(self, accounts: list[Account]) -> None:
        text = json.dumps([asdict(one) for one in sorted(accounts, key=lambda one: one.exchange)])
        await self._ask(lambda store: store.set_password(self._service, _INDEX, text), "keep the list of accounts")

    async def _ask(self, work: Callable[[KeyringBackend], T], what: str) -> T:
        def ask() -> T:
            if (store := find_backend()) is None:
                raise KeyStoreError("This system has no key store.")
            return work(store)

        async with self._one_at_a_time:
            try:
                return await aside(ask, patience_s=self._patience_s)
            except KeyStoreError:
                raise
            except Exception as error:  # noqa: BLE001 — every kind of store fails in its own way, and its text may quote a key
                log.warning("the key store did not %s: %s", what, type(error).__name__)
                sentence = f"The system's key store did not {what} ({type(error).__name__})."
        raise KeyStoreError(sentence)  # outside, so that the store's own error is not chained to it


def _forget(store: KeyringBackend, service: str, exchange: str) -> None:
    if store.get_password(service, exchange) is not None:
        store.delete_password(service, exchange)


def _listed(text: str | None) -> list[Account]:
    """The list entry, without what can't be read of it."""
    try:
        return [Account(str(one["exchange"]), str(one["label"]), str(one["key_hint"])) for one in json.loads(text or "[]")]
    except (ValueError, TypeError, KeyError):
        log.warning("the list of accounts in the key store is damaged and taken as empty")
        return []
