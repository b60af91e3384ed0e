"""TWAP: equal slices over time. All it needs is what `slicing.py` does by itself."""

from __future__ import annotations

from core.domain.enums import ExecutionStrategy
from core.strategies.slicing import Slicing


class Twap(Slicing):
    """Time-weighted slices."""

    name = ExecutionStrategy.TWAP
