"""The painted chart and its panel: what a click does, what is drawn, and what is not worth drawing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.domain.enums import ExecutionStrategy, OrderSide, TimeInForce
from core.domain.market import MergedDepth
from core.domain.plan import Plan, PlannedChild
from core.market.depth import merge_depth
from gui.bridge import Bridge
from gui.depth.chart import DepthChart
from gui.depth.panel import DepthPanel
from gui.depth.polygons import polygon_of
from gui.theme import Theme
from tests.gui.depth.books import book, depth_of, two_venues
from tests.gui.fakes import SYMBOL, FakeDesk


class DepthDesk(FakeDesk):
    """The fake desk with the merged depth of its still books; counts how often it is asked."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.asked = 0

    def depth(
        self, symbol: str, venues: tuple[str, ...] | None = None, *, price_step: Decimal | None = None, span_bps: float | None = None
    ) -> MergedDepth:
        self.asked += 1
        return merge_depth(self.market(symbol, venues), price_step=price_step, span_bps=span_bps)


@pytest.fixture
def chart(theme: Theme, qtbot: QtBot) -> DepthChart:
    made = DepthChart(theme)
    qtbot.addWidget(made)
    made.resize(852, 448)
    made.span.chosen_bps = 40
    made.show_depth(two_venues(), None)
    return made


@pytest.fixture
def desk() -> DepthDesk:
    return DepthDesk()


@pytest.fixture
def bridge(desk: DepthDesk, qapp: QApplication) -> Iterator[Bridge]:
    made = Bridge(desk, lambda _error, _doing: None)  # type: ignore[arg-type]  # a fake desk
    yield made
    asyncio.run(made.close())


@pytest.fixture
def panel(desk: DepthDesk, bridge: Bridge, theme: Theme, qtbot: QtBot) -> DepthPanel:
    made = DepthPanel(desk, bridge, theme)  # type: ignore[arg-type]  # a fake desk
    qtbot.addWidget(made)
    made.resize(1100, 480)
    made.show()
    made.set_symbol(SYMBOL)
    return made


def _pixel(chart: DepthChart, price: float, amount: float) -> QColor:
    frame = chart.frame
    assert frame is not None
    image: QImage = chart.grab().toImage()
    return image.pixelColor(round(frame.x(price)), round(frame.y(amount)))


def test_bands_have_their_venues_hue_and_the_rest_is_panel(chart: DepthChart, theme: Theme) -> None:
    assert _pixel(chart, 1002.5, 7.5) == theme.color("panel")
    assert _pixel(chart, 1002.5, 1.03) != theme.color("panel")
    assert _pixel(chart, 1002.5, 1.03) != _pixel(chart, 1002.5, 5.03)


def test_the_plan_is_brighter_than_its_band(chart: DepthChart) -> None:
    before = _pixel(chart, 1001.3, 0.53)
    child = PlannedChild(
        "alpha", OrderSide.BUY, Decimal("1002.0"), Decimal("2.5"), TimeInForce.IOC, Decimal("1001.2"), Decimal(0), Decimal("2.5")
    )
    chart.set_plan(Plan(ExecutionStrategy.BEST_PRICE, OrderSide.BUY, Decimal("2.5"), (child,), Decimal(0), worst_price=Decimal("1002.0")))
    assert _pixel(chart, 1001.3, 0.53).lightness() > before.lightness()
    chart.set_plan(None)
    assert _pixel(chart, 1001.3, 0.53) == before


def test_a_stale_venue_is_hatched(chart: DepthChart) -> None:
    chart.show_depth(two_venues(stale=True), None)
    row = {_pixel(chart, 1002.1 + step / 100, 5.0).name() for step in range(40)}
    assert len(row) > 1


def test_empty_and_one_sided_and_crossed_books_can_be_painted(chart: DepthChart) -> None:
    for depth in (
        depth_of(),
        depth_of(book("alpha", [("999.0", "1")], [])),
        depth_of(book("alpha", [("1000.2", "1")], [("1000.3", "1")]), book("beta", [("999.0", "1")], [("1000.1", "1")])),
    ):
        chart.show_depth(depth, None)
        chart.set_overlay(True)
        chart.grab()


def test_a_tiny_chart_can_be_painted(chart: DepthChart) -> None:
    chart.resize(60, 50)
    chart.grab()


def test_a_click_is_a_price_and_shift_says_so(chart: DepthChart, qtbot: QtBot) -> None:
    frame = chart.frame
    assert frame is not None
    at = QPoint(round(frame.x(1002.0)), 200)
    picked: list[tuple[float, bool]] = []
    chart.picked.connect(lambda price, shift: picked.append((price, shift)))
    QTest.mouseClick(chart, Qt.MouseButton.LeftButton, pos=at)
    QTest.mouseClick(chart, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, pos=at)
    assert [price for price, _ in picked] == pytest.approx([1002.0, 1002.0], abs=0.01)
    assert [shift for _, shift in picked] == [False, True]


def test_the_wheel_zooms(chart: DepthChart) -> None:
    event = QWheelEvent(
        QPointF(300, 200),
        QPointF(300, 200),
        QPoint(),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    chart.wheelEvent(event)
    assert chart.span.chosen_bps == 25


def test_polygons_hold_the_points_they_were_given() -> None:
    import numpy as np

    polygon = polygon_of(np.array([[1.0, 2.0], [3.5, 4.5]]))
    assert [(point.x(), point.y()) for point in polygon.toList()] == [(1.0, 2.0), (3.5, 4.5)]
    assert polygon_of(np.empty((0, 2))).isEmpty()


def test_the_panel_shows_a_row_for_every_venue(panel: DepthPanel, desk: DepthDesk) -> None:
    assert panel.table.venues_on == tuple(desk.instruments(SYMBOL))


def test_a_venue_that_is_switched_off_leaves_the_book(panel: DepthPanel, qtbot: QtBot) -> None:
    row = panel.table.rows[0]
    QTest.mouseClick(row, Qt.MouseButton.LeftButton)
    assert panel.shown is not None
    assert row.venue not in panel.shown.venues
    QTest.mouseClick(row, Qt.MouseButton.LeftButton)
    assert row.venue in panel.shown.venues


def test_a_click_in_the_panel_hands_decimals_to_the_ticket(panel: DepthPanel) -> None:
    prices: list[object] = []
    amounts: list[object] = []
    panel.price_picked.connect(prices.append)
    panel.amount_picked.connect(amounts.append)
    panel.chart.picked.emit(61837.68, False)
    panel.chart.picked.emit(61900.0, True)
    assert prices == [Decimal("61837.68")]
    # Six venues with three levels of 2 BTC on the ask side.
    assert amounts == [Decimal(36)]


def test_a_hidden_panel_asks_for_nothing(panel: DepthPanel, desk: DepthDesk, bridge: Bridge) -> None:
    panel.hide()
    asked = desk.asked
    desk.orderbooks.versions += 1
    bridge.book_tick.emit()
    assert desk.asked == asked


def test_a_still_market_is_not_redrawn_every_frame(panel: DepthPanel, desk: DepthDesk, bridge: Bridge) -> None:
    for _ in range(100):
        bridge.book_tick.emit()
    asked = desk.asked
    for _ in range(24):
        bridge.book_tick.emit()
    assert desk.asked - asked <= 4
    desk.orderbooks.versions += 1
    bridge.book_tick.emit()
    assert desk.asked > asked
