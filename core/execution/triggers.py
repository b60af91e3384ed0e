"""When a stop, a take-profit or a trailing stop fires, judged on the merged book. Pure: looks at books, sends nothing.

What is watched is the price the order itself would get: the best ask for a buy, the best bid for a sell, over the
LIVE books only (a stale, broken or self-crossed book has no vote; that *merged* books cross is normal
and moves neither side's touch). One bad print must not sell a position, so a condition counts only when two
venues show it, or when it still holds at a second look at least 50 ms after the first. The highest bid a
trailing stop hangs from has to prove itself the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import final

from core.domain.enums import OrderSide, OrderType
from core.domain.errors import BadPrice
from core.domain.market import BookView
from core.domain.numbers import ceil_to, floor_to
from core.domain.plan import ExecutionRequest

# How often the market is looked at when nothing moves, how long is left between two looks when everything does,
# and after how long a single venue's word is believed.
LOOK_US = 100_000
LOOK_GAP_US = 10_000
CONFIRM_US = 50_000
VENUES_NEEDED = 2
HUNDRED = Decimal(100)

_STOPS = (OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP)


@dataclass(frozen=True, slots=True)
class Look:
    """What one look found.

    Attributes:
        fired_at: the touch that fired it, quote per base; None: not yet.
        again_us: when to look again; None: as soon as a book changes, there is nothing to look at before.
        reason: what it waits for, for the blotter.
    """

    fired_at: Decimal | None
    again_us: int | None
    reason: str


@final
class TriggerWatch:
    """The memory of one waiting order: since when its condition holds, and the best price a trail hangs from."""

    def __init__(self, extreme: Decimal | None = None) -> None:
        """`extreme`: what a trailing stop hung from before a restart."""
        self._level: Decimal | None = None
        self._holding_since_us: int | None = None
        self._extreme = extreme
        # A better extreme that has not proven itself: what stood at every look since then.
        self._candidate: tuple[Decimal, int] | None = None

    @property
    def extreme(self) -> Decimal | None:
        """The best price so far that has proven itself, for a trailing stop."""
        return self._extreme

    def interrupt(self) -> None:
        """Nobody looked for a while (a pause): what was half proven starts again. The trail keeps its extreme."""
        self._holding_since_us = None
        self._candidate = None

    def look(self, request: ExecutionRequest, books: Sequence[BookView], now_us: int) -> Look:
        """Judge the market of this moment. `books`: the LIVE books of the venues that the order may use."""
        touches = _touches(request.side, books)
        if not touches:
            self.interrupt()
            return Look(None, None, "waits for its trigger; no venue has a usable book")
        if request.order_type is OrderType.TRAILING_STOP:
            self._follow(request.side, touches, now_us)
        level = self._level_of(request, books)
        if level != self._level:
            self._level, self._holding_since_us = level, None
        if level is None:
            return Look(None, now_us + CONFIRM_US, "waits for a price to trail")
        waiting = _waiting_words(request, level, self._extreme)
        if not _reached(request, touches[0], level):
            self._holding_since_us = None
            return Look(None, now_us + LOOK_US, waiting)
        if self._holding_since_us is None:
            self._holding_since_us = now_us
        agreed = sum(_reached(request, touch, level) for touch in touches) >= VENUES_NEEDED
        if agreed or now_us - self._holding_since_us >= CONFIRM_US:
            return Look(touches[0], now_us, f"triggered at {shown(touches[0])}")
        return Look(None, self._holding_since_us + CONFIRM_US, waiting)

    def _level_of(self, request: ExecutionRequest, books: Sequence[BookView]) -> Decimal | None:
        """Where it fires now; None while a trailing stop has no proven price to trail."""
        if request.order_type is not OrderType.TRAILING_STOP:
            return request.trigger_price
        if self._extreme is None:
            return None
        trail = request.trail_amount if request.trail_amount is not None else self._extreme * (request.trail_percent or 0) / HUNDRED
        tick = min(book.instrument.tick for book in books)
        level = self._extreme + request.side.sign * trail
        return floor_to(level, tick) if request.side is OrderSide.SELL else ceil_to(level, tick)

    def _follow(self, side: OrderSide, touches: Sequence[Decimal], now_us: int) -> None:
        """Move the extreme: to what a second venue shows as well at once, to one venue's price when it has stood for a while."""
        if len(touches) >= VENUES_NEEDED and self._improves(side, touches[VENUES_NEEDED - 1]):
            self._extreme = touches[VENUES_NEEDED - 1]
        best = touches[0]
        if not self._improves(side, best):
            self._candidate = None
        elif self._candidate is None:
            self._candidate = best, now_us
        else:
            stood, since_us = self._candidate
            stood = min(stood, best) if side is OrderSide.SELL else max(stood, best)
            if now_us - since_us < CONFIRM_US:
                self._candidate = stood, since_us
            else:
                self._extreme = stood if self._improves(side, stood) else self._extreme
                self._candidate = (best, now_us) if self._improves(side, best) else None

    def _improves(self, side: OrderSide, price: Decimal) -> bool:
        """A sell trails the highest bid, a buy the lowest ask."""
        return self._extreme is None or side.sign * (price - self._extreme) < 0


def check_not_reached(request: ExecutionRequest, books: Sequence[BookView]) -> None:
    """A trigger on the wrong side of the market would fire at once: that is a market order in disguise.

    Without a usable book there is nothing to compare with, and the order is let through.

    Raises:
        BadPrice: it is reached already.
    """
    touches = _touches(request.side, books)
    if request.trigger_price is None or not touches or not _reached(request, touches[0], request.trigger_price):
        return
    kind, where = _kind(request), "below" if _fires_upwards(request) else "above"
    side = "above" if _fires_upwards(request) else "below"
    raise BadPrice(
        f"A {kind} at {shown(request.trigger_price)} would fire at once: it is {where} the market, the {_touch_name(request.side)} is "
        f"{shown(touches[0])}. Put the trigger {side} it."
    )


def shown(price: Decimal) -> str:
    """`61,800.1`: as a sentence says a price."""
    return format(price.normalize(), ",f")


def trigger_words(request: ExecutionRequest) -> str:
    """What a waiting order waits for, before anything of the market is known."""
    if request.order_type is OrderType.TRAILING_STOP:
        return f"the {_touch_name(request.side)} turns by {_trail_words(request)}"
    moves = "rises" if _fires_upwards(request) else "falls"
    return f"the {_touch_name(request.side)} {moves} to {shown(request.trigger_price or Decimal(0))}"


def _touches(side: OrderSide, books: Sequence[BookView]) -> list[Decimal]:
    """Each book's price for a taker on `side`, the best first."""
    found = [book.best_ask if side is OrderSide.BUY else book.best_bid for book in books]
    return sorted((touch for touch in found if touch is not None), reverse=side is OrderSide.SELL)


def _fires_upwards(request: ExecutionRequest) -> bool:
    """A buy stop and a selling take-profit wait for the price to rise, the other two for it to fall."""
    return (request.side is OrderSide.BUY) == (request.order_type in _STOPS)


def _reached(request: ExecutionRequest, touch: Decimal, level: Decimal) -> bool:
    return touch >= level if _fires_upwards(request) else touch <= level


def _kind(request: ExecutionRequest) -> str:
    return f"{request.side.value} {request.order_type.words}"


def _touch_name(side: OrderSide) -> str:
    return "best ask" if side is OrderSide.BUY else "best bid"


def _trail_words(request: ExecutionRequest) -> str:
    if request.trail_amount is not None:
        return f"{shown(request.trail_amount)} {request.symbol.split('/')[1]}"
    return f"{shown(request.trail_percent or Decimal(0))} %"


def _waiting_words(request: ExecutionRequest, level: Decimal, extreme: Decimal | None) -> str:
    if request.order_type is not OrderType.TRAILING_STOP or extreme is None:
        return f"waits until {trigger_words(request)}"
    best = "highest bid" if request.side is OrderSide.SELL else "lowest ask"
    return f"trails the {best} of {shown(extreme)} by {_trail_words(request)}: fires at {shown(level)}"
