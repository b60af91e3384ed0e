"""Makes one ccxt client: guarded or with keys, on the real network, the test network or the emulator. Opens no connection."""

from __future__ import annotations

from typing import Any

from core.domain.errors import NotPossible, UnknownVenue
from core.exchanges.ccxt.access import Access, make_session
from core.exchanges.ccxt.pace import MarketPace
from core.exchanges.ccxt.public_only import PublicOnly
from core.exchanges.ccxt.quirks import quirks_of
from core.exchanges.ccxt.sandboxes import enter_sandbox
from core.exchanges.ccxt.sequences import SEQUENCE_CHECKS
from core.exchanges.ccxt.sockets import Sockets

# ccxt's default of 30 s would notice a dead socket after a minute and more: it takes two missed pongs.
KEEP_ALIVE_MS = 5_000
TIMEOUT_MS = 10_000


def make_client(ccxt: Any, ccxt_id: str, access: Access, *, for_trading: bool) -> Any:
    """A client of `ccxt` (the module `ccxt.pro`), to be closed with `close_quietly`.

    Args:
        for_trading: with the keys of `access` and without ccxt's rate limiter; otherwise one that can't sign at all.

    Raises:
        UnknownVenue: ccxt has no such exchange, or it streams no books.
        NotPossible: testnet access, and the exchange has none.
    """
    known = getattr(ccxt, ccxt_id, None) if ccxt_id in ccxt.exchanges else None
    if not isinstance(known, type):
        raise UnknownVenue(f"ccxt knows no exchange {ccxt_id!r} with live market data.")
    quirks = quirks_of(ccxt_id)
    config: dict[str, Any] = {
        "enableRateLimit": not for_trading,
        "timeout": TIMEOUT_MS,
        "newUpdates": True,
        "options": {"warnOnFetchOpenOrdersWithoutSymbol": False, **quirks.options},
    }
    if for_trading:
        config |= _keys(access)
    checks = [check for known_id, check in SEQUENCE_CHECKS.items() if known_id == ccxt_id]
    bases = (Sockets, known) if for_trading else (PublicOnly, MarketPace, Sockets, *checks, known)
    client: Any = type(ccxt_id, bases, {})(config)
    client.streaming = {**client.streaming, "keepAlive": KEEP_ALIVE_MS}
    if not client.has.get("watchOrderBook"):
        raise UnknownVenue(f"{ccxt_id} streams no order books, so Fathom can't use it.")
    if access.kind == "testnet":
        enter_sandbox(client)
    if access.emulator is not None:
        client.session, client.own_session = make_session(access.emulator), False
    return client


def _keys(access: Access) -> dict[str, str]:
    credentials = access.credentials
    if credentials is None:
        raise NotPossible("There are no keys to trade with.")
    keys = {"apiKey": credentials.key, "secret": credentials.secret}
    return keys | ({"password": credentials.passphrase} if credentials.passphrase else {})
