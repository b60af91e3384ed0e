"""What a line of the journal is, and the kinds there are.

A body holds what was known *then*, also what later turned out wrong: the journal explains, it does not correct.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What an entry tells. The order of entries is the order of events."""

    PARENT = "parent"  # what the trader asked for: all of the request
    INTENT = "intent"  # a child that may be sent once this is durable: all of the planned child, and its `parent`
    PLAN = "plan"  # a decision to send, in short: how many children, how much, why
    FILL = "fill"  # one trade, all of it
    STATE = "state"  # all that is known of an order by now; `over` is true once a parent has ended
    AMEND = "amend"  # a change of a child that may be sent once this is durable
    MODIFY = "modify"  # a parent's new price, amount, trigger
    WISH = "wish"  # what the trader wants: cancel, pause, resume, change
    RESOLVED = "resolved"  # what became of a quarantined child, as the trader found it
    ARRIVAL = "arrival"  # the market when a parent first ran, for transaction cost analysis
    PREDICTED = "predicted"  # what its strategy was expected to cost on that market
    FILL_MID = "fill_mid"  # the mid that a fill is measured against
    ENDED = "ended"  # the market when a parent ended


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. `parent_id` is the parent's own id on its own lines."""

    seq: int
    ts_us: int
    parent_id: str
    order_id: str
    kind: str
    body: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Line:
    """An entry as it is written.

    Attributes:
        over: with this line its parent has ended.
    """

    seq: int
    ts_us: int
    parent_id: str
    order_id: str
    kind: str
    body: bytes
    over: bool = False


@dataclass(frozen=True, slots=True)
class Story:
    """Everything about one parent and its children, oldest first."""

    parent_id: str
    over: bool
    entries: Sequence[Entry]
