"""Transaction cost analysis: pure arithmetic from marks and fills to a report.

Not a digit is lost: sums and products are made with more digits than any of them can have, and were one ever rounded,
`Inexact` would be raised. So the parts sum to the shortfall exactly, although both are computed on their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Context, Decimal, Inexact, localcontext

from core.domain.comparison import Comparison
from core.domain.enums import ExecutionStrategy, OrderSide
from core.domain.orders import Fill
from core.domain.tca import BPS, Costs, TcaReport

ZERO = Decimal(0)
_EXACT = Context(prec=300, traps=[Inexact])


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment and the merged mid that stood then; None without a market."""

    ts_us: int
    mid: Decimal | None


@dataclass(frozen=True, slots=True)
class MarketTraded:
    """What the market did from arrival to end. Volume base, prices quote per base."""

    volume: Decimal = ZERO
    vwap: Decimal | None = None
    twap: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Execution:
    """All that is measured of a parent.

    Attributes:
        arrival: None before it started.
        fills: each with the mid it is measured against; None where there was none.
        end: of the order, or the present while it is `running`.
    """

    order_id: str
    symbol: str
    side: OrderSide
    strategy: ExecutionStrategy
    amount: Decimal
    decision: Mark
    arrival: Mark | None
    fills: Sequence[tuple[Fill, Decimal | None]]
    end: Mark
    running: bool
    market: MarketTraded = field(default_factory=MarketTraded)
    predicted: Comparison | None = None


def tca(execution: Execution) -> TcaReport:
    """The report of an execution.

    Where a mid is missing the one before it stands in, and a note says so: the parts shift, their sum does not.
    """
    decision, arrival, at_fills, end = _stand_ins(execution)
    fills = [fill for fill, _ in execution.fills]
    with localcontext(_EXACT):
        filled = sum((fill.amount for fill in fills), ZERO)
        notional = sum((fill.amount * fill.price for fill in fills), ZERO)
        fees, other_fees = fees_in_quote(fills, execution.symbol)
        costs = None
        if decision is not None and arrival is not None and end is not None:
            costs = _costs(execution, fills, decision, arrival, at_fills, end, fees)
    at_mid = sum((fill.amount * mid for fill, mid in zip(fills, at_fills, strict=True)), ZERO) if costs else ZERO
    return TcaReport(
        order_id=execution.order_id,
        symbol=execution.symbol,
        side=execution.side,
        strategy=execution.strategy,
        amount=execution.amount,
        filled_amount=filled,
        average_price=notional / filled if filled else None,
        decision_us=execution.decision.ts_us,
        arrival_us=execution.arrival.ts_us if execution.arrival else None,
        measured_us=execution.end.ts_us,
        running=execution.running,
        decision_mid=decision,
        arrival_mid=arrival if execution.arrival else None,
        end_mid=end,
        costs=costs,
        half_spread_bps=costs.spread / at_mid * BPS if costs and at_mid else None,
        market_volume=execution.market.volume,
        market_vwap=execution.market.vwap,
        market_twap=execution.market.twap,
        other_fees=other_fees,
        predicted=execution.predicted,
        notes=tuple(_notes(execution, other_fees)),
    )


def _costs(
    execution: Execution,
    fills: Sequence[Fill],
    decision: Decimal,
    arrival: Decimal,
    at_fills: Sequence[Decimal],
    end: Decimal,
    fees: Decimal,
) -> Costs:
    """Perold's shortfall from the two portfolios, and its parts from prices and mids; see `Costs` for what each means.

    Paper: all of the amount at the decision mid, free of charge. Real: what filled, at its prices, less fees. Both are
    valued at the end mid.
    """
    sign = execution.side.sign
    filled = sum((fill.amount for fill in fills), ZERO)
    paper = sign * execution.amount * (end - decision)
    real = sign * sum((fill.amount * (end - fill.price) for fill in fills), ZERO) - fees
    pairs = list(zip(fills, at_fills, strict=True))
    return Costs(
        delay=sign * filled * (arrival - decision),
        spread=sign * sum((fill.amount * (fill.price - mid) for fill, mid in pairs), ZERO),
        timing=sign * sum((fill.amount * (mid - arrival) for fill, mid in pairs), ZERO),
        opportunity=sign * (execution.amount - filled) * (end - decision),
        fees=fees,
        shortfall=paper - real,
    )


def fees_in_quote(fills: Iterable[Fill], symbol: str) -> tuple[Decimal, Mapping[str, Decimal]]:
    """All fees in quote, those in base at the price of their fill; and by currency those in neither."""
    base, quote = symbol.split("/")
    total = ZERO
    others: dict[str, Decimal] = {}
    for fill in fills:
        if fill.fee_currency == base:
            total += fill.fee * fill.price
        elif fill.fee_currency == quote.split(":")[0]:
            total += fill.fee
        elif fill.fee:
            others[fill.fee_currency] = others.get(fill.fee_currency, ZERO) + fill.fee
    return total, others


def _stand_ins(execution: Execution) -> tuple[Decimal | None, Decimal | None, list[Decimal], Decimal | None]:
    """The mids at decision, arrival, fills and end, a missing one replaced by the one before it; the first ones by the next."""
    at_arrival = execution.arrival.mid if execution.arrival else None
    raw = [execution.decision.mid, at_arrival, *(mid for _, mid in execution.fills), execution.end.mid]
    last = next((mid for mid in raw if mid is not None), None)
    if last is None:
        return None, None, [], None
    known: list[Decimal] = []
    for mid in raw:
        last = mid if mid is not None else last
        known.append(last)
    return known[0], known[1], known[2:-1], known[-1]


def _notes(execution: Execution, other_fees: Mapping[str, Decimal]) -> list[str]:
    notes = []
    blind = sum(1 for _, mid in execution.fills if mid is None)
    if execution.decision.mid is None:
        notes.append("There was no market at the decision: the first mid after it stands in.")
    if execution.arrival is not None and execution.arrival.mid is None:
        notes.append("There was no market at the arrival: the mid before it stands in.")
    if blind:
        notes.append(f"{blind} of {len(execution.fills)} fills came without a market to measure against: the mid before stands in.")
    if other_fees:
        notes.append(f"Fees in {', '.join(sorted(other_fees))} could not be turned into quote and are in no figure.")
    return notes
