"""One venue's made-up book: quotes that follow the pivot, levels that come and go, trades that eat them.

Sizes are heavy-tailed, thin near the touch and larger further out, with walls at round prices.
Every update touches a few dozen levels and says only those.
"""

from __future__ import annotations

import math
from random import Random
from typing import final

from core.domain.clock import MICROSECONDS
from core.domain.enums import OrderSide
from core.domain.instruments import Instrument
from core.domain.market import BookMessage, MarketMessage, PublicTrade
from core.exchanges.paper.demo_venues import DemoSymbol, DemoVenue
from core.exchanges.paper.synthetic_ladder import Ladder
from core.exchanges.paper.synthetic_price import BPS, FairPrice

_SPAN_BPS = 100.0  # the ladder reaches this far from the pivot
_CROWDING = 2.5  # levels at distance span * u ** this, for even u: dense at the touch
_NEAR_BPS = 0.6
_FLOOR = 0.05  # a level's mean size next to the touch, as part of one at the far end
_NOISE = 0.9  # sigma of the lognormal sizes
_WHALES, _WHALE = 0.02, 5.0  # how often, and how much larger
_WALL = (4.0, 9.0)  # times the usual size
_TOUCH = 0.003  # mean size at the touch, as part of the whole side
_OFFSET_MEMORY_S = 40.0
_SLACK_BPS = 0.02  # a touch this close to where it should be stays
_BIRTHS = 4
_RESIZES = 4
_PRINT, _PRINT_NOISE = 0.00005, 1.5  # median trade, as part of the whole side, and its sigma
_SWEEP = 4  # levels a single trade may run through
_ARBITRAGE = 0.15  # part of the quotes caught on the wrong side of the pivot that trade; the rest is pulled in time


@final
class SyntheticBook:
    """The market of one symbol on one venue. All randomness is `random`'s."""

    def __init__(self, instrument: Instrument, venue: DemoVenue, symbol: DemoSymbol, random: Random, now_us: int) -> None:
        self.instrument = instrument
        self.venue = venue
        self._random = random
        self._tick = float(instrument.tick)
        self._unit = float(instrument.size_unit)
        self._side_amount = venue.depth * symbol.depth_scale
        # Mean of the size profile over the level density: with it the side adds up to its depth.
        self._mean_size = self._side_amount / venue.levels / (_FLOOR + 1 / (_CROWDING + 1))
        self._wall_ticks = round(symbol.wall_step / self._tick)
        self._ladders = (Ladder(1), Ladder(-1))
        self._offset_bps = random.gauss(0.0, venue.offset_bps)
        self._at_us = now_us
        self._seq = random.randrange(10**9, 10**10)
        self._trade_id = random.randrange(10**8, 10**9)

    def shift(self, by_us: int) -> None:
        """Time was skipped: pretend that nothing happened meanwhile."""
        self._at_us += by_us

    def snapshot(self, fair: FairPrice, now_us: int) -> BookMessage:
        """Fill the empty book and state it whole."""
        self._at_us = now_us
        for ladder in self._ladders:
            best, _ = self._targets(ladder, fair.pivot)
            self._put_touch(ladder, best)
            for rank in range(1, self.venue.levels):
                distance = _SPAN_BPS * ((rank + self._random.random()) / self.venue.levels) ** _CROWDING
                self._put_level(ladder, best, distance)
            self._put_walls(ladder, best)
        return self._book_message(now_us, is_snapshot=True)

    def is_caught(self, pivot: float) -> bool:
        """Whether the touch is on the wrong side of the pivot, so that others would trade with it at once."""
        return any(ladder.best is not None and ladder.best > self._targets(ladder, pivot)[1] for ladder in self._ladders)

    def update(self, fair: FairPrice, now_us: int) -> list[MarketMessage]:
        """Everything that happened on this venue since the last update: trades first, then the changes of the book."""
        elapsed_s = max(now_us - self._at_us, 0) / MICROSECONDS
        self._at_us = now_us
        self._wander(elapsed_s)
        messages: list[MarketMessage] = []
        for ladder in self._ladders:
            self._retreat(ladder, fair.pivot, now_us, messages)
        self._print_trades(fair, elapsed_s, now_us, messages)
        for ladder in self._ladders:
            self._requote(ladder, fair.pivot)
            self._churn(ladder, fair.pivot)
        messages.append(self._book_message(now_us, is_snapshot=False))
        return messages

    def evade(self, fair: FairPrice, now_us: int) -> list[MarketMessage]:
        """Only what can't wait: quotes that the pivot has passed are traded or pulled."""
        messages: list[MarketMessage] = []
        for ladder in self._ladders:
            self._retreat(ladder, fair.pivot, now_us, messages)
            self._requote(ladder, fair.pivot)
        messages.append(self._book_message(now_us, is_snapshot=False))
        return messages

    def _wander(self, elapsed_s: float) -> None:
        keep = math.exp(-elapsed_s / _OFFSET_MEMORY_S)
        self._offset_bps = self._offset_bps * keep + self._random.gauss(0.0, self.venue.offset_bps) * math.sqrt(1 - keep * keep)

    def _targets(self, ladder: Ladder, pivot: float) -> tuple[int, int]:
        """Keys of where the best level should be, and of the best price still on the right side of the pivot."""
        sign = ladder.sign
        middle = pivot * (1 + (self.venue.basis_bps + self._offset_bps) * BPS)
        allowed = math.ceil(sign * pivot / self._tick) - 1
        wanted = math.floor(sign * middle * (1 - sign * self.venue.half_spread_bps * BPS) / self._tick)
        return min(wanted, allowed), allowed

    def _retreat(self, ladder: Ladder, pivot: float, now_us: int, messages: list[MarketMessage]) -> None:
        """Take away what is on the wrong side of the pivot; someone was quick enough to trade with part of it."""
        _, allowed = self._targets(ladder, pivot)
        while (best := ladder.best) is not None and best > allowed:
            key, units = ladder.eat(ladder.sizes[best])
            if self._random.random() < _ARBITRAGE:
                messages.append(self._trade(ladder, key, units, now_us))

    def _print_trades(self, fair: FairPrice, elapsed_s: float, now_us: int, messages: list[MarketMessage]) -> None:
        random = self._random
        expected = self.venue.trades_per_s * elapsed_s * (1 + abs(fair.pull))
        while expected > 0 and random.random() < expected:
            expected -= 1
            buys = random.random() < 0.5 + 0.35 * fair.pull
            ladder = self._ladders[1 if buys else 0]
            left = self._units(_PRINT * self._side_amount * random.lognormvariate(0.0, _PRINT_NOISE))
            for _ in range(_SWEEP):
                if left <= 0 or len(ladder.keys) <= 1:
                    break
                key, units = ladder.eat(left)
                left -= units
                messages.append(self._trade(ladder, key, units, now_us))

    def _requote(self, ladder: Ladder, pivot: float) -> None:
        """Bring the touch to where it should be, filling in behind it, or pull quotes that stand too far out."""
        random = self._random
        wanted, _ = self._targets(ladder, pivot)
        slack = int(_SLACK_BPS * BPS * pivot / self._tick)
        best = ladder.best
        if best is None or best < wanted - slack:
            self._put_touch(ladder, wanted)
            gap = wanted - best if best is not None else 0
            for _ in range(min(gap - 1, 3)):
                self._put_level(ladder, wanted, random.random() * gap * self._tick / pivot / BPS)
        while (best := ladder.best) is not None and best > wanted + slack and len(ladder.keys) > 1 and random.random() < 0.6:
            ladder.drop(best)

    def _churn(self, ladder: Ladder, pivot: float) -> None:
        """Orders come and go: half of them close to the touch, the others anywhere."""
        random, keys = self._random, ladder.keys
        best = ladder.best
        assert best is not None  # _requote has seen to it
        for birth in range(_BIRTHS):
            near = birth % 2 == 0
            self._put_level(ladder, best, _NEAR_BPS * random.random() ** 2 if near else _SPAN_BPS * random.random() ** _CROWDING)
        if random.random() < 0.05:
            self._put_walls(ladder, best)
        for _ in range(_RESIZES):
            key = keys[-1 - int(min(len(keys), 24) * random.random() ** 2)]
            ladder.put(key, max(round(ladder.sizes[key] * random.lognormvariate(0.0, 0.35)), 1))
        far = best - int(_SPAN_BPS * 1.05 * BPS * pivot / self._tick)
        while keys[0] < far:
            ladder.drop(keys[0])
        while len(keys) > self.venue.levels:
            key = keys[int((len(keys) - 3) * random.random())]
            if key % self._wall_ticks or random.random() < 0.05:
                ladder.drop(key)

    def _put_level(self, ladder: Ladder, best: int, distance_bps: float) -> None:
        key = best - max(round(distance_bps * BPS * abs(best)), 1)
        ladder.put(key, self._units(self._usual(distance_bps) * self._noise()))

    def _put_touch(self, ladder: Ladder, key: int) -> None:
        ladder.put(key, self._units(_TOUCH * self._side_amount * self._noise()))

    def _put_walls(self, ladder: Ladder, best: int) -> None:
        """Large resting size at every round price in reach that has none yet."""
        step = self._wall_ticks
        key = (best - 1) // step * step
        far = best - int(_SPAN_BPS * BPS * abs(best))
        while key > far:
            if key not in ladder.sizes:
                rounder = 2.0 if key % (5 * step) == 0 else 1.0
                ladder.put(key, self._units(self._usual((best - key) / abs(best) / BPS) * self._random.uniform(*_WALL) * rounder))
            key -= step

    def _usual(self, distance_bps: float) -> float:
        """Mean size of a level at this distance, in base."""
        return self._mean_size * (_FLOOR + distance_bps / _SPAN_BPS)

    def _noise(self) -> float:
        """Heavy-tailed, with a mean near 1."""
        noise = self._random.lognormvariate(-_NOISE * _NOISE / 2, _NOISE)
        return noise * _WHALE if self._random.random() < _WHALES else noise

    def _units(self, amount: float) -> int:
        return max(round(amount / self._unit), 1)

    def _trade(self, ladder: Ladder, key: int, units: int, now_us: int) -> PublicTrade:
        self._trade_id += 1
        taker = OrderSide.SELL if ladder.sign > 0 else OrderSide.BUY
        instrument = self.instrument
        return PublicTrade(
            instrument.venue, instrument.symbol, now_us - self._wire_us, now_us, key * ladder.sign, units, taker, str(self._trade_id)
        )

    @property
    def _wire_us(self) -> int:
        return round(self.venue.latency_ms * 500)

    def _book_message(self, now_us: int, *, is_snapshot: bool) -> BookMessage:
        previous, self._seq = self._seq, self._seq + self._random.randrange(1, 40)
        bids, asks = (ladder.drain() for ladder in self._ladders)
        prev_seq = None if is_snapshot else previous
        return BookMessage(
            is_snapshot,
            self.instrument.venue,
            self.instrument.symbol,
            now_us - self._wire_us,
            now_us,
            self._seq,
            prev_seq,
            *bids,
            *asks,
        )
