"""ccxt's market structures as instruments. What can't be mapped exactly is left out and logged: a guessed tick is a refused order.

ccxt counts many perps in contracts; here an amount is base, so lot and minimums are multiplied by the contract's size and every
size that comes or goes is converted with it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from core.domain.enums import MarketType
from core.domain.errors import MarketDataError
from core.domain.instruments import Instrument
from core.domain.numbers import plain
from core.exchanges.ccxt.market_list import MarketList
from core.exchanges.ccxt.quirks import Quirks
from core.exchanges.ccxt.venues import VenueId, desk_symbol

log = logging.getLogger(__name__)

# How ccxt writes precision (`ccxt.base.decimal_to_precision`): as a count of decimals, of significant digits, or as the step itself.
_DECIMAL_PLACES, _SIGNIFICANT_DIGITS, _TICK_SIZE = 2, 3, 4
# Where an exchange publishes no fee: what the dearest of the large ones takes.
_UNKNOWN_FEE = Decimal("0.001")
_NAMED = 5
# Spot buys pay their fee out of what they buy, except here, where it comes on top in quote. A trader may have chosen otherwise in his
# account (or pay in the exchange's own coin); then a little more arrives than planned.
# https://support.kraken.com/articles/201893608; https://docs.cdp.coinbase.com; https://www.bitstamp.net/fee-schedule
_FEES_IN_QUOTE = frozenset({"kraken", "coinbase", "coinbaseexchange", "bitstamp", "gemini", "upbit"})


def instruments_of(venue: VenueId, markets: MarketList, quirks: Quirks) -> dict[str, Instrument]:
    """Every market of the venue that can be traded, by the desk's symbol, with the fees that everybody pays."""
    wanted = "spot" if venue.market_type is MarketType.SPOT else "swap"
    found: dict[str, Instrument] = {}
    refused: dict[str, str] = {}
    for market in markets.markets:
        if not market.get(wanted):
            continue
        symbol = desk_symbol(market["symbol"])
        try:
            found[symbol] = instrument_of(venue, symbol, market, markets.precision_mode, quirks)
        except MarketDataError as error:
            refused[symbol] = str(error)
    if refused:
        some = "; ".join(list(refused.values())[:_NAMED])
        log.info("%s: %d markets can't be traded here, among them: %s", venue.venue, len(refused), some)
    return found


def same_rules(one: Instrument, other: Instrument) -> bool:
    """Whether an order that was made for `one` means the same under `other`."""
    return (one.tick, one.lot, one.contract_size) == (other.tick, other.lot, other.contract_size)


def instrument_of(venue: VenueId, symbol: str, market: Mapping[str, Any], precision_mode: int, quirks: Quirks) -> Instrument:
    """One market.

    Raises:
        MarketDataError: its tick, lot or contract size is missing or no step.
    """
    is_perp = venue.market_type is MarketType.PERP
    contract = Decimal(1) if not is_perp or quirks.amounts_in_base else _number(market, symbol, "contractSize", default=Decimal(1))
    if contract <= 0:
        raise MarketDataError(f"{symbol} has a contract size of {contract}")
    precision, limits = market.get("precision") or {}, market.get("limits") or {}
    return Instrument(
        venue=venue.venue,
        symbol=symbol,
        market_type=venue.market_type,
        tick=_step(precision, symbol, "price", precision_mode),
        lot=_step(precision, symbol, "amount", precision_mode) * contract,
        min_amount=_number(limits.get("amount") or {}, symbol, "min") * contract,
        min_notional=_number(limits.get("cost") or {}, symbol, "min"),
        taker_fee=_number(market, symbol, "taker", default=_UNKNOWN_FEE),
        maker_fee=_number(market, symbol, "maker", default=_UNKNOWN_FEE),
        contract_size=contract,
        fee_in_base=not is_perp and venue.ccxt_id not in _FEES_IN_QUOTE,
    )


def _step(precision: Mapping[str, Any], symbol: str, name: str, precision_mode: int) -> Decimal:
    value = precision.get(name)
    if value is None:
        raise MarketDataError(f"{symbol} has no {name} step")
    if precision_mode == _SIGNIFICANT_DIGITS:
        raise MarketDataError(f"{symbol} has a {name} step that changes with the {name}")
    step = _number(precision, symbol, name)
    if precision_mode == _DECIMAL_PLACES:
        step = Decimal(1).scaleb(-int(step))
    if step <= 0:
        raise MarketDataError(f"{symbol} has a {name} step of {value}")
    return step


def _number(fields: Mapping[str, Any], symbol: str, name: str, *, default: Decimal = Decimal(0)) -> Decimal:
    """A number of ccxt's as the decimal it prints as; `default` where there is none."""
    value = fields.get(name)
    if value is None:
        return default
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise MarketDataError(f"{symbol} has a {name} of {value!r}") from None
    if not number.is_finite():
        raise MarketDataError(f"{symbol} has a {name} of {value!r}")
    return Decimal(plain(number))
