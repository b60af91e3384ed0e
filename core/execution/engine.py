"""The execution engine: what a trader or a script asks, it checks, previews, starts and steers.

Planning is the strategies' (pure), acting is the workers' (one per parent), state is the manager's. The engine
only joins them, so preview and execution can't disagree: both call the same planner.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, final

from core.domain.comparison import Comparison
from core.domain.enums import ExecutionStrategy, OrderSide, OrderType
from core.domain.errors import JournalError, NotPossible, UnknownOrder
from core.domain.events import OrderEvent
from core.domain.kill import KillReport
from core.domain.market import MarketMessage, MarketView, PublicTrade
from core.domain.numbers import to_decimal
from core.domain.orders import ChildStatus, ParentStatus
from core.domain.plan import ExecutionRequest, Plan
from core.domain.tca import TcaReport
from core.exchanges.connector import ExchangeConnector
from core.execution.compare import FLOW_WINDOW_S, compare, compare_one
from core.execution.effective import as_worked
from core.execution.estimate import Flow
from core.execution.kill import KillSwitch
from core.execution.live import LiveChildren
from core.execution.manager import OrderManager
from core.execution.marks import Marker
from core.execution.modifying import Modifier
from core.execution.order import Order
from core.execution.patience import patiently
from core.execution.perps import check_reducible, perps_of
from core.execution.preview import with_conditions
from core.execution.reconcile import Reconciler
from core.execution.requests import build_request
from core.execution.risk.gate import RiskGate
from core.execution.risk.limits import RiskLimits
from core.execution.state import ParentState
from core.execution.tasks import TaskOwner
from core.execution.tca import Execution, tca
from core.execution.triggers import check_not_reached
from core.execution.volumes import Volumes
from core.execution.worker import Worker
from core.market.store import OrderBooks
from core.market.tape import MarketTape
from core.strategies.params import Params, parse_params
from core.strategies.registry import find_strategy


@final
class ExecutionEngine:
    """Smart order routing over many venues.

    Args:
        order_manager: owner of all order state.
        exchange_connectors: venue name -> connector.
        orderbooks: the books that plans are made from.
        limits: the trader's own; None sets none, and only the kill switch and unusable books hold an order back.

    Attributes:
        tape: what the market traded and where its mid stood, hours back.
        volumes: what the market usually trades, and when.
        live: the children that are not known to be over.
        risk: the gate that every parent and every child passes.
        reconciler: compares with the venues what is open.
        make_ready: awaited with an order's symbol before it starts, where books come only when asked for; True when they were not
            there before. None: all books are kept.
        on_stopped: called when the kill switch is pulled or released; None: nobody remembers it.
    """

    def __init__(
        self,
        order_manager: OrderManager,
        exchange_connectors: Mapping[str, ExchangeConnector],
        orderbooks: OrderBooks,
        limits: RiskLimits | None = None,
    ) -> None:
        self._manager = order_manager
        self._connectors = dict(exchange_connectors)
        self._books = orderbooks
        self._clock = order_manager.clock
        self.tape = MarketTape(orderbooks)
        self.make_ready: Callable[[str], Awaitable[bool]] | None = None
        self.on_stopped: Callable[[], object] | None = None
        self._workers: dict[str, Worker] = {}
        self._tasks = TaskOwner()
        self.volumes = Volumes(self._connectors, self.tape, self._clock, self._tasks)
        self._marker = Marker(order_manager, self.tape, self._foresee)
        self.live = LiveChildren(order_manager)
        self.risk = RiskGate(order_manager, self._connectors, orderbooks, self.live, self._tasks, limits)
        self.reconciler = Reconciler(order_manager, self._connectors, orderbooks, self.live, self._tasks)
        self._modifier = Modifier(order_manager, self._connectors, self.risk, self._workers.get, self._market)
        self._kill_switch = KillSwitch(order_manager, self._connectors, self.live, self._stop_parents)
        self._stop_listening = order_manager.on_event(self._on_event)
        self._stop_watching = orderbooks.on_message(self._on_message)
        self._stop_worrying = order_manager.journal.on_trouble(self._on_trouble)

    # -- asking ------------------------------------------------------------------------------------

    def request(self, **words: Any) -> ExecutionRequest:
        """The keywords of `execute_order`, checked and normalised.

        Raises:
            BadRequest: with a sentence that says what to change; also for a trigger that the market has reached already.
        """
        instruments = {venue: connector.instruments for venue, connector in self._connectors.items()}
        request = build_request(instruments, now_us=self._clock.now_us(), **words)
        check_not_reached(request, self._market(request).live())
        return request

    def preview(self, request: ExecutionRequest) -> Plan:
        """What would be done with `request` now; nothing is sent. The planner is the one that execution uses."""
        params = parse_params(request.strategy, request.params)
        plan = find_strategy(request.strategy).plan(as_worked(request), self._market(request), params)
        shown = with_conditions(plan, request, perps_of(request, self._connectors))
        why_not = shown.blocking or self.risk.why_not(request)
        return shown if why_not == shown.blocking else replace(shown, blocking=why_not)

    def compare(self, request: ExecutionRequest) -> list[Comparison]:
        """What every strategy would do with `request` now, one entry each; nothing is sent and nothing raises.

        The request's own strategy keeps its parameters, the others take their defaults; `core.execution.estimate` says how
        the working algos' future is estimated.
        """
        return compare(request, self._market(request, volume=True), self._flow(request.symbol), find_strategy)

    def tca(self, order_id: str) -> TcaReport:
        """What a parent has cost so far, and why; while it runs the present mid stands for the end's.

        Raises:
            UnknownOrder: there is no parent of that id.
        """
        return tca(self._marker.execution(order_id))

    # -- acting ------------------------------------------------------------------------------------

    async def execute_order(
        self,
        symbol: str,
        side: OrderSide | str,
        amount: Decimal | str | int | float,
        order_type: OrderType | str = OrderType.LIMIT,
        price: Decimal | str | int | float | None = None,
        strategy: ExecutionStrategy | str = ExecutionStrategy.BEST_PRICE,
        exchanges: Sequence[str] | None = None,
        params: Mapping[str, object] | None = None,
        **more: Any,
    ) -> Order:
        """Start a parent order and return it at once; `await parent.done()` waits for its end.

        Args:
            symbol: `BTC/USDT`.
            side, order_type, strategy: members or their names.
            amount: base.
            price: limit, quote per base; market orders take none.
            exchanges: venues to use; None is every venue that trades the symbol.
            params: the strategy's parameters, see `core.strategies.params`.
            more: `time_in_force`, `post_only`, `reduce_only`, triggers, expiry, leverage: see `core.execution.requests.build_request`.

        Raises:
            BadRequest, RiskDenied: nothing was sent.
            JournalError: nothing was sent.
        """
        words = {"symbol": symbol, "side": side, "amount": amount, "order_type": order_type, "price": price}
        return await self.execute(self.request(**words, strategy=strategy, exchanges=exchanges, params=params, **more))

    async def execute(self, request: ExecutionRequest, *, repeats: bool = False) -> Order:
        """Start a parent order from a checked request.

        Args:
            repeats: the trader knows that it is the same as the last one.

        Raises:
            RiskDenied: a limit or the kill switch forbids it; the sentence says which and by how much.
            BadPrice: its trigger is reached already by books that were not watched when it was asked for.
            NotPossible: a reduce-only order without a position to reduce.
            VenueError: the venue did not tell its position.
        """
        if self.make_ready is not None and await self.make_ready(request.symbol):
            check_not_reached(request, self._market(request).live())
        if request.reduce_only:
            await check_reducible(request, self._connectors)
        strategy = find_strategy(request.strategy)
        params = parse_params(request.strategy, request.params)
        self.risk.check_parent(request, repeats=repeats)
        order = self._manager.create_parent(request)
        self.risk.placed(request, self._clock.now_us())
        parent = self._manager.parent(order.id)
        worker = Worker(parent, strategy, params, self._manager, lambda: self._market(parent.request, parent))
        self._start(worker)
        await asyncio.sleep(0)  # by now its first children are on record and share the commit
        try:
            await self._manager.record.durable()
        except JournalError as error:
            worker.request_cancel(str(error))
            self.risk.unplaced(request)
            raise
        return order

    def remember(self, execution: Execution) -> None:
        """What was measured of a parent before a restart: its cost goes on being counted from there."""
        self._marker.remember(execution)

    def restore(self, parent: ParentState) -> None:
        """Take up a parent that a restart brought back, in the state it is in.

        Raises:
            BadRequest: its strategy or its parameters are not known any more.
        """
        strategy, params = find_strategy(parent.request.strategy), parse_params(parent.request.strategy, parent.request.params)
        self._start(Worker(parent, strategy, params, self._manager, lambda: self._market(parent.request, parent)))

    def restore_to_cancel(self, parent: ParentState, why: str) -> None:
        """Take up a parent that nobody knows any more how to work: it can be cancelled, and that is all."""
        if parent.status is not ParentStatus.CANCELLING:
            self._manager.move_parent(parent, parent.status, why)
        self._start(Worker(parent, None, Params(), self._manager, lambda: self._market(parent.request, parent)))

    def _start(self, worker: Worker) -> None:
        self._workers[worker.parent.id] = worker
        self._tasks.spawn(self._work(worker), f"worker {worker.parent.id}")

    async def _work(self, worker: Worker) -> None:
        try:
            await worker.run()
        finally:
            self._workers.pop(worker.parent.id, None)
            self.volumes.forget(worker.parent.id)

    async def cancel_execution(self, order_id: str) -> bool:
        """Cancel a parent with all its children, or one child. Never asks twice, never waits for ever.

        Returns:
            True when the order ended cancelled, or a silent venue keeps it cancelling: nothing is placed any more, and the
            cancel goes on. False when it was over before, or filled first.

        Raises:
            UnknownOrder: there is no such order.
            NotPossible: a child on a venue that is not open in this session.
        """
        order = self._manager.order(order_id)
        child = self._manager.child(order_id)
        if child is not None:
            if child.settled:
                return False
            if (venue := child.planned.exchange) not in self._connectors:
                raise NotPossible(f"{venue} is not open now, so its order can't be cancelled from here. Cancel it there.")
            self._manager.cancel(child, release=not child.parent.request.strategy.works_over_time, urgent=True, insist=True)
            await patiently(order.done(), self._clock)
            return order.status in (ChildStatus.CANCELLED, ChildStatus.NOT_PLACED) or (child.insisted and not child.settled)
        worker = self._workers.get(order_id)
        if worker is None or order.status is ParentStatus.CANCELLING:
            return False
        worker.request_cancel()
        await patiently(order.done(), self._clock)
        return order.status is ParentStatus.CANCELLED or not order.status.terminal

    async def cancel_all(self) -> int:
        """Cancel every working parent at once; how many there were."""
        ids = list(self._workers)
        for order_id in ids:
            self._workers[order_id].request_cancel()
        await asyncio.gather(*(patiently(self._manager.order(order_id).done(), self._clock) for order_id in ids))
        return len(ids)

    @property
    def killed(self) -> bool:
        """Whether the kill switch is on: nothing new is sent until `release_kill`."""
        return self.risk.stopped

    async def kill(self) -> KillReport:
        """Stop everything: no new order from this moment on, every parent stopped, every child cancelled on every venue.

        The venues are asked whether that is true; the report, which comes after ten seconds at the latest, names what could not
        be confirmed. Pulling it again looks again.
        """
        self.risk.stopped = True
        pulling = asyncio.ensure_future(self._kill_switch.pull())
        if self.on_stopped is not None:
            self.on_stopped()
        return await pulling

    def release_kill(self) -> None:
        """Allow trading again. What was stopped stays stopped."""
        if self.risk.stopped:
            self.risk.stopped = False
            if self.on_stopped is not None:
                self.on_stopped()
            self._manager.notify("info", "The kill switch was released: orders may be placed again.")

    def _stop_parents(self) -> int:
        for worker in self._workers.values():
            worker.request_cancel("stopped by the kill switch")
        return len(self._workers)

    async def modify_execution(
        self,
        order_id: str,
        new_price: Decimal | str | int | float | None = None,
        new_amount: Decimal | str | int | float | None = None,
        new_trigger_price: Decimal | str | int | float | None = None,
    ) -> bool:
        """Give a parent, or a single child, another price, another amount, or both. The strategy and its parameters stay.

        A parent that still waits can also get another trigger price.

        Returns:
            True when the order has the new values; False when they came too late.

        Raises:
            BadPrice, BadAmount: not a usable value, or less than is filled already.
            NotPossible: the order is over, or has no price to change.
            RiskDenied: a limit or the kill switch forbids it.
            UnknownOrder: there is no such order.
            VenueRefused: the venue refused to change the child; it is as it was.
            OutcomeUnknown: a venue has not answered; the change may still happen, and the order will show it.
        """
        return await self._modifier.modify(order_id, new_price, new_amount, new_trigger_price)

    async def resolve_child(self, order_id: str, filled: object = None) -> None:
        """The trader has checked at the venue: this quarantined child is not live. What was not filled of it becomes free again.

        Args:
            filled: base that the venue shows as filled of it, in all; None: as much as it has told us.

        Raises:
            UnknownOrder: there is no such child.
            NotPossible: its state needs no decision.
            BadAmount: no amount, less than is known to be filled, or more than was asked for.
        """
        child = self._manager.child(order_id)
        if child is None:
            raise UnknownOrder(f"There is no child order {order_id}.")
        await self._manager.resolve(child, None if filled is None else to_decimal(filled, "filled amount"))
        await self._manager.record.durable()

    def pause_execution(self, order_id: str) -> bool:
        """Stop placing and take resting children back; the schedule stands still. False when it is not running."""
        worker = self._workers.get(self._manager.order(order_id).id)
        return worker is not None and worker.pause()

    def resume_execution(self, order_id: str) -> bool:
        """Go on with a paused parent; False when it is not paused, or the kill switch is on."""
        if self.killed:
            return False
        worker = self._workers.get(self._manager.order(order_id).id)
        if worker is None or not any(venue in self._connectors for venue in worker.parent.request.exchanges):
            return False
        return worker.resume()

    # -- inside ------------------------------------------------------------------------------------

    def _foresee(self, request: ExecutionRequest) -> Callable[[], Comparison]:
        """What the request's strategy would cost on the market of this moment, to be worked out when there is time for it."""
        market, flow = self._market(request), self._flow(request.symbol)
        return lambda: compare_one(request.strategy, request, market, flow, find_strategy)

    def _flow(self, symbol: str) -> Flow:
        now_us = self._clock.now_us()
        return lambda venue: self.tape.rate(symbol, (venue,), now_us, FLOW_WINDOW_S)

    def _market(self, request: ExecutionRequest, parent: ParentState | None = None, *, volume: bool = False) -> MarketView:
        market = self._books.view(request.symbol, request.exchanges or None, self._clock.now_us())
        if not volume and request.strategy is not ExecutionStrategy.VWAP:
            return market
        return replace(market, volume=self.volumes.view(request, parent))

    def _on_event(self, event: OrderEvent) -> None:
        self.volumes.on_event(event)
        worker = self._workers.get(event.order.parent_id or event.order.id)
        if worker is not None and event.order.parent_id is not None:
            worker.wake()

    def _on_trouble(self, error: JournalError | None) -> None:
        """What can't be recorded must not be done: nobody places anything until the trader says so."""
        for worker in list(self._workers.values()) if error is not None else []:
            worker.pause(str(error))

    def _on_message(self, message: MarketMessage) -> None:
        if isinstance(message, PublicTrade):
            return
        for worker in self._workers.values():
            if worker.parent.request.symbol == message.symbol:
                worker.market_moved()

    async def close(self) -> None:
        """Stop all workers. Live children stay on their venues as they are."""
        self._stop_listening()
        self._stop_watching()
        self.reconciler.close()
        self.risk.close()
        self.live.close()
        self._stop_worrying()
        self._marker.close()
        self.tape.close()
        await self._tasks.close()
