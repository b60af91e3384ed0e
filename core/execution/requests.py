"""A caller's words to a validated `ExecutionRequest`. Everything that can be wrong is said here, before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from core.domain.enums import ExecutionStrategy, MarketType, OrderSide, OrderType, TimeInForce, parse_enum
from core.domain.errors import BadAmount, BadParams, NotPossible, UnknownSymbol, UnknownVenue
from core.domain.instruments import Instrument
from core.domain.numbers import plain, to_decimal
from core.domain.plan import ExecutionRequest
from core.exchanges.names import resolve_venue, some_of
from core.execution.conditions import check_strategy, check_time, parse_flag, parse_leverage, parse_limit, parse_trigger
from core.execution.expiry import parse_expiry
from core.strategies.params import IcebergParams, Params, parse_params
from core.strategies.registry import find_strategy


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
    trigger_price: Decimal | str | int | float | None = None,
    trail_percent: Decimal | str | int | float | None = None,
    trail_amount: Decimal | str | int | float | None = None,
    expire_at: datetime | int | None = None,
    expire_us: int | None = None,
    expires_in: float | str | None = None,
    leverage: int | None = None,
    margin_mode: str | None = None,
    now_us: int,
) -> ExecutionRequest:
    """Check and normalise.

    Args:
        instruments: venue -> symbol -> instrument.
        trigger_price: where a stop or a take-profit fires, quote per base.
        trail_percent, trail_amount: how far a trailing stop hangs behind the best price: percent, or quote.
        expire_at, expire_us, expires_in: the end of a GTD order, one of the three; see `core.execution.expiry`.
        leverage, margin_mode: set on each perp before its first child; None leaves the venue as it is.
        now_us: the moment that an expiry is judged at.

    Raises:
        BadRequest: one of its kinds, with a sentence that says what to change.
    """
    parsed_side = parse_enum(OrderSide, side, "side")
    parsed_type = parse_enum(OrderType, order_type, "order type")
    parsed_strategy = parse_enum(ExecutionStrategy, strategy, "strategy")
    parsed_time = parse_enum(TimeInForce, time_in_force, "time in force")
    only_rest, only_reduce = parse_flag(post_only, "post_only"), parse_flag(reduce_only, "reduce_only")
    find_strategy(parsed_strategy)
    venues = _venues(instruments, symbol, exchanges)
    parsed_amount = to_decimal(amount, "amount")
    if parsed_amount <= 0:
        raise BadAmount(f"The amount must be above zero, not {plain(parsed_amount)}.")
    parsed_price = parse_limit(parsed_type, price)
    trigger = parse_trigger(parsed_type, trigger_price, trail_percent, trail_amount)
    check_time(parsed_type, parsed_time, post_only=only_rest)
    parsed_params = _with_known_venue(_params(parsed_strategy, params), venues)
    _check_filters(parsed_params, [instruments[venue][symbol] for venue in venues])
    check_strategy(parsed_strategy, parsed_params, parsed_type, parsed_time, post_only=only_rest)
    parsed_leverage, parsed_mode = parse_leverage(leverage, margin_mode)
    if only_reduce and not any(instruments[venue][symbol].market_type is MarketType.PERP for venue in venues):
        raise NotPossible(f"Reduce-only needs a perp; {', '.join(venues)} {'is' if len(venues) == 1 else 'are'} spot.")
    _check_lots(parsed_amount, [instruments[venue][symbol] for venue in venues])
    _check_worth(parsed_amount, parsed_price, [instruments[venue][symbol] for venue in venues])
    return ExecutionRequest(
        symbol=symbol,
        side=parsed_side,
        amount=parsed_amount,
        order_type=parsed_type,
        strategy=parsed_strategy,
        price=parsed_price,
        exchanges=venues,
        params=parsed_params.model_dump(),
        time_in_force=TimeInForce.IOC if parsed_type is OrderType.MARKET and parsed_time is TimeInForce.GTC else parsed_time,
        post_only=only_rest,
        reduce_only=only_reduce,
        trigger_price=trigger.price,
        trail_percent=trigger.trail_percent,
        trail_amount=trigger.trail_amount,
        expire_us=parse_expiry(parsed_time, expire_at=expire_at, expire_us=expire_us, expires_in=expires_in, now_us=now_us),
        leverage=parsed_leverage,
        margin_mode=parsed_mode,
    )


def _params(strategy: ExecutionStrategy, given: object) -> Params:
    if given is not None and not isinstance(given, Mapping | Params):
        raise BadParams(f"The parameters must be a mapping of names to values, not {given!r}.")
    return parse_params(strategy, given)


def _with_known_venue(params: Params, venues: Sequence[str]) -> Params:
    """An iceberg's own venue by its full name; it has to be one of the order's venues.

    Raises:
        UnknownVenue: it is not.
    """
    if not isinstance(params, IcebergParams) or params.exchange == "best":
        return params
    return params.model_copy(update={"exchange": resolve_venue(params.exchange, venues)})


def _check_filters(params: Params, instruments: Sequence[Instrument]) -> None:
    """Spot and perp switches have to leave a venue.

    Raises:
        NotPossible: they do not.
    """
    allowed = {MarketType.SPOT: params.include_spot, MarketType.PERP: params.include_perp}
    if not any(allowed[instrument.market_type] for instrument in instruments):
        kind = "perp" if params.include_spot else "spot"
        raise NotPossible(f"No venue is left: {', '.join(i.venue for i in instruments)} trade {kind} only, which is switched off.")


def _venues(instruments: Mapping[str, Mapping[str, Instrument]], symbol: object, exchanges: object) -> tuple[str, ...]:
    if exchanges is None:
        chosen = tuple(instruments)
    elif not isinstance(exchanges, Iterable):
        known_venues = ", ".join(sorted(instruments)) or "none"
        raise UnknownVenue(f"The exchanges must be a list of venue names, not {exchanges!r}; known: {known_venues}.")
    else:
        names = [exchanges] if isinstance(exchanges, str) else list(exchanges)
        chosen = tuple(dict.fromkeys(resolve_venue(name, tuple(instruments)) for name in names))
        if not chosen:  # every venue filtered away is not every venue
            raise UnknownVenue(f"No venue is left: name at least one of {', '.join(instruments)}.")
    trading = tuple(venue for venue in chosen if isinstance(symbol, str) and symbol in instruments[venue])
    if not trading:
        if chosen and not any(instruments[venue] for venue in chosen):
            raise NotPossible(f"{', '.join(chosen)} {'is' if len(chosen) == 1 else 'are'} not connected now; nothing was sent.")
        known = {known for listed in instruments.values() for known in listed}
        where = f" on {', '.join(chosen)}" if exchanges else ""
        raise UnknownSymbol(f"{symbol!r} is not traded{where}; known symbols: {some_of(known)}.")
    return trading


def _check_lots(amount: Decimal, instruments: Sequence[Instrument]) -> None:
    if all(amount < max(i.lot, i.min_amount) for i in instruments):
        least = min(instruments, key=lambda i: max(i.lot, i.min_amount))
        smallest = plain(max(least.lot, least.min_amount))
        raise BadAmount(f"{plain(amount)} {least.base} is under every venue's minimum; the smallest is {smallest} on {least.venue}.")


def _check_worth(amount: Decimal, price: Decimal | None, instruments: Sequence[Instrument]) -> None:
    """At the limit price, as a venue counts it; what trades at the market is worth what it gets."""
    if price is None or not all(amount * price < i.min_notional for i in instruments):
        return
    least = min(instruments, key=lambda i: i.min_notional)
    raise BadAmount(
        f"{plain(amount)} {least.base} at {plain(price)} is worth {plain(amount * price)} {least.quote}, which is under every venue's "
        f"minimum; the smallest is {plain(least.min_notional)} {least.quote} on {least.venue}."
    )
