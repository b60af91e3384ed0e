"""Branch and bound over venues: the cheapest amounts that their lots and minimums allow.

Each node bounds every venue's amount from both sides and lets greed fill the rest, which is a lower
bound on the cost; a venue whose amount its exchange would not take is branched on. Where the
bound says that nothing cheaper is left, the search stops.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from core.domain.market import IntArray
from core.strategies.sweep_offer import Offer, round_up

# Branches that could save less than this part of the cost (0.0001 bps) are not followed.
_TOLERANCE = 1e-8

# For few lots, where one matters, the search goes on until it has proven the optimum. For many, the gap that is left after a
# few branches is far under 0.01 bps (tests/bench/README.md), and a trader would rather have the plan.
_FEW_LOTS = 1_000
_NODES_FEW = 2_000
_NODES_LEAST, _NODES_MOST = 12, 400
_WORK = 20_000

# What stays untaken, then the cost: less of the first beats any saving of the second.
Score = tuple[int, float]


@dataclass(frozen=True, slots=True)
class _Node:
    """Bounds on every venue's amount, and greed's answer within them."""

    low: IntArray
    high: IntArray
    amounts: IntArray

    def with_high(self, venue: int, value: int) -> tuple[IntArray, IntArray]:
        high = self.high.copy()
        high[venue] = value
        return self.low, high

    def with_low(self, venue: int, value: int) -> tuple[IntArray, IntArray]:
        low = self.low.copy()
        low[venue] = value
        return low, self.high


@final
class SweepSearch:
    """One search for `wanted` units over `offers`."""

    def __init__(self, offers: Sequence[Offer], wanted: int) -> None:
        self._offers = offers
        self._wanted = wanted
        self._lots = np.array([offer.lot for offer in offers], np.int64)
        keys = np.concatenate([offer.keys for offer in offers])
        order = np.argsort(keys, kind="stable")
        self._keys = keys[order]
        self._venue = np.repeat(np.arange(len(offers)), [len(offer.keys) for offer in offers])[order]
        self._before = np.concatenate([offer.before for offer in offers])[order]
        self._after = np.concatenate([offer.after for offer in offers])[order]
        self._queue: list[tuple[int, float, int, _Node]] = []
        self._ties = itertools.count()
        self._best: Score | None = None
        self._best_amounts = [0] * len(offers)

    def run(self) -> list[int]:
        """Units to take from each offer."""
        high = np.array([offer.accepted_below(min(offer.cap, self._wanted)) for offer in self._offers], np.int64)
        self._push(np.zeros(len(self._offers), np.int64), high)
        if not self._queue:
            return self._best_amounts
        root = self._queue[0][-1]
        if self._branch(root) is None:
            return [int(amount) for amount in root.amounts]
        for amounts in itertools.chain(self._finished_by_each(root.amounts), self._started_by_each()):
            left = self._wanted - sum(amounts)
            if self._best is None or left <= self._best[0]:
                cost = sum(offer.cost(amount) for offer, amount in zip(self._offers, amounts, strict=True) if amount)
                self._keep_if_better((left, cost), amounts)
        for _ in range(self._patience()):
            if not self._queue or self._hopeless(*self._queue[0][:2]):
                break
            self._expand(*heapq.heappop(self._queue))
        return self._best_amounts

    def _patience(self) -> int:
        """How many branches to look at: a node costs time in proportion to the levels it walks."""
        few = self._wanted <= _FEW_LOTS * int(self._lots.min())
        return _NODES_FEW if few else min(max(_WORK // len(self._keys), _NODES_LEAST), _NODES_MOST)

    def _expand(self, _left: int, cost: float, _tie: int, node: _Node) -> None:
        branch = self._branch(node)
        if branch is None:
            amounts = [int(amount) for amount in node.amounts]
            self._keep_if_better((self._wanted - sum(amounts), cost), amounts)
            return
        venue, below, above = branch
        if below >= node.low[venue]:
            self._push(*node.with_high(venue, below))
        if above is not None and above <= node.high[venue]:
            self._push(*node.with_low(venue, above))

    def _keep_if_better(self, score: Score, amounts: list[int]) -> None:
        if self._best is None or score < self._best:
            self._best, self._best_amounts = score, amounts

    def _hopeless(self, left: int, cost: float) -> bool:
        return self._best is not None and (left, cost + _TOLERANCE * abs(cost)) >= self._best

    def _push(self, low: IntArray, high: IntArray) -> None:
        if int(low.sum()) > self._wanted:  # more is forced than wanted
            return
        # What can't be made costs nothing: a bound that priced it too would rule out answers that are cheaper for leaving it.
        free = self._wanted - self._unmakeable(low, high) - int(low.sum())
        if free < 0:
            return
        lo, hi = low[self._venue], high[self._venue]
        forced = np.minimum(self._after, lo) - np.minimum(self._before, lo)
        offered = np.minimum(self._after, hi) - np.minimum(self._before, hi) - forced
        taken = np.minimum(offered, np.maximum(free - (np.cumsum(offered) - offered), 0)) + forced
        amounts = np.bincount(self._venue, weights=taken, minlength=len(low)).astype(np.int64)
        left = self._wanted - int(amounts.sum())
        cost = float(np.dot(self._keys.astype(np.float64), taken))
        if not self._hopeless(left, cost):
            heapq.heappush(self._queue, (left, cost, next(self._ties), _Node(low, high, amounts)))

    def _unmakeable(self, low: IntArray, high: IntArray) -> int:
        """What no amounts within the bounds can add up to, whatever they cost: the rest that is no multiple of any free lot."""
        fixed = low == high
        rest = self._wanted - int(low[fixed].sum())
        return rest if fixed.all() else rest % int(np.gcd.reduce(self._lots[~fixed]))

    def _branch(self, node: _Node) -> tuple[int, int, int | None] | None:
        """Which venue to decide about next, with the nearest amounts below and above that it accepts; None when all are fine.

        When the lots in use can't make the total, a finer venue that greed left unused has to come in (at its
        minimum at least) or be ruled out: without this rule the search would try every mix of the coarse ones.
        """
        used = node.amounts > 0
        if used.any():
            step = int(np.gcd.reduce(self._lots[used]))
            if (rest := self._wanted % step) and rest == int(node.amounts.sum()) % step:
                for index in np.flatnonzero(~used & (node.high > 0)):
                    if np.gcd(step, self._lots[index]) != step:
                        return int(index), 0, self._offers[int(index)].accepted_above(1)
        for venue, offer in enumerate(self._offers):
            amount = int(node.amounts[venue])
            if (below := offer.accepted_below(amount)) != amount:
                return venue, below, offer.accepted_above(amount)
        return None

    def _started_by_each(self) -> Iterator[list[int]]:
        """One venue after the other takes all it can, the rest in order: no single venue, and no such chain, beats the search."""
        caps = list(enumerate(self._offers))
        for first in range(len(caps)):
            rest, amounts = self._wanted, [0] * len(caps)
            for venue, offer in (caps[first], *caps[:first], *caps[first + 1 :]):
                amounts[venue] = offer.accepted_below(min(offer.cap, rest))
                rest -= amounts[venue]
            yield amounts

    def _finished_by_each(self, greedy: IntArray) -> Iterator[list[int]]:
        """Good answers to start from: the greedy one on everybody's lots, with one venue after the other taking the exact rest.

        Where the rest is under the finisher's minimum, the others give up lots until it is not.
        """
        floored = [offer.accepted_below(int(amount)) for offer, amount in zip(self._offers, greedy, strict=True)]
        yield floored
        for finisher, offer in enumerate(self._offers):
            amounts = [*floored]
            amounts[finisher] = 0
            rest = self._wanted - sum(amounts)
            if (least := offer.accepted_above(1)) is None:
                continue
            for venue, other in enumerate(self._offers):
                if rest >= least:
                    break
                if venue != finisher and amounts[venue]:
                    fewer = other.accepted_below(max(amounts[venue] - round_up(least - rest, other.lot), 0))
                    rest += amounts[venue] - fewer
                    amounts[venue] = fewer
            amounts[finisher] = offer.accepted_below(min(rest, offer.cap))
            yield amounts
