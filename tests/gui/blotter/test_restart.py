"""What the window shows after a restart: paused orders with a Resume that works, and the log says what happened."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtCore import QItemSelectionModel
from pytestqt.qtbot import QtBot

from core.desk.desk import open_desk
from core.desk.markets import Market
from core.desk.settings import Settings
from core.domain.events import Notice
from core.domain.instruments import Instrument
from core.domain.market import MarketMessage
from core.domain.orders import ParentStatus
from gui.blotter.rows import Column
from gui.blotter.widget import BlotterWidget
from gui.bridge import Bridge
from gui.theme import Theme
from tests.core.execution.crashing import crash_floor


class SilentFeed:
    """The venues of this test bring their own market."""

    def instruments(self) -> Mapping[str, Mapping[str, Instrument]]:
        return {}

    def attach(self, venue: str, listener: Callable[[MarketMessage], None]) -> None:
        """Nothing is said."""

    def on_notice(self, listener: Callable[[Notice], None]) -> None:
        """Nothing is noticed."""

    async def run(self) -> None:
        await asyncio.get_running_loop().create_future()


async def test_after_a_restart_the_blotter_offers_resume_and_the_log_says_what_was_found(
    tmp_path: Path, theme: Theme, qtbot: QtBot
) -> None:
    async with crash_floor(tmp_path / "demo" / "journal.db", "binance_spot") as floor:
        async with floor.session() as killed:
            resting = await killed.start("buy", "1", "99", "best_price")
            await floor.live(killed, 1)
        market = Market(floor.clock, SilentFeed(), floor.venues, lives_on=True)
        async with open_desk(Settings(profile=tmp_path), market) as desk:
            reported: list[BaseException] = []
            bridge = Bridge(desk, lambda error, _doing: reported.append(error))
            blotter = BlotterWidget(desk, bridge, theme)
            qtbot.addWidget(blotter)
            await floor.clock.advance(3)
            bridge._flush_orders()
            row = blotter.orders.index_of(resting.id)
            assert row.siblingAtColumn(Column.STATUS).data() == "‖ Paused"
            assert row.siblingAtColumn(Column.REASON).data() == "restored after a restart; resume when ready"
            assert blotter.orders.rowCount(row) == 1
            said = [blotter.log.row(index).sentence for index in range(blotter.log.rowCount())]
            assert any("Restored 1 unfinished order after a restart, 1 of them paused until you resume" in sentence for sentence in said)
            assert any("1 child order found open and followed again" in sentence for sentence in said)
            flags = QItemSelectionModel.SelectionFlag
            blotter.view.selectionModel().select(row, flags.Select | flags.Rows)
            menu = blotter.view.menu_for(row)
            next(action for action in menu.actions() if action.text() == "Resume").trigger()
            await floor.clock.advance(1)
            assert desk.order_manager.order(resting.id).status is ParentStatus.RUNNING
            await bridge.close()
            assert not reported
