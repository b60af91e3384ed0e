"""The blotter as a trader meets it: selecting, cancelling, modifying, reading."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal

from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester, QTest
from pytestqt.qtbot import QtBot

from core.domain.enums import ExecutionStrategy, OrderType
from core.domain.errors import BadPrice, NotPossible
from core.domain.events import OrderEventKind
from core.domain.market import BookState
from core.domain.orders import ChildStatus, Knowledge, OrderSnapshot, ParentStatus
from gui.blotter import fills
from gui.blotter.modify import ModifyDialog
from gui.blotter.orders_view import Show
from gui.blotter.resolve import ResolveDialog, explanation
from gui.blotter.rows import Column
from gui.blotter.widget import BlotterWidget
from gui.bridge import Bridge
from gui.theme import Theme
from tests.gui.fakes import FakeDesk, child, fill_of, filled, parent

TWAP = ExecutionStrategy.TWAP


def show(blotter: BlotterWidget, *orders: OrderSnapshot) -> None:
    blotter.orders.tell(orders)
    blotter._show_counts()


def select(blotter: BlotterWidget, *order_ids: str) -> None:
    flags = QItemSelectionModel.SelectionFlag
    blotter.view.clearSelection()
    for order_id in order_ids:
        blotter.view.selectionModel().select(blotter.orders.index_of(order_id), flags.Select | flags.Rows)


def action(blotter: BlotterWidget, text: str, order_id: str = "p1", column: int = 0) -> QAction:
    menu = blotter.view.menu_for(blotter.orders.index_of(order_id).siblingAtColumn(column))
    return next(one for one in menu.actions() if one.text().split("\t")[0] == text)


def open_dialog(blotter: BlotterWidget, order_id: str) -> ModifyDialog:
    blotter.open_modify(order_id)
    dialog = blotter._dialogs[-1]
    assert isinstance(dialog, ModifyDialog)
    return dialog


async def turns() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_orders_fills_and_notices_from_before_the_window_are_there(
    desk: FakeDesk, bridge: Bridge, theme: Theme, qtbot: QtBot
) -> None:
    one = child(parent(1), 1, fill_count=1)
    desk.order_manager.seeds = [one, parent(1)]
    desk.order_manager.seed_fills = {one.id: [fill_of(one, 1)]}
    desk.notify("Simulated market.")
    blotter = BlotterWidget(desk, bridge, theme)  # type: ignore[arg-type]  # a fake desk
    qtbot.addWidget(blotter)
    assert blotter.orders.rowCount(blotter.orders.index_of("p1")) == 1
    assert blotter.fills.rowCount() == 1
    assert [blotter.log.row(row).sentence for row in range(blotter.log.rowCount())] == ["Simulated market."]


async def test_del_cancels_the_selection_without_asking(blotter: BlotterWidget, desk: FakeDesk) -> None:
    show(blotter, parent(1), parent(2), parent(3, status=ParentStatus.FILLED))
    select(blotter, "p1", "p2", "p3")
    QTest.keyClick(blotter.view, Qt.Key.Key_Delete)
    await turns()
    assert sorted(desk.engine.cancelled) == ["p1", "p2"]


async def test_a_child_goes_with_its_parent_when_both_are_selected(blotter: BlotterWidget, desk: FakeDesk) -> None:
    show(blotter, parent(1), child(parent(1), 1), child(parent(1), 2))
    select(blotter, "p1", "p1c1")
    blotter.view.cancel_selected()
    await turns()
    assert desk.engine.cancelled == ["p1"]


async def test_a_single_child_can_be_cancelled(blotter: BlotterWidget, desk: FakeDesk) -> None:
    show(blotter, parent(1), child(parent(1), 1))
    select(blotter, "p1c1")
    action(blotter, "Cancel", "p1c1").trigger()
    await turns()
    assert desk.engine.cancelled == ["p1c1"]


async def test_esc_cancels_nothing(blotter: BlotterWidget, desk: FakeDesk) -> None:
    show(blotter, parent(1))
    select(blotter, "p1")
    QTest.keyClick(blotter.view, Qt.Key.Key_Escape)
    await turns()
    assert not desk.engine.cancelled


async def test_the_menu_offers_only_what_is_possible(blotter: BlotterWidget) -> None:
    show(blotter, parent(1, status=ParentStatus.FILLED), parent(2), parent(3))
    select(blotter, "p1")
    assert not action(blotter, "Cancel").isEnabled()
    assert not action(blotter, "Modify…").isEnabled()
    select(blotter, "p2", "p3")
    assert action(blotter, "Cancel 2 orders").isEnabled()
    assert not action(blotter, "Modify…").isEnabled()


async def test_a_working_algo_pauses_and_resumes(blotter: BlotterWidget, desk: FakeDesk) -> None:
    show(blotter, parent(1, strategy=TWAP))
    select(blotter, "p1")
    action(blotter, "Pause").trigger()
    show(blotter, parent(1, strategy=TWAP, status=ParentStatus.PAUSED))
    action(blotter, "Resume").trigger()
    assert (desk.engine.paused, desk.engine.resumed) == (["p1"], ["p1"])


async def test_an_order_that_waits_for_a_venue_can_be_paused_but_has_nothing_to_resume(blotter: BlotterWidget) -> None:
    show(blotter, parent(1, status=ParentStatus.PAUSED, held=True))
    select(blotter, "p1")
    entries = {entry.text().split("\t")[0] for entry in blotter.view.menu_for(blotter.orders.index_of("p1")).actions()}
    assert "Pause" in entries
    assert "Resume" not in entries


async def test_copying_gives_raw_values(blotter: BlotterWidget) -> None:
    show(blotter, filled(parent(1), "0.7"))
    select(blotter, "p1")
    action(blotter, "Copy price", column=6).trigger()
    assert QGuiApplication.clipboard().text() == "61900"
    action(blotter, "Copy row").trigger()
    assert "61837.7" in QGuiApplication.clipboard().text().split("\n")[1].split("\t")


async def test_selection_scroll_and_expansion_survive_a_storm_of_updates(blotter: BlotterWidget) -> None:
    orders = [parent(number) for number in range(60)]
    show(blotter, *orders, child(orders[30], 1))
    blotter.view.expand(blotter.orders.index_of("p30"))
    select(blotter, "p30c1")
    blotter.view.verticalScrollBar().setValue(300)
    for number in range(60, 65):
        blotter.orders.tell([replace(order, reason=str(number)) for order in orders])
    assert [order.id for order in blotter.view.selected()] == ["p30c1"]
    assert blotter.view.isExpanded(blotter.orders.index_of("p30"))
    assert blotter.view.verticalScrollBar().value() == 300


async def test_the_filter_follows_orders_as_they_end(blotter: BlotterWidget) -> None:
    show(blotter, parent(1), parent(2, status=ParentStatus.FILLED))
    blotter.show_only.choose(Show.WORKING)
    hidden = [blotter.view.isRowHidden(row, blotter.view.rootIndex()) for row in range(2)]
    assert hidden == [True, False]
    show(blotter, parent(1, status=ParentStatus.CANCELLED), parent(3))
    hidden = [blotter.view.isRowHidden(row, blotter.view.rootIndex()) for row in range(3)]
    assert hidden == [False, True, True]
    blotter.show_only.choose(Show.DONE)
    hidden = [blotter.view.isRowHidden(row, blotter.view.rootIndex()) for row in range(3)]
    assert hidden == [True, False, False]


async def test_cancel_all_works_only_while_something_works(blotter: BlotterWidget, desk: FakeDesk) -> None:
    assert not blotter.cancel_all.isEnabled()
    show(blotter, parent(1))
    assert blotter._count.text() == "1 order, 1 working"
    blotter.cancel_all.click()
    await turns()
    assert desk.engine.all_cancelled == 1


async def test_a_fill_told_twice_is_one_row_and_the_table_is_bounded(blotter: BlotterWidget, desk: FakeDesk, bridge: Bridge) -> None:
    QAbstractItemModelTester(blotter.fills, QAbstractItemModelTester.FailureReportingMode.Fatal, blotter)
    order = child(parent(1), 1)
    for number in (1, 1, 2):
        desk.order_manager.say(order, OrderEventKind.FILLED, fill_of(order, number))
    bridge._flush_orders()
    assert blotter.fills.rowCount() == 2
    assert blotter.fills.row(0).trade_id == "t2"
    blotter._fill_book.add(fill_of(order, number) for number in range(3, fills.BOUND + 10))
    assert blotter.fills.rowCount() == fills.BOUND
    assert blotter.fills.row(fills.BOUND - 1).trade_id == "t10"


async def test_notices_and_ended_orders_are_logged_newest_on_top(blotter: BlotterWidget, desk: FakeDesk, bridge: Bridge) -> None:
    desk.notify("binance_perp skipped 12 updates.", "warning")
    desk.order_manager.say(parent(1, status=ParentStatus.REJECTED, reason="No venue took it."))
    bridge._flush_orders()
    assert [blotter.log.row(row).level for row in range(2)] == ["error", "warning"]


async def test_modify_starts_from_the_order_and_sends_only_what_changed(blotter: BlotterWidget, desk: FakeDesk) -> None:
    show(blotter, filled(parent(1), "0.7"))
    dialog = open_dialog(blotter, "p1")
    assert (dialog.price.text(), dialog.amount.text()) == ("61,900.00", "2")
    assert "lowest amount 0.700000 BTC" in dialog.filled.text()
    assert not dialog.apply.isEnabled()
    QTest.keyClick(dialog.price, Qt.Key.Key_Down)
    dialog.apply.click()
    await turns()
    assert desk.engine.modified == [{"order_id": "p1", "new_price": Decimal("61899.99")}]
    assert not blotter._dialogs


async def test_modify_follows_the_order_while_it_fills(blotter: BlotterWidget, desk: FakeDesk, bridge: Bridge) -> None:
    show(blotter, parent(1))
    dialog = open_dialog(blotter, "p1")
    dialog.amount.set_value(Decimal(1))
    assert dialog.apply.isEnabled()
    desk.order_manager.say(filled(parent(1), "1.2"))
    bridge._flush_orders()
    assert dialog.sentence.whole == "The amount can't go below 1.2."
    assert not dialog.apply.isEnabled()
    desk.order_manager.say(parent(1, status=ParentStatus.FILLED))
    bridge._flush_orders()
    assert dialog.sentence.whole == "The order is over."
    dialog.reject()


async def test_a_refused_change_stays_in_the_dialog_with_its_reason(blotter: BlotterWidget, desk: FakeDesk) -> None:
    show(blotter, parent(1), child(parent(1), 2))
    dialog = open_dialog(blotter, "p1c2")
    dialog.price.set_value(Decimal("61950.06"))
    assert dialog.price.text() == "61,950.0"
    desk.engine.refusal = BadPrice("61950 is past the parent's limit of 61900; change the parent instead.")
    dialog.apply.click()
    await turns()
    assert dialog.isVisible()
    assert "change the parent instead" in dialog.sentence.whole
    dialog.reject()


async def test_double_click_opens_one_dialog_per_living_order(blotter: BlotterWidget) -> None:
    show(blotter, parent(1), child(parent(1), 1, status=ChildStatus.FILLED))
    blotter.view.doubleClicked.emit(blotter.orders.index_of("p1"))
    blotter.view.doubleClicked.emit(blotter.orders.index_of("p1"))
    blotter.view.doubleClicked.emit(blotter.orders.index_of("p1c1"))
    assert len(blotter._dialogs) == 1
    blotter._dialogs[0].reject()
    assert not blotter._dialogs


async def test_modify_moves_the_trigger_of_an_order_that_still_waits(blotter: BlotterWidget, desk: FakeDesk) -> None:
    stop = parent(order_type=OrderType.STOP, price=None, status=ParentStatus.WAITING_TRIGGER, trigger_price=Decimal(61000))
    show(blotter, stop)
    dialog = open_dialog(blotter, "p1")
    assert dialog.trigger.isVisible()
    assert not dialog.price.isEnabled()
    dialog.trigger.set_value(Decimal(60900))
    dialog.apply.click()
    await turns()
    assert desk.engine.modified == [{"order_id": "p1", "new_trigger_price": Decimal(60900)}]


async def test_modify_of_an_order_without_a_trigger_offers_none(blotter: BlotterWidget) -> None:
    show(blotter, parent())
    assert not open_dialog(blotter, "p1").trigger.isVisible()


# -- the decision that only the trader can make ------------------------------------------------------


def quarantined() -> OrderSnapshot:
    return child(parent(1), 1, knowledge=Knowledge.QUARANTINED)


def quarantined_claiming(amount: str) -> OrderSnapshot:
    return replace(quarantined(), claimed_amount=Decimal(amount))


def ask_about(blotter: BlotterWidget) -> ResolveDialog:
    show(blotter, parent(1), quarantined())
    select(blotter, "p1c1")
    action(blotter, "I checked: it is not live…", "p1c1").trigger()
    dialog = blotter._dialogs[-1]
    assert isinstance(dialog, ResolveDialog)
    return dialog


async def test_a_quarantined_child_is_resolved_by_the_traders_word(blotter: BlotterWidget, desk: FakeDesk) -> None:
    dialog = ask_about(blotter)
    assert not dialog.isModal()
    assert not desk.engine.resolved, "a question first"
    assert not dialog.gone.isEnabled()  # gone because it filled, or gone because it never was?
    QTest.keyClicks(dialog.filled, "0.2")
    dialog.gone.click()
    await turns()
    assert desk.engine.resolved == [("p1c1", Decimal("0.2"))]
    assert not blotter._dialogs


async def test_what_the_venue_claims_is_said_and_filled_in(blotter: BlotterWidget, desk: FakeDesk) -> None:
    show(blotter, parent(1), quarantined_claiming("0.3"))
    blotter.open_resolve("p1c1")
    dialog = blotter._dialogs[-1]
    assert isinstance(dialog, ResolveDialog)
    assert any("says that 0.3 was, and has not shown the trades" in fact for fact in explanation(quarantined_claiming("0.3")))
    dialog.gone.click()
    await turns()
    assert desk.engine.resolved == [("p1c1", Decimal("0.3"))]


async def test_the_question_goes_away_when_the_venue_answers_after_all(blotter: BlotterWidget, desk: FakeDesk, bridge: Bridge) -> None:
    ask_about(blotter)
    desk.order_manager.say(child(parent(1), 1, status=ChildStatus.CANCELLED))
    bridge._flush_orders()
    assert not blotter._dialogs


async def test_a_decision_that_came_too_late_says_so(blotter: BlotterWidget, desk: FakeDesk) -> None:
    dialog = ask_about(blotter)
    desk.engine.refusal = NotPossible("Its state needs no decision.")
    QTest.keyClicks(dialog.filled, "0")
    dialog.gone.click()
    await turns()
    assert dialog.sentence.text() == "Its state needs no decision."
    dialog.reject()


async def test_an_ordinary_child_offers_no_such_decision(blotter: BlotterWidget) -> None:
    show(blotter, parent(1), child(parent(1), 1))
    select(blotter, "p1c1")
    menu = blotter.view.menu_for(blotter.orders.index_of("p1c1"))
    assert not [one for one in menu.actions() if "not live" in one.text()]


async def test_orders_from_before_the_first_book_have_their_final_decimals_at_once(
    desk: FakeDesk, bridge: Bridge, theme: Theme, qtbot: QtBot
) -> None:
    desk.states = dict.fromkeys(desk.states, BookState.EMPTY)
    desk.order_manager.seeds = [parent(1, exchanges=())]
    blotter = BlotterWidget(desk, bridge, theme)  # type: ignore[arg-type]  # a fake desk
    qtbot.addWidget(blotter)
    assert blotter.orders.index(0, Column.AMOUNT).data() == "2.000000"


async def test_a_childs_amount_has_its_own_venues_decimals(blotter: BlotterWidget) -> None:
    on_perp = child(parent(1), 2, amount=Decimal("0.096"))
    show(blotter, parent(1), on_perp)
    shown = [blotter.orders.index_of(order).siblingAtColumn(Column.AMOUNT).data() for order in ("p1", "p1c2")]
    assert shown == ["2.000000", "0.096"]
