"""What happened to each order, and how it kept its schedule, gathered from the bridge's news. Qt-free.

The bridge hands over the latest of each order ten times a second: a story tells turns, not every message. It is kept
for the orders of this run, newest ones first to stay, and each is bounded.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from core.domain.enums import OrderSide
from core.domain.numbers import plain
from core.domain.orders import Fill, OrderSnapshot
from gui import formats
from gui.blotter.rows import Digits, DigitsOf
from gui.blotter.wording import reason_of, state_of

MAX_EVENTS = 500
MAX_POINTS = 2_000
MAX_STORIES = 300


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a timeline. `who` is a venue, or empty for the parent itself."""

    ts_us: int
    who: str
    sentence: str
    tone: str = ""


@dataclass(slots=True)
class Story:
    """One parent's timeline, oldest first, and its way along the schedule.

    Attributes:
        times_us, filled, target: parallel; one point per change; `target` is None outside a schedule.
    """

    events: list[Event] = field(default_factory=list)
    times_us: list[int] = field(default_factory=list)
    filled: list[Decimal] = field(default_factory=list)
    target: list[Decimal | None] = field(default_factory=list)
    said: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def has_schedule(self) -> bool:
        return any(target is not None for target in self.target)


class Stories:
    """All stories of this run."""

    def __init__(self) -> None:
        self._stories: OrderedDict[str, Story] = OrderedDict()

    def of(self, parent_id: str) -> Story:
        """The story so far; an empty one of an order nothing was heard of."""
        return self._stories.get(parent_id) or Story()

    def take(self, orders: Iterable[OrderSnapshot], fills: Iterable[tuple[str, Fill]] = (), digits: DigitsOf | None = None) -> set[str]:
        """Add what is new, in the order of time: which parents' stories went on.

        Args:
            fills: (parent id, fill), each told once.
            digits: decimals of a symbol's prices.
        """
        news: list[tuple[str, Event]] = []
        touched = set()
        for order in orders:
            parent_id = order.parent_id or order.id
            story = self._open(parent_id)
            now = (state_of(order).text, reason_of(order))
            if story.said.get(order.id) != now:
                story.said[order.id] = now
                news.append((parent_id, Event(order.updated_us, order.exchange or "", _sentence(order), state_of(order).tone)))
            if order.is_parent:
                _trace(story, order)
            touched.add(parent_id)
        for parent_id, fill in fills:
            decimals = digits(fill.symbol).price if digits is not None else Digits().price
            news.append((parent_id, Event(fill.ts_us, fill.venue, _fill_sentence(fill, decimals), fill.side.value)))
            touched.add(parent_id)
        for parent_id, event in sorted(news, key=lambda item: item[1].ts_us):
            _add(self._open(parent_id), event)
        return touched

    def _open(self, parent_id: str) -> Story:
        if parent_id not in self._stories:
            self._stories[parent_id] = Story()
            while len(self._stories) > MAX_STORIES:
                self._stories.popitem(last=False)
        return self._stories[parent_id]


def _sentence(order: OrderSnapshot) -> str:
    state, reason = state_of(order), reason_of(order)
    size = "" if order.is_parent else f" {plain(order.amount)} at {order.price.normalize():,f}" if order.price is not None else ""
    return f"{state.text}{size}{': ' + reason if reason else ''}"


def _fill_sentence(fill: Fill, decimals: int) -> str:
    verb = "bought" if fill.side is OrderSide.BUY else "sold"
    base = fill.symbol.split("/")[0]
    return f"{verb} {plain(fill.amount)} {base} at {formats.price(fill.price, decimals)} as {fill.liquidity.value}"


def _add(story: Story, event: Event) -> None:
    story.events.append(event)
    if len(story.events) > MAX_EVENTS:
        del story.events[: MAX_EVENTS // 5]


def _trace(story: Story, order: OrderSnapshot) -> None:
    """One point, unless nothing moved. A full track forgets every other point of its past."""
    if story.times_us and (story.filled[-1], story.target[-1]) == (order.filled_amount, order.target_amount):
        return
    story.times_us.append(order.updated_us)
    story.filled.append(order.filled_amount)
    story.target.append(order.target_amount)
    if len(story.times_us) > MAX_POINTS:
        for track in (story.times_us, story.filled, story.target):
            del track[1:-1:2]


def steps(points: Sequence[tuple[float, Decimal]], end_s: float) -> tuple[list[float], list[float]]:
    """Seconds and amounts as a staircase for drawing (lossy): each amount stands until the next, the last until `end_s`."""
    times: list[float] = []
    values: list[float] = []
    ends = [second for second, _ in points[1:]] + [end_s]
    for (second, amount), following in zip(points, ends, strict=False):
        times += [second, following]
        values += [float(amount), float(amount)]
    return times, values
