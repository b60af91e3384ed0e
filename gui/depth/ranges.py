"""What the chart shows, chosen so that nothing jumps. Qt-free.

The book moves many times a second; the picture must not. The centre stays where it is until the mid
has drifted an eighth of the half-width, then glides after it. Spans and the height change in steps with
a band of doubt between them, and get there by gliding.
"""

from __future__ import annotations

import math
from decimal import Decimal

SPANS_BPS = (1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 200.0, 500.0, 1000.0)
_DRIFT = 0.125
_ARRIVED = 0.004
_GLIDE = 0.3
_PATIENCE = 25
_AUTO_PATIENCE = 3


class Glide:
    """A number that eases towards its target, a part of the way per frame."""

    def __init__(self, value: float = 0.0) -> None:
        self.value = value
        self.target = value

    def jump(self, value: float) -> None:
        self.value = self.target = value

    def step(self, scale: float) -> None:
        """One frame; `scale` says what is too small to see."""
        gap = self.target - self.value
        self.value = self.target if abs(gap) <= scale * _ARRIVED else self.value + gap * _GLIDE

    @property
    def moving(self) -> bool:
        return self.value != self.target


class CentreFollower:
    """The price in the middle of the chart."""

    def __init__(self) -> None:
        self._glide: Glide | None = None
        self._following = False

    @property
    def value(self) -> float | None:
        return self._glide.value if self._glide is not None else None

    @property
    def moving(self) -> bool:
        return self._following

    def reset(self) -> None:
        self._glide = None
        self._following = False

    def update(self, mid: float | None, half_width: float) -> None:
        """One frame. Both in quote; without a mid the picture stays."""
        if mid is None:
            return
        if self._glide is None or abs(mid - self._glide.value) > 2 * half_width:
            self._glide = Glide(mid)
            return
        if abs(mid - self._glide.value) > _DRIFT * half_width:
            self._following = True
        if self._following:
            self._glide.target = mid
            self._glide.step(half_width)
            self._following = self._glide.moving


class SpanChooser:
    """Half-width of the chart in bps of the mid: the trader's choice, or one that fits the depth."""

    def __init__(self) -> None:
        self.chosen_bps: float | None = None
        self._auto: float | None = None
        self._doubts = 0
        self._shown: Glide | None = None

    @property
    def bps(self) -> float:
        """What to draw with now; glides from one span to the next."""
        return math.exp(self._shown.value) if self._shown is not None else SPANS_BPS[4]

    @property
    def moving(self) -> bool:
        return self._shown is not None and self._shown.moving

    def reset(self) -> None:
        self._auto = self._shown = None

    def update(self, useful_bps: float | None) -> None:
        """One frame. `useful_bps`: how far out there is depth worth showing; None: not known now."""
        if useful_bps is not None:
            self._consider(useful_bps)
        target = self.chosen_bps or self._auto
        if target is None:
            return
        if self._shown is None:
            self._shown = Glide(math.log(target))
        self._shown.target = math.log(target)
        self._shown.step(1.0)

    def _consider(self, useful_bps: float) -> None:
        wanted = max((span for span in SPANS_BPS if span <= useful_bps), default=SPANS_BPS[0])
        if self._auto is None:
            self._auto = wanted
        # Only what is well past a step's edge counts, and only when it stays so.
        clearly = useful_bps > wanted * 1.15 if wanted > self._auto else useful_bps < self._auto * 0.85
        self._doubts = self._doubts + 1 if clearly else 0
        if self._doubts > _AUTO_PATIENCE:
            self._auto, self._doubts = wanted, 0

    def zoom(self, steps: int) -> float:
        """To the next wider (+) or narrower (−) span; returns it."""
        now = self.chosen_bps or self._auto or SPANS_BPS[4]
        nearest = min(range(len(SPANS_BPS)), key=lambda i: abs(math.log(SPANS_BPS[i] / now)))
        self.chosen_bps = SPANS_BPS[min(max(nearest + steps, 0), len(SPANS_BPS) - 1)]
        return self.chosen_bps


class HeightChooser:
    """Top of the amount axis, base. Grows at once when the depth does, shrinks only after a while."""

    def __init__(self) -> None:
        self._glide: Glide | None = None
        self._low_frames = 0

    @property
    def value(self) -> float:
        return self._glide.value if self._glide is not None else 1.0

    @property
    def moving(self) -> bool:
        return self._glide is not None and self._glide.moving

    def reset(self) -> None:
        self._glide = None

    def update(self, highest: float) -> None:
        """One frame. `highest`: the greatest amount that must fit."""
        if highest <= 0:
            return
        wanted = nice_ceiling(highest * 1.06)
        if self._glide is None:
            self._glide = Glide(wanted)
        if wanted > self._glide.target:
            self._glide.target, self._low_frames = wanted, 0
        elif wanted < self._glide.target * 0.8:
            self._low_frames += 1
            if self._low_frames > _PATIENCE:
                self._glide.target, self._low_frames = wanted, 0
        else:
            self._low_frames = 0
        self._glide.step(self._glide.target)


def nice_ceiling(value: float) -> float:
    """The least of 1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8 × 10^k that is not below `value`."""
    power: float = 10.0 ** math.floor(math.log10(value))
    return next((step * power for step in (1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8) if step * power >= value), 10 * power)


def nice_step(extent: float, count: int, at_least: float = 0.0) -> float:
    """1, 2 or 5 × 10^k so that `extent` has about `count` of them, never finer than `at_least`."""
    rough = max(extent / max(count, 1), at_least, 1e-12)
    power: float = 10.0 ** math.floor(math.log10(rough))
    return next((step * power for step in (1, 2, 5) if step * power >= rough * (1 - 1e-9)), 10 * power)


def ticks_between(low: float, high: float, step: float) -> list[float]:
    """Multiples of `step` from `low` to `high`."""
    first = math.ceil(low / step - 1e-9)
    return [i * step for i in range(first, math.floor(high / step + 1e-9) + 1)]


def bucket_step(tick: Decimal, half_width: float, pixels: int) -> Decimal:
    """A price step of about a pixel: 1, 2 or 5 × 10^k ticks. Finer could not be seen and would cost a frame."""
    ticks_per_pixel = half_width / max(pixels, 1) / float(tick)
    if ticks_per_pixel <= 1:
        return tick
    return tick * int(nice_step(ticks_per_pixel, 1, at_least=1))
