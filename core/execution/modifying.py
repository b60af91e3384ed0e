"""What the trader changes of an order under way: checked here before anything is sent, then handed to whoever works it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, final

from core.domain.errors import BadAmount, BadPrice, FathomError, JournalError, NotPossible, OutcomeUnknown
from core.domain.market import MarketView
from core.domain.numbers import plain, to_decimal
from core.domain.plan import ExecutionRequest
from core.exchanges.connector import ExchangeConnector
from core.execution.amending import AmendWish, child_price
from core.execution.manager import OrderManager
from core.execution.order import Order
from core.execution.patience import patiently
from core.execution.risk.gate import RiskGate
from core.execution.state import ZERO, ChildState, ParentState
from core.execution.triggers import check_not_reached
from core.execution.worker import Worker


@final
class Modifier:
    """Gives parents and single children other terms.

    Args:
        worker_of: who works a parent; None when it is over.
        market: what a request can trade on at this moment.
    """

    def __init__(
        self,
        manager: OrderManager,
        connectors: Mapping[str, ExchangeConnector],
        gate: RiskGate,
        worker_of: Callable[[str], Worker | None],
        market: Callable[[ExecutionRequest], MarketView],
    ) -> None:
        self._manager = manager
        self._connectors = connectors
        self._gate = gate
        self._worker_of = worker_of
        self._market = market

    async def modify(self, order_id: str, new_price: object = None, new_amount: object = None, new_trigger_price: object = None) -> bool:
        """See `ExecutionEngine.modify_execution`, also for what this raises."""
        order = self._manager.order(order_id)
        price, amount = _price(new_price), _amount(new_amount)
        trigger = _price(new_trigger_price)
        if price is None and amount is None and trigger is None:
            raise NotPossible("Give a new price, a new amount, or both.")
        if amount is not None and amount < order.filled_amount:
            raise BadAmount(f"{plain(order.filled_amount)} is filled already; the amount can't go below it.")
        child = self._manager.child(order_id)
        if child is not None and trigger is None:
            return await self._modify_child(child, price, amount)
        worker = self._worker_of(order_id)
        if worker is None or worker.cancelling:
            raise NotPossible(f"Order {order_id} is {order.status.value} and can't be changed.")
        wish = self._checked(worker, price, amount, trigger)
        # On record first: what the journal refuses must not come true behind the refusal.
        words = {"price": wish.price, "amount": wish.amount, "trigger_price": wish.trigger_price}
        self._manager.record.wish(worker.parent, "change", **words)
        await self._manager.record.durable()
        if self._worker_of(order_id) is not worker or worker.cancelling:
            return False
        try:
            wish = self._checked(worker, price, amount, trigger)
        except FathomError:  # the market, or the order, has moved meanwhile
            self._manager.record.wish(worker.parent, "change refused")
            raise
        worker.request_amend(wish)
        await patiently(_until_over(order, wish), self._manager.clock)
        if not wish.applied.done() and not order.status.terminal:
            raise OutcomeUnknown(
                f"The change of {order_id} is still under way: a venue has not answered. The order shows it once it is known."
            )
        applied = wish.applied.done() and wish.applied.result()
        try:
            await self._manager.record.durable()
        except JournalError as error:
            if not applied:
                raise
            raise JournalError(f"Order {order_id} was changed, but that is not on record yet: {error}", detail=error.detail) from error
        return applied

    def _checked(self, worker: Worker, price: Decimal | None, amount: Decimal | None, trigger: Decimal | None) -> AmendWish:
        """What is to become of a parent.

        Raises:
            FathomError: it can't become that.
        """
        parent, request = worker.parent, worker.parent.request
        if not any(venue in self._connectors for venue in request.exchanges):  # restored from a run that had them open
            raise NotPossible(f"{', '.join(request.exchanges)} is not open now, so the order can't be changed.")
        if price is not None and request.price is None:
            raise BadPrice(f"A {request.order_type.words} order has no limit price to change.")
        if trigger is not None:
            if request.trigger_price is None or parent.started_us is not None:
                raise NotPossible("Only an order that still waits for its trigger price can get another one.")
            check_not_reached(replace(request, trigger_price=trigger), self._market(request).live())
        if amount is not None:
            self._check_placeable(parent, amount)
        price = price if price is not None else request.price
        total = amount if amount is not None else parent.agreed_amount
        self._gate.check_change(parent, price=price, amount=total)
        return AmendWish(price, total, trigger, new_total=amount is not None)

    def _check_placeable(self, parent: ParentState, amount: Decimal) -> None:
        """A new total has to be what is filled, or leave something that some venue takes."""
        request = parent.request
        listed = (self._connectors[venue].instruments.get(request.symbol) for venue in request.exchanges if venue in self._connectors)
        least = min((max(i.lot, i.min_amount) for i in listed if i is not None), default=ZERO)
        if amount != parent.executed.amount and amount < least:
            raise BadAmount(f"{plain(amount)} is under every venue's minimum; the smallest is {plain(least)}.")

    async def _modify_child(self, child: ChildState, price: Decimal | None, amount: Decimal | None) -> bool:
        venue, request = child.planned.exchange, child.parent.request
        connector = self._connectors.get(venue)
        instrument = None if connector is None else connector.instruments.get(request.symbol)
        if instrument is None:
            raise NotPossible(f"{venue} is not open now, so its order can't be changed.")
        price = child_price(child, price, self._manager) if price is not None else child.price
        amount = instrument.floor_amount(amount) if amount is not None else child.amount
        if too_small := instrument.shortfall_of_minimums(amount, price):
            raise BadAmount(f"{venue} would refuse this: {too_small}.")
        if request.price is not None and child.planned.side.sign * (price - request.price) > 0:
            raise BadPrice(f"{plain(price)} is past the parent's limit of {plain(request.price)}; change the parent instead.")
        by_trader = not request.strategy.works_over_time
        return await asyncio.shield(self._manager.amend(child, price=price, amount=amount, by_trader=by_trader))


async def _until_over(order: Order, wish: AmendWish) -> None:
    over: asyncio.Future[Any] = asyncio.ensure_future(order.done())
    try:
        await asyncio.wait([over, wish.applied], return_when=asyncio.FIRST_COMPLETED)
    finally:
        over.cancel()


def _price(value: object) -> Decimal | None:
    number = None if value is None else to_decimal(value, "price")
    if number is not None and number <= 0:
        raise BadPrice(f"The price must be above zero, not {plain(number)}.")
    return number


def _amount(value: object) -> Decimal | None:
    number = None if value is None else to_decimal(value, "amount")
    if number is not None and number <= 0:
        raise BadAmount(f"The amount must be above zero, not {plain(number)}.")
    return number
