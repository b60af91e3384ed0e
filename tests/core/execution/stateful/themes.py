"""Themes of the machine: the same rules, with more of what each theme is about. CI runs each for so many examples, always the same ones."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import final

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from core.domain.clock import MICROSECONDS
from core.domain.enums import ExecutionStrategy
from core.domain.orders import ChildStatus, Knowledge, ParentStatus
from core.exchanges.paper.faults import Call, Fault, StreamFault
from core.execution.state import ChildState, ParentState
from tests.core.execution.stateful.invariants import ALWAYS, schedules_keep_up
from tests.core.execution.stateful.machine import Desk, darkness, open_children, pick, start, start_in, waits, which
from tests.core.execution.stateful.market import VENUES
from tests.core.execution.stateful.moods import Moods
from tests.core.execution.stateful.orders import GTC, asks
from tests.core.execution.stateful.troubles import Deaths, Troubles, outage
from tests.core.execution.stateful.wishes import Wishes, lost_children, modify, modify_child
from tests.core.execution.stateful.world import Setup, World

EXAMPLES = 230
# A request that was sent so long ago has arrived, or never will.
ON_ITS_WAY_US = 30 * MICROSECONDS
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


class Everything(Wishes, Moods, Troubles):
    """All strategies, all that can happen."""


@final
class Routers(Everything):
    """What is done after one plan and its follow-ups."""

    ask = asks(ROUTERS)


@final
class Silence(Everything):
    """Venues that do not answer for long, and a trader who has to decide what became of his orders."""

    @precondition(lambda self: bool(lost_children(self.the_world)))
    @rule(which=which, wait=waits)
    def decide(self, which: int, wait: float) -> None:
        self.step(wait, lambda world: world.decide(pick(lost_children(world), which)))

    @precondition(lambda self: bool(lost_children(self.the_world)))
    @rule(which=which, all_of_it=st.booleans(), wait=waits)
    def err(self, which: int, all_of_it: bool, wait: float) -> None:
        """He says what is not so, and leaves the venue as it is."""

        def act(world: World) -> None:
            child = pick(lost_children(world), which)
            world.witness.misled.add(child.parent.id)
            world.session.ask(
                world.session.engine.resolve_child(child.client_id, child.worst_amount if all_of_it else child.executed.amount)
            )

        self.step(wait, act)

    @precondition(lambda self: bool(self.the_world.working()))
    @rule(wait=st.sampled_from([20.0, 80.0]))
    def nobody_answers_any_more(self, wait: float) -> None:
        """Nor takes a cancel, nor shows a fill."""

        def act(world: World) -> None:
            for venue, connector in world.venues.items():
                outage(world, venue, Call.QUERY, Fault.REFUSED_CONNECTION)
                connector.faults.arm(StreamFault.DROPPED, times=4)
                connector.faults.arm(Fault.TIMEOUT_PLACED, Call.CREATE)

        self.step(wait, act)


@final
class WorkingAlgos(Everything):
    """What works over time, with time to do so."""

    ask = asks(WORKING)

    @rule(seconds=st.sampled_from([0.3, 1.0, 2.0, 5.0]))
    def go_on(self, seconds: float) -> None:
        self.step(seconds, lambda _world: None)

    @rule(seconds=st.sampled_from([0.3, 1.0, 2.0, 5.0]))
    def go_on_still(self, seconds: float) -> None:
        self.step(seconds, lambda _world: None)


class Crashes(Everything):
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

    @precondition(lambda self: bool(self.the_world.working()) and len(self.the_world.venues) > 1)
    @rule(
        which=which,
        meanwhile=st.sampled_from(["", "cancel", "kill", "decide", "resume"]),
        seconds=st.sampled_from([0.0, 1.0, 20.0]),
        wait=waits,
    )
    def come_back_without_a_venue(self, which: int, meanwhile: str, seconds: float, wait: float) -> None:
        """The next desk does not have it, and the trader does what he can; the one after that has it again."""
        world = self.the_world
        self.steps += 1

        async def go() -> None:
            world.left_out = pick(list(world.venues), which)
            world.session.life.end_in(0)
            await world.live(0.0)
            await world.live(seconds)
            do_meanwhile(world, meanwhile)
            await world.live(seconds)
            world.left_out = ""
            world.session.life.end_in(0)
            await world.live(0.0)
            await world.live(wait)

        world.run(go())

    @rule(data=st.data(), dark=darkness, moments=st.integers(1, 60), wait=waits)
    def die_of_an_order(self, data: st.DataObject, dark: Fault | None, moments: int, wait: float) -> None:
        """Between the wish, the intent, the request, the answer and the news."""
        ask = data.draw(self.ask, label="ask")

        def act(world: World) -> None:
            world.session.life.end_in(moments)
            start_in(world, ask, dark)

        self.step(wait, act)


@final
class CrashingAlgos(Crashes):
    """The same with what works over time: whatever happens, no schedule comes back as a burst."""

    ask = asks(WORKING, away=("2", "1", None))

    @precondition(lambda self: any(parent.status is ParentStatus.PAUSED for parent in self.the_world.working()))
    @rule(seconds=st.sampled_from([0.3, 3.0]))
    def go_on(self, seconds: float) -> None:
        """As the trader says."""

        def act(world: World) -> None:
            for parent in world.working():
                world.session.engine.resume_execution(parent.id)

        self.step(seconds, act)

    @rule(moments=st.integers(0, 12), downtime=st.sampled_from([1.0, 10.0]), wait=waits)
    def die_for_a_while(self, moments: int, downtime: float, wait: float) -> None:
        def act(world: World) -> None:
            world.downtime_s = downtime
            world.session.life.end_in(moments)

        self.step(wait, act)


class Changing(Desk):
    """Rules of changes, and of requests and news about them that fail."""

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


@final
class Changes(Changing, Everything):
    """Orders that rest, and are changed while they are filled, over streams that stutter."""

    ask = asks(ROUTERS, away=("-1", "-0.5", "-4", "0"), how=(GTC, {"post_only": True}))


@final
class Amends(Changing, Moods, Deaths):
    """Orders changed in place again and again, which examples with more in them rarely get to."""

    ask = asks((ExecutionStrategy.BEST_PRICE, ExecutionStrategy.LOWEST_FEES), away=("-0.5", "-1", "-4"), how=(GTC, {"post_only": True}))

    @initialize(
        venues=st.sampled_from([VENUES[:1], VENUES[:2]]), paced=st.booleans(), seed=st.integers(0, 1 << 16), data=st.data(), wait=waits
    )
    def begin(self, venues: tuple[str, ...], paced: bool, seed: int, data: st.DataObject, wait: float) -> None:
        """A desk on venues that amend, with an order that rests."""
        ask = data.draw(self.ask, label="ask")
        self.world = World(Setup(venues, paced=paced, seed=seed))
        self.world.run(self.world.open())
        self.step(wait, lambda world: start(world, ask))

    @precondition(lambda self: bool(resting(self.the_world)))
    @rule(
        which=which,
        times=st.sampled_from([("1.5", "0.8"), ("0.5", "2"), ("2", "0.5")]),
        gap=st.sampled_from([0.0, 0.012, 0.03]),
        wait=waits,
    )
    def change_twice(self, which: int, times: tuple[str, str], gap: float, wait: float) -> None:
        """The second change is asked for while the first is on its way."""
        world = self.the_world
        self.steps += 1

        async def go() -> None:
            parent = pick(resting(world), which).parent
            for change in times:
                if not parent.status.terminal:
                    modify(world, parent, None, change)
                await world.live(gap)
            await world.live(wait)

        world.run(go())


@final
class Calm(Desk):
    """Nothing goes wrong, and there is enough of a market: then a schedule has to keep up as well."""

    ask = asks((ExecutionStrategy.TWAP,), away=(None,), how=(GTC,))
    always = (*ALWAYS, schedules_keep_up)

    @initialize(
        venues=st.sampled_from([VENUES[:2], VENUES]), amends=st.booleans(), seed=st.integers(0, 1 << 16), data=st.data(), wait=waits
    )
    def begin(self, venues: tuple[str, ...], amends: bool, seed: int, data: st.DataObject, wait: float) -> None:
        """A desk on a market that has seen nothing yet."""
        ask = data.draw(self.ask, label="ask")
        self.world = World(Setup(venues, amends=amends, seed=seed, waits=True))
        self.world.run(self.world.open())
        self.refill()
        self.step(wait, lambda world: start(world, ask))

    @rule()
    def refill(self) -> None:
        self.step(0.0, deepen)

    @rule(by=st.sampled_from(["0.5", "-0.5", "1", "-1"]), wait=waits)
    def drift(self, by: str, wait: float) -> None:
        """All venues move together, and stay deep."""

        def act(world: World) -> None:
            for book in world.books.values():
                book.middle += Decimal(by)
            deepen(world)

        self.step(wait, act)

    @rule(seconds=st.sampled_from([0.3, 1.0, 2.0, 5.0]))
    def go_on(self, seconds: float) -> None:
        self.step(seconds, deepen)


def do_meanwhile(world: World, what: str) -> None:
    """What a trader may want of all his orders at once."""
    engine = world.session.engine
    match what:
        case "cancel":
            world.take_back([parent.id for parent in world.working()], engine.cancel_all())
        case "kill":
            world.take_back([parent.id for parent in world.working()], engine.kill())
        case "decide":
            for child in lost_children(world):
                there = world.true_order(child.planned.exchange, child.client_id) is not None
                if there or world.clock.now_us() - child.created_us >= ON_ITS_WAY_US:  # he knows that a request takes its time
                    world.decide(child)
        case "resume":
            for parent in world.working():
                engine.resume_execution(parent.id)


def deepen(world: World) -> None:
    """More than anybody here asks for."""
    for book in world.books.values():
        book.depth = Decimal(50)
        book.show()


def resting(world: World) -> list[ChildState]:
    """What is known to wait at a venue."""
    return [child for child in open_children(world) if child.status is ChildStatus.OPEN and child.knowledge is Knowledge.KNOWN]


THEMES: Mapping[str, type[Desk]] = MappingProxyType(
    {theme.__name__.lower(): theme for theme in (Everything, Routers, Silence, WorkingAlgos, Crashes, CrashingAlgos, Changes, Amends, Calm)}
)
