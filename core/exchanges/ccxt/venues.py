"""Which exchange of ccxt a venue's name means. Binance and Kraken are two exchanges there, and one here.

A desk knows `BTC/USDT` on spot and perp alike; ccxt calls the perp `BTC/USDT:USDT`, after what it settles in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.domain.enums import MarketType
from core.domain.errors import UnknownVenue
from core.exchanges.names import PERP, SPOT

# Everybody else keeps both markets behind one id.
_IDS = {"binance_perp": "binanceusdm", "kraken_perp": "krakenfutures", "kucoin_perp": "kucoinfutures"}
_NAME = re.compile(r"([a-z0-9]+)_(spot|perp)")

# Tested over real sockets or by the exchange's own documentation; any other exchange works on defaults.
FIRST_CLASS = tuple(f"{exchange}{kind}" for exchange in ("binance", "bybit", "okx", "kraken") for kind in (SPOT, PERP))


@dataclass(frozen=True, slots=True)
class VenueId:
    """A venue's name, taken apart.

    Attributes:
        venue: `binance_perp`.
        exchange: `binance`: whose account it is; keys belong to it.
        ccxt_id: `binanceusdm`: the class in `ccxt.pro`.
        market_type: spot or (linear) perp.
    """

    venue: str
    exchange: str
    ccxt_id: str
    market_type: MarketType

    def ccxt_symbol(self, symbol: str) -> str:
        """`BTC/USDT` as ccxt calls it on this venue."""
        return symbol if self.market_type is MarketType.SPOT else f"{symbol}:{symbol.partition('/')[2]}"


def parse_venue(venue: str) -> VenueId:
    """Take a venue's canonical name apart. Whether ccxt has such an exchange shows only when it is opened.

    Raises:
        UnknownVenue: not of the form `exchange_spot` or `exchange_perp`.
    """
    match = _NAME.fullmatch(venue)
    if match is None:
        raise UnknownVenue(f"There is no venue {venue!r}; venues are called like binance_spot or okx_perp.")
    exchange = match[1]
    return VenueId(venue, exchange, _IDS.get(venue, exchange), MarketType(match[2]))


def kinds_of(ccxt_id: str) -> frozenset[MarketType]:
    """What we trade through an exchange of ccxt: `binance` lists Binance's perps too, but `binanceusdm` trades them."""
    elsewhere = {venue.rpartition("_")[2] for venue, other in _IDS.items() if venue.startswith(f"{ccxt_id}_") and other != ccxt_id}
    own = {venue.rpartition("_")[2] for venue, other in _IDS.items() if other == ccxt_id}
    return frozenset(kind for kind in MarketType if kind in (own or MarketType) and kind not in elsewhere)


def desk_symbol(ccxt_symbol: str) -> str:
    """`BTC/USDT:USDT` as the desk calls it."""
    return ccxt_symbol.partition(":")[0]
