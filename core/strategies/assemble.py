"""From allocations to a `Plan`: children that a venue would accept, and the figures a trader reads.

Whatever a venue would refuse (under its lot or its minimums) goes back to `unallocated`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from core.domain.enums import ExecutionStrategy, OrderSide, OrderType, TimeInForce
from core.domain.instruments import Instrument
from core.domain.market import BookView, MarketView
from core.domain.numbers import floor_to
from core.domain.plan import ExecutionRequest, Plan, PlannedChild
from core.strategies.walk import walk, within_limit

BPS = Decimal(10_000)


def make_child(
    book: BookView, side: OrderSide, amount: Decimal, price: Decimal, time_in_force: TimeInForce, *, post_only: bool = False
) -> PlannedChild | str:
    """A child of `amount` at `price` on the book's venue, or in words why the venue would not take it.

    The amount floors to the lot, the price rounds onto the tick without passing the limit. A post-only child that
    would cross the book is not made: the venue would only throw it out, again and again.
    """
    instrument = book.instrument
    amount = instrument.floor_amount(amount)
    price = instrument.round_price(price, side)
    if amount <= 0:
        return f"less than one lot of {instrument.lot} {instrument.base}"
    if price <= 0:
        return f"the price is under one tick of {instrument.tick} {instrument.quote}"
    if too_small := instrument.shortfall_of_minimums(amount, price):
        return too_small
    if post_only and len(within_limit(book, side, price)):
        return f"post-only, and {price.normalize():f} would cross its book"
    taken = walk(instrument, within_limit(book, side, price), amount) if not post_only else None
    filled = taken.amount if taken else Decimal(0)
    notional = taken.notional if taken else Decimal(0)
    return PlannedChild(
        exchange=instrument.venue,
        side=side,
        price=price,
        amount=amount,
        time_in_force=time_in_force,
        expected_price=notional / filled if filled else None,
        expected_fee=notional * instrument.taker_fee,
        expected_amount=filled,
        post_only=post_only,
        rests=not filled,
    )


def assemble(
    strategy: ExecutionStrategy,
    request: ExecutionRequest,
    market: MarketView,
    children: Sequence[PlannedChild],
    *,
    left_out: Mapping[str, str] | None = None,
    notes: Sequence[str] = (),
    blocking: str = "",
    scheduled: Decimal = Decimal(0),
    instruments: Sequence[Instrument] = (),
    duration_s: float = 0.0,
    slices: int = 0,
) -> Plan:
    """The plan of `children`, with what remains of the request's amount as unallocated."""
    if blocking and _crosses_everywhere(request, market):
        blocking = f"Post-only: {request.price:f} would cross the book of every venue, so nothing can be placed."
    unallocated = request.amount - sum((child.amount for child in children), Decimal(0)) - scheduled
    filled = sum((child.expected_amount for child in children), Decimal(0))
    notional = sum((child.expected_amount * child.expected_price for child in children if child.expected_price is not None), Decimal(0))
    fees = sum((child.expected_fee for child in children), Decimal(0))
    mid = market.mid
    average = notional / filled if filled else None
    sign = request.side.sign
    slippage = sign * (average - mid) / mid * BPS if average is not None and mid else None
    all_in = slippage + fees / (filled * mid) * BPS if slippage is not None and mid else None
    prices = [child.price for child in children]
    return Plan(
        strategy=strategy,
        side=request.side,
        amount=request.amount,
        children=tuple(children),
        unallocated=unallocated,
        dust=unallocated if _is_dust(unallocated, instruments, mid) else Decimal(0),
        scheduled=scheduled,
        left_out=dict(left_out or {}),
        notes=tuple(notes),
        blocking=blocking,
        mid=mid,
        average_price=average,
        worst_price=(max(prices) if request.side is OrderSide.BUY else min(prices)) if prices else None,
        expected_amount=filled,
        fees=fees,
        slippage_bps=slippage,
        all_in_bps=all_in,
        duration_s=duration_s,
        slices=slices,
    )


def _crosses_everywhere(request: ExecutionRequest, market: MarketView) -> bool:
    """A post-only order that no live book would let rest at its price."""
    books, price = market.live(), request.price
    return request.post_only and price is not None and bool(books) and all(len(within_limit(b, request.side, price)) for b in books)


def _is_dust(amount: Decimal, instruments: Sequence[Instrument], mid: Decimal | None) -> bool:
    """Too small for every venue in question."""
    if amount <= 0 or not instruments or mid is None:
        return False
    return all(i.floor_amount(amount) <= 0 or i.shortfall_of_minimums(i.floor_amount(amount), mid) is not None for i in instruments)


def base_fee_note(request: ExecutionRequest, books: Mapping[str, BookView], children: Sequence[PlannedChild]) -> list[str]:
    """Spot buys that pay their fee in base deliver less than was bought: say how much less."""
    if request.side is not OrderSide.BUY:
        return []
    short = Decimal(0)
    for child in children:
        instrument = books[child.exchange].instrument
        if instrument.fee_in_base:
            short += child.amount * (instrument.taker_fee if child.expected_amount else instrument.maker_fee)
    if not short:
        return []
    base = request.symbol.split("/")[0]
    return [f"Fees paid in {base}: about {floor_to(short, Decimal('0.00000001')).normalize():f} {base} less arrives than is bought."]


def is_market(request: ExecutionRequest) -> bool:
    """It crosses at once and never rests."""
    return request.order_type is OrderType.MARKET
