"""What the cells say."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from core.domain.enums import ExecutionStrategy, OrderSide, OrderType
from core.domain.orders import ChildStatus, Knowledge, OrderSnapshot, ParentStatus, PendingAction
from gui.blotter.log import OrderTeller
from gui.blotter.rows import TITLES, Column, Digits, fraction_wanted, raw, texts
from gui.blotter.wording import is_pending, reason_of, state_of
from tests.gui.fakes import child, filled, parent

DIGITS = Digits(price=2, amount=6)


def cell(order: OrderSnapshot, column: Column) -> str:
    return texts(order, DIGITS)[column]


def test_a_parent_reads_as_side_symbol_and_strategy_and_a_child_as_its_venue() -> None:
    order = parent()
    assert cell(order, Column.ORDER) == "▲ BUY BTC/USDT"
    assert cell(order, Column.STRATEGY) == "PRICE OPTIMIZED"
    assert cell(replace(order, side=OrderSide.SELL), Column.ORDER) == "▼ SELL BTC/USDT"
    assert cell(child(order), Column.ORDER) == "▲ binance_spot"
    assert cell(child(order, post_only=True), Column.STRATEGY) == "post-only GTC"
    assert len(texts(order, DIGITS)) == len(TITLES)


def test_numbers_have_the_decimals_of_tick_and_lot_and_copying_gives_every_digit() -> None:
    order = filled(parent(), "0.7", Decimal("61837.654321"))
    assert cell(order, Column.AMOUNT) == "2.000000"
    assert cell(order, Column.REMAINING) == "1.300000"
    assert cell(order, Column.AVERAGE) == "61,837.65"
    assert cell(order, Column.FILLED) == "35.0 %"
    assert raw(order, Column.AVERAGE) == "61837.654321"
    assert raw(order, Column.AMOUNT) == "2"
    assert raw(order, Column.ORDER) == "p1"


def test_a_market_order_says_so_where_its_price_would_be() -> None:
    assert cell(parent(order_type=OrderType.MARKET, price=None), Column.PRICE) == "market"


def test_fees_in_two_currencies_are_both_shown() -> None:
    order = filled(parent(), "0.7", fees={"USDT": Decimal("12.345"), "BTC": Decimal("0.0007")})
    assert cell(order, Column.FEES) == "12.34 USDT + 0.00070000 BTC"


@pytest.mark.parametrize("status", list(ParentStatus))
def test_every_parent_status_has_words(status: ParentStatus) -> None:
    assert state_of(parent(status=status)).words


@pytest.mark.parametrize("status", list(ChildStatus))
def test_every_child_status_has_words(status: ChildStatus) -> None:
    assert state_of(child(parent(), status=status)).words


def test_what_is_not_known_outranks_what_was_known() -> None:
    order = child(parent(), knowledge=Knowledge.UNKNOWN, pending=PendingAction.CANCEL)
    assert state_of(order).text == "? Unknown – asking"
    assert "stays reserved" in state_of(replace(order, knowledge=Knowledge.QUARANTINED)).help


def test_a_pending_amend_shows_what_was_asked_for_until_it_is_acknowledged() -> None:
    order = child(parent(), pending=PendingAction.AMEND, pending_price=Decimal("61910"), pending_amount=Decimal("0.4"))
    assert is_pending(order)
    assert state_of(order).words == "Amending"
    assert (cell(order, Column.PRICE), cell(order, Column.AMOUNT)) == ("61,910.00", "0.400000")
    assert not is_pending(replace(order, status=ChildStatus.FILLED))


def test_a_flag_is_never_hidden_behind_a_reason() -> None:
    assert reason_of(parent(flags=frozenset({"overfill"}), reason="Done.")) == "filled more than ordered; Done."


def test_the_schedules_mark_ends_with_the_order() -> None:
    twap = parent(strategy=ExecutionStrategy.TWAP, target_amount=Decimal("1.2"))
    assert fraction_wanted(twap) == Decimal("0.6")
    assert fraction_wanted(replace(twap, status=ParentStatus.COMPLETED)) is None
    assert fraction_wanted(parent()) is None


def test_the_log_tells_changes_of_state_and_not_every_slice() -> None:
    teller = OrderTeller()
    twap = parent(strategy=ExecutionStrategy.TWAP, reason="slice 1 of 8")
    assert [notice.sentence for notice in teller.sentences([twap])] == ["BUY 2 BTC TWAP – working: slice 1 of 8"]
    assert not teller.sentences([replace(twap, reason="slice 2 of 8")])
    (ended,) = teller.sentences([replace(twap, status=ParentStatus.FAILED, reason="Every venue refused.")])
    assert (ended.level, ended.sentence) == ("error", "BUY 2 BTC TWAP – failed: Every venue refused.")


def test_a_waiting_order_shows_where_it_fires_and_that_it_needs_the_program() -> None:
    stop = parent(order_type=OrderType.STOP, price=None, status=ParentStatus.WAITING_TRIGGER, trigger_price=Decimal(61000))
    assert cell(stop, Column.PRICE) == "@61,000.00"
    assert cell(stop, Column.STATUS) == "◇ Waiting for trigger"
    assert "needs the program running" in state_of(stop).help
    assert cell(replace(stop, status=ParentStatus.RUNNING), Column.PRICE) == "market"
    assert cell(replace(stop, order_type=OrderType.STOP_LIMIT, price=Decimal(60950)), Column.PRICE) == "60,950.00"


def test_an_order_that_ended_without_a_fill_is_not_called_part_unfilled() -> None:
    assert state_of(parent(status=ParentStatus.COMPLETED)).words == "Unfilled"
    assert state_of(filled(parent(status=ParentStatus.COMPLETED), "0.5")).words == "Part unfilled"
