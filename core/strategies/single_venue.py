"""What BEST_PRICE, BEST_LIQUIDITY and LOWEST_FEES share: rank the venues, send everything to the first that takes it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from core.domain.enums import TimeInForce
from core.domain.market import BookView, MarketView
from core.domain.plan import ExecutionRequest, Plan, PlannedChild
from core.strategies.assemble import assemble, base_fee_note, is_market, make_child
from core.strategies.eligible import eligible_books
from core.strategies.params import Params
from core.strategies.resting import best_resting
from core.strategies.router import Router
from core.strategies.walk import walk, within_limit, worst_price

IMMEDIATE = (TimeInForce.IOC, TimeInForce.FOK)


@dataclass(frozen=True, slots=True)
class Ranked:
    """A venue's place: the smallest key wins. `words` says why it lost, when it does."""

    key: tuple[Decimal, ...]
    book: BookView
    words: str


class SingleVenueRouter(Router):
    """One child on one venue."""

    @abstractmethod
    def rank(self, books: Sequence[BookView], request: ExecutionRequest, limit: Decimal, params: Params) -> list[Ranked]:
        """Every book with its key, in any order."""

    def resting(self, ranked: Sequence[Ranked], request: ExecutionRequest, limit: Decimal) -> PlannedChild | None:
        """Where to wait when nothing crosses anywhere: where waiting is cheapest, unless a strategy knows better."""
        books = [place.book for place in ranked]
        return best_resting(books, request.side, request.amount, limit, request.time_in_force, post_only=request.post_only)

    def notes(self, _child: PlannedChild, _ranked: Sequence[Ranked], _request: ExecutionRequest, _limit: Decimal) -> list[str]:
        """What else the trader should know of the choice."""
        return []

    def plan(self, request: ExecutionRequest, market: MarketView, params: Params, *, refused: Mapping[str, str] | None = None) -> Plan:
        eligible = eligible_books(request, market, params, refused)
        limit = worst_price(request, market)
        if not eligible.books or limit is None:
            return assemble(self.name, request, market, (), left_out=eligible.left_out, blocking="No venue has a usable book right now.")
        immediate = is_market(request) or request.time_in_force in IMMEDIATE
        time_in_force = TimeInForce.IOC if is_market(request) else request.time_in_force
        left_out = dict(eligible.left_out)
        ranked = sorted(self.rank(eligible.books, request, limit, params), key=lambda place: place.key)
        best: PlannedChild | None = None
        for place in ranked:
            child = make_child(place.book, request.side, request.amount, limit, time_in_force, post_only=request.post_only)
            if isinstance(child, str):
                left_out[place.book.venue] = child
            elif best is None and not (immediate and child.rests) and not _kills(request, child):
                best = child
            else:
                left_out[place.book.venue] = place.words if best is not None else "could not fill it now"
        if best is not None and best.rests:
            best = self.resting(ranked, request, limit)
        for place in ranked:
            left_out.setdefault(place.book.venue, place.words)
        children = () if best is None else (best,)
        return assemble(
            self.name,
            request,
            market,
            children,
            left_out={venue: why for venue, why in left_out.items() if best is None or venue != best.exchange},
            notes=[*base_fee_note(request, market.books, children), *(self.notes(best, ranked, request, limit) if best else ())],
            blocking="" if children else _why_nothing(request, immediate=immediate),
            instruments=[book.instrument for book in eligible.books],
        )


def _kills(request: ExecutionRequest, child: PlannedChild) -> bool:
    """A fill-or-kill order that its venue can't fill completely."""
    return request.time_in_force is TimeInForce.FOK and child.expected_amount < request.amount


def all_in_cost(book: BookView, request: ExecutionRequest, limit: Decimal) -> Decimal:
    """What the whole amount costs on this venue, fees in, in quote; smaller is better on both sides.

    What its book can't fill within the limit is valued at the limit, which would have to be paid to get
    done: a thin venue with a pretty touch does not win a large order.
    """
    instrument, sign = book.instrument, request.side.sign
    taken = walk(instrument, within_limit(book, request.side, limit), request.amount)
    rest = request.amount - taken.amount
    return sign * (taken.notional * (1 + sign * instrument.taker_fee) + rest * limit * (1 + sign * instrument.maker_fee))


def _why_nothing(request: ExecutionRequest, *, immediate: bool) -> str:
    if request.time_in_force is TimeInForce.FOK:
        return "Fill-or-kill: no single venue could fill all of it within the limit now."
    if immediate:
        return "No venue offers anything within the limit right now."
    return "No venue would take this order: it is under every minimum."
