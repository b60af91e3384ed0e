"""One side of a book: a dict that is always right, and sorted arrays that catch up when somebody looks.

A delta costs a few dict writes, wherever its levels lie. The arrays are patched, not rebuilt: the levels that changed
since the last look are merged in, which costs about the same whether one delta or ten came in between.

A dense grid indexed by tick is written as fast and read three times faster (`python -m tests.bench.bench_books`).
It is not used: somebody always bids 15,000 and asks 200,000 in a market at 60,000, so it needs a window that moves and
a dict beside it, and eight books are looked at in a third of a millisecond without.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.domain.market import IntArray, Levels

# A patch gathers and sorts the changed levels, a rebuild all of them: beyond this share a rebuild is cheaper.
_REBUILD_SHARE = 0.5


class BookSide:
    """Ticks to size units, best first: highest for bids, lowest for asks."""

    def __init__(self, *, is_bid: bool) -> None:
        # A key is a tick, negated for bids: on both sides the smallest key is the best level.
        self._sign = -1 if is_bid else 1
        self._sizes: dict[int, int] = {}
        self._best: int | None = None
        self._changed: set[int] = set()  # ticks in which `_levels` may differ from `_sizes`
        self._rebuild = False
        self._keys: IntArray = np.empty(0, np.int64)
        self._levels = _frozen(self._keys, np.empty(0, np.int64))

    def best(self) -> int | None:
        """Tick of the best level; None when the side is empty."""
        return self._best

    def size_at(self, tick: int) -> int:
        """Units at `tick`; 0 where there is no level."""
        return self._sizes.get(tick, 0)

    def clear(self) -> None:
        self.replace((), ())

    def replace(self, ticks: Sequence[int], sizes: Sequence[int]) -> None:
        """Forget everything and hold these levels; a zero size is no level."""
        self._sizes = {tick: size for tick, size in dict(zip(ticks, sizes, strict=True)).items() if size}
        self._best = self._extreme()
        self._changed.clear()
        self._rebuild = True

    def update(self, ticks: Sequence[int], sizes: Sequence[int]) -> None:
        """Set absolute sizes; 0 deletes a level, known or not."""
        book, best = self._sizes, self._best
        buys = self._sign < 0
        for tick, size in zip(ticks, sizes, strict=True):
            if size:
                book[tick] = size
                if best is None or (tick > best if buys else tick < best):
                    best = tick
            else:
                book.pop(tick, None)
        self._best = best if best is None or best in book else self._next_best(best)
        self._changed.update(ticks)

    def levels(self) -> Levels:
        """Read-only arrays, best level first; the same object while nothing changes."""
        if self._rebuild or len(self._changed) > _REBUILD_SHARE * len(self._keys):
            self._build()
        elif self._changed:
            self._patch()
        return self._levels

    def _build(self) -> None:
        count = len(self._sizes)
        keys = np.fromiter(self._sizes.keys(), np.int64, count) * self._sign
        sizes = np.fromiter(self._sizes.values(), np.int64, count)
        order = keys.argsort()
        self._publish(keys[order], sizes[order])

    def _patch(self) -> None:
        """Merge the changed levels into the sorted arrays: overwrite known ones, drop zeros, sort new ones in."""
        ticks = list(self._changed)
        size_of = self._sizes.get
        changed_keys = np.array(ticks, np.int64) * self._sign
        changed_sizes = np.array([size_of(tick, 0) for tick in ticks], np.int64)
        keys, sizes = self._keys, self._levels.sizes.copy()
        at = keys.searchsorted(changed_keys)
        known = keys.take(at, mode="clip") == changed_keys
        sizes[at[known]] = changed_sizes[known]
        present = sizes.nonzero()[0]
        new = (~known & (changed_sizes > 0)).nonzero()[0]
        if len(present) < len(keys):
            keys, sizes = keys[present], sizes[present]
        if len(new):
            keys = np.concatenate((keys, changed_keys[new]))
            order = keys.argsort(kind="stable")  # fast on what is sorted but for its tail
            keys, sizes = keys[order], np.concatenate((sizes, changed_sizes[new]))[order]
        self._publish(keys, sizes)

    def _publish(self, keys: IntArray, sizes: IntArray) -> None:
        self._keys = keys
        self._levels = _frozen(keys * self._sign, sizes)
        self._changed.clear()
        self._rebuild = False

    def _extreme(self) -> int | None:
        if not self._sizes:
            return None
        return max(self._sizes) if self._sign < 0 else min(self._sizes)

    def _next_best(self, gone: int) -> int | None:
        """The best level behind `gone`, which was the best: near it in a dense book, so walk before searching all."""
        book, step, tick = self._sizes, self._sign, gone
        for _ in range(len(book)):
            tick += step
            if tick in book:
                return tick
        return self._extreme()


def _frozen(ticks: IntArray, sizes: IntArray) -> Levels:
    ticks.flags.writeable = False
    sizes.flags.writeable = False
    return Levels(ticks, sizes)
