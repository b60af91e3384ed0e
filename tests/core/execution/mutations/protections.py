"""The protections, one line of the program each, how that line is broken, and the test that notices.

An edit is what a careless change would be: the smallest one that takes the protection away and leaves the rest. Killers are
named where they live, so that a renamed one shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.exchanges.ccxt.outcomes import proof
from core.exchanges.limiter import Limiter
from core.exchanges.paper.faults import Fault, StreamFault
from core.execution.amending import settle_amend
from core.execution.evidence import Evidence, _unresolved
from core.execution.manager import OrderManager
from core.execution.reconcile import _contradicts
from core.execution.records import _count
from core.execution.recovery import Recovery
from core.execution.resolving import take_word
from core.execution.risk.gate import RiskGate
from core.execution.room import give_back
from core.execution.sending import Sender
from core.execution.state import ChildState
from core.execution.worker import Worker
from core.strategies.slicing import _allowance
from tests.core.execution.fifteen_faults.test_crash import between_persist_and_send

HERE = "tests.core.execution"
FAULTS = f"{HERE}.fifteen_faults"
ENDED = "child.know(); child.advance(ChildEvent.CANCEL, self._clock.now_us()); self._changed(child)"


@dataclass(frozen=True)
class Protection:
    """One line of the table.

    Attributes:
        name: of what protects.
        without: what happens when it is switched off.
        function, old, new: the edit that does so.
        killer: `module::test` that must fail then.
        words: the arguments of a parametrised test.
    """

    name: str
    without: str
    function: Callable[..., Any] | property
    old: str
    new: str
    killer: str
    words: Mapping[str, Any] = field(default_factory=dict)


DURABLE_INTENT = [
    Protection(
        "durable intent",
        "an order leaves before its intent is committed",
        Sender._may_leave,
        "await self._durable()",
        "pass",
        f"{HERE}.test_durable_intent::test_no_create_leaves_before_its_intent_is_on_the_disk",
        {"strategy": "price_optimized_liquidity"},
    ),
    Protection(
        "durable intent",
        "a change leaves before it is committed",
        Sender._amend,
        "await self._durable()",
        "pass",
        f"{HERE}.test_durable_intent::test_no_change_leaves_before_it_is_on_the_disk",
    ),
    Protection(
        "durable intent",
        "an order leaves although its intent could not be committed",
        Sender._may_leave,
        "if not _wanted(child):",
        "if child.cancelling:",
        f"{HERE}.test_no_loss::test_when_the_journal_can_not_be_written_nothing_is_sent_cancels_still_work_and_resuming_goes_on",
    ),
]

UNKNOWN_STATE = [
    Protection(
        "unknown state",
        "a refusal in words under HTTP 5xx is believed",
        proof,
        "trace.status >= _NOBODY_KNOWS_STATUS",
        "False",
        "tests.core.exchanges.ccxt.test_outcomes::test_no_words_are_a_refusal_under_a_status_that_means_nobody_knows",
        {"ccxt_id": "binance", "code": "-2010", "status": 503},
    ),
    Protection(
        "unknown state",
        "a timeout is read as not placed",
        Sender._send,
        "except (VenueRefused, VenueUnavailable) as error:",
        "except (VenueRefused, VenueUnavailable, OutcomeUnknown) as error:",
        f"{FAULTS}.test_submit::test_fault_01_submit_times_out_but_the_order_is_live",
    ),
    Protection(
        "unknown state",
        "a failed look-up is read as an empty one",
        Evidence._look,
        "return False\n    silent, child.silences",
        "return None\n    silent, child.silences",
        f"{FAULTS}.test_submit::test_fault_02_a_failed_look_up_is_no_part_of_the_proof",
    ),
    Protection(
        "unknown state",
        "a parent does not stand still while a venue is silent",
        Worker._held,
        "parent.held = True",
        "return False",
        f"{FAULTS}.test_outage_and_cancel::test_fault_05_what_rests_elsewhere_stays_and_the_trader_may_still_pause_or_cancel",
    ),
    Protection(
        "unknown state",
        "the trader's own pause ends with the silence of a venue",
        Worker.pause,
        "self.parent.held = False",
        "pass",
        f"{FAULTS}.test_outage_and_cancel::test_fault_05_what_rests_elsewhere_stays_and_the_trader_may_still_pause_or_cancel",
    ),
    Protection(
        "unknown state",
        "fills that are never shown keep an order waiting for ever, without a word",
        _unresolved,
        "child.unseen > 0",
        "False",
        f"{HERE}.test_unseen_fills::test_the_trader_is_asked_when_trades_are_never_shown_and_no_more_when_they_are",
        {"part": "0.5"},
    ),
    Protection(
        "unknown state",
        "an empty look-up counts while the request may still arrive",
        Evidence._cannot_arrive,
        "asked_us - gave_up_us >= window_us",
        "True",
        f"{HERE}.test_no_loss::test_a_request_that_arrives_after_the_timeout_is_still_one_order",
    ),
    Protection(
        "unknown state",
        "an answer counts although what it answers has changed since the question",
        Evidence._look,
        "if overtaken and (",
        "if False and (",
        f"{HERE}.test_stale_answers::test_an_answer_from_before_a_late_change_does_not_take_it_back",
    ),
    Protection(
        "unknown state",
        "a change is dropped by an answer that is late, not by a question that is",
        Evidence._settle_requests,
        "child.wish.gave_up_us, surely_us",
        "child.wish.gave_up_us, self._clock.now_us()",
        f"{HERE}.test_stale_answers::test_a_change_may_still_arrive_when_it_could_have_at_the_moment_of_the_question",
    ),
    Protection(
        "unknown state",
        "one empty look-up is proof enough",
        Evidence._investigate,
        "empty_looks >= EMPTY_LOOKS_NEEDED",
        "empty_looks >= 1",
        f"{FAULTS}.test_submit::test_fault_02_submit_times_out_and_never_arrived",
    ),
    Protection(
        "unknown state",
        "after the deadline an order is taken for absent",
        Evidence._investigate,
        "self._quarantine(child)",
        "self._prove_absent(child)",
        f"{HERE}.test_no_loss::test_without_evidence_by_the_deadline_the_trader_is_asked_and_late_evidence_still_counts",
    ),
    Protection(
        "unknown state",
        "a duplicate id is read as a refusal",
        Sender._send,
        "except (VenueRefused, VenueUnavailable) as error:",
        "except (VenueRefused, VenueUnavailable, DuplicateClientId) as error:",
        f"{FAULTS}.test_submit::test_fault_03_a_duplicate_id_refusal_is_read_as_exists",
        {"price": "99", "told": False},
    ),
    Protection(
        "unknown state",
        "an order that is gone from the venue's list is believed to rest",
        _contradicts,
        "return listed is None or",
        "return listed is not None and",
        f"{HERE}.test_reconcile::test_a_fill_that_a_hanging_stream_swallowed_is_found_within_seconds",
    ),
]

FILLS = [
    Protection(
        "fills",
        "a venue that says less than before is believed",
        ChildState._take_ending,
        "max(self.claimed_filled, news.filled)",
        "news.filled",
        f"{HERE}.test_unseen_fills::test_a_venue_that_says_less_than_before_frees_nothing",
        {"looked_up": False},
    ),
    Protection(
        "fill dedup",
        "a trade told twice counts twice",
        ChildState.apply_fill,
        "if fill.trade_id in self.trade_ids:",
        "if False:",
        f"{HERE}.test_no_loss::test_fills_count_once_however_the_stream_tells_them",
        {"fault": StreamFault.DUPLICATED},
    ),
    Protection(
        "fill dedup",
        "a trade that is in the journal twice counts twice",
        _count,
        "if fill.trade_id not in child.trade_ids:",
        "if True:",
        f"{HERE}.test_recovery::test_a_late_fill_of_an_order_too_old_to_be_shown_is_recorded_and_counted_once",
    ),
    Protection(
        "late fills",
        "an ending counts before all its fills have been seen",
        ChildState._finish_claim,
        "if self.claimed_end is None or self.executed.amount < self.claimed_filled:",
        "if self.claimed_end is None:",
        f"{FAULTS}.test_news::test_fault_10_a_partial_after_cancelled_shrinks_what_is_placed_next",
    ),
    Protection(
        "late fills",
        "a fill after the end is dropped",
        ChildState.apply_fill,
        'self.flags.add("late_fill")',
        "return False",
        f"{FAULTS}.test_news::test_fault_10_a_fill_of_an_order_that_was_over_is_flagged_and_the_next_slice_shrinks",
    ),
    Protection(
        "overfill",
        "a parent goes on after a venue has filled too much",
        Worker._step,
        'if "overfill" in parent.flags:',
        "if False:",
        f"{HERE}.test_races::test_an_overfilled_slice_ends_a_large_parent_failed_not_filled",
    ),
]

CANCEL_BEFORE_LOWER = [
    Protection(
        "cancel before lower",
        "a cancel frees the reservation when it is asked for",
        ChildState.live_amount,
        "over = self.settled or (",
        "over = self.cancelling or self.settled or (",
        f"{FAULTS}.test_outage_and_cancel::test_fault_07_cancel_times_out",
        {"fault": Fault.TIMEOUT_LOST},
    ),
    Protection(
        "cancel before lower",
        "a change applies before the cancelled children are known to be over",
        settle_amend,
        "if not parent.open_children or (only_more and child is None):",
        "if True:",
        f"{HERE}.test_reservation::test_lowering_waits_until_the_children_in_the_way_are_known_to_be_over",
    ),
    Protection(
        "cancel before lower",
        "a cancel that finds nothing is read as cancelled",
        Sender._ask_to_cancel,
        "pass  # it may be filled, or never have been there: ask",
        ENDED,
        f"{FAULTS}.test_outage_and_cancel::test_fault_06_cancel_loses_to_a_fill",
        {"told": False},
    ),
    Protection(
        "cancel before lower",
        "a cancel that times out is read as cancelled",
        Sender._ask_to_cancel,
        'log.warning("cancel of %s: %r", child.client_id, error)',
        ENDED,
        f"{FAULTS}.test_outage_and_cancel::test_fault_07_cancel_times_out",
        {"fault": Fault.TIMEOUT_LOST},
    ),
    Protection(
        "cancel before lower",
        "cancels stack",
        Sender.cancel,
        "if child.cancelling:",
        "if False:",
        f"{FAULTS}.test_outage_and_cancel::test_fault_07_cancel_times_out",
        {"fault": Fault.TIMEOUT_LOST},
    ),
    Protection(
        "cancel before lower",
        "what was taken back while the disk was waited for leaves all the same",
        Sender._may_leave,
        "if not _wanted(child):",
        "if False:",
        f"{HERE}.test_reservation::test_a_cancel_while_the_disk_is_slow_lets_nothing_leave",
    ),
]

RESERVATION = [
    Protection(
        "reservation",
        "a child may take its parent past its amount",
        OrderManager.submit,
        "if left < 0:",
        "if False:",
        f"{HERE}.test_no_loss::test_a_child_that_would_pass_the_parents_amount_is_not_sent",
    ),
    Protection(
        "reservation",
        "what a venue says it filled of an ended order is free until the fills are seen",
        ChildState.live_amount,
        "self.unseen if over",
        "ZERO if over",
        f"{HERE}.test_stale_answers::test_what_a_venue_says_was_filled_of_an_ended_order_is_reserved_until_the_fills_are_there",
    ),
    Protection(
        "reservation",
        "the room for a change stays when the change is dropped",
        give_back,
        "if parent.falls_back is None:",
        "if True:",
        f"{HERE}.test_amend_dropped::test_a_raise_overtaken_by_a_cancel_leaves_the_old_amount",
    ),
    Protection(
        "reservation",
        "a dropped change takes a parent below what its venue may hold",
        give_back,
        "max(parent.falls_back, parent.executed.amount + parent.live_amount)",
        "parent.falls_back",
        f"{HERE}.test_amend_dropped::test_a_raise_that_arrives_after_it_was_dropped_stays_within_the_parent",
    ),
    Protection(
        "reservation",
        "an unconfirmed amend reserves only the old amount",
        ChildState.worst_amount,
        "max(self.amount, self.wish.amount)",
        "self.amount",
        f"{HERE}.test_races::test_an_amend_that_arrives_late_stays_reserved_until_it_can_not_arrive_any_more",
    ),
    Protection(
        "reservation",
        "an unconfirmed amend reserves only the new amount",
        ChildState.worst_amount,
        "max(self.amount, self.wish.amount)",
        "self.wish.amount",
        f"{HERE}.test_reservation::test_an_unanswered_change_reserves_the_larger_of_old_and_new",
        {"new_amount": "1", "fault": Fault.TIMEOUT_LOST},
    ),
    Protection(
        "reservation",
        "an amend may take its parent past its amount",
        Sender.check_amend,
        "> parent.request.amount:",
        "> parent.request.amount * 100:",
        f"{HERE}.test_reservation::test_a_single_child_can_not_be_raised_past_its_parent",
    ),
    Protection(
        "reservation",
        "a parent may be lowered below what is live",
        OrderManager.change_request,
        "if amount < committed:",
        "if False:",
        f"{HERE}.test_reservation::test_a_parent_can_not_be_lowered_below_what_is_live",
    ),
]

RESTART = [
    Protection(
        "restart",
        "what was in doubt at the crash is taken as it was written",
        Recovery._doubt,
        'child.doubt(now_us, f"restored after a restart; asking {venue}")',
        "pass",
        f"{FAULTS}.test_crash::test_fault_12_crash_between_persist_send_and_ack",
        {"dying": between_persist_and_send, "left": False},
    ),
    Protection(
        "restart",
        "working parents go on by themselves",
        Recovery._bring_back,
        "parent.move(ParentStatus.PAUSED, now_us)",
        "pass",
        f"{HERE}.test_recovery::test_a_working_algo_comes_back_paused_with_its_schedule_and_goes_on_by_a_click_without_a_burst",
    ),
    Protection(
        "restart",
        "the time while nobody was there counts as missed",
        Recovery._bring_back,
        "parent.paused_us = parent.paused_us or min(last_us, now_us)",
        "parent.paused_us = now_us",
        f"{HERE}.test_recovery::test_a_working_algo_comes_back_paused_with_its_schedule_and_goes_on_by_a_click_without_a_burst",
    ),
    Protection(
        "restart",
        "that a schedule stands still is not written, so that the next restart takes it for late",
        Recovery.restore,
        "self._manager.record.state(parent)",
        "pass",
        f"{HERE}.test_second_restart::test_a_schedule_stands_still_over_any_number_of_restarts",
        {"restarts": 2},
    ),
    Protection(
        "restart",
        "a cancel is forgotten when a lost child needs attention",
        Recovery._bring_back,
        "why = _why_cancelled(story)",
        "why = None",
        f"{HERE}.test_second_restart::test_a_cancel_or_a_kill_survives_quarantine_and_restarts_and_nothing_is_sent_again",
        {"kill": False, "said": "cancelled by the trader"},
    ),
    Protection(
        "unknown state",
        "what the trader said is never checked",
        take_word,
        "child.unverified, child.news_us = True,",
        "child.unverified, child.news_us = False,",
        f"{HERE}.test_unseen_fills::test_what_the_trader_saw_filled_is_not_sent_again",
        {"filled": None},
    ),
    Protection(
        "unknown state",
        "what the trader saw filled is sent again",
        take_word,
        "None, said, False, False",
        "None, child.executed.amount, False, False",
        f"{HERE}.test_unseen_fills::test_what_the_trader_saw_filled_is_not_sent_again",
        {"filled": "1"},
    ),
    Protection(
        "cancels",
        "the trader's cancel of a child is forgotten when it fails",
        Sender.cancel_failed,
        "if child.insisted:",
        "if False:",
        f"{HERE}.test_races::test_the_traders_cancel_of_a_child_is_asked_again_until_it_is_over",
        {"fault": Fault.REFUSED_CONNECTION},
    ),
    Protection(
        "kill switch",
        "a change that waits for its turn leaves after all",
        Sender._change,
        "child.wish is wish and not child.cancelling and not child.settled",
        "True",
        f"{HERE}.test_races::test_no_change_leaves_after_the_kill_switch",
    ),
    Protection(
        "restart",
        "an order is taken for absent by when it was meant, not by when it may have left",
        Recovery._doubt,
        "child.gave_up_us = now_us",
        "child.gave_up_us = child.created_us",
        f"{HERE}.test_second_restart::test_an_order_that_left_late_and_is_still_on_its_way_is_not_taken_for_absent",
    ),
    Protection(
        "unknown state",
        "a clock that is set forward counts as time that has passed",
        Evidence._investigate,
        "since_us + self._clock.steady_us() - since_steady_us",
        "self._clock.now_us()",
        f"{HERE}.test_no_loss::test_a_clock_that_is_set_forward_proves_nothing",
    ),
    Protection(
        "restart",
        "a change is taken for lost by when it was meant, not by when it may have left",
        Recovery._doubt,
        "child.wish.gave_up_us = now_us",
        "child.wish.gave_up_us = child.updated_us",
        f"{HERE}.test_second_restart::test_a_change_that_left_late_and_is_still_on_its_way_is_not_taken_for_lost",
    ),
    Protection(
        "restart",
        "a pause is forgotten when a lost child needs attention",
        Recovery._bring_back,
        "parent.restored or parent.held or parent.paused_us is None",
        "True",
        f"{HERE}.test_second_restart::test_a_pause_goes_on_after_a_restart_although_a_lost_child_needed_attention_meanwhile",
    ),
    Protection(
        "restart",
        "the trader's word about a lost order of a parent that works on is never checked",
        Recovery._bring_back,
        "if not child.settled or in_doubt(child):",
        "if not child.settled:",
        f"{HERE}.test_venue_left_out::test_a_word_about_it_is_checked_once_its_venue_is_back",
        {"killed": True},
    ),
    Protection(
        "no burst",
        "a late algo catches up with all of it at once",
        _allowance,
        "most = max(CATCH_UP * course.regular",
        "most = max(1000 * course.regular",
        f"{FAULTS}.test_interruptions::test_fault_15_after_a_sleep_nothing_is_sent_on_old_books",
    ),
]

GATES = [
    Protection(
        "kill switch",
        "new parents may start",
        RiskGate._why_not_now,
        "if self.stopped:",
        "if False:",
        f"{HERE}.test_kill::test_nothing_new_leaves_while_it_is_on",
    ),
    Protection(
        "kill switch",
        "it waits behind a cancel that hangs",
        Sender.cancel_again,
        "if hanging and not (beside and hanging == 1 and child.cancel_asked_us):",
        "if hanging:",
        f"{HERE}.test_kill::test_a_cancel_that_hangs_does_not_keep_the_kill_switch_waiting",
    ),
    Protection(
        "kill switch",
        "an order that the journal can't tell is forgotten",
        Recovery._set_aside,
        "self._manager.unread.add((venue, symbol))",
        "pass",
        f"{HERE}.test_recovery::test_what_rests_of_an_order_that_can_not_be_read_is_taken_back_by_the_kill_switch",
    ),
    Protection(
        "fill or kill",
        "what is allowed of it leaves although a part is not",
        OrderManager.submit,
        "if parent.request.time_in_force is TimeInForce.FOK and",
        "if False and",
        f"{HERE}.risk.test_gate::test_fill_or_kill_sends_nothing_when_a_part_of_it_is_not_allowed",
    ),
    Protection(
        "rate limits",
        "a cancel waits in the queue of the others",
        Limiter.cancel,
        "self._cancels.turn(",
        "self._requests.turn(",
        f"{FAULTS}.test_rates::test_fault_14_cancels_have_their_own_budget",
    ),
    Protection(
        "rate limits",
        "a venue that asks for a pause gets none",
        Limiter.slow_down,
        "self._requests.pause(until_us)",
        "pass",
        f"{FAULTS}.test_rates::test_fault_14_retry_after_is_honoured_and_slices_are_planned_anew",
        {"retry_after_s": 90.0},
    ),
]

PROTECTIONS = (*DURABLE_INTENT, *UNKNOWN_STATE, *FILLS, *CANCEL_BEFORE_LOWER, *RESERVATION, *RESTART, *GATES)
