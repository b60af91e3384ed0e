"""What may go wrong: every fault of FAULTS.md on the wires, at the venues, on the disk, and death."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from core.domain.enums import OrderSide, TimeInForce
from core.domain.errors import FathomError
from core.exchanges.connector import NewOrder
from core.exchanges.paper.faults import Call, Fault, StreamFault
from tests.core.exchanges.paper_desk import SYMBOL
from tests.core.execution.stateful.machine import MOST_PARENTS, Desk, darkness, pick, sides, start_in, waits, which
from tests.core.execution.stateful.world import World

calls = st.sampled_from([Call.CREATE, Call.CREATE, Call.CANCEL, Call.AMEND, Call.QUERY, Call.QUERY, Call.SETTING])
# Until a parent stands still, and until the trader is asked.
silences = st.sampled_from([3.0, 20.0, 80.0])
OUTAGES = (Fault.REFUSED_CONNECTION, Fault.RATE_LIMITED, Fault.CLOSED_BEFORE, Fault.LOST_ACK, Fault.TIMEOUT_LOST)


class Deaths(Desk):
    """Rules of processes that end."""

    @rule(moments=st.integers(0, 40), downtime=st.sampled_from([0.0, 0.05, 5.0, 3600.0]), wait=waits)
    def die(self, moments: int, downtime: float, wait: float) -> None:
        """After so many moments, or at once; it is started again when it is found dead."""

        def act(world: World) -> None:
            world.downtime_s = downtime
            world.session.life.end_in(moments)

        self.step(wait, act)

    @precondition(lambda self: bool(self.the_world.working()))
    @rule(life=st.sampled_from([0.3, 4.0, 20.0]), downtime=st.sampled_from([5.0, 60.0, 3600.0]), wait=waits)
    def die_twice(self, life: float, downtime: float, wait: float) -> None:
        """A desk that has just been brought back dies again before anybody lets anything go on; its successor's trader does."""
        world = self.the_world
        self.steps += 1

        async def go() -> None:
            for _ in range(2):
                world.downtime_s = downtime
                world.session.life.end_in(0)
                await world.live(0.0)
                await world.live(life)
            for parent in world.working():
                world.session.engine.resume_execution(parent.id)
            await world.live(wait)

        world.run(go())


class Troubles(Deaths):
    """Rules of misfortune."""

    @precondition(lambda self: len(self.the_world.working()) < MOST_PARENTS)
    @rule(data=st.data(), dark=darkness, wait=waits)
    def start_in_the_dark(self, data: st.DataObject, dark: Fault | None, wait: float) -> None:
        """Its create fails, and the stream does not tell what became of it."""
        ask = data.draw(self.ask, label="ask")
        self.step(wait, lambda world: start_in(world, ask, dark))

    @rule(venue=which, call=calls, fault=st.sampled_from(list(Fault)), times=st.sampled_from([1, 1, 2, 6]), wait=waits)
    def requests_fail(self, venue: int, call: Call, fault: Fault, times: int, wait: float) -> None:
        def act(world: World) -> None:
            world.venues[pick(list(world.venues), venue)].faults.arm(fault, call, times)

        self.step(wait, act)

    @rule(venue=which, over=st.booleans(), call=calls, fault=st.sampled_from(OUTAGES), wait=waits)
    def an_outage(self, venue: int, over: bool, call: Call, fault: Fault, wait: float) -> None:
        """Every such request fails until it is over."""
        self.step(wait, lambda world: outage(world, pick(list(world.venues), venue), None if over else call, fault))

    @precondition(lambda self: len(self.the_world.working()) < MOST_PARENTS)
    @rule(data=st.data(), dark=st.sampled_from([Fault.TIMEOUT_PLACED, Fault.CLOSED_AFTER, Fault.TIMEOUT_LOST]), seconds=silences)
    def nobody_answers(self, data: st.DataObject, dark: Fault, seconds: float) -> None:
        """An order is lost, and for a while every question about it as well."""
        ask = data.draw(self.ask, label="ask")

        def act(world: World) -> None:
            for venue in world.venues:
                outage(world, venue, Call.QUERY, Fault.REFUSED_CONNECTION)
            start_in(world, ask, dark)

        self.step(seconds, act)

    @rule(call=st.sampled_from([Call.QUERY, Call.CANCEL]), seconds=silences)
    def everybody_is_away(self, call: Call, seconds: float) -> None:
        def act(world: World) -> None:
            for venue in world.venues:
                outage(world, venue, call, Fault.REFUSED_CONNECTION)

        self.step(seconds, act)

    @rule(wait=waits)
    def all_answer_again(self, wait: float) -> None:
        def act(world: World) -> None:
            for venue in world.venues:
                outage(world, venue, None, Fault.REFUSED_CONNECTION)

        self.step(wait, act)

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

    @rule(wait=waits)
    def the_laptop_sleeps(self, wait: float) -> None:
        """An hour passes in which nobody is woken."""
        self.step(wait, lambda world: world.sleep(3_600.0))


def outage(world: World, venue: str, call: Call | None, fault: Fault) -> None:
    faults = world.venues[venue].faults
    if call is not None:
        faults.chance(fault, 1.0, call)
        return
    for every_call in Call:
        for every_fault in OUTAGES:
            faults.chance(every_fault, 0.0, every_call)


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
