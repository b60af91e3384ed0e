"""Themes of the machine: the same rules, with more of what each theme is about. CI runs each for so many examples, always the same ones."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import final

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from core.domain.enums import ExecutionStrategy
from core.domain.orders import ChildStatus, Knowledge
from core.exchanges.paper.faults import Call, Fault, StreamFault
from core.execution.state import ChildState, ParentState
from tests.core.execution.stateful.machine import Trading, darkness, modify, modify_child, open_children, pick, start_in, waits, which
from tests.core.execution.stateful.orders import GTC, asks
from tests.core.execution.stateful.world import World

EXAMPLES = 400
STEPS = 20
ROUTERS = tuple(strategy for strategy in ExecutionStrategy if not strategy.works_over_time)
WORKING = tuple(strategy for strategy in ExecutionStrategy if strategy.works_over_time)
# An example is a short life of a desk, not a unit test: it may be slow, and draw much.
HEALTH = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much, HealthCheck.large_base_example]


def how(examples: int, *, derandomize: bool = True, shrink: bool = True) -> settings:
    """Settings for so many examples, with nothing kept between runs."""
    phases = [Phase.generate, Phase.shrink] if shrink else [Phase.generate]
    return settings(
        max_examples=examples,
        stateful_step_count=STEPS,
        derandomize=derandomize,
        database=None,
        deadline=None,
        print_blob=True,
        report_multiple_bugs=False,
        suppress_health_check=HEALTH,
        phases=phases,
    )


@final
class Everything(Trading):
    """All strategies, all that can happen."""


@final
class Routers(Trading):
    """What is done after one plan and its follow-ups."""

    ask = asks(ROUTERS)


@final
class WorkingAlgos(Trading):
    """What works over time, with time to do so."""

    ask = asks(WORKING)

    @rule(seconds=st.sampled_from([0.3, 1.0, 2.0, 5.0]))
    def go_on(self, seconds: float) -> None:
        self.step(seconds, lambda _world: None)

    @rule(seconds=st.sampled_from([0.3, 1.0, 2.0, 5.0]))
    def go_on_still(self, seconds: float) -> None:
        self.step(seconds, lambda _world: None)


@final
class Crashes(Trading):
    """Desks that die at every turn, while requests that fail are on their way."""

    @precondition(lambda self: bool(self.the_world.working()))
    @rule(
        fault=st.sampled_from(list(Fault)),
        call=st.sampled_from([Call.CREATE, Call.CANCEL, Call.AMEND]),
        moments=st.integers(1, 25),
        wait=waits,
    )
    def die_of_it(self, fault: Fault, call: Call, moments: int, wait: float) -> None:
        """Every venue is about to fail a request, and the process is about to end."""

        def act(world: World) -> None:
            for connector in world.venues.values():
                connector.faults.arm(fault, call)
            world.session.life.end_in(moments)

        self.step(wait, act)

    @precondition(lambda self: bool(self.the_world.working()))
    @rule(moments=st.integers(0, 12), wait=waits)
    def die_soon(self, moments: int, wait: float) -> None:
        self.step(wait, lambda world: world.session.life.end_in(moments))

    @rule(data=st.data(), dark=darkness, moments=st.integers(1, 60), wait=waits)
    def die_of_an_order(self, data: st.DataObject, dark: Fault | None, moments: int, wait: float) -> None:
        """Between the wish, the intent, the request, the answer and the news."""
        ask = data.draw(self.ask, label="ask")

        def act(world: World) -> None:
            world.session.life.end_in(moments)
            start_in(world, ask, dark)

        self.step(wait, act)


@final
class Changes(Trading):
    """Orders that rest, and are changed while they are filled, over streams that stutter."""

    ask = asks(ROUTERS, away=("-1", "-0.5", "-4", "0"), how=(GTC, {"post_only": True}))

    @precondition(lambda self: bool(self.the_world.working()))
    @rule(which=which, away=st.sampled_from([None, "0.5", "-0.5"]), times=st.sampled_from(["1.1", "0.5", "2"]), wait=waits)
    def change(self, which: int, away: str | None, times: str, wait: float) -> None:
        self.step(wait, lambda world: modify(world, pick(world.working(), which), away, times))

    @precondition(lambda self: bool(resting(self.the_world)))
    @rule(which=which, away=st.sampled_from([None, "0.5", "-0.5"]), times=st.sampled_from(["1.1", "0.5", "2"]), wait=waits)
    def change_what_rests(self, which: int, away: str | None, times: str, wait: float) -> None:
        self.step(wait, lambda world: modify(world, pick(resting(world), which).parent, away, times))

    @precondition(lambda self: bool(resting(self.the_world)))
    @rule(which=which, times=st.sampled_from(["0.5", "0.8", "2"]), wait=waits)
    def change_one_child(self, which: int, times: str, wait: float) -> None:
        self.step(wait, lambda world: modify_child(world, pick(resting(world), which), times))

    @precondition(lambda self: bool(self.the_world.working()))
    @rule(
        which=which,
        away=st.sampled_from(["0.5", "-0.5"]),
        times=st.sampled_from(["0.5", "2", "3"]),
        fault=st.sampled_from(list(Fault)),
        wait=waits,
    )
    def change_badly(self, which: int, away: str, times: str, fault: Fault, wait: float) -> None:
        """The change's own request fails."""

        def act(world: World) -> None:
            parent: ParentState = pick(world.working(), which)
            for connector in world.venues.values():
                connector.faults.arm(fault, Call.AMEND)
            modify(world, parent, away, times)

        self.step(wait, act)

    @precondition(lambda self: bool(open_children(self.the_world)))
    @rule(which=which, fault=st.sampled_from(list(StreamFault)), wait=waits)
    def fill_it_behind_a_veil(self, which: int, fault: StreamFault, wait: float) -> None:
        """The market comes to an order of ours, and the news of it go astray."""

        def act(world: World) -> None:
            child = pick(open_children(world), which)
            book = world.books[child.planned.exchange]
            world.venues[book.rules.venue].faults.arm(fault, times=2)
            book.middle = child.price
            book.show()

        self.step(wait, act)


def resting(world: World) -> list[ChildState]:
    """What is known to wait at a venue."""
    return [child for child in open_children(world) if child.status is ChildStatus.OPEN and child.knowledge is Knowledge.KNOWN]


THEMES: Mapping[str, type[Trading]] = MappingProxyType(
    {theme.__name__.lower(): theme for theme in (Everything, Routers, WorkingAlgos, Crashes, Changes)}
)
