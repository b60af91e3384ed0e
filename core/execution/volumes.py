"""What VWAP needs to know of a market: its usual volume, learnt from candles, and what it trades while a parent works.

Nobody waits here. A curve that is asked for and not there is fetched in the background, and until then the answer is
"loading"; a venue that can't say what it traded is left out, and the curve says on how many venues it rests.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

from core.domain.candles import MINUTE_US, Candle
from core.domain.clock import MICROSECONDS, Clock
from core.domain.enums import MarketType
from core.domain.errors import FathomError
from core.domain.events import OrderEvent
from core.domain.market import ExpectedVolume, VolumeView
from core.domain.plan import ExecutionRequest
from core.exchanges.connector import ExchangeConnector
from core.execution.meter import VolumeMeter
from core.execution.state import ParentState
from core.execution.tasks import TaskOwner
from core.market.curve import VolumeCurve, volume_curve
from core.market.tape import MarketTape
from core.strategies.params import VwapParams

log = logging.getLogger(__name__)

_DAY_US = 1_440 * MINUTE_US
# A curve is good for this long; then it is fetched again while the old one serves.
_FRESH_US = _DAY_US // 4
# After a failure, or when there were no candles, the venues are asked again this much later.
_AGAIN_US = 60 * MICROSECONDS
# A venue that has not delivered its candles by then is left out.
_DEADLINE_S = 30.0

_Key = tuple[str, tuple[str, ...], int]


@dataclass(slots=True)
class _Kept:
    """A curve as it was last fetched; None where no venue had candles."""

    curve: ExpectedVolume | None
    good_until_us: int


@final
class Volumes:
    """Curves by (symbol, venues, days), and a meter for every parent that asks."""

    def __init__(self, connectors: Mapping[str, ExchangeConnector], tape: MarketTape, clock: Clock, tasks: TaskOwner) -> None:
        self._connectors = connectors
        self._tape = tape
        self._clock = clock
        self._tasks = tasks
        self._kept: dict[_Key, _Kept] = {}
        self._loading: set[_Key] = set()
        self._given: dict[str, ExpectedVolume] = {}
        self._meters: dict[str, VolumeMeter] = {}

    def use(self, symbol: str, curve: ExpectedVolume) -> None:
        """Use this curve for `symbol` whatever the venues know: for recordings, which have no past, and for better history."""
        self._given[symbol] = curve

    def view(self, request: ExecutionRequest, parent: ParentState | None = None) -> VolumeView:
        """What is known now of the request's venues; `parent` is the one under way, if it is."""
        # A comparison asks on behalf of another strategy's request, which has no lookback of its own.
        days = int(str(request.params.get("lookback_days", VwapParams().lookback_days)))
        venues = self._venues(request)
        key = (request.symbol, venues, days)
        curve = self._given.get(request.symbol)
        if curve is None:
            curve = self._curve(key)
        traded = None
        if parent is not None:
            traded = parent.market_traded = self._meter(parent, venues).read(parent.started_us or parent.created_us)
        return VolumeView(curve, loading=curve is None and key in self._loading, traded=traded)

    def on_event(self, event: OrderEvent) -> None:
        """Our own fills are no market to take part in, where they are printed."""
        fill = event.fill
        if fill is None or not self._meters or not self._connectors[fill.venue].capabilities.prints_own_trades:
            return
        for meter in self._meters.values():
            meter.exclude(fill)

    def forget(self, parent_id: str) -> None:
        """A parent is over."""
        self._meters.pop(parent_id, None)

    # -- inside ------------------------------------------------------------------------------------

    def _venues(self, request: ExecutionRequest) -> tuple[str, ...]:
        """Those that the request may trade on, in a fixed order."""
        params = request.params
        allowed = {MarketType.SPOT: params.get("include_spot", True), MarketType.PERP: params.get("include_perp", True)}
        chosen = []
        for venue in request.exchanges or tuple(self._connectors):
            instrument = self._connectors[venue].instruments.get(request.symbol)
            if instrument is not None and allowed[instrument.market_type]:
                chosen.append(venue)
        return tuple(sorted(chosen))

    def _meter(self, parent: ParentState, venues: tuple[str, ...]) -> VolumeMeter:
        if parent.id not in self._meters:
            self._meters[parent.id] = VolumeMeter(self._tape, self._clock, parent.request.symbol, venues, parent.market_traded)
        return self._meters[parent.id]

    def _curve(self, key: _Key) -> ExpectedVolume | None:
        kept = self._kept.get(key)
        stale = kept is None or kept.good_until_us <= self._clock.now_us()
        if stale and key not in self._loading and not self._tasks.closed and _in_loop():
            self._loading.add(key)
            self._tasks.spawn(self._load(key), f"candles of {key[0]}")
        return None if kept is None else kept.curve

    async def _load(self, key: _Key) -> None:
        _, venues, _ = key
        curve: VolumeCurve | None = None
        try:
            curve = volume_curve(await self._candles(*key))
        finally:
            old = self._kept.get(key)
            whole = curve is not None and len(curve.venues) == len(venues)
            kept = curve if curve is not None or old is None else old.curve
            self._kept[key] = _Kept(kept, self._clock.now_us() + (_FRESH_US if whole else _AGAIN_US))
            self._loading.discard(key)

    async def _candles(self, symbol: str, venues: tuple[str, ...], days: int) -> dict[str, Sequence[Candle]]:
        """Of the venues that deliver in time."""
        now_us = self._clock.now_us()
        until_us = now_us - now_us % MINUTE_US  # the minute under way is not whole
        since_us = until_us - days * _DAY_US
        fetching = {venue: self._tasks.watch(self._fetch(venue, symbol, since_us, until_us), f"candles of {venue}") for venue in venues}
        deadline = self._tasks.watch(self._clock.sleep(_DEADLINE_S), f"deadline for candles of {symbol}")
        while not deadline.done() and (missing := [task for task in fetching.values() if not task.done()]):
            await asyncio.wait([deadline, *missing], return_when=asyncio.FIRST_COMPLETED)
        arrived = {venue: task.result() for venue, task in fetching.items() if task.done() and task.exception() is None}
        for task in (deadline, *fetching.values()):
            task.cancel()
        return arrived

    async def _fetch(self, venue: str, symbol: str, since_us: int, until_us: int) -> Sequence[Candle]:
        try:
            return await self._connectors[venue].candles(symbol, since_us, until_us)
        except FathomError as error:
            log.warning("no candles from %s: %s", venue, error, extra={"detail": error.detail})
            return ()


def _in_loop() -> bool:
    """Whether a task can be started: a script may preview before it runs a loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
