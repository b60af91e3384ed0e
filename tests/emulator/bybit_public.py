"""Public market data over REST: instruments, books, candles, prints.

Spot and linear name their filters differently (`basePrecision` and `minOrderAmt` here, `qtyStep` and `minNotionalValue`
there), only linear turns pages, and candles come newest first.
https://bybit-exchange.github.io/docs/v5/market/instrument
"""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import quote, unquote

from core.domain.candles import MINUTE_US
from core.domain.instruments import Instrument
from core.exchanges.paper.ledger import MAX_LEVERAGE
from tests.emulator.bybit_errors import LINEAR, SPOT, bad_request
from tests.emulator.bybit_exchange import Bybit, Params, whole
from tests.emulator.bybit_words import Row, millis, side_word, trade_id
from tests.emulator.wire import text
from tests.emulator.world import market_id

INTERVALS = {"1": 1, "3": 3, "5": 5, "15": 15, "30": 30, "60": 60, "120": 120, "240": 240, "360": 360, "720": 720, "D": 1440, "W": 10080}
_DEEPEST = {SPOT: 200, LINEAR: 500}


def server_time(bybit: Bybit, params: Params) -> Row:
    """GET /v5/market/time."""
    del params
    now_ms = bybit.front.now_ms()
    return {"timeSecond": str(now_ms // 1000), "timeNano": str(now_ms * 1_000_000)}


def instruments_info(bybit: Bybit, params: Params) -> Row:
    """GET /v5/market/instruments-info. Categories and stages that are not emulated are empty."""
    category = params.get("category", "")
    if category not in (SPOT, LINEAR, "inverse", "option"):
        raise bad_request("Illegal category")
    market = bybit.markets.get(category)
    if market is None or params.get("status", "Trading") != "Trading":
        return {"category": category, "list": [], "nextPageCursor": ""}
    row = _spot_row if category == SPOT else _linear_row
    symbols = [market.symbol(params)] if params.get("symbol") else list(market.venue.instruments)
    if category == SPOT:
        return {"category": category, "list": [row(market.venue.instruments[symbol]) for symbol in symbols]}
    first = _first(params.get("cursor", ""))
    past = first + min(whole(params, "limit", 500), bybit.page)
    more = quote(f"first={past}", safe="") if past < len(symbols) else ""
    return {
        "category": category,
        "list": [row(market.venue.instruments[symbol]) for symbol in symbols[first:past]],
        "nextPageCursor": more,
    }


def orderbook(bybit: Bybit, params: Params) -> Row:
    """GET /v5/market/orderbook."""
    market = bybit.market(params)
    symbol = market.symbol(params)
    limit = whole(params, "limit", 1 if market.category == SPOT else 25)
    if not 1 <= limit <= _DEEPEST[market.category]:
        raise bad_request("params error: limit invalid")
    book = market.venue.book(symbol)
    bids, asks = book.levels(limit)
    ts = market.venue.ms_of(book.ts_us)
    sides = {name: [[text(price), text(size)] for price, size in book.rows(side)] for name, side in (("b", bids), ("a", asks))}
    return {"s": market_id(symbol), **sides, "ts": market.venue.now_ms(), "u": book.update_id, "seq": book.update_id, "cts": ts}


def kline(bybit: Bybit, params: Params) -> Row:
    """GET /v5/market/kline: from `start` on when only that is given, else the latest ones.

    All are at today's price: only the volume has a past here.
    """
    market = bybit.market(params)
    symbol = market.symbol(params)
    minutes, limit = INTERVALS.get(params.get("interval", "")), whole(params, "limit", 200)
    if minutes is None:
        raise bad_request("Invalid period!")
    if not 1 <= limit <= 1_000:
        raise bad_request("params error: limit invalid")
    step_us = minutes * MINUTE_US
    end_us = whole(params, "end", market.venue.now_ms()) * 1000
    first_us = -(-whole(params, "start", 0) * 1000 // step_us) * step_us
    last_us = end_us // step_us * step_us
    if "start" in params and "end" not in params:
        last_us = min(last_us, first_us + (limit - 1) * step_us)
    first_us = max(first_us, last_us - (limit - 1) * step_us)
    volumes: dict[int, Decimal] = {}
    if first_us <= last_us:
        for candle in bybit.emulator.candles(market.venue, symbol, first_us, last_us + step_us):
            start_us = candle.start_us // step_us * step_us
            volumes[start_us] = volumes.get(start_us, Decimal(0)) + Decimal(str(candle.volume))
    price = market.venue.last_price(symbol)
    rows = [[millis(start_us), *[text(price)] * 4, text(volume), text(volume * price)] for start_us, volume in sorted(volumes.items())]
    return {"symbol": market_id(symbol), "category": market.category, "list": rows[::-1]}


def recent_trades(bybit: Bybit, params: Params) -> Row:
    """GET /v5/market/recent-trade, newest first."""
    market = bybit.market(params)
    symbol = market.symbol(params)
    limit = whole(params, "limit", 60 if market.category == SPOT else 500)
    rows = [
        {
            "execId": trade_id(market.category, trade.number),
            "symbol": market_id(symbol),
            "price": text(trade.price),
            "size": text(trade.amount),
            "side": side_word(trade.side),
            "time": millis(trade.ts_us),
            "isBlockTrade": False,
        }
        for trade in market.venue.prints[symbol]
    ]
    return {"category": market.category, "list": rows[::-1][:limit]}


def _first(cursor: str) -> int:
    if not cursor:
        return 0
    said = unquote(cursor).removeprefix("first=")
    if not said.isdecimal():
        raise bad_request("cursor is invalid")
    return int(said)


def _row(instrument: Instrument) -> Row:
    return {
        "symbol": market_id(instrument.symbol),
        "baseCoin": instrument.base,
        "quoteCoin": instrument.quote,
        "status": "Trading",
        "symbolType": "",
    }


def _spot_row(instrument: Instrument) -> Row:
    least = instrument.min_amount or instrument.lot
    return _row(instrument) | {
        "innovation": "0",
        "marginTrading": "utaOnly",
        "stTag": "0",
        "lotSizeFilter": {
            "basePrecision": text(instrument.lot),
            "quotePrecision": text(instrument.lot * instrument.tick),
            "minOrderQty": text(least),
            "maxOrderQty": text(least * 10**9),
            "minOrderAmt": text(instrument.min_notional),
            "maxOrderAmt": "8000000000",
            "maxLimitOrderQty": text(least * 10**9),
            "maxMarketOrderQty": text(least * 10**8),
        },
        "priceFilter": {"tickSize": text(instrument.tick)},
        "riskParameters": {"priceLimitRatioX": "0.05", "priceLimitRatioY": "0.05"},
    }


def _linear_row(instrument: Instrument) -> Row:
    least = instrument.min_amount or instrument.lot
    return _row(instrument) | {
        "contractType": "LinearPerpetual",
        "settleCoin": instrument.quote,
        "launchTime": "1585526400000",
        "deliveryTime": "0",
        "deliveryFeeRate": "",
        "priceScale": str(instrument.price_decimals),
        "leverageFilter": {"minLeverage": "1", "maxLeverage": f"{MAX_LEVERAGE}.00", "leverageStep": "0.01"},
        "priceFilter": {"minPrice": text(instrument.tick), "maxPrice": text(instrument.tick * 10**8), "tickSize": text(instrument.tick)},
        "lotSizeFilter": {
            "maxOrderQty": text(least * 10**9),
            "minOrderQty": text(least),
            "qtyStep": text(instrument.lot),
            "postOnlyMaxOrderQty": text(least * 10**9),
            "maxMktOrderQty": text(least * 10**8),
            "minNotionalValue": text(instrument.min_notional),
        },
        "unifiedMarginTrade": True,
        "fundingInterval": 480,
        "copyTrading": "both",
        "isPreListing": False,
        "preListingInfo": None,
    }
