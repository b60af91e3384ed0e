"""ICEBERG: one visible tip at a time, of a size that gives no pattern away, refilled as it fills.

The tip rests post-only at the venue's own touch, never past the limit. It follows the touch with hysteresis:
every move costs the place in the queue. A side that is empty for a moment is no reason to give up.
Where the venue hides orders itself, one order with a display amount does it all. The last tip takes the dust
along, so that nothing is left that no venue accepts.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from core.domain.clock import MICROSECONDS
from core.domain.enums import ExecutionStrategy, OrderSide, TimeInForce
from core.domain.instruments import Instrument
from core.domain.market import BookState, BookView, MarketView
from core.domain.numbers import ceil_to
from core.domain.orders import PendingAction
from core.domain.plan import ExecutionRequest, Plan, PlannedChild
from core.strategies.assemble import assemble, make_child
from core.strategies.base import AlgoState, Decision
from core.strategies.eligible import eligible_books
from core.strategies.params import IcebergParams, Params
from core.strategies.router import MAX_REFUSALS, last_refusal
from core.strategies.walk import worst_price

ZERO = Decimal(0)
DEFAULT_SHARE = Decimal("0.1")
# The touch must have left the tip by this much before it follows ...
FOLLOW_BPS = Decimal(1)
FOLLOW_TICKS = 2
# ... and a tip is not moved again within this time.
SHORTEST_STAY_US = MICROSECONDS
LOOK_US = MICROSECONDS // 2


class Iceberg:
    """One tip, refilled until the order is done."""

    name = ExecutionStrategy.ICEBERG

    def plan(self, request: ExecutionRequest, market: MarketView, params: Params) -> Plan:
        """The first tip; what hides behind it is `scheduled`."""
        own = _own(params)
        eligible = eligible_books(request, market, own)
        book = self._venue(eligible.books, request, own, None)
        limit = worst_price(request, market)
        if book is None or limit is None:
            wanted = "" if own.exchange == "best" else f" on {own.exchange}"
            return assemble(self.name, request, market, (), left_out=eligible.left_out, blocking=f"No usable book{wanted} right now.")
        tip = self._tip(book, request, request.amount, own, limit, seed=0)
        children = [tip] if isinstance(tip, PlannedChild) else []
        left_out = {other.venue: "an iceberg works on one venue" for other in eligible.books if other is not book}
        return assemble(
            self.name,
            request,
            market,
            children,
            left_out={**eligible.left_out, **left_out},
            notes=[_describe(book.instrument, tip, request, own)] if isinstance(tip, PlannedChild) else [],
            blocking="" if isinstance(tip, PlannedChild) else f"{book.venue} would refuse the tip: {tip}.",
            scheduled=request.amount - tip.amount if isinstance(tip, PlannedChild) else ZERO,
            instruments=[book.instrument],
        )

    def decide(self, state: AlgoState, now_us: int, market: MarketView, params: Params) -> Decision:
        own = _own(params)
        eligible = eligible_books(state.request, market, own, state.refused_venues)
        used = str(state.memory.get("venue", "")) or None
        if state.live:
            return self._follow(state, now_us, market)
        if state.remaining_amount <= 0:
            return Decision(finish="")
        if state.refusals >= MAX_REFUSALS:
            return Decision(finish=f"stopped after {state.refusals} refusals in a row: {last_refusal(state.refused_venues)}")
        book = self._venue(eligible.books, state.request, own, used)
        limit = worst_price(state.request, market)
        if book is None or limit is None:
            return Decision(wake_us=now_us + LOOK_US, reason="waiting for a usable book")
        tip = self._tip(book, state.request, state.remaining_amount, own, limit, seed=state.seed + state.rounds)
        if isinstance(tip, str):
            if not _too_small(book, state.request, state.remaining_amount, limit):
                return Decision(wake_us=now_us + LOOK_US, reason=f"waiting for {book.venue}: {tip}")
            return Decision(finish=f"{state.remaining_amount.normalize():f} {book.instrument.base} was left: {tip}")
        return Decision(
            send=(tip,), wake_us=now_us + LOOK_US, reason=f"tip {state.rounds + 1} on {book.venue}", memory={"venue": book.venue}
        )

    def _follow(self, state: AlgoState, now_us: int, market: MarketView) -> Decision:
        """Take a tip back that the touch has left; the next look places it anew."""
        waiting = Decision(wake_us=now_us + LOOK_US)
        tip = state.live[0]
        book = market.books.get(tip.exchange)
        limit = worst_price(state.request, market)
        if tip.pending is not PendingAction.NONE or not tip.known or limit is None:
            return waiting
        if book is None or book.state is not BookState.LIVE or own_touch(book, state.request.side) is None:
            return waiting  # what can't be trusted, or is empty for a moment, is not worth the place in the queue
        distance = abs(peg(book, state.request.side, limit) - tip.price)
        far = distance >= max(FOLLOW_TICKS * book.instrument.tick, tip.price * FOLLOW_BPS / 10_000)
        if not far or now_us - tip.created_us < SHORTEST_STAY_US:
            return waiting
        return replace(waiting, cancel=(tip.id,), reason="following the touch")

    def _venue(self, books: Sequence[BookView], request: ExecutionRequest, params: IcebergParams, used: str | None) -> BookView | None:
        """The venue asked for; else the one in use while it is usable; else the cheapest to wait on, nearest to the market."""
        wanted = params.exchange if params.exchange != "best" else used
        named = next((book for book in books if book.venue == wanted), None)
        if named is not None or params.exchange != "best":
            return named

        def rank(book: BookView) -> tuple[Decimal, Decimal]:
            touch = own_touch(book, request.side)
            return book.instrument.maker_fee, -request.side.sign * touch if touch is not None else Decimal("Infinity")

        return min(books, key=rank, default=None)

    def _tip(
        self, book: BookView, request: ExecutionRequest, remaining: Decimal, params: IcebergParams, limit: Decimal, *, seed: int
    ) -> PlannedChild | str:
        """The next tip on `book`, or why the venue would not take it."""
        instrument = book.instrument
        price = instrument.round_price(peg(book, request.side, limit), request.side)
        if price <= 0:
            return f"a price of at least one tick of {instrument.tick} {instrument.quote} is needed"
        shown = _smallest_accepted(instrument, price, vary(display_amount(request, params), params, seed))
        if instrument.native_iceberg and shown < remaining:
            whole = make_child(book, request.side, remaining, price, TimeInForce.GTC, post_only=True)
            return replace(whole, display_amount=shown) if isinstance(whole, PlannedChild) else whole
        size = min(remaining, shown)
        if instrument.shortfall_of_minimums(instrument.floor_amount(remaining - size), price) is not None:
            size = remaining  # what would be left is dust: this tip takes it along
        return make_child(book, request.side, size, price, TimeInForce.GTC, post_only=True)


def own_touch(book: BookView, side: OrderSide) -> Decimal | None:
    """The best price on the side where an order of `side` waits."""
    return book.best_bid if side is OrderSide.BUY else book.best_ask


def peg(book: BookView, side: OrderSide, limit: Decimal) -> Decimal:
    """The venue's own touch on our side, or one tick inside the opposite one where our side is empty; never past the limit."""
    touch = own_touch(book, side)
    if touch is None:
        opposite = book.best_ask if side is OrderSide.BUY else book.best_bid
        touch = limit if opposite is None else opposite - side.sign * book.instrument.tick
    return min(touch, limit) if side is OrderSide.BUY else max(touch, limit)


def display_amount(request: ExecutionRequest, params: IcebergParams) -> Decimal:
    """The size of a tip before variance, in base."""
    if params.display_amount is not None:
        return min(params.display_amount, request.amount)
    share = params.display_percent / 100 if params.display_percent is not None else DEFAULT_SHARE
    return request.amount * share


def vary(amount: Decimal, params: IcebergParams, seed: int) -> Decimal:
    """`amount` moved by up to ± `variance` percent; the same seed gives the same size."""
    spread = float(params.variance) / 100
    return amount * Decimal(repr(round(1 + random.Random(seed).uniform(-spread, spread), 6)))


def _smallest_accepted(instrument: Instrument, price: Decimal, size: Decimal) -> Decimal:
    """`size` on the lot, and not under what the venue takes at all."""
    least = max(instrument.min_amount, instrument.lot, instrument.min_notional / price)
    return max(instrument.floor_amount(size), ceil_to(least, instrument.lot))


def _too_small(book: BookView, request: ExecutionRequest, amount: Decimal, limit: Decimal) -> bool:
    """Whether waiting can't help: the amount itself is under the venue's lot or minimums."""
    instrument = book.instrument
    size, price = instrument.floor_amount(amount), instrument.round_price(peg(book, request.side, limit), request.side)
    return size <= 0 or (price > 0 and instrument.shortfall_of_minimums(size, price) is not None)


def _describe(instrument: Instrument, tip: PlannedChild, request: ExecutionRequest, params: IcebergParams) -> str:
    if tip.display_amount is not None:
        return f"{instrument.venue} hides all but {tip.display_amount.normalize():f} {instrument.base} itself."
    shown = min(request.amount, _smallest_accepted(instrument, tip.price, display_amount(request, params))).normalize()
    return f"Tips of about {shown:f} {instrument.base} (± {params.variance.normalize():f} %), one at a time, refilled as they fill."


def _own(params: Params) -> IcebergParams:
    if not isinstance(params, IcebergParams):
        raise TypeError(f"ICEBERG needs IcebergParams, not {type(params).__name__}")
    return params
