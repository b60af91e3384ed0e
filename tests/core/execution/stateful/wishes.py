"""What a trader may wish of orders under way: to cancel, change, pause, resume, stop everything, or decide what is not known."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from core.domain.orders import Knowledge, ParentStatus
from core.execution.state import ChildState, ParentState
from tests.core.execution.stateful.machine import Desk, open_children, pick, waits, which
from tests.core.execution.stateful.world import World


class Wishes(Desk):
    """Rules of the trader."""

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
        self.step(wait, lambda world: world.decide(pick(lost_children(world), which)))


def lost_children(world: World) -> list[ChildState]:
    return [child for child in open_children(world) if child.knowledge is Knowledge.QUARANTINED]


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
