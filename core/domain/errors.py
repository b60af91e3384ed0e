"""Every error Fathom raises, in one tree; each speaks with two voices.

`str(error)` is one calm sentence for the trader. `error.detail` is what the log
gets: the raw answer, the library's exception, the offending line.

    FathomError
    ├── BadRequest             the caller's input; nothing was sent
    │   ├── BadNumber            not a finite, exact decimal
    │   ├── BadAmount            zero, negative, below every minimum, off every lot
    │   ├── BadPrice             missing, negative, far off
    │   ├── BadParams            unknown or out-of-bounds strategy parameter
    │   ├── UnknownVenue         no such venue, or an ambiguous name
    │   ├── UnknownSymbol        no venue trades it
    │   ├── UnknownOrder         no such order id
    │   └── NotPossible          the order's state (or the venue) does not allow it
    ├── RiskDenied             a local limit said no; nothing was sent
    ├── ReservationExceeded    a child would take its parent past its amount (a bug upstream)
    ├── VenueError             something a venue did or said
    │   ├── VenueRefused         a definite refusal: the order was not placed
    │   │   └── WouldCross         a post-only order met the market; nothing is wrong with the venue
    │   ├── DuplicateClientId    our client id already exists there: look it up
    │   ├── OrderNotFound        the venue does not know the order: query, do not assume
    │   ├── VenueUnavailable     the request surely never reached the venue
    │   │   └── RateLimited        it was held back (by the venue or by our own limiter) and surely not acted on
    │   └── OutcomeUnknown       may or may not have happened; only evidence resolves it
    ├── MarketDataError        a book that can't be trusted
    │   └── RecordingError       a damaged, truncated or empty recording
    └── JournalError           the journal can't promise durability: trading stops
"""

from __future__ import annotations


class FathomError(Exception):
    """Base of all of Fathom's errors.

    Args:
        sentence: what the trader reads.
        detail: what the log keeps; defaults to nothing.
    """

    def __init__(self, sentence: str, *, detail: object = None) -> None:
        super().__init__(sentence)
        self.detail = detail


class BadRequest(FathomError, ValueError):
    """The caller's input can't be used. Nothing was sent."""


class BadNumber(BadRequest):
    """Not a finite number that a decimal can hold exactly."""


class BadAmount(BadRequest):
    """An amount that no venue could take."""


class BadPrice(BadRequest):
    """A price that is missing, not positive, or off the market."""


class BadParams(BadRequest):
    """A strategy parameter that is unknown or out of its bounds."""


class UnknownVenue(BadRequest):
    """A venue name that is unknown or could mean several venues; the sentence lists the known ones."""


class UnknownSymbol(BadRequest):
    """No chosen venue trades the symbol."""


class UnknownOrder(BadRequest):
    """No order has this id."""


class NotPossible(BadRequest):
    """The order's state, or its venue, does not allow this action."""


class NoAccounts(BadRequest):
    """There are no API keys for what was to be opened. The sentence says how to add them; the window offers to.

    Args:
        mode: `testnet` or `live`.
        exchanges: whose keys are missing; empty when any account would do.
    """

    def __init__(self, sentence: str, *, mode: str, exchanges: tuple[str, ...] = (), detail: object = None) -> None:
        super().__init__(sentence, detail=detail)
        self.mode = mode
        self.exchanges = exchanges


class RiskDenied(FathomError):
    """A local limit said no; the sentence says which and by how much. Nothing was sent."""


class ReservationExceeded(FathomError):
    """A child would take filled + worst-case live past the parent's amount. Nothing was sent."""


class VenueError(FathomError):
    """Something a venue did or said."""


class VenueRefused(VenueError):
    """A definite refusal: the order is not on the venue."""


class WouldCross(VenueRefused):
    """A post-only order would have traded at once, so it was not placed. The next one may rest."""


class DuplicateClientId(VenueError):
    """The client id exists on the venue already: our order is there. Look it up, never re-send."""


class OrderNotFound(VenueError):
    """The venue does not know the order. That is a reason to query, not proof that it is gone."""


class VenueUnavailable(VenueError):
    """The request surely never reached the venue."""


class RateLimited(VenueUnavailable):
    """Too many requests: this one was surely not acted on, and the next one should wait.

    Args:
        retry_after_s: how long the venue asks us to wait; None when it did not say.
    """

    def __init__(self, sentence: str, *, detail: object = None, retry_after_s: float | None = None) -> None:
        super().__init__(sentence, detail=detail)
        self.retry_after_s = retry_after_s


class OutcomeUnknown(VenueError):
    """The request may or may not have taken effect. Never read it as a refusal."""


class MarketDataError(FathomError):
    """A book that can't be trusted."""


class RecordingError(MarketDataError):
    """A recording that is damaged, truncated or empty."""


class JournalError(FathomError):
    """The journal can't promise durability. Nothing may be sent until it can."""
