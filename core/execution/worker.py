"""One worker per parent: it asks the strategy what to do next and does it. The only place that acts on decisions.

It wakes on every change of its parent's children, on the trader's wishes (cancel, modify, pause) and at the
time a decision asked for. While a trigger waits it looks at every change of the market, up to a hundred times a
second, and sends nothing: what fires may be gone again before a clock would have looked. A
GTD order is ended here, by us: what is still open is taken back, and only when every child is *known* to be
over is the parent COMPLETED, with its remainder. Nothing else keeps state: kill it anywhere, and the manager's
record says it all.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any, final

from core.domain.clock import MICROSECONDS, Clock
from core.domain.enums import TimeInForce
from core.domain.errors import FathomError, JournalError, RiskDenied
from core.domain.market import MarketView
from core.domain.orders import Knowledge, ParentStatus
from core.domain.plan import ExecutionRequest
from core.execution.algo_state import algo_state, ending_of
from core.execution.amending import AmendWish, settle_amend
from core.execution.effective import as_worked
from core.execution.expiry import expired_sentence
from core.execution.manager import OrderManager
from core.execution.perps import PerpTerms
from core.execution.room import give_back
from core.execution.state import ZERO, ChildState, ParentState
from core.execution.triggers import LOOK_GAP_US, Look, TriggerWatch, trigger_words
from core.strategies.base import REMARK, Decision, Strategy
from core.strategies.eligible import eligible_books
from core.strategies.params import Params
from core.strategies.router import last_refusal

log = logging.getLogger(__name__)

# A cancel that did not take effect is asked for again after this.
RETRY_US = MICROSECONDS
CANCELLING = "cancelling"


@final
class Worker:
    """Runs one parent until it is over.

    Args:
        strategy: None when nobody knows it any more: the parent can be cancelled, and that is all.
    """

    def __init__(
        self, parent: ParentState, strategy: Strategy | None, params: Params, manager: OrderManager, market: Callable[[], MarketView]
    ) -> None:
        self.parent = parent
        self._strategy = strategy
        self._unfit = "" if strategy is not None else parent.reason
        self._params = params
        self._manager = manager
        self._market = market
        self._clock: Clock = manager.clock
        self._changed = asyncio.Event()
        self._watch = TriggerWatch(parent.extreme)
        self._seen: Look | None = None
        self._looked_us = 0
        self._terms = PerpTerms(manager.connectors, manager.clock, self.wake)
        self._amend: AmendWish | None = None
        # A parent that a restart brought back goes on with what it was doing.
        self._cancelling = parent.status is ParentStatus.CANCELLING
        self._why = parent.reason if self._cancelling else CANCELLING

    # -- the trader's wishes -----------------------------------------------------------------------

    @property
    def cancelling(self) -> bool:
        """It was taken back, for good, whatever its status says: a lost child may need attention meanwhile."""
        return self._cancelling

    def wake(self) -> None:
        """Something about the parent changed."""
        self._changed.set()

    def market_moved(self) -> None:
        """A book changed. A trigger looks here and at once, as the touch may be gone when the loop has woken; acting waits for the loop."""
        if self.parent.status is not ParentStatus.WAITING_TRIGGER:
            return
        asleep_until_us = self._seen.again_us if self._seen is not None else None
        look = self._glance()
        if look.again_us is not None and (asleep_until_us is None or look.again_us < asleep_until_us):
            self.wake()

    def request_cancel(self, why: str = CANCELLING) -> None:
        """Stop placing and cancel what is live. Takes effect before this returns: no child is sent afterwards."""
        self._manager.record.wish(self.parent, "cancel", why=why)
        self._cancelling, self._why = True, why
        if self._amend is not None:
            self._amend.drop()
            self._amend = None
        self._manager.move_parent(self.parent, ParentStatus.CANCELLING, why)
        self.wake()

    def request_amend(self, wish: AmendWish) -> None:
        """Change price or amount, as is on record already; a newer wish replaces an older one."""
        if self._amend is not None:
            self._amend.drop()
        self._amend = wish
        self._forget_look()
        self._manager.move_parent(self.parent, ParentStatus.AMENDING, "changing")
        self.wake()

    def pause(self, why: str = "paused") -> bool:
        """Stop placing and take resting orders back until `resume`. A waiting trigger is not looked at meanwhile."""
        if self._cancelling or not (self._manager.move_parent(self.parent, ParentStatus.PAUSED, why) or self.parent.held):
            return False
        self.parent.held = False
        self._manager.record.wish(self.parent, "pause", why=why)
        self._forget_look()
        self.wake()
        return True

    def resume(self) -> bool:
        """Go on where the schedule stood when it was paused: no time was missed, so there is nothing to catch up with.

        False when it is not paused, or waits for a venue: it goes on by itself then.
        """
        parent = self.parent
        if self._cancelling or self._strategy is None or parent.status is not ParentStatus.PAUSED or parent.held:
            return False
        self._manager.record.wish(parent, "resume")
        self._go_on("resumed")
        self.wake()
        return True

    def _go_on(self, why: str) -> None:
        parent, now_us = self.parent, self._clock.now_us()
        if parent.started_us is None and not parent.request.order_type.waits:
            parent.started_us = now_us  # it was recorded and never got to start
        elif parent.started_us is not None and parent.paused_us is not None:
            parent.started_us += now_us - parent.paused_us
        parent.paused_us, parent.held, parent.restored = None, False, False
        self._manager.move_parent(parent, self._under_way(), why)

    # -- the loop ----------------------------------------------------------------------------------

    async def run(self) -> None:
        """Work until the parent is over. An error of ours stops the parent, cancels its children and says so."""
        try:
            await self._run()
        finally:
            await self._terms.close()

    async def _run(self) -> None:
        if self.parent.status is not ParentStatus.PENDING:
            pass  # a restart brought it back, see `core.execution.recovery`
        elif self.parent.request.order_type.waits:
            words = f"waits until {trigger_words(self.parent.request)}"
            self._manager.move_parent(self.parent, ParentStatus.WAITING_TRIGGER, words)
        else:
            self._start("started")
        while not self.parent.status.terminal:
            self._changed.clear()
            try:
                wake_us = self._step()
            except FathomError as error:
                log.warning("order %s: %s", self.parent.id, error, extra={"detail": error.detail})
                self._manager.move_parent(self.parent, ParentStatus.PAUSED, str(error))
                wake_us = self._clock.now_us() + RETRY_US  # to take back what rests
            except Exception:
                log.exception("order %s stopped by an internal error", self.parent.id)
                if not self._cancelling:
                    self._cancelling, self._why = True, "stopped by an internal error; see the log"
                    self._manager.record.wish(self.parent, "cancel", why=self._why)
                self._manager.move_parent(self.parent, ParentStatus.CANCELLING, self._why)
                wake_us = self._clock.now_us() + RETRY_US
            if not self.parent.status.terminal:
                await self._wait(wake_us)

    async def _wait(self, wake_us: int | None) -> None:
        expire_us = self.parent.request.expire_us
        if expire_us is not None and not self._expired:
            wake_us = expire_us if wake_us is None else min(wake_us, expire_us)
        waiting: list[asyncio.Future[Any]] = [asyncio.ensure_future(self._changed.wait())]
        if wake_us is not None:
            waiting.append(asyncio.ensure_future(self._clock.sleep_until(wake_us)))
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

    def _step(self) -> int | None:
        """Do what is to be done now; when to look again at the latest."""
        parent = self.parent
        if self._amend is None or self._cancelling:
            give_back(parent, self._manager)  # of a change that was dropped
        filled, open_children = parent.executed.amount, parent.open_children
        if "overfill" in parent.flags:
            where = ", ".join(sorted({c.planned.exchange for c in parent.children.values() if "overfill" in c.flags})) or "the venues"
            return self._stop(f"filled more than was asked for: check {where}")
        if filled >= parent.request.amount and not open_children:
            self._manager.move_parent(parent, ParentStatus.FILLED, str(parent.memory.get(REMARK, "")))
            return None
        lost = next((child for child in open_children if child.knowledge is Knowledge.QUARANTINED), None)
        if lost is not None and (self._cancelling or not self._expired):
            self._manager.move_parent(parent, ParentStatus.NEEDS_ATTENTION, lost.reason)
            if self._cancelling:
                self._cancel_children(open_children)
            return self._clock.now_us() + RETRY_US if self._cancelling else None
        if self._cancelling:
            return self._cancel()
        if self._expired:
            return self._expire()
        if parent.status is ParentStatus.NEEDS_ATTENTION:
            self._manager.move_parent(parent, self._where_it_was(), self._unfit or "evidence arrived")
        if self._amend is not None:
            self._change(self._amend)
            return self._clock.now_us() + RETRY_US
        if self._held():
            return None
        if parent.status is ParentStatus.PAUSED:
            if parent.restored:
                return None
            self._cancel_children(open_children)
            return self._clock.now_us() + RETRY_US if open_children else None
        if parent.started_us is None:
            look = self._look_for_trigger()
            if look.fired_at is None:
                return look.again_us
        return self._work()

    def _held(self) -> bool:
        """Stand still while a venue does not answer what became of an order: what rests stays, and no time of the schedule is missed."""
        parent, in_doubt = self.parent, self.parent.unanswered
        if in_doubt is not None and (parent.status is ParentStatus.RUNNING or (parent.held and parent.status is ParentStatus.PAUSED)):
            parent.held = True
            why = f"{in_doubt.planned.exchange} does not answer what became of an order; goes on by itself once it does"
            self._manager.move_parent(parent, ParentStatus.PAUSED, why)
        elif in_doubt is None and parent.held:
            self._go_on("goes on: the venue has answered")
        return parent.held

    def _change(self, wish: AmendWish) -> None:
        """Bring a change about; one that is forbidden leaves everything as it was, and the trader is told why."""
        words = "changed"
        try:
            if not settle_amend(wish, self.parent, self._manager):
                return
        except (RiskDenied, JournalError) as error:
            wish.refuse(error)
            self._manager.record.wish(self.parent, "change refused")
            words = f"not changed: {error}"
        self._amend = None
        self._manager.move_parent(self.parent, self._where_it_was(), self._unfit or words)
        self.wake()

    # -- waiting and ending ------------------------------------------------------------------------

    def _start(self, reason: str) -> None:
        self.parent.started_us = self._clock.now_us()
        self._manager.move_parent(self.parent, ParentStatus.RUNNING, reason)

    def _under_way(self) -> ParentStatus:
        """Where a parent goes back to after a pause, a change or a doubt."""
        return ParentStatus.WAITING_TRIGGER if self.parent.started_us is None else ParentStatus.RUNNING

    def _where_it_was(self) -> ParentStatus:
        return ParentStatus.PAUSED if self.parent.paused_us is not None else self._under_way()

    def _look_for_trigger(self) -> Look:
        """Look at the market; when the trigger fires, the journal has its time and price."""
        look = self._glance()
        self.parent.extreme = self._watch.extreme
        if look.fired_at is None:
            self._manager.note_parent(self.parent, reason=look.reason, target=None, ends_us=None, memory=None)
        else:
            self._start(look.reason)
        return look

    def _glance(self) -> Look:
        """The market of this moment; a look that has fired stays, and one of a moment ago is not repeated before its time."""
        request, now_us, seen = self.parent.request, self._clock.now_us(), self._seen
        planned_us = seen.again_us if seen is not None and seen.again_us is not None else now_us + 1
        if seen is None or (seen.fired_at is None and now_us >= min(self._looked_us + LOOK_GAP_US, planned_us)):
            books = eligible_books(as_worked(request), self._market(), self._params).books
            seen, self._looked_us = self._watch.look(request, books, now_us), now_us
        elif seen.fired_at is None:
            due_us = self._looked_us + LOOK_GAP_US
            seen = replace(seen, again_us=due_us if seen.again_us is None else min(seen.again_us, due_us))
        self._seen = seen
        return seen

    def _forget_look(self) -> None:
        """Nobody looks for a while: what was seen by then fires nothing afterwards."""
        self._watch.interrupt()
        self._seen = None

    @property
    def _expired(self) -> bool:
        expire_us = self.parent.request.expire_us
        return expire_us is not None and self._clock.now_us() >= expire_us

    def _expire(self) -> int | None:
        """Take back what is open; over only once that is known."""
        parent, why = self.parent, expired_sentence(self.parent.request.expire_us or 0)
        if self._amend is not None:
            self._amend.drop()
            self._amend = None
            give_back(parent, self._manager)
        if not parent.open_children:
            self._manager.move_parent(parent, ParentStatus.COMPLETED, why)
            return None
        self._cancel_children(parent.open_children)
        if any(child.knowledge is Knowledge.QUARANTINED for child in parent.open_children):
            self._manager.move_parent(parent, ParentStatus.NEEDS_ATTENTION, f"{why}, but what became of a child order is not known")
        else:
            self._manager.move_parent(parent, parent.status, f"{why}; taking back what is still open")
        return self._clock.now_us() + RETRY_US

    # -- working -----------------------------------------------------------------------------------

    def _work(self) -> int | None:
        """Ask the strategy what next and do it, once nothing is left to settle with perp venues."""
        parent, terms = self.parent, self._terms
        if self._strategy is None or not terms.positions_known(parent):
            return None
        request = as_worked(parent.request)
        if request.reduce_only:
            request = terms.narrow(request, parent)
            if not request.exchanges:
                return self._act(Decision(finish="no position is left to reduce"))
        state = algo_state(parent, request, self._clock.now_us(), terms.refused)
        decision = self._strategy.decide(state, self._clock.now_us(), self._market(), self._params)
        if decision.send and not (clipped := terms.clip(decision.send, parent)):
            decision = Decision(finish="what is left of the position is under its venue's minimum")
        elif decision.send:
            decision = replace(decision, send=clipped)
        if decision.send and not terms.prepare(request, {child.exchange for child in decision.send}):
            return None
        if decision.send and self._kills(request, decision):
            decision = Decision(finish="fill-or-kill: not all of it could be filled at once, so nothing was sent")
        if decision.finish and request.exchanges and state.refused_venues.keys() >= set(request.exchanges):
            decision = replace(decision, finish=last_refusal(state.refused_venues))
        return self._act(decision)

    def _kills(self, request: ExecutionRequest, decision: Decision) -> bool:
        """Fill-or-kill is the parent's promise, whatever its strategy: all of it is expected to fill, or nothing is sent."""
        expected = sum((child.expected_amount for child in decision.send), ZERO)
        return request.time_in_force is TimeInForce.FOK and not self.parent.children and expected < self.parent.request.amount

    def _act(self, decision: Decision) -> int | None:
        parent, manager = self.parent, self._manager
        manager.note_parent(parent, reason=decision.reason, target=decision.target_amount, ends_us=decision.ends_us, memory=decision.memory)
        if decision.finish is not None and not parent.open_children:
            manager.move_parent(parent, ending_of(parent, self._terms.refused), decision.finish)
            return None
        live = {child.client_id: child for child in parent.open_children}
        self._cancel_children(doomed := [live[child_id] for child_id in decision.cancel if child_id in live])
        if decision.send:
            manager.submit(parent, decision.send, why=decision.reason)
        if any(not child.cancelling for child in doomed):  # one failed a moment ago; nothing else may ever wake us to ask again
            retry_us = self._clock.now_us() + RETRY_US
            return retry_us if decision.wake_us is None else min(decision.wake_us, retry_us)
        return decision.wake_us

    def _cancel(self) -> int | None:
        parent = self.parent
        if parent.status is not ParentStatus.CANCELLING:
            self._manager.move_parent(parent, ParentStatus.CANCELLING, self._why)
        if not parent.open_children:
            self._manager.move_parent(
                parent, ParentStatus.CANCELLED, parent.reason if parent.reason != CANCELLING else "cancelled by the trader"
            )
            return None
        self._cancel_children(parent.open_children)
        return self._clock.now_us() + RETRY_US

    def _stop(self, why: str) -> int | None:
        """A venue filled more than it was asked for: take everything else back, and end with what there is."""
        parent = self.parent
        if parent.open_children:
            self._manager.move_parent(parent, parent.status, f"{why}; taking back what is still open")
            self._cancel_children(parent.open_children)
            return self._clock.now_us() + RETRY_US
        complete = parent.executed.amount >= parent.request.amount
        self._manager.move_parent(parent, ParentStatus.FILLED if complete else ParentStatus.FAILED, why)
        return None

    def _cancel_children(self, children: list[ChildState]) -> None:
        for child in children:
            self._manager.cancel(child)
