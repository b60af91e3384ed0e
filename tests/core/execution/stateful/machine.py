"""A machine whose steps are what may happen to a desk. This is its frame: orders, time, and the invariants after every step.

A step is something that happens and the time that passes after it. At the end, when all faults are healed, those invariants are
asked that need rest. What a trader may wish is in `wishes.py`, what a market may do in `moods.py`, what may go wrong in `troubles.py`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from core.domain.enums import ExecutionStrategy, OrderSide
from core.domain.errors import FathomError
from core.exchanges.paper.faults import Call, Fault, StreamFault
from core.execution.state import ChildState
from tests.core.exchanges.paper_desk import SYMBOL
from tests.core.execution.stateful.invariants import ALWAYS, AT_REST, Invariant
from tests.core.execution.stateful.market import VENUES
from tests.core.execution.stateful.orders import Ask, asks
from tests.core.execution.stateful.tally import count
from tests.core.execution.stateful.witness import ZERO
from tests.core.execution.stateful.world import Setup, World

MOST_PARENTS = 4

which = st.integers(0, 3)
sides = st.sampled_from([OrderSide.BUY, OrderSide.SELL])
# Less than a request takes, about as much, more; and enough for a working algo to get on.
waits = st.sampled_from([0.0, 0.012, 0.03, 0.3, 1.0, 4.0])
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


class Desk(RuleBasedStateMachine):
    """One example: a world, and orders in it. What else happens is said by those who inherit from it."""

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

    # -- orders and time ---------------------------------------------------------------------------------

    @precondition(lambda self: len(self.the_world.working()) < MOST_PARENTS)
    @rule(data=st.data(), wait=waits)
    def start(self, data: st.DataObject, wait: float) -> None:
        ask = data.draw(self.ask, label="ask")
        self.step(wait, lambda world: start(world, ask))

    @rule(seconds=st.sampled_from([0.1, 1.0, 3.0, 10.0, 20.0, 75.0]))
    def wait(self, seconds: float) -> None:
        self.step(seconds, lambda _world: None)


def pick(among: Sequence[Any], which: int) -> Any:
    """One of those that there are."""
    return among[which % len(among)]


def open_children(world: World) -> list[ChildState]:
    return [child for parent in world.parents() for child in parent.open_children]


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
