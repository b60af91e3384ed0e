"""When the slices of a working algo fall, and how much should be filled by then.

The schedule is a function of the parameters, a seed and, where slices are not all alike, of what weighs them, so a restart
finds the same one. Jitter moves a slice's time and size within bounds and never changes the total or the end.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from core.domain.clock import MICROSECONDS
from core.domain.instruments import Instrument
from core.domain.numbers import floor_to
from core.strategies.params import TwapParams

DEFAULT_SLICES = 10

# What the time between two offsets from the start (µs) weighs, against any other; above 0.
Weigh = Callable[[int, int], float]


@dataclass(frozen=True, slots=True)
class Schedule:
    """Slice `i` starts at `starts_us[i]`; by then on `shares[i]` of the amount should be filled.

    Attributes:
        starts_us: offsets from the parent's start, µs, ascending, the first 0.
        shares: cumulative shares of the total, ascending, the last exactly 1.
        duration_us: the end.
    """

    starts_us: tuple[int, ...]
    shares: tuple[Decimal, ...]
    duration_us: int

    def index_at(self, elapsed_us: int) -> int:
        """The slice under way; the last one after the end."""
        return max(bisect_right(self.starts_us, elapsed_us) - 1, 0)

    def slice_end_us(self, index: int) -> int:
        return self.starts_us[index + 1] if index + 1 < len(self.starts_us) else self.duration_us

    def target(self, index: int, amount: Decimal, lot: Decimal) -> Decimal:
        """What should be filled once slice `index` is done, in base; the last slice is everything."""
        return amount if index + 1 >= len(self.shares) else floor_to(amount * self.shares[index], lot)


def wanted_slices(params: TwapParams) -> int:
    """How many slices the parameters ask for."""
    if params.slices is not None:
        return params.slices
    if params.interval is not None:
        return max(1, round(params.duration / params.interval))
    return DEFAULT_SLICES


def possible_slices(
    params: TwapParams, amount: Decimal, price: Decimal, instruments: Sequence[Instrument], weigh: Weigh | None = None
) -> int:
    """As many slices as asked for, but none under what some venue takes: fewer, never one block out of caution."""
    smallest = min((_smallest(i, price) for i in instruments), default=Decimal(0))
    # Jitter must not push a slice under the minimum either.
    smallest *= 1 / (1 - params.randomize / 100) if params.randomize else 1
    if smallest <= 0:
        return wanted_slices(params)
    slices = max(1, min(wanted_slices(params), int(amount / smallest)))
    while weigh is not None and slices > 1 and float(amount) * _least_share(params, slices, weigh) < float(smallest):
        slices -= max(1, slices // 16)
    return slices


def _least_share(params: TwapParams, slices: int, weigh: Weigh) -> float:
    """The part of the total that the lightest slice has."""
    weights = _weights(round(params.duration * MICROSECONDS), slices, weigh)
    return min(weights) / sum(weights)


def _weights(duration_us: int, slices: int, weigh: Weigh | None) -> list[float]:
    """What each of `slices` equally long slices weighs."""
    if weigh is None:
        return [1.0] * slices
    edges = [round(duration_us * i / slices) for i in range(slices + 1)]
    return [weigh(start, end) for start, end in pairwise(edges)]


def _smallest(instrument: Instrument, price: Decimal) -> Decimal:
    by_notional = instrument.min_notional / price if price else Decimal(0)
    return max(instrument.min_amount, by_notional, instrument.lot)


def slice_lot(instruments: Sequence[Instrument]) -> Decimal:
    """The step that slice targets are rounded to: the coarsest lot, so that no slice leaves crumbs that only one venue takes."""
    return max(instrument.lot for instrument in instruments)


def make_schedule(params: TwapParams, slices: int, seed: int, weigh: Weigh | None = None) -> Schedule:
    """Equal slices, or as `weigh` has them, each time and size moved by up to ± `randomize` percent."""
    duration_us = round(params.duration * MICROSECONDS)
    dice = random.Random(seed)  # repeatable after a restart
    spread = float(params.randomize) / 100
    interval_us = duration_us / slices
    starts = [0, *(round(interval_us * (i + dice.uniform(-spread, spread) / 2)) for i in range(1, slices))]
    weights = [Decimal(repr(weight * (1 + dice.uniform(-spread, spread)))) for weight in _weights(duration_us, slices, weigh)]
    total, running, shares = sum(weights), Decimal(0), []
    for weight in weights[:-1]:
        running += weight
        shares.append(running / total)
    return Schedule(tuple(starts), (*shares, Decimal(1)), duration_us)
