"""One strategy's offer for a request, next to the others': what it would cost all-in, how long it would take, what it would leave.

A cheap price for a tenth of the order is no bargain, so `best_of` looks at completeness before it looks at cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from core.domain.enums import ExecutionStrategy

# What stays under this part of the order is dust, and no reason to call a strategy incomplete.
DUST_PART = Decimal("0.001")


@dataclass(frozen=True, slots=True)
class Comparison:
    """What one strategy is expected to do with a request. Amounts base, prices quote per base, fees quote.

    Attributes:
        all_in_bps: price and fees against the merged mid, of what is expected to fill; positive is a cost.
            None when nothing is expected to fill.
        average_price: of what is expected to fill, without fees.
        worst_price: no order would trade past it.
        duration_s: 0 for what is done at once; None where nobody can say (it waits for the market to come).
        expected_amount: base expected to fill.
        residual: base not expected to fill: it would rest, wait for another price, or find no venue.
        estimated: the figures come from a model of future fills, not from the book alone. The market's drift and adverse
            selection are not in it: a passive estimate is a friendly one.
        why_not: why the strategy can't serve this request, in words; empty when it can.
        note: what else to know when comparing.
    """

    strategy: ExecutionStrategy
    amount: Decimal
    all_in_bps: Decimal | None = None
    average_price: Decimal | None = None
    worst_price: Decimal | None = None
    fees: Decimal = Decimal(0)
    duration_s: float | None = 0.0
    expected_amount: Decimal = Decimal(0)
    residual: Decimal = Decimal(0)
    estimated: bool = False
    why_not: str = ""
    note: str = ""

    @property
    def complete(self) -> bool:
        """All of it is expected to fill, but for dust."""
        return not self.why_not and self.residual <= self.amount * DUST_PART


def best_of(comparisons: Sequence[Comparison]) -> ExecutionStrategy | None:
    """The cheapest of those that fill everything; where none does, of those that fill most. None when nothing would fill."""
    serving = [each for each in comparisons if not each.why_not and each.all_in_bps is not None and each.expected_amount > 0]
    if not serving:
        return None
    complete = [each for each in serving if each.complete]
    most = max(each.expected_amount for each in serving)
    rivals = complete or [each for each in serving if each.expected_amount >= most * (1 - DUST_PART)]
    return min(rivals, key=lambda each: each.all_in_bps or Decimal(0)).strategy
