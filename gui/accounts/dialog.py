"""The accounts: a list, a form, a test of the connection.

It is opened and awaited like every dialog here, and what it does takes as long as an exchange or a locked key store takes: each
button starts a task of the dialog's own, says that it works, and is there again when it has ended. Closing the dialog ends the tasks
and empties the fields.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from core.domain.errors import FathomError
from gui.accounts.backend import AccountsBackend
from gui.accounts.form import AccountForm
from gui.accounts.listing import AccountList
from gui.accounts.remove import RemoveDialog
from gui.accounts.words import said_of
from gui.theme import Theme, set_role
from gui.ticket.confirm import ask
from gui.ticket.small import Segmented, divider, label

_WIDTH_PX = 560
_ADVICE = "Allow the key to read and to trade, and never to withdraw; bind it to this computer's address where the exchange can."
_HOW = "Select an account to test or remove it, or enter keys to add or replace one."
_RESULT_LINES = 4


class AccountsDialog(QDialog):
    """Keys of live and testnet accounts.

    Args:
        mode: whose keys to show first: 'live' or 'testnet'.
        report: takes a fault of the program.
    """

    def __init__(
        self,
        backend: AccountsBackend,
        mode: str,
        theme: Theme,
        report: Callable[[BaseException, str], None],
        parent: QWidget | None = None,
        *,
        emulated: bool = False,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Accounts")
        self.setMinimumWidth(_WIDTH_PX)
        self._backend, self._report, self._theme = backend, report, theme
        self._mode = mode
        self._keys = backend.open_keys(mode)
        self._work: asyncio.Task[None] | None = None
        self.modes = Segmented([("live", "Live"), ("testnet", "Testnet")])
        self.modes.choose(mode)
        self.list = AccountList()
        self.form = AccountForm(backend.exchanges, backend.needs_passphrase)
        self.test = QPushButton("&Test connection")
        self.save = QPushButton("Sa&ve")
        self.save.setProperty("role", "primary")
        self.remove = QPushButton("&Remove…")
        self.done_button = QPushButton("Close")
        for button in (self.test, self.save, self.remove, self.done_button):
            button.setAutoDefault(False)  # Enter ends editing in a field, and no more
        self._where = _wrapped("")
        self._result = [_wrapped("") for _ in range(_RESULT_LINES)]
        self._lay_out(emulated=emulated)
        self._connect()
        self._start(self._load(), "Looking into the key store…")

    # -- building ----------------------------------------------------------------------------------

    def _lay_out(self, *, emulated: bool) -> None:
        heading = label("API keys", "strong")
        heading.setFont(self._theme.ui_font(15, QFont.Weight.DemiBold))
        top = QHBoxLayout()
        top.addWidget(heading)
        top.addWidget(label("for the emulator" if emulated else ""), 1)
        top.addWidget(self.modes)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 12)
        column.setSpacing(8)
        column.addLayout(top)
        column.addWidget(self._where)
        column.addWidget(self.list)
        under = QHBoxLayout()
        under.addWidget(label(_HOW), 1)
        under.addWidget(self.remove)
        column.addLayout(under)
        column.addWidget(divider())
        column.addWidget(self.form)
        column.addWidget(_wrapped(_ADVICE))
        acts = QHBoxLayout()
        acts.addWidget(self.test)
        acts.addStretch(1)
        acts.addWidget(self.save)
        column.addLayout(acts)
        for line in self._result:
            column.addWidget(line)
        column.addStretch(1)
        column.addWidget(divider())
        last = QHBoxLayout()
        last.addStretch(1)
        last.addWidget(self.done_button)
        column.addLayout(last)

    def _connect(self) -> None:
        self.modes.chosen.connect(self._show_mode)
        self.list.itemSelectionChanged.connect(self._selected)
        self.form.changed.connect(self._show_state)
        self.test.clicked.connect(lambda _checked=False: self._start(self._test(), "Connecting…"))
        self.save.clicked.connect(lambda _checked=False: self._start(self._save(), "Saving…"))
        self.remove.clicked.connect(lambda _checked=False: self._start(self._remove(), ""))
        self.done_button.clicked.connect(self.accept)
        self.finished.connect(self._let_go)

    # -- what it says ------------------------------------------------------------------------------

    @property
    def sentences(self) -> list[str]:
        """What the last action came to."""
        return [line.text() for line in self._result if line.text()]

    @property
    def tones(self) -> list[str]:
        """The role of each of `sentences`."""
        return [str(line.property("role")) for line in self._result if line.text()]

    @property
    def explanation(self) -> str:
        """Where keys are kept."""
        return self._where.text()

    @property
    def busy(self) -> bool:
        """Something is under way."""
        return self._work is not None

    def _say(self, lines: Sequence[tuple[str, str]]) -> None:
        for place, label_ in enumerate(self._result):
            text, tone = lines[place] if place < len(lines) else ("", "muted")
            set_role(label_, tone)
            label_.setText(text)
            label_.setVisible(bool(text))
        self._fit()

    def _fit(self) -> None:
        """As high as what it says, never lower than it was: nothing jumps up under a hand."""
        layout = self.layout()
        assert layout is not None
        layout.activate()
        wanted = layout.heightForWidth(max(self.width(), _WIDTH_PX)) if layout.hasHeightForWidth() else layout.sizeHint().height()
        if wanted > self.height():
            self.resize(self.width(), wanted)

    def _show_state(self) -> None:
        writable, idle = self._keys.writable, not self.busy
        chosen = self.list.chosen
        self.form.setEnabled(writable and idle)
        self.list.setEnabled(idle)
        self.save.setEnabled(writable and idle and not self.form.fault)
        self.save.setToolTip(self.form.fault)
        self.test.setEnabled(idle and (not self.form.fault or (self.form.is_blank and chosen is not None)))
        self.remove.setEnabled(writable and idle and chosen is not None)

    # -- accounts ----------------------------------------------------------------------------------

    def _selected(self) -> None:
        if (account := self.list.chosen) is not None:
            self.form.show_account(account.exchange, account.label)
        self._say([])
        self._show_state()

    def _show_mode(self, mode: object) -> None:
        self._mode = str(mode)
        self._keys = self._backend.open_keys(self._mode)
        self.form.forget()
        self._stop()
        self._start(self._load(), "Looking into the key store…")

    async def _load(self) -> None:
        accounts = await self._keys.accounts()
        self._where.setText(self._keys.explanation)
        set_role(self._where, "muted" if self._keys.writable else "warn")
        self.list.show_accounts(accounts, writable=self._keys.writable)
        self._say([] if accounts else [(f"No {self._mode} account yet.", "muted")])

    async def _test(self) -> None:
        chosen = self.list.chosen
        if self.form.is_blank and chosen is not None:
            credentials = await self._keys.load(chosen.exchange)
            if credentials is None:
                self._say([(f"The keys of {chosen.exchange} are no longer there.", "error")])
                return
        else:
            credentials = self.form.read()
        self._say(said_of(await self._backend.check(credentials, self._mode)))

    async def _save(self) -> None:
        credentials = self.form.read()
        await self._keys.save(credentials)
        self.form.forget()
        await self._load()
        self.list.choose(credentials.exchange)
        self._say(
            [(f"The {self._mode} keys of {credentials.exchange} are saved. A desk that is open uses them from its next start on.", "ok")]
        )

    async def _remove(self) -> None:
        account = self.list.chosen
        if account is None or not await ask(RemoveDialog(account, self._mode, self._theme, self)):
            return
        await self._keys.delete(account.exchange)
        await self._load()
        self._say([(f"The {self._mode} keys of {account.exchange} are forgotten here.", "muted")])

    # -- tasks -------------------------------------------------------------------------------------

    def _start(self, work: Coroutine[Any, Any, None], saying: str) -> None:
        if self.busy:
            work.close()
            return
        self._say([(saying, "muted")] if saying else [])
        self._work = asyncio.get_running_loop().create_task(self._guarded(work), name="accounts")
        self._show_state()

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        mine = asyncio.current_task()
        try:
            await work
        except FathomError as error:
            self._say([(str(error), "error")])
        except Exception as error:  # noqa: BLE001 — the reporter tells it to the trader; the dialog has to come back to life
            self._say([("That did not work because of a fault in Fathom; the log has the details.", "error")])
            self._report(error, "the accounts dialog")
        finally:
            if self._work is mine:
                self._work = None
                self._show_state()

    def _stop(self) -> None:
        if self._work is not None:
            self._work.cancel()
            self._work = None

    def _let_go(self) -> None:
        self._stop()
        self.form.forget()


def _wrapped(text: str) -> QLabel:
    made = label(text)
    made.setWordWrap(True)
    made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return made
