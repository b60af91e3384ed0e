"""A request for a parent order, and what a strategy would do with it now.

The sum of a plan's children, what is scheduled for later and what it leaves unallocated equals the amount it was asked
to place, exactly: nothing is silently dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from core.domain.enums import ExecutionStrategy, OrderSide, OrderType, TimeInForce


@dataclass(frozen=True, slots=True)
class ExecutionRequest:
    """What a trader asks for, validated. Amounts base, prices quote per base.

    Attributes:
        amount: base; for a plan in the middle of a parent, what is left of it.
        price: the limit; None for a market order.
        exchanges: venues to use; empty means every venue that trades the symbol.
        params: the strategy's parameters, as its model dumps them.
        trigger_price: where a stop or take-profit fires; `trail_percent` (percent) or `trail_amount` (quote) for a trailing stop.
        expire_us: end of a GTD order, µs.
        leverage, margin_mode: set on perps before the first child there; 'cross' or 'isolated'. None leaves the venue as it is.
    """

    symbol: str
    side: OrderSide
    amount: Decimal
    order_type: OrderType
    strategy: ExecutionStrategy
    price: Decimal | None = None
    exchanges: tuple[str, ...] = ()
    params: Mapping[str, object] = field(default_factory=dict)
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    reduce_only: bool = False
    trigger_price: Decimal | None = None
    trail_percent: Decimal | None = None
    trail_amount: Decimal | None = None
    expire_us: int | None = None
    leverage: int | None = None
    margin_mode: str | None = None


@dataclass(frozen=True, slots=True)
class PlannedChild:
    """One order on one venue, as it would be sent.

    Attributes:
        price: limit, on the venue's tick, within the trader's limit.
        amount: base, on the venue's lot, at or above its minimums.
        expected_price: average at which the book would fill it now; None when it would rest.
        expected_fee: in quote, for the part that is expected to fill.
        expected_amount: base that the book would fill now.
        rests: expected to wait in the book rather than to cross.
        display_amount: base that a native iceberg shows of it; None shows all.
    """

    exchange: str
    side: OrderSide
    price: Decimal
    amount: Decimal
    time_in_force: TimeInForce
    expected_price: Decimal | None
    expected_fee: Decimal
    expected_amount: Decimal
    post_only: bool = False
    rests: bool = False
    display_amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a strategy would do now.

    Attributes:
        children: what would be sent, in the order of sending.
        scheduled: base that a working algo sends later.
        unallocated: base that no venue would take; children + scheduled + unallocated = amount, exactly.
        dust: part of `unallocated` that is too small for any venue.
        left_out: venue -> why it is not used, in words.
        notes: what else the trader should know.
        blocking: why the plan can't be sent at all; empty when it can.
        mid: the merged mid the plan was made against; None without a market.
        average_price: expected average of what fills now, quote per base.
        worst_price: worst limit among the children.
        expected_amount: base expected to fill now.
        fees: expected fees, in quote.
        slippage_bps: signed cost of `average_price` against `mid`: positive is worse than mid.
        all_in_bps: slippage and fees together, against `mid`.
        duration_s: how long a working algo takes; 0 for a router.
        slices: how many slices a working algo would cut; 0 for a router.
    """

    strategy: ExecutionStrategy
    side: OrderSide
    amount: Decimal
    children: tuple[PlannedChild, ...]
    unallocated: Decimal
    dust: Decimal = Decimal(0)
    scheduled: Decimal = Decimal(0)
    left_out: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    blocking: str = ""
    mid: Decimal | None = None
    average_price: Decimal | None = None
    worst_price: Decimal | None = None
    expected_amount: Decimal = Decimal(0)
    fees: Decimal = Decimal(0)
    slippage_bps: Decimal | None = None
    all_in_bps: Decimal | None = None
    duration_s: float = 0.0
    slices: int = 0
