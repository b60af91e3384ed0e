"""The whole window in live mode: nothing is opened without the trader's word, and afterwards nothing hides that it is live.

The market behind it is the demo's; what is tested is the way to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QLabel

import core.desk.desk
import gui.accounts.backend
from core.desk.market import Market
from core.desk.markets import open_market
from core.desk.settings import Settings
from core.domain.errors import NoAccounts, UnknownSymbol
from core.domain.orders import OrderSnapshot
from gui.accounts.dialog import AccountsDialog
from gui.blotter.modify import ModifyDialog
from gui.choice import StartChoice
from gui.cli import Options
from gui.layouts import LayoutStore
from gui.main_window import MainWindow
from gui.reporter import Reporter
from gui.session import Session
from gui.theme import Theme
from gui.ticket.confirm import ConfirmDialog
from gui.workspace import Workspace
from tests.gui.accounts.fakes import FakeAccounts, keys_of
from tests.gui.qt_loop import run_on_qt, until

Script = Callable[[Session, MainWindow], Awaitable[None]]


class Exchanges:
    """Stands in for the real ones: notes what it was asked to open, and opens the demo's market."""

    def __init__(self) -> None:
        self.opened: list[Settings] = []
        self.refusal: NoAccounts | None = None

    async def open(self, settings: Settings) -> Market:
        self.opened.append(settings)
        if self.refusal is not None:
            refusal, self.refusal = self.refusal, None
            raise refusal
        return await open_market(Settings(mode="demo", symbol=settings.symbol))


@pytest.fixture
def exchanges(monkeypatch: pytest.MonkeyPatch) -> Exchanges:
    made = Exchanges()
    monkeypatch.setattr(core.desk.desk, "open_market", made.open)
    return made


@pytest.fixture
def accounts(monkeypatch: pytest.MonkeyPatch) -> FakeAccounts:
    made = FakeAccounts()
    made.stores["live"].kept["binance"] = keys_of("binance")
    monkeypatch.setattr(gui.accounts.backend, "real_backend", lambda: made.backend)
    monkeypatch.delenv("FATHOM_EMULATOR", raising=False)
    return made


@pytest.fixture
def run(theme: Theme, qapp: QApplication, tmp_path: Path, exchanges: Exchanges, accounts: FakeAccounts) -> Callable[..., int]:
    """Run a session beside a script that plays the trader; returns the exit code."""

    def run_session(script: Script, options: Options | None = None) -> int:
        options = replace(options or Options(mode="live"), profile=tmp_path / "profile")
        window = MainWindow(theme, options.mode, options.symbol)
        window.show()
        reporter = Reporter()

        async def play() -> int:
            session = Session(window, theme, reporter, LayoutStore(None), options, 0.0)
            life = asyncio.ensure_future(session.run())
            await script(session, window)
            return await life

        try:
            return run_on_qt(qapp, play())
        finally:
            window.deleteLater()

    return run_session


async def _answer(session: Session, window: MainWindow, name: str) -> None:
    await until(lambda: session.starter is not None and session.starter.asking.is_set())
    choice = next(choice for choice in window.findChildren(StartChoice) if choice.isVisible())
    await until(choice.buttons[name].isEnabled)
    choice.buttons[name].click()


async def _workspace(session: Session) -> Workspace:
    await session.opened.wait()
    assert session.workspace is not None
    await session.workspace.depth_shown.wait()
    return session.workspace


def test_until_the_trader_has_answered_nothing_is_opened(run: Callable[..., int], exchanges: Exchanges) -> None:
    async def script(session: Session, window: MainWindow) -> None:
        await until(lambda: session.starter is not None and session.starter.asking.is_set())
        assert exchanges.opened == []
        window.close()

    assert run(script) == 0
    assert exchanges.opened == []


def test_the_answer_is_what_confirms_live(run: Callable[..., int], exchanges: Exchanges, tmp_path: Path) -> None:
    async def script(session: Session, window: MainWindow) -> None:
        await _answer(session, window, "live")
        await _workspace(session)
        window.close()

    run(script)
    assert [(settings.mode, settings.live_confirmed) for settings in exchanges.opened] == [("live", True)]
    assert (tmp_path / "profile" / "live" / "journal.db").exists()


def test_it_is_asked_again_at_the_next_start(run: Callable[..., int], exchanges: Exchanges) -> None:
    async def confirmed(session: Session, window: MainWindow) -> None:
        await _answer(session, window, "live")
        await _workspace(session)
        window.close()

    async def asked(session: Session, window: MainWindow) -> None:
        await _answer(session, window, "quit")

    run(confirmed)
    run(asked)
    assert len(exchanges.opened) == 1


def test_paper_instead_opens_paper_and_looks_like_it(run: Callable[..., int], exchanges: Exchanges) -> None:
    async def script(session: Session, window: MainWindow) -> None:
        await _answer(session, window, "paper")
        workspace = await _workspace(session)
        workspace.ticket.set_amount(Decimal("0.5"))
        assert workspace.ticket.foot.submit.text().startswith("BUY 0.5 BTC")
        assert window.top_bar.mode_shown.startswith("PAPER")
        assert not window.look.border
        window.close()

    run(script)
    assert [(settings.mode, settings.live_confirmed) for settings in exchanges.opened] == [("paper", False)]


def test_every_way_to_send_names_live(run: Callable[..., int]) -> None:
    async def script(session: Session, window: MainWindow) -> None:
        await _answer(session, window, "live")
        workspace = await _workspace(session)
        ticket = workspace.ticket
        ticket.sending.confirm_above = Decimal(0)
        ticket.set_amount(Decimal("0.5"))
        assert ticket.foot.submit.text() == "LIVE BUY 0.5 BTC · BEST PRICE"
        await until(ticket.foot.submit.isEnabled)
        ticket.foot.submit.click()
        await until(lambda: window.findChild(ConfirmDialog) is not None)
        question = window.findChild(ConfirmDialog)
        assert question is not None
        assert question.windowTitle() == "LIVE Confirm order"
        assert question.confirm.text() == "LIVE BUY 0.5 BTC · BEST PRICE"
        assert "LIVE · REAL ORDER" in [each.text() for each in question.findChildren(QLabel)]
        question.back.click()
        window.close()

    run(script)


def test_changing_and_leaving_an_order_names_live(run: Callable[..., int]) -> None:
    async def script(session: Session, window: MainWindow) -> None:
        await _answer(session, window, "live")
        workspace = await _workspace(session)
        order = await _rest_an_order(workspace)
        workspace._bridge._flush_orders()
        workspace.blotter.open_modify(order.id)
        dialog = window.findChild(ModifyDialog)
        assert dialog is not None
        assert (dialog.windowTitle(), dialog.apply.text()) == ("LIVE Modify order", "LIVE Modify")
        dialog.close()
        window.close()
        assert window.banner.text.startswith("LIVE: 1 order is still working.")
        window.banner.answer("Leave and close")

    run(script)


async def _rest_an_order(workspace: Workspace) -> OrderSnapshot:
    """A buy far below the market."""
    bid = workspace.desk.market("BTC/USDT").best_bid
    assert bid is not None
    await workspace.desk.engine.execute_order("BTC/USDT", "buy", "0.1", "limit", round(bid * Decimal("0.99")), strategy="best_price")
    await until(workspace.working_orders)
    return workspace.working_orders()[0]


def test_keys_that_are_missing_for_a_venue_lead_to_the_accounts_and_then_on(
    run: Callable[..., int], exchanges: Exchanges, accounts: FakeAccounts
) -> None:
    exchanges.refusal = NoAccounts("There are no API keys of okx.", mode="live", exchanges=("okx",))

    async def script(session: Session, window: MainWindow) -> None:
        await _answer(session, window, "live")
        await until(lambda: any(dialog.isVisible() and not dialog.busy for dialog in window.findChildren(AccountsDialog)))
        await accounts.stores["live"].save(keys_of("okx"))
        window.findChildren(AccountsDialog)[0].done_button.click()
        await _answer(session, window, "live")
        await _workspace(session)
        window.close()

    assert run(script) == 0
    assert [settings.live_confirmed for settings in exchanges.opened] == [True, True]


def test_the_accounts_menu_works_while_one_trades(run: Callable[..., int]) -> None:
    async def script(session: Session, window: MainWindow) -> None:
        await _workspace(session)
        window.accounts_asked.emit()
        await until(lambda: any(not dialog.busy for dialog in window.findChildren(AccountsDialog)))
        assert [account.exchange for account in window.findChildren(AccountsDialog)[0].list.accounts] == ["binance"]
        window.close()  # with the dialog open

    assert run(script, Options(mode="demo")) == 0


def test_another_symbol_is_connected_before_anything_can_be_sent(run: Callable[..., int], monkeypatch: pytest.MonkeyPatch) -> None:
    async def script(session: Session, window: MainWindow) -> None:
        workspace = await _workspace(session)
        connected = asyncio.Event()
        monkeypatch.setattr(workspace.desk, "watch", lambda _symbol: connected.wait())
        ticket, bar = workspace.ticket, window.top_bar
        ticket.set_amount(Decimal("0.5"))
        await until(ticket.foot.submit.isEnabled)
        bar.picker.symbol_chosen.emit("ETH/USDT")
        await until(lambda: ticket.foot.sentence == "Connecting to ETH/USDT…")
        assert not ticket.foot.submit.isEnabled()
        assert "connecting…" in [each.text() for each in bar.findChildren(QLabel)]
        connected.set()
        await until(lambda: ticket.draft.symbol == "ETH/USDT")
        ticket.set_amount(Decimal("5"))
        await until(ticket.foot.submit.isEnabled)
        assert bar.picker.recent[:2] == ("ETH/USDT", "BTC/USDT")
        window.close()

    assert run(script, Options(mode="demo")) == 0


def test_a_symbol_that_can_not_be_had_is_one_sentence_and_the_old_one_stays(
    run: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def script(session: Session, window: MainWindow) -> None:
        workspace = await _workspace(session)

        async def refuse(_symbol: str) -> None:
            raise UnknownSymbol("'NOPE/USDT' is not traded on these venues.")

        monkeypatch.setattr(workspace.desk, "watch", refuse)
        workspace.ticket.set_amount(Decimal("0.5"))
        window.top_bar.picker.symbol_chosen.emit("NOPE/USDT")
        await until(lambda: window.banner.text == "'NOPE/USDT' is not traded on these venues.")
        assert window.top_bar.picker.current == "BTC/USDT"
        await until(workspace.ticket.foot.submit.isEnabled)
        assert "NOPE/USDT" not in window.top_bar.picker.recent
        window.close()

    assert run(script, Options(mode="demo")) == 0


def test_the_last_pick_counts(run: Callable[..., int], monkeypatch: pytest.MonkeyPatch) -> None:
    async def script(session: Session, window: MainWindow) -> None:
        workspace = await _workspace(session)
        waits = {"ETH/USDT": asyncio.Event(), "BTC/USDT": asyncio.Event()}
        monkeypatch.setattr(workspace.desk, "watch", lambda symbol: waits[symbol].wait())
        window.top_bar.picker.symbol_chosen.emit("ETH/USDT")
        await asyncio.sleep(0)
        window.top_bar.picker.symbol_chosen.emit("BTC/USDT")
        await asyncio.sleep(0)
        waits["ETH/USDT"].set()
        waits["BTC/USDT"].set()
        workspace.ticket.set_amount(Decimal("0.5"))
        await until(workspace.ticket.foot.submit.isEnabled)
        assert workspace.ticket.draft.symbol == "BTC/USDT"
        window.close()

    assert run(script, Options(mode="demo")) == 0
