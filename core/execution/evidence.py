"""Finding out what became of a child that we are not sure about.

Only what the venue says counts. A failed query is not evidence; an empty one counts only when the
request can no longer arrive, and it takes two of them. An answer is as old as its question: what has been told
or asked meanwhile is newer, and then it is no evidence either. Past the deadline the child is quarantined:
its size stays reserved, the trader is asked, and the search goes on slowly.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import final

from core.domain.clock import MICROSECONDS, Clock
from core.domain.orders import ChildEvent, ChildStatus, Fill, Knowledge
from core.exchanges.connector import ExchangeConnector, VenueOrder, VenueOrderStatus
from core.execution.state import SILENT, ChildState
from core.execution.tasks import TaskOwner

log = logging.getLogger(__name__)

FIRST_LOOK_S = 0.25
SLOWEST_LOOK_S = 5.0
QUARANTINE_LOOK_S = 15.0
# This long after we gave up on it, a request that has not arrived never will: longer than the receive windows that we ask for. Venues
# that grant more say so (`Capabilities.late_s`).
ARRIVAL_WINDOW_US = 15 * MICROSECONDS
EMPTY_LOOKS_NEEDED = 2
DEADLINE_US = 60 * MICROSECONDS


@final
class Evidence:
    """Investigates children in doubt, one task each, and hands what it learns to the manager's callbacks."""

    def __init__(
        self,
        clock: Clock,
        tasks: TaskOwner,
        take_order: Callable[[ChildState, VenueOrder, bool], None],
        take_fill: Callable[[Fill], None],
        cancel_failed: Callable[[ChildState], None],
        cancel_again: Callable[[ChildState], object],
        cancel_revenant: Callable[[ChildState], object],
        changed: Callable[[ChildState], None],
    ) -> None:
        self._clock = clock
        self._tasks = tasks
        self._take_order = take_order
        self._take_fill = take_fill
        self._cancel_failed = cancel_failed
        self._cancel_again = cancel_again
        self._cancel_revenant = cancel_revenant
        self._changed = changed
        self._open: set[str] = set()

    def look_into(self, child: ChildState, connector: ExchangeConnector, *, first_look_s: float = FIRST_LOOK_S) -> None:
        """Start an investigation unless one is under way."""
        if child.client_id not in self._open:
            self._open.add(child.client_id)
            self._tasks.spawn(self._investigate(child, connector, first_look_s), f"evidence {child.client_id}")

    async def _investigate(self, child: ChildState, connector: ExchangeConnector, wait_s: float) -> None:
        started_us, empty_looks = self._clock.now_us(), 0
        since_us, since_steady_us = started_us, self._clock.steady_us()
        try:
            while in_doubt(child):
                await self._clock.sleep(wait_s)
                if (given_up_us := _given_up_us(child)) > since_us:  # while it was looked for
                    since_us, since_steady_us = given_up_us, self._clock.steady_us()
                wait_s = min(max(wait_s * 2, FIRST_LOOK_S), SLOWEST_LOOK_S)
                if child.knowledge is Knowledge.QUARANTINED:
                    wait_s = QUARANTINE_LOOK_S
                if not in_doubt(child):
                    return
                # A clock that is set forward meanwhile proves nothing.
                surely_us = since_us + self._clock.steady_us() - since_steady_us
                found = await self._look(child, connector, surely_us)
                if not in_doubt(child):  # it was learned, or decided by the trader, while the question was under way
                    return
                if found is not False:
                    child.unverified = False
                if found is None and not in_doubt(child):  # what the trader said is not contradicted
                    self._changed(child)
                    return
                if found is None:
                    empty_looks += self._cannot_arrive(child.gave_up_us, surely_us, connector)
                    if empty_looks >= EMPTY_LOOKS_NEEDED and child.status in (ChildStatus.INTENT, ChildStatus.SUBMITTING):
                        self._prove_absent(child)
                        return
                    if child.status not in (ChildStatus.INTENT, ChildStatus.SUBMITTING):
                        child.doubt(self._clock.now_us(), f"{connector.venue} no longer knows this order")
                if child.cancelling and found is False:
                    self._cancel_again(child)  # nobody tells whether it is over; the cancel may get through
                if _unresolved(child) and self._clock.now_us() - started_us >= DEADLINE_US:
                    self._quarantine(child)
        finally:
            self._open.discard(child.client_id)

    @staticmethod
    def _cannot_arrive(gave_up_us: int | None, asked_us: int, connector: ExchangeConnector) -> bool:
        """Whether what is asked at `asked_us` or later can be told of the request: its answer was given up so long before."""
        window_us = max(ARRIVAL_WINDOW_US, round(connector.capabilities.late_s * MICROSECONDS))
        return gave_up_us is not None and asked_us - gave_up_us >= window_us

    async def _look(self, child: ChildState, connector: ExchangeConnector, surely_us: int) -> bool | None:
        """True: the venue knows it. None: a successful look-up knew nothing. False: the look-up failed, or was overtaken by news.

        Args:
            surely_us: what has surely passed by now.
        """
        symbol, before = child.parent.request.symbol, _standing(child)
        fills: Sequence[Fill] = ()
        try:
            news = await connector.find_order(symbol, child.client_id)
            if news is not None and max(news.filled, child.claimed_filled) > child.executed.amount:
                fills = await connector.fills_of(symbol, child.client_id)
        except Exception as error:  # noqa: BLE001 - whatever went wrong with a question, it is no evidence
            log.warning("look-up of %s on %s failed: %r", child.client_id, connector.venue, error)
            child.silences += 1
            if child.silences == SILENT:
                self._changed(child)
            return False
        silent, child.silences = child.silences >= SILENT, 0
        if silent:
            self._changed(child)
        overtaken = _standing(child) != before
        for fill in fills:  # a trade stays true, however old its telling
            self._take_fill(fill)
        if overtaken and (news is None or news.status is VenueOrderStatus.OPEN):  # an end is final: it can't be overtaken
            return False
        if news is None:
            return None
        self._take_order(child, news, True)
        if news.status is VenueOrderStatus.OPEN and child.status.terminal and not child.settled:
            self._cancel_revenant(child)
        elif news.status is VenueOrderStatus.OPEN and not child.settled:
            self._settle_requests(child, surely_us, connector)
        return True

    def _settle_requests(self, child: ChildState, surely_us: int, connector: ExchangeConnector) -> None:
        """It is open: an unanswered cancel has not taken effect; an unanswered amend neither, once it can't arrive any more."""
        if child.cancelling:
            self._cancel_failed(child)
        if child.wish is not None and self._cannot_arrive(child.wish.gave_up_us, surely_us, connector):
            child.drop_wish(self._clock.now_us())
            self._changed(child)

    def _prove_absent(self, child: ChildState) -> None:
        child.knowledge, child.reason = Knowledge.KNOWN, "proven never to have reached the venue"
        child.advance(ChildEvent.PROVE_ABSENT, self._clock.now_us())
        self._changed(child)

    def _quarantine(self, child: ChildState) -> None:
        child.only_fills = child.knowledge is Knowledge.KNOWN and child.status.terminal
        child.knowledge = Knowledge.QUARANTINED
        child.reason = f"no evidence from {child.planned.exchange} what became of this order; check it there. Its size stays reserved"
        child.updated_us = self._clock.now_us()
        self._changed(child)


def _standing(child: ChildState) -> tuple[object, ...]:
    """Whatever a question is about. Fills alone do not count: a busy order could else never be looked up."""
    return child.terms_told, child.status, child.doubted_us, child.wish, child.cancelling, child.cancel_asked_us


def _given_up_us(child: ChildState) -> int:
    """When the last answer to a create or a change was given up; 0 when none was."""
    return max(child.gave_up_us or 0, (child.wish.gave_up_us or 0) if child.wish is not None else 0)


def _unresolved(child: ChildState) -> bool:
    """Whether nobody but the trader may be able to say what it is. One whose parent is over keeps being asked about, and that is all."""
    if child.knowledge is not Knowledge.KNOWN:
        return child.knowledge is Knowledge.UNKNOWN
    asked_already = child.parent.status.terminal or "resolved_by_trader" in child.flags
    return child.cancelling or (child.unseen > 0 and not asked_already)


def in_doubt(child: ChildState) -> bool:
    """Something about it has been claimed or asked but not shown."""
    if child.knowledge is not Knowledge.KNOWN or child.claimed_end is not None or child.unseen or child.unverified:
        return True
    return not child.settled and (child.cancelling or (child.wish is not None and child.wish.gave_up_us is not None))
