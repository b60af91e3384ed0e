"""Orders and trades as Binance writes them. Spot and USD-M tell the same story in two dialects.

Two traps that real clients fall into are kept: a spot cancel is reported with *its own* id in `c` and the order's in
`C`, and spot pads every number to eight decimals.
"""

from __future__ import annotations

from decimal import Decimal

from core.exchanges.connector import VenueOrderStatus
from tests.emulator.orders import Change, OrderChange, WireFill, WireOrder
from tests.emulator.wire import text
from tests.emulator.world import EmulatedVenue, market_id

SPOT_PLACES = 8
ZERO = Decimal(0)
_ENDS = {
    VenueOrderStatus.FILLED: "FILLED",
    VenueOrderStatus.CANCELLED: "CANCELED",
    VenueOrderStatus.EXPIRED: "EXPIRED",
    VenueOrderStatus.REJECTED: "REJECTED",
}
_EXECUTIONS = {
    Change.NEW: "NEW",
    Change.TRADE: "TRADE",
    Change.AMENDED: "AMENDMENT",
    Change.CANCELLED: "CANCELED",
    Change.EXPIRED: "EXPIRED",
    Change.REJECTED: "REJECTED",
}


def status_of(order: WireOrder) -> str:
    """`NEW`, `PARTIALLY_FILLED`, `FILLED`, …"""
    if order.state.status is VenueOrderStatus.OPEN:
        return "PARTIALLY_FILLED" if order.filled else "NEW"
    return _ENDS[order.state.status]


def spot(value: Decimal) -> str:
    return text(value, SPOT_PLACES)


def _common(order: WireOrder) -> dict[str, object]:
    words = order.words
    return {
        "symbol": market_id(order.symbol),
        "orderId": order.number,
        "clientOrderId": order.client_id,
        "status": status_of(order),
        "timeInForce": words.word("timeInForce", "GTC"),
        "type": words.word("type", "LIMIT"),
        "side": order.side.value.upper(),
    }


def spot_order(venue: EmulatedVenue, order: WireOrder) -> dict[str, object]:
    """As a look-up answers."""
    created_ms = venue.ms_of(order.created_us)
    return _common(order) | {
        "orderListId": -1,
        "price": spot(order.price),
        "origQty": spot(order.amount),
        "executedQty": spot(order.filled),
        "origQuoteOrderQty": spot(ZERO),
        "cummulativeQuoteQty": spot(order.cost),
        "stopPrice": spot(ZERO),
        "icebergQty": spot(Decimal(order.words.word("icebergQty", "0"))),
        "time": created_ms,
        "updateTime": venue.ms_of(order.state.ts_us),
        "isWorking": True,
        "workingTime": created_ms,
        "selfTradePreventionMode": "EXPIRE_MAKER",
    }


def spot_placed(venue: EmulatedVenue, order: WireOrder, detail: str) -> dict[str, object]:
    """As a new order is answered: `ACK`, `RESULT` or `FULL`."""
    transact_ms = venue.ms_of(order.state.ts_us)
    acknowledged = {"symbol": market_id(order.symbol), "orderId": order.number, "orderListId": -1, "clientOrderId": order.client_id}
    acknowledged["transactTime"] = transact_ms
    if detail == "ACK":
        return acknowledged
    result = spot_order(venue, order) | acknowledged
    for name in ("stopPrice", "icebergQty", "time", "updateTime", "isWorking"):
        del result[name]
    if detail == "FULL":
        result["fills"] = [
            {
                "price": spot(fill.price),
                "qty": spot(fill.amount),
                "commission": spot(fill.fee),
                "commissionAsset": fill.fee_currency,
                "tradeId": fill.number,
            }
            for fill in order.fills
        ]
    return result


def spot_cancelled(venue: EmulatedVenue, order: WireOrder) -> dict[str, object]:
    """As a cancel is answered: the order's own id is in `origClientOrderId`."""
    result = spot_placed(venue, order, "RESULT")
    return result | {"origClientOrderId": order.client_id, "clientOrderId": cancel_id(order)}


def cancel_id(order: WireOrder) -> str:
    """The id of the cancel itself, which Binance makes up."""
    return f"cancel{order.number:016d}"


def perp_order(venue: EmulatedVenue, order: WireOrder) -> dict[str, object]:
    """As a look-up, a cancel and an amend answer."""
    instrument = venue.instruments[order.symbol]
    prices, amounts = instrument.price_decimals, instrument.amount_decimals
    kind = order.words.word("type", "LIMIT")
    return _common(order) | {
        "price": text(order.price, prices),
        "avgPrice": text(order.average_price.quantize(Decimal("1.00000")) if order.filled else ZERO, prices),
        "origQty": text(order.amount, amounts),
        "executedQty": text(order.filled, amounts),
        "cumQuote": text(order.cost),
        "cumQty": text(order.filled, amounts),
        "reduceOnly": order.words.reduce_only,
        "closePosition": False,
        "positionSide": "BOTH",
        "stopPrice": "0",
        "workingType": "CONTRACT_PRICE",
        "priceProtect": False,
        "origType": kind,
        "priceMatch": "NONE",
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "goodTillDate": 0,
        "time": venue.ms_of(order.created_us),
        "updateTime": venue.ms_of(order.state.ts_us),
    }


def perp_placed(venue: EmulatedVenue, order: WireOrder) -> dict[str, object]:
    """As a new order is answered: a GTC limit as it was *before* it met the market, anything else as it ended.

    https://developers.binance.com/docs/derivatives/usds-margined-futures/trade/rest-api/New-Order (newOrderRespType)
    """
    result = perp_order(venue, order)
    if order.words.word("timeInForce", "GTC") in ("GTC", "GTX") and not order.words.market:
        result |= {"status": "NEW", "executedQty": "0", "cumQty": "0", "cumQuote": "0", "avgPrice": "0.00"}
    del result["time"]
    return result


def spot_trade(venue: EmulatedVenue, order: WireOrder, fill: WireFill) -> dict[str, object]:
    return {
        "symbol": market_id(order.symbol),
        "id": fill.number,
        "orderId": order.number,
        "orderListId": -1,
        "price": spot(fill.price),
        "qty": spot(fill.amount),
        "quoteQty": spot(fill.price * fill.amount),
        "commission": spot(fill.fee),
        "commissionAsset": fill.fee_currency,
        "time": venue.ms_of(fill.ts_us),
        "isBuyer": order.side.sign > 0,
        "isMaker": fill.is_maker,
        "isBestMatch": True,
    }


def perp_trade(venue: EmulatedVenue, order: WireOrder, fill: WireFill) -> dict[str, object]:
    return {
        "symbol": market_id(order.symbol),
        "id": fill.number,
        "orderId": order.number,
        "side": order.side.value.upper(),
        "price": text(fill.price),
        "qty": text(fill.amount),
        "realizedPnl": text(venue.positions.profit_of(fill.truth_id)),
        "quoteQty": text(fill.price * fill.amount),
        "commission": text(fill.fee),
        "commissionAsset": fill.fee_currency,
        "time": venue.ms_of(fill.ts_us),
        "positionSide": "BOTH",
        "buyer": order.side.sign > 0,
        "maker": fill.is_maker,
    }


def _event(venue: EmulatedVenue, change: OrderChange) -> dict[str, object]:
    """The letters that both dialects share."""
    order, fill = change.order, change.fill
    return {
        "s": market_id(order.symbol),
        "c": order.client_id,
        "S": order.side.value.upper(),
        "o": order.words.word("type", "LIMIT"),
        "f": order.words.word("timeInForce", "GTC"),
        "x": _EXECUTIONS[change.kind],
        "X": status_of(order),
        "i": order.number,
        "t": fill.number if fill is not None else -1,
        "T": venue.ms_of(order.state.ts_us),
        "m": fill is not None and fill.is_maker,
    }


def execution_report(venue: EmulatedVenue, change: OrderChange) -> dict[str, object]:
    """Spot. https://developers.binance.com/docs/binance-spot-api-docs/user-data-stream"""
    order, fill = change.order, change.fill
    cancelled = change.kind is Change.CANCELLED
    created_ms = venue.ms_of(order.created_us)
    last_price, last_amount = (fill.price, fill.amount) if fill is not None else (ZERO, ZERO)
    return _event(venue, change) | {
        "e": "executionReport",
        "E": venue.now_ms(),
        "c": cancel_id(order) if cancelled else order.client_id,
        "C": order.client_id if cancelled else "",
        "q": spot(order.amount),
        "p": spot(order.price),
        "P": spot(ZERO),
        "F": spot(Decimal(order.words.word("icebergQty", "0"))),
        "g": -1,
        "r": "NONE",
        "l": spot(last_amount),
        "z": spot(order.filled),
        "L": spot(last_price),
        "n": spot(fill.fee) if fill is not None else "0",
        "N": fill.fee_currency if fill is not None else None,
        "I": order.number * 10,
        "w": order.is_open,
        "M": False,
        "O": created_ms,
        "Z": spot(order.cost),
        "Y": spot(last_price * last_amount),
        "Q": spot(ZERO),
        "W": created_ms,
        "V": "EXPIRE_MAKER",
    }


def order_trade_update(venue: EmulatedVenue, change: OrderChange) -> dict[str, object]:
    """USD-M. https://developers.binance.com/docs/derivatives/usds-margined-futures/user-data-streams/Event-Order-Update"""
    order, fill = change.order, change.fill
    body = _event(venue, change) | {
        "q": text(order.amount),
        "p": text(order.price),
        "ap": text(order.average_price.quantize(Decimal("1.00000")) if order.filled else ZERO),
        "sp": "0",
        "l": text(fill.amount if fill is not None else ZERO),
        "z": text(order.filled),
        "L": text(fill.price if fill is not None else ZERO),
        "t": fill.number if fill is not None else 0,
        "b": "0",
        "a": "0",
        "R": order.words.reduce_only,
        "wt": "CONTRACT_PRICE",
        "ot": order.words.word("type", "LIMIT"),
        "ps": "BOTH",
        "cp": False,
        "rp": text(venue.positions.profit_of(fill.truth_id)) if fill is not None else "0",
        "pP": False,
        "si": 0,
        "ss": 0,
        "V": "EXPIRE_MAKER",
        "pm": "NONE",
        "gtd": 0,
    }
    if fill is not None:
        body |= {"n": text(fill.fee), "N": fill.fee_currency}
    return {"e": "ORDER_TRADE_UPDATE", "E": venue.now_ms(), "T": venue.ms_of(order.state.ts_us), "o": body}
