"""A ccxt client that can't sign, whatever somebody asks of it: why paper and demo can never touch an account.

Three locks, each enough: it takes no keys, it says "no credentials" to every method that asks, and it refuses to prepare a
request to anything but an endpoint that its exchange calls public.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from core.domain.errors import NotPossible

# What is signed with, under all its names in ccxt (`requiredCredentials` of its base class).
SECRETS = ("apiKey", "secret", "uid", "accountId", "login", "password", "twofa", "privateKey", "walletAddress", "token")

# Groups of endpoints that are public and don't say so in their name (`describe()['api']` of each): candles of krakenfutures,
# the market lists of gemini, woo, bittrade and luno, all that dydx and nado show of their markets.
_ALSO_PUBLIC = frozenset({"charts", "web", "webExchange", "pub", "market", "exchange", "indexer", "archive"})


def is_public(api: str | Sequence[str]) -> bool:
    """Whether a group of endpoints, as ccxt names them ('fapiPublic', ['v1', 'pub']), is open to everybody. In doubt it is not."""
    words = [api] if isinstance(api, str) else list(api)
    if any("private" in word.lower() for word in words):
        return False
    return any("public" in word.lower() or word in _ALSO_PUBLIC for word in words)


class PublicOnly:
    """Mixed in before a ccxt.pro class."""

    id: str

    def __setattr__(self, name: str, value: object) -> None:
        if name in SECRETS and value:
            raise NotPossible(f"Market data of {self.id} is read without keys; it takes none.")
        super().__setattr__(name, value)

    def check_required_credentials(self, error: bool = True) -> Literal[False]:
        """Every private method of ccxt asks this first.

        Raises:
            NotPossible: unless only asked whether.
        """
        if error:
            raise NotPossible(f"Market data of {self.id} is read without keys; nothing private can be asked here.")
        return False

    def sign(self, path: str, api: str | Sequence[str] = "public", *args: Any, **kwargs: Any) -> Mapping[str, Any]:
        """Every request of ccxt is prepared here.

        Raises:
            NotPossible: an endpoint that is not public.
        """
        if not is_public(api):
            raise NotPossible(f"Market data of {self.id} is read without keys; {path} is a private endpoint.", detail=(api, path))
        prepared: Mapping[str, Any] = super().sign(path, api, *args, **kwargs)  # type: ignore[misc]  # ccxt's class comes next
        return prepared
