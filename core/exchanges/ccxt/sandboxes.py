"""The place where an exchange can be tried out: our table says which switch of ccxt's leads there, or else ccxt's own addresses do.

An address that is missing or real among those would spend real money in the name of a test, so a sandbox that only ccxt knows is
entered when it streams books and none of its hosts is one of the real exchange's. Opens no connection.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from core.domain.enums import MarketType
from core.domain.errors import NotPossible
from core.exchanges.ccxt.quirks import quirks_of

# ccxt derives these from other exchanges, and takes over the addresses of their test networks: Binance's, and Delta's.
_NOT_THEIR_OWN = frozenset({"binanceus", "blockchaincom"})
# Documentation and web sites, which gemini has among its addresses; nothing is signed there.
_PAGES = ("web", "www")


def enter_sandbox(client: Any) -> None:
    """Lead a client that has not been used yet to its exchange's sandbox or demo trading.

    Raises:
        NotPossible: there is none, or none that is surely not the real exchange. The client must not be used then.
    """
    sandbox = quirks_of(client.id).sandbox
    if sandbox == "testnet" and client.urls.get("test"):
        client.set_sandbox_mode(True)
    elif sandbox == "demo" and client.urls.get("demo" if client.id != "bybit" else "demotrading"):
        client.enable_demo_trading(True)
    elif sandbox is not None or not _entered_by_ccxt(client):
        raise NotPossible(f"{client.id} has no test network that Fathom knows of.")


def has_sandbox(ccxt: Any, ccxt_id: str, market_type: MarketType) -> bool:
    """Whether this market of an exchange can be opened on testnet.

    Args:
        ccxt: the module `ccxt.pro`.
    """
    if ccxt_id not in ccxt.exchanges:
        return False
    client = getattr(ccxt, ccxt_id)()
    real = _streams(client)
    try:
        enter_sandbox(client)
    except NotPossible:
        return False
    # Some sandboxes are for contracts only (gate, bingx), which shows where streams are kept apart by market.
    return market_type is not MarketType.SPOT or not _for_spot(real) or _for_spot(_streams(client))


def _entered_by_ccxt(client: Any) -> bool:
    if not client.urls.get("test") or client.id in _NOT_THEIR_OWN:
        return False
    real = _hosts(client)
    client.set_sandbox_mode(True)
    if client.id == "cryptocom":
        # WORKAROUND ccxt 4.5.90: describes the test streams one level too high, where its own code does not look.
        # Remove when urls["test"] has "ws".
        client.urls["api"].setdefault("ws", {side: client.urls["api"][side] for side in ("public", "private")})
    return bool(_streams(client)) and not _hosts(client) & real


def _hosts(client: Any) -> set[str]:
    return {urlsplit(url).netloc for path, url in _addresses(client) if not "".join(path[:1]).startswith(_PAGES)}


def _streams(client: Any) -> list[tuple[str, ...]]:
    """Where the addresses of streams are, each as the keys that lead to it: ('ws', 'spot')."""
    return [path for path, url in _addresses(client) if url.startswith(("wss:", "ws:"))]


def _for_spot(streams: list[tuple[str, ...]]) -> bool:
    return any("spot" in path for path in streams)


def _addresses(client: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    for path, url in _leaves(client.urls["api"], ()):
        yield path, client.implode_hostname(url)


def _leaves(urls: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(urls, str):
        yield path, urls
    elif isinstance(urls, Mapping):
        for key, inner in urls.items():
            yield from _leaves(inner, (*path, str(key)))
