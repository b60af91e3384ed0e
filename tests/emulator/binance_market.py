"""Public REST: the rules, the book, the prints, the candles.

A depth snapshot is taken from the live book, between two events of the diff stream as often as not: a client
that ignores the update ids gets a wrong book here, as it would there.
https://developers.binance.com/docs/binance-spot-api-docs/rest-api/market-data-endpoints
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, final

from core.domain.candles import Candle
from core.domain.instruments import Instrument
from core.domain.numbers import floor_to
from tests.emulator.binance_errors import No
from tests.emulator.binance_filters import filters_of
from tests.emulator.binance_limits import Limits
from tests.emulator.binance_params import Params
from tests.emulator.binance_words import SPOT_PLACES
from tests.emulator.book import PublicPrint, Rows
from tests.emulator.wire import text
from tests.emulator.world import EmulatedVenue, market_id

if TYPE_CHECKING:
    from tests.emulator.server import Emulator

INTERVALS_S = {"1m": 60, "3m": 180, "5m": 300, "15m": 900, "30m": 1_800, "1h": 3_600, "4h": 14_400, "1d": 86_400}
_PERP_DEPTHS = (5, 10, 20, 50, 100, 500, 1000)
_MOST_SPOT_DEPTH = 5_000
_SPOT_TYPES = ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"]
_PERP_TYPES = ["LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"]


@dataclass(frozen=True, slots=True)
class Kline:
    """One candle. Prices quote per base; volumes base and quote, of which the taker bought a half."""

    start_ms: int
    end_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal

    @property
    def trades(self) -> int:
        return int(self.volume * 10) + 1


@final
class Market:
    """The public endpoints of one venue; see `binance_orders.Orders` for how they are called."""

    def __init__(self, emulator: Emulator, venue: EmulatedVenue, limits: Limits) -> None:
        self._emulator = emulator
        self._venue = venue
        self._limits = limits

    def ping(self, _: Params) -> object:
        return {}

    def time(self, _: Params) -> object:
        return {"serverTime": self._venue.now_ms()}

    def exchange_info(self, _: Params) -> object:
        symbols = [self._described(instrument) for instrument in self._venue.instruments.values()]
        common = {"timezone": "UTC", "serverTime": self._venue.now_ms(), "rateLimits": self._limits.published()}
        return common | {"exchangeFilters": [], "symbols": symbols}

    def depth(self, params: Params) -> object:
        symbol, limit = params.symbol(), params.whole("limit", 500 if self._venue.is_perp else 100) or 0
        if self._venue.is_perp and limit not in _PERP_DEPTHS:
            raise params.no(No.DEPTH_LIMIT, limit)
        book = self._venue.book(symbol)
        bids, asks = book.levels(min(limit, _MOST_SPOT_DEPTH))
        told = {"lastUpdateId": book.update_id, "bids": self.rows(symbol, book.rows(bids)), "asks": self.rows(symbol, book.rows(asks))}
        return told | ({"E": self._venue.now_ms(), "T": self._venue.ms_of(book.ts_us)} if self._venue.is_perp else {})

    def trades(self, params: Params) -> object:
        symbol = params.symbol()
        return [
            {
                "id": one.number,
                "price": self.price(symbol, one.price),
                "qty": self.amount(symbol, one.amount),
                "quoteQty": text(one.price * one.amount),
                "time": self._venue.ms_of(one.ts_us),
                "isBuyerMaker": one.side.sign < 0,
            }
            | ({} if self._venue.is_perp else {"isBestMatch": True})
            for one in self._latest(symbol, params.limit(500, 1000))
        ]

    def agg_trades(self, params: Params) -> object:
        symbol = params.symbol()
        return [self.agg_trade(symbol, one) for one in self._latest(symbol, params.limit(500, 1000))]

    def klines(self, params: Params) -> object:
        """Without a start the latest ones; with one the first ones from there."""
        symbol, interval = params.symbol(), params.need("interval")
        if interval not in INTERVALS_S:
            raise params.no(No.INTERVAL)
        step_ms = INTERVALS_S[interval] * 1000
        limit = params.limit(500, 1500 if self._venue.is_perp else 1000)
        last_ms = min(params.whole("endTime", self._venue.now_ms()) or 0, self._venue.now_ms())
        since_ms = params.whole("startTime")
        first_ms = (last_ms // step_ms - limit + 1) * step_ms if since_ms is None else -(-since_ms // step_ms) * step_ms
        end_ms = min(last_ms + 1, first_ms + limit * step_ms)
        return [self.kline_row(symbol, kline) for kline in self.klines_between(symbol, first_ms, end_ms, step_ms)]

    def ticker_price(self, params: Params) -> object:
        symbols = [params.symbol()] if params.get("symbol") else list(self._venue.instruments)
        told = [{"symbol": market_id(symbol), "price": self.price(symbol, self._venue.last_price(symbol))} for symbol in symbols]
        return told[0] if params.get("symbol") else told

    def premium_index(self, params: Params) -> object:
        symbol = params.symbol()
        mark, now_ms = self.price(symbol, self._venue.last_price(symbol)), self._venue.now_ms()
        return {"symbol": market_id(symbol), "markPrice": mark, "indexPrice": mark, "lastFundingRate": "0.00010000", "time": now_ms}

    def klines_between(self, symbol: str, first_ms: int, end_ms: int, step_ms: int) -> list[Kline]:
        """Candles that start in [first, end), made of the feed's minutes; empty where it has none."""
        minutes = self._emulator.candles(self._venue, symbol, first_ms * 1000, end_ms * 1000)
        grouped: dict[int, list[Candle]] = {}
        for minute in minutes:
            grouped.setdefault(minute.start_us // 1000 // step_ms * step_ms, []).append(minute)
        return [self._kline(symbol, start_ms, step_ms, group) for start_ms, group in grouped.items()]

    def agg_trade(self, symbol: str, one: PublicPrint) -> dict[str, object]:
        """Each print is its own aggregate here."""
        return {
            "a": one.number,
            "p": self.price(symbol, one.price),
            "q": self.amount(symbol, one.amount),
            "f": one.number,
            "l": one.number,
            "T": self._venue.ms_of(one.ts_us),
            "m": one.side.sign < 0,
        } | ({} if self._venue.is_perp else {"M": True})

    def kline_row(self, symbol: str, kline: Kline) -> list[object]:
        prices = [self.price(symbol, price) for price in (kline.open, kline.high, kline.low, kline.close)]
        quote, half = text(kline.volume * kline.close), kline.volume / 2
        return [
            kline.start_ms,
            *prices,
            text(kline.volume),
            kline.end_ms,
            quote,
            kline.trades,
            text(half),
            text(half * kline.close),
            "0",
        ]

    def rows(self, symbol: str, rows: Rows) -> list[list[str]]:
        price_places, amount_places = self._places(symbol)
        return [[text(price, price_places), text(amount, amount_places)] for price, amount in rows]

    def price(self, symbol: str, price: Decimal) -> str:
        return text(price, self._places(symbol)[0])

    def amount(self, symbol: str, amount: Decimal) -> str:
        return text(amount, self._places(symbol)[1])

    def _places(self, symbol: str) -> tuple[int, int]:
        """Decimals of prices and amounts, as this market pads them."""
        instrument = self._venue.instruments[symbol]
        return (instrument.price_decimals, instrument.amount_decimals) if self._venue.is_perp else (SPOT_PLACES, SPOT_PLACES)

    def _latest(self, symbol: str, limit: int) -> Sequence[PublicPrint]:
        return list(self._venue.prints[symbol])[-limit:]

    def _kline(self, symbol: str, start_ms: int, step_ms: int, minutes: Sequence[Candle]) -> Kline:
        """The feed knows volumes only; the prices wander around the latest, the same for the same minute."""
        tick = self._venue.instruments[symbol].tick
        random = Random(f"{self._venue.name}/{symbol}/{start_ms}")
        middle = self._venue.last_price(symbol)
        prices = sorted(floor_to(middle * Decimal(str(1 + random.gauss(0, 0.0004))), tick) for _ in range(4))
        low, second, third, high = prices
        opened, closed = (second, third) if random.random() < 0.5 else (third, second)
        volume = sum((Decimal(str(round(minute.volume, 6))) for minute in minutes), Decimal(0))
        return Kline(start_ms, start_ms + step_ms - 1, opened, high, low, closed, volume)

    def _described(self, instrument: Instrument) -> dict[str, object]:
        perp = self._venue.is_perp
        market = market_id(instrument.symbol)
        common: dict[str, object] = {
            "symbol": market,
            "status": "TRADING",
            "baseAsset": instrument.base,
            "quoteAsset": instrument.quote,
            "baseAssetPrecision": SPOT_PLACES,
            "quotePrecision": SPOT_PLACES,
            "filters": filters_of(instrument, perp=perp),
        }
        if perp:
            return common | {
                "pair": market,
                "contractType": "PERPETUAL",
                "deliveryDate": 4_133_404_800_000,
                "onboardDate": 1_569_398_400_000,
                "maintMarginPercent": "2.5000",
                "requiredMarginPercent": "5.0000",
                "marginAsset": instrument.quote,
                "pricePrecision": instrument.price_decimals,
                "quantityPrecision": instrument.amount_decimals,
                "underlyingType": "COIN",
                "triggerProtect": "0.0500",
                "liquidationFee": "0.012500",
                "marketTakeBound": "0.05",
                "orderTypes": _PERP_TYPES,
                "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"],
            }
        return common | {
            "quoteAssetPrecision": SPOT_PLACES,
            "baseCommissionPrecision": SPOT_PLACES,
            "quoteCommissionPrecision": SPOT_PLACES,
            "orderTypes": _SPOT_TYPES,
            "icebergAllowed": True,
            "ocoAllowed": False,
            "quoteOrderQtyMarketAllowed": True,
            "cancelReplaceAllowed": True,
            "amendAllowed": False,
            "isSpotTradingAllowed": True,
            "isMarginTradingAllowed": False,
            "permissions": ["SPOT"],
            "permissionSets": [["SPOT"]],
            "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
            "allowedSelfTradePreventionModes": ["EXPIRE_MAKER"],
        }
