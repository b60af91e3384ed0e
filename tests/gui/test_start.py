"""Before the desk: live is asked for at every start, and without keys nothing is connected."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from PySide6.QtWidgets import QApplication

from gui.accounts.dialog import AccountsDialog
from gui.choice import StartChoice
from gui.main_window import MainWindow
from gui.start import Go, Starter
from gui.theme import Theme
from tests.gui.accounts.fakes import FakeAccounts, keys_of
from tests.gui.qt_loop import run_on_qt, until

Script = Callable[["Stage"], Awaitable[None]]
Settle = Callable[..., Go | None]


class Stage:
    """A window, its accounts, and the starter at work."""

    def __init__(self, window: MainWindow, theme: Theme) -> None:
        self.window = window
        self.fake = FakeAccounts()
        self.starter = Starter(window, theme, self._fault, lambda: self.fake.backend, lambda _mode: False)

    def _fault(self, error: BaseException, _doing: str) -> None:
        raise error

    async def question(self) -> StartChoice:
        """The one on the screen."""
        await self.starter.asking.wait()
        return next(choice for choice in self.window.findChildren(StartChoice) if choice.isVisible())

    async def answer(self, name: str) -> None:
        choice = await self.question()
        await until(choice.buttons[name].isEnabled)
        choice.buttons[name].click()
        await until(lambda: not self.starter.asking.is_set())

    async def dialog(self) -> AccountsDialog:
        """The accounts dialog, once it has read the store."""
        await until(lambda: any(not dialog.busy for dialog in self.window.findChildren(AccountsDialog) if dialog.isVisible()))
        return next(dialog for dialog in self.window.findChildren(AccountsDialog) if dialog.isVisible())


@pytest.fixture
def settle(qapp: QApplication, theme: Theme) -> Settle:
    """Start in `mode` with keys for `exchanges`, and let a script play the trader; returns how the desk is to be opened."""

    def play(
        script: Script, mode: str = "live", exchanges: tuple[str, ...] = ("binance", "bybit"), venues: tuple[str, ...] = ()
    ) -> Go | None:
        async def use() -> Go | None:
            window = MainWindow(theme, mode, "BTC/USDT")
            window.allow_close()
            window.show()
            stage = Stage(window, theme)
            stage.fake.stores[mode if mode in stage.fake.stores else "live"].kept.update({name: keys_of(name) for name in exchanges})
            settled = asyncio.ensure_future(stage.starter.settle(mode, venues))
            try:
                await script(stage)
                return await settled
            finally:
                settled.cancel()
                await asyncio.wait({settled})
                window.close()
                window.deleteLater()

        return run_on_qt(qapp, use())

    return play


def test_live_goes_on_only_with_the_traders_word(settle: Settle) -> None:
    async def script(stage: Stage) -> None:
        choice = await stage.question()
        assert choice.sentence == "Trade LIVE with real money on binance, bybit?"
        assert stage.window.ticket_dock.said == "Not connected."
        await stage.answer("live")

    assert settle(script) == Go("live", live_confirmed=True)


def test_paper_instead_is_paper_and_confirms_nothing(settle: Settle) -> None:
    assert settle(lambda stage: stage.answer("paper")) == Go("paper", live_confirmed=False)


def test_quit_opens_nothing(settle: Settle) -> None:
    assert settle(lambda stage: stage.answer("quit")) is None


def test_only_the_exchanges_that_were_asked_for_are_named(settle: Settle) -> None:
    async def script(stage: Stage) -> None:
        assert (await stage.question()).sentence.endswith("real money on bybit?")
        await stage.answer("quit")

    settle(script, venues=("bybit_spot",))


def test_testnet_with_keys_asks_nothing(settle: Settle) -> None:
    async def script(_stage: Stage) -> None:
        pass

    assert settle(script, mode="testnet") == Go("testnet")


@pytest.mark.parametrize("mode", ["demo", "replay", "paper"])
def test_simulations_ask_nothing_and_look_for_no_keys(settle: Settle, mode: str) -> None:
    async def script(stage: Stage) -> None:
        stage.fake.stores.clear()

    assert settle(script, mode=mode, exchanges=()) == Go(mode)


def test_without_keys_the_accounts_open_and_with_keys_it_goes_on(settle: Settle) -> None:
    async def script(stage: Stage) -> None:
        dialog = await stage.dialog()
        await stage.fake.stores["testnet"].save(keys_of("okx"))
        dialog.done_button.click()

    assert settle(script, mode="testnet", exchanges=()) == Go("testnet")


def test_accounts_closed_without_keys_leave_a_question_not_a_loop(settle: Settle) -> None:
    async def script(stage: Stage) -> None:
        (await stage.dialog()).done_button.click()
        choice = await stage.question()
        assert choice.sentence == "No keys are known for any exchange in live."
        assert "live" not in choice.buttons
        await stage.answer("accounts")
        (await stage.dialog()).done_button.click()
        await stage.answer("paper")

    assert settle(script, exchanges=()) == Go("paper")


def test_keys_that_were_just_entered_do_not_confirm_live(settle: Settle) -> None:
    async def script(stage: Stage) -> None:
        dialog = await stage.dialog()
        await stage.fake.stores["live"].save(keys_of("okx"))
        dialog.done_button.click()
        assert (await stage.question()).sentence == "Trade LIVE with real money on okx?"
        await stage.answer("quit")

    assert settle(script, exchanges=()) is None


def test_the_accounts_menu_opens_one_dialog_not_two(settle: Settle) -> None:
    async def script(stage: Stage) -> None:
        await stage.question()
        shown = asyncio.ensure_future(stage.starter.show_accounts("live"))
        dialog = await stage.dialog()
        await stage.starter.show_accounts("live")
        assert [each for each in stage.window.findChildren(AccountsDialog) if each.isVisible()] == [dialog]
        dialog.done_button.click()
        await shown
        await stage.answer("quit")

    settle(script)
