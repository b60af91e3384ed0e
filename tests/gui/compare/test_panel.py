"""The window of the comparison: beside the ticket, quiet while hidden, and a click chooses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
import pytest_asyncio
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from pytestqt.qtbot import QtBot

from core.domain.comparison import Comparison
from core.domain.enums import ExecutionStrategy
from core.domain.plan import ExecutionRequest
from gui.bridge import Bridge
from gui.compare.model import Column
from gui.compare.panel import ComparePanel
from gui.theme import Theme
from gui.ticket.widget import TicketWidget
from tests.gui.fakes import ASK, FakeDesk, FakeEngine

D = Decimal
S = ExecutionStrategy


class ComparingEngine(FakeEngine):
    """TWAP is cheapest, VWAP is missing, everything else costs 9 bps. Counts how often it was asked."""

    asked = 0

    def compare(self, request: ExecutionRequest) -> list[Comparison]:
        self.asked += 1
        return [self._one(strategy, request.amount) for strategy in S]

    def _one(self, strategy: ExecutionStrategy, amount: Decimal) -> Comparison:
        if strategy is S.VWAP:
            return Comparison(strategy, amount, residual=amount, why_not="VWAP is not available yet.")
        return Comparison(strategy, amount, D(2) if strategy is S.TWAP else D(9), ASK, ASK, expected_amount=amount)


@pytest.fixture
def desk() -> FakeDesk:
    made = FakeDesk()
    made.engine = ComparingEngine(made)
    return made


def asked(desk: FakeDesk) -> int:
    assert isinstance(desk.engine, ComparingEngine)
    return desk.engine.asked


@pytest_asyncio.fixture
async def ticket(desk: FakeDesk, theme: Theme, qtbot: QtBot) -> AsyncIterator[TicketWidget]:
    bridge = Bridge(desk, lambda error, _doing: pytest.fail(str(error)))  # type: ignore[arg-type]  # a fake desk
    widget = TicketWidget(desk, bridge, theme)  # type: ignore[arg-type]  # a fake desk
    qtbot.addWidget(widget)
    widget.show()
    yield widget
    await bridge.close()


@pytest.fixture
def panel(desk: FakeDesk, ticket: TicketWidget, theme: Theme, qtbot: QtBot) -> ComparePanel:
    made = ComparePanel(desk, ticket, theme)  # type: ignore[arg-type]  # a fake desk
    made.strategy_picked.connect(ticket.strategy.choose)
    qtbot.addWidget(made)
    return made


def order(ticket: TicketWidget) -> None:
    ticket.set_amount(D("0.5"))
    ticket.set_price(ASK)


def test_hidden_it_compares_nothing(panel: ComparePanel, ticket: TicketWidget, desk: FakeDesk) -> None:
    order(ticket)
    assert asked(desk) == 0


def test_shown_it_compares_at_once_and_again_when_the_order_changes(panel: ComparePanel, ticket: TicketWidget, desk: FakeDesk) -> None:
    order(ticket)
    panel.show()
    before = asked(desk)
    assert before > 0
    assert panel.model.rows[list(S).index(S.TWAP)].best
    ticket.set_amount(D("0.7"))
    assert asked(desk) > before
    panel.hide()
    after = asked(desk)
    ticket.set_amount(D("0.9"))
    assert asked(desk) == after


def test_clicking_a_row_chooses_its_strategy_in_the_ticket(panel: ComparePanel, ticket: TicketWidget) -> None:
    order(ticket)
    panel.show()
    place = panel.table.visualRect(panel.model.index(list(S).index(S.TWAP), 1)).center()
    QTest.mouseClick(panel.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert ticket.draft.strategy is S.TWAP
    assert panel.table.currentIndex().row() == list(S).index(S.TWAP)


def test_clicking_a_strategy_that_can_not_be_traded_changes_nothing(panel: ComparePanel, ticket: TicketWidget) -> None:
    order(ticket)
    panel.show()
    before = ticket.draft.strategy
    place = panel.table.visualRect(panel.model.index(list(S).index(S.VWAP), 1)).center()
    QTest.mouseClick(panel.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert ticket.draft.strategy is before
    assert panel.model.rows[panel.table.currentIndex().row()].strategy is before


def test_an_unfinished_order_is_answered_in_words_with_every_row_in_its_place(panel: ComparePanel, ticket: TicketWidget) -> None:
    panel.show()
    assert panel.said == "Enter an amount."
    assert [row.strategy for row in panel.model.rows] == list(S)
    assert {row.cells[Column.ALL_IN] for row in panel.model.rows} == {"–"}


def test_the_model_keeps_the_rules_of_qt(panel: ComparePanel, ticket: TicketWidget) -> None:
    QAbstractItemModelTester(panel.model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    panel.show()
    order(ticket)
    panel.refresh()


def test_the_tickets_button_asks_for_it(ticket: TicketWidget, qtbot: QtBot) -> None:
    with qtbot.waitSignal(ticket.strategy.compare_asked, timeout=1_000):
        ticket.strategy.compare.click()
