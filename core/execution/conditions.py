"""What a caller says of triggers, trails and margin, checked before anything else is looked at.

A price in the wrong field is worse than a missing one: a stop that also names a limit price could mean two orders
with very different fates. So whatever does not belong to the order type is refused, never ignored.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from core.domain.enums import ExecutionStrategy, OrderType, TimeInForce
from core.domain.errors import BadPrice, BadRequest, NotPossible
from core.domain.numbers import plain, to_decimal
from core.domain.plan import ExecutionRequest, Plan
from core.strategies.params import Params, TwapParams

MARGIN_MODES = ("cross", "isolated")
WORKING = (ExecutionStrategy.ICEBERG, ExecutionStrategy.TWAP, ExecutionStrategy.VWAP)
_RESTING = (TimeInForce.GTC, TimeInForce.GTD)


@dataclass(frozen=True, slots=True)
class Trigger:
    """What an order waits for: a price (quote per base), or a trail in percent or in quote."""

    price: Decimal | None = None
    trail_percent: Decimal | None = None
    trail_amount: Decimal | None = None


def parse_trigger(order_type: OrderType, trigger_price: object, trail_percent: object, trail_amount: object) -> Trigger:
    """The trigger that belongs to `order_type`, and nothing else.

    Raises:
        BadPrice: missing, not positive, or a trail of a hundred percent and more.
        NotPossible: one that does not belong to this order type, or two at once.
    """
    name = order_type.words
    trails = [trail for trail in (trail_percent, trail_amount) if trail is not None]
    if order_type is OrderType.TRAILING_STOP:
        if trigger_price is not None:
            raise NotPossible("A trailing stop follows the market by its trail; it takes no trigger price.")
        if len(trails) != 1:
            raise BadPrice("A trailing stop needs a trail: give trail_percent or trail_amount, one of the two.")
        percent = _above_zero(trail_percent, "trail_percent") if trail_percent is not None else None
        if percent is not None and percent >= 100:
            raise BadPrice(f"The trail must be less than 100 %, not {plain(percent)} %.")
        return Trigger(trail_percent=percent, trail_amount=_above_zero(trail_amount, "trail_amount") if percent is None else None)
    if trails:
        raise NotPossible(f"A trail belongs to a trailing stop; this is a {name} order.")
    if not order_type.waits:
        if trigger_price is not None:
            raise NotPossible(f"A trigger price belongs to a stop or a take-profit; this is a {name} order.")
        return Trigger()
    if trigger_price is None:
        raise BadPrice(f"A {name} order needs a trigger price.")
    return Trigger(_above_zero(trigger_price, "trigger price"))


def parse_limit(order_type: OrderType, price: object) -> Decimal | None:
    """The limit price of an order that has one.

    Raises:
        BadPrice: missing, not positive, or given for an order that trades at the market.
    """
    if order_type.once_fired is OrderType.MARKET:
        if price is None:
            return None
        if order_type is OrderType.MARKET:
            raise BadPrice("A market order takes no price; use a limit order.")
        other = f" or use {order_type.value}_limit" if order_type is not OrderType.TRAILING_STOP else ""
        raise BadPrice(f"A {order_type.words} trades at the market once it fires and takes no limit price; leave it out{other}.")
    if price is None:
        besides = " besides its trigger" if order_type.waits else ""
        raise BadPrice(f"A {order_type.words} order needs a price{besides}.")
    return _above_zero(price, "price")


def check_time(order_type: OrderType, time_in_force: TimeInForce, *, post_only: bool) -> None:
    """Whether the order type can have this time in force, and be post-only.

    Raises:
        NotPossible: it can't.
    """
    if order_type is OrderType.MARKET and time_in_force is TimeInForce.GTD:
        raise NotPossible("A market order does not wait, so it can't be gtd.")
    if post_only and order_type.once_fired is OrderType.MARKET:
        raise NotPossible(f"A {order_type.words} order crosses the book, so it can't be post-only.")
    if post_only and time_in_force not in _RESTING:
        raise NotPossible(f"A post-only order waits; {time_in_force.value} does not.")


def check_strategy(
    strategy: ExecutionStrategy, params: Params, order_type: OrderType, time_in_force: TimeInForce, *, post_only: bool
) -> None:
    """Whether a strategy can keep these promises.

    Raises:
        NotPossible: a working algo asked to be immediate, or a crossing one to be post-only.
    """
    if strategy in WORKING:
        # A market order is "immediate" by nature; for an algo it only means that there is no limit of the trader's.
        immediate = time_in_force is TimeInForce.IOC and order_type.once_fired is not OrderType.MARKET
        if immediate or time_in_force is TimeInForce.FOK:
            raise NotPossible(f"{strategy.label} works over time and can't be {time_in_force.value}; use gtc or gtd, or a router.")
    if post_only and isinstance(params, TwapParams) and params.style == "aggressive":
        raise NotPossible(f"An aggressive {strategy.label} crosses the book and a post-only order never does; choose the style passive.")


def why_not_whole(plan: Plan, request: ExecutionRequest) -> str:
    """What speaks against a fill-or-kill order at this moment; empty when nothing does."""
    if request.time_in_force is not TimeInForce.FOK or plan.expected_amount >= request.amount:
        return ""
    return "Fill-or-kill: not all of it could be filled within the limit now."


def parse_flag(value: object, name: str) -> bool:
    """A switch. The word "no" is true to Python, and would have made an order post-only.

    Raises:
        BadRequest: neither True nor False.
    """
    if not isinstance(value, bool):
        raise BadRequest(f"{name} must be True or False, not {value!r}.")
    return value


def parse_leverage(leverage: object, margin_mode: object) -> tuple[int | None, str | None]:
    """Leverage and margin mode, both None when the venues are to be left as they are.

    Raises:
        BadRequest: not a whole number of 1 or more, an unknown mode, or a mode without a leverage.
    """
    if margin_mode is not None and (not isinstance(margin_mode, str) or margin_mode.strip().lower() not in MARGIN_MODES):
        raise BadRequest(f"Unknown margin mode {margin_mode!r}; known: {', '.join(MARGIN_MODES)}.")
    if leverage is None:
        if margin_mode is not None:
            raise BadRequest("Give the leverage together with the margin mode.")
        return None, None
    number = to_decimal(leverage, "leverage")
    if number < 1 or number != number.to_integral_value():
        raise BadRequest(f"The leverage must be a whole number of 1 or more, not {plain(number)}.")
    return int(number), margin_mode.strip().lower() if isinstance(margin_mode, str) else None


def _above_zero(value: object, name: str) -> Decimal:
    # A float percentage means the number it prints as, as in the strategies' parameters; a price has to be exact.
    number = to_decimal(repr(value) if isinstance(value, float) and name == "trail_percent" else value, name)
    if number <= 0:
        raise BadPrice(f"The {name} must be above zero, not {plain(number)}.")
    return number
