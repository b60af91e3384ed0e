"""Balances, positions, fees, leverage and what the API key may do.

The futures wallet counts no unrealised profit as available, because the truth never liquidates on it.
https://developers.binance.com/docs/binance-spot-api-docs/rest-api/account-endpoints and
https://developers.binance.com/docs/derivatives/usds-margined-futures/account/rest-api
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, final

from core.domain.errors import VenueRefused
from core.domain.numbers import plain
from core.exchanges.paper.ledger import LEVERAGE, MAX_LEVERAGE
from tests.emulator.binance_errors import Refused
from tests.emulator.binance_params import Params
from tests.emulator.binance_words import spot
from tests.emulator.wire import text
from tests.emulator.world import EmulatedVenue, market_id

if TYPE_CHECKING:
    from tests.emulator.server import Emulator

_CENT = Decimal("1e-8")


@final
class Account:
    """The account endpoints of one venue; see `binance_orders.Orders` for how they are called."""

    def __init__(self, emulator: Emulator, venue: EmulatedVenue) -> None:
        self._emulator = emulator
        self._venue = venue

    # -- spot ------------------------------------------------------------------------------------

    def spot_account(self, params: Params) -> object:
        balances = self._venue.truth.ledger.balances().values()
        return {
            "makerCommission": 10,
            "takerCommission": 10,
            "buyerCommission": 0,
            "sellerCommission": 0,
            "commissionRates": {"maker": "0.00100000", "taker": "0.00100000", "buyer": "0.00000000", "seller": "0.00000000"},
            "canTrade": self._emulator.can_trade,
            "canWithdraw": self._emulator.can_withdraw,
            "canDeposit": True,
            "updateTime": self._venue.now_ms(),
            "accountType": "SPOT",
            "balances": [
                {"asset": one.currency, "free": spot(one.free), "locked": spot(one.total - one.free)}
                for one in balances
                if one.total or not params.flag("omitZeroBalances")
            ],
            "permissions": ["SPOT"],
            "uid": 1,
        }

    def commission(self, params: Params) -> object:
        instrument = self._venue.instruments[params.symbol()]
        rates = {
            "maker": spot(instrument.maker_fee),
            "taker": spot(instrument.taker_fee),
            "buyer": spot(Decimal(0)),
            "seller": spot(Decimal(0)),
        }
        none = dict.fromkeys(rates, spot(Decimal(0)))
        return {"symbol": params.get("symbol"), "standardCommission": rates, "specialCommission": none, "taxCommission": none}

    def trade_fee(self, params: Params) -> object:
        symbols = [params.symbol()] if params.get("symbol") else list(self._venue.instruments)
        return [
            {
                "symbol": market_id(symbol),
                "makerCommission": plain(self._venue.instruments[symbol].maker_fee),
                "takerCommission": plain(self._venue.instruments[symbol].taker_fee),
            }
            for symbol in symbols
        ]

    def api_restrictions(self, _: Params) -> object:
        """https://developers.binance.com/docs/wallet/account/api-key-permission"""
        return {
            "ipRestrict": False,
            "createTime": self._venue.now_ms() - 1_000_000,
            "enableReading": True,
            "enableWithdrawals": self._emulator.can_withdraw,
            "enableInternalTransfer": False,
            "enableMargin": False,
            "enableFutures": self._emulator.may_trade("binance_perp"),
            "permitsUniversalTransfer": False,
            "enableVanillaOptions": False,
            "enableFixApiTrade": False,
            "enableFixReadOnly": False,
            "enableSpotAndMarginTrading": self._emulator.may_trade("binance_spot"),
            "enablePortfolioMarginTrading": False,
        }

    # -- USD-M -----------------------------------------------------------------------------------

    def perp_account(self, _: Params) -> object:
        now_ms = self._venue.now_ms()
        positions = [self._position(symbol) for symbol in self._held()]
        profit = sum((self._profit(symbol) for symbol in self._held()), Decimal(0))
        assets = [
            {
                "asset": one.currency,
                "walletBalance": text(one.total),
                "unrealizedProfit": text(profit),
                "marginBalance": text(one.total),
                "maintMargin": "0",
                "initialMargin": text(one.total - one.free),
                "positionInitialMargin": text(one.total - one.free),
                "openOrderInitialMargin": "0",
                "crossWalletBalance": text(one.total),
                "crossUnPnl": text(profit),
                "availableBalance": text(one.free),
                "maxWithdrawAmount": text(one.free),
                "marginAvailable": True,
                "updateTime": now_ms,
            }
            for one in self._venue.truth.ledger.balances().values()
        ]
        return {
            "feeTier": 0,
            "canTrade": self._emulator.can_trade,
            "canDeposit": True,
            "canWithdraw": self._emulator.can_withdraw,
            "updateTime": 0,
            "multiAssetsMargin": False,
            "assets": assets,
            "positions": positions,
        }

    def balance(self, _: Params) -> object:
        return [
            {
                "accountAlias": "emulator",
                "asset": one.currency,
                "balance": text(one.total),
                "crossWalletBalance": text(one.total),
                "crossUnPnl": "0",
                "availableBalance": text(one.free),
                "maxWithdrawAmount": text(one.free),
                "marginAvailable": True,
                "updateTime": self._venue.now_ms(),
            }
            for one in self._venue.truth.ledger.balances().values()
        ]

    def position_risk(self, params: Params) -> object:
        """V3 tells only symbols with a position; the older ones tell all, and leverage too."""
        symbols = [params.symbol()] if params.get("symbol") else self._held()
        return [self._position(symbol) for symbol in symbols]

    def leverage_brackets(self, params: Params) -> object:
        symbols = [params.symbol()] if params.get("symbol") else list(self._venue.instruments)
        ladder = [(1, MAX_LEVERAGE, 0, 50_000, 0.004), (2, 50, 50_000, 600_000, 0.005), (3, 20, 600_000, 100_000_000, 0.025)]
        brackets = [
            {"bracket": n, "initialLeverage": most, "notionalCap": cap, "notionalFloor": floor, "maintMarginRatio": ratio, "cum": 0.0}
            for n, most, floor, cap, ratio in ladder
        ]
        return [{"symbol": market_id(symbol), "brackets": brackets} for symbol in symbols]

    def set_leverage(self, params: Params) -> object:
        symbol, leverage = params.symbol(), params.whole("leverage") or 0
        if not 1 <= leverage <= MAX_LEVERAGE:
            raise Refused(-4028, f"Leverage {leverage} is not valid")
        try:
            self._venue.truth.ledger.set_leverage(self._venue.instruments[symbol], leverage, None)
        except VenueRefused as error:
            raise Refused(-2028, "Leverage is smaller than permitted: insufficient margin balance.") from error
        self._venue.leverage[symbol] = leverage
        return {"leverage": leverage, "maxNotionalValue": "1000000", "symbol": market_id(symbol)}

    def set_margin_type(self, params: Params) -> object:
        symbol, kind = params.symbol(), params.need("marginType").upper()
        mode = {"ISOLATED": "isolated", "CROSSED": "cross"}.get(kind)
        if mode is None:
            raise Refused(-1128, "Combination of optional parameters invalid.")
        if self._mode(symbol) == mode:
            raise Refused(-4046, "No need to change margin type.")
        if self._venue.open_orders(symbol):
            raise Refused(-4047, "Margin type cannot be changed if there exists open orders.")
        if self._venue.truth.ledger.position(symbol):
            raise Refused(-4048, "Margin type cannot be changed if there exists position.")
        self._venue.truth.ledger.set_leverage(self._venue.instruments[symbol], self._leverage(symbol), mode)
        self._venue.margin_mode[symbol] = mode
        return {"code": 200, "msg": "success"}

    def commission_rate(self, params: Params) -> object:
        instrument = self._venue.instruments[params.symbol()]
        rates = {"makerCommissionRate": plain(instrument.maker_fee), "takerCommissionRate": plain(instrument.taker_fee)}
        return {"symbol": params.get("symbol")} | rates

    def account_config(self, _: Params) -> object:
        return {
            "feeTier": 0,
            "canTrade": self._emulator.can_trade,
            "canDeposit": True,
            "canWithdraw": self._emulator.can_withdraw,
            "dualSidePosition": False,
            "updateTime": 0,
            "multiAssetsMargin": False,
            "tradeGroupId": -1,
        }

    def symbol_config(self, params: Params) -> object:
        symbols = [params.symbol()] if params.get("symbol") else list(self._venue.instruments)
        return [
            {
                "symbol": market_id(symbol),
                "marginType": "ISOLATED" if self._mode(symbol) == "isolated" else "CROSSED",
                "isAutoAddMargin": False,
                "leverage": self._leverage(symbol),
                "maxNotionalValue": "1000000",
            }
            for symbol in symbols
        ]

    def one_way(self, _: Params) -> object:
        return {"dualSidePosition": False}

    def account_update(self, symbol: str) -> dict[str, object]:
        """The event after a trade: the wallet and the one position that moved."""
        position, now_ms = self._venue.positions.of(symbol), self._venue.now_ms()
        balances = [
            {"a": one.currency, "wb": text(one.total), "cw": text(one.total), "bc": "0"}
            for one in self._venue.truth.ledger.balances().values()
        ]
        told = {
            "s": market_id(symbol),
            "pa": text(position.amount),
            "ep": text(position.entry.quantize(_CENT)),
            "bep": text(position.entry.quantize(_CENT)),
            "cr": text(position.realised.quantize(_CENT)),
            "up": text(self._profit(symbol)),
            "mt": self._mode(symbol),
            "iw": "0",
            "ps": "BOTH",
        }
        return {"e": "ACCOUNT_UPDATE", "E": now_ms, "T": now_ms, "a": {"m": "ORDER", "B": balances, "P": [told]}}

    def account_position(self, symbol: str) -> dict[str, object]:
        """The spot event after anything that moves a balance: both currencies of the symbol."""
        instrument, balances = self._venue.instruments[symbol], self._venue.truth.ledger.balances()
        now_ms = self._venue.now_ms()
        told = [
            {"a": one.currency, "f": spot(one.free), "l": spot(one.total - one.free)}
            for one in (balances.get(instrument.base), balances.get(instrument.quote))
            if one is not None
        ]
        return {"e": "outboundAccountPosition", "E": now_ms, "u": now_ms, "B": told}

    def _held(self) -> list[str]:
        return list(self._venue.truth.ledger.positions())

    def _leverage(self, symbol: str) -> int:
        return self._venue.leverage.get(symbol, LEVERAGE)

    def _mode(self, symbol: str) -> str:
        return self._venue.margin_mode.get(symbol, "cross")

    def _profit(self, symbol: str) -> Decimal:
        position = self._venue.positions.of(symbol)
        return ((self._venue.last_price(symbol) - position.entry) * position.amount).quantize(_CENT)

    def _position(self, symbol: str) -> dict[str, object]:
        position, mark = self._venue.positions.of(symbol), self._venue.last_price(symbol)
        notional = position.amount * mark
        margin = (abs(notional) / self._leverage(symbol)).quantize(_CENT)
        isolated = self._mode(symbol) == "isolated"
        return {
            "symbol": market_id(symbol),
            "positionSide": "BOTH",
            "positionAmt": text(position.amount),
            "entryPrice": text(position.entry.quantize(_CENT)),
            "breakEvenPrice": text(position.entry.quantize(_CENT)),
            "markPrice": text(mark),
            "unRealizedProfit": text(self._profit(symbol)),
            "unrealizedProfit": text(self._profit(symbol)),
            "liquidationPrice": "0",
            "isolatedMargin": text(margin if isolated else Decimal(0)),
            "notional": text(notional),
            "marginAsset": self._venue.instruments[symbol].quote,
            "isolatedWallet": text(margin if isolated else Decimal(0)),
            "initialMargin": text(margin),
            "maintMargin": text((abs(notional) * Decimal("0.004")).quantize(_CENT)),
            "positionInitialMargin": text(margin),
            "openOrderInitialMargin": "0",
            "adl": 1,
            "bidNotional": "0",
            "askNotional": "0",
            "leverage": str(self._leverage(symbol)),
            "marginType": "isolated" if isolated else "cross",
            "updateTime": self._venue.now_ms(),
        }
