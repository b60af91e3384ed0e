"""What the accounts dialog works with: a key store and exchanges to try keys on, the desk's or a test's.

The desk's own are imported only when the dialog is opened: they bring the key store's library with them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from core.domain.credentials import Credentials
from gui.accounts.words import Account, Check


class Keys(Protocol):
    """As `core.desk.keys.open_keys` gives them."""

    @property
    def writable(self) -> bool: ...
    @property
    def explanation(self) -> str: ...
    async def accounts(self) -> Sequence[Account]: ...
    async def load(self, exchange: str) -> Credentials | None: ...
    async def save(self, credentials: Credentials) -> None: ...
    async def delete(self, exchange: str) -> None: ...


@dataclass(frozen=True, slots=True)
class AccountsBackend:
    """What the dialog works with; `real_backend` has the real one.

    Attributes:
        exchanges: those that can have an account, the usual ones first.
    """

    open_keys: Callable[[str], Keys]
    check: Callable[[Credentials, str], Awaitable[Check]]
    exchanges: Sequence[str]
    needs_passphrase: Callable[[str], bool]


def real_backend() -> AccountsBackend:
    """The desk's key store and exchanges."""
    from core.desk.accounts import check_account, known_exchanges, needs_passphrase
    from core.desk.keys import open_keys

    return AccountsBackend(open_keys, check_account, known_exchanges(), needs_passphrase)
