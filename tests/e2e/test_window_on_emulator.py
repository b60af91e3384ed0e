"""The whole path, window included: keys are typed in, four venues connect over TLS, orders are sent, steered and cancelled, by hand.

Nothing under the window is replaced but the exchanges themselves: ccxt's own clients speak to a local server that speaks as Binance
and Bybit do, and the markets' lists are loaded by a process of their own, as ever. What is asserted is what a trader would see, and
what the exchanges say of it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import keyring
import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit

from core.desk.keys import open_keys
from core.domain.credentials import Credentials
from core.domain.enums import ExecutionStrategy
from core.domain.orders import ChildStatus, OrderSnapshot, ParentStatus
from core.exchanges.ccxt.access import EMULATOR_VARIABLE
from gui.accounts.dialog import AccountsDialog
from gui.blotter.modify import ModifyDialog
from gui.choice import StartChoice
from gui.cli import ModeName, Options
from gui.layouts import LayoutStore
from gui.main_window import MainWindow
from gui.reporter import Report, Reporter
from gui.session import Session
from gui.theme import Theme
from gui.workspace import Workspace
from tests.core.desk.key_stores import WorkingKeyring
from tests.emulator import KEY, SECRET, Emulator, HandFeed
from tests.emulator.markets import ASKS, BIDS, SYMBOL, VENUES, instrument
from tests.gui.qt_loop import run_on_qt, until

pytestmark = pytest.mark.timeout(120)  # starting ccxt in four processes is most of it
_DEADLINE_S = 90.0
OTHER = "ETH/USDT"
_BEAT_S = 0.3


@asynccontextmanager
async def exchanges() -> AsyncIterator[Emulator]:
    """Binance and Bybit, each with 1, 2, 3 BTC at 100, 99.5, 99 and at 100.5, 101, 101.5, and a flicker far away: they live."""
    feed = HandFeed(instrument(venue, symbol) for venue in VENUES for symbol in (SYMBOL, OTHER))

    async def flicker() -> None:
        while True:
            for size in ("1", "2"):
                for venue in VENUES:
                    feed.change(venue, {"90": size})
                    feed.change(venue, {"90": size}, symbol=OTHER)
                await asyncio.sleep(_BEAT_S)

    async with Emulator(feed, latency_ms=2.0, depth_interval_s=0.02) as emulator:
        for venue in VENUES:
            feed.snapshot(venue, BIDS, ASKS)
            feed.snapshot(venue, BIDS, ASKS, OTHER)
        living = asyncio.ensure_future(flicker())
        try:
            yield emulator
        finally:
            living.cancel()
            await asyncio.wait({living})


class Trader:
    """Hands and eyes on one window."""

    def __init__(self, session: Session, window: MainWindow, emulator: Emulator) -> None:
        self.session, self.window, self.emulator = session, window, emulator

    @property
    def workspace(self) -> Workspace:
        assert self.session.workspace is not None
        return self.session.workspace

    # -- accounts ----------------------------------------------------------------------------------

    async def enter_keys(self, *names: str, mode: str = "testnet") -> None:
        """Into the dialog that has opened by itself; tests each, saves it, closes the dialog."""
        await until(lambda: any(each.isVisible() and not each.busy for each in self.window.findChildren(AccountsDialog)))
        dialog = self.window.findChildren(AccountsDialog)[0]
        for name in names:
            dialog.form.exchange.setCurrentText(name)
            for line, text in ((dialog.form.label, "main"), (dialog.form.key, KEY), (dialog.form.secret, SECRET)):
                QTest.keyClicks(line, text)
            dialog.test.click()
            await until(lambda: not dialog.busy)
            assert dialog.sentences[0] == f"{name} takes the key for {mode} trading."
            dialog.save.click()
            await until(lambda: not dialog.busy)
        assert [account.exchange for account in dialog.list.accounts] == sorted(names)
        dialog.done_button.click()

    async def say_live(self) -> None:
        """Answer the question in the middle of the window."""
        assert self.session.starter is not None
        await self.session.starter.asking.wait()
        choice = next(each for each in self.window.findChildren(StartChoice) if each.isVisible())
        assert choice.sentence == "Trade LIVE on binance, bybit, played by the emulator?"
        await until(choice.buttons["live"].isEnabled)
        QTest.mouseClick(choice.buttons["live"], Qt.MouseButton.LeftButton)

    # -- ticket ------------------------------------------------------------------------------------

    async def buy(self, amount: str, price: str, strategy: ExecutionStrategy, *, on: Sequence[str] = (), **params: str) -> OrderSnapshot:
        """Fill in the ticket, and press its button once the preview names the venues `on`; returns the parent as the blotter shows it."""
        ticket = self.workspace.ticket
        before = {order.id for order in self.workspace.blotter.orders.parents()}
        ticket.strategy.combo.setCurrentIndex(ticket.strategy.combo.findData(strategy))
        write(ticket.entry.amount, amount)
        write(ticket.entry.price, price)
        for name, text in params.items():
            editor = ticket.form.editor(name)
            assert isinstance(editor, QLineEdit)
            write(editor, text)

        def planned() -> set[str]:
            return {child.exchange for child in ticket.plan.children} if ticket.plan is not None else set()

        await until(lambda: ticket.foot.submit.isEnabled() and (not on or planned() == set(on)))
        assert ticket.foot.submit.text() == self.window.look.said(f"BUY {amount} {ticket.grid.base} · {strategy.label}")
        QTest.mouseClick(ticket.foot.submit, Qt.MouseButton.LeftButton)
        await until(lambda: len(self.workspace.blotter.orders.parents()) > len(before))
        return next(order for order in self.workspace.blotter.orders.parents() if order.id not in before)

    async def venues_live(self, *venues: str) -> None:
        """Until the top bar shows these, and no others, as live."""
        strip = self.window.top_bar.health
        await until(lambda: {chip.venue for chip in strip.shown if chip.state == "live"} == set(venues))

    # -- blotter -----------------------------------------------------------------------------------

    def shown(self, order: OrderSnapshot) -> OrderSnapshot:
        """The order as the blotter shows it now."""
        found = self.workspace.blotter.orders.order(order.id)
        assert found is not None
        return found

    def children(self, order: OrderSnapshot) -> list[OrderSnapshot]:
        """Its children as the blotter shows them."""
        found = (self.workspace.blotter.orders.order(child) for child in self.shown(order).children)
        return [child for child in found if child is not None]

    async def comes_to(self, order: OrderSnapshot, status: ParentStatus) -> None:
        await until(lambda: self.shown(order).status is status)

    def select(self, order: OrderSnapshot) -> None:
        flags = QItemSelectionModel.SelectionFlag
        selection = self.workspace.blotter.view.selectionModel()
        selection.select(self.workspace.blotter.orders.index_of(order.id), flags.ClearAndSelect | flags.Rows)

    def choose_in_menu(self, order: OrderSnapshot, text: str) -> None:
        """A right click on the order."""
        self.select(order)
        menu = self.workspace.blotter.view.menu_for(self.workspace.blotter.orders.index_of(order.id))
        action = next(one for one in menu.actions() if one.text().split("\t")[0] == text)
        assert action.isEnabled(), text
        action.trigger()

    async def change_amount(self, order: OrderSnapshot, amount: str) -> None:
        """Through the dialog that a double click opens, until it has closed itself."""
        self.choose_in_menu(order, "Modify…")
        dialog = self.window.findChild(ModifyDialog)
        assert dialog is not None
        write(dialog.amount, amount)
        assert dialog.apply.isEnabled()
        dialog.apply.click()
        await until(lambda: self.window.findChild(ModifyDialog) is None)

    # -- the exchanges -----------------------------------------------------------------------------

    def bought_on(self, venue: str) -> Decimal:
        """What the exchange itself says was filled."""
        return sum((fill.amount for fill in self.emulator.venues[venue].truth.fills), Decimal(0))

    def resting(self) -> int:
        """Orders that are open on any exchange."""
        return sum(len(venue.truth.open_orders(SYMBOL)) for venue in self.emulator.venues.values())


def write(line: QLineEdit, text: str) -> None:
    """Over what stands there, and Enter."""
    line.setFocus()
    line.selectAll()
    QTest.keyClicks(line, text)
    QTest.keyClick(line, Qt.Key.Key_Return)


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    worn = Theme()
    worn.apply(qapp)
    yield worn
    qapp.setStyleSheet("")


@pytest.fixture(autouse=True)
def key_store() -> Iterator[WorkingKeyring]:
    """An empty one."""
    before = keyring.get_keyring()
    made = WorkingKeyring()
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


Script = Callable[[Trader], Coroutine[Any, Any, None]]
Trade = Callable[..., None]


@pytest.fixture
def trade(theme: Theme, qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Trade:
    """Open the window on the emulator, and let a script trade in it. Afterwards no file and no log line knows the keys."""
    caplog.set_level(logging.DEBUG)

    async def play(script: Script, mode: ModeName) -> None:
        async with exchanges() as emulator:
            monkeypatch.setenv(EMULATOR_VARIABLE, str(emulator.address))
            window = MainWindow(theme, mode, SYMBOL)
            window.resize(1366, 768)
            window.show()
            reporter, complaints = Reporter(), list[str]()
            reporter.reported.connect(lambda report: complaints.append(_said(report)))
            session = Session(window, theme, reporter, LayoutStore(None), Options(mode=mode, profile=tmp_path), 0.0)
            life = asyncio.ensure_future(session.run())
            try:
                await script(Trader(session, window, emulator))
                window.close()
                assert await life == 0
                assert complaints == []
            finally:
                session.close_now()
                await asyncio.wait({life})
                window.deleteLater()

    def run(script: Script, mode: ModeName = "testnet") -> None:
        run_on_qt(qapp, play(script, mode), within_s=_DEADLINE_S)
        written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
        for secret in (KEY, SECRET):
            assert not any(secret.encode() in each for each in written)
            assert secret not in caplog.text

    return run


def _said(report: Report) -> str:
    return report.sentence


def test_keys_are_entered_four_venues_connect_and_orders_are_filled_paused_modified_and_cancelled(trade: Trade) -> None:
    async def script(trader: Trader) -> None:
        await trader.enter_keys("binance", "bybit")
        await trader.session.opened.wait()
        workspace, window = trader.workspace, trader.window
        assert window.top_bar.mode_shown == "TESTNET · EMULATOR"

        # The depth of four venues is merged in the chart, and their dots are green.
        await trader.venues_live(*VENUES)
        await until(lambda: workspace.depth.shown is not None and set(workspace.depth.shown.venues) == set(VENUES))

        # Four BTC at the best ask: one from each venue, by the exchanges' own count.
        swept = await trader.buy("4", "100.5", ExecutionStrategy.PRICE_OPTIMIZED_LIQUIDITY, on=VENUES)
        await trader.comes_to(swept, ParentStatus.FILLED)
        assert {child.exchange for child in trader.children(swept)} == set(VENUES)
        assert trader.shown(swept).average_price == Decimal("100.5")
        assert {venue: trader.bought_on(venue) for venue in VENUES} == dict.fromkeys(VENUES, Decimal(1))

        # A TWAP over ten minutes works, is paused, changed while it is paused, resumed, and cancelled by Del.
        twap = await trader.buy("2", "99", ExecutionStrategy.TWAP, duration="10m")
        await until(lambda: trader.resting() == 1)
        await trader.comes_to(twap, ParentStatus.RUNNING)
        trader.choose_in_menu(twap, "Pause")
        await trader.comes_to(twap, ParentStatus.PAUSED)
        await until(lambda: trader.resting() == 0)
        await trader.change_amount(twap, "1.5")
        await until(lambda: trader.shown(twap).amount == Decimal("1.5"))
        trader.choose_in_menu(twap, "Resume")
        await trader.comes_to(twap, ParentStatus.RUNNING)
        await until(lambda: trader.resting() == 1)
        trader.select(twap)
        QTest.keyClick(workspace.blotter.view, Qt.Key.Key_Delete)
        await trader.comes_to(twap, ParentStatus.CANCELLED)
        assert trader.resting() == 0
        assert all(child.status is ChildStatus.CANCELLED for child in trader.children(twap))

    trade(script)


def test_live_is_asked_for_named_on_every_order_and_trades_another_symbol(trade: Trade) -> None:
    async def script(trader: Trader) -> None:
        await trader.enter_keys("binance", "bybit", mode="live")
        await trader.say_live()
        await trader.session.opened.wait()
        workspace, window = trader.workspace, trader.window
        assert window.top_bar.mode_shown == "LIVE · EMULATOR"

        await trader.venues_live(*VENUES)  # on a busy machine they come after the window

        # Another symbol, by typing a part of its name.
        picker = window.top_bar.picker
        picker.search()
        QTest.keyClicks(picker, "eth")
        assert picker.offers == [OTHER]
        QTest.keyClick(picker, Qt.Key.Key_Return)
        await until(lambda: workspace.ticket.draft.symbol == OTHER)
        await trader.venues_live(*VENUES)
        assert window.windowTitle() == "LIVE Fathom — ETH/USDT"

        bought = await trader.buy("2", "100.5", ExecutionStrategy.SPLIT_EVENLY, on=VENUES)
        await trader.comes_to(bought, ParentStatus.FILLED)
        assert {venue: trader.bought_on(venue) for venue in VENUES} == dict.fromkeys(VENUES, Decimal("0.5"))

    trade(script, "live")


def test_keys_that_are_refused_leave_their_venues_offline_with_the_reason_and_the_others_trade(trade: Trade) -> None:
    async def script(trader: Trader) -> None:
        await trader.enter_keys("binance")
        await open_keys("testnet").save(Credentials("bybit", "old", KEY, "a secret that was revoked"))
        trader.window.close()

    async def again(trader: Trader) -> None:
        await trader.session.opened.wait()
        strip = trader.window.top_bar.health

        def states() -> dict[str, str]:
            return {chip.venue: chip.state for chip in strip.shown}

        await until(lambda: states() == {"binance_spot": "live", "binance_perp": "live", "bybit_spot": "offline", "bybit_perp": "offline"})
        assert all("not connected: bybit" in chip.tip for chip in strip.shown if chip.state == "offline")
        bought = await trader.buy("1", "100.5", ExecutionStrategy.SPLIT_EVENLY, on=VENUES[:2])
        await trader.comes_to(bought, ParentStatus.FILLED)
        assert {child.exchange for child in trader.children(bought)} == {"binance_spot", "binance_perp"}

    trade(script)
    trade(again)
