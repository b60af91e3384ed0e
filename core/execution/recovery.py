"""After a restart: the journal says what was meant, the venues say what became of it, and nothing is sent until the trader says so.

The process may have died between any two lines of code, so a child that the journal does not know to be over is in doubt,
whatever it last was: also one that was only an intent, for the order may have left. Evidence decides, as after a timeout.
Parents that were working come back PAUSED; what rests on a venue stays there and is followed. What the trader had wished for
(a cancel, a pause) goes on by itself. That they stand still is itself recorded, before anything else can be: the next
restart must find them as this one left them, however long this process lived and whatever else it did.

The simulated venues of a demo or a replay die with the program: there is nobody left to ask, so what was unfinished there
is closed and says why. Where to start reading: `Recovery.restore`, then `Recovery.reconcile`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import final

from core.domain.clock import MICROSECONDS
from core.domain.errors import BadRequest
from core.domain.events import OrderEvent
from core.domain.orders import ChildEvent, ChildStatus, Knowledge, ParentStatus
from core.execution.engine import ExecutionEngine
from core.execution.evidence import in_doubt
from core.execution.expiry import clock_time
from core.execution.history import read_executions
from core.execution.ids import is_ours
from core.execution.manager import OrderManager
from core.execution.records import rebuild
from core.execution.room import give_back
from core.execution.state import ChildState, ParentState, Wish
from core.execution.tasks import TaskOwner
from core.execution.worker import CANCELLING
from core.journal.entry import Entry, Kind, Story

log = logging.getLogger(__name__)

# Orders that are over are shown again when they are not older than this, and no more than so many.
SHOWN_US = 7 * 86_400 * MICROSECONDS
MOST_SHOWN = 500
# The trader is told what was found by then, whether or not every venue has answered.
TOLD_AFTER_S = 30.0
GONE = "the simulated venue is gone: it lived only as long as the program"

Tell = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Findings:
    """What the venues said of the children that were in doubt.

    Attributes:
        adopted: open there, and followed again.
        ended: over there.
        absent: proven never to have been placed.
        fills: trades that had been missed.
        unknown: not answered for yet; their size stays reserved.
    """

    adopted: int
    ended: int
    absent: int
    fills: int
    unknown: int

    @property
    def sentence(self) -> str:
        return (
            f"Checked with the venues after the restart: {self.adopted} child order{_s(self.adopted)} found open and followed again, "
            f"{self.ended} found ended, {self.absent} proven never placed, {self.fills} missed fill{_s(self.fills)} counted, "
            f"{self.unknown} still unknown."
        )


@final
class Recovery:
    """Brings one journal's orders back into a manager and an engine.

    Args:
        tell: level and sentence of a notice.
    """

    def __init__(self, manager: OrderManager, engine: ExecutionEngine, tell: Tell) -> None:
        self._manager = manager
        self._engine = engine
        self._tell = tell
        self._tasks = TaskOwner()
        self._unfinished: list[ParentState] = []
        self._doubted: list[tuple[ChildState, int]] = []
        self._to_cancel: list[ChildState] = []

    # -- from the journal ----------------------------------------------------------------------------

    def restore(self) -> None:
        """Rebuild what the journal holds. Call it before the venues are connected: their first news must find its order.

        Raises:
            JournalError: the file is damaged.
        """
        last_us = self._manager.journal.last_us
        for story in self._manager.journal.load(since_us=last_us - SHOWN_US, at_most=MOST_SHOWN):
            try:
                parent = rebuild(story)
                marks = read_executions(story.entries)[parent.id]
            except (ValueError, KeyError, TypeError):
                log.exception("order %s can't be rebuilt", story.parent_id)
                self._set_aside(story)
                continue
            if (ahead_us := last_us - self._manager.clock.now_us()) > 0:
                _turn_back(parent, ahead_us)
            self._manager.adopt(parent)
            self._engine.risk.placed(parent.request, parent.created_us)
            self._engine.remember(marks)
            if not parent.status.terminal:
                self._unfinished.append(parent)
                self._bring_back(parent, story, last_us)
                self._manager.record.state(parent)
            else:  # what its venues still owed us is asked for again
                self._doubted += [(child, len(child.executed.fills)) for child in parent.children.values() if in_doubt(child)]
        self._engine.live.recount()

    def _bring_back(self, parent: ParentState, story: Story, last_us: int) -> None:
        now_us = self._manager.clock.now_us()
        for child in parent.children.values():
            # Also of one that is over its venue may still owe fills, or not have been heard since the trader's word.
            if not child.settled or in_doubt(child):
                self._doubt(child, now_us)
        why = _why_cancelled(story)
        if parent.status is ParentStatus.CANCELLING or why is not None:
            parent.restored = False
            if parent.move(ParentStatus.CANCELLING, now_us):
                parent.reason = why or CANCELLING
            return
        remarks = self._remarks(parent, story)
        if parent.status is not ParentStatus.PAUSED or parent.held:
            # What was paused by the trader and needed attention meanwhile is paused by the trader still.
            parent.restored = parent.restored or parent.held or parent.paused_us is None
            parent.held = False
            # The schedule stood still while there was nobody to follow it, as in a pause.
            parent.paused_us = parent.paused_us or min(last_us, now_us)
            parent.move(ParentStatus.PAUSED, now_us)
        parent.reason = "; ".join(["restored after a restart", *remarks, "resume when ready"])
        present = tuple(venue for venue in parent.request.exchanges if venue in self._manager.connectors)
        if present:
            parent.request = replace(parent.request, exchanges=present)

    def _doubt(self, child: ChildState, now_us: int) -> None:
        """Nobody knows what became of it, and what it asked for last may be under way still.

        When a request left is not in the journal, only that it might: it may have waited for the disk or for its turn as long as
        the process lived, and when that ended is not in the journal either. So what had not been given up is given up now.
        """
        self._doubted.append((child, len(child.executed.fills)))
        if child.settled:
            return
        if child.status is ChildStatus.INTENT:
            child.advance(ChildEvent.SEND, now_us)
        if child.status is ChildStatus.SUBMITTING and child.gave_up_us is None:
            child.gave_up_us = now_us
        if child.wish is not None and child.wish.gave_up_us is None:
            child.wish.gave_up_us = now_us
        if child.cancelling or child.insisted:
            child.cancelling = False
            self._to_cancel.append(child)
        venue = child.planned.exchange
        if venue not in self._manager.connectors:
            child.knowledge = Knowledge.QUARANTINED
            child.reason = f"{venue} is not open now, so nobody can be asked what became of this order. Its size stays reserved"
        else:
            child.doubt(now_us, f"restored after a restart; asking {venue}")

    def _set_aside(self, story: Story) -> None:
        """It can't be followed; but the kill switch asks for it, too."""
        symbol = next((str(entry.body.get("symbol")) for entry in story.entries if entry.kind == Kind.PARENT), "")
        venues = {str(entry.body.get("exchange")) for entry in story.entries if entry.kind == Kind.INTENT}
        for venue in venues:
            self._manager.unread.add((venue, symbol))
        where = ", ".join(sorted(venues)) or "no venue: nothing of it was sent"
        self._tell(
            "error",
            f"Order {story.parent_id} can't be read from the journal and is not followed; check {where}. "
            "Whatever is open of it is left alone, except by KILL.",
        )

    def _remarks(self, parent: ParentState, story: Story) -> list[str]:
        """What was under way and is not, in words."""
        remarks = []
        if (wish := _change_under_way(parent, story)) is not None:
            remarks.append(f"the change asked for at {clock_time(wish.ts_us)} was not completed and is dropped")
        missing = [venue for venue in parent.request.exchanges if venue not in self._manager.connectors]
        if missing:
            remarks.append(f"without {', '.join(missing)}, not open now")
        return remarks

    # -- with the venues -----------------------------------------------------------------------------

    def reconcile(self) -> None:
        """Ask the venues, which are connected by now, and let every parent go on with what it may do. In the background."""
        if not self._unfinished and not self._doubted:
            return
        resting = sum(parent.restored for parent in self._unfinished)
        self._tell(
            "warning" if resting else "info",
            f"Restored {len(self._unfinished)} unfinished order{_s(len(self._unfinished))} after a restart, {resting} of them paused until "
            f"you resume them; asking the venues about {len(self._doubted)} child order{_s(len(self._doubted))}.",
        )
        for child in self._to_cancel:
            self._manager.cancel(child, release=child.releases, urgent=True)
        for child, _ in self._doubted:
            if child.planned.exchange in self._manager.connectors:
                self._manager.changed(child)
        for parent in self._unfinished:
            try:
                self._engine.restore(parent)
            except BadRequest as error:
                log.warning("order %s can't go on: %s", parent.id, error)
                why = f"can't go on after the restart, only be cancelled: {error}"
                if parent.status is not ParentStatus.CANCELLING:
                    self._tell("error", f"Order {parent.id} {why}")
                self._engine.restore_to_cancel(parent, why)
        if self._doubted:
            self._tasks.spawn(self._report(), "report of the recovery")

    async def _report(self) -> None:
        """Say what was found, once all is known or a while has passed."""
        known = asyncio.Event()

        def look(_event: OrderEvent | None = None) -> None:
            if not self.findings().unknown:
                known.set()

        stop = self._manager.on_event(look)
        look()
        waiting = [self._tasks.watch(known.wait(), "all is known"), self._tasks.watch(self._manager.clock.sleep(TOLD_AFTER_S), "enough")]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stop()
            for task in waiting:
                task.cancel()
        findings = self.findings()
        self._tell("warning" if findings.unknown else "info", findings.sentence)

    def findings(self) -> Findings:
        """What is known by now."""
        known = [child for child, _ in self._doubted if child.knowledge is Knowledge.KNOWN]
        return Findings(
            adopted=sum(not child.status.terminal for child in known),
            ended=sum(child.status.terminal and child.status is not ChildStatus.NOT_PLACED for child in known),
            absent=sum(child.status is ChildStatus.NOT_PLACED for child in known),
            fills=sum(len(child.executed.fills) - before for child, before in self._doubted),
            unknown=len(self._doubted) - len(known),
        )

    @property
    def symbols(self) -> list[str]:
        """Of the orders that were unfinished: their books are needed."""
        return list(dict.fromkeys(parent.request.symbol for parent in self._unfinished))

    def look_for_strangers(self, symbols: Sequence[str], venues: Sequence[str] | None = None) -> None:
        """Ask `venues` (default: all) for open orders of `symbols` and of what was unfinished, and tell of those that we do not follow."""
        all_symbols = dict.fromkeys([*symbols, *self.symbols])
        asked = {venue: each for venue, each in self._manager.connectors.items() if venues is None or venue in venues}
        places = [(venue, symbol) for venue, each in asked.items() for symbol in all_symbols if symbol in each.instruments]
        self._tasks.spawn(self._tell_of_strangers(places), "orders that are not ours")

    async def _tell_of_strangers(self, places: Sequence[tuple[str, str]]) -> None:
        await asyncio.gather(*(self._engine.reconciler.sweep(*place) for place in places))
        found = [order for order in self._engine.reconciler.foreign_orders if (order.venue, order.symbol) in places]
        strays = [order for order in found if is_ours(order.client_id)]
        if others := len(found) - len(strays):
            self._tell("info", f"{others} open order{_s(others)} on your accounts not placed by Fathom: shown apart and left alone.")
        if strays:
            where = ", ".join(sorted({order.venue for order in strays}))
            self._tell(
                "warning",
                f"{len(strays)} open order{_s(len(strays))} on {where} by Fathom, but not from this profile: left alone; check there.",
            )

    # -- without the venues --------------------------------------------------------------------------

    def close_as_gone(self) -> None:
        """The venues of that run are gone: end what was unfinished, with the fills that are known."""
        now_us = self._manager.clock.now_us()
        for child, _ in self._doubted:
            child.know()
            child.claimed_end, child.claimed_filled, child.reason = None, child.executed.amount, GONE
            child.advance(ChildEvent.PROVE_ABSENT if child.status is ChildStatus.SUBMITTING else ChildEvent.EXPIRE, now_us)
            child.reason = GONE
            self._manager.changed(child)
        for parent in self._unfinished:
            give_back(parent, self._manager)
            complete = parent.executed.amount >= parent.request.amount
            self._manager.move_parent(parent, ParentStatus.CANCELLING, GONE)
            self._manager.move_parent(parent, ParentStatus.FILLED if complete else ParentStatus.CANCELLED, GONE)
        if self._unfinished:
            count = len(self._unfinished)
            self._tell("info", f"Closed {count} unfinished order{_s(count)} of an earlier run: {GONE}.")
        self._unfinished, self._doubted, self._to_cancel = [], [], []

    async def close(self) -> None:
        """Stop waiting for answers; the manager goes on with them."""
        await self._tasks.close()


def _why_cancelled(story: Story) -> str | None:
    """Why it was taken back, if ever: an order that needed attention meanwhile is cancelled all the same."""
    wishes = [entry.body for entry in story.entries if entry.kind == Kind.WISH and entry.body.get("what") == "cancel"]
    return str(wishes[-1].get("why", CANCELLING)) if wishes else None  # older versions did not say why


def _change_under_way(parent: ParentState, story: Story) -> Entry | None:
    """The trader's last wish, if it was a change that nobody has completed or refused."""
    wishes = [entry for entry in story.entries if entry.kind == Kind.WISH]
    if parent.status is ParentStatus.AMENDING:
        return next((wish for wish in reversed(wishes) if wish.body.get("what") == "change"), None)
    if parent.status is not ParentStatus.NEEDS_ATTENTION or not wishes or wishes[-1].body.get("what") != "change":
        return None
    completed = any(entry.kind == Kind.MODIFY and entry.seq > wishes[-1].seq for entry in story.entries)
    return None if completed else wishes[-1]


def _turn_back(parent: ParentState, by_us: int) -> None:
    """The computer's clock is behind the journal, as it was set back: whatever was measured by it is older now by the same.

    What venues have told of stays at their time, and an expiry at the trader's.
    """
    states: list[ParentState | ChildState | Wish] = [parent]
    for child in parent.children.values():
        states += [child] if child.wish is None else [child, child.wish]
    for state in states:
        for name in (one.name for one in fields(state) if one.name.endswith("_us") and one.name != "news_us"):
            if at_us := getattr(state, name):
                setattr(state, name, at_us - by_us)
    parent.memory = {name: int(str(value)) - by_us if name.endswith("_us") else value for name, value in parent.memory.items()}


def _s(count: int) -> str:
    return "" if count == 1 else "s"
