"""Executions read back from the journal, so that a report long after a restart says what the inspector said then.

The entries hold everything but the market, and the market's part was written down when the order arrived and ended.
An order that never ended (the program was killed) is measured up to the last thing known of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Any

from core.domain.comparison import Comparison
from core.domain.enums import ExecutionStrategy, Liquidity, OrderSide
from core.domain.orders import Fill
from core.execution.tca import Execution, Mark, MarketTraded
from core.journal.entry import Entry, Kind


@dataclass(slots=True)
class _Read:
    """One parent as far as it has been read."""

    request: Mapping[str, Any]
    created_us: int
    amount: Decimal
    decision_mid: Decimal | None = None
    arrival: Mark | None = None
    end: Mark | None = None
    traded: MarketTraded = field(default_factory=MarketTraded)
    predicted: Comparison | None = None
    fills: dict[tuple[str, str], Fill] = field(default_factory=dict)
    mids: dict[tuple[str, str], Decimal | None] = field(default_factory=dict)
    last: Mark | None = None


def read_executions(entries: Iterable[Entry]) -> dict[str, Execution]:
    """Parent id -> what was measured of it, in the order of creation.

    Args:
        entries: of the whole journal, oldest first.
    """
    parents: dict[str, _Read] = {}
    parent_of: dict[str, str] = {}
    for entry in entries:
        if entry.kind == Kind.PARENT:
            parents[entry.order_id] = _Read(entry.body, entry.ts_us, Decimal(str(entry.body["amount"])))
        elif entry.kind == Kind.INTENT:
            parent_of[entry.order_id] = str(entry.body["parent"])
        else:
            parent = parents.get(parent_of.get(entry.order_id, entry.order_id))
            if parent is not None:
                _take(parent, entry)
    return {parent_id: _execution(parent_id, read) for parent_id, read in parents.items()}


def _take(parent: _Read, entry: Entry) -> None:
    body = entry.body
    if entry.kind == Kind.MODIFY:
        parent.amount = Decimal(str(body["amount"]))
    elif entry.kind == Kind.FILL:
        fill = _fill(body)
        parent.fills[fill.venue, fill.trade_id] = fill
    elif entry.kind == Kind.FILL_MID:
        mid = _decimal(body["mid"])
        parent.mids[str(body["venue"]), str(body["trade_id"])] = mid
        parent.last = Mark(entry.ts_us, mid)
    elif entry.kind == Kind.ARRIVAL:
        parent.arrival = parent.last = Mark(entry.ts_us, _decimal(body["mid"]))
        parent.decision_mid = _decimal(body["decision_mid"])
        if "predicted" in body:  # as older versions wrote it
            parent.predicted = _comparison(body["predicted"])
    elif entry.kind == Kind.PREDICTED:
        parent.predicted = _comparison(body)
    elif entry.kind == Kind.ENDED:
        parent.end = Mark(entry.ts_us, _decimal(body["mid"]))
        parent.traded = MarketTraded(Decimal(str(body["volume"])), _decimal(body["vwap"]), _decimal(body["twap"]))


def _execution(parent_id: str, read: _Read) -> Execution:
    decision = Mark(read.created_us, read.decision_mid)
    return Execution(
        order_id=parent_id,
        symbol=str(read.request["symbol"]),
        side=OrderSide(read.request["side"]),
        strategy=ExecutionStrategy(read.request["strategy"]),
        amount=read.amount,
        decision=decision,
        arrival=read.arrival,
        fills=[(fill, read.mids.get(key)) for key, fill in read.fills.items()],
        end=read.end or read.last or decision,
        running=read.end is None,
        market=read.traded,
        predicted=read.predicted,
    )


def _fill(body: Mapping[str, Any]) -> Fill:
    numbers = {name: Decimal(str(body[name])) for name in ("price", "amount", "fee")}
    return Fill(**{**body, **numbers, "side": OrderSide(body["side"]), "liquidity": Liquidity(body["liquidity"])})


def _comparison(body: Any) -> Comparison:
    decimals = {each.name for each in fields(Comparison) if "Decimal" in str(each.type)}
    values: dict[str, Any] = {name: _decimal(value) if name in decimals else value for name, value in body.items()}
    return Comparison(**{**values, "strategy": ExecutionStrategy(body["strategy"])})


def _decimal(value: object) -> Decimal | None:
    return None if value is None else Decimal(str(value))
