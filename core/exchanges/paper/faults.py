"""What can go wrong between us and a venue, as switches.

Each fault is armed for the next so many calls, or happens with a probability drawn from the venue's
seed. The venue's truth is never touched: a fault only decides whether a request arrives and what we
hear of it. The names follow the transport faults that real clients meet.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from random import Random
from types import MappingProxyType
from typing import final

from core.domain.errors import OutcomeUnknown, RateLimited, VenueError, VenueRefused, VenueUnavailable


class Call(StrEnum):
    """Requests a fault can hit."""

    CREATE = "create"
    CANCEL = "cancel"
    AMEND = "amend"
    QUERY = "query"  # find_order, open_orders, fills_of, balances, positions
    SETTING = "setting"  # set_leverage


class Fault(StrEnum):
    """A transport fault of one request."""

    REFUSED_CONNECTION = "refused_connection"
    RATE_LIMITED = "rate_limited"
    CLOSED_BEFORE = "closed_before"
    CLOSED_AFTER = "closed_after"
    LOST_ACK = "lost_ack"  # an answer that can't be read: HTTP 200 with HTML, or cut short
    TIMEOUT_LOST = "timeout_lost"
    TIMEOUT_PLACED = "timeout_placed"
    TIMEOUT_THEN_ARRIVES = "timeout_then_arrives"  # it gets there after we gave up
    REJECT = "reject"


class StreamFault(StrEnum):
    """A fault of one event on the private stream. All but DROPPED hit fills only."""

    DELAYED = "delayed"
    DUPLICATED = "duplicated"
    REORDERED = "reordered"  # the order's own update overtakes the fill
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Course:
    """How a faulty request goes.

    Attributes:
        arrives: the venue acts on it.
        hangs: no answer until the timeout; else the error comes when an answer would have.
        late: it arrives only after the timeout.
        error, sentence: what the caller gets; the venue's name goes in front.
    """

    arrives: bool
    hangs: bool
    error: type[VenueError]
    sentence: str
    late: bool = False


COURSES = MappingProxyType(
    {
        Fault.REFUSED_CONNECTION: Course(False, False, VenueUnavailable, "refused the connection"),
        Fault.RATE_LIMITED: Course(False, False, RateLimited, "asks us to slow down"),
        Fault.CLOSED_BEFORE: Course(False, False, OutcomeUnknown, "closed the connection without an answer"),
        Fault.CLOSED_AFTER: Course(True, False, OutcomeUnknown, "closed the connection without an answer"),
        Fault.LOST_ACK: Course(True, False, OutcomeUnknown, "sent an answer that can't be read"),
        Fault.TIMEOUT_LOST: Course(False, True, OutcomeUnknown, "did not answer in time"),
        Fault.TIMEOUT_PLACED: Course(True, True, OutcomeUnknown, "did not answer in time"),
        Fault.TIMEOUT_THEN_ARRIVES: Course(True, True, OutcomeUnknown, "did not answer in time", late=True),
        Fault.REJECT: Course(False, False, VenueRefused, "refused the order: its matching engine is overloaded"),
    }
)


@final
class Faults:
    """The switches of one venue. Plain attributes may be changed at any time.

    Attributes:
        timeout_s: how long a hanging request hangs.
        late_s: how long after the timeout a late request arrives.
        extra_latency_ms: added to every round trip.
        event_delay_s: how late a DELAYED fill is.
        partial_share: what a faster taker leaves of an order's amount.
        retry_after_s: how long a RATE_LIMITED answer asks us to wait; None: it does not say.
        market_frozen: the public stream is silent while the market goes on, until it is subscribed anew.
        account_frozen: the private stream is silent, but not down, until it is subscribed anew.
        gap_messages: how many book messages a gap swallows.
        resync_s: how long after a gap the venue sends a new snapshot.
    """

    def __init__(self, seed: int | str = 0) -> None:
        self.timeout_s = 10.0
        self.late_s = 2.0
        self.extra_latency_ms = 0.0
        self.event_delay_s = 5.0
        self.partial_share = Decimal("0.5")
        self.retry_after_s: float | None = None
        self.market_frozen = False
        self.account_frozen = False
        self.gap_messages = 3
        self.resync_s = 1.0
        self._random = Random(f"faults/{seed}")
        self._armed: defaultdict[str, list[Fault | StreamFault]] = defaultdict(list)
        self._chances: defaultdict[str, dict[Fault | StreamFault, float]] = defaultdict(dict)
        self._partials = 0
        self._partial_chance = 0.0
        self._gaps = 0

    def arm(self, fault: Fault | StreamFault, call: Call = Call.CREATE, times: int = 1) -> None:
        """Let the next `times` calls (or stream events; `call` is ignored then) suffer `fault`, after what is armed already."""
        self._armed[_where(fault, call)] += [fault] * times

    def chance(self, fault: Fault | StreamFault, probability: float, call: Call = Call.CREATE) -> None:
        """Let every such call or event suffer `fault` with `probability`; 0 switches it off."""
        self._chances[_where(fault, call)][fault] = probability

    def arm_partial(self, times: int = 1, probability: float | None = None) -> None:
        """Let someone be faster than our next `times` orders, and than every later one with `probability`."""
        self._partials += times
        if probability is not None:
            self._partial_chance = probability

    def arm_gap(self, times: int = 1) -> None:
        """Let the public stream lose `gap_messages` book messages, `times` times."""
        self._gaps += times

    def clear(self) -> None:
        """All switches off; what is under way goes on."""
        self._armed.clear()
        self._chances.clear()
        self._partials = self._gaps = 0
        self._partial_chance = self.extra_latency_ms = 0.0
        self.market_frozen = self.account_frozen = False

    def error(self, course: Course, venue: str) -> VenueError:
        """What a caller at `venue` gets to see of this course."""
        sentence = f"{venue} {course.sentence}."
        return RateLimited(sentence, retry_after_s=self.retry_after_s) if course.error is RateLimited else course.error(sentence)

    def draw(self, call: Call) -> Course | None:
        """What happens to this call; None when nothing does."""
        fault = self._next(call.value)
        return COURSES[fault] if isinstance(fault, Fault) else None

    def draw_stream(self, *, is_fill: bool) -> StreamFault | None:
        """What happens to this event."""
        fault = self._next(_DROPPED) or (self._next(_FILL) if is_fill else None)
        return fault if isinstance(fault, StreamFault) else None

    def draw_partial(self) -> bool:
        """Whether someone is faster than this order."""
        if self._partials:
            self._partials -= 1
            return True
        return self._partial_chance > 0 and self._random.random() < self._partial_chance

    def draw_gap(self) -> int:
        """How many book messages to lose, starting with this one."""
        if not self._gaps:
            return 0
        self._gaps -= 1
        return self.gap_messages

    def _next(self, where: str) -> Fault | StreamFault | None:
        if self._armed[where]:
            return self._armed[where].pop(0)
        for fault, probability in self._chances[where].items():
            if probability > 0 and self._random.random() < probability:
                return fault
        return None


_FILL = "stream: fill"
_DROPPED = "stream: any"


def _where(fault: Fault | StreamFault, call: Call) -> str:
    if isinstance(fault, Fault):
        return call.value
    return _DROPPED if fault is StreamFault.DROPPED else _FILL
