"""The closed vocabularies of orders, with one forgiving parser for callers' strings."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from core.domain.errors import BadRequest


class OrderSide(StrEnum):
    BUY = "buy"
    SELL = "sell"

    @property
    def opposite(self) -> OrderSide:
        return OrderSide.SELL if self is OrderSide.BUY else OrderSide.BUY

    @property
    def sign(self) -> int:
        """+1 for a buy, -1 for a sell: cost grows with `sign * price`."""
        return 1 if self is OrderSide.BUY else -1


class OrderType(StrEnum):
    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"
    TAKE_PROFIT = "take_profit"
    TAKE_PROFIT_LIMIT = "take_profit_limit"
    TRAILING_STOP = "trailing_stop"

    @property
    def waits(self) -> bool:
        """A trigger: nothing of it is sent before the market has done something."""
        return self not in (OrderType.MARKET, OrderType.LIMIT)

    @property
    def once_fired(self) -> OrderType:
        """MARKET or LIMIT: what the order is when nothing holds it back."""
        return OrderType.LIMIT if self in (OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT) else OrderType.MARKET

    @property
    def words(self) -> str:
        """`stop limit`: as a sentence says it."""
        return self.value.replace("_", " ")


class TimeInForce(StrEnum):
    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"
    GTD = "gtd"


class MarketType(StrEnum):
    SPOT = "spot"
    PERP = "perp"


class ExecutionStrategy(StrEnum):
    BEST_PRICE = "best_price"
    BEST_LIQUIDITY = "best_liquidity"
    LOWEST_FEES = "lowest_fees"
    SPLIT_EVENLY = "split_evenly"
    SPLIT_BY_LIQUIDITY = "split_by_liquidity"
    PRICE_OPTIMIZED_LIQUIDITY = "price_optimized_liquidity"
    MINIMAL_MARKET_IMPACT = "minimal_market_impact"
    ICEBERG = "iceberg"
    TWAP = "twap"
    VWAP = "vwap"

    @property
    def works_over_time(self) -> bool:
        """A working algo: it sends slices by itself; a router is done after its plan and follow-ups."""
        return self in (ExecutionStrategy.ICEBERG, ExecutionStrategy.TWAP, ExecutionStrategy.VWAP)

    @property
    def label(self) -> str:
        """`PRICE OPTIMIZED`: as the submit button and the blotter say it."""
        return (
            self.value.removesuffix("_liquidity").replace("_", " ").upper()
            if self is ExecutionStrategy.PRICE_OPTIMIZED_LIQUIDITY
            else self.value.replace("_", " ").upper()
        )


class Liquidity(StrEnum):
    """Which side of a trade we were: a maker rested, a taker crossed."""

    MAKER = "maker"
    TAKER = "taker"


_E = TypeVar("_E", bound=StrEnum)


def parse_enum(kind: type[_E], value: object, name: str) -> _E:
    """`value` as a member of `kind`; 'BUY', 'buy' and OrderSide.BUY are the same.

    Raises:
        BadRequest: with the list of what is known.
    """
    if isinstance(value, kind):
        return value
    if isinstance(value, str):
        try:
            return kind(value.strip().lower())
        except ValueError:
            pass
    known = ", ".join(member.value for member in kind)
    raise BadRequest(f"Unknown {name} {value!r}; known: {known}.")
