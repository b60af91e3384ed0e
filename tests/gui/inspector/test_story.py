"""Stories: what happened to an order, and its way along the schedule."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from core.domain.enums import ExecutionStrategy, TimeInForce
from core.domain.orders import ChildStatus, OrderSnapshot, ParentStatus
from core.strategies.params import PARAMS
from gui.blotter.rows import Digits
from gui.inspector.details import details_sheet
from gui.inspector.story import MAX_EVENTS, MAX_POINTS, MAX_STORIES, Stories, steps
from tests.gui.fakes import child, fill_of, filled, parent

D = Decimal


def at_target(order: OrderSnapshot, second: int, done: str, target: str) -> OrderSnapshot:
    return replace(filled(order, done), target_amount=D(target), updated_us=order.created_us + second * 1_000_000)


def test_a_turn_is_told_once_however_often_it_is_heard() -> None:
    stories, order = Stories(), parent()
    stories.take([order])
    stories.take([replace(order, filled_amount=D("0.1"))])
    stories.take([replace(order, status=ParentStatus.FILLED, reason="")])
    assert [event.sentence for event in stories.of(order.id).events] == ["● Working", "✓ Filled"]


def test_children_and_their_fills_stand_in_their_parents_story() -> None:
    stories, order = Stories(), parent()
    leg = child(order)
    refused = replace(leg, status=ChildStatus.REJECTED, reason="too small", updated_us=order.created_us + 1)
    fill = replace(fill_of(leg, 1, "0.25"), ts_us=order.created_us + 2)
    touched = stories.take([order, refused], [(order.id, fill)])
    assert touched == {order.id}
    told = stories.of(order.id).events
    assert told[1].who == "binance_spot"
    assert told[1].sentence == "× Refused 0.5 at 61,900: too small"
    assert told[2].sentence == "bought 0.25 BTC at 61,837.70 as taker"


def test_news_that_comes_together_is_told_in_the_order_of_time() -> None:
    stories, order = Stories(), parent()
    early = replace(fill_of(child(order), 1), ts_us=order.created_us - 1)
    stories.take([order], [(order.id, early)])
    assert [event.ts_us for event in stories.of(order.id).events] == [order.created_us - 1, order.created_us]


def test_the_way_along_the_schedule_has_a_point_per_change() -> None:
    stories, order = Stories(), parent(strategy=ExecutionStrategy.TWAP)
    for second, done, target in ((0, "0", "0.2"), (1, "0", "0.2"), (5, "0.2", "0.2"), (10, "0.2", "0.4")):
        stories.take([at_target(order, second, done, target)])
    story = stories.of(order.id)
    assert story.has_schedule
    assert list(zip(story.filled, story.target, strict=True)) == [(0, D("0.2")), (D("0.2"), D("0.2")), (D("0.2"), D("0.4"))]


def test_a_router_has_no_schedule() -> None:
    stories, order = Stories(), parent()
    stories.take([order])
    assert not stories.of(order.id).has_schedule
    assert not stories.of("nobody").has_schedule


def test_stories_are_bounded_in_number_and_length() -> None:
    stories, order = Stories(), parent(strategy=ExecutionStrategy.TWAP)
    for number in range(MAX_POINTS + MAX_EVENTS):
        stories.take([replace(at_target(order, number, str(D(number) / 10_000), "1"), reason=f"slice {number}")])
    story = stories.of(order.id)
    assert len(story.times_us) <= MAX_POINTS
    assert len(story.events) <= MAX_EVENTS
    assert story.filled[-1] == D(MAX_POINTS + MAX_EVENTS - 1) / 10_000, "the latest is never forgotten"
    for number in range(2, MAX_STORIES + 10):
        stories.take([parent(number)])
    assert not stories.of(order.id).events


def test_steps_stand_until_the_next_one_and_the_last_until_the_end() -> None:
    assert steps([(0.0, D(0)), (5.0, D(1))], 8.0) == ([0.0, 5.0, 5.0, 8.0], [0.0, 0.0, 1.0, 1.0])
    assert steps([], 8.0) == ([], [])


def test_details_show_parameters_in_the_units_of_the_form() -> None:
    params = PARAMS[ExecutionStrategy.TWAP].model_validate({"duration": 90, "randomize": 10}).model_dump()
    order = parent(strategy=ExecutionStrategy.TWAP, params=params, time_in_force=TimeInForce.GTC, reduce_only=True)
    request, shown = ({line.label: line.text for line in block} for block in details_sheet(order, Digits(2, 5)).blocks)
    assert request["Type"] == "limit, GTC, reduce-only"
    assert request["Limit"] == "61,900.00"
    assert shown["Duration"] == "1 m 30 s"
    assert shown["Randomize"] == "10 %"
    assert shown["Slices"] == "auto"
    assert "Spot venues" not in shown
