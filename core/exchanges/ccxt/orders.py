"""ccxt's orders and trades as ours, frozen at once: ccxt goes on changing the dictionaries that it has handed out.

Its numbers are floats that were strings on the wire. `Decimal(str(x))` gives back what the venue wrote as long as that has no more
than 15 digits (`outgoing.py` guards the way out). "closed" is not "filled": Bybit's `PartiallyFilledCanceled` is closed as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from core.domain.enums import Liquidity, OrderSide
from core.domain.errors import OutcomeUnknown
from core.domain.instruments import Instrument
from core.domain.numbers import plain
from core.domain.orders import Fill
from core.exchanges.ccxt.memory import OrderMemory, Remembered
from core.exchanges.ccxt.quirks import Quirks
from core.exchanges.connector import VenueOrder, VenueOrderStatus

# ccxt counts milliseconds.
_US = 1_000

# ccxt's words; "closed" is looked into, everything else that is not here is open.
_ENDED = {
    "canceled": VenueOrderStatus.CANCELLED,
    "cancelled": VenueOrderStatus.CANCELLED,
    "expired": VenueOrderStatus.EXPIRED,
    "rejected": VenueOrderStatus.REJECTED,
}
_IMMEDIATE = ("IOC", "FOK")
# How venues say that a post-only order met the market: Bybit's rejectReason, okx's cancelSource 31, Kraken's reason.
# https://bybit-exchange.github.io/docs/v5/enum#rejectreason, https://www.okx.com/docs-v5/en/#order-book-trading-trade-get-order-details
_CROSSED = ("ec_postonlywilltakeliquidity", "post-only", "post only")
_CROSSED_SOURCE = "31"
# What says nothing: no error, and that it was asked for.
_NO_REASONS = ("EC_NoError", "NONE", "EC_PerCancelRequest")
# What a fill can't be called: these are settlements that some streams mix in with trades.
# https://bybit-exchange.github.io/docs/v5/enum#exectype
_NO_TRADES = ("Funding", "Settle", "Delivery", "MovePosition", "SessionSettlePnL")


def decimal_of(value: object) -> Decimal | None:
    """A number of ccxt's; None for what is missing or no number."""
    if value is None or value == "":
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def venue_order(raw: Mapping[str, Any], instrument: Instrument, memory: OrderMemory, now_us: int) -> VenueOrder:
    """An order of ccxt's. What the venue left out is what was asked for.

    Raises:
        OutcomeUnknown: it says too little to be an order.
    """
    order_id = str(raw.get("id") or "")
    client_id = str(raw.get("clientOrderId") or "") or memory.client_id_of(order_id) or ""
    known = memory.get(client_id) or Remembered(client_id)
    amount = decimal_of(raw.get("amount"))
    amount = amount * instrument.contract_size if amount else known.asked.amount if known.asked is not None else None
    side = OrderSide(raw["side"]) if raw.get("side") in ("buy", "sell") else known.side
    if amount is None or side is None:
        raise OutcomeUnknown(f"{instrument.venue} told of an order without its size or side.", detail=raw.get("info"))
    price = decimal_of(raw.get("price")) or (known.asked.price if known.asked is not None else None)
    filled = decimal_of(raw.get("filled"))
    filled = known.filled if filled is None else filled * instrument.contract_size
    status, reason = _status(raw, known, amount, filled, instrument.venue)
    return VenueOrder(
        venue=instrument.venue,
        symbol=instrument.symbol,
        client_id=client_id,
        venue_order_id=order_id or known.venue_order_id,
        side=side,
        price=price,
        amount=amount,
        filled=amount if status is VenueOrderStatus.FILLED else filled,
        status=status,
        ts_us=_time_us(raw, now_us),
        reason=reason,
    )


def _status(raw: Mapping[str, Any], known: Remembered, amount: Decimal, filled: Decimal, venue: str) -> tuple[VenueOrderStatus, str]:
    """How it stands, and why where there is something to say."""
    word = str(raw.get("status") or "")
    if word == "closed" and (filled >= amount or raw.get("filled") is None):
        return VenueOrderStatus.FILLED, ""
    if word != "closed" and word not in _ENDED:
        return VenueOrderStatus.OPEN, ""
    status = _ENDED.get(word, VenueOrderStatus.CANCELLED)
    if status is VenueOrderStatus.CANCELLED and filled >= amount:
        return VenueOrderStatus.FILLED, ""
    info = raw.get("info") if isinstance(raw.get("info"), Mapping) else {}
    if _crossed(raw, known, info or {}, status):
        return VenueOrderStatus.EXPIRED, f"{venue} did not rest the post-only order: it would have traded at once."
    if known.immediate or str(raw.get("timeInForce") or "") in _IMMEDIATE:
        # A market order ends so, too, and an immediate one that was refused for its price.
        return VenueOrderStatus.EXPIRED, "the book held no more within its limit"
    return status, _reason(info or {})


def _crossed(raw: Mapping[str, Any], known: Remembered, info: Mapping[str, Any], status: VenueOrderStatus) -> bool:
    asked_to_rest = known.asked is not None and known.asked.post_only
    post_only = asked_to_rest or bool(raw.get("postOnly")) or raw.get("timeInForce") == "PO"
    if not post_only:
        return False
    said = " ".join(str(info.get(key) or "") for key in ("rejectReason", "cancelType", "cancelSourceReason", "reason")).lower()
    return (
        any(phrase in said for phrase in _CROSSED)
        or str(info.get("cancelSource") or "") == _CROSSED_SOURCE
        or status in (VenueOrderStatus.EXPIRED, VenueOrderStatus.REJECTED)  # Binance USD-M expires a GTX that would take
    )


def _reason(info: Mapping[str, Any]) -> str:
    """The venue's own reason for an end that nobody here asked for."""
    said = str(info.get("rejectReason") or info.get("cancelSourceReason") or info.get("reason") or "")
    if said and said not in _NO_REASONS:
        return f"the venue says: {said}"
    if str(info.get("status") or info.get("X") or "") == "EXPIRED_IN_MATCH":
        return "the venue ended it before it traded with an order of the same account"
    return ""


def fill_of(raw: Mapping[str, Any], instrument: Instrument, quirks: Quirks, client_id: str, now_us: int) -> Fill | None:
    """A trade of ccxt's as a fill of `client_id`; None for what is no trade of an order.

    Its id is the order's and the trade's together: Binance counts trades by symbol, and one that met another order of the same
    account has one number for both.
    """
    info = raw.get("info") if isinstance(raw.get("info"), Mapping) else {}
    if str((info or {}).get("execType") or "") in _NO_TRADES:
        return None
    price, amount, side = decimal_of(raw.get("price")), decimal_of(raw.get("amount")), raw.get("side")
    if not price or not amount or side not in ("buy", "sell"):
        return None
    ts_us = _time_us(raw, now_us)
    order_id = str(raw.get("order") or client_id)
    trade = str(raw.get("id") or "") or f"{ts_us}-{plain(price)}-{plain(amount)}"
    fee, currency = _fee(raw, info or {}, instrument, quirks)
    return Fill(
        venue=instrument.venue,
        trade_id=f"{order_id}-{trade}",
        client_id=client_id,
        symbol=instrument.symbol,
        side=OrderSide(side),
        price=price,
        amount=amount * instrument.contract_size,
        fee=fee,
        fee_currency=currency,
        liquidity=Liquidity.MAKER if raw.get("takerOrMaker") == "maker" else Liquidity.TAKER,
        ts_us=ts_us,
    )


def _fee(raw: Mapping[str, Any], info: Mapping[str, Any], instrument: Instrument, quirks: Quirks) -> tuple[Decimal, str]:
    """What the trade cost, and in what; a rebate is negative."""
    for cost, currency in quirks.fee_words:
        amount = decimal_of(info.get(cost))
        if amount is not None and isinstance(info.get(currency), str):
            return -amount if quirks.fee_words_are_flows else amount, str(info[currency])
    fee = raw.get("fee") or next(iter(raw.get("fees") or ()), None) or {}
    return decimal_of(fee.get("cost")) or Decimal(0), str(fee.get("currency") or instrument.quote)


def named_right(raw: Mapping[str, Any], quirks: Quirks) -> dict[str, Any]:
    """A copy of an order of ccxt's whose `clientOrderId` is our id or nothing; ccxt takes the word of another field on some exchanges."""
    said = raw.get("clientOrderId")
    if quirks.order_client_id:
        info: Mapping[str, Any] = raw.get("info") or {}
        said = next((info[key] for key in quirks.order_client_id if info.get(key)), None)
    return {**raw, "clientOrderId": _bare(str(said or ""), quirks) or None}


def _bare(said: str, quirks: Quirks) -> str:
    """Our id without what ccxt has put before it; empty where that is missing, so it is not ours."""
    return said.removeprefix(quirks.client_id_prefix) if said.startswith(quirks.client_id_prefix) else ""


def client_id_in(raw: Mapping[str, Any], quirks: Quirks) -> str:
    """Our id, where a raw trade carries one; empty where it does not."""
    info = raw.get("info")
    if not isinstance(info, Mapping):
        return ""
    return _bare(next((str(info[key]) for key in quirks.trade_client_id if info.get(key)), ""), quirks)


def has_client_id(raw: Mapping[str, Any], quirks: Quirks) -> bool:
    """Whether a raw trade has a place for our id, be it empty."""
    info = raw.get("info")
    return isinstance(info, Mapping) and any(key in info for key in quirks.trade_client_id)


def _time_us(raw: Mapping[str, Any], now_us: int) -> int:
    """The venue's time of its news, else ours."""
    for key in ("lastUpdateTimestamp", "lastTradeTimestamp", "timestamp"):
        if raw.get(key):
            return int(raw[key]) * _US
    return now_us
