"""What an exchange's refusals prove: the allow-list of answers that surely mean "not placed", row by row, with its source.

Whatever is on no list is *unknown*, however final its class sounds. ccxt sorts answers by what a caller should do, not by what
has happened: Bybit's 170146 "order creation timeout" is an `InvalidOrder` there, like 110072 "the id exists already", and
neither is a refusal. So rows come first, classes second (`outcomes.py`), and doubt last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Proof(StrEnum):
    """What an answer proves about the request that it answers."""

    REFUSED = "refused"  # surely not done, and asking again would be refused again
    WOULD_CROSS = "would_cross"  # surely not done: a post-only order met the market
    DUPLICATE = "duplicate"  # the client id exists: an order of ours is there
    NOT_FOUND = "not_found"  # the order is not open there: look it up
    THROTTLED = "throttled"  # surely not done: too many requests
    SKEWED = "skewed"  # surely not done: our clock is off
    NOT_NOW = "not_now"  # surely not done, may work later
    UNCHANGED = "unchanged"  # it was so already
    DOUBTFUL = "doubtful"  # anything may have happened


@dataclass(frozen=True, slots=True)
class Fact:
    """One row: an answer and what it proves.

    Attributes:
        code: as the venue gives it; empty fits every code.
        phrase: part of the venue's message, in lower case; empty fits every message.
    """

    code: str
    proof: Proof
    phrase: str = ""

    def fits(self, code: str, message: str) -> bool:
        return (not self.code or self.code == code) and self.phrase in message.lower()


def _rows(proof: Proof, *codes: str) -> tuple[Fact, ...]:
    return tuple(Fact(code, proof) for code in codes)


# https://developers.binance.com/docs/binance-spot-api-docs/errors; -2010 has many meanings, told apart by message only.
_BINANCE = (
    Fact("-2010", Proof.DUPLICATE, "duplicate order sent"),
    Fact("-2010", Proof.WOULD_CROSS, "would immediately match and take"),
    Fact("", Proof.WOULD_CROSS, "order would immediately match and take"),  # ccxt drops the code of this one
    *_rows(Proof.REFUSED, "-2010", "-1013", "-1014", "-1100", "-1101", "-1102", "-1106", "-1111", "-1115", "-1116", "-1117", "-1121"),
    *_rows(Proof.REFUSED, "-1002", "-1022", "-2014", "-2015"),
    *_rows(Proof.THROTTLED, "-1003", "-1015"),
    *_rows(Proof.SKEWED, "-1021"),
    *_rows(Proof.NOT_FOUND, "-2011", "-2013"),
    # "Execution status unknown": -1006, -1007. "Could not process": -1000, -1001. "Busy": -1004, -1008. -2021 and -2022 half-do a
    # cancel-replace.
    *_rows(Proof.DOUBTFUL, "-1000", "-1001", "-1004", "-1006", "-1007", "-1008", "-2021", "-2022"),
)

# https://developers.binance.com/docs/derivatives/usds-margined-futures/error-code
_USDM_ONLY = (
    *_rows(Proof.DUPLICATE, "-4116"),
    *_rows(Proof.WOULD_CROSS, "-5022"),
    *_rows(Proof.REFUSED, "-2018", "-2019", "-2022", "-2024", "-2025", "-2027", "-2028", "-4003", "-4004", "-4005", "-4014", "-4023"),
    *_rows(Proof.REFUSED, "-4028", "-4061", "-4131", "-4164", "-4183", "-4184", "-5021", "-5024", "-5025", "-5026"),
    *_rows(Proof.UNCHANGED, "-4046", "-5027"),
)
_BINANCE_USDM = (*_USDM_ONLY, *(fact for fact in _BINANCE if fact.code not in {own.code for own in _USDM_ONLY}))

# https://bybit-exchange.github.io/docs/v5/error. 10000, 10016, 10019 and 10429 come as a bare ExchangeError.
_BYBIT = (
    *_rows(Proof.DUPLICATE, "110072", "170141", "12141"),
    *_rows(Proof.WOULD_CROSS, "170218"),
    *_rows(Proof.NOT_FOUND, "110001", "170213", "170143", "20001"),
    *_rows(Proof.THROTTLED, "10006", "10018", "170222"),
    Fact("", Proof.THROTTLED, "access too frequent"),  # a 403 with this as its page
    *_rows(Proof.SKEWED, "10002"),
    *_rows(Proof.UNCHANGED, "110025", "110026", "110027", "110043", "34036"),
    # 10014 and 110030: a duplicate of what may have been taken. 110079 and 170035: still processing. The 1701xx ones time out inside.
    *_rows(Proof.DOUBTFUL, "110030", "170035", "170191"),
    *_rows(Proof.DOUBTFUL, "10000", "10014", "10016", "10019", "10429", "110079", "170001", "170007", "170032", "170146", "170147"),
    *_rows(Proof.REFUSED, "10001", "10003", "10004", "10005", "10010", "110003", "110004", "110007", "110012", "110013", "110017"),
    *_rows(Proof.REFUSED, "3400045"),  # the margin mode can't be changed while there are positions or orders
    *_rows(Proof.REFUSED, "110045", "110094", "170121", "170124", "170131", "170132", "170133", "170134", "170136", "170137", "170140"),
    # What can't be amended or cancelled any more has ended: it is filled, cancelled, or on its way there.
    *_rows(Proof.NOT_FOUND, "110008", "110010", "170139", "170142"),
)

# https://www.okx.com/docs-v5/en/#error-code. 50004: "does not indicate success or failure of order".
_OKX = (
    *_rows(Proof.DUPLICATE, "51016"),
    *_rows(Proof.NOT_FOUND, "51400", "51401", "51402", "51410", "51503", "51509", "51510", "51603"),
    *_rows(Proof.THROTTLED, "50011", "50061"),
    *_rows(Proof.SKEWED, "50102"),
    *_rows(Proof.DOUBTFUL, "51011"),  # "duplicated order ID": whose?
    *_rows(Proof.DOUBTFUL, "50001", "50004", "50005", "50013", "50026", "51054", "51149"),
    *_rows(Proof.REFUSED, "51000", "51001", "51004", "51006", "51008", "51020", "51023", "51112", "51119", "51121", "51131", "51169"),
)

# https://docs.kraken.com/api/docs/guides/spot-errors. EService:Timeout and :Deadline elapsed may have been carried out.
_KRAKEN = (
    Fact("", Proof.DUPLICATE, "duplicate cl_ord_id"),
    Fact("", Proof.WOULD_CROSS, "eorder:post only order"),
    *_rows(Proof.NOT_FOUND, "EOrder:Unknown order"),
    *_rows(Proof.THROTTLED, "EAPI:Rate limit exceeded", "EOrder:Rate limit exceeded", "EGeneral:Temporary lockout"),
    *_rows(Proof.SKEWED, "EAPI:Invalid nonce"),
    *_rows(Proof.NOT_NOW, "EService:Market in post_only mode", "EService:Market in cancel_only mode"),
    *_rows(Proof.REFUSED, "EOrder:Insufficient funds", "EOrder:Order minimum not met", "EOrder:Cost minimum not met"),
    *_rows(Proof.REFUSED, "EOrder:Tick size check failed", "EOrder:Orders limit exceeded", "EOrder:Positions limit exceeded"),
    *_rows(Proof.REFUSED, "EOrder:Margin allowance exceeded", "EOrder:Reduce only:No position exists", "EAPI:Invalid key"),
    *_rows(Proof.REFUSED, "EGeneral:Permission denied", "EQuery:Unknown asset pair", "EOrder:Trading agreement required"),
    *_rows(Proof.DOUBTFUL, "EService:Timeout", "EService:Deadline elapsed", "EService:Unavailable", "EService:Busy"),
    *_rows(Proof.DOUBTFUL, "EGeneral:Internal error"),
)

# https://docs.kraken.com/api/docs/futures-api/trading/send-order: the words of `sendStatus`.
_KRAKEN_FUTURES = (
    *_rows(Proof.DUPLICATE, "clientOrderIdAlreadyExist"),
    *_rows(Proof.WOULD_CROSS, "postWouldExecute"),
    *_rows(Proof.NOT_FOUND, "notFound", "filled", "orderForEditNotFound"),
    *_rows(Proof.THROTTLED, "apiLimitExceeded"),
    *_rows(Proof.SKEWED, "nonceBelowThreshold", "nonceDuplicate"),
    *_rows(Proof.NOT_NOW, "marketSuspended", "marketInactive", "marketUnavailable"),
    *_rows(Proof.REFUSED, "insufficientAvailableFunds", "invalidPrice", "invalidSize", "invalidSide", "invalidOrderType", "selfFill"),
    *_rows(Proof.REFUSED, "tooManySmallOrders", "maxPositionViolation", "clientOrderIdTooLong", "outsidePriceCollar"),
    *_rows(Proof.REFUSED, "wouldNotReducePosition", "iocWouldNotExecute", "authenticationError", "contractNotFound"),
)

FACTS: Mapping[str, tuple[Fact, ...]] = MappingProxyType(
    {
        "binance": _BINANCE,
        "binanceusdm": _BINANCE_USDM,
        "bybit": _BYBIT,
        "okx": _OKX,
        "kraken": _KRAKEN,
        "krakenfutures": _KRAKEN_FUTURES,
    }
)


def proof_of(ccxt_id: str, code: str, message: str) -> Proof | None:
    """The first row of an exchange that fits; None where none does, and for exchanges that we keep no rows of."""
    return next((fact.proof for fact in FACTS.get(ccxt_id, ()) if fact.fits(code, message)), None)
