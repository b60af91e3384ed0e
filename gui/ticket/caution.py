"""When the ticket asks before it sends, and what it says then. Qt-free.

Two things are questioned: an order above a worth the trader has set, and the same order twice within
ten seconds (a second press is easier than it should be). The ten seconds are the trader's, not the
market's: at replay speed a minute of market time passes between two clicks.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal

from core.domain.clock import MICROSECONDS, Clock
from core.domain.enums import OrderSide, OrderType
from core.domain.instruments import Instrument
from core.domain.numbers import plain
from core.domain.plan import Plan
from gui import formats
from gui.ticket.fields import description_of, human_duration
from gui.ticket.grid import Grid
from gui.ticket.model import Draft, notional
from gui.ticket.preview import MONEY_DECIMALS, warnings_of

REPEAT_S = 10
CONFIRM_ABOVE = Decimal(50_000)
_MOST_LINES = 8


class RecentOrders:
    """Remembers what was sent in the last ten seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sent: list[tuple[int, Draft]] = []

    def remember(self, draft: Draft) -> None:
        self._sent.append((self._clock.now_us(), draft))

    def forget(self, draft: Draft) -> None:
        """It was refused: sending it again is no repetition."""
        for number in range(len(self._sent) - 1, -1, -1):
            if self._sent[number][1] == draft:
                del self._sent[number]
                return

    def seconds_since(self, draft: Draft) -> int | None:
        """Whole seconds since an identical order was sent; None when none was within `REPEAT_S`."""
        now_us = self._clock.now_us()
        self._sent = [(at, sent) for at, sent in self._sent if now_us - at < REPEAT_S * MICROSECONDS]
        ages = [now_us - at for at, sent in self._sent if sent == draft]
        return min(ages) // MICROSECONDS if ages else None


@dataclass(frozen=True, slots=True)
class Question:
    """What a confirmation says.

    Attributes:
        asks: what would be sent, one line.
        why: the reasons for asking.
        plan: what would happen, line by line.
        warnings: shown in the warning colour.
    """

    asks: str
    why: tuple[str, ...]
    plan: tuple[str, ...]
    warnings: tuple[str, ...]


def question_for(
    draft: Draft,
    plan: Plan,
    grid: Grid,
    instruments: Mapping[str, Instrument],
    *,
    above: Decimal,
    repeated_s: int | None,
    unusable: Collection[str] = (),
) -> Question | None:
    """The question to ask before sending `draft`; None when it may go straight away.

    Args:
        above: ask from this worth on, in quote.
        repeated_s: how long ago the same order was sent; None when it was not.
        unusable: venues whose book can't be used now.
    """
    worth = notional(draft, plan.average_price, plan.mid)
    why = []
    if repeated_s is not None:
        ago = "less than a second" if repeated_s < 1 else f"{repeated_s} s"
        why.append(f"You sent exactly this order {ago} ago.")
    if worth is None:
        why.append("Its worth is unknown: the market has no price at the moment.")
    elif worth >= above:
        why.append(f"It is worth {formats.fixed(worth, 0)} {grid.quote}; you are asked above {formats.fixed(above, 0)}.")
    if not why:
        return None
    warnings = (*warnings_of(plan, grid, unusable), *plan.notes)
    return Question(in_words(draft, grid), tuple(why), plan_in_words(draft, plan, grid, instruments), warnings)


def in_words(draft: Draft, grid: Grid) -> str:
    """`Buy 0.5 BTC at 61,900.00 USDT or lower`, `Sell 0.5 BTC at the market once the best bid falls to 61,000.00`."""
    verb, better = ("Buy", "or lower") if draft.side is OrderSide.BUY else ("Sell", "or higher")
    size = f"{plain(draft.amount or Decimal(0))} {grid.base}"
    when = f" once {_trigger_in_words(draft, grid)}" if draft.order_type.waits else ""
    if not draft.has_limit:
        return f"{verb} {size} at the market{when}"
    return f"{verb} {size} at {formats.price(draft.price, grid.price_decimals)} {grid.quote} {better}{when}"


def _trigger_in_words(draft: Draft, grid: Grid) -> str:
    touch = "best ask" if draft.side is OrderSide.BUY else "best bid"
    if draft.order_type is OrderType.TRAILING_STOP:
        return f"the {touch} turns by {plain(draft.trail_percent or Decimal(0))} %"
    stops = draft.order_type in (OrderType.STOP, OrderType.STOP_LIMIT)
    moves = "rises" if (draft.side is OrderSide.BUY) == stops else "falls"
    return f"the {touch} {moves} to {formats.price(draft.trigger_price, grid.price_decimals)}"


def plan_in_words(draft: Draft, plan: Plan, grid: Grid, instruments: Mapping[str, Instrument]) -> tuple[str, ...]:
    """What the plan would do, line by line."""
    lines = [f"{draft.strategy.label}: {description_of(draft.strategy)}"]
    for child in plan.children[:_MOST_LINES]:
        decimals = instruments[child.exchange].price_decimals if child.exchange in instruments else grid.price_decimals
        rests = ", rests in the book" if child.rests else ""
        size = f"{plain(child.amount)} {grid.base}"
        lines.append(f"{size} on {child.exchange}, limit {formats.price(child.price, decimals)}{rests}")
    if (more := len(plan.children) - _MOST_LINES) > 0:
        lines.append(f"and {more} more")
    if plan.scheduled:
        later = human_duration(Decimal(str(plan.duration_s)))
        lines.append(f"{plain(plan.scheduled)} {grid.base} later, over {later} in {plan.slices} slices")
    if plan.average_price is not None:
        fees = formats.amount(plan.fees, MONEY_DECIMALS, grid.quote)
        all_in = formats.bps(plan.all_in_bps, 1, signed=True)
        lines.append(
            f"Expected average {formats.price(plan.average_price, grid.price_decimals)}; fees {fees}, all-in {all_in} against the mid"
        )
    return tuple(lines)
