"""The rules of a market as exchangeInfo publishes them, and the same rules applied to an order, in Binance's order.

The truth would refuse most of this too, but in our words and with less to say.
https://developers.binance.com/docs/binance-spot-api-docs/filters and
https://developers.binance.com/docs/derivatives/usds-margined-futures/common-definition
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from core.domain.enums import OrderSide
from core.domain.instruments import Instrument
from core.domain.numbers import decimals_of, plain
from tests.emulator.binance_errors import No
from tests.emulator.binance_params import Params

_SPOT_DECIMALS = 8  # of every spot asset
_MOST_OPEN_ORDERS = 200


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits that our instruments don't carry, alike for all symbols of a market; factors of the reference price."""

    most_price: Decimal
    most_amount: Decimal
    most_market_amount: Decimal
    least_factor: Decimal
    most_factor: Decimal


_SPOT = Bounds(Decimal(1_000_000), Decimal(9_000), Decimal(200), Decimal("0.2"), Decimal(5))
_PERP = Bounds(Decimal(4_529_764), Decimal(1_000), Decimal(120), Decimal("0.95"), Decimal("1.05"))
BOUNDS = MappingProxyType({False: _SPOT, True: _PERP})  # by whether it is a perp


def filters_of(instrument: Instrument, *, perp: bool) -> list[dict[str, object]]:
    """The `filters` of one symbol."""
    bounds, lot = BOUNDS[perp], plain(instrument.lot)
    least_amount = plain(max(instrument.min_amount, instrument.lot))
    price = {"minPrice": plain(instrument.tick), "maxPrice": plain(bounds.most_price), "tickSize": plain(instrument.tick)}
    common: list[dict[str, object]] = [
        {"filterType": "PRICE_FILTER", **price},
        {"filterType": "LOT_SIZE", "minQty": least_amount, "maxQty": plain(bounds.most_amount), "stepSize": lot},
        {"filterType": "MARKET_LOT_SIZE", "minQty": least_amount, "maxQty": plain(bounds.most_market_amount), "stepSize": lot},
    ]
    low, high, notional = plain(bounds.least_factor), plain(bounds.most_factor), plain(instrument.min_notional)
    if perp:
        return [
            *common,
            {"filterType": "MAX_NUM_ORDERS", "limit": _MOST_OPEN_ORDERS},
            {"filterType": "MAX_NUM_ALGO_ORDERS", "limit": 10},
            {"filterType": "MIN_NOTIONAL", "notional": notional},
            {"filterType": "PERCENT_PRICE", "multiplierUp": high, "multiplierDown": low, "multiplierDecimal": "4"},
        ]
    by_side = {"bidMultiplierUp": high, "bidMultiplierDown": low, "askMultiplierUp": high, "askMultiplierDown": low, "avgPriceMins": 5}
    span = {"minNotional": notional, "applyMinToMarket": True, "maxNotional": "9000000", "applyMaxToMarket": False, "avgPriceMins": 5}
    return [
        *common,
        {"filterType": "ICEBERG_PARTS", "limit": 100},
        {"filterType": "PERCENT_PRICE_BY_SIDE", **by_side},
        {"filterType": "NOTIONAL", **span},
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": _MOST_OPEN_ORDERS},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 5},
    ]


def check_order(params: Params, symbol: str, side: OrderSide, price: Decimal | None, amount: Decimal, *, reduce_only: bool = False) -> None:
    """Every filter of `symbol`.

    Args:
        price: None for a market order, which some filters leave alone.

    Raises:
        Refused: the first filter that fails.
    """
    venue = params.venue
    instrument, bounds = venue.instruments[symbol], BOUNDS[venue.is_perp]
    reference = venue.last_price(symbol)
    _check_amount(params, instrument, amount, bounds)
    if price is None:
        if amount > bounds.most_market_amount:
            raise params.no(No.MARKET_LOT)
    else:
        _check_price(params, instrument, price, bounds)
        _check_percent(params, side, price, reference, bounds)
    if amount * (reference if price is None else price) < instrument.min_notional and not reduce_only:
        raise params.no(No.NOTIONAL, plain(instrument.min_notional))
    if len(venue.open_orders(symbol)) >= _MOST_OPEN_ORDERS:
        raise params.no(No.TOO_MANY_ORDERS)


def _check_price(params: Params, instrument: Instrument, price: Decimal, bounds: Bounds) -> None:
    if price <= 0:
        raise params.no(No.PRICE_NOT_POSITIVE)
    if decimals_of(price) > (instrument.price_decimals if params.perp else _SPOT_DECIMALS):
        raise params.no(No.TOO_PRECISE_PRICE)
    if price < instrument.tick:
        raise params.no(No.PRICE_TOO_LOW)
    if price > bounds.most_price:
        raise params.no(No.PRICE_TOO_HIGH)
    if price % instrument.tick:
        raise params.no(No.OFF_TICK)


def _check_amount(params: Params, instrument: Instrument, amount: Decimal, bounds: Bounds) -> None:
    if amount <= 0:
        raise params.no(No.AMOUNT_NOT_POSITIVE)
    if decimals_of(amount) > (instrument.amount_decimals if params.perp else _SPOT_DECIMALS):
        raise params.no(No.TOO_PRECISE_AMOUNT)
    if amount < max(instrument.min_amount, instrument.lot):
        raise params.no(No.AMOUNT_TOO_SMALL)
    if amount > bounds.most_amount:
        raise params.no(No.AMOUNT_TOO_LARGE)
    if amount % instrument.lot:
        raise params.no(No.OFF_LOT)


def _check_percent(params: Params, side: OrderSide, price: Decimal, reference: Decimal, bounds: Bounds) -> None:
    """Spot bounds both sides both ways; USD-M forbids a buy far above and a sell far below the mark only."""
    highest, lowest = reference * bounds.most_factor, reference * bounds.least_factor
    if price > highest and (side is OrderSide.BUY or not params.perp):
        raise params.no(No.PERCENT_HIGH, plain(highest))
    if price < lowest and (side is OrderSide.SELL or not params.perp):
        raise params.no(No.PERCENT_LOW, plain(lowest))
