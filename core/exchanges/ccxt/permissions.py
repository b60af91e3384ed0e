"""What a key may do. A key that may withdraw should not be in a trading terminal at all, and the trader is told so.

Exchanges that do not say it leave it unknown, which is not the same as "no".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.domain.clock import Clock
from core.domain.errors import NotPossible
from core.exchanges.ccxt.asking import Asking
from core.exchanges.ccxt.clients import ExchangeClients
from core.exchanges.ccxt.outcomes import Ask
from core.exchanges.ccxt.skew import ClockSkew


@dataclass(frozen=True, slots=True)
class Permissions:
    """What the exchange says of a key.

    Attributes:
        can_trade, can_withdraw: None where it does not say.
        words: one sentence for the trader.
    """

    can_trade: bool | None
    can_withdraw: bool | None
    words: str


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
        return _binance(await asking.ask(Ask.QUERY, client.sapi_get_account_apirestrictions), client.id)
    if client.id == "bybit":
        return _bybit(await asking.ask(Ask.QUERY, client.private_get_v5_user_query_api))
    if client.id == "okx":
        return _okx(await asking.ask(Ask.QUERY, client.private_get_account_config))
    await asking.ask(Ask.QUERY, client.fetch_balance)
    return Permissions(None, None, f"{client.id} takes the key; it does not say what it may do.")


def _binance(raw: Mapping[str, Any], ccxt_id: str) -> Permissions:
    """https://developers.binance.com/docs/wallet/account/api-key-permission"""
    trade = _true(raw.get("enableFutures" if ccxt_id == "binanceusdm" else "enableSpotAndMarginTrading"))
    return _said("Binance", trade, _true(raw.get("enableWithdrawals")))


def _bybit(raw: Mapping[str, Any]) -> Permissions:
    """https://bybit-exchange.github.io/docs/v5/user/apikey-info"""
    result = raw.get("result") or {}
    granted = result.get("permissions") or {}
    trade = str(result.get("readOnly", "0")) == "0"
    if granted:
        trade = trade and bool(granted.get("Spot") or granted.get("ContractTrade") or granted.get("Derivatives"))
    return _said("Bybit", trade, "Withdraw" in (granted.get("Wallet") or ()) if granted else None)


def _okx(raw: Mapping[str, Any]) -> Permissions:
    """https://www.okx.com/docs-v5/en/#trading-account-rest-api-get-account-configuration"""
    granted = str((raw.get("data") or [{}])[0].get("perm") or "").split(",")
    return _said("okx", "trade" in granted, "withdraw" in granted)


def _true(value: object) -> bool:
    return str(value).lower() == "true"


def _said(exchange: str, trade: bool, withdraw: bool | None) -> Permissions:
    words = f"{exchange}: the key may trade" if trade else f"{exchange}: the key may only read; orders would be refused"
    if withdraw:
        words += ", and it may WITHDRAW. Make one that may not"
    elif withdraw is None:
        words += "; whether it may withdraw is not said"
    else:
        words += " and may not withdraw" if trade else ""
    return Permissions(trade, withdraw, words + ".")
