"""Which venues a plan may use, and in words why not the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.domain.enums import MarketType
from core.domain.market import BookState, BookView, MarketView
from core.domain.plan import ExecutionRequest
from core.strategies.params import Params

_STATE_WORDS = {
    BookState.EMPTY: "no book yet",
    BookState.STALE: "its book is old",
    BookState.GAP: "its book lost messages",
    BookState.CROSSED: "its book is crossed",
}


@dataclass(slots=True)
class Eligible:
    """Usable books, in the market's order, and why each other venue is out."""

    books: list[BookView]
    left_out: dict[str, str] = field(default_factory=dict)


def eligible_books(request: ExecutionRequest, market: MarketView, params: Params, refused: Mapping[str, str] | None = None) -> Eligible:
    """The LIVE books of the venues that the request and its parameters allow."""
    result = Eligible([])
    for venue in request.exchanges or tuple(market.books):
        book = market.books.get(venue)
        if book is None:
            result.left_out[venue] = f"does not trade {request.symbol} here"
        elif why := _why_not(book, request, params, refused or {}):
            result.left_out[venue] = why
        else:
            result.books.append(book)
    return result


def _why_not(book: BookView, request: ExecutionRequest, params: Params, refused: Mapping[str, str]) -> str:
    instrument = book.instrument
    if instrument.market_type is MarketType.SPOT and not params.include_spot:
        return "spot venues are switched off"
    if instrument.market_type is MarketType.PERP and not params.include_perp:
        return "perp venues are switched off"
    if request.reduce_only and instrument.market_type is MarketType.SPOT:
        return "reduce-only needs a perp"
    if book.state is not BookState.LIVE:
        return book.note or _STATE_WORDS[book.state]
    if not len(book.bids) and not len(book.asks):
        return "its book is empty"
    if book.venue in refused:
        return f"refused this order: {refused[book.venue]}"
    return ""
