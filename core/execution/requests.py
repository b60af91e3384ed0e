"""A caller's words to a validated `ExecutionRequest`. Everything that can be wrong is said here, before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from core.domain.enums import ExecutionStrategy, OrderSide, OrderType, TimeInForce, parse_enum
from core.domain.errors import BadAmount, BadPrice, NotPossible, UnknownSymbol
from core.domain.instruments import Instrument
from core.domain.numbers import plain, to_decimal
from core.domain.plan import ExecutionRequest
from core.exchanges.names import resolve_venue
from core.strategies.params import parse_params
from core.strategies.registry import find_strategy

_TRADABLE_TYPES = (OrderType.MARKET, OrderType.LIMIT)
_TRADABLE_TIMES = (TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK)


def build_request(
    instruments: Mapping[str, Mapping[str, Instrument]],
    *,
    symbol: str,
    side: OrderSide | str,
    amount: Decimal | str | int | float,
    order_type: OrderType | str = OrderType.LIMIT,
    strategy: ExecutionStrategy | str = ExecutionStrategy.BEST_PRICE,
    price: Decimal | str | int | float | None = None,
    exchanges: Sequence[str] | None = None,
    params: Mapping[str, object] | None = None,
    time_in_force: TimeInForce | str = TimeInForce.GTC,
    post_only: bool = False,
    reduce_only: bool = False,
) -> ExecutionRequest:
    """Check and normalise. `instruments`: venue -> symbol -> instrument.

    Raises:
        BadRequest: one of its kinds, with a sentence that says what to change.
    """
    parsed_side = parse_enum(OrderSide, side, "side")
    parsed_type = parse_enum(OrderType, order_type, "order type")
    parsed_strategy = parse_enum(ExecutionStrategy, strategy, "strategy")
    parsed_time = parse_enum(TimeInForce, time_in_force, "time in force")
    find_strategy(parsed_strategy)
    if parsed_type not in _TRADABLE_TYPES:
        raise NotPossible(f"{parsed_type.value} orders are not available yet; available: market, limit.")
    if parsed_time not in _TRADABLE_TIMES:
        raise NotPossible(f"{parsed_time.value} is not available yet; available: gtc, ioc, fok.")
    venues = _venues(instruments, symbol, exchanges)
    parsed_amount = to_decimal(amount, "amount")
    if parsed_amount <= 0:
        raise BadAmount(f"The amount must be above zero, not {plain(parsed_amount)}.")
    parsed_price = _price(parsed_type, price, post_only=post_only, time_in_force=parsed_time)
    _check_lots(parsed_amount, [instruments[venue][symbol] for venue in venues])
    return ExecutionRequest(
        symbol=symbol,
        side=parsed_side,
        amount=parsed_amount,
        order_type=parsed_type,
        strategy=parsed_strategy,
        price=parsed_price,
        exchanges=venues,
        params=parse_params(parsed_strategy, params).model_dump(),
        time_in_force=TimeInForce.IOC if parsed_type is OrderType.MARKET and parsed_time is TimeInForce.GTC else parsed_time,
        post_only=post_only,
        reduce_only=reduce_only,
    )


def _venues(instruments: Mapping[str, Mapping[str, Instrument]], symbol: str, exchanges: Sequence[str] | None) -> tuple[str, ...]:
    if isinstance(exchanges, str):
        exchanges = [exchanges]
    chosen = tuple(dict.fromkeys(resolve_venue(name, tuple(instruments)) for name in exchanges)) if exchanges else tuple(instruments)
    trading = tuple(venue for venue in chosen if symbol in instruments[venue])
    if not trading:
        known = sorted({known for listed in instruments.values() for known in listed})
        where = f" on {', '.join(chosen)}" if exchanges else ""
        raise UnknownSymbol(f"{symbol!r} is not traded{where}; known symbols: {', '.join(known) or 'none'}.")
    return trading


def _price(order_type: OrderType, price: object, *, post_only: bool, time_in_force: TimeInForce) -> Decimal | None:
    if order_type is OrderType.MARKET:
        if price is not None:
            raise BadPrice("A market order takes no price; use a limit order.")
        if post_only:
            raise NotPossible("A market order can't be post-only.")
        return None
    if price is None:
        raise BadPrice("A limit order needs a price.")
    parsed = to_decimal(price, "price")
    if parsed <= 0:
        raise BadPrice(f"The price must be above zero, not {plain(parsed)}.")
    if post_only and time_in_force is not TimeInForce.GTC:
        raise NotPossible(f"A post-only order waits; {time_in_force.value} does not.")
    return parsed


def _check_lots(amount: Decimal, instruments: Sequence[Instrument]) -> None:
    if all(amount < max(i.lot, i.min_amount) for i in instruments):
        least = min(instruments, key=lambda i: max(i.lot, i.min_amount))
        smallest = plain(max(least.lot, least.min_amount))
        raise BadAmount(f"{plain(amount)} {least.base} is under every venue's minimum; the smallest is {smallest} on {least.venue}.")
