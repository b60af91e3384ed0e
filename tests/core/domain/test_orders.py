"""The order tables: what may follow what, whatever order the news comes in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.domain.orders import CHILD_TRANSITIONS, PARENT_TRANSITIONS, ChildEvent, ChildStatus, ParentStatus

LATE = (ChildEvent.FILL_PART, ChildEvent.FILL_ALL, ChildEvent.CANCEL, ChildEvent.EXPIRE, ChildEvent.ACKNOWLEDGE)


def test_every_ended_child_accepts_late_news() -> None:
    for status in ChildStatus:
        if status.terminal:
            assert all((status, event) in CHILD_TRANSITIONS for event in LATE)


def test_an_ended_child_never_comes_back_to_life() -> None:
    for (status, _event), following in CHILD_TRANSITIONS.items():
        if status.terminal:
            assert following.terminal


def test_a_cancel_that_loses_to_the_last_fill_ends_filled() -> None:
    assert CHILD_TRANSITIONS[ChildStatus.CANCELLED, ChildEvent.FILL_ALL] is ChildStatus.FILLED


def test_fills_may_overtake_the_acknowledgement() -> None:
    assert CHILD_TRANSITIONS[ChildStatus.SUBMITTING, ChildEvent.FILL_PART] is ChildStatus.PARTIALLY_FILLED
    assert CHILD_TRANSITIONS[ChildStatus.PARTIALLY_FILLED, ChildEvent.ACKNOWLEDGE] is ChildStatus.PARTIALLY_FILLED


def test_an_unsent_intent_can_only_be_sent_denied_or_proven_absent() -> None:
    assert {event for status, event in CHILD_TRANSITIONS if status is ChildStatus.INTENT} == {
        ChildEvent.SEND,
        ChildEvent.DENY,
        ChildEvent.PROVE_ABSENT,
    }


@given(st.permutations([ChildEvent.ACKNOWLEDGE, ChildEvent.FILL_PART, ChildEvent.FILL_ALL, ChildEvent.CANCEL]))
def test_any_order_of_the_same_news_ends_the_same(news: list[ChildEvent]) -> None:
    status = ChildStatus.SUBMITTING
    for event in news:
        status = CHILD_TRANSITIONS[status, event]
    assert status is ChildStatus.FILLED


def test_an_ended_parent_can_only_still_become_filled() -> None:
    for status, following in PARENT_TRANSITIONS.items():
        if status.terminal:
            assert following <= {ParentStatus.FILLED}


def test_every_living_parent_can_be_cancelled() -> None:
    for status in ParentStatus:
        if not status.terminal and status is not ParentStatus.CANCELLING:
            assert ParentStatus.CANCELLING in PARENT_TRANSITIONS[status]


def test_the_tables_know_every_status() -> None:
    assert set(PARENT_TRANSITIONS) == set(ParentStatus)
    assert {status for status, _ in CHILD_TRANSITIONS} == set(ChildStatus)
