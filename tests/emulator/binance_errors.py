"""Binance's refusals, with its own codes and sentences: ccxt tells some of them apart by the sentence alone.

Both markets share a code for different things and use different codes for the same one, hence two columns.
Sources: https://developers.binance.com/docs/binance-spot-api-docs/errors and
https://developers.binance.com/docs/derivatives/usds-margined-futures/error-code
"""

from __future__ import annotations

from enum import Enum

from aiohttp import web

from tests.emulator.wire import answer


class Refused(Exception):
    """The venue says no.

    Args:
        status: of the HTTP answer.
        data: what a failed cancel-replace says besides.
    """

    def __init__(self, code: int, sentence: str, status: int = 400, data: object = None) -> None:
        super().__init__(f"{code} {sentence}")
        self.code = code
        self.sentence = sentence
        self.status = status
        self.data = data

    def body(self) -> dict[str, object]:
        """As REST puts it."""
        return {"code": self.code, "msg": self.sentence} | ({} if self.data is None else {"data": self.data})

    def response(self) -> web.Response:
        return answer(self.body(), status=self.status)


class No(Enum):
    """Refusals by what they are about: (spot, USD-M)."""

    UNKNOWN_SYMBOL = ((-1121, "Invalid symbol."), (-1121, "Invalid symbol."))
    UNKNOWN_ORDER = ((-2013, "Order does not exist."), (-2013, "Order does not exist."))
    NOT_OPEN = ((-2011, "Unknown order sent."), (-2011, "Unknown order sent."))
    DUPLICATE = ((-2010, "Duplicate order sent."), (-4116, "ClientOrderId is duplicated."))
    BALANCE = ((-2010, "Account has insufficient balance for requested action."), (-2019, "Margin is insufficient."))
    WOULD_TAKE = (
        (-2010, "Order would immediately match and take."),
        (
            -5022,
            (
                "Due to the order could not be executed as maker, the Post Only order will be rejected. "
                "The order will not be recorded in the order history"
            ),
        ),
    )
    REDUCE_ONLY = ((-1106, "Parameter 'reduceOnly' sent when not required."), (-2022, "ReduceOnly Order is rejected."))
    MARKET_CLOSED = ((-1013, "Market is closed."), (-4108, "This contract is not in trading status. Ordering is not available."))
    NO_TAKERS = ((-2010, "No orders on opposite side of book."), (-4131, "The counterparty's best price does not meet the PERCENT_PRICE."))
    TOO_PRECISE_PRICE = (
        (-1111, "Parameter 'price' has too much precision."),
        (-1111, "Precision is over the maximum defined for this asset."),
    )
    TOO_PRECISE_AMOUNT = (
        (-1111, "Parameter 'quantity' has too much precision."),
        (-1111, "Precision is over the maximum defined for this asset."),
    )
    PRICE_NOT_POSITIVE = ((-1013, "Invalid price."), (-4001, "Price less than 0."))
    PRICE_TOO_LOW = ((-1013, "Filter failure: PRICE_FILTER"), (-4013, "Price less than min price."))
    PRICE_TOO_HIGH = ((-1013, "Filter failure: PRICE_FILTER"), (-4002, "Price greater than max price."))
    OFF_TICK = ((-1013, "Filter failure: PRICE_FILTER"), (-4014, "Price not increased by tick size."))
    AMOUNT_NOT_POSITIVE = ((-1013, "Invalid quantity."), (-4003, "Quantity less than or equal to zero."))
    AMOUNT_TOO_SMALL = ((-1013, "Filter failure: LOT_SIZE"), (-4004, "Quantity less than min quantity."))
    AMOUNT_TOO_LARGE = ((-1013, "Filter failure: LOT_SIZE"), (-4005, "Quantity greater than max quantity."))
    OFF_LOT = ((-1013, "Filter failure: LOT_SIZE"), (-4023, "Qty not increased by step size."))
    MARKET_LOT = ((-1013, "Filter failure: MARKET_LOT_SIZE"), (-4005, "Quantity greater than max quantity."))
    NOTIONAL = (
        (-1013, "Filter failure: NOTIONAL"),
        (-4164, "Order's notional must be no smaller than {limit} (unless you choose reduce only)."),
    )
    PERCENT_HIGH = ((-1013, "Filter failure: PERCENT_PRICE_BY_SIDE"), (-4016, "Limit price can't be higher than {limit}."))
    PERCENT_LOW = ((-1013, "Filter failure: PERCENT_PRICE_BY_SIDE"), (-4024, "Limit price can't be lower than {limit}."))
    TOO_MANY_ORDERS = ((-1013, "Filter failure: MAX_NUM_ORDERS"), (-2025, "Reach max open order limit."))
    ICEBERG_NOT_GTC = ((-1013, "Iceberg orders must be GTC."), (-1106, "Parameter 'icebergQty' sent when not required."))
    ORDER_TYPE = ((-1116, "Invalid orderType."), (-1116, "Invalid orderType."))
    SIDE = ((-1117, "Invalid side."), (-1117, "Invalid side."))
    TIME_IN_FORCE = ((-1115, "Invalid timeInForce."), (-1115, "Invalid timeInForce."))
    CLIENT_ID = (
        (-1100, "Illegal characters found in parameter 'newClientOrderId'; legal range is '^[a-zA-Z0-9-_]{1,36}$'."),
        (-4015, "Client order id length should be less than 36 chars"),
    )
    NOT_SENT = (
        (-1102, "Mandatory parameter '{limit}' was not sent, was empty/null, or malformed."),
        (-1102, "Mandatory parameter '{limit}' was not sent, was empty/null, or malformed."),
    )
    NOT_REQUIRED = ((-1106, "Parameter '{limit}' sent when not required."), (-1106, "Parameter '{limit}' sent when not required."))
    ILLEGAL = (
        (-1100, "Illegal characters found in parameter '{limit}'; legal range is '^([0-9]{{1,20}})(\\.[0-9]{{1,20}})?$'."),
        (-1100, "Illegal characters found in parameter '{limit}'; legal range is '^([0-9]{{1,20}})(\\.[0-9]{{1,20}})?$'."),
    )
    TOO_LONG_A_SPAN = (
        (-1127, "More than 24 hours between startTime and endTime."),
        (-1127, "More than 168 hours between startTime and endTime."),
    )
    SIGNATURE = ((-1022, "Signature for this request is not valid."), (-1022, "Signature for this request is not valid."))
    RECV_WINDOW = (
        (-1021, "Timestamp for this request is outside of the recvWindow."),
        (-1021, "Timestamp for this request is outside of the recvWindow."),
    )
    AHEAD = (
        (-1021, "Timestamp for this request was 1000ms ahead of the server's time."),
        (-1021, "Timestamp for this request was 1000ms ahead of the server's time."),
    )
    RECV_WINDOW_TOO_LARGE = ((-1131, "recvWindow must be less than 60000."), (-1131, "recvWindow must be less than 60000."))
    DEPTH_LIMIT = ((-1100, "Illegal characters found in parameter 'limit'."), (-4021, "'{limit}' is not a valid depth limit."))
    INTERVAL = ((-1120, "Invalid interval."), (-1120, "Invalid interval."))


def refused(no: No, *, perp: bool, limit: object = "") -> Refused:
    """A refusal in the words of one market. `limit` fills the blank that some sentences have."""
    code, sentence = no.value[1 if perp else 0]
    return Refused(code, sentence.format(limit=limit) if "{limit}" in sentence else sentence)


def key_refused() -> Refused:
    """A key that is unknown or may not do this."""
    return Refused(-2015, "Invalid API-key, IP, or permissions for action.", 401)


def words(status: int, retry_after_s: int) -> web.Response:
    """A 5xx in a refusal's words; 429, or 418 for who did not listen to it. https://developers.binance.com/docs/binance-spot-api-docs/rest-api/limits"""
    if status >= 500:
        return answer({"code": -1013, "msg": "Filter failure: PERCENT_PRICE_BY_SIDE"}, status=status)
    sentence = "Way too much request weight used; IP banned until {0}." if status == 418 else _TOO_MUCH
    return answer({"code": -1003, "msg": sentence.format(retry_after_s)}, status=status, headers={"Retry-After": str(retry_after_s)})


_TOO_MUCH = (
    "Too much request weight used; current limit is 6000 request weight per 1 MINUTE. "
    "Please use WebSocket Streams for live updates to avoid polling the API."
)
