"""How each venue is doing, for the window's chips: judged by its book and by what it tells of our orders, not by hope."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.market import BookState, BookView
from core.exchanges.connector import ExchangeConnector


@dataclass(frozen=True, slots=True)
class VenueHealth:
    """One venue at one moment.

    Attributes:
        age_ms: since its book's last message; None before the first.
        latency_ms: last measured round trip of an order request; None before the first order.
        note: why its book is not usable, in words; empty when it is.
        connected: it could be opened; while it can't, it has no book of any symbol, and the note says why.
        account: what is wrong with what it tells of our own orders, in words; empty when nothing is.
    """

    venue: str
    state: BookState
    age_ms: float | None
    latency_ms: float | None
    note: str
    connected: bool = True
    account: str = ""


def venue_health(connector: ExchangeConnector, book: BookView, now_us: int, account: str = "") -> VenueHealth:
    """Of a venue that is connected. `account`: as `PrivateSides.trouble` says."""
    age_ms = (now_us - book.received_us) / 1_000 if book.received_us else None
    return VenueHealth(connector.venue, book.state, age_ms, connector.latency_ms, book.note, account=account)


def not_connected(venue: str, why: str) -> VenueHealth:
    """Of one that is not."""
    return VenueHealth(venue, BookState.EMPTY, None, None, why, connected=False)
