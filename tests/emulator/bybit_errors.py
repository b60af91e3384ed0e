"""What Bybit says when it says no: an HTTP 200 whose `retCode` is not 0.

Spot and linear disagree on nearly every number for the same mistake, and only some of the texts help.
Codes and texts: https://bybit-exchange.github.io/docs/v5/error, and for those that the page words vaguely
the answers quoted beside them in ccxt's bybit.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

SPOT, LINEAR = "spot", "linear"


class BybitError(Exception):
    """A refusal as the venue words it.

    Attributes:
        code: `retCode`.
        text: `retMsg`.
        result: what stands in `result` beside it, mostly nothing.
        headers: HTTP headers beside it.
    """

    def __init__(
        self, code: int, text: str, *, result: Mapping[str, object] | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(f"{code} {text}")
        self.code = code
        self.text = text
        self.result = dict(result or {})
        self.headers = dict(headers or {})


class No(StrEnum):
    """Mistakes that spot and linear both know, each under its own number."""

    SYMBOL = "symbol"
    SIDE = "side"
    ORDER_TYPE = "order type"
    TIME_IN_FORCE = "time in force"
    PRICE = "price off the tick"
    QTY = "quantity off the step"
    QTY_LOW = "quantity too small"
    VALUE_LOW = "value too small"
    DUPLICATE = "duplicate client id"
    FUNDS = "funds"
    REDUCE_ONLY = "nothing to reduce"
    NOT_FOUND = "not found"
    NOT_AMENDABLE = "too late to amend"
    BELOW_FILLED = "amended below what is filled"
    SUSPENDED = "no trading now"


_WORDS: Mapping[No, Mapping[str, tuple[int, str]]] = MappingProxyType(
    {
        No.SYMBOL: {SPOT: (170121, "Invalid symbol."), LINEAR: (10001, "params error: symbol invalid")},
        No.SIDE: {SPOT: (170117, "Invalid side."), LINEAR: (10001, "Side invalid")},
        No.ORDER_TYPE: {SPOT: (170116, "Invalid orderType."), LINEAR: (10001, "OrderType invalid")},
        No.TIME_IN_FORCE: {SPOT: (170115, "Invalid timeInForce."), LINEAR: (10001, "TimeInForce invalid")},
        No.PRICE: {SPOT: (170134, "Order price has too many decimals."), LINEAR: (10001, "Price invalid")},
        No.QTY: {SPOT: (170137, "Order quantity has too many decimals."), LINEAR: (10001, "Qty invalid")},
        No.QTY_LOW: {
            SPOT: (170136, "Order quantity exceeded lower limit."),
            LINEAR: (10001, "The number of contracts exceeds minimum limit allowed"),
        },
        No.VALUE_LOW: {
            SPOT: (170140, "Order value exceeded lower limit."),
            LINEAR: (110094, "Order does not meet minimum order value"),
        },
        No.DUPLICATE: {SPOT: (170141, "Duplicate clientOrderId"), LINEAR: (110072, "OrderLinkedID is duplicate")},
        No.FUNDS: {SPOT: (170131, "Insufficient balance."), LINEAR: (110007, "ab not enough for new order")},
        No.REDUCE_ONLY: {
            SPOT: (10001, "reduceOnly is not supported for spot"),
            LINEAR: (110017, "current position is zero, cannot fix reduce-only order qty"),
        },
        No.NOT_FOUND: {SPOT: (170213, "Order does not exist."), LINEAR: (110001, "order not exists or too late to cancel")},
        No.NOT_AMENDABLE: {SPOT: (170213, "Order does not exist."), LINEAR: (110001, "order not exists or too late to replace")},
        No.BELOW_FILLED: {
            SPOT: (170136, "Order quantity exceeded lower limit."),
            LINEAR: (110064, "The number of contracts modified cannot be less than or equal to the filled quantity"),
        },
        No.SUSPENDED: {SPOT: (170151, "The trading pair is not open yet"), LINEAR: (110066, "Trading is currently not allowed")},
    }
)


def refuse(category: str, why: No) -> BybitError:
    """`why` in the words of `category` ('spot' or 'linear')."""
    code, text = _WORDS[why][category]
    return BybitError(code, text)


def bad_request(text: str) -> BybitError:
    """A parameter that is missing or makes no sense."""
    return BybitError(10001, text)
