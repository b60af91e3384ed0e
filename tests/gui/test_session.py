"""Opening and closing the real program on the demo market: nothing is asked without need, nothing is left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QLineEdit
from qasync import QEventLoop

from core.domain.enums import ExecutionStrategy
from gui.cli import Options
from gui.layouts import LayoutStore
from gui.limits import LimitsDialog
from gui.main_window import MainWindow
from gui.reporter import Reporter
from gui.session import Session
from gui.theme import Theme
from tests.core.market.lines import delta, opening, write

Script = Callable[[Session, MainWindow], Awaitable[None]]
DEADLINE_S = 20


@pytest.fixture
def run(theme: Theme, qapp: QApplication, tmp_path: Path) -> Callable[..., int]:
    """Run a session on Qt's loop beside a script that plays the trader; returns the exit code."""

    qapp.setQuitOnLastWindowClosed(False)  # as `bootstrap` does: the session decides when it is over

    def run_session(script: Script, options: Options | None = None, store: LayoutStore | None = None) -> int:
        window = MainWindow(theme, "demo", "BTC/USDT")
        window.show()
        reporter = Reporter()
        reporter.reported.connect(window.banner.show_report)
        session_options = replace(options or Options(), profile=tmp_path / "profile")

        async def play() -> int:
            async with asyncio.timeout(DEADLINE_S):
                session = Session(window, theme, reporter, store or LayoutStore(None), session_options, 0.0)
                life = asyncio.ensure_future(session.run())
                await script(session, window)
                return await life

        with asyncio.Runner(loop_factory=lambda: QEventLoop(qapp)) as runner:
            code = runner.run(play())
        assert not window.isVisible()
        window.deleteLater()
        return code

    return run_session


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - widgets have no asyncio events; the session's deadline ends it
        await asyncio.sleep(0.01)


async def _opened(session: Session) -> None:
    await session.opened.wait()
    assert session.workspace is not None
    await session.workspace.depth_shown.wait()


async def _work_an_order(session: Session) -> None:
    """A TWAP that would take ten minutes."""
    assert session.workspace is not None
    ask = session.workspace.desk.market("BTC/USDT").best_ask
    assert ask is not None
    await session.workspace.desk.engine.execute_order(
        symbol="BTC/USDT",
        side="buy",
        amount="1",
        order_type="limit",
        price=ask.quantize(ask.__class__(1)) + 100,
        strategy="twap",
        params={"duration": 600, "randomize": 0},
    )
    assert len(session.workspace.working_orders()) == 1


def test_closing_an_idle_window_asks_nothing(run: Callable[..., int]) -> None:
    async def script(session: Session, window: MainWindow) -> None:
        await _opened(session)
        window.close()

    assert run(script) == 0


def test_nothing_jumps_when_the_panels_arrive(run: Callable[..., int]) -> None:
    async def script(session: Session, window: MainWindow) -> None:
        docks = (window.ticket_dock, window.depth_dock, window.blotter_dock, window.inspector_dock)
        skeleton = [dock.geometry() for dock in docks]
        await _opened(session)
        assert [dock.geometry() for dock in docks] == skeleton
        window.close()

    assert run(script) == 0


def test_closing_while_it_still_opens_is_clean(run: Callable[..., int]) -> None:
    async def script(_session: Session, window: MainWindow) -> None:
        await asyncio.sleep(0)
        window.close()

    assert run(script) == 0


def test_closing_with_a_working_order_asks_and_stay_stays(run: Callable[..., int]) -> None:
    async def script(session: Session, window: MainWindow) -> None:
        await _opened(session)
        await _work_an_order(session)
        window.close()
        assert window.isVisible()
        assert window.banner.text == "1 order is still working. It is simulated and will end with the program."
        window.banner.answer("Stay")
        assert window.isVisible()
        window.close()
        window.banner.answer("Close anyway")

    assert run(script) == 0


def test_cancel_all_and_close_leaves_no_order_working(run: Callable[..., int]) -> None:
    left: list[int] = []

    async def script(session: Session, window: MainWindow) -> None:
        await _opened(session)
        await _work_an_order(session)
        workspace = session.workspace
        assert workspace is not None
        window.close()
        window.banner.answer("Cancel all and close")
        await _until(lambda: not window.isVisible())
        left.append(len(workspace.working_orders()))

    assert run(script) == 0
    assert left == [0]


def test_a_second_cancel_all_and_close_waits_for_the_first(run: Callable[..., int]) -> None:
    async def script(session: Session, window: MainWindow) -> None:
        await _opened(session)
        await _work_an_order(session)
        window.close()
        window.banner.answer("Cancel all and close")
        first = session._cancelling
        window.close()
        window.banner.answer("Cancel all and close")
        assert session._cancelling is first

    assert run(script) == 0


def test_staying_while_orders_are_cancelled_keeps_the_window(run: Callable[..., int]) -> None:
    async def script(session: Session, window: MainWindow) -> None:
        await _opened(session)
        await _work_an_order(session)
        window.close()
        window.banner.answer("Cancel all and close")
        window.close()
        window.banner.answer("Stay")
        assert session._cancelling is not None
        await session._cancelling
        assert window.isVisible()
        window.close()

    assert run(script) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="there a process can't send itself Ctrl-C")
def test_ctrl_c_closes_over_a_working_order_without_asking(run: Callable[..., int]) -> None:
    async def script(session: Session, window: MainWindow) -> None:
        await _opened(session)
        await _work_an_order(session)
        os.kill(os.getpid(), signal.SIGINT)
        async with asyncio.timeout(2):
            await _until(lambda: not window.isVisible())

    assert run(script) == 0


def test_kill_cancels_every_order_and_keeps_the_window(run: Callable[..., int]) -> None:
    async def script(session: Session, window: MainWindow) -> None:
        await _opened(session)
        await _work_an_order(session)
        workspace = session.workspace
        assert workspace is not None
        window.top_bar.kill.click()
        await _until(lambda: not workspace.working_orders())
        assert window.isVisible()
        window.close()

    assert run(script) == 0


def test_after_a_kill_the_window_says_what_came_of_it_and_nothing_can_be_sent_until_released(run: Callable[..., int]) -> None:
    async def script(session: Session, window: MainWindow) -> None:
        await _opened(session)
        await _work_an_order(session)
        workspace = session.workspace
        assert workspace is not None
        kill, ticket = window.top_bar.kill, workspace.ticket
        ticket.set_amount(Decimal("0.5"))
        await _until(ticket.foot.submit.isEnabled)
        kill.click()
        await _until(lambda: kill.text() == "RELEASE")
        assert window.banner.text.startswith("Killed: 1 parent, ")
        assert not ticket.foot.submit.isEnabled()
        assert ticket.foot.sentence == "Trading is stopped by the kill switch; release it to trade again."
        await _until(kill.isEnabled)
        kill.click()
        await _until(ticket.foot.submit.isEnabled)
        assert kill.text() == "KILL"
        window.close()

    assert run(script) == 0


def test_the_limits_are_in_the_file_menu_and_apply_at_once(run: Callable[..., int]) -> None:
    async def script(session: Session, window: MainWindow) -> None:
        await _opened(session)
        workspace = session.workspace
        assert workspace is not None
        window.limits_action.trigger()
        await _until(lambda: window.findChild(LimitsDialog) is not None)
        dialog = window.findChild(LimitsDialog)
        assert dialog is not None
        field = dialog.form.editor("max_open")
        assert isinstance(field, QLineEdit)
        field.setText("7")
        field.textEdited.emit("7")
        dialog.use.click()
        await _until(lambda: workspace.desk.limits.max_open == 7)
        window.close()

    assert run(script) == 0


def test_a_desk_that_can_not_be_opened_says_why_in_the_window(run: Callable[..., int], caplog: pytest.LogCaptureFixture) -> None:
    async def script(_session: Session, window: MainWindow) -> None:
        await _until(lambda: "no_such_venue" in window.ticket_dock.said)
        window.close()

    assert run(script, Options(venues=("no_such_venue",))) == 1
    assert caplog.text.count("no_such_venue") == 1


def test_at_max_a_recording_plays_before_the_traders_eyes_and_says_that_it_has_ended(run: Callable[..., int], tmp_path: Path) -> None:
    moves = [delta(number, [("99.95", f"1.{number:05}")]) for number in range(1, 8_000)]
    path = write(tmp_path / "day.jsonl", [opening(), *moves])
    frames: list[bool] = []

    async def script(session: Session, window: MainWindow) -> None:
        await _opened(session)
        workspace = session.workspace
        assert workspace is not None
        desk = workspace.desk
        workspace.depth.drawn.connect(lambda *_: frames.append(desk.market_over))
        await _until(lambda: window.banner.text.startswith("The recording has ended."))
        assert desk.market("BTC/USDT").best_bid == Decimal("99.95")
        assert desk.orderbooks.message_count == 8_000
        window.close()

    assert run(script, Options(mode="replay", replay=(path,), speed="max")) == 0
    assert frames.count(False) >= 2, "the market moves on the screen while it is played"


def test_the_arrangement_is_saved_on_closing(run: Callable[..., int], tmp_path: Path) -> None:
    store = LayoutStore(tmp_path / "layout.json")

    async def script(session: Session, window: MainWindow) -> None:
        await _opened(session)
        window.blotter_dock.hide()
        window.close()

    assert run(script, store=store) == 0
    assert store.load().state


def test_the_other_symbol_fills_every_panel(run: Callable[..., int]) -> None:
    async def script(session: Session, window: MainWindow) -> None:
        await _opened(session)
        workspace = session.workspace
        assert workspace is not None
        workspace.set_symbol("ETH/USDT")
        await _until(lambda: workspace.depth.shown is not None and workspace.depth.shown.mid is not None)
        assert workspace.depth.shown is not None
        assert workspace.depth.shown.symbol == "ETH/USDT"
        assert "ETH/USDT" in window.windowTitle()
        window.close()

    assert run(script) == 0


def test_the_compare_button_opens_a_table_whose_click_changes_the_ticket(run: Callable[..., int]) -> None:
    async def script(session: Session, window: MainWindow) -> None:
        await _opened(session)
        workspace = session.workspace
        assert workspace is not None
        market = workspace.desk.market("BTC/USDT")
        assert market.best_ask is not None
        workspace.ticket.set_amount(Decimal("0.5"))
        workspace.ticket.set_price(market.best_ask * 2)
        workspace.ticket.strategy.compare.click()
        assert workspace.compare.isVisible()
        assert any(row.best for row in workspace.compare.model.rows)
        workspace.compare.strategy_picked.emit(ExecutionStrategy.TWAP)
        assert workspace.ticket.draft.strategy is ExecutionStrategy.TWAP
        window.close()

    assert run(script) == 0


def test_selecting_an_order_in_the_blotter_shows_its_costs(run: Callable[..., int]) -> None:
    async def script(session: Session, window: MainWindow) -> None:
        await _opened(session)
        workspace = session.workspace
        assert workspace is not None
        orders = [
            await workspace.desk.engine.execute_order("BTC/USDT", "buy", amount, "market", strategy="price_optimized_liquidity")
            for amount in ("0.5", "0.25")
        ]
        await asyncio.gather(*(order.done() for order in orders))
        workspace._bridge._flush_orders()
        assert workspace.inspector.shown_id == orders[1].id, "the newest, while none is chosen"
        workspace.blotter.view.setCurrentIndex(workspace.blotter.orders.index(1, 0))
        assert workspace.inspector.shown_id == orders[0].id
        shortfall = workspace.inspector.costs.sheet.blocks[0][0]
        assert shortfall.text.endswith("USDT")
        window.close()

    assert run(script) == 0
