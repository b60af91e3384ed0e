"""What goes out to the venues: creates, cancels, amends, and how their answers are read.

Nothing leaves before the journal has its intent, and what was taken back while the disk was waited for does not leave
at all. Any answer that is not definite (a timeout, a dropped connection, an exception that nobody foresaw) means that
the venue may have acted: the child is doubted and looked for, never assumed refused. Cancels do not stack, and
after one that failed the next waits its turn.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from typing import final

from core.domain.clock import MICROSECONDS, Clock
from core.domain.errors import (
    DuplicateClientId,
    JournalError,
    NotPossible,
    OrderNotFound,
    OutcomeUnknown,
    ReservationExceeded,
    VenueError,
    VenueRefused,
    VenueUnavailable,
    WouldCross,
)
from core.domain.orders import ChildEvent, ChildStatus, Knowledge, ParentStatus, PendingAction
from core.exchanges.connector import ExchangeConnector, NewOrder, VenueOrder
from core.exchanges.limited import TAKEN_BACK, LimitedConnector
from core.execution.evidence import Evidence
from core.execution.state import ZERO, ChildState, ParentState, Wish
from core.execution.tasks import TaskOwner

log = logging.getLogger(__name__)

# An accepted cancel whose end the stream does not report within this is looked up.
CONFIRM_S = 2.0
# A create without an answer or an acknowledgement for so long is not waited for any longer by its cancel, which looks this often.
HANGS_US = MICROSECONDS
LOOK_S = 0.02
# A cancel without an answer is repeated after so long: at the kill switch, and otherwise.
URGENT_AGAIN_US = 2 * MICROSECONDS
AGAIN_US = 15 * MICROSECONDS
# The wait after a failed cancel doubles from the first to the second of these.
FIRST_PAUSE_US = MICROSECONDS
LONGEST_PAUSE_US = 15 * MICROSECONDS


@final
class Sender:
    """Carries children to their venues. Each request runs in a task of its own that outlives its caller.

    Args:
        durable: returns once all intents and wishes so far are.
        pause: stops a parent whose intents can't be made durable, with the sentence that says why.
    """

    def __init__(
        self,
        connectors: Mapping[str, ExchangeConnector],
        clock: Clock,
        tasks: TaskOwner,
        evidence: Evidence,
        take_order: Callable[[ChildState, VenueOrder, bool], None],
        changed: Callable[[ChildState], None],
        durable: Callable[[], Awaitable[None]],
        pause: Callable[[ParentState, str], object],
    ) -> None:
        self._durable = durable
        self._pause = pause
        self._connectors = connectors
        self._clock = clock
        self._tasks = tasks
        self._evidence = evidence
        self._take_order = take_order
        self._changed = changed
        self._creating: dict[str, asyncio.Task[None]] = {}
        self._cancels: Counter[str] = Counter()  # on their way

    def is_creating(self, child: ChildState) -> bool:
        """Its create has not been answered yet: whatever it is, the answer will tell."""
        return child.client_id in self._creating

    def create(self, child: ChildState) -> None:
        """Send a child as soon as its intent is durable."""
        self._creating[child.client_id] = self._tasks.watch(self._create(child), f"send {child.client_id}")

    async def _create(self, child: ChildState) -> None:
        try:
            if await self._may_leave(child):
                await self._send(child)
        finally:
            self._creating.pop(child.client_id, None)
            self._changed(child)

    async def _may_leave(self, child: ChildState) -> bool:
        """Wait for the disk. What does not leave is known never to have been placed."""
        why = TAKEN_BACK
        try:
            await self._durable()
        except JournalError as error:
            why = str(error)
            self._pause(child.parent, why)
        now_us = self._clock.now_us()
        if not _wanted(child):
            child.advance(ChildEvent.PROVE_ABSENT, now_us)
            child.reason = why
            return False
        child.sent_us = now_us
        return True

    async def _send(self, child: ChildState) -> None:
        planned, request = child.planned, child.parent.request
        order = NewOrder(
            client_id=child.client_id,
            symbol=request.symbol,
            side=request.side,
            amount=child.amount,
            price=child.price,
            time_in_force=planned.time_in_force,
            post_only=planned.post_only,
            reduce_only=request.reduce_only,
            display_amount=planned.display_amount,
        )
        try:
            news = await self._place(child, order)
        except (VenueRefused, VenueUnavailable) as error:
            self._not_placed(child, error)
        except Exception as error:  # noqa: BLE001 - anything may have happened on the way, so everything means "unknown"
            log.warning("create %s on %s: outcome unknown: %r", child.client_id, planned.exchange, error)
            child.gave_up_us = self._clock.now_us()
            if isinstance(error, DuplicateClientId):
                child.doubt(self._clock.now_us(), str(error))
            elif child.status is ChildStatus.SUBMITTING:  # the stream may have acknowledged it meanwhile: then we know
                child.doubt(self._clock.now_us(), f"{planned.exchange} gave no clear answer; looking for the order there")
        else:
            # What the stream has ended meanwhile stays ended: this answer is older.
            child.apply_venue_order(news, self._clock.now_us(), looked_up=not child.status.terminal)

    async def _place(self, child: ChildState, order: NewOrder) -> VenueOrder:
        connector = self._connectors[child.planned.exchange]
        if isinstance(connector, LimitedConnector):  # where it may have to wait for its turn
            return await connector.create_order(order, wanted=lambda: _wanted(child))
        return await connector.create_order(order)

    def _not_placed(self, child: ChildState, error: VenueError) -> None:
        """A definite refusal is evidence, unless the stream has shown the order meanwhile: then it is a contradiction."""
        if child.status is ChildStatus.SUBMITTING:
            child.know()
        child.reason = str(error)
        if isinstance(error, VenueUnavailable) and not _wanted(child):
            child.sent_us = 0  # it never got as far as its venue
        child.advance(_verdict(error), self._clock.now_us())

    def cancel(self, child: ChildState, *, release: bool, urgent: bool, insist: bool = False, beside: bool = False) -> bool:
        """Ask for a cancel in the background; False when one is under way, or failed a moment ago and it is not `urgent`.

        The trader may join in a cancel that is under way: its amount is his to take back (`release`) all the same.
        """
        now_us = self._clock.now_us()
        if child.settled or child.planned.exchange not in self._connectors:  # restored from a run that had it open
            return False
        child.insisted = child.insisted or insist
        if child.cancelling:
            joins, child.releases = release and not child.releases, child.releases or release
            return (urgent and self.cancel_again(child, URGENT_AGAIN_US, beside=beside)) or joins
        if now_us < child.not_before_us and not urgent:
            return False
        child.cancelling, child.cancel_asked_us, child.updated_us = True, 0, now_us
        child.releases = child.releases or release
        self._tasks.spawn(self._cancel(child), f"cancel {child.client_id}")
        return True

    def cancel_again(self, child: ChildState, after_us: int = AGAIN_US, *, beside: bool = False) -> bool:
        """Repeat a cancel that was asked for so long ago and of which nothing has become known: cancelling twice is cancelling once.

        Args:
            beside: also while the last request hangs, but only one, and none while that has not left.
        """
        now_us, hanging = self._clock.now_us(), self._cancels[child.client_id]
        if not child.cancelling or now_us - child.cancel_asked_us < after_us:
            return False
        if hanging and not (beside and hanging == 1 and child.cancel_asked_us):
            return False
        child.cancel_asked_us = 0
        self._tasks.spawn(self._cancel(child), f"cancel {child.client_id} again")
        return True

    async def _cancel(self, child: ChildState) -> None:
        self._cancels[child.client_id] += 1
        try:
            await self._ask_to_cancel(child)
        finally:
            self._cancels[child.client_id] -= 1
            if not self._cancels[child.client_id]:
                del self._cancels[child.client_id]

    async def _ask_to_cancel(self, child: ChildState) -> None:
        if (creating := self._creating.get(child.client_id)) is not None:
            await self._until_there(child, creating)
        if child.settled:
            return
        connector, look_s = self._connectors[child.planned.exchange], 0.0
        try:
            await self._take_back(connector, child)
            look_s = CONFIRM_S
        except OrderNotFound:
            pass  # it may be filled, or never have been there: ask
        except VenueUnavailable as error:
            if not child.cancelling or self._cancels[child.client_id] > 1:
                return  # another request for the same has been answered, or may be
            child.reason = str(error)
            self.cancel_failed(child, pause_s=getattr(error, "retry_after_s", None))
            return
        except Exception as error:  # noqa: BLE001 - it may have been cancelled or not: ask
            log.warning("cancel of %s: %r", child.client_id, error)
        if not child.settled:
            self._evidence.look_into(child, connector, first_look_s=look_s)

    async def _take_back(self, connector: ExchangeConnector, child: ChildState) -> None:
        def leaves() -> bool:
            child.cancel_asked_us = self._clock.now_us()
            return not child.settled

        symbol, client_id = child.parent.request.symbol, child.client_id
        if isinstance(connector, LimitedConnector):  # where it may have to wait for its turn
            await connector.cancel_order(symbol, client_id, wanted=leaves)
        elif leaves():
            await connector.cancel_order(symbol, client_id)

    async def _until_there(self, child: ChildState, creating: asyncio.Task[None]) -> None:
        """A cancel that overtakes its create finds nothing. But one that hangs must not hold it up: it may be live all the same."""
        while not creating.done() and child.status in (ChildStatus.INTENT, ChildStatus.SUBMITTING):
            if child.sent_us and self._clock.now_us() - child.sent_us >= HANGS_US:
                return  # should it arrive after the cancel, it is found and the cancel asked again
            look = asyncio.ensure_future(self._clock.sleep(LOOK_S))
            try:
                await asyncio.wait([creating, look], return_when=asyncio.FIRST_COMPLETED)
            finally:
                look.cancel()

    def cancel_failed(self, child: ChildState, pause_s: float | None = None) -> None:
        """It is still live. The next attempt waits, longer each time, or as long as the venue asks for."""
        child.failed_cancels += 1
        child.cancelling, child.releases = False, child.releases and child.insisted
        pause_us = min(FIRST_PAUSE_US << min(child.failed_cancels - 1, 5), LONGEST_PAUSE_US)
        child.not_before_us = self._clock.now_us() + max(pause_us, round((pause_s or 0) * MICROSECONDS))
        self._changed(child)
        if child.insisted:
            self._tasks.spawn(self._insist(child), f"cancel {child.client_id} after a pause")

    async def _insist(self, child: ChildState) -> None:
        await self._clock.sleep_until(child.not_before_us)
        if child.insisted and self.cancel(child, release=child.releases, urgent=False):
            self._changed(child)

    def check_amend(self, child: ChildState, amount: Decimal) -> None:
        """Whether `child` could be changed to `amount` (base) now.

        Raises:
            NotPossible: the child is over, has something pending, or its venue can't amend.
            ReservationExceeded: the larger of old and new would pass the parent's amount.
        """
        parent = child.parent
        if child.settled or child.pending is not PendingAction.NONE or child.knowledge is not Knowledge.KNOWN or self.is_creating(child):
            raise NotPossible(f"Order {child.client_id} can't be changed now: it is {child.status.value}.")
        if not self._connectors[child.planned.exchange].capabilities.amend:
            raise NotPossible(f"{child.planned.exchange} can't change an order in place.")
        if parent.executed.amount + parent.live_amount + max(amount - child.amount, ZERO) > parent.request.amount:
            raise ReservationExceeded(f"{amount} would take order {parent.id} past its {parent.request.amount}.")

    def amend(self, child: ChildState, wish: Wish) -> asyncio.Task[bool]:
        """Send `wish` as soon as it is durable. The task tells whether it took effect.

        Raises (the task):
            JournalError: it is not durable and was not sent.
            VenueRefused: refused; the child is unchanged.
            OutcomeUnknown: it may have taken effect; the larger of old and new stays reserved until that is known.
        """
        child.wish = wish
        return self._tasks.watch(self._amend(child, wish), f"amend {child.client_id}")

    async def _amend(self, child: ChildState, wish: Wish) -> bool:
        connector = self._connectors[child.planned.exchange]
        try:
            await self._durable()
            if child.settled or child.cancelling or child.wish is not wish:
                self._drop(child, wish)
                return False
            news = await self._change(connector, child, wish)
        except (VenueRefused, VenueUnavailable, JournalError) as error:
            self._drop(child, wish)
            if not isinstance(error, VenueUnavailable):
                raise
            return False
        except Exception as error:
            log.warning("amend of %s: %r", child.client_id, error)
            wish.gave_up_us = self._clock.now_us()
            self._changed(child)
            raise OutcomeUnknown(
                f"{connector.venue} has not confirmed the change; the order shows it once it is known.", detail=error
            ) from error
        self._take_order(child, news, False)
        if child.wish is wish:  # it answered, but with something else: look
            wish.gave_up_us = self._clock.now_us()
            self._changed(child)
        return (child.price, child.amount) == (wish.price, wish.amount)

    async def _change(self, connector: ExchangeConnector, child: ChildState, wish: Wish) -> VenueOrder:
        symbol, client_id = child.parent.request.symbol, child.client_id
        if isinstance(connector, LimitedConnector):  # where it may have to wait for its turn, and the kill switch be faster

            def wanted() -> bool:
                return child.wish is wish and not child.cancelling and not child.settled

            return await connector.amend_order(symbol, client_id, price=wish.price, amount=wish.amount, wanted=wanted)
        return await connector.amend_order(symbol, client_id, price=wish.price, amount=wish.amount)

    def _drop(self, child: ChildState, wish: Wish) -> None:
        """It surely did not reach the venue, or was refused there."""
        if child.wish is wish:
            child.drop_wish(self._clock.now_us())
        self._changed(child)


def _wanted(child: ChildState) -> bool:
    """Whether it may still leave: asked at the last moment that is ours."""
    return child.parent.status is ParentStatus.RUNNING and not child.cancelling


def _verdict(error: VenueError) -> ChildEvent:
    """What a definite "not placed" means for the child: a post-only order that met the market has expired, not been refused."""
    if isinstance(error, WouldCross):
        return ChildEvent.EXPIRE
    return ChildEvent.REFUSE if isinstance(error, VenueRefused) else ChildEvent.PROVE_ABSENT
