"""A suite that can't fail proves nothing: each invariant is broken on purpose, and the examples find it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis.stateful import run_state_machine_as_test

from core.domain.errors import VenueError
from core.domain.instruments import Instrument
from core.domain.numbers import ceil_to, floor_to
from core.domain.orders import ChildStatus, Fill, Knowledge
from core.execution import engine, recorder, sending, tca
from core.execution.evidence import Evidence
from core.execution.preview import with_conditions
from core.execution.recorder import Recorder
from core.execution.records import child_body, parent_body
from core.execution.recovery import Recovery
from core.execution.risk.funds import Funds
from core.execution.state import ChildState, ParentState
from core.execution.worker import Worker
from core.journal.entry import Story
from core.strategies.schedule import Schedule
from tests.core.execution.stateful import invariants
from tests.core.execution.stateful.invariants import Broken, Invariant
from tests.core.execution.stateful.machine import Desk
from tests.core.execution.stateful.themes import Calm, Changes, Crashes, CrashingAlgos, Everything, WorkingAlgos, how

# More than each of them needs.
MOST_EXAMPLES = 600

Break = Callable[[pytest.MonkeyPatch], None]


def an_ambiguous_answer_is_a_refusal(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sending, "VenueUnavailable", VenueError)


def nobody_waits_for_the_disk(patch: pytest.MonkeyPatch) -> None:
    async def at_once(_recorder: Recorder) -> None:
        """It will be written some time."""

    patch.setattr(Recorder, "durable", at_once)


def trades_are_not_recognised(patch: pytest.MonkeyPatch) -> None:
    apply_fill = ChildState.apply_fill

    def forgetful(child: ChildState, fill: Fill, now_us: int) -> bool:
        child.trade_ids.clear()
        return apply_fill(child, fill, now_us)

    patch.setattr(ChildState, "apply_fill", forgetful)


def late_fills_are_dropped(patch: pytest.MonkeyPatch) -> None:
    finish_claim, apply_fill = ChildState._finish_claim, ChildState.apply_fill

    def hasty(child: ChildState, now_us: int) -> None:
        child.claimed_filled = min(child.claimed_filled, child.executed.amount)
        finish_claim(child, now_us)

    def deaf(child: ChildState, fill: Fill, now_us: int) -> bool:
        return not child.status.terminal and apply_fill(child, fill, now_us)

    patch.setattr(ChildState, "_finish_claim", hasty)
    patch.setattr(ChildState, "apply_fill", deaf)


def what_was_on_its_way_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    doubt = Recovery._doubt

    def sure(recovery: Recovery, child: ChildState, now_us: int) -> None:
        if child.status in (ChildStatus.INTENT, ChildStatus.SUBMITTING):
            child.status, child.knowledge = ChildStatus.NOT_PLACED, Knowledge.KNOWN
        else:
            doubt(recovery, child, now_us)

    patch.setattr(Recovery, "_doubt", sure)


def intents_are_not_written(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Recorder, "intents", lambda *_args, **_words: None)


def changes_are_not_written(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Recorder, "amend", lambda *_args, **_words: None)
    patch.setattr(recorder, "child_body", lambda child: {**child_body(child), "wish": None})


def a_cancel_only_pauses(patch: pytest.MonkeyPatch) -> None:
    def pause(worker: Worker, why: str = "") -> None:
        worker.pause(why)

    patch.setattr(Worker, "request_cancel", pause)


def prices_round_past_the_limit(patch: pytest.MonkeyPatch) -> None:
    def outwards(rules: Instrument, price: Any, side: Any) -> Any:
        return (ceil_to if side.sign > 0 else floor_to)(price, rules.tick)

    patch.setattr(Instrument, "round_price", outwards)


def dust_is_swept_under_the_carpet(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(engine, "with_conditions", lambda plan, *more: replace(with_conditions(plan, *more), unallocated=plan.amount * 0))


def nobody_looks_for_evidence(patch: pytest.MonkeyPatch) -> None:
    async def rest(*_args: Any) -> None:
        """It will turn up."""

    patch.setattr(Evidence, "_investigate", rest)


def reservations_are_never_released(patch: pytest.MonkeyPatch) -> None:
    reservations, kept = Funds.reservations, dict[Any, Any]()
    patch.setattr(Funds, "reservations", lambda funds: kept | {(id(funds), *key): kept.setdefault((id(funds), *key), amount)
                                                               for key, amount in reservations(funds).items()})  # fmt: skip


def a_schedule_wants_everything_at_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Schedule, "target", lambda _schedule, _index, amount, _lot: amount)


def the_time_while_nobody_was_there_counts(patch: pytest.MonkeyPatch) -> None:
    bring_back = Recovery._bring_back

    def late(recovery: Recovery, parent: ParentState, story: Story, _last_us: int) -> None:
        bring_back(recovery, parent, story, recovery._manager.clock.now_us())

    patch.setattr(Recovery, "_bring_back", late)


def that_it_stands_still_is_not_written(patch: pytest.MonkeyPatch) -> None:
    bring_back = Recovery._bring_back

    def in_memory(recovery: Recovery, parent: ParentState, story: Story, last_us: int) -> None:
        bring_back(recovery, parent, story, last_us)
        parent.recorded = parent_body(parent)

    patch.setattr(Recovery, "_bring_back", in_memory)


def a_schedule_falls_behind(patch: pytest.MonkeyPatch) -> None:
    target = Schedule.target
    patch.setattr(Schedule, "target", lambda schedule, index, amount, lot: target(schedule, max(index - 1, 0), amount / 2, lot))


def a_cost_is_counted_twice(patch: pytest.MonkeyPatch) -> None:
    costs = tca._costs

    def twice(*figures: Any) -> Any:
        right = costs(*figures)
        return replace(right, spread=2 * right.spread)

    patch.setattr(tca, "_costs", twice)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("holds", "broken", "theme"),
    [
        (invariants.filled_and_worst_case_live_stay_within_the_amount, an_ambiguous_answer_is_a_refusal, Everything),
        (invariants.nothing_leaves_without_a_durable_intent, nobody_waits_for_the_disk, Everything),
        (invariants.filled_is_the_sum_of_unique_trades, trades_are_not_recognised, Everything),
        (invariants.any_order_of_events_ends_in_the_same_state, late_fills_are_dropped, Everything),
        (invariants.every_child_ends_as_its_events_do, late_fills_are_dropped, Everything),
        (invariants.a_crash_now_would_send_nothing_twice, nobody_waits_for_the_disk, Everything),
        (invariants.a_crash_now_would_send_nothing_twice, what_was_on_its_way_is_forgotten, Crashes),
        (invariants.a_crash_now_would_send_nothing_twice, changes_are_not_written, Changes),
        (invariants.a_crash_loses_nothing_and_sends_nothing_twice, what_was_on_its_way_is_forgotten, Crashes),
        (invariants.every_order_of_ours_belongs_to_a_child, intents_are_not_written, Crashes),
        (invariants.nothing_new_after_a_cancel, a_cancel_only_pauses, Everything),
        (invariants.prices_and_sizes_keep_the_limit_and_the_rules, prices_round_past_the_limit, Everything),
        (invariants.allocations_and_dust_make_the_parent, dust_is_swept_under_the_carpet, Everything),
        (invariants.doubts_and_cancels_end_once_the_venues_answer, nobody_looks_for_evidence, Everything),
        (invariants.parents_end_once_the_venues_answer, nobody_looks_for_evidence, Everything),
        (invariants.reservations_are_never_negative_and_zero_when_idle, reservations_are_never_released, Everything),
        (invariants.schedules_stay_within_their_band, a_schedule_wants_everything_at_once, WorkingAlgos),
        (invariants.schedules_stay_within_their_band, the_time_while_nobody_was_there_counts, CrashingAlgos),
        (invariants.schedules_stay_within_their_band, that_it_stands_still_is_not_written, CrashingAlgos),
        (invariants.schedules_keep_up, a_schedule_falls_behind, Calm),
        (invariants.the_parts_sum_to_the_shortfall, a_cost_is_counted_twice, Everything),
    ],
)
def test_breaking_it_is_found(holds: Invariant, broken: Break, theme: type[Desk], monkeypatch: pytest.MonkeyPatch) -> None:
    broken(monkeypatch)
    name, shown = theme.__name__, (tuple(each for each in every if each is holds) for every in (theme.always, theme.at_rest))
    always, at_rest = shown
    sighted = type(f"{name}WithOneEye", (theme,), {"always": always, "at_rest": at_rest})
    with pytest.raises(Broken):
        run_state_machine_as_test(sighted, settings=how(MOST_EXAMPLES, shrink=False))
