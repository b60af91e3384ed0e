"""Markets on real exchanges: paper over what they show to everybody, testnet and live on the trader's accounts.

An account belongs to an exchange, not to a venue: Binance's spot and perp venues sign with the same keys, and venues that ccxt
keeps behind one id share one pair of clients.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from core.desk.key_backends import KeyStoreError
from core.desk.keys import KeyStore, open_keys
from core.desk.market import Market
from core.desk.profile import emulator_of
from core.desk.settings import Settings
from core.domain.clock import Clock, SystemClock
from core.domain.credentials import Credentials
from core.domain.errors import NoAccounts, UnknownVenue
from core.exchanges.ccxt.access import Access, AccessKind
from core.exchanges.ccxt.clients import ExchangeClients, load_ccxt
from core.exchanges.ccxt.connector import CcxtConnector
from core.exchanges.ccxt.live_feed import LiveFeed
from core.exchanges.ccxt.market_list import MarketLists
from core.exchanges.ccxt.quirks import quirks_of, rates_of
from core.exchanges.ccxt.sandboxes import has_sandbox
from core.exchanges.ccxt.venues import FIRST_CLASS, parse_venue
from core.exchanges.limited import LimitedConnector
from core.exchanges.limiter import RateLimits
from core.exchanges.names import PERP, SPOT, resolve_venue
from core.exchanges.paper.connector import PaperConnector

PAPER_VENUES = ("binance_spot", "binance_perp", "bybit_spot", "bybit_perp", "okx_spot", "okx_perp", "kraken_spot")
# A simulated order has no way to go; this is about what one takes from a desk that is not next to the exchange.
PAPER_LATENCY_MS = 50.0
PAPER_RATES = RateLimits(requests_per_s=50, burst=100, for_orders=25, cancels_per_s=50, cancel_burst=100)

# Kraken's futures have keys of their own: https://support.kraken.com/articles/360022839451-generate-api-keys
_OWNERS = {"kraken_perp": "krakenfutures"}


def account_of(venue: str) -> str:
    """The exchange whose keys `venue` signs with.

    Raises:
        UnknownVenue: not a venue's name.
    """
    return _OWNERS.get(venue) or parse_venue(venue).exchange


def venues_of(exchange: str) -> tuple[str, ...]:
    """The venues that `exchange`'s keys are good for."""
    owned = tuple(venue for venue, owner in _OWNERS.items() if owner == exchange)
    return owned or tuple(venue for venue in (exchange + SPOT, exchange + PERP) if venue not in _OWNERS)


def find_venues(names: Iterable[str]) -> tuple[str, ...]:
    """Canonical names, each once.

    Raises:
        UnknownVenue: a name that is no venue's.
    """
    return tuple(dict.fromkeys(_find_venue(name) for name in names))


def _find_venue(name: str) -> str:
    try:
        return resolve_venue(name, FIRST_CLASS)
    except UnknownVenue:
        return parse_venue(name.strip().lower()).venue  # any other exchange of ccxt


def paper_market(settings: Settings) -> Market:
    """Live public data and simulated fills. Nothing is signed.

    Raises:
        UnknownVenue: not a venue's name.
        BadRequest: the development setting is no address.
    """
    clock, emulated = SystemClock(), emulator_of("paper") is not None
    venues = find_venues(settings.venues) or PAPER_VENUES
    feed = live_feed(venues, clock)
    simulated = {venue: PaperConnector(venue, feed, clock, latency_ms=PAPER_LATENCY_MS, seed=settings.seed) for venue in venues}
    limited = {venue: LimitedConnector(connector, PAPER_RATES, clock) for venue, connector in simulated.items()}
    return Market(clock, feed, limited, on_demand=True, emulated=emulated, closing=feed.close)


def live_feed(venues: Iterable[str], clock: Clock) -> LiveFeed:
    """What these venues show to everybody. It can't sign.

    Args:
        venues: canonical names.

    Raises:
        BadRequest: the development setting is no address.
    """
    emulator, clients = emulator_of("paper"), _Clients(clock)
    return LiveFeed({venue: CcxtConnector(venue, clients.of(venue, Access("public", None, emulator)), clock) for venue in venues})


async def account_market(settings: Settings) -> Market:
    """The accounts whose keys are known, on the exchanges' sandboxes or with real money.

    Raises:
        NoAccounts: there are no keys, or none for the venues asked for.
        UnknownVenue: not a venue's name.
        BadRequest: the development setting is no address.
    """
    clock, emulator, store = SystemClock(), emulator_of(settings.mode), open_keys(settings.mode)
    exchanges = [account.exchange for account in await store.accounts()]
    asked = find_venues(settings.venues) or tuple(venue for exchange in exchanges for venue in venues_of(exchange))
    remarks = [store.explanation]
    venues = [venue for venue in asked if settings.mode == "live" or await asyncio.to_thread(_has_sandbox, venue)]
    if without := [venue for venue in asked if venue not in venues]:
        remarks.append(f"{', '.join(without)}: the exchange has no test network, so there is no such venue on testnet.")
    if missing := [exchange for exchange in dict.fromkeys(map(account_of, venues)) if exchange not in exchanges]:
        raise _no_accounts(settings.mode, store, missing)
    keys = await _load(store, dict.fromkeys(map(account_of, venues)), remarks)
    venues = [venue for venue in venues if account_of(venue) in keys]
    if not venues:
        raise _no_accounts(settings.mode, store, [])
    clients, connectors = _Clients(clock), {}
    kind: AccessKind = "live" if settings.mode == "live" else "testnet"
    for venue in venues:
        access = Access(kind, keys[account_of(venue)], emulator)
        connectors[venue] = LimitedConnector(CcxtConnector(venue, clients.of(venue, access), clock), rates_of(venue), clock)
    return Market(clock, None, connectors, lives_on=True, on_demand=True, emulated=emulator is not None, remarks=tuple(remarks))


class _Clients:
    """One pair of clients for each id of ccxt, and one cache of market lists for all of them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lists = MarketLists(clock)
        self._made: dict[str, ExchangeClients] = {}

    def of(self, venue: str, access: Access) -> ExchangeClients:
        ccxt_id = parse_venue(venue).ccxt_id
        if ccxt_id not in self._made:
            self._made[ccxt_id] = ExchangeClients(ccxt_id, access, self._clock, self._lists)
        return self._made[ccxt_id]


def _has_sandbox(venue: str) -> bool:
    """Imports ccxt where our own table does not know."""
    parsed = parse_venue(venue)
    if quirks_of(parsed.ccxt_id).sandbox is not None:
        return True
    return has_sandbox(load_ccxt(), parsed.ccxt_id, parsed.market_type)


async def _load(store: KeyStore, exchanges: Iterable[str], remarks: list[str]) -> dict[str, Credentials]:
    """The keys of those that the store gives; the others are remarked on."""
    keys = {}
    for exchange in exchanges:
        try:
            credentials = await store.load(exchange)
        except KeyStoreError as error:
            remarks.append(str(error))
        else:
            if credentials is not None:
                keys[exchange] = credentials
    return keys


def _no_accounts(mode: str, store: KeyStore, exchanges: Sequence[str]) -> NoAccounts:
    where = f" of {', '.join(exchanges)}" if exchanges else ""
    how = "Add the account with its key and secret under Accounts." if store.writable else store.explanation
    return NoAccounts(f"There are no API keys{where} for {mode} trading. {how}", mode=mode, exchanges=tuple(exchanges))
