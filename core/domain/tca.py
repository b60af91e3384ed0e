"""What an execution cost, and where the cost came from: frozen, for the inspector, scripts and reports.

The parts are exact decimals and sum to the shortfall to the last digit; only `bps` divides, and only to be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from core.domain.comparison import Comparison
from core.domain.enums import ExecutionStrategy, OrderSide

BPS = Decimal(10_000)


@dataclass(frozen=True, slots=True)
class Costs:
    """Implementation shortfall (Perold, "The implementation shortfall: paper versus reality", 1988) and its parts, in quote.

    Positive is a cost, negative a gain. The split of the execution cost and the delay follow Kissell, "The Science of
    Algorithmic Trading and Portfolio Management" (2013), ch. 3; what filled carries the delay, what did not the opportunity.

    Attributes:
        delay: the market's way from the decision to the arrival, on what filled.
        spread: fill prices against the mid when each order went out (takers) or was hit (makers); a maker earns here.
        timing: that mid against the arrival's: our own impact, and the market's way while we worked.
        opportunity: what the market did to the residual, from the decision to the end.
        fees: in quote; those paid in base at the price of their fill.
        shortfall: paper portfolio less real portfolio.
    """

    delay: Decimal
    spread: Decimal
    timing: Decimal
    opportunity: Decimal
    fees: Decimal
    shortfall: Decimal

    def parts(self) -> tuple[tuple[str, Decimal], ...]:
        """Name and amount of each part, in the order of time; they sum to `shortfall`, exactly."""
        return (
            ("delay", self.delay),
            ("spread", self.spread),
            ("timing", self.timing),
            ("opportunity", self.opportunity),
            ("fees", self.fees),
        )


@dataclass(frozen=True, slots=True)
class TcaReport:
    """Transaction cost analysis of one parent order. Amounts base, prices quote per base, times µs.

    Attributes:
        arrival_us: when its first child could be sent (for a trigger: when it triggered); None before.
        measured_us: the end of the order, or of the measurement while it runs.
        running: `end_mid` is only the present one.
        decision_mid, arrival_mid, end_mid: merged mids over the order's venues; None where there was no market.
        costs: None where no mid was known at all.
        half_spread_bps: paid per unit against the mid at each fill; negative when resting orders earned it.
        market_volume: base that the venues traded from arrival to end; `market_vwap`, `market_twap` of the same interval.
        other_fees: currency -> fees that could not be turned into quote; they are in no figure.
        predicted: what was expected when it arrived.
        notes: what stands behind a figure that is not what it seems.
    """

    order_id: str
    symbol: str
    side: OrderSide
    strategy: ExecutionStrategy
    amount: Decimal
    filled_amount: Decimal
    average_price: Decimal | None
    decision_us: int
    arrival_us: int | None
    measured_us: int
    running: bool
    decision_mid: Decimal | None
    arrival_mid: Decimal | None
    end_mid: Decimal | None
    costs: Costs | None
    half_spread_bps: Decimal | None = None
    market_volume: Decimal = Decimal(0)
    market_vwap: Decimal | None = None
    market_twap: Decimal | None = None
    other_fees: Mapping[str, Decimal] = field(default_factory=dict)
    predicted: Comparison | None = None
    notes: tuple[str, ...] = ()

    @property
    def residual_amount(self) -> Decimal:
        """Ordered less filled; negative after an overfill."""
        return self.amount - self.filled_amount

    def bps(self, cost: Decimal) -> Decimal | None:
        """`cost` (quote) in basis points of the decision's notional."""
        notional = self.amount * self.decision_mid if self.decision_mid is not None else Decimal(0)
        return cost / notional * BPS if notional else None

    def against(self, benchmark: Decimal | None) -> Decimal | None:
        """How much worse the average price is than `benchmark`, in bps of it; negative is better. Fees are not in it."""
        if self.average_price is None or not benchmark:
            return None
        return self.side.sign * (self.average_price - benchmark) / benchmark * BPS

    @property
    def slippage_bps(self) -> Decimal | None:
        """Average price against the arrival mid."""
        return self.against(self.arrival_mid)

    @property
    def all_in_bps(self) -> Decimal | None:
        """Slippage and fees against the arrival mid, per unit filled: what `predicted.all_in_bps` foresaw."""
        slippage = self.slippage_bps
        if slippage is None or self.costs is None or not self.arrival_mid:
            return None
        return slippage + self.costs.fees / (self.filled_amount * self.arrival_mid) * BPS

    @property
    def participation(self) -> Decimal | None:
        """Filled as a part of what the market traded meanwhile; None where it traded nothing."""
        return self.filled_amount / self.market_volume if self.market_volume else None
