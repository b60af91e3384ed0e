"""The inspector on a fake desk: what is selected, else the newest; nothing jumps, nothing runs while hidden."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal

import pytest
import pytest_asyncio
from pytestqt.qtbot import QtBot

from core.domain.enums import ExecutionStrategy
from core.domain.errors import UnknownOrder
from core.domain.events import OrderEventKind
from core.domain.orders import OrderSnapshot, ParentStatus
from core.domain.tca import TcaReport
from gui.bridge import Bridge
from gui.inspector.panel import InspectorPanel, Side
from gui.theme import Theme
from tests.gui.fakes import FakeDesk, FakeEngine, FakeOrders, child, fill_of, filled, parent
from tests.gui.inspector.test_costs import REPORT


class ReportingEngine(FakeEngine):
    """Reports the same costs for every order, and counts how often it was asked."""

    asked = 0

    def tca(self, order_id: str) -> TcaReport:
        self.asked += 1
        return replace(REPORT, order_id=order_id)


class LookedUpOrders(FakeOrders):
    """Knows the latest snapshot of what it was told to say."""

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[str, OrderSnapshot] = {}

    def say(self, order: OrderSnapshot, *words: object) -> None:
        self._known[order.id] = order
        super().say(order, *words)  # type: ignore[arg-type]  # passed through

    def snapshot(self, order_id: str) -> OrderSnapshot:
        if order_id not in self._known:
            raise UnknownOrder(f"There is no order {order_id}.")
        return self._known[order_id]


@pytest.fixture
def orders() -> LookedUpOrders:
    return LookedUpOrders()


@pytest.fixture
def desk(orders: LookedUpOrders) -> FakeDesk:
    made = FakeDesk()
    made.order_manager = orders
    made.engine = ReportingEngine(made)
    return made


@pytest_asyncio.fixture
async def bridge(desk: FakeDesk) -> AsyncIterator[Bridge]:
    made = Bridge(desk, lambda error, _doing: pytest.fail(str(error)))  # type: ignore[arg-type]  # a fake desk
    yield made
    await made.close()


@pytest.fixture
def panel(desk: FakeDesk, bridge: Bridge, theme: Theme, qtbot: QtBot) -> InspectorPanel:
    made = InspectorPanel(desk, bridge, theme)  # type: ignore[arg-type]  # a fake desk
    qtbot.addWidget(made)
    made.resize(440, 200)
    made.show()
    return made


def asked(desk: FakeDesk) -> int:
    assert isinstance(desk.engine, ReportingEngine)
    return desk.engine.asked


def hear(bridge: Bridge) -> None:
    """What the bridge's clocks would do next."""
    bridge._flush_orders()
    bridge.preview_tick.emit()


def test_before_any_order_it_says_what_it_is_for(panel: InspectorPanel) -> None:
    assert not panel.shown_id
    assert not panel.costs.isVisible()


def test_it_follows_the_newest_order_until_one_is_chosen(panel: InspectorPanel, orders: LookedUpOrders, bridge: Bridge) -> None:
    orders.say(parent(1))
    hear(bridge)
    orders.say(parent(2))
    hear(bridge)
    assert panel.shown_id == "p2"
    panel.choose([child(parent(1))])
    assert panel.shown_id == "p1", "a child shows its parent"
    orders.say(parent(3))
    hear(bridge)
    assert panel.shown_id == "p1"
    panel.choose([])
    assert panel.shown_id == "p3"


def test_it_shows_costs_and_what_happened(panel: InspectorPanel, orders: LookedUpOrders, bridge: Bridge) -> None:
    order = parent(1)
    leg = child(order)
    orders.say(order)
    orders.say(leg, OrderEventKind.FILLED, replace(fill_of(leg, 1), ts_us=order.updated_us + 1))
    hear(bridge)
    assert panel.costs.sheet.blocks[0][0].text == "+112.20 USDT"
    told = [panel.timeline.row(row).sentence for row in range(panel.timeline.rowCount())]
    assert any("bought 0.1 BTC" in sentence for sentence in told)
    assert told[-1] == "● Working", "the oldest is at the bottom"


def test_the_timeline_grows_and_never_starts_again(panel: InspectorPanel, orders: LookedUpOrders, bridge: Bridge, qtbot: QtBot) -> None:
    orders.say(parent(1))
    hear(bridge)
    with qtbot.assertNotEmitted(panel.timeline.rowsRemoved):
        orders.say(replace(parent(1), status=ParentStatus.PAUSED, reason="paused"))
        hear(bridge)
    assert panel.timeline.rowCount() == 2


def test_a_finished_order_is_reckoned_once_and_a_running_one_about_every_second(
    panel: InspectorPanel, orders: LookedUpOrders, bridge: Bridge, desk: FakeDesk
) -> None:
    orders.say(parent(1))
    hear(bridge)
    before = asked(desk)
    for _ in range(10):
        bridge.preview_tick.emit()
    assert asked(desk) == before + 2
    orders.say(replace(filled(parent(1), "2"), status=ParentStatus.FILLED))
    hear(bridge)
    before = asked(desk)
    for _ in range(20):
        bridge.preview_tick.emit()
    assert asked(desk) == before


def test_hidden_it_reckons_nothing_but_misses_nothing(
    panel: InspectorPanel, orders: LookedUpOrders, bridge: Bridge, desk: FakeDesk
) -> None:
    panel.hide()
    orders.say(parent(1))
    hear(bridge)
    assert asked(desk) == 0
    panel.show()
    assert panel.shown_id == "p1"
    assert panel.timeline.rowCount() == 1


def test_a_working_algo_is_drawn_against_its_schedule(panel: InspectorPanel, orders: LookedUpOrders, bridge: Bridge) -> None:
    panel.load_chart()
    panel.side.choose(Side.SCHEDULE)
    order = parent(1, strategy=ExecutionStrategy.TWAP)
    for second, done, target in ((0, "0", "0.4"), (5, "0.4", "0.4"), (10, "0.4", "0.8")):
        moved = replace(filled(order, done), target_amount=Decimal(target), updated_us=order.created_us + second * 1_000_000)
        orders.say(moved)
        hear(bridge)
    assert panel.chart is not None
    assert panel.chart.isVisible()
    drawn, wanted = panel.chart.curves()
    assert (max(drawn), max(wanted)) == (0.4, 0.8)
    orders.say(parent(2))
    hear(bridge)
    assert not panel.chart.isVisible(), "a router has no schedule"


def test_figures_keep_their_places_while_they_change(panel: InspectorPanel, orders: LookedUpOrders, bridge: Bridge) -> None:
    orders.say(parent(1))
    hear(bridge)
    heights = {panel.costs.height()}
    for number in range(3):
        orders.say(filled(parent(1), f"0.{number + 1}"))
        hear(bridge)
        heights.add(panel.costs.height())
    assert len(heights) == 1
