"""The price that all venues of a symbol agree on, more or less.

A random walk whose volatility wanders and returns, with short bursts that trend. What the venues
quote around is the *pivot*, which follows in small steps: between steps no quote has a reason to move,
and since every bid is below the pivot and every ask above it, no two venues can be crossed for long.
"""

from __future__ import annotations

import math
from random import Random
from typing import final

from core.domain.clock import MICROSECONDS

BPS = 1e-4

_VOLATILITY_BPS = 0.45  # per square root of a second: about 25 % a year
_VOLATILITY_SD = 0.35  # of its logarithm
_VOLATILITY_MEMORY_S = 60.0
_BURSTS_PER_S = 1 / 45
_BURST_S = (2.0, 8.0)
_BURST_DRIFT_BPS = 1.2  # per second
_BURST_VOLATILITY = 2.2  # times
_STEP_BPS = 0.3
_LONGEST_STEP_S = 1.0


@final
class FairPrice:
    """One symbol's common price. Prices are floats: they only decide where quotes are put.

    Attributes:
        pivot: what venues quote around, quote per base.
        pull: where the price is on its way to the pivot's next step, -1 (down) to +1 (up).
    """

    def __init__(self, price: float, random: Random, now_us: int) -> None:
        self.pivot = price
        self.pull = 0.0
        self._price = price
        self._random = random
        self._at_us = now_us
        self._log_volatility = random.gauss(0.0, _VOLATILITY_SD)
        self._burst_until_us = now_us
        self._drift = 0.0

    def shift(self, by_us: int) -> None:
        """Time was skipped: pretend that nothing happened meanwhile."""
        self._at_us += by_us
        self._burst_until_us += by_us

    def advance(self, now_us: int) -> bool:
        """Move on to `now_us`; whether the pivot took a step."""
        elapsed_s = min((now_us - self._at_us) / MICROSECONDS, _LONGEST_STEP_S)
        if elapsed_s <= 0:
            return False
        self._at_us = now_us
        self._price *= 1 + self._change_bps(now_us, elapsed_s) * BPS
        away = (self._price / self.pivot - 1) / BPS / _STEP_BPS
        if abs(away) < 1:
            self.pull = away
            return False
        self.pivot = self._price
        return True

    def _change_bps(self, now_us: int, elapsed_s: float) -> float:
        random = self._random
        keep = math.exp(-elapsed_s / _VOLATILITY_MEMORY_S)
        self._log_volatility = self._log_volatility * keep + random.gauss(0.0, _VOLATILITY_SD) * math.sqrt(1 - keep * keep)
        sigma = _VOLATILITY_BPS * math.exp(self._log_volatility)
        drift = 0.0
        if now_us < self._burst_until_us:
            sigma *= _BURST_VOLATILITY
            drift = self._drift
        elif random.random() < _BURSTS_PER_S * elapsed_s:
            self._burst_until_us = now_us + round(random.uniform(*_BURST_S) * MICROSECONDS)
            self._drift = random.gauss(0.0, _BURST_DRIFT_BPS)
        return drift * elapsed_s + random.gauss(0.0, sigma) * math.sqrt(elapsed_s)
