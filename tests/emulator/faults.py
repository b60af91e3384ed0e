"""What can go wrong on the wire, as switches; the venue's truth is never touched.

A request fault decides two things apart: whether the request *arrives* and what its sender *hears*. That
they don't go together is the whole point: three of these look the same to the sender, and only one was placed.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random
from types import MappingProxyType
from typing import final


class Call(StrEnum):
    """Requests a fault can hit."""

    CREATE = "create"
    CANCEL = "cancel"
    AMEND = "amend"
    QUERY = "query"  # orders, trades, balances, positions
    SETTING = "setting"  # leverage, margin type, listen keys
    MARKET = "market"  # public data


class WireFault(StrEnum):
    """A transport fault of one request. A refused connection is none: see `EmulatedVenue.refuse_connections`."""

    CLOSED_BEFORE = "closed_before"
    CLOSED_AFTER = "closed_after"
    HANG_LOST = "hang_lost"
    HANG_PLACED = "hang_placed"
    HANG_THEN_ARRIVES = "hang_then_arrives"  # the venue acts `late_s` after it was sent, when the sender may have given up
    CUT = "cut"  # headers and half a body
    HTML_200 = "html_200"  # a proxy's page where JSON should be
    HTTP_403 = "http_403"
    HTTP_404 = "http_404"
    HTTP_500 = "http_500"
    HTTP_502 = "http_502"
    HTTP_503 = "http_503"
    HTTP_504 = "http_504"
    RATE_LIMITED = "rate_limited"  # 429, in the exchange's own words, with Retry-After
    BANNED = "banned"  # 418, likewise
    REFUSED_503 = "refused_503"  # words that are a refusal under a 4xx, with a status that says nobody knows


class Spoilt(StrEnum):
    """What the sender gets instead of an answer."""

    CLOSED = "closed"
    SILENCE = "silence"
    CUT = "cut"
    PAGE = "page"  # HTML
    WORDS = "words"  # the exchange's own


@dataclass(frozen=True, slots=True)
class Course:
    """How a faulty request goes.

    Attributes:
        arrives: the venue acts on it.
        late: it does so only after `late_s`.
        status: of the HTTP answer, where there is one.
    """

    arrives: bool
    spoilt: Spoilt
    status: int = 200
    late: bool = False


COURSES = MappingProxyType(
    {
        WireFault.CLOSED_BEFORE: Course(False, Spoilt.CLOSED),
        WireFault.CLOSED_AFTER: Course(True, Spoilt.CLOSED),
        WireFault.HANG_LOST: Course(False, Spoilt.SILENCE),
        WireFault.HANG_PLACED: Course(True, Spoilt.SILENCE),
        WireFault.HANG_THEN_ARRIVES: Course(True, Spoilt.SILENCE, late=True),
        WireFault.CUT: Course(True, Spoilt.CUT),
        WireFault.HTML_200: Course(False, Spoilt.PAGE),
        WireFault.HTTP_403: Course(False, Spoilt.PAGE, 403),
        WireFault.HTTP_404: Course(False, Spoilt.PAGE, 404),
        WireFault.HTTP_500: Course(False, Spoilt.PAGE, 500),
        WireFault.HTTP_502: Course(False, Spoilt.PAGE, 502),
        WireFault.HTTP_503: Course(False, Spoilt.PAGE, 503),
        WireFault.HTTP_504: Course(False, Spoilt.PAGE, 504),
        WireFault.RATE_LIMITED: Course(False, Spoilt.WORDS, 429),
        WireFault.BANNED: Course(False, Spoilt.WORDS, 418),
        WireFault.REFUSED_503: Course(True, Spoilt.WORDS, 503),
    }
)


@final
class WireFaults:
    """The switches of one venue. Plain attributes may be changed at any time.

    Attributes:
        late_s: how long after it was sent a HANG_THEN_ARRIVES request arrives.
        retry_after_s: what 429 and 418 ask for, whole seconds as HTTP has it.
        clock_skew_ms: how far the venue's clock is ahead of ours.
        refusing: new connections to the venue's hosts fail; set by `EmulatedVenue.refuse_connections`.
        market_frozen, account_frozen: such streams stay open and say nothing, heartbeats included; what they swallow is lost.
    """

    def __init__(self, seed: int | str = 0) -> None:
        self.late_s = 1.0
        self.retry_after_s = 1
        self.clock_skew_ms = 0
        self.refusing = False
        self.market_frozen = False
        self.account_frozen = False
        self._random = Random(f"wire faults/{seed}")
        self._armed: defaultdict[Call, list[Course]] = defaultdict(list)
        self._chances: defaultdict[Call, dict[WireFault, float]] = defaultdict(dict)
        self._losses: defaultdict[str, int] = defaultdict(int)
        self._loss_chances: dict[str, float] = {}

    @property
    def frozen(self) -> bool:
        """Both kinds of stream at once."""
        return self.market_frozen and self.account_frozen

    @frozen.setter
    def frozen(self, frozen: bool) -> None:
        self.market_frozen = self.account_frozen = frozen

    def next(self, call: Call, fault: WireFault, times: int = 1, *, arrives: bool | None = None) -> None:
        """Let the next `times` such requests suffer `fault`, after what is armed already.

        Args:
            arrives: whether the venue acts on it; None is what the fault does usually (`COURSES`).
        """
        course = COURSES[fault]
        self._armed[call] += [course if arrives is None else replace(course, arrives=arrives)] * times

    def chance(self, call: Call, fault: WireFault, probability: float) -> None:
        """Let every such request suffer `fault` with `probability`; 0 switches it off."""
        self._chances[call][fault] = probability

    def plan(self, seed: int | str, probability: float) -> None:
        """A random plan: every kind of order request and query suffers something with `probability`, of faults that `seed` picks."""
        random = Random(f"wire plan/{seed}")
        for call in (Call.CREATE, Call.CANCEL, Call.AMEND, Call.QUERY):
            chosen = random.sample(list(WireFault), 4)
            for fault in chosen:
                self.chance(call, fault, probability / len(chosen))
        self._loss_chances = {loss: probability * random.random() for loss in (_ACCOUNT, _GAP)}

    def lose_account_events(self, times: int = 1) -> None:
        """Drop the next `times` events of the private stream; nothing tells that they are missing."""
        self._losses[_ACCOUNT] += times

    def lose_book_updates(self, times: int = 1) -> None:
        """Drop the next `times` book updates: the sequence numbers tell."""
        self._losses[_GAP] += times

    def send_bad_frames(self, times: int = 1) -> None:
        """Precede the next `times` stream messages, of any kind, by a frame that is not JSON."""
        self._losses[_BAD] += times

    def clear(self) -> None:
        """Switch everything off; a venue that refuses connections takes them again."""
        self._armed.clear()
        self._chances.clear()
        self._losses.clear()
        self._loss_chances.clear()
        self.frozen = self.refusing = False
        self.clock_skew_ms = 0

    def draw(self, call: Call) -> Course | None:
        """What happens to this request; None when nothing does."""
        if self._armed[call]:
            return self._armed[call].pop(0)
        for fault, probability in self._chances[call].items():
            if self._random.random() < probability:
                return COURSES[fault]
        return None

    def draw_lost_account_event(self) -> bool:
        return self._take(_ACCOUNT)

    def draw_lost_book_update(self) -> bool:
        return self._take(_GAP)

    def draw_bad_frame(self) -> bool:
        return self._take(_BAD)

    def _take(self, loss: str) -> bool:
        if self._losses[loss]:
            self._losses[loss] -= 1
            return True
        probability = self._loss_chances.get(loss, 0.0)
        return probability > 0 and self._random.random() < probability


_ACCOUNT, _GAP, _BAD = "account event", "book update", "bad frame"
