"""The gate: the last local word on a parent, a child, or a change of either. It says no with a sentence, and it never acts.

A parent is refused before anything is recorded of it. A child is refused after its intent is durable and before
anything is sent; it ends DENIED and its strategy takes that as a refusal, unless the reason will pass (an order
rate, a stale book): then it is tried again. A cancel is never asked: what takes risk away may always go.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import final

from core.domain.clock import MICROSECONDS
from core.domain.enums import OrderSide
from core.domain.errors import RiskDenied
from core.domain.events import OrderEvent
from core.domain.plan import ExecutionRequest
from core.exchanges.connector import ExchangeConnector
from core.execution.live import LiveChildren
from core.execution.manager import OrderManager
from core.execution.risk import checks
from core.execution.risk.denial import Denial
from core.execution.risk.funds import Funds
from core.execution.risk.limits import UNLIMITED, RiskLimits
from core.execution.state import ZERO, ChildState, ParentState
from core.execution.tasks import TaskOwner
from core.market.store import OrderBooks


@final
class RiskGate:
    """Checks orders against `limits`, the kill switch and the state of the market.

    Attributes:
        funds: balances, margins and what is reserved of them.
        stopped: the kill switch is on.
    """

    def __init__(
        self,
        manager: OrderManager,
        connectors: Mapping[str, ExchangeConnector],
        books: OrderBooks,
        live: LiveChildren,
        tasks: TaskOwner,
        limits: RiskLimits | None = None,
    ) -> None:
        self.stopped = False
        self.funds = Funds(connectors, manager.clock, live, tasks)
        self._connectors = connectors
        self._books = books
        self._clock = manager.clock
        self._live = live
        self._sent_us: deque[int] = deque()
        self._placed: deque[tuple[ExecutionRequest, int]] = deque()
        self._limits = UNLIMITED
        self.set_limits(limits or UNLIMITED)
        manager.gate = self
        self._stop_listening = manager.on_event(self._on_event)

    @property
    def limits(self) -> RiskLimits:
        return self._limits

    def set_limits(self, limits: RiskLimits) -> None:
        """From the next order on; what is open stays."""
        self._limits = limits
        self.funds.leverage = limits.assumed_leverage
        self.ask_balances()

    def ask_balances(self) -> None:
        """Ask every open venue, so that its balance is known before the first order."""
        if self._limits.check_balance:
            for venue, connector in self._connectors.items():
                if connector.instruments:
                    self.funds.want(venue)

    # -- parents -------------------------------------------------------------------------------------

    def why_not(self, request: ExecutionRequest) -> str:
        """What speaks against `request` now, one sentence; empty when nothing does. Repeats are not looked at."""
        return self._why_not_now(request) or self._unpaid_parent(request, request.amount) or ""

    def _why_not_now(self, request: ExecutionRequest) -> str | None:
        """The kill switch, its worth and its price."""
        if self.stopped:
            return checks.KILLED
        mid, limits = self._mid(request), self._limits
        price = _judged_price(request, mid)
        if price is None:
            return None  # without a market there is nothing to judge by, and no child goes out either
        worth = request.amount * (max(price, mid) if request.side is OrderSide.SELL and mid is not None else price)
        # A waiting order's price has nothing to do with the market of today, but with that of its trigger.
        reference, what = (request.trigger_price, "trigger") if request.order_type.waits else (mid, "mid")
        found = checks.check_notional("A parent order", worth, limits.max_parent_notional, _quote(request))
        if not found and request.price is not None and reference is not None:
            found = checks.check_collar(request.side, request.price, reference, limits.price_collar_bps, what)
        return found

    def _unpaid_parent(self, request: ExecutionRequest, amount: Decimal) -> str | None:
        """Whether the venues' balances carry `amount` more. What waits for its trigger is judged when it has fired, child by child."""
        price = _judged_price(request, self._mid(request))
        if not self._limits.check_balance or request.reduce_only or request.order_type.waits or price is None or amount <= 0:
            return None
        capacity = self.funds.capacity(request, price)
        return None if capacity is None else checks.check_capacity(amount, capacity, request.symbol.split("/")[0], request.exchanges)

    def check_parent(self, request: ExecutionRequest, *, repeats: bool = False) -> None:
        """Let a parent pass. `placed` tells of it once it is on record.

        Args:
            repeats: the trader knows that it is the same as one placed a moment ago.

        Raises:
            RiskDenied: nothing was recorded or sent.
        """
        if self._limits.check_balance:
            for venue in request.exchanges:
                self.funds.want(venue)
        now_us = self._clock.now_us()
        window_s = self._limits.duplicate_window_s
        while self._placed and now_us - self._placed[0][1] >= window_s * MICROSECONDS:
            self._placed.popleft()
        wanted = _what_counts(request)
        same_us = () if repeats else (placed_us for placed, placed_us in reversed(self._placed) if placed == wanted)
        since_s = next(((now_us - placed_us) / MICROSECONDS for placed_us in same_us), None)
        if why := self.why_not(request) or checks.check_repeat(since_s, window_s):
            raise RiskDenied(why)

    def placed(self, request: ExecutionRequest, at_us: int) -> None:
        """It was placed, now or by an earlier run: the same again so soon may be a slip."""
        self._placed.append((_what_counts(request), at_us))

    def unplaced(self, request: ExecutionRequest) -> None:
        """The last one of it came to nothing, and asking again is no slip."""
        wanted = _what_counts(request)
        last = max((n for n, (placed, _) in enumerate(self._placed) if placed == wanted), default=None)
        if last is not None:
            del self._placed[last]

    def check_change(self, parent: ParentState, *, price: Decimal | None, amount: Decimal) -> None:
        """Whether `parent` may become this large at this price. What is filled of it has been paid already.

        Less, or at a price no more aggressive, always passes while trading goes on: limits are no reason to keep a risk.

        Raises:
            RiskDenied: it stays as it is.
        """
        was = parent.request
        if amount <= was.amount and _no_more_aggressive(was.side, price, was.price) and not self.stopped:
            return
        changed = replace(parent.request, price=price, amount=amount)
        more = amount - parent.executed.amount - parent.live_amount
        if why := self._why_not_now(changed) or self._unpaid_parent(changed, more):
            raise RiskDenied(why)

    # -- children ------------------------------------------------------------------------------------

    def judge(self, child: ChildState) -> Denial | None:
        """What speaks against sending `child`. None lets it pass, and counts it as sent."""
        denial = self._denial(child, child.price, child.amount)
        if denial is None:
            live = list(self._live)
            on_venue = sum(other.planned.exchange == child.planned.exchange for other in live)
            if why := checks.check_open(child.planned.exchange, on_venue, len(live), self._limits):
                denial = Denial(why)
        if denial is None and (why := self._pace()):
            denial = Denial(why, passes=True)
        if denial is None:
            self._sent_us.append(self._clock.now_us())
            self.funds.track(child)
        return denial

    def check_amend(self, child: ChildState, *, price: Decimal, amount: Decimal) -> None:
        """Whether `child` may be changed in place. Less of it, or at a milder price, may be as often as the trader and the venue like.

        Raises:
            RiskDenied: it stays as it is.
        """
        if amount <= child.amount and _no_more_aggressive(child.planned.side, price, child.price) and not self.stopped:
            self._sent_us.append(self._clock.now_us())
            return
        _, held = self.funds.needed(child, child.price, child.live_amount)
        denial = self._denial(child, price, amount - child.executed.amount, held)
        why = denial.sentence if denial is not None else self._pace()
        if why is not None:
            raise RiskDenied(why)
        self._sent_us.append(self._clock.now_us())

    def _denial(self, child: ChildState, price: Decimal, amount: Decimal, held: Decimal = ZERO) -> Denial | None:
        """`amount`: what may still fill; `held`: what the venue holds for it already."""
        request, planned, limits = child.parent.request, child.planned, self._limits
        if self.stopped:
            return Denial(checks.KILLED)
        market = self._books.view(request.symbol, None, self._clock.now_us())
        if why := checks.check_book(planned.exchange, market.books.get(planned.exchange)):
            return Denial(why, passes=True)
        mid = market.mid
        worth = max(price, mid or price) if planned.side is OrderSide.SELL else price
        found = checks.check_notional(f"An order on {planned.exchange}", worth * amount, limits.max_order_notional, _quote(request))
        if not found and mid is not None:
            found = checks.check_collar(planned.side, price, mid, limits.price_collar_bps)
        if not found and limits.check_balance:
            currency, needed = self.funds.needed(child, price, amount)
            available = self.funds.available(planned.exchange, currency)
            found = None if available is None else checks.check_funds(planned.exchange, currency, needed - held, available)
        return Denial(found) if found else None

    def _pace(self) -> str | None:
        now_us = self._clock.now_us()
        while self._sent_us and self._sent_us[0] <= now_us - checks.MINUTE_US:
            self._sent_us.popleft()
        return checks.check_pace(self._sent_us, now_us, self._limits)

    # -- inside --------------------------------------------------------------------------------------

    def _mid(self, request: ExecutionRequest) -> Decimal | None:
        return self._books.view(request.symbol, None, self._clock.now_us()).mid

    def _on_event(self, event: OrderEvent) -> None:
        """Fills and endings move money."""
        order = event.order
        if self._limits.check_balance and order.exchange is not None and (event.fill is not None or order.terminal):
            self.funds.changed(order.exchange)

    def close(self) -> None:
        """Follow no longer."""
        self._stop_listening()


def _judged_price(request: ExecutionRequest, mid: Decimal | None) -> Decimal | None:
    """What the order is worth per unit: its limit, its trigger, or the mid."""
    return request.price or request.trigger_price or mid


def _no_more_aggressive(side: OrderSide, price: Decimal | None, was: Decimal | None) -> bool:
    """Whether an order at `price` takes no more risk than at `was`; None is the market's price."""
    return price == was or (price is not None and was is not None and side.sign * (price - was) < 0)


def _what_counts(request: ExecutionRequest) -> ExecutionRequest:
    """By which two orders are the same: an expiry that counts from now differs each time, and venues have no order."""
    return replace(request, expire_us=None, exchanges=tuple(sorted(request.exchanges)))


def _quote(request: ExecutionRequest) -> str:
    return request.symbol.split("/")[1]
