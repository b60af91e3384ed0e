"""The thirteen invariants of an execution desk, each asked after every step; what can only be answered at rest is asked then besides.

At rest means: every fault is healed, every parent was given time and cancelled, and the venues answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal

from core.domain.clock import MICROSECONDS
from core.domain.enums import ExecutionStrategy
from core.domain.orders import ChildStatus, Knowledge, ParentStatus
from core.execution.ids import is_ours
from core.execution.records import rebuild
from core.execution.state import ChildState
from core.journal.entry import Kind
from tests.core.exchanges.paper_desk import SYMBOL
from tests.core.execution.stateful.permutations import Tale, replayable
from tests.core.execution.stateful.witness import ZERO
from tests.core.execution.stateful.world import World

Invariant = Callable[[World], None]
PERMUTATIONS = 3
# A slice is done this long after its end: a taker's way there and back, and once more for what it left.
KEPT_UP_S = 1.0
# Venues that answer are asked every few seconds, and the longest wait is for what may still arrive.
DOUBTS_END_S = 45.0
# Less of a regular slice than this goes with the next one, and so does what no venue's lot can hold.
CRUMB = 0.1
COARSEST_LOT = 0.06


class Broken(AssertionError):
    """An invariant does not hold."""


def no_error_was_swallowed(world: World) -> None:
    """Not one of the thirteen: a worker, a task or a listener that broke."""
    _no_breach(world, 0)


def filled_and_worst_case_live_stay_within_the_amount(world: World) -> None:
    """1: by what we claim and by what is true, after every event and now."""
    _no_breach(world, 1)
    for parent in world.parents():
        if parent.id in world.witness.misled:
            continue
        claimed, truly, amount = parent.executed.amount + parent.live_amount, world.truly_committed(parent), parent.request.amount
        if claimed > amount:
            raise Broken(f"1: {parent.id} claims {claimed} of {amount}")
        if truly > amount:
            raise Broken(f"1: the venues hold {truly} of {parent.id}'s {amount}")
        for child in parent.children.values():
            order = world.true_order(child.planned.exchange, child.client_id)
            if order is not None and order.is_open and child.settled:
                raise Broken(f"1: {child.client_id} is {child.status.value}, and open on {child.planned.exchange}")


def nothing_leaves_without_a_durable_intent(world: World) -> None:
    """2: and a client id is used once; the venue has at most one order of it by its own nature, and nobody else has it."""
    _no_breach(world, 2)
    places = [client_id for connector in world.venues.values() for client_id in connector.truth.orders if is_ours(client_id)]
    if len(set(places)) != len(places):
        raise Broken("2: a client id is on two venues")


def filled_is_the_sum_of_unique_trades(world: World) -> None:
    """3: of trades that really happened, and it never decreases."""
    _no_breach(world, 3)
    true_fills = {(fill.venue, fill.trade_id): fill for connector in world.venues.values() for fill in connector.truth.fills}
    for parent in world.parents():
        total = ZERO
        for child in parent.children.values():
            fills = child.executed.fills
            if len({fill.trade_id for fill in fills}) != len(fills):
                raise Broken(f"3: a trade of {child.client_id} was counted twice")
            if any(true_fills.get((fill.venue, fill.trade_id)) != fill for fill in fills):
                raise Broken(f"3: a trade of {child.client_id} never happened")
            if child.executed.amount != sum((fill.amount for fill in fills), ZERO):
                raise Broken(f"3: {child.client_id} has {child.executed.amount} filled, and its trades say otherwise")
            total += child.executed.amount
        if parent.executed.amount != total:
            raise Broken(f"3: {parent.id} has {parent.executed.amount} filled, its children {total}")


def any_order_of_events_ends_in_the_same_state(world: World) -> None:
    """4: what has happened so far to each child, told in other orders and several times, leads to one and the same record."""
    for child, tale in _tales(world):
        if world.retold.get(child.client_id) != (size := len(tale.events)):
            world.retold[child.client_id] = size
            for _ in range(PERMUTATIONS):
                if different := tale.depends_on_order(child, world.random):
                    raise Broken(f"4: {child.client_id}: {different}")


def every_child_ends_as_its_events_do(world: World) -> None:
    """4, at rest: and that record is the one we have."""
    for child, tale in _tales(world):
        if different := tale.ended_otherwise(child):
            raise Broken(f"4: {child.client_id}: {different}")


def _tales(world: World) -> Iterator[tuple[ChildState, Tale]]:
    """Of every child, what really happened to it, if its record can be made anew from that."""
    for parent in world.parents():
        for child in parent.children.values():
            events = world.witness.told.get(child.client_id)
            amended = world.witness.amended.get(child.client_id, [])
            order = world.true_order(child.planned.exchange, child.client_id)
            if events and order is not None and replayable(child, amended):
                yield child, Tale(events, order.report(), amended)


def a_crash_now_would_send_nothing_twice(world: World) -> None:
    """5: what the disk holds at this moment covers whatever the venues hold, so that who starts from it exceeds no amount."""
    if world.session.life.over:
        return  # its successor starts within this step
    known = {client_id: child for parent in world.disk.parents() for client_id, child in parent.children.items()}
    for venue, connector in world.venues.items():
        for client_id, order in connector.truth.orders.items():
            if not is_ours(client_id):
                continue
            child = known.get(client_id)
            if child is None or child.planned.exchange != venue:
                raise Broken(f"5: {client_id} on {venue} is not on the disk")
            if child.parent.id in world.witness.misled:
                continue
            if child.status is ChildStatus.NOT_PLACED and "resolved_by_trader" not in child.flags:
                raise Broken(f"5: {client_id} is 'not placed' on the disk, and was")
            covered = child.executed.amount + child.live_amount
            if order.is_open and covered < order.instrument.amount_of(order.units):
                raise Broken(f"5: {client_id} holds {order.instrument.amount_of(order.units)}, and {covered} by what is on the disk")
    for parent in world.disk.parents():
        if parent.id not in world.witness.misled and (claimed := parent.executed.amount + parent.live_amount) > parent.request.amount:
            raise Broken(f"5: {parent.id} claims {claimed} of {parent.request.amount} by what is on the disk")


def a_crash_loses_nothing_and_sends_nothing_twice(world: World) -> None:
    """5, at rest: what the desk knows is true, and what the disk holds is what the desk knows."""
    filled: dict[str, Decimal] = {}
    for connector in world.venues.values():
        for fill in connector.truth.fills:
            filled[fill.client_id] = filled.get(fill.client_id, ZERO) + fill.amount
    parents = {parent.id: parent for parent in world.parents()}
    for parent in parents.values():
        for child in parent.children.values():
            if child.executed.amount != filled.get(child.client_id, ZERO):
                raise Broken(f"5: {child.client_id} has {child.executed.amount} filled, truly {filled.get(child.client_id, ZERO)}")
            placed = world.true_order(child.planned.exchange, child.client_id) is not None
            if child.status is ChildStatus.NOT_PLACED and placed and "resolved_by_trader" not in child.flags:
                raise Broken(f"5: {child.client_id} is 'not placed', and was")
    stories = {story.parent_id: story for story in world.session.journal.load(at_most=-1)}
    if stories.keys() != parents.keys():
        raise Broken(f"5: the journal holds {sorted(stories)}, the desk {sorted(parents)}")
    for parent_id, story in stories.items():
        record, was = rebuild(story), parents[parent_id]
        if replace(record, children={}, updated_us=0, recorded={}) != replace(was, children={}, updated_us=0, recorded={}):
            raise Broken(f"5: the journal remembers {parent_id} differently")
        for child_id, child in was.children.items():
            if _known(record.children[child_id]) != _known(child):
                raise Broken(f"5: the journal remembers {child_id} as {_known(record.children[child_id])}, the desk as {_known(child)}")


def _known(child: ChildState) -> tuple[object, ...]:
    """What an order is, without when and how that became known."""
    executed = child.executed
    facts = (child.status, child.knowledge, child.price, child.amount, child.released, child.wish, child.claimed_end, sorted(child.flags))
    return *facts, executed.amount, executed.notional, executed.fees, sorted(child.trade_ids)


def every_order_of_ours_belongs_to_a_child(world: World) -> None:
    """6: and what is not ours is left alone."""
    _no_breach(world, 6)
    for venue, connector in world.venues.items():
        for client_id, order in connector.truth.orders.items():
            if is_ours(client_id) and world.session.manager.child(client_id) is None:
                raise Broken(f"6: {client_id} on {venue} belongs to no child")
            if not is_ours(client_id) and not order.is_open and order.reason == "cancelled on request":
                raise Broken(f"6: {client_id} on {venue} is not ours and was cancelled")


def nothing_new_after_a_cancel(world: World) -> None:
    """7."""
    _no_breach(world, 7)


def prices_and_sizes_keep_the_limit_and_the_rules(world: World) -> None:
    """8: the trader's limit and declared slippage; tick, lot and minimums as the venue stated them."""
    _no_breach(world, 8)


def allocations_and_dust_make_the_parent(world: World) -> None:
    """9: of every plan that was shown, and of every decision that was recorded."""
    _no_breach(world, 9)
    for parent in world.parents():
        for child in parent.children.values():
            if child.amount < child.executed.amount and "overfill" not in child.flags and not child.wish:
                raise Broken(f"9: {child.client_id} filled {child.executed.amount} of {child.amount}")
        if parent.status.terminal and parent.executed.amount < parent.request.amount and not parent.reason:
            raise Broken(f"9: {parent.id} leaves a remainder without a word")
    for entry in world.disk.news():
        if entry.kind == Kind.PLAN and Decimal(str(entry.body["left"])) < 0:
            raise Broken(f"9: a decision of {entry.parent_id} placed more than there was")


def doubts_and_cancels_end_once_the_venues_answer(world: World) -> None:
    """10: since everything has worked for long enough nothing is in doubt, and what was taken back is over."""
    healthy_s = world.healthy_s()
    if healthy_s < DOUBTS_END_S:
        return
    for parent in world.parents():
        if parent.id in world.witness.misled:
            continue  # what he said and no venue shows is asked of him again
        if parent.id in world.witness.accepted and not parent.status.terminal:
            raise Broken(f"10: {parent.id} was taken back, and is {parent.status.value} although all has worked for {healthy_s:.0f} s")
        for child in parent.children.values():
            age_s = (world.clock.now_us() - child.created_us) / MICROSECONDS
            if child.knowledge is not Knowledge.KNOWN and age_s >= DOUBTS_END_S:
                raise Broken(f"10: {child.client_id} is {child.knowledge.value} although all has worked for {healthy_s:.0f} s")


def parents_end_once_the_venues_answer(world: World) -> None:
    """10, at rest: nothing works, nothing is unknown, nothing of ours is open anywhere, and callers are answered."""
    if left := world.working():
        raise Broken(f"10: {left[0].id} ({left[0].request.strategy.value}) is still {left[0].status.value}: {left[0].reason}")
    for parent in world.parents():
        for child in parent.children.values():
            if not child.settled or child.knowledge is not Knowledge.KNOWN:
                raise Broken(f"10: {child.client_id} is {child.status.value}, {child.knowledge.value}")
    if still_open := world.truly_open():
        raise Broken(f"10: {still_open[0].client_id} is open on {still_open[0].venue}, and nobody follows it")
    if world.session.waiting:
        raise Broken("10: somebody who asked for something was never answered")


def reservations_are_never_negative_and_zero_when_idle(world: World) -> None:
    """11: of what we hold back, and of what the venues hold for us."""
    funds = world.session.engine.risk.funds
    bound = funds.reservations()
    if any(amount < 0 for amount in bound.values()):
        raise Broken(f"11: {bound}")
    if bound and not any(child for parent in world.parents() for child in parent.open_children):
        raise Broken(f"11: {bound} is reserved while nothing is open")


def no_money_stays_bound_at_rest(world: World) -> None:
    """11, at rest: the accounts hold nothing, and the desk knows what is free."""
    for venue, connector in world.venues.items():
        if connector.truth.open_orders(SYMBOL):
            continue  # a stranger's
        for currency, balance in connector.truth.ledger.balances().items():
            known = world.session.engine.risk.funds.available(venue, currency) if world.setup.careful else None
            if known is not None and known != balance.free:
                raise Broken(f"11: {venue} has {balance.free} {currency} free, and the desk believes in {known}")


def schedules_stay_within_their_band(world: World) -> None:
    """12: never ahead of time, never in a burst."""
    _no_breach(world, 12)


def schedules_keep_up(world: World) -> None:
    """12, from below: while nothing goes wrong, what was due by the last slice's end is filled. Asked of calm worlds only."""
    for parent in world.working():
        if parent.status is not ParentStatus.RUNNING or parent.started_us is None or parent.request.strategy is not ExecutionStrategy.TWAP:
            continue
        params, slices = parent.request.params, int(str(parent.memory.get("slices", 0)))
        if not slices or params["style"] == "passive":
            continue
        elapsed_s, spread = (world.clock.now_us() - parent.started_us) / MICROSECONDS - KEPT_UP_S, float(str(params["randomize"])) / 100
        done = max(min(int(elapsed_s * slices / float(str(params["duration"])) - spread / 2), slices), 0)
        light, heavy = done * (1 - spread), (slices - done) * (1 + spread)
        due = float(parent.request.amount) * light / (light + heavy) - float(parent.request.amount) / slices * CRUMB - COARSEST_LOT
        if float(parent.executed.amount) < due:
            raise Broken(f"12: {parent.id} has {parent.executed.amount} filled, and {due:.4f} was due {KEPT_UP_S} s ago: {parent.reason}")


def the_parts_sum_to_the_shortfall(world: World) -> None:
    """13: exactly."""
    for parent in world.parents():
        if world.measured.get(parent.id) == (state := (parent.executed.amount, parent.status)) and parent.status.terminal:
            continue  # nothing about it has changed
        world.measured[parent.id] = state
        report = world.session.engine.tca(parent.id)
        if report.filled_amount != parent.executed.amount:
            raise Broken(f"13: the report of {parent.id} has {report.filled_amount} filled, the desk {parent.executed.amount}")
        if report.costs is not None and sum((cost for _, cost in report.costs.parts()), ZERO) != report.costs.shortfall:
            raise Broken(f"13: the parts of {parent.id} do not sum to {report.costs.shortfall}")


def _no_breach(world: World, number: int) -> None:
    for breach in world.witness.breaches:
        if breach.number == number:
            raise Broken(f"{number}: {breach.sentence}")


ALWAYS: tuple[Invariant, ...] = (
    no_error_was_swallowed,
    filled_and_worst_case_live_stay_within_the_amount,
    nothing_leaves_without_a_durable_intent,
    filled_is_the_sum_of_unique_trades,
    any_order_of_events_ends_in_the_same_state,
    a_crash_now_would_send_nothing_twice,
    every_order_of_ours_belongs_to_a_child,
    nothing_new_after_a_cancel,
    prices_and_sizes_keep_the_limit_and_the_rules,
    allocations_and_dust_make_the_parent,
    doubts_and_cancels_end_once_the_venues_answer,
    reservations_are_never_negative_and_zero_when_idle,
    schedules_stay_within_their_band,
    the_parts_sum_to_the_shortfall,
)
AT_REST: tuple[Invariant, ...] = (
    parents_end_once_the_venues_answer,
    a_crash_loses_nothing_and_sends_nothing_twice,
    every_child_ends_as_its_events_do,
    no_money_stays_bound_at_rest,
)
