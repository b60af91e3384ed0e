"""The checks, one pure function each: what speaks against an order, in a sentence that says which limit and by how much.

None means that nothing does. Money is in quote, amounts in base; nobody here knows where the figures come from.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from core.domain.clock import MICROSECONDS
from core.domain.enums import OrderSide
from core.domain.market import BookState, BookView
from core.domain.numbers import plain
from core.execution.risk.limits import RiskLimits

BPS = Decimal(10_000)
KILLED = "Trading is stopped by the kill switch; release it to trade again."
MINUTE_US = 60 * MICROSECONDS

_UNUSABLE = {
    BookState.EMPTY: "it has no book yet",
    BookState.STALE: "its book is stale",
    BookState.GAP: "its book has a gap",
    BookState.CROSSED: "its book is crossed",
}


def check_notional(what: str, notional: Decimal, limit: Decimal, quote: str) -> str | None:
    """`what` names the order: "A parent order"."""
    if notional <= limit:
        return None
    shown, most, over = alike(notional, limit, notional - limit)
    return f"{what} of {shown} {quote} is over the limit of {most} {quote} by {over} {quote}."


def check_collar(side: OrderSide, price: Decimal, reference: Decimal, limit_bps: Decimal, what: str = "mid") -> str | None:
    """Buys too far above, sells too far below `reference`, which `what` names."""
    away_bps = side.sign * (price - reference) / reference * BPS
    if away_bps <= limit_bps:
        return None
    where = "above" if side is OrderSide.BUY else "below"
    over_bps = away_bps - limit_bps
    decimals = 0 if over_bps >= 1 else min(2 - over_bps.adjusted(), 6)  # a hair past it is not "0 bps past"
    return (
        f"Price collar: {plain(price)} is {away_bps:.{decimals}f} bps {where} the {what} of {money(reference)}, "
        f"{over_bps:.{decimals}f} bps past the limit of {plain(limit_bps)} bps."
    )


def check_book(venue: str, book: BookView | None) -> str | None:
    """Nothing is sent to a venue whose book can't be believed."""
    if book is not None and book.state is BookState.LIVE:
        return None
    if book is None:
        return f"Stale data: nothing is sent to {venue}: its book is not known."
    note = f" ({book.note})" if book.note else ""
    return f"Stale data: nothing is sent to {venue}: {_UNUSABLE[book.state]}{note}."


def check_open(venue: str, on_venue: int, in_all: int, limits: RiskLimits) -> str | None:
    """`on_venue` and `in_all` are open already."""
    if on_venue >= limits.max_open_per_venue:
        over = on_venue + 1 - limits.max_open_per_venue
        return f"Open orders: {on_venue} are open on {venue}, so one more is {over} over the limit of {limits.max_open_per_venue}."
    if in_all >= limits.max_open:
        over = in_all + 1 - limits.max_open
        return f"Open orders: {in_all} are open on all venues, so one more is {over} over the limit of {limits.max_open}."
    return None


def check_pace(sent_us: Sequence[int], now_us: int, limits: RiskLimits) -> str | None:
    """`sent_us`: when orders went out, oldest first; a minute back is enough."""
    for span_us, limit, name in (
        (MICROSECONDS, limits.max_orders_per_second, "second"),
        (MINUTE_US, limits.max_orders_per_minute, "minute"),
    ):
        recent = sum(moment > now_us - span_us for moment in sent_us)
        if (over := recent + 1 - limit) > 0:
            return f"Order rate: {recent} orders went out in the last {name}, so one more is {over} over the limit of {limit}."
    return None


def check_repeat(since_s: float | None, window_s: float) -> str | None:
    """`since_s`: how long ago the same parent order was placed; None: never."""
    if since_s is None or since_s >= window_s:
        return None
    return (
        f"Identical order: the same was placed {since_s:.1f} s ago; "
        f"the limit is one in {window_s:g} s, so this one is {window_s - since_s:.1f} s too early."
    )


def check_funds(venue: str, currency: str, needed: Decimal, available: Decimal) -> str | None:
    """`available`: free on the venue, less what is on its way there."""
    if needed <= available:
        return None
    free = max(available, Decimal(0))
    takes, has, missing = alike(needed, free, needed - free)
    return f"Balance: this takes {takes} {currency} on {venue} and {has} {currency} is free, {missing} {currency} too little."


def check_capacity(amount: Decimal, capacity: Decimal, base: str, venues: Sequence[str]) -> str | None:
    """`capacity`: base that all the balances of a parent's venues can carry together."""
    if amount <= capacity:
        return None
    where = venues[0] if len(venues) == 1 else f"{len(venues)} venues"
    carries, wanted, missing = alike(capacity, amount, amount - capacity)
    return f"Balance: what is free on {where} carries {carries} {base} of this order's {wanted} {base}, {missing} {base} too little."


def money(value: Decimal) -> str:
    """`1,234,567.89`, `0.00012`: as many decimals as it takes to tell it from nothing."""
    return _rounded(value, _decimals(value))


def alike(*values: Decimal) -> list[str]:
    """As `money`, all to the decimals of the smallest, so that what is 0.001 short of 1 does not read as 1."""
    decimals = max(_decimals(value) for value in values)
    return [_rounded(value, decimals) for value in values]


def _decimals(value: Decimal) -> int:
    return 2 if abs(value) >= 1 or not value else min(max(1 - value.adjusted(), 2), 12)


def _rounded(value: Decimal, decimals: int) -> str:
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
