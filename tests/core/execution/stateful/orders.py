"""What a trader asks for at random: every strategy, order type and time in force, prices from far behind to far past the touch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from hypothesis import strategies as st

from core.domain.enums import ExecutionStrategy, OrderSide
from core.domain.numbers import floor_to

_DEPTH: Sequence[Mapping[str, object]] = ({}, {"liquidity_type": "quote"})
# Of each strategy some parameters that make a difference; the first are the simplest.
PARAMS: Mapping[ExecutionStrategy, Sequence[Mapping[str, object]]] = MappingProxyType(
    {
        ExecutionStrategy.BEST_PRICE: ({}, {"include_perp": False}),
        ExecutionStrategy.BEST_LIQUIDITY: _DEPTH,
        ExecutionStrategy.LOWEST_FEES: ({},),
        ExecutionStrategy.SPLIT_EVENLY: ({}, {"include_spot": False}),
        ExecutionStrategy.SPLIT_BY_LIQUIDITY: (*_DEPTH, {"min_liquidity_percent": 0.3}),
        ExecutionStrategy.PRICE_OPTIMIZED_LIQUIDITY: ({}, {"max_slippage_percent": 0.7}),
        ExecutionStrategy.MINIMAL_MARKET_IMPACT: (
            {},
            {"max_share_percent": 60, "max_price_impact_percent": 2},
            {"liquidity_type": "quote"},
        ),
        ExecutionStrategy.ICEBERG: ({}, {"display_amount": "0.3"}, {"display_percent": 50, "variance": 0}),
        ExecutionStrategy.TWAP: (
            {"duration": 4, "slices": 2, "randomize": 0, "style": "aggressive"},
            {"duration": 8, "slices": 4},
            {"duration": 6, "slices": 3, "style": "passive", "end_policy": "leave"},
            {"duration": 20, "slices": 5, "style": "passive"},
        ),
        ExecutionStrategy.VWAP: (
            {"duration": 4, "slices": 2, "style": "aggressive"},
            {"duration": 10, "slices": 4, "max_participation": 50},
            {"duration": 6, "slices": 3, "style": "passive", "end_policy": "leave"},
        ),
    }
)
AMOUNTS = ("1", "0.5", "2", "5", "0.07", "0.333", "12", "0.02")
# Quote, from the middle in the trader's own direction: above zero it crosses. None is a market order.
AWAY = ("1", "-1", "0.5", "-0.5", "2", "-4", "0", "0.3", None)
GTC: Mapping[str, object] = MappingProxyType({})
HOW: Sequence[Mapping[str, object]] = (
    GTC,
    GTC,
    GTC,
    {"time_in_force": "ioc"},
    {"time_in_force": "fok"},
    {"time_in_force": "gtd", "expires_in": 3},
    {"time_in_force": "gtd", "expires_in": 15},
    {"post_only": True},
    {"reduce_only": True},
    {"leverage": 5},
)
# Triggers, in quote from the middle against the trader: it has to come to him.
TRIGGERS = (None, None, None, None, None, None, None, "1")


@dataclass(frozen=True, slots=True)
class Ask:
    """One order as the trader thinks of it: prices are relative to the market."""

    strategy: ExecutionStrategy
    side: OrderSide
    amount: str
    away: str | None
    params: int
    how: Mapping[str, object]
    trigger: str | None

    def words(self, middle: Decimal) -> dict[str, Any]:
        """The keywords of `execute_order`."""
        sign, tick = self.side.sign, Decimal("0.1")
        price = None if self.away is None else floor_to(middle + sign * Decimal(self.away), tick)
        kind = "market" if price is None else "limit"
        table = PARAMS[self.strategy]
        words: dict[str, Any] = {} if self._contradicts_itself else {**self.how}
        if self.trigger is not None:
            kind = "stop" if price is None else "stop_limit"
            words["trigger_price"] = floor_to(middle + sign * Decimal(self.trigger), tick)
        return {
            "side": self.side,
            "amount": self.amount,
            "order_type": kind,
            "price": price,
            "strategy": self.strategy,
            "params": dict(table[self.params % len(table)]),
            **words,
        }

    @property
    def _contradicts_itself(self) -> bool:
        """It would be refused at once, every time: there is nothing to learn from that."""
        immediate = self.how.get("time_in_force") in ("ioc", "fok")
        rests = "post_only" in self.how or "expires_in" in self.how
        return (immediate and self.strategy.works_over_time) or (rests and self.away is None)


def asks(
    strategies: Sequence[ExecutionStrategy], away: Sequence[str | None] = AWAY, how: Sequence[Mapping[str, object]] = HOW
) -> st.SearchStrategy[Ask]:
    """Orders of these strategies."""
    return st.builds(
        Ask,
        strategy=st.sampled_from(strategies),
        side=st.sampled_from([OrderSide.BUY, OrderSide.SELL]),
        amount=st.sampled_from(AMOUNTS),
        away=st.sampled_from(away),
        params=st.integers(0, 3),
        how=st.sampled_from(how),
        trigger=st.sampled_from(TRIGGERS),
    )
