"""One side of a made-up book, with bids and asks in one mould.

Levels are kept by *key*: the tick of a bid, minus the tick of an ask. So on either side a larger key is
a better price and the best level is the last of the sorted list, which makes taking from the touch cheap.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import final


@final
class Ladder:
    """Keys in ascending order with their sizes in size units, and which of them changed since the last `drain`."""

    def __init__(self, sign: int) -> None:
        self.sign = sign  # +1 for bids, -1 for asks
        self.keys: list[int] = []
        self.sizes: dict[int, int] = {}
        self._changed: set[int] = set()

    @property
    def best(self) -> int | None:
        return self.keys[-1] if self.keys else None

    def put(self, key: int, units: int) -> None:
        """Set a level to `units` > 0."""
        if key not in self.sizes:
            insort(self.keys, key)
        self.sizes[key] = units
        self._changed.add(key)

    def drop(self, key: int) -> None:
        """Remove a level that is there."""
        del self.keys[bisect_left(self.keys, key)]
        del self.sizes[key]
        self._changed.add(key)

    def eat(self, units: int) -> tuple[int, int]:
        """Take up to `units` from the best level; (key, units taken)."""
        key = self.keys[-1]
        there = self.sizes[key]
        if units >= there:
            self.drop(key)
            return key, there
        self.put(key, there - units)
        return key, units

    def drain(self) -> tuple[list[int], list[int]]:
        """Ticks that changed and their sizes now, 0 where the level is gone."""
        keys = sorted(self._changed)
        self._changed.clear()
        return [key * self.sign for key in keys], [self.sizes.get(key, 0) for key in keys]
