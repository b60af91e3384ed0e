"""A refusal of our own, and who may give it: what the manager knows of the risk gate."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from core.execution.state import ChildState


@dataclass(frozen=True, slots=True)
class Denial:
    """Why a child was not sent.

    Attributes:
        passes: it speaks against this moment only, not against the order.
    """

    sentence: str
    passes: bool = False


class Gate(Protocol):
    """Asked before every child and every change of one, never before a cancel."""

    def judge(self, child: ChildState) -> Denial | None:
        """What speaks against sending `child`; None lets it go."""
        ...

    def check_amend(self, child: ChildState, *, price: Decimal, amount: Decimal) -> None:
        """Whether `child` may be changed so.

        Raises:
            RiskDenied: it may not.
        """
        ...
