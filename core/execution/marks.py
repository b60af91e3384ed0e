"""Notes down the market at the moments that transaction cost analysis asks about: they can't be asked for afterwards.

It only listens. Decision: the parent is recorded. Arrival: it runs for the first time, a trigger's when it triggers.
Each taker fill is measured against the mid when its order went out, each maker fill against the mid when it was hit:
by the time a sweep's fills are known, the mid has moved because of it. Every mark is journaled as well, so that a
report made after a restart says the same.

What the strategy expected is worked out on the books of the arrival, but only once an order has gone out: that is half a
millisecond of planning which no order should wait for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import final

from core.domain.comparison import Comparison
from core.domain.enums import Liquidity
from core.domain.events import OrderEvent, OrderEventKind
from core.domain.orders import ChildStatus, Fill, Knowledge, OrderSnapshot, ParentStatus
from core.domain.plan import ExecutionRequest
from core.execution.manager import OrderManager
from core.execution.state import ParentState
from core.execution.tca import Execution, Mark, MarketTraded
from core.journal.entry import Kind
from core.market.tape import MarketTape


@dataclass(slots=True)
class Marks:
    """What was noted of one parent.

    Attributes:
        sent_mids: child id -> merged mid when it went out, or was changed.
        fill_mids: (venue, trade id) -> the mid that the fill is measured against.
        predicted: what its strategy expected of all of it at the arrival.
        foresee: works that out, from the market of the arrival; None once it has.
        traded: what the market did meanwhile, once that is settled.
    """

    decision: Mark
    arrival: Mark | None = None
    end: Mark | None = None
    sent_mids: dict[str, Decimal | None] = field(default_factory=dict)
    fill_mids: dict[tuple[str, str], Decimal | None] = field(default_factory=dict)
    predicted: Comparison | None = None
    foresee: Callable[[], Comparison] | None = None
    traded: MarketTraded | None = None


@final
class Marker:
    """Keeps the marks of every parent of `manager`.

    Args:
        predict: looks at the market now and returns what works out, at any later time, what the request's strategy would cost on it.
    """

    def __init__(self, manager: OrderManager, tape: MarketTape, predict: Callable[[ExecutionRequest], Callable[[], Comparison]]) -> None:
        self._manager = manager
        self._clock = manager.clock
        self._tape = tape
        self._predict = predict
        self._marks: dict[str, Marks] = {}
        self.close = manager.on_event(self._on_event)

    def execution(self, parent_id: str) -> Execution:
        """All that is measured of a parent so far; the present stands for its end while it runs.

        Raises:
            UnknownOrder: there is no such parent.
        """
        parent = self._manager.parent(parent_id)
        request, marks = parent.request, self._of(parent)
        self._foresee(parent.id, marks)
        end = marks.end or self._mark(request.symbol, request.exchanges)
        return Execution(
            order_id=parent.id,
            symbol=request.symbol,
            side=request.side,
            strategy=request.strategy,
            amount=request.amount,
            decision=marks.decision,
            arrival=marks.arrival,
            fills=[(fill, marks.fill_mids.get((fill.venue, fill.trade_id))) for fill in parent.executed.fills],
            end=end,
            running=marks.end is None,
            market=marks.traded or self._traded(request, marks.arrival, end),
            predicted=marks.predicted,
        )

    def remember(self, execution: Execution) -> None:
        """Take over what was measured before a restart."""
        marks = self._marks[execution.order_id] = Marks(execution.decision, execution.arrival, predicted=execution.predicted)
        marks.fill_mids = {(fill.venue, fill.trade_id): mid for fill, mid in execution.fills}
        if not execution.running:
            marks.end, marks.traded = execution.end, execution.market

    def _on_event(self, event: OrderEvent) -> None:
        order = event.order
        parent = self._manager.parent(order.parent_id or order.id)
        marks = self._of(parent)
        if order.is_parent:
            self._on_parent(order, parent.request, marks)
        elif event.fill is not None:
            self._on_fill(order, event.fill, marks)
        elif event.kind is OrderEventKind.CREATED or order.pending_price is not None:
            marks.sent_mids[order.id] = self._mid(order.symbol, parent.request.exchanges)
        if _has_left(order):
            self._foresee(parent.id, marks)

    def _on_parent(self, order: OrderSnapshot, request: ExecutionRequest, marks: Marks) -> None:
        if marks.arrival is None and order.status is ParentStatus.RUNNING:
            marks.arrival = self._mark(order.symbol, request.exchanges)
            marks.foresee = self._predict(request)
            body: dict[str, object] = {"mid": marks.arrival.mid, "decision_us": marks.decision.ts_us, "decision_mid": marks.decision.mid}
            self._journal(order.id, Kind.ARRIVAL, body)
        elif marks.end is None and order.status.terminal:
            self._foresee(order.id, marks)
            marks.end = self._mark(order.symbol, request.exchanges)
            traded = self._traded(request, marks.arrival, marks.end)
            self._journal(order.id, Kind.ENDED, {"mid": marks.end.mid, "status": order.status, **asdict(traded)})

    def _foresee(self, parent_id: str, marks: Marks) -> None:
        """Work out what was expected, once."""
        if marks.foresee is not None:
            marks.predicted, marks.foresee = marks.foresee(), None
            self._journal(parent_id, Kind.PREDICTED, asdict(marks.predicted))

    def _on_fill(self, order: OrderSnapshot, fill: Fill, marks: Marks) -> None:
        venues = self._manager.parent(order.parent_id or order.id).request.exchanges
        sent_mid = marks.sent_mids.get(order.id) if fill.liquidity is Liquidity.TAKER else None
        mid = sent_mid if sent_mid is not None else self._mid(order.symbol, venues)
        marks.fill_mids[fill.venue, fill.trade_id] = mid
        self._journal(order.id, Kind.FILL_MID, {"venue": fill.venue, "trade_id": fill.trade_id, "mid": mid})

    def _of(self, parent: ParentState) -> Marks:
        marks = self._marks.get(parent.id)
        if marks is None:
            mid = self._mid(parent.request.symbol, parent.request.exchanges)
            marks = self._marks[parent.id] = Marks(Mark(parent.created_us, mid))
        return marks

    def _mid(self, symbol: str, venues: Sequence[str]) -> Decimal | None:
        return self._tape.mid_now(symbol, venues, self._clock.now_us())

    def _mark(self, symbol: str, venues: Sequence[str]) -> Mark:
        return Mark(self._clock.now_us(), self._mid(symbol, venues))

    def _traded(self, request: ExecutionRequest, arrival: Mark | None, end: Mark) -> MarketTraded:
        if arrival is None:
            return MarketTraded()
        where = (request.symbol, request.exchanges, arrival.ts_us, end.ts_us)
        return MarketTraded(self._tape.traded(*where), self._tape.vwap(*where), self._tape.twap(*where))

    def _journal(self, order_id: str, kind: Kind, body: dict[str, object]) -> None:
        self._manager.journal.append(self._clock.now_us(), order_id, kind, body)


def _has_left(order: OrderSnapshot) -> bool:
    """Whether a child's order has gone out, or never will: nothing waits for us on its account."""
    waits = (ChildStatus.INTENT, ChildStatus.SUBMITTING)
    return not order.is_parent and (order.status not in waits or order.knowledge is not Knowledge.KNOWN)
