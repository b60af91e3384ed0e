"""Orders, trades and positions in Bybit's words.

Numbers travel as strings, and "there is none" is an empty one. The same end has two names: the rest of an IOC is
`PartiallyFilledCanceled` on spot and plain `Cancelled` on linear, whatever was filled. A crossing post-only order
is no refusal: it is taken, then cancelled with a reason.
Shapes: https://bybit-exchange.github.io/docs/v5/order/open-order, …/v5/order/execution, …/v5/position and the
enum page, …/v5/enum.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from uuid import UUID

from core.domain.enums import OrderSide, TimeInForce
from core.domain.instruments import Instrument
from core.exchanges.connector import VenueOrderStatus
from tests.emulator.bybit_errors import SPOT
from tests.emulator.orders import WireFill, WireOrder
from tests.emulator.wire import text

Row = dict[str, object]

_ORDERS = 0x6E61_7468_6F6D_4000_8000 << 48  # the high bits of every linear order's UUID, the low ones are its number
_TRADES = 0x7472_6164_6573_5000_9000 << 48
_SPOT_ORDERS = 1_900_000_000_000_000_000
_SPOT_TRADES = 2_290_000_000_000_000_000
_LOW = (1 << 48) - 1

# Kept among an order's words (`OrderWords.extra`).
ANONYMOUS = "anonymous"  # it came without an orderLinkId
REJECT_REASON = "reject reason"  # why the venue ended it, where its state does not tell


def order_id(category: str, number: int) -> str:
    """Digits on spot, a UUID elsewhere."""
    return str(_SPOT_ORDERS + number) if category == SPOT else str(UUID(int=_ORDERS | number))


def order_number(category: str, order_id: str) -> int:
    """The venue's number behind an order id; -1 when it is none of ours."""
    try:
        return int(order_id) - _SPOT_ORDERS if category == SPOT else UUID(order_id).int & _LOW
    except ValueError:
        return -1


def trade_id(category: str, number: int) -> str:
    """The same for our execution and for its public print."""
    return str(_SPOT_TRADES + number) if category == SPOT else str(UUID(int=_TRADES | number))


def side_word(side: OrderSide) -> str:
    return "Buy" if side is OrderSide.BUY else "Sell"


def link_id(order: WireOrder) -> str:
    """The client id; empty when the client gave none."""
    return "" if order.words.word(ANONYMOUS) else order.client_id


def millis(ts_us: int) -> str:
    return str(ts_us // 1000)


def order_row(category: str, market_id: str, order: WireOrder, *, updated_us: int) -> Row:
    """An order as `order/realtime`, `order/history` and the stream's `order` topic show it."""
    reject_reason, cancel_type = _ending(order)
    fees: defaultdict[str, Decimal] = defaultdict(Decimal)
    for fill in order.fills:
        fees[fill.fee_currency] += fill.fee
    leaves = order.remaining if order.is_open else Decimal(0)
    row: Row = {
        "category": category,
        "symbol": market_id,
        "orderId": order_id(category, order.number),
        "orderLinkId": link_id(order),
        "side": side_word(order.side),
        "orderType": "Market" if order.words.market else "Limit",
        "price": text(order.price),
        "qty": text(order.amount),
        "timeInForce": _time_in_force(order),
        "orderStatus": status_word(category, order),
        "rejectReason": reject_reason,
        "cancelType": cancel_type,
        "avgPrice": _average(order),
        "cumExecQty": text(order.filled),
        "cumExecValue": text(order.cost),
        "cumExecFee": text(sum(fees.values(), Decimal(0))),
        "cumFeeDetail": {currency: text(fee) for currency, fee in fees.items()},
        "leavesQty": text(leaves),
        "leavesValue": text(leaves * order.price),
        "reduceOnly": order.words.reduce_only,
        "closeOnTrigger": False,
        "createdTime": millis(order.created_us),
        "updatedTime": millis(updated_us),
        "createType": "CreateByUser",
        "stopOrderType": "",
        "triggerPrice": "",
        "takeProfit": "",
        "stopLoss": "",
        "smpType": "None",
        "positionIdx": 0,
    }
    # ccxt tells contracts from spot by this one field being there.
    return row | ({"marketUnit": "baseCoin", "isLeverage": "0"} if category == SPOT else {"tpslMode": "", "isLeverage": ""})


def status_word(category: str, order: WireOrder) -> str:
    """`orderStatus`, see the enum page."""
    status = order.state.status
    if status is VenueOrderStatus.OPEN:
        return "PartiallyFilled" if order.filled else "New"
    if status is VenueOrderStatus.FILLED:
        return "Filled"
    if status is VenueOrderStatus.REJECTED:
        return "Rejected"
    return "PartiallyFilledCanceled" if order.filled and category == SPOT else "Cancelled"


def execution_row(category: str, market_id: str, order: WireOrder, fill: WireFill, instrument: Instrument, *, leaves: Decimal) -> Row:
    """A trade of ours as `execution/list` and the stream's `execution` topic show it.

    Args:
        leaves: what was open after it.
    """
    rate = instrument.maker_fee if fill.is_maker else instrument.taker_fee
    return {
        "category": category,
        "symbol": market_id,
        "orderId": order_id(category, order.number),
        "orderLinkId": link_id(order),
        "side": side_word(order.side),
        "orderPrice": text(order.price),
        "orderQty": text(order.amount),
        "leavesQty": text(leaves),
        "orderType": "Market" if order.words.market else "Limit",
        "stopOrderType": "",
        "execId": trade_id(category, fill.number),
        "execPrice": text(fill.price),
        "execQty": text(fill.amount),
        "execValue": text(fill.price * fill.amount),
        "execFee": text(fill.fee),
        "feeCurrency": fill.fee_currency if category == SPOT else "",
        "feeRate": text(rate),
        "execType": "Trade",
        "execTime": millis(fill.ts_us),
        "isMaker": fill.is_maker,
        "isLeverage": "0",
        "createType": "CreateByUser",
        "seq": fill.number,
    }


def _time_in_force(order: WireOrder) -> str:
    if order.words.post_only:
        return "PostOnly"
    return "IOC" if order.words.market else order.words.time_in_force.value.upper()


def _average(order: WireOrder) -> str:
    if not order.filled:
        return ""
    return text(order.average_price.quantize(Decimal("1e-8")).normalize())


def _ending(order: WireOrder) -> tuple[str, str]:
    """(`rejectReason`, `cancelType`)."""
    status = order.state.status
    if not order.is_open and (reason := order.words.word(REJECT_REASON)):
        return reason, "UNKNOWN"
    if status is VenueOrderStatus.CANCELLED:
        by_position = order.words.reduce_only and "position is closed" in order.state.reason
        return ("EC_NoError", "CancelByReduceOnly") if by_position else ("EC_PerCancelRequest", "CancelByUser")
    if status is VenueOrderStatus.EXPIRED:
        whole = order.words.time_in_force is TimeInForce.FOK
        return ("EC_NoEnoughQtyToFill" if whole else "EC_NoImmediateQtyToFill"), "UNKNOWN"
    return "EC_NoError", "UNKNOWN"
