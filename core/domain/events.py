"""What happened to orders, frozen: the blotter and the journal hold the same event."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.domain.orders import Fill, OrderSnapshot


class OrderEventKind(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    FILLED = "filled"  # `fill` is set
    FLAGGED = "flagged"  # an overfill, a fill without an order: the trader should look


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """One change of one order. `seq` grows by one per event of a manager."""

    seq: int
    ts_us: int
    kind: OrderEventKind
    order: OrderSnapshot
    fill: Fill | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the trader should read that is about no single order.

    Attributes:
        level: 'info', 'warning' or 'error'.
        sentence: one calm sentence.
    """

    ts_us: int
    level: str
    sentence: str
