"""SPLIT_EVENLY and SPLIT_BY_LIQUIDITY: shares in whole lots that add up, over venues that accept theirs.

A share under its venue's minimum is not rounded up (that would take from the others what they were promised):
the venue drops out and its share is divided again. Crumbs go, lot by lot, to whoever is furthest behind.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from decimal import Decimal

from core.domain.enums import ExecutionStrategy, TimeInForce
from core.domain.market import BookView, MarketView
from core.domain.plan import ExecutionRequest, Plan, PlannedChild
from core.strategies.assemble import assemble, base_fee_note, is_market, make_child
from core.strategies.eligible import Eligible, eligible_books
from core.strategies.liquidity import band_limit, depth_of
from core.strategies.params import Params, SplitByLiquidityParams
from core.strategies.router import Router
from core.strategies.walk import within_limit, worst_price

ZERO = Decimal(0)


class SplitRouter(Router):
    """One limit order per venue, all at the trader's price."""

    @abstractmethod
    def weights(self, eligible: Eligible, request: ExecutionRequest, limit: Decimal, params: Params) -> dict[str, Decimal]:
        """Venue -> weight, all above zero; venues that take no part go to `eligible.left_out`."""

    def plan(self, request: ExecutionRequest, market: MarketView, params: Params, *, refused: Mapping[str, str] | None = None) -> Plan:
        eligible = eligible_books(request, market, params, refused)
        limit = worst_price(request, market)
        if not eligible.books or limit is None:
            return assemble(self.name, request, market, (), left_out=eligible.left_out, blocking="No venue has a usable book right now.")
        weights = self.weights(eligible, request, limit, params)
        taking_part = [book for book in eligible.books if book.venue in weights]
        shares, left_out = divide(request.amount, taking_part, weights, limit, request)
        time_in_force = TimeInForce.IOC if is_market(request) else request.time_in_force
        made = [
            make_child(book, request.side, shares[book.venue], limit, time_in_force, post_only=request.post_only)
            for book in taking_part
            if book.venue in shares
        ]
        children = [child for child in made if isinstance(child, PlannedChild)]
        if request.time_in_force is TimeInForce.FOK and sum((child.expected_amount for child in children), ZERO) < request.amount:
            blocking = "Fill-or-kill: these shares could not all be filled now."
            return assemble(self.name, request, market, (), left_out=eligible.left_out, blocking=blocking)
        return assemble(
            self.name,
            request,
            market,
            children,
            left_out={**eligible.left_out, **left_out},
            notes=base_fee_note(request, market.books, children),
            blocking="" if children else "The amount is under the minimum of every venue.",
            instruments=[book.instrument for book in eligible.books],
        )


class SplitEvenly(SplitRouter):
    """Equal shares."""

    name = ExecutionStrategy.SPLIT_EVENLY

    def weights(self, eligible: Eligible, _request: ExecutionRequest, _limit: Decimal, _params: Params) -> dict[str, Decimal]:
        return {book.venue: Decimal(1) for book in eligible.books}


class SplitByLiquidity(SplitRouter):
    """Shares in proportion to depth at or better than the limit."""

    name = ExecutionStrategy.SPLIT_BY_LIQUIDITY

    def weights(self, eligible: Eligible, request: ExecutionRequest, limit: Decimal, params: Params) -> dict[str, Decimal]:
        own = params if isinstance(params, SplitByLiquidityParams) else SplitByLiquidityParams()
        depths = {book.venue: depth_of(book, within_limit(book, request.side, limit), own.liquidity_type) for book in eligible.books}
        if not any(depths.values()):  # nothing crosses: the order will rest, so compare what is there at all
            depths = {
                book.venue: depth_of(book, within_limit(book, request.side, band_limit(book, request.side)), own.liquidity_type)
                for book in eligible.books
            }
        total = sum(depths.values(), ZERO)
        weights: dict[str, Decimal] = {}
        for venue, depth in depths.items():
            share = depth / total if total else ZERO
            if not depth:
                eligible.left_out[venue] = "offers nothing within the limit"
            elif share < own.min_liquidity_percent:
                eligible.left_out[venue] = f"holds {share:.1%} of all depth, under the {own.min_liquidity_percent:.1%} asked for"
            else:
                weights[venue] = depth
        return weights


def divide(
    amount: Decimal, books: Sequence[BookView], weights: Mapping[str, Decimal], price: Decimal, request: ExecutionRequest
) -> tuple[dict[str, Decimal], dict[str, str]]:
    """`amount` (base) in proportion to `weights`, in whole lots that each venue accepts at `price`.

    Returns:
        Venue -> share, and venue -> why it dropped out. The shares add up to `amount` less what no lot can make.
    """
    left_out: dict[str, str] = {}
    active = list(books)
    while active:
        total = sum((weights[book.venue] for book in active), ZERO)
        ideal = {book.venue: amount * weights[book.venue] / total for book in active}
        shares = {book.venue: book.instrument.floor_amount(ideal[book.venue]) for book in active}
        _hand_out_crumbs(amount, active, ideal, shares)
        short = [
            (shares[book.venue], book, why) for book in active if (why := _too_small(book, shares[book.venue], price, request)) is not None
        ]
        if not short:
            return shares, left_out
        _, smallest, why = min(short, key=lambda item: item[0])
        left_out[smallest.venue] = f"its share of {why}"
        active.remove(smallest)
    return {}, left_out


def _too_small(book: BookView, share: Decimal, price: Decimal, request: ExecutionRequest) -> str | None:
    instrument = book.instrument
    if share <= 0:
        return f"less than one lot of {instrument.lot} {instrument.base}"
    return instrument.shortfall_of_minimums(share, instrument.round_price(price, request.side))


def _hand_out_crumbs(amount: Decimal, books: Sequence[BookView], ideal: Mapping[str, Decimal], shares: dict[str, Decimal]) -> None:
    """Give what flooring left over, one lot at a time, to the venue furthest behind its ideal share."""
    left = amount - sum(shares.values(), ZERO)
    while takers := [book for book in books if book.instrument.lot <= left]:
        # Coarse lots first, while they still fit; among equals whoever is furthest behind.
        taker = max(takers, key=lambda book: (book.instrument.lot, ideal[book.venue] - shares[book.venue]))
        lots = max(1, int(left / taker.instrument.lot) // len(takers)) if len(takers) == 1 else 1
        shares[taker.venue] += lots * taker.instrument.lot
        left -= lots * taker.instrument.lot
