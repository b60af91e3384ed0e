"""What a strategy is: a pure function from what is known to what to do next.

`plan` answers "what would you do with this amount now" (preview, comparison, execution use
the same one). `decide` answers "what next" for a parent that is under way: it is called after every
change and at every wake-up it asked for, sends nothing and remembers only what it returns
as `memory`, so that it can be resumed after a restart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from core.domain.enums import ExecutionStrategy
from core.domain.market import MarketView
from core.domain.orders import PendingAction
from core.domain.plan import ExecutionRequest, Plan, PlannedChild
from core.strategies.params import Params

# The key in `memory` of what the parent goes on saying, also once it is filled: one sentence.
REMARK = "remark"


@dataclass(frozen=True, slots=True)
class LiveChild:
    """A child that is not known to be over."""

    id: str
    exchange: str
    price: Decimal
    amount: Decimal
    filled_amount: Decimal
    pending: PendingAction
    known: bool
    rests: bool
    created_us: int

    @property
    def open_amount(self) -> Decimal:
        """Worst case that may still fill, in base."""
        return max(self.amount - self.filled_amount, Decimal(0))


@dataclass(frozen=True, slots=True)
class AlgoState:
    """All a strategy may know of its parent. Amounts base.

    Attributes:
        request: with the parent's present price and amount.
        filled_amount: sum of unique fills.
        released_amount: what the trader took back by cancelling a child; not to be placed again.
        live: children that may still fill.
        started_us: when it first ran; paused time is added, so that a schedule stands still meanwhile.
        rounds: how often it has sent something.
        refusals: children refused or failed in a row, to stop a reject loop.
        refused_venues: venues that refused this parent, with what they said; and those that could not be reached a moment ago.
        recovering: one of them was only unreachable and will be tried again.
        memory: what the last decision asked to remember.
        seed: for jitter that a restart repeats.
    """

    request: ExecutionRequest
    filled_amount: Decimal
    live: tuple[LiveChild, ...]
    started_us: int
    released_amount: Decimal = Decimal(0)
    rounds: int = 0
    refusals: int = 0
    refused_venues: Mapping[str, str] = field(default_factory=dict)
    recovering: bool = False
    memory: Mapping[str, object] = field(default_factory=dict)
    seed: int = 0

    @property
    def live_amount(self) -> Decimal:
        return sum((child.open_amount for child in self.live), Decimal(0))

    @property
    def remaining_amount(self) -> Decimal:
        """Base that no fill, no live child and no release accounts for."""
        return max(self.request.amount - self.filled_amount - self.released_amount - self.live_amount, Decimal(0))


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do next.

    Attributes:
        send: children to place now, all at once.
        cancel: ids of live children to cancel.
        wake_us: ask again at this time at the latest; None waits for the next change.
        finish: the parent is done; why, one sentence ("" when it is simply filled).
        reason: what the parent is doing, for the blotter.
        target_amount: where the schedule wants `filled_amount` to be.
        ends_us: when the schedule ends.
        memory: replaces the state's memory.
    """

    send: tuple[PlannedChild, ...] = ()
    cancel: tuple[str, ...] = ()
    wake_us: int | None = None
    finish: str | None = None
    reason: str = ""
    target_amount: Decimal | None = None
    ends_us: int | None = None
    memory: Mapping[str, object] | None = None


class Strategy(Protocol):
    """One way to execute a parent. Stateless: one object serves every parent."""

    name: ExecutionStrategy

    def plan(self, request: ExecutionRequest, market: MarketView, params: Params) -> Plan:
        """What it would do with `request.amount` now. Never raises on a poor market: the plan says why."""
        ...

    def decide(self, state: AlgoState, now_us: int, market: MarketView, params: Params) -> Decision:
        """What to do next for a parent under way."""
        ...
