"""A key store and an exchange that answer when the test says so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from core.desk.accounts import AccountCheck
from core.desk.keys import Account
from core.domain.credentials import Credentials
from core.domain.errors import FathomError
from gui.accounts.backend import AccountsBackend

FINE = AccountCheck(True, "binance takes the key for live trading.", ("read", "trade"), can_withdraw=False)


@dataclass
class FakeKeys:
    """One mode's store. `refusal` is raised by the next save or delete."""

    writable: bool = True
    explanation: str = "Keys are kept in the macOS Keychain."
    kept: dict[str, Credentials] = field(default_factory=dict)
    refusal: FathomError | None = None

    async def accounts(self) -> list[Account]:
        return [Account(one.exchange, one.label, one.key_hint) for one in self.kept.values()]

    async def load(self, exchange: str) -> Credentials | None:
        return self.kept.get(exchange)

    async def save(self, credentials: Credentials) -> None:
        self._maybe_refuse()
        self.kept[credentials.exchange] = credentials

    async def delete(self, exchange: str) -> None:
        self._maybe_refuse()
        del self.kept[exchange]

    def _maybe_refuse(self) -> None:
        if self.refusal is not None:
            refusal, self.refusal = self.refusal, None
            raise refusal


class FakeAccounts:
    """Both modes' stores, and an exchange that gives `verdict` once `may_answer` is set."""

    def __init__(self) -> None:
        self.stores = {"live": FakeKeys(), "testnet": FakeKeys()}
        self.verdict: AccountCheck | Callable[[], AccountCheck] = FINE
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.tried: list[tuple[Credentials, str]] = []
        self.backend = AccountsBackend(
            lambda mode: self.stores[mode], self._check, ("binance", "bybit", "okx", "kraken", "bitmex"), lambda exchange: exchange == "okx"
        )

    async def _check(self, credentials: Credentials, mode: str) -> AccountCheck:
        self.tried.append((credentials, mode))
        await self.may_answer.wait()
        return self.verdict() if callable(self.verdict) else self.verdict


def keys_of(exchange: str, key: str = "a-key-that-ends-in-x9Qz") -> Credentials:
    return Credentials(exchange, "main", key, "a secret nobody may see")
