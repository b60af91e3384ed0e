"""The account: wallet, fees, what the API key may do, leverage and margin mode.

Setting what is set already is an error on one of these and none on the other: `set-leverage` answers 110043 "leverage
not modified", `set-margin-mode` says yes. Margin mode is the whole account's, not a symbol's.
"""

from __future__ import annotations

from contextlib import suppress

from core.domain.errors import VenueRefused
from core.exchanges.paper.ledger import LEVERAGE, MAX_LEVERAGE
from tests.emulator.bybit_errors import LINEAR, SPOT, BybitError, bad_request
from tests.emulator.bybit_exchange import Bybit, Params
from tests.emulator.bybit_words import Row
from tests.emulator.wire import KEY, text
from tests.emulator.world import market_id

_MODES = {"REGULAR_MARGIN": "cross", "ISOLATED_MARGIN": "isolated"}


def wallet_balance(bybit: Bybit, params: Params) -> Row:
    """GET /v5/account/wallet-balance.

    Raises:
        BybitError: any account type but UNIFIED, which is the only one there is.
    """
    if params.get("accountType") != "UNIFIED":
        raise BybitError(10001, "accountType only support UNIFIED.")
    wallet = bybit.wallet()
    if wanted := params.get("coin"):
        coins = wallet["coin"]
        assert isinstance(coins, list)
        wallet["coin"] = [coin for coin in coins if coin["coin"] in wanted.split(",")]
    return {"list": [wallet]}


def fee_rate(bybit: Bybit, params: Params) -> Row:
    """GET /v5/account/fee-rate: of one symbol, or of all in the category."""
    market = bybit.market(params)
    symbols = [market.symbol(params)] if params.get("symbol") else list(market.venue.instruments)
    rates = [
        {
            "symbol": market_id(symbol),
            "baseCoin": "",
            "takerFeeRate": text(market.venue.instruments[symbol].taker_fee),
            "makerFeeRate": text(market.venue.instruments[symbol].maker_fee),
        }
        for symbol in symbols
    ]
    return {"category": market.category, "list": rates}


def account_info(bybit: Bybit, params: Params) -> Row:
    """GET /v5/account/info: a unified account of the second kind."""
    del params
    return {
        "marginMode": bybit.margin_mode,
        "updatedTime": str(bybit.front.now_ms()),
        "unifiedMarginStatus": 5,
        "dcpStatus": "OFF",
        "timeWindow": 10,
        "smpGroup": 0,
        "isMasterTrader": False,
        "spotHedgingStatus": "OFF",
    }


def query_api(bybit: Bybit, params: Params) -> Row:
    """GET /v5/user/query-api: what this key is allowed."""
    del params
    may_trade, may_withdraw = bybit.emulator.can_trade, bybit.emulator.can_withdraw
    may_spot, may_perps = bybit.emulator.may_trade("bybit_spot"), bybit.emulator.may_trade("bybit_perp")
    return {
        "id": "13770661",
        "note": "emulator",
        "apiKey": KEY,
        "readOnly": 0 if may_trade else 1,
        "secret": "",
        "permissions": {
            "ContractTrade": ["Order", "Position"] if may_perps else [],
            "Spot": ["SpotTrade"] if may_spot else [],
            "Wallet": ["AccountTransfer", *(["Withdraw"] if may_withdraw else [])],
            "Options": [],
            "Derivatives": ["DerivativesTrade"] if may_perps and LINEAR in bybit.markets else [],
            "Exchange": [],
            "CopyTrading": [],
            "BlockTrade": [],
            "NFT": [],
            "Affiliate": [],
        },
        "ips": ["*"],
        "type": 1,
        "deadlineDay": 83,
        "expiredAt": "2030-01-01T00:00:00Z",
        "createdAt": "2024-01-01T00:00:00Z",
        "unified": 0,
        "uta": 1,
        "userID": 24600000,
        "inviterID": 0,
        "vipLevel": "No VIP",
        "mktMakerLevel": "0",
        "affiliateID": 0,
        "rsaPublicKey": "",
        "isMaster": True,
        "parentUid": "0",
    }


def coin_info(bybit: Bybit, params: Params) -> Row:
    """GET /v5/asset/coin/query-info. Nothing is deposited here."""
    del bybit, params
    return {"rows": []}


def set_leverage(bybit: Bybit, params: Params) -> Row:
    """POST /v5/position/set-leverage.

    Raises:
        BybitError: 110043 it is that already, 110013 too high, 110044 not enough margin.
    """
    market = bybit.market(params)
    if market.category == SPOT:
        raise bad_request("category only support linear or inverse")
    symbol = market.symbol(params)
    buy, sell = params.get("buyLeverage", ""), params.get("sellLeverage", "")
    if buy != sell:
        raise bad_request("buy leverage must be equal to sell leverage in one-way mode")
    if not buy.isdecimal() or int(buy) < 1:
        raise bad_request("leverage invalid")
    leverage = int(buy)
    if leverage > MAX_LEVERAGE:
        raise BybitError(110013, f"cannot set leverage [{leverage * 100}] gt maxLeverage [{MAX_LEVERAGE * 100}] by risk limit")
    if leverage == market.venue.leverage.get(symbol, LEVERAGE):
        raise BybitError(110043, "leverage not modified")
    try:
        market.venue.truth.ledger.set_leverage(market.venue.instruments[symbol], leverage, None)
    except VenueRefused as error:
        raise BybitError(110044, "Available margin is insufficient") from error
    market.venue.leverage[symbol] = leverage
    return {}


def set_margin_mode(bybit: Bybit, params: Params) -> Row:
    """POST /v5/account/set-margin-mode: everything's, or nothing's.

    Raises:
        BybitError: not now, because something is open.
    """
    wanted = params.get("setMarginMode", "")
    if wanted not in _MODES:
        raise bad_request("setMarginMode invalid")
    if (market := bybit.markets.get(LINEAR)) is not None and wanted != bybit.margin_mode:
        venue, before = market.venue, _MODES[bybit.margin_mode]
        for symbol, instrument in venue.instruments.items():
            try:
                venue.truth.ledger.set_leverage(instrument, venue.leverage.get(symbol, LEVERAGE), _MODES[wanted])
            except VenueRefused as error:
                for changed in venue.instruments.values():
                    with suppress(VenueRefused):  # the one that is busy has not changed
                        venue.truth.ledger.set_leverage(changed, venue.leverage.get(changed.symbol, LEVERAGE), before)
                reasons = [{"reasonCode": "3400088", "reasonMsg": "You have open positions or orders"}]
                raise BybitError(3400045, "Set margin mode failed", result={"reasons": reasons}) from error
    bybit.margin_mode = wanted
    return {"reasons": []}


def switch_isolated(bybit: Bybit, params: Params) -> Row:
    """POST /v5/position/switch-isolated, which unified accounts may not use.

    Raises:
        BybitError: always.
    """
    del bybit, params
    raise BybitError(100028, "unified account is forbidden")
