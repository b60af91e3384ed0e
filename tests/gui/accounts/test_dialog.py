"""Keys go in, are tried, kept and forgotten; and are never shown again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget

from core.domain.credentials import Credentials
from core.domain.errors import FathomError
from gui.accounts.dialog import AccountsDialog
from gui.accounts.remove import RemoveDialog
from gui.theme import Theme
from tests.gui.accounts.fakes import FINE, FakeAccounts, FakeKeys, keys_of
from tests.gui.qt_loop import run_on_qt, until

CANARY = "canary-4f1c9d2e-secret-never-to-be-seen"
KEY = "akey0123456789wxyz"

Script = Callable[[AccountsDialog, FakeAccounts], Awaitable[None]]
Run = Callable[..., list[BaseException]]


@pytest.fixture
def run(qapp: QApplication, theme: Theme) -> Run:
    """Open the dialog and let a script use it; returns the faults that were reported."""

    def play(script: Script, prepare: Callable[[FakeAccounts], None] = lambda _: None, mode: str = "live") -> list[BaseException]:
        faults: list[BaseException] = []

        async def use() -> None:
            fake = FakeAccounts()
            prepare(fake)
            owner = QWidget()
            dialog = AccountsDialog(fake.backend, mode, theme, lambda error, _doing: faults.append(error), owner)
            dialog.open()
            try:
                await until(lambda: not dialog.busy)
                await script(dialog, fake)
            finally:
                dialog.close()
                owner.deleteLater()

        run_on_qt(qapp, use())
        return faults

    return play


def enter(dialog: AccountsDialog, exchange: str = "binance", secret: str = CANARY, passphrase: str = "") -> None:
    """Type an account in."""
    dialog.form.exchange.setCurrentText(exchange)
    for line, text in (
        (dialog.form.label, "main"),
        (dialog.form.key, KEY),
        (dialog.form.secret, secret),
        (dialog.form.passphrase, passphrase),
    ):
        line.setText("")
        QTest.keyClicks(line, text)


def texts(widget: QWidget) -> str:
    """Everything that the dialog's widgets would tell a screen reader, a tooltip or a test."""
    found = []
    for child in [widget, *widget.findChildren(QWidget)]:
        for name in (
            "text",
            "toolTip",
            "accessibleName",
            "accessibleDescription",
            "windowTitle",
            "whatsThis",
            "placeholderText",
            "displayText",
        ):
            getter = getattr(child, name, None)
            if callable(getter) and not (name == "text" and isinstance(child, QLineEdit)):
                found.append(str(getter()))
    return "\n".join(found)


def test_a_saved_account_is_listed_with_the_end_of_its_key_and_its_place(run: Run) -> None:
    async def script(dialog: AccountsDialog, fake: FakeAccounts) -> None:
        enter(dialog)
        dialog.save.click()
        await until(lambda: not dialog.busy)
        item = dialog.list.topLevelItem(0)
        assert item is not None
        assert [item.text(column) for column in range(4)] == ["binance", "main", "…wxyz", "key store"]
        assert fake.stores["live"].kept["binance"].secret == CANARY
        assert dialog.sentences[0].startswith("The live keys of binance are saved.")

    assert run(script) == []


def test_after_saving_the_secrets_are_gone_and_can_not_be_undone(run: Run) -> None:
    async def script(dialog: AccountsDialog, _fake: FakeAccounts) -> None:
        enter(dialog, "okx", passphrase="open sesame")
        dialog.save.click()
        await until(lambda: not dialog.busy)
        for line in (dialog.form.key, dialog.form.secret, dialog.form.passphrase):
            assert line.text() == ""
            line.undo()
            assert line.text() == ""
        assert CANARY not in texts(dialog)

    run(script)


def test_while_it_is_typed_a_secret_is_dots_in_every_picture(run: Run) -> None:
    async def script(dialog: AccountsDialog, _fake: FakeAccounts) -> None:
        def picture(secret: str) -> QImage:
            enter(dialog, secret=secret)
            dialog.setFocus()
            return dialog.grab().toImage()

        assert picture("a" * 40) == picture("Z" * 40), "the same number of dots, whatever they stand for"
        assert CANARY not in texts(dialog)

    run(script)


def test_closing_empties_what_was_not_saved(run: Run) -> None:
    async def script(dialog: AccountsDialog, _fake: FakeAccounts) -> None:
        enter(dialog)
        dialog.done_button.click()
        assert dialog.form.is_blank

    run(script)


def test_a_secret_is_pasted_whole_also_one_of_many_lines(run: Run) -> None:
    pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2Vw\nBCIEIJ+DYvh6SEqV\n-----END PRIVATE KEY-----\n"

    async def script(dialog: AccountsDialog, fake: FakeAccounts) -> None:
        enter(dialog, secret="")
        QGuiApplication.clipboard().setText(pem)
        dialog.form.secret.paste()
        dialog.save.click()
        await until(lambda: not dialog.busy)
        assert fake.stores["live"].kept["binance"].secret == pem.strip()

    run(script)


def test_a_test_says_what_the_key_may_do(run: Run) -> None:
    async def script(dialog: AccountsDialog, fake: FakeAccounts) -> None:
        fake.verdict = replace(FINE, balances=(("BTC", Decimal("0.250")), ("USDT", Decimal(1000))))
        enter(dialog)
        dialog.test.click()
        await until(lambda: not dialog.busy)
        assert dialog.sentences == ["binance takes the key for live trading.", "The key may: read, trade.", "Holds 0.25 BTC, 1000 USDT."]
        assert dialog.tones[0] == "ok"
        assert fake.stores["live"].kept == {}, "trying is not keeping"

    run(script)


def test_a_key_that_may_withdraw_is_warned_of_in_amber(run: Run) -> None:
    async def script(dialog: AccountsDialog, fake: FakeAccounts) -> None:
        fake.verdict = replace(FINE, permissions=("read", "trade", "withdraw"), can_withdraw=True, warning="This key may withdraw.")
        enter(dialog)
        dialog.test.click()
        await until(lambda: not dialog.busy)
        assert ("This key may withdraw.", "warn") in list(zip(dialog.sentences, dialog.tones, strict=True))

    run(script)


def test_a_key_for_one_market_only_says_which_one_it_is_not_for(run: Run) -> None:
    async def script(dialog: AccountsDialog, fake: FakeAccounts) -> None:
        warning = "This key may not trade perps: orders there would be refused."
        fake.verdict = replace(FINE, permissions=("read", "withdraw", "trade spot"), refused=("perps",), warning=warning)
        enter(dialog)
        dialog.test.click()
        await until(lambda: not dialog.busy)
        assert dialog.sentences[1:] == ["The key may: read, withdraw, trade spot; not perps.", warning]
        assert dialog.tones[2] == "warn"

    run(script)


def test_a_refused_key_is_an_answer_in_red(run: Run) -> None:
    async def script(dialog: AccountsDialog, fake: FakeAccounts) -> None:
        fake.verdict = replace(FINE, ok=False, sentence="binance refused the key.", permissions=())
        enter(dialog)
        dialog.test.click()
        await until(lambda: not dialog.busy)
        assert (dialog.sentences, dialog.tones) == (["binance refused the key."], ["error"])

    run(script)


def test_an_account_is_tested_without_typing_its_keys_again(run: Run) -> None:
    async def script(dialog: AccountsDialog, fake: FakeAccounts) -> None:
        dialog.list.choose("bybit")
        dialog.test.click()
        await until(lambda: not dialog.busy)
        assert fake.tried == [(fake.stores["live"].kept["bybit"], "live")]
        assert dialog.form.is_blank

    run(script, lambda fake: fake.stores["live"].kept.update(bybit=keys_of("bybit")))


def test_while_an_exchange_thinks_the_dialog_can_be_closed(run: Run) -> None:
    async def script(dialog: AccountsDialog, fake: FakeAccounts) -> None:
        fake.may_answer.clear()
        enter(dialog)
        dialog.test.click()
        await until(lambda: fake.tried)
        assert dialog.sentences == ["Connecting…"]
        assert not dialog.test.isEnabled()
        dialog.done_button.click()
        assert not dialog.isVisible()

    assert run(script) == []


def test_testnet_keys_are_others(run: Run) -> None:
    async def script(dialog: AccountsDialog, fake: FakeAccounts) -> None:
        assert [account.exchange for account in dialog.list.accounts] == ["bybit"]
        enter(dialog)
        dialog.modes.choose("testnet")
        await until(lambda: not dialog.busy)
        assert list(dialog.list.accounts) == []
        assert dialog.form.is_blank, "a live key must not be saved for testnet by a click too many"
        enter(dialog)
        dialog.save.click()
        await until(lambda: not dialog.busy)
        assert list(fake.stores["testnet"].kept) == ["binance"]
        assert list(fake.stores["live"].kept) == ["bybit"]

    run(script, lambda fake: fake.stores["live"].kept.update(bybit=keys_of("bybit")))


@pytest.mark.parametrize("sure", [True, False], ids=["sure", "not sure"])
def test_removing_asks(run: Run, sure: bool) -> None:
    async def script(dialog: AccountsDialog, fake: FakeAccounts) -> None:
        dialog.list.choose("bybit")
        dialog.remove.click()
        await until(lambda: dialog.findChild(RemoveDialog) is not None)
        asks = dialog.findChild(RemoveDialog)
        assert asks is not None
        QTest.keyClick(asks, Qt.Key.Key_Return) if not sure else asks.remove.click()
        await until(lambda: not dialog.busy)
        assert (list(fake.stores["live"].kept) == []) is sure

    run(script, lambda fake: fake.stores["live"].kept.update(bybit=keys_of("bybit")))


def test_without_a_key_store_it_names_the_variables_and_takes_nothing(run: Run) -> None:
    why = "This system has no key store, so keys can't be saved here. They are read from environment variables: FATHOM_<EXCHANGE>_KEY."

    async def script(dialog: AccountsDialog, _fake: FakeAccounts) -> None:
        assert dialog.explanation == why
        item = dialog.list.topLevelItem(0)
        assert item is not None
        assert item.text(3) == "environment"
        assert not dialog.form.isEnabled()
        dialog.list.choose("bybit")
        assert dialog.test.isEnabled()
        assert not dialog.save.isEnabled()
        assert not dialog.remove.isEnabled()

    def prepare(fake: FakeAccounts) -> None:
        fake.stores["live"] = FakeKeys(writable=False, explanation=why, kept={"bybit": keys_of("bybit")})

    run(script, prepare)


def test_a_store_that_refuses_is_one_sentence_and_loses_nothing(run: Run) -> None:
    async def script(dialog: AccountsDialog, fake: FakeAccounts) -> None:
        fake.stores["live"].refusal = FathomError("The system's key store did not keep the keys (Locked).")
        enter(dialog)
        dialog.save.click()
        await until(lambda: not dialog.busy)
        assert (dialog.sentences, dialog.tones) == (["The system's key store did not keep the keys (Locked)."], ["error"])
        assert dialog.form.secret.text() == CANARY, "nobody should have to fetch it again"
        assert dialog.save.isEnabled()

    assert run(script) == []


def test_a_fault_of_ours_is_reported_without_the_secret(run: Run) -> None:
    async def script(dialog: AccountsDialog, fake: FakeAccounts) -> None:
        def break_down() -> None:
            raise RuntimeError("broken")

        fake.verdict = break_down  # type: ignore[assignment]  # what is broken is the point
        enter(dialog)
        dialog.test.click()
        await until(lambda: not dialog.busy)
        assert dialog.sentences == ["That did not work because of a fault in Fathom; the log has the details."]

    faults = run(script)
    assert [str(fault) for fault in faults] == ["broken"]


@pytest.mark.parametrize(
    ("exchange", "empty", "says"),
    [
        ("nowhere", "", "Choose an exchange from the list."),
        ("binance", "key", "Enter the key."),
        ("binance", "secret", "Enter the secret."),
        ("okx", "passphrase", "okx keys have a passphrase: enter it."),
    ],
)
def test_what_is_missing_is_said_and_can_not_be_saved(run: Run, exchange: str, empty: str, says: str) -> None:
    async def script(dialog: AccountsDialog, _fake: FakeAccounts) -> None:
        enter(dialog, exchange, passphrase="p")
        if empty:
            getattr(dialog.form, empty).setText("")
        assert dialog.form.fault == says
        assert not dialog.save.isEnabled()
        assert not dialog.test.isEnabled()

    run(script)


def test_only_exchanges_with_one_are_asked_for_a_passphrase(run: Run) -> None:
    async def script(dialog: AccountsDialog, _fake: FakeAccounts) -> None:
        dialog.form.exchange.setCurrentText("binance")
        assert not dialog.form.passphrase.isVisible()
        dialog.form.exchange.setCurrentText("okx")
        assert dialog.form.passphrase.isVisible()

    run(script)


def test_a_passphrase_typed_for_another_exchange_goes_nowhere(run: Run) -> None:
    async def script(dialog: AccountsDialog, _fake: FakeAccounts) -> None:
        enter(dialog, "okx", passphrase="open sesame")
        dialog.form.exchange.setCurrentText("bybit")
        assert dialog.form.read() == Credentials("bybit", "main", KEY, CANARY)

    run(script)
