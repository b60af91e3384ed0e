"""What may be believed of a failed request: every row of the table, through ccxt's own reading of the exchange's own words."""

from __future__ import annotations

import inspect
import json
import re
import sys
from typing import Any

import aiohttp
import ccxt.pro
import pytest

from core.domain.errors import (
    DuplicateClientId,
    OrderNotFound,
    OutcomeUnknown,
    RateLimited,
    VenueError,
    VenueRefused,
    VenueUnavailable,
    WouldCross,
)
from core.exchanges.ccxt.outcomes import Ask, _by_class, judged, proof
from core.exchanges.ccxt.refusals import FACTS, Fact, Proof
from core.exchanges.ccxt.wire import Trace

ORDER_URLS = {
    "binance": "https://api.binance.com/api/v3/order",
    "binanceusdm": "https://fapi.binance.com/fapi/v1/order",
    "bybit": "https://api.bybit.com/v5/order/create",
    "okx": "https://www.okx.com/api/v5/trade/order",
    "kraken": "https://api.kraken.com/0/private/AddOrder",
    "krakenfutures": "https://futures.kraken.com/derivatives/api/v3/sendorder",
}
# A row without a code is about a message that ccxt passes on bare; Bybit's is a page, and has a test of its own.
ROWS = [
    pytest.param(ccxt_id, fact, id=f"{ccxt_id} {fact.code} {fact.phrase}".strip())
    for ccxt_id, facts in FACTS.items()
    for fact in facts
    if (ccxt_id, fact.code) != ("bybit", "")
]


def body(ccxt_id: str, code: str, message: str) -> dict[str, Any]:
    """A refusal in the exchange's own form."""
    match ccxt_id:
        case "bybit":
            return {"retCode": int(code), "retMsg": message, "result": {}, "retExtInfo": {}, "time": 1}
        case "okx" if code.startswith("50"):
            return {"code": code, "msg": message, "data": []}
        case "okx":
            return {"code": "1", "msg": "", "data": [{"clOrdId": "", "ordId": "", "sCode": code, "sMsg": message}]}
        case "kraken":
            return {"error": [code or message]}
        case "krakenfutures":
            return {"result": "error", "error": code, "serverTime": "2026-01-01T00:00:00Z"}
        case _:
            return {"code": int(code or -2010), "msg": message}


def refusal(ccxt_id: str, code: str, message: str, status: int = 400) -> BaseException:
    """What ccxt raises for it."""
    client = getattr(ccxt.pro, ccxt_id)()
    words = body(ccxt_id, code, message)
    text = json.dumps(words)
    with pytest.raises(ccxt.BaseError) as raised:
        client.handle_errors(status, "Bad Request", ORDER_URLS[ccxt_id], "POST", {}, text, words, {}, None)
    error: BaseException = raised.value
    return error


def answered(error: BaseException) -> Trace:
    """The request had left, and this came back."""
    return Trace(left=True, failure=error)


def verdict(error: BaseException, ccxt_id: str, ask: Ask = Ask.CREATE, trace: Trace | None = None) -> VenueError:
    trace = trace or answered(error)
    return judged(error, proof(error, trace, ccxt_id), ask, trace, "here")


@pytest.mark.parametrize(("ccxt_id", "fact"), ROWS)
def test_every_row_is_what_ccxt_makes_of_the_exchanges_own_words(ccxt_id: str, fact: Fact) -> None:
    error = refusal(ccxt_id, fact.code, fact.phrase or "In the venue's own words.")
    assert proof(error, answered(error), ccxt_id) is fact.proof


@pytest.mark.parametrize("ccxt_id", FACTS)
def test_a_code_on_no_list_and_of_no_class_is_unknown(ccxt_id: str) -> None:
    code = {"kraken": "EService:Something new", "krakenfutures": "somethingNew"}.get(ccxt_id, "99999")
    error = refusal(ccxt_id, code, "Something new.", status=500 if ccxt_id == "krakenfutures" else 400)
    assert isinstance(verdict(error, ccxt_id), OutcomeUnknown)


@pytest.mark.parametrize(
    ("ccxt_id", "code", "message", "expected"),
    [
        ("binance", "-2010", "Duplicate order sent.", DuplicateClientId),
        ("binance", "-2010", "Order would immediately match and take.", WouldCross),
        ("binance", "-2010", "Account has insufficient balance for requested action.", VenueRefused),
        ("binance", "-1021", "Timestamp for this request is outside of the recvWindow.", VenueUnavailable),
        ("binance", "-1007", "Timeout waiting for response from backend server. Send status unknown.", OutcomeUnknown),
        ("binanceusdm", "-4116", "ClientOrderId is duplicated.", DuplicateClientId),
        ("binanceusdm", "-5022", "Post Only order will be rejected.", WouldCross),
        ("binance", "-1008", "Server is currently overloaded.", OutcomeUnknown),
        ("binance", "-1004", "Server is busy, please wait and try again", OutcomeUnknown),
        ("bybit", "110072", "OrderLinkedID is duplicate", DuplicateClientId),
        ("bybit", "170141", "Duplicate clientOrderId", DuplicateClientId),
        ("bybit", "170146", "Order creation timeout", OutcomeUnknown),
        ("bybit", "170035", "Submitted to the system for processing!", OutcomeUnknown),
        ("bybit", "110030", "Duplicate orderId", OutcomeUnknown),
        ("bybit", "10016", "Server error.", OutcomeUnknown),
        ("bybit", "10429", "System level frequency protection", OutcomeUnknown),
        ("bybit", "10006", "Too many visits.", RateLimited),
        ("okx", "51016", "Client order ID already exists.", DuplicateClientId),
        ("okx", "51011", "Duplicated order ID", OutcomeUnknown),
        ("okx", "50004", "Endpoint request timeout", OutcomeUnknown),
        ("kraken", "EService:Deadline elapsed", "", OutcomeUnknown),
        ("kraken", "EOrder:Insufficient funds", "", VenueRefused),
    ],
)
def test_the_answers_that_matter_most(ccxt_id: str, code: str, message: str, expected: type[VenueError]) -> None:
    assert type(verdict(refusal(ccxt_id, code, message), ccxt_id)) is expected


@pytest.mark.parametrize(
    ("ccxt_id", "code"), [("binance", "-2011"), ("binance", "-2013"), ("bybit", "110001"), ("bybit", "170213"), ("okx", "51400")]
)
def test_not_found_means_query_for_a_cancel_and_nothing_at_all_for_a_create(ccxt_id: str, code: str) -> None:
    error = refusal(ccxt_id, code, "Unknown order.")
    assert isinstance(verdict(error, ccxt_id, Ask.CANCEL), OrderNotFound)
    assert isinstance(verdict(error, ccxt_id, Ask.CREATE), OutcomeUnknown)


def page(ccxt_id: str, status: int) -> BaseException:
    """What ccxt raises for a page."""
    client = getattr(ccxt.pro, ccxt_id)()
    with pytest.raises(ccxt.BaseError) as raised:
        client.handle_http_status_code(status, "Said by a proxy", ORDER_URLS[ccxt_id], "POST", "<html>no</html>")
    error: BaseException = raised.value
    return error


@pytest.mark.parametrize("ccxt_id", ["binance", "bybit", "okx", "kraken"])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 407, 500, 502, 503, 504, 511, 520])
def test_a_page_is_nobodys_words_whatever_its_status(ccxt_id: str, status: int) -> None:
    """A proxy's 401 says nothing about an order, and Bybit's 403 is "too many requests" to ccxt."""
    assert isinstance(verdict(page(ccxt_id, status), ccxt_id), OutcomeUnknown)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize(
    ("ccxt_id", "code"),
    [("binance", "-2010"), ("binanceusdm", "-2019"), ("bybit", "170131"), ("okx", "51008"), ("kraken", "EAPI:Invalid key")],
)
def test_no_words_are_a_refusal_under_a_status_that_means_nobody_knows(ccxt_id: str, code: str, status: int) -> None:
    error = refusal(ccxt_id, code, "In the venue's own words.", status=status)
    assert isinstance(verdict(error, ccxt_id, trace=Trace(left=True, failure=error, status=400)), VenueRefused)
    assert isinstance(verdict(error, ccxt_id, trace=Trace(left=True, failure=error, status=status)), OutcomeUnknown)


def test_a_page_with_429_says_that_nothing_was_taken() -> None:
    assert isinstance(verdict(page("bybit", 429), "bybit"), RateLimited)


def test_bybit_bans_an_address_for_ten_minutes_with_a_page() -> None:
    error = ccxt.RateLimitExceeded("bybit POST https://api.bybit.com/v5/order/create 403 Forbidden 403, access too frequent")
    banned = verdict(error, "bybit")
    assert isinstance(banned, RateLimited)
    assert banned.retry_after_s == 600


def test_what_ccxt_raises_before_anything_has_left_was_never_sent() -> None:
    assert isinstance(verdict(ccxt.InvalidOrder("binance says no"), "binance", trace=Trace()), VenueRefused)
    assert isinstance(verdict(KeyError("orderTypes"), "binance", trace=Trace()), VenueUnavailable)
    assert isinstance(verdict(TimeoutError(), "binance", trace=Trace()), VenueUnavailable)


def test_what_ccxt_raises_after_a_good_answer_proves_nothing() -> None:
    """ccxt's parser raises the same classes as its checks, with the order on the book."""
    for error in (ccxt.ArgumentsRequired("binance safeMarket() requires a fourth argument"), ccxt.BadSymbol("binance no"), TypeError("no")):
        assert isinstance(verdict(error, "binance", trace=Trace(left=True)), OutcomeUnknown)


def test_a_request_that_waited_for_a_connection_in_vain_never_left() -> None:
    error = ccxt.RequestTimeout("binance POST https://api.binance.com/api/v3/order")
    error.__cause__ = aiohttp.ConnectionTimeoutError("Connection timeout to host")
    assert isinstance(verdict(error, "binance"), VenueUnavailable)
    error.__cause__ = aiohttp.SocketTimeoutError("Timeout on reading data from socket")
    assert isinstance(verdict(error, "binance"), OutcomeUnknown)


def test_an_exchange_without_rows_is_read_by_ccxts_classes_in_its_own_format_only() -> None:
    spoken = ccxt.InsufficientFunds('gate {"label":"BALANCE_NOT_ENOUGH","message":"Not enough balance"}')
    refused = verdict(spoken, "gate")
    assert isinstance(refused, VenueRefused)
    assert str(refused) == "here refused the order: Not enough balance (BALANCE_NOT_ENOUGH)."
    assert isinstance(verdict(ccxt.ExchangeError('gate {"label":"SERVER_ERROR","message":"?"}'), "gate"), OutcomeUnknown)
    assert isinstance(verdict(ccxt.OrderNotFound('gate {"label":"ORDER_NOT_FOUND","message":"?"}'), "gate", Ask.CANCEL), OrderNotFound)


def test_a_venue_says_how_long_to_wait() -> None:
    error = ccxt.DDoSProtection("binance 429 Too Many Requests {}")
    limited = verdict(error, "binance", trace=Trace(True, error, {"retry-after": "7"}))
    assert isinstance(limited, RateLimited)
    assert limited.retry_after_s == 7
    dated = verdict(error, "binance", trace=Trace(True, error, {"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}))
    assert isinstance(dated, RateLimited)
    assert dated.retry_after_s is None


CANARY = "CANARYkeyCANARYsecret42"


@pytest.mark.parametrize(
    "message",
    [
        f"binance POST https://api.binance.com/api/v3/order?symbol=BTCUSDT&timestamp=1&signature={CANARY}",
        f"okx GET https://www.okx.com/api/v5/account/config {{'OK-ACCESS-SIGN': '{CANARY}'}}",
        f'bybit {{"retCode":10004,"retMsg":"error sign! origin_string[1{CANARY}5000{{}}]","result":{{}}}}',
        f'binance {{"code":-1022,"msg":"Signature for {CANARY} is not valid."}}',
        f"binance wss://stream.binance.com/ws?listenKey={CANARY}",
    ],
)
def test_neither_the_sentence_nor_the_detail_holds_what_signs(message: str) -> None:
    client = ccxt.pro.binance({"apiKey": CANARY, "secret": CANARY, "password": CANARY})
    error = ccxt.AuthenticationError(message)
    trace = answered(error)
    ours = judged(error, proof(error, trace, "binance"), Ask.CREATE, trace, "here", client)
    assert "CANARY" not in f"{ours} {ours.detail!r} {ours!r}"
    assert ours.__cause__ is None
    assert ours.__context__ is None


# Codes that ccxt sorts into a class that means a refusal, and whose words, which ccxt quotes beside them, sound as if something might have
# been done. Each was read: it is about no order, or about one that surely was not placed.
HARMLESS = {
    "binance": {"-1103", "-4111", "-4115", "-4116", "-4171", "-20132"},  # -41xx are USD-M's
    "binanceusdm": {"-1103", "-4111", "-4115", "-4171", "-20132"},
    "bybit": {"-1103", "140030", "175000", "176014", "176021", "30001"},  # inverse contracts, tokens, loans, and interfaces before v5
    "okx": {"58224"},
}
ENTRY = re.compile(r"^ +'(-?\d+)': (\w+),\s*# *(.*)$", re.MULTILINE)
SOUNDS_DONE = re.compile(r"process|time ?out|timed out|busy|unknown|internal|submitted|duplicat|repeat|already in use", re.IGNORECASE)


@pytest.mark.parametrize("ccxt_id", FACTS)
def test_no_class_of_ccxts_makes_a_refusal_of_words_that_sound_otherwise(ccxt_id: str) -> None:
    """An upgrade that brings another such code is seen here."""
    module = sys.modules[f"ccxt.async_support.{ccxt_id.removesuffix('usdm')}"]
    listed = {fact.code for fact in FACTS[ccxt_id]}
    suspicious = {
        code
        for code, name, words in ENTRY.findall(inspect.getsource(module))
        if SOUNDS_DONE.search(words) and _by_class(getattr(ccxt, name)("")) is Proof.REFUSED
    }
    assert suspicious - listed == HARMLESS.get(ccxt_id, set())
