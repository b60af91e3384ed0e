"""One worker per parent: it asks the strategy what to do next and does it. The only place that acts on decisions.

It wakes on every change of its parent's children, on the trader's wishes (cancel, modify, pause) and at the
time a decision asked for. Nothing else keeps state: kill it anywhere, and the manager's record says it all.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import final

from core.domain.clock import MICROSECONDS, Clock
from core.domain.errors import FathomError
from core.domain.market import MarketView
from core.domain.orders import ChildStatus, Knowledge, ParentStatus, PendingAction
from core.execution.amending import AmendWish, settle_amend
from core.execution.manager import OrderManager
from core.execution.state import ZERO, ChildState, ParentState
from core.strategies.base import AlgoState, Decision, LiveChild, Strategy
from core.strategies.params import Params

log = logging.getLogger(__name__)

# A cancel that did not take effect is asked for again after this.
RETRY_US = MICROSECONDS
# A venue that could not be reached is left alone for this long.
UNREACHABLE_US = 5 * MICROSECONDS


@final
class Worker:
    """Runs one parent until it is over."""

    def __init__(
        self, parent: ParentState, strategy: Strategy, params: Params, manager: OrderManager, market: Callable[[], MarketView]
    ) -> None:
        self.parent = parent
        self._strategy = strategy
        self._params = params
        self._manager = manager
        self._market = market
        self._clock: Clock = manager.clock
        self._changed = asyncio.Event()
        self._amend: AmendWish | None = None
        self._cancelling = False
        self._paused_us: int | None = None

    # -- the trader's wishes -----------------------------------------------------------------------

    def wake(self) -> None:
        """Something about the parent changed."""
        self._changed.set()

    def request_cancel(self) -> None:
        """Stop placing and cancel what is live. Takes effect before this returns: no child is sent afterwards."""
        self._cancelling = True
        if self._amend is not None:
            self._amend.drop()
            self._amend = None
        self._manager.move_parent(self.parent, ParentStatus.CANCELLING, "cancelling")
        self.wake()

    def request_amend(self, wish: AmendWish) -> None:
        """Change price or amount; a newer wish replaces an older one."""
        if self._amend is not None:
            self._amend.drop()
        self._amend = wish
        self._manager.move_parent(self.parent, ParentStatus.AMENDING, "changing")
        self.wake()

    def pause(self) -> bool:
        """Stop placing and take resting orders back until `resume`."""
        if not self._manager.move_parent(self.parent, ParentStatus.PAUSED, "paused"):
            return False
        self._paused_us = self._clock.now_us()
        self.wake()
        return True

    def resume(self) -> bool:
        """Go on where the schedule stood when it was paused."""
        if self.parent.status is not ParentStatus.PAUSED or not self._manager.move_parent(self.parent, ParentStatus.RUNNING, "resumed"):
            return False
        if self._paused_us is not None and self.parent.started_us is not None:
            self.parent.started_us += self._clock.now_us() - self._paused_us
        self._paused_us = None
        self.wake()
        return True

    # -- the loop ----------------------------------------------------------------------------------

    async def run(self) -> None:
        """Work until the parent is over. An error of ours stops the parent, cancels its children and says so."""
        self.parent.started_us = self._clock.now_us()
        self._manager.move_parent(self.parent, ParentStatus.RUNNING, "started")
        while not self.parent.status.terminal:
            self._changed.clear()
            try:
                wake_us = self._step()
            except FathomError as error:
                log.warning("order %s: %s", self.parent.id, error, extra={"detail": error.detail})
                self._manager.move_parent(self.parent, ParentStatus.PAUSED, str(error))
                wake_us = None
            except Exception:
                log.exception("order %s stopped by an internal error", self.parent.id)
                self._cancelling = True
                self._manager.move_parent(self.parent, ParentStatus.CANCELLING, "stopped by an internal error; see the log")
                wake_us = self._clock.now_us() + RETRY_US
            if not self.parent.status.terminal:
                await self._wait(wake_us)

    async def _wait(self, wake_us: int | None) -> None:
        changed = asyncio.ensure_future(self._changed.wait())
        waiting = [changed] if wake_us is None else [changed, asyncio.ensure_future(self._clock.sleep_until(wake_us))]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()

    def _step(self) -> int | None:
        """Do what is to be done now; when to look again at the latest."""
        parent = self.parent
        filled, open_children = parent.executed.amount, parent.open_children
        if "overfill" in parent.flags:
            return self._stop("filled more than was asked for: check the venues")
        if filled >= parent.request.amount and not open_children:
            self._manager.move_parent(parent, ParentStatus.FILLED, "")
            return None
        if self._cancelling:
            return self._cancel()
        if any(child.knowledge is Knowledge.QUARANTINED for child in open_children):
            self._manager.move_parent(
                parent, ParentStatus.NEEDS_ATTENTION, next(c.reason for c in open_children if c.knowledge is Knowledge.QUARANTINED)
            )
            return None
        if parent.status is ParentStatus.NEEDS_ATTENTION:
            self._manager.move_parent(parent, ParentStatus.RUNNING, "evidence arrived; going on")
        if self._amend is not None:
            if settle_amend(self._amend, parent, self._manager):
                self._amend = None
                self._manager.move_parent(parent, ParentStatus.PAUSED if self._paused_us is not None else ParentStatus.RUNNING, "changed")
                self.wake()
            return self._clock.now_us() + RETRY_US
        if parent.status is ParentStatus.PAUSED:
            self._cancel_children(open_children)
            return self._clock.now_us() + RETRY_US if open_children else None
        return self._act(self._strategy.decide(self._state(), self._clock.now_us(), self._market(), self._params))

    def _act(self, decision: Decision) -> int | None:
        parent, manager = self.parent, self._manager
        manager.note_parent(parent, reason=decision.reason, target=decision.target_amount, ends_us=decision.ends_us, memory=decision.memory)
        if decision.finish is not None and not parent.open_children:
            manager.move_parent(parent, self._ending(), decision.finish)
            return None
        live = {child.client_id: child for child in parent.open_children}
        self._cancel_children([live[child_id] for child_id in decision.cancel if child_id in live])
        if decision.send:
            manager.submit(parent, decision.send)
        return decision.wake_us

    def _ending(self) -> ParentStatus:
        parent = self.parent
        if parent.executed.amount >= parent.request.amount:
            return ParentStatus.FILLED
        refused = parent.children and all(
            child.status in (ChildStatus.REJECTED, ChildStatus.NOT_PLACED, ChildStatus.DENIED) for child in parent.children.values()
        )
        return ParentStatus.FAILED if refused else ParentStatus.COMPLETED

    def _cancel(self) -> int | None:
        parent = self.parent
        if parent.status is not ParentStatus.CANCELLING:
            self._manager.move_parent(parent, ParentStatus.CANCELLING)
        if not parent.open_children:
            self._manager.move_parent(
                parent, ParentStatus.CANCELLED, parent.reason if parent.reason != "cancelling" else "cancelled by the trader"
            )
            return None
        self._cancel_children(parent.open_children)
        return self._clock.now_us() + RETRY_US

    def _stop(self, why: str) -> int | None:
        if self.parent.open_children:
            self._cancel_children(self.parent.open_children)
            return self._clock.now_us() + RETRY_US
        self._manager.move_parent(self.parent, ParentStatus.FILLED, why)
        return None

    def _cancel_children(self, children: list[ChildState]) -> None:
        for child in children:
            if child.pending is not PendingAction.CANCEL:
                self._manager.cancel(child)

    def _state(self) -> AlgoState:
        parent = self.parent
        children = list(parent.children.values())
        refused: dict[str, str] = {}
        refusals, recovering = 0, False
        for child in children:
            if child.status in (ChildStatus.REJECTED, ChildStatus.DENIED):
                refused[child.planned.exchange] = child.reason
                refusals += 1
            elif child.status is ChildStatus.NOT_PLACED:
                if self._clock.now_us() - child.updated_us < UNREACHABLE_US:
                    refused[child.planned.exchange] = child.reason
                    recovering = True
            elif child.executed.amount > ZERO or not child.status.terminal:
                refusals = 0
        return AlgoState(
            request=parent.request,
            filled_amount=parent.executed.amount,
            live=tuple(_live(child) for child in parent.open_children),
            started_us=parent.started_us or parent.created_us,
            released_amount=parent.released,
            rounds=parent.rounds,
            refusals=refusals,
            refused_venues=refused,
            recovering=recovering,
            memory=parent.memory,
            seed=parent.seed,
        )


def _live(child: ChildState) -> LiveChild:
    return LiveChild(
        id=child.client_id,
        exchange=child.planned.exchange,
        price=child.price,
        amount=child.amount if child.pending_amount is None else max(child.amount, child.pending_amount),
        filled_amount=child.executed.amount,
        pending=child.pending,
        known=child.knowledge is Knowledge.KNOWN,
        rests=child.planned.rests or child.planned.post_only or child.status in (ChildStatus.OPEN, ChildStatus.PARTIALLY_FILLED),
        created_us=child.created_us,
    )
