"""What a key may do. A key that may withdraw should not be in a trading terminal at all, and the trader is told so.

Exchanges that do not say it leave it unknown, which is not the same as "no".
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.domain.clock import Clock
from core.domain.enums import MarketType
from core.domain.errors import NotPossible, VenueError
from core.exchanges.ccxt.asking import Asking
from core.exchanges.ccxt.clients import ExchangeClients
from core.exchanges.ccxt.outcomes import Ask
from core.exchanges.ccxt.skew import ClockSkew

log = logging.getLogger(__name__)

_NAMES = {MarketType.SPOT: "spot", MarketType.PERP: "perps"}


@dataclass(frozen=True, slots=True)
class Permissions:
    """What the exchange says of a key.

    Attributes:
        can_trade, can_withdraw: None where it does not say.
        words: one sentence for the trader.
        markets: whether spot and perps may be traded, where the exchange tells them apart; empty where it does not.
    """

    can_trade: bool | None
    can_withdraw: bool | None
    words: str
    markets: Mapping[MarketType, bool] = field(default_factory=dict)

    def traded(self, *, allowed: bool) -> tuple[str, ...]:
        """'spot', 'perps': the markets that may be traded, or those that may not, among those that are told apart."""
        return tuple(name for market, name in _NAMES.items() if self.markets.get(market) is allowed)


async def permissions(clients: ExchangeClients, clock: Clock) -> Permissions:
    """Ask the exchange what the key of `clients`, which must be open, may do. That it answers at all proves that the key is taken.

    Raises:
        NotPossible: there are no keys.
        VenueRefused: the exchange does not take them.
        VenueUnavailable, OutcomeUnknown: it did not answer.
    """
    client = clients.trading
    if client is None:
        raise NotPossible(f"There are no keys for {clients.ccxt_id}.")
    asking = Asking(clients.ccxt_id, client, ClockSkew(client, clock))
    if client.id in ("binance", "binanceusdm") and clients.access.kind == "live":
        # Demo trading and the test network have no such endpoint.
        return _binance(await asking.ask(Ask.QUERY, client.sapi_get_account_apirestrictions))
    if client.id == "bybit":
        return _bybit(await asking.ask(Ask.QUERY, client.private_get_v5_user_query_api))
    if client.id == "okx":
        return _okx(await asking.ask(Ask.QUERY, client.private_get_account_config))
    if client.id == "kraken" and (told := await _kraken(asking, client)) is not None:
        return told
    await asking.ask(Ask.QUERY, client.fetch_balance)
    return Permissions(None, None, f"{client.id} takes the key; it does not say what it may do.")


def _binance(raw: Mapping[str, Any]) -> Permissions:
    """https://developers.binance.com/docs/wallet/account/api-key-permission"""
    markets = {MarketType.SPOT: _true(raw.get("enableSpotAndMarginTrading")), MarketType.PERP: _true(raw.get("enableFutures"))}
    return _said("Binance", any(markets.values()), _true(raw.get("enableWithdrawals")), markets)


def _bybit(raw: Mapping[str, Any]) -> Permissions:
    """https://bybit-exchange.github.io/docs/v5/user/apikey-info"""
    result = raw.get("result") or {}
    granted = result.get("permissions") or {}
    writes = str(result.get("readOnly", "0")) == "0"
    if not granted:
        return _said("Bybit", writes, None)
    perps = granted.get("ContractTrade") or granted.get("Derivatives")
    markets = {MarketType.SPOT: writes and bool(granted.get("Spot")), MarketType.PERP: writes and bool(perps)}
    return _said("Bybit", any(markets.values()), "Withdraw" in (granted.get("Wallet") or ()), markets)


def _okx(raw: Mapping[str, Any]) -> Permissions:
    """https://www.okx.com/docs-v5/en/#trading-account-rest-api-get-account-configuration"""
    granted = str((raw.get("data") or [{}])[0].get("perm") or "").split(",")
    return _said("okx", "trade" in granted, "withdraw" in granted)


async def _kraken(asking: Asking, client: Any) -> Permissions | None:
    """https://docs.kraken.com/api-reference/account-data/get-api-key-info; None where it does not say it."""
    ask = getattr(client, "private_post_getapikeyinfo", None)
    if ask is None:
        return None
    try:
        raw = await asking.ask(Ask.QUERY, ask)
    except VenueError as error:  # what is asked instead says the same of a key that is no good at all
        log.info("kraken: %s", error, extra={"detail": error.detail})
        return None
    granted = (raw.get("result") or {}).get("permissions")
    if not isinstance(granted, list):
        return None
    return _said("Kraken", "modify-trades" in granted, any(str(one).startswith("withdraw") for one in granted))


def _true(value: object) -> bool:
    return str(value).lower() == "true"


def _said(exchange: str, trade: bool, withdraw: bool | None, markets: Mapping[MarketType, bool] | None = None) -> Permissions:
    words = f"{exchange}: the key may trade" if trade else f"{exchange}: the key may only read; orders would be refused"
    if trade and markets and not all(markets.values()):
        words += f" {next(_NAMES[market] for market, may in markets.items() if may)} only"
    if withdraw:
        words += ", and it may WITHDRAW. Make one that may not"
    elif withdraw is None:
        words += "; whether it may withdraw is not said"
    else:
        words += " and may not withdraw" if trade else ""
    return Permissions(trade, withdraw, words + ".", markets or {})
