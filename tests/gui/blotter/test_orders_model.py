"""The tree of orders keeps its promises to Qt, and its order to the trader."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from core.domain.orders import OrderSnapshot, ParentStatus, PendingAction
from gui.blotter.orders_model import FILLED_ROLE, FLASH_MS, OrdersModel
from gui.blotter.rows import Column, DigitsOf
from gui.theme import Theme
from tests.gui.fakes import child, filled, instruments, parent


@pytest.fixture
def model(theme: Theme, qtbot: QtBot) -> Iterator[OrdersModel]:
    made = OrdersModel(DigitsOf(instruments), theme)
    tester = QAbstractItemModelTester(made, QAbstractItemModelTester.FailureReportingMode.Fatal)
    yield made
    made._flash.stop()
    tester.deleteLater()


def ids(model: OrdersModel, parent_index: QModelIndex | None = None) -> list[str]:
    above = parent_index or QModelIndex()
    orders = (model.order_at(model.index(row, 0, above)) for row in range(model.rowCount(above)))
    return [order.id for order in orders if order]


def family(number: int, children: int) -> list[OrderSnapshot]:
    head = parent(number)
    made = [child(head, one) for one in range(1, children + 1)]
    return [replace(head, children=tuple(one.id for one in made)), *made]


def test_parents_stand_newest_on_top_and_children_in_the_order_they_were_made(model: OrdersModel) -> None:
    model.tell([*family(1, 3), *family(2, 2)])
    model.tell([parent(3)])
    assert ids(model) == ["p3", "p2", "p1"]
    assert ids(model, model.index_of("p1")) == ["p1c1", "p1c2", "p1c3"]


def test_a_child_that_is_told_before_its_parent_waits_for_it(model: OrdersModel) -> None:
    head, one, two = family(1, 2)
    model.tell([two])
    model.tell([filled(two, "0.1"), one])
    assert model.rowCount() == 0
    model.tell([head])
    assert ids(model, model.index_of("p1")) == ["p1c1", "p1c2"]
    shown = model.order("p1c2")
    assert shown is not None
    assert shown.filled_amount == Decimal("0.1")


def test_a_child_in_the_same_batch_as_its_parent_but_before_it_is_shown_at_once(model: OrdersModel) -> None:
    head, one = family(1, 1)
    model.tell([one, head])
    assert ids(model, model.index_of("p1")) == ["p1c1"]


def test_an_update_changes_one_row_and_moves_nothing(model: OrdersModel, qtbot: QtBot) -> None:
    model.tell([*family(1, 3), *family(2, 3)])
    kept = QPersistentModelIndex(model.index_of("p1c2"))
    with qtbot.waitSignal(model.dataChanged) as changed, qtbot.assertNotEmitted(model.layoutChanged):
        model.tell([filled(child(parent(1), 2), "0.2")])
    assert changed.args is not None
    first, last = changed.args[0], changed.args[1]
    assert (first.row(), last.row(), last.column()) == (1, 1, Column.REASON)
    model.tell([parent(3)])
    order = model.order_at(kept)
    assert order is not None
    assert order.id == "p1c2"


def test_a_new_fill_is_lit_up_for_a_moment_and_other_news_is_not(model: OrdersModel, qtbot: QtBot) -> None:
    model.tell([parent(1)])
    index = model.index_of("p1")
    model.tell([replace(parent(1), reason="slice 2 of 8")])
    assert index.data(Qt.ItemDataRole.BackgroundRole) is None
    model.tell([filled(parent(1), "0.5")])
    assert index.data(Qt.ItemDataRole.BackgroundRole) is not None
    qtbot.waitUntil(lambda: index.data(Qt.ItemDataRole.BackgroundRole) is None, timeout=5 * FLASH_MS)


def test_what_is_pending_is_italic_until_acknowledged(model: OrdersModel) -> None:
    model.tell(family(1, 1))
    waiting = replace(child(parent(1), 1), pending=PendingAction.CANCEL)
    model.tell([waiting])
    font = model.index_of("p1c1").data(Qt.ItemDataRole.FontRole)
    assert font.italic()
    model.tell([replace(waiting, pending=PendingAction.NONE)])
    assert model.index_of("p1c1").data(Qt.ItemDataRole.FontRole) is None


def test_progress_carries_the_schedules_mark(model: OrdersModel) -> None:
    model.tell([filled(parent(1, target_amount=Decimal("1.5")), "1")])
    assert model.index_of("p1").data(FILLED_ROLE) == (0.5, 0.75)


def test_colour_is_never_alone(model: OrdersModel) -> None:
    model.tell([parent(1), parent(2, status=ParentStatus.FAILED)])
    for order_id, mark in (("p1", "●"), ("p2", "×")):
        text = model.index_of(order_id).siblingAtColumn(Column.STATUS).data()
        assert text.startswith(mark)
        assert model.index_of(order_id).siblingAtColumn(Column.ORDER).data().startswith("▲")
