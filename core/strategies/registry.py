"""Which strategies can be traded. A strategy joins by one line here; its parameters stand in `params.py`."""

from __future__ import annotations

from core.domain.enums import ExecutionStrategy
from core.domain.errors import NotPossible
from core.strategies.base import Strategy
from core.strategies.best_liquidity import BestLiquidity
from core.strategies.best_price import BestPrice
from core.strategies.iceberg import Iceberg
from core.strategies.lowest_fees import LowestFees
from core.strategies.minimal_impact import MinimalImpact
from core.strategies.price_optimized import PriceOptimized
from core.strategies.split import SplitByLiquidity, SplitEvenly
from core.strategies.twap import Twap
from core.strategies.vwap import Vwap

_ALL: tuple[Strategy, ...] = (
    BestPrice(),
    BestLiquidity(),
    LowestFees(),
    SplitEvenly(),
    SplitByLiquidity(),
    PriceOptimized(),
    MinimalImpact(),
    Iceberg(),
    Twap(),
    Vwap(),
)

REGISTRY: dict[ExecutionStrategy, Strategy] = {strategy.name: strategy for strategy in _ALL}


def find_strategy(name: ExecutionStrategy) -> Strategy:
    """The strategy of that name.

    Raises:
        NotPossible: it has parameters but can't be traded yet; the sentence lists those that can.
    """
    if name not in REGISTRY:
        raise NotPossible(f"{name.label} is not available yet; available: {', '.join(known.label for known in REGISTRY)}.")
    return REGISTRY[name]
