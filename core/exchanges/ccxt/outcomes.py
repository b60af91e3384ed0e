"""ccxt's exceptions, read as evidence. "Refused" has to be proven; everything else may have happened.

In this order, the first that holds: nothing had left (so nothing was done); the connection was never made; the answer's status is
a 5xx, under which no words prove anything; the venue's words are a row of `refusals.py`; the venue's words, in the venue's own
format, were sorted by ccxt into a class that means a refusal; and otherwise nobody knows. A page of HTML is nobody's words,
whatever its status: 401 and 403 come from proxies, too.
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

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
from core.exchanges.ccxt.refusals import Proof, proof_of
from core.exchanges.ccxt.wire import Trace, scrubbed


class Ask(StrEnum):
    """What a request is for, as a sentence says it."""

    CREATE = "the order"
    CANCEL = "the cancel"
    AMEND = "the change"
    QUERY = "the question"
    SETTING = "the setting"


# ccxt's classes by which a venue's own words are a refusal (FACTS.md), and the more special ones among them that are not.
_REFUSING = (
    "ArgumentsRequired",
    "AuthenticationError",
    "BadRequest",
    "InsufficientFunds",
    "InvalidOrder",
    "NotSupported",
    "OperationRejected",
)
_UNCHANGED = ("NoChange",)
_CROSSING = ("OrderImmediatelyFillable",)
_DUPLICATE = ("DuplicateOrderId",)
_ABSENT = ("OrderNotFound",)
_THROTTLED = ("DDoSProtection", "RateLimitExceeded")
_SKEWED = ("InvalidNonce",)
_NOT_CLEAR = ("ChecksumError", "OrderNotCached", "ContractUnavailable")

# What ccxt makes of an answer that is not the venue's: its method, its URL, the status, and the page.
_PAGE = re.compile(r"^(?:GET|POST|PUT|DELETE|PATCH) https?://\S* ?(\d{3})?")
# The only statuses that say something without words; ccxt also reads "slow down" out of Bybit's 403, and proxies say that, too.
_THROTTLING_STATUS = ("429", "418")
# "HTTP 5XX return codes are used for internal errors. It is important to NOT treat this as a failure operation; the execution status
# is UNKNOWN." https://developers.binance.com/docs/binance-spot-api-docs/rest-api/general-api-information
_NOBODY_KNOWS_STATUS = 500
# Bybit bans an address for ten minutes, and says no more than this. https://bybit-exchange.github.io/docs/v5/rate-limit
_BANNED, _BANNED_S = "access too frequent", 600.0


@dataclass(frozen=True, slots=True)
class Said:
    """A venue's own words.

    Attributes:
        code: as the venue gives it; empty where ccxt kept only the message.
    """

    code: str
    message: str

    def __str__(self) -> str:
        message = self.message.rstrip(". ")
        return f"{message} ({self.code})" if self.code and self.code != self.message else message


def said(error: BaseException) -> Said | None:
    """What the venue said, dug out of ccxt's message; None when it is not the venue that speaks."""
    words = _words(error)
    if not words or _PAGE.match(words):
        return None
    start = min((place for place in (words.find("{"), words.find("[")) if place >= 0), default=-1)
    if start >= 0:
        try:
            body, _ = json.JSONDecoder().raw_decode(words[start:])
        except ValueError:
            return None  # cut short, or no JSON at all
        return _dig(body)
    if "failed due to " in words:  # krakenfutures' sendStatus, of which ccxt keeps one word
        status = words.rpartition(" ")[2]
        return Said(status, status)
    return Said("", words)


def _words(error: BaseException) -> str:
    """What ccxt says, without its id, which goes first."""
    return str(error).partition(" ")[2].strip()


def _dig(body: Any) -> Said | None:
    """Code and message of an error body: Binance, Bybit, okx, Kraken, and what resembles them."""
    if isinstance(body, list):
        body = body[0] if body else None
    if not isinstance(body, Mapping):
        return None
    data = body.get("data")
    if isinstance(data, list) and data and isinstance(data[0], Mapping) and str(data[0].get("sCode", "0")) != "0":
        return Said(str(data[0]["sCode"]), str(data[0].get("sMsg", "")).strip())
    errors = body.get("error")
    if isinstance(errors, list) and errors:
        return Said(str(errors[0]), str(errors[0]))
    if isinstance(errors, str) and errors:
        return Said(errors, errors)
    for code, message in (("retCode", "retMsg"), ("code", "msg"), ("code", "message"), ("label", "message"), ("err-code", "err-msg")):
        if body.get(code) is not None:
            return Said(str(body[code]), str(body.get(message) or "").strip())
    return Said("", "")


def proof(error: BaseException, trace: Trace, ccxt_id: str) -> Proof:
    """What an exception proves; DOUBTFUL unless it surely proves something."""
    if isinstance(error, TimeoutError):
        return Proof.DOUBTFUL if trace.left else Proof.NOT_NOW
    if not trace.left:  # ccxt's own checks, or a fault of ours: either way nobody has heard of it
        return Proof.REFUSED if _is(error, *_REFUSING) else Proof.NOT_NOW
    if _never_connected(error):
        return Proof.NOT_NOW
    if trace.status is not None and trace.status >= _NOBODY_KNOWS_STATUS:
        return Proof.DOUBTFUL
    words = said(error)
    # Of a page only a phrase counts that the exchange itself is known to use.
    spoken = words or Said("", _words(error))
    if (known := proof_of(ccxt_id, spoken.code, spoken.message)) is not None:
        return known
    if trace.failure is not error:  # raised after an answer that ccxt took for good
        return Proof.DOUBTFUL
    if _is(error, *_THROTTLED) and ((page := _PAGE.match(_words(error))) is None or page[1] in _THROTTLING_STATUS):
        return Proof.THROTTLED
    return Proof.DOUBTFUL if words is None else _by_class(error)


def _by_class(error: BaseException) -> Proof:
    if _is(error, *_NOT_CLEAR):
        return Proof.DOUBTFUL
    for proven, classes in (
        (Proof.UNCHANGED, _UNCHANGED),
        (Proof.WOULD_CROSS, _CROSSING),
        (Proof.DUPLICATE, _DUPLICATE),
        (Proof.NOT_FOUND, _ABSENT),
        (Proof.SKEWED, _SKEWED),
        (Proof.REFUSED, _REFUSING),
    ):
        if _is(error, *classes):
            return proven
    return Proof.DOUBTFUL


def _is(error: BaseException, *names: str) -> bool:
    """By name, as ccxt is not imported here: a class or one of its bases is called so."""
    return any(known.__name__ in names for known in type(error).__mro__)


def _never_connected(error: BaseException) -> bool:
    """The request waited for a connection that was never made."""
    import aiohttp

    return isinstance(error.__cause__, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError | socket.gaierror)


def judged(error: BaseException, proven: Proof, ask: Ask, trace: Trace, venue: str, client: Any = None) -> VenueError:
    """Our error for ccxt's, or for whatever else went wrong around a request.

    Args:
        proven: what `proof` says of it.
        client: whose secrets must not be in the detail.

    Returns:
        With a detail that is text and holds nothing that signs; never the exception itself, whose message might.
    """
    words, detail = said(error), scrubbed(error, client)
    why = f": {scrubbed(words, client)}" if words is not None and str(words) else ""
    if proven is Proof.NOT_FOUND and ask is Ask.CREATE:
        proven = Proof.DOUBTFUL  # no answer to what was asked
    match proven:
        case Proof.WOULD_CROSS:
            return WouldCross(f"{venue} did not take the post-only order: it would have traded at once.", detail=detail)
        case Proof.DUPLICATE:
            return DuplicateClientId(f"{venue} has an order with this client id already{why}.", detail=detail)
        case Proof.REFUSED | Proof.UNCHANGED:
            return VenueRefused(f"{venue} refused {ask.value}{why}.", detail=detail)
        case Proof.NOT_FOUND:
            return OrderNotFound(f"{venue} does not know the order as open{why}.", detail=detail)
        case Proof.THROTTLED:
            sentence = f"{venue} asks us to slow down; {ask.value} was not taken."
            wait_s = _BANNED_S if _BANNED in str(error) else trace.retry_after_s
            return RateLimited(sentence, detail=detail, retry_after_s=wait_s)
        case Proof.SKEWED:
            return VenueUnavailable(f"{venue} finds that our clock is off; {ask.value} was not taken.", detail=detail)
        case Proof.NOT_NOW:
            reason = why if words is not None and trace.left else ""
            return VenueUnavailable(f"{venue} could not be reached or is not taking {ask.value} now{reason}.", detail=detail)
        case Proof.DOUBTFUL:
            return OutcomeUnknown(f"{venue} gave no clear answer to {ask.value}.", detail=detail)
