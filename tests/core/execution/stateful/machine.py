"""What may happen to a desk: its trader's wishes, the market's moods, every fault of FAULTS.md, and death.

A step is one of them and the time that passes after it. After every step the invariants are asked, and at the end, when all
faults are healed, those that need rest.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from core.domain.clock import MICROSECONDS
from core.domain.enums import ExecutionStrategy, OrderSide, TimeInForce
from core.domain.errors import FathomError
from core.domain.orders import Knowledge, ParentStatus
from core.exchanges.connector import NewOrder
from core.exchanges.paper.faults import Call, Fault, StreamFault
from core.execution.state import ChildState, ParentState
from tests.core.exchanges.paper_desk import SYMBOL
from tests.core.execution.stateful.invariants import ALWAYS, AT_REST, Invariant
from tests.core.execution.stateful.market import MIDDLE, VENUES
from tests.core.execution.stateful.orders import Ask, asks
from tests.core.execution.stateful.witness import ZERO
from tests.core.execution.stateful.world import Setup, World

MOST_PARENTS = 4

which = st.integers(0, 3)
sides = st.sampled_from([OrderSide.BUY, OrderSide.SELL])
# Less than a request takes, about as much, more; and enough for a working algo to get on.
waits = st.sampled_from([0.0, 0.012, 0.03, 0.3, 1.0, 4.0])
calls = st.sampled_from([Call.CREATE, Call.CREATE, Call.CANCEL, Call.AMEND, Call.QUERY, Call.QUERY, Call.SETTING])
darkness = st.sampled_from([None, None, None, *Fault])
setups = st.builds(
    Setup,
    venues=st.sampled_from([VENUES[:2], VENUES[:3], VENUES, VENUES[1:3], VENUES[2:]]),
    amends=st.sampled_from([True, True, False]),
    paced=st.booleans(),
    careful=st.booleans(),
    poor=st.sampled_from([False, False, False, True]),
    curve=st.booleans(),
    waits=st.booleans(),
    seed=st.integers(0, 1 << 16),
)

OUTAGES = (Fault.REFUSED_CONNECTION, Fault.RATE_LIMITED, Fault.CLOSED_BEFORE, Fault.LOST_ACK, Fault.TIMEOUT_LOST)

# What all examples of this process did, for the figures of a long run.
TALLY: Counter[str] = Counter()


class Trading(RuleBasedStateMachine):
    """One example: a world, and what happens in it."""

    ask: ClassVar[st.SearchStrategy[Ask]] = asks(tuple(ExecutionStrategy))
    always: ClassVar[Sequence[Invariant]] = ALWAYS
    at_rest: ClassVar[Sequence[Invariant]] = AT_REST

    def __init__(self) -> None:
        super().__init__()
        self.world: World | None = None
        self.steps = 0

    # -- how a step goes -------------------------------------------------------------------------------

    @initialize(setup=setups, data=st.data(), dark=darkness, wait=waits)
    def begin(self, setup: Setup, data: st.DataObject, dark: Fault | None, wait: float) -> None:
        """The first desk, and its first order."""
        ask = data.draw(self.ask, label="ask")
        self.world = World(setup)
        self.world.run(self.world.open())
        self.step(wait, lambda world: start_in(world, ask, dark))

    def step(self, wait: float, act: Callable[[World], Any]) -> None:
        """Do something in the world, and let time pass."""
        world = self.the_world
        self.steps += 1

        async def go() -> None:
            act(world)
            await world.live(wait)

        world.run(go())

    @property
    def the_world(self) -> World:
        assert self.world is not None
        return self.world

    @invariant()
    def all_is_well(self) -> None:
        if self.world is not None:
            for holds in self.always:
                holds(self.world)

    def teardown(self) -> None:
        world = self.world
        if world is None:
            return
        try:
            if sys.exc_info()[0] is None:
                world.run(world.finish())
                for holds in (*self.always, *self.at_rest):
                    holds(world)
                count(world, self.steps)
        finally:
            world.close()

    # -- the trader ------------------------------------------------------------------------------------

    @precondition(lambda self: len(self.the_world.working()) < MOST_PARENTS)
    @rule(data=st.data(), wait=waits)
    def start(self, data: st.DataObject, wait: float) -> None:
        ask = data.draw(self.ask, label="ask")
        self.step(wait, lambda world: start(world, ask))

    @precondition(lambda self: len(self.the_world.working()) < MOST_PARENTS)
    @rule(data=st.data(), dark=darkness, wait=waits)
    def start_in_the_dark(self, data: st.DataObject, dark: Fault | None, wait: float) -> None:
        """Its create fails, and the stream does not tell what became of it."""
        ask = data.draw(self.ask, label="ask")
        self.step(wait, lambda world: start_in(world, ask, dark))

    @precondition(lambda self: bool(self.the_world.working()))
    @rule(which=which, wait=waits)
    def cancel(self, which: int, wait: float) -> None:
        self.step(wait, lambda world: cancel(world, pick(world.working(), which)))

    @precondition(lambda self: bool(self.the_world.working()))
    @rule(which=which, away=st.sampled_from([None, "0.5", "-0.5", "2"]), times=st.sampled_from([None, "0.5", "2", "1.1"]), wait=waits)
    def modify(self, which: int, away: str | None, times: str | None, wait: float) -> None:
        self.step(wait, lambda world: modify(world, pick(world.working(), which), away, times))

    @precondition(lambda self: bool(open_children(self.the_world)))
    @rule(which=which, times=st.sampled_from(["0.5", "2"]), wait=waits)
    def modify_child(self, which: int, times: str, wait: float) -> None:
        self.step(wait, lambda world: modify_child(world, pick(open_children(world), which), times))

    @precondition(lambda self: bool(open_children(self.the_world)))
    @rule(which=which, wait=waits)
    def cancel_child(self, which: int, wait: float) -> None:
        def act(world: World) -> None:
            world.session.ask(world.session.engine.cancel_execution(pick(open_children(world), which).client_id))

        self.step(wait, act)

    @precondition(lambda self: bool(self.the_world.working()))
    @rule(which=which, wait=waits)
    def pause_or_resume(self, which: int, wait: float) -> None:
        self.step(wait, lambda world: pause_or_resume(world, pick(world.working(), which)))

    @precondition(lambda self: any(parent.status is ParentStatus.PAUSED for parent in self.the_world.working()))
    @rule(wait=waits)
    def resume_all(self, wait: float) -> None:
        def act(world: World) -> None:
            for parent in world.working():
                world.session.engine.resume_execution(parent.id)

        self.step(wait, act)

    @precondition(lambda self: bool(self.the_world.working()))
    @rule(wait=waits)
    def cancel_all(self, wait: float) -> None:
        def act(world: World) -> None:
            world.take_back([parent.id for parent in world.working()], world.session.engine.cancel_all())

        self.step(wait, act)

    @rule(wait=waits)
    def kill_or_release(self, wait: float) -> None:
        def act(world: World) -> None:
            if world.session.engine.killed:
                world.session.engine.release_kill()
            else:
                world.take_back([parent.id for parent in world.working()], world.session.engine.kill())

        self.step(wait, act)

    @precondition(lambda self: bool(lost_children(self.the_world)))
    @rule(which=which, wait=waits)
    def resolve(self, which: int, wait: float) -> None:
        """The trader looks at the venue, takes the order back there if need be, and says so."""

        def act(world: World) -> None:
            child = pick(lost_children(world), which)
            order = world.true_order(child.planned.exchange, child.client_id)
            if order is not None and order.is_open:
                world.venues[child.planned.exchange].truth.cancel(SYMBOL, child.client_id)
            world.session.ask(world.session.engine.resolve_child(child.client_id))

        self.step(wait, act)

    # -- the market ------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([0.1, 1.0, 3.0, 10.0, 20.0, 75.0]))
    def wait(self, seconds: float) -> None:
        self.step(seconds, lambda _world: None)

    @rule(wait=waits)
    def the_laptop_sleeps(self, wait: float) -> None:
        """An hour passes in which nobody is woken."""
        self.step(wait, lambda world: world.clock.jump_to(world.clock.now_us() + 3_600 * MICROSECONDS))

    @rule(venue=which, everywhere=st.booleans(), by=st.sampled_from(["0.5", "-0.5", "1", "-1", "3", "-3"]), wait=waits)
    def move(self, venue: int, everywhere: bool, by: str, wait: float) -> None:
        def act(world: World) -> None:
            books = list(world.books.values())
            for book in books if everywhere else [pick(books, venue)]:
                book.middle = min(max(book.middle + Decimal(by), MIDDLE - 8), MIDDLE + 8)
                book.show()

        self.step(wait, act)

    @rule(venue=which, depth=st.sampled_from(["1", "0.1", "5", "0.03"]), wait=waits)
    def fill_up_or_thin_out(self, venue: int, depth: str, wait: float) -> None:
        def act(world: World) -> None:
            book = pick(list(world.books.values()), venue)
            book.depth = Decimal(depth)
            book.show()

        self.step(wait, act)

    @rule(venue=which, side=sides, size=st.sampled_from(["0", "0.05", "3"]), wait=waits)
    def change_the_touch(self, venue: int, side: OrderSide, size: str, wait: float) -> None:
        self.step(wait, lambda world: pick(list(world.books.values()), venue).level(side, size))

    @rule(venue=which, taker=sides, away=st.sampled_from(["0", "0.5", "1", "4"]), size=st.sampled_from(["0.1", "1", "20"]), wait=waits)
    def trades_print(self, venue: int, taker: OrderSide, away: str, size: str, wait: float) -> None:
        self.step(wait, lambda world: pick(list(world.books.values()), venue).trade(taker, away, size))

    @rule(venue=which, kind=st.sampled_from(["gap", "lost", "frozen", "silent", "back"]), wait=waits)
    def the_book_breaks(self, venue: int, kind: str, wait: float) -> None:
        self.step(wait, lambda world: break_book(world, pick(list(world.venues), venue), kind))

    # -- the faults ------------------------------------------------------------------------------------

    @rule(venue=which, call=calls, fault=st.sampled_from(list(Fault)), times=st.sampled_from([1, 1, 2, 6]), wait=waits)
    def requests_fail(self, venue: int, call: Call, fault: Fault, times: int, wait: float) -> None:
        def act(world: World) -> None:
            world.venues[pick(list(world.venues), venue)].faults.arm(fault, call, times)

        self.step(wait, act)

    @rule(venue=which, over=st.booleans(), call=calls, fault=st.sampled_from(OUTAGES), wait=waits)
    def an_outage(self, venue: int, over: bool, call: Call, fault: Fault, wait: float) -> None:
        """Every such request fails until it is over."""
        self.step(wait, lambda world: outage(world, pick(list(world.venues), venue), None if over else call, fault))

    @rule(venue=which, fault=st.sampled_from(list(StreamFault)), times=st.sampled_from([1, 2, 6]), wait=waits)
    def news_go_astray(self, venue: int, fault: StreamFault, times: int, wait: float) -> None:
        def act(world: World) -> None:
            world.venues[pick(list(world.venues), venue)].faults.arm(fault, times=times)

        self.step(wait, act)

    @rule(venue=which, wait=waits)
    def somebody_is_faster(self, venue: int, wait: float) -> None:
        self.step(wait, lambda world: world.venues[pick(list(world.venues), venue)].faults.arm_partial(2))

    @rule(venue=which, kind=st.sampled_from(["down", "up", "frozen"]), wait=waits)
    def the_private_stream_breaks(self, venue: int, kind: str, wait: float) -> None:
        def act(world: World) -> None:
            connector = world.venues[pick(list(world.venues), venue)]
            if kind == "down":
                connector.drop_stream()
            elif kind == "up":
                connector.restore_stream()
            else:
                connector.faults.account_frozen = True

        self.step(wait, act)

    @rule(
        venue=which, latency=st.sampled_from([0.0, 300.0, 3000.0]), timeout=st.sampled_from([10.0, 1.0]), pause=st.sampled_from([None, 2.0])
    )
    def the_venue_is_slow(self, venue: int, latency: float, timeout: float, pause: float | None) -> None:
        def act(world: World) -> None:
            faults = world.venues[pick(list(world.venues), venue)].faults
            faults.extra_latency_ms, faults.timeout_s, faults.retry_after_s = latency, timeout, pause

        self.step(0.0, act)

    @rule(venue=which, minimum=st.sampled_from(["50", "500"]), wait=waits)
    def minimums_rise(self, venue: int, minimum: str, wait: float) -> None:
        self.step(wait, lambda world: world.set_minimum(pick(list(world.venues), venue), Decimal(minimum)))

    @precondition(lambda self: bool(self.the_world.truly_open()))
    @rule(which=which, wait=waits)
    def the_venue_cancels(self, which: int, wait: float) -> None:
        def act(world: World) -> None:
            order = pick(world.truly_open(), which)
            world.venues[order.venue].truth.cancel(SYMBOL, order.client_id)

        self.step(wait, act)

    @precondition(lambda self: any(self.the_world.witness.told.values()))
    @rule(which=st.integers(0, 9), wait=waits)
    def old_news_come_again(self, which: int, wait: float) -> None:
        def act(world: World) -> None:
            events = [event for told in world.witness.told.values() for event in told]
            event = events[-1 - which % len(events)]
            world.venues[event.venue]._account._send(event)

        self.step(wait, act)

    @rule(venue=which, side=sides, wait=waits)
    def a_stranger_trades_on_the_account(self, venue: int, side: OrderSide, wait: float) -> None:
        self.step(wait, lambda world: stranger(world, pick(list(world.venues), venue), side))

    @rule(full=st.booleans(), wait=waits)
    def the_disk_is_full(self, full: bool, wait: float) -> None:
        def act(world: World) -> None:
            world.disk.full = full

        self.step(wait, act)

    # -- death -----------------------------------------------------------------------------------------

    @rule(moments=st.integers(0, 40), downtime=st.sampled_from([0.0, 0.05, 5.0, 3600.0]), wait=waits)
    def die(self, moments: int, downtime: float, wait: float) -> None:
        """After so many moments, and at once if there are none; it is started again when it is found dead."""
        world = self.the_world
        self.steps += 1

        async def go() -> None:
            world.session.life.end_in(moments)
            if moments == 0:
                await world.restart(downtime)
            await world.live(wait)

        world.run(go())


# -- what the rules do -------------------------------------------------------------------------------


def pick(among: Sequence[Any], which: int) -> Any:
    """One of those that there are."""
    return among[which % len(among)]


def open_children(world: World) -> list[ChildState]:
    return [child for parent in world.parents() for child in parent.open_children]


def lost_children(world: World) -> list[ChildState]:
    return [child for child in open_children(world) if child.knowledge is Knowledge.QUARANTINED]


def start(world: World, ask: Ask) -> None:
    """Ask for an order; what its preview shows has to add up."""
    engine, middle = world.session.engine, next(iter(world.books.values())).middle
    try:
        request = engine.request(symbol=SYMBOL, **ask.words(middle))
    except FathomError as error:
        world.session.errors.append(error)
        return
    plan = engine.preview(request)
    placed = sum((child.amount for child in plan.children), ZERO)
    if placed + plan.scheduled + plan.unallocated != request.amount or min(placed, plan.scheduled, plan.unallocated, plan.dust) < 0:
        world.witness.note(9, f"{request.strategy.value}: {placed} + {plan.scheduled} + {plan.unallocated} is not {request.amount}")
    world.session.ask(engine.execute(request, repeats=True))


def start_in(world: World, ask: Ask, dark: Fault | None) -> None:
    if dark is not None:
        for connector in world.venues.values():
            connector.faults.arm(dark, Call.CREATE)
            connector.faults.arm(StreamFault.DROPPED, times=3)
    start(world, ask)


def cancel(world: World, parent: ParentState) -> None:
    world.take_back([parent.id], world.session.engine.cancel_execution(parent.id))


def modify(world: World, parent: ParentState, away: str | None, times: str | None) -> None:
    price = None
    if away is not None and parent.request.price is not None:
        price = parent.request.price + parent.request.side.sign * Decimal(away)
        world.witness.asked_prices[parent.id].append(price)
    amount = None if times is None else parent.request.amount * Decimal(times)
    world.session.ask(world.session.engine.modify_execution(parent.id, new_price=price, new_amount=amount))


def modify_child(world: World, child: ChildState, times: str) -> None:
    world.session.ask(world.session.engine.modify_execution(child.client_id, new_amount=child.amount * Decimal(times)))


def pause_or_resume(world: World, parent: ParentState) -> None:
    engine = world.session.engine
    if parent.status is ParentStatus.PAUSED:
        engine.resume_execution(parent.id)
    else:
        engine.pause_execution(parent.id)


def outage(world: World, venue: str, call: Call | None, fault: Fault) -> None:
    faults = world.venues[venue].faults
    if call is not None:
        faults.chance(fault, 1.0, call)
        return
    for every_call in Call:
        for every_fault in OUTAGES:
            faults.chance(every_fault, 0.0, every_call)


def break_book(world: World, venue: str, kind: str) -> None:
    book, faults = world.books[venue], world.venues[venue].faults
    if kind == "gap":
        faults.arm_gap()
        book.level(OrderSide.BUY, "1")
    elif kind == "lost":
        book.feed.gap()
    elif kind == "frozen":
        faults.market_frozen = True
    elif kind == "silent":
        book.silent = True
    else:
        book.silent, faults.market_frozen = False, False
        book.show()


def stranger(world: World, venue: str, side: OrderSide) -> None:
    """Another program of the trader's uses the same account: its order rests, or takes from the position and the balance."""
    truth, book = world.venues[venue].truth, world.books[venue]
    price = book.rules.round_price(book.middle + side.sign * Decimal(1), side)
    amount = book.rules.floor_amount(Decimal("0.6"))
    order = NewOrder(f"stranger{len(truth.orders)}", SYMBOL, side, amount, price, time_in_force=TimeInForce.GTC)
    try:
        truth.place(order)
    except FathomError as error:
        world.session.errors.append(error)


def count(world: World, steps: int) -> None:
    """Add an example to the figures."""
    parents = world.parents()
    TALLY["examples"] += 1
    TALLY["steps"] += steps
    TALLY["parents"] += len(parents)
    TALLY["children"] += sum(len(parent.children) for parent in parents)
    TALLY["venue orders"] += sum(len(connector.truth.orders) for connector in world.venues.values())
    TALLY["fills"] += sum(len(connector.truth.fills) for connector in world.venues.values())
    TALLY["crashes"] += world.crashes
    TALLY["events"] += world.witness.heard
    TALLY["journal commits"] += world.disk.commits
    TALLY["changes"] += sum(len(changes) for changes in world.witness.amended.values())
    for parent in parents:
        TALLY[f"ended {parent.status.value}"] += 1
        TALLY[f"of {parent.request.strategy.value}"] += 1
