"""Whether an account's keys work, and what they could do in the wrong hands: asked before they are saved, without placing anything.

A key that may withdraw is the one thing a trading terminal should never hold, so it is said first. What the exchange says
no to is an answer here, not an error.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from decimal import Decimal

from core.desk.exchanges import venues_of
from core.desk.profile import emulator_of
from core.domain.clock import Clock, SystemClock
from core.domain.credentials import Credentials
from core.domain.errors import FathomError, VenueError
from core.exchanges.ccxt.access import Access
from core.exchanges.ccxt.account import Account
from core.exchanges.ccxt.asking import Asking
from core.exchanges.ccxt.clients import ExchangeClients
from core.exchanges.ccxt.permissions import Permissions, permissions
from core.exchanges.ccxt.skew import ClockSkew
from core.exchanges.ccxt.venues import parse_venue
from core.exchanges.connector import Balance

log = logging.getLogger(__name__)

# An exchange that is reached for the first time sends the list of everything it trades.
PATIENCE_S = 30.0

_FIRST = ("binance", "bybit", "okx", "kraken", "krakenfutures")
# Every other exchange of ccxt 4.5 that streams books and signs with a key and a secret, and those that want a third part;
# tests/core/desk/test_accounts.py compares them with the library, which costs a second to import.
_OTHERS = (
    "alpaca apex backpack bequant binanceus bingx bitfinex bitget bithumb bitrue bitstamp bittrade bitvavo blockchaincom blofin bullish "
    "bybiteu bybitid bydfi cex coinbase coinbaseexchange coinbaseinternational coincheck coinone cryptocom deepcoin deribit dydx gate "
    "gateeu gemini hashkey hitbtc hollaex htx independentreserve kucoin lbank luno mexc myokx okxus onetrading p2b phemex poloniex "
    "toobit upbit weex whitebit xt"
)
_WITH_PASSPHRASE = frozenset({"apex", "bitget", "blofin", "coinbaseexchange", "deepcoin", "kucoin", "myokx", "okx", "okxus", "weex"})


@dataclass(frozen=True, slots=True)
class AccountCheck:
    """What came of trying an account's keys.

    Attributes:
        ok: the exchange takes the key.
        sentence: what happened, one calm sentence.
        permissions: what the key may do, in a word or a few each ("read", "trade spot"); empty where the exchange does not say.
        refused: the markets that a key which may trade may not trade ("perps").
        can_withdraw: None where it does not say.
        warning: what to be careful about; empty when nothing is.
        balances: (currency, total in it) of what is held, by name.
    """

    ok: bool
    sentence: str
    permissions: tuple[str, ...] = ()
    can_withdraw: bool | None = None
    warning: str = ""
    balances: tuple[tuple[str, Decimal], ...] = ()
    refused: tuple[str, ...] = ()


def known_exchanges() -> tuple[str, ...]:
    """Exchanges that an account can be added for, the usual ones first."""
    return (*_FIRST, *_OTHERS.split())


def needs_passphrase(exchange: str) -> bool:
    """Whether its keys have a third part."""
    return exchange in _WITH_PASSPHRASE


async def check_account(credentials: Credentials, mode: str, *, clock: Clock | None = None) -> AccountCheck:
    """Connect with these keys and ask what they may do and what the account holds. Never fails because of what the exchange says.

    Args:
        mode: `testnet` or `live`: which of the exchange's two worlds the keys are for.

    Raises:
        BadRequest: the development setting is no address.
    """
    emulator = emulator_of(mode)
    venue = parse_venue(venues_of(credentials.exchange)[0])
    access = Access("live" if mode == "live" else "testnet", credentials, emulator)
    clock = clock or SystemClock()
    clients = ExchangeClients(venue.ccxt_id, access, clock)
    try:
        async with asyncio.timeout(PATIENCE_S):
            await clients.open()
            granted = await permissions(clients, clock)
            client = clients.trading
            account = Account(venue, client, clients.quirks, Asking(venue.venue, client, ClockSkew(client, clock)))
            return _found(credentials, mode, granted, await _balances(account))
    except TimeoutError:
        return AccountCheck(False, f"{credentials.exchange} did not answer within {PATIENCE_S:.0f} s.")
    except FathomError as error:
        log.warning("the %s account on %s: %s", mode, credentials.exchange, error, extra={"detail": error.detail})
        return AccountCheck(False, str(error))
    finally:
        await clients.close()


async def _balances(account: Account) -> dict[str, Balance]:
    """Empty when they can't be had: a key that may not read them may still be good."""
    try:
        return await account.balances()
    except VenueError as error:
        log.warning("balances: %s", error, extra={"detail": error.detail})
        return {}


def _found(credentials: Credentials, mode: str, granted: Permissions, balances: dict[str, Balance]) -> AccountCheck:
    trade = " ".join(("trade", " and ".join(granted.traded(allowed=True)))).strip()
    refused = granted.traded(allowed=False) if granted.can_trade else ()
    powers = {"read": granted.can_trade is not None, "withdraw": granted.can_withdraw, trade: granted.can_trade}
    warnings = []
    if granted.can_withdraw:
        warnings.append("This key may withdraw. Fathom never needs that: make one that may only trade, and delete this one.")
    if granted.can_trade is False:
        warnings.append("This key may not trade: orders would be refused.")
    if refused:
        warnings.append(f"This key may not trade {' and '.join(refused)}: orders there would be refused.")
    return AccountCheck(
        ok=True,
        sentence=f"{credentials.exchange} takes the key for {mode} trading.",
        permissions=tuple(word for word, may in powers.items() if may),
        can_withdraw=granted.can_withdraw,
        warning=" ".join(warnings),
        balances=tuple((currency, balance.total) for currency, balance in sorted(balances.items())),
        refused=refused,
    )
