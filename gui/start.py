"""What has to be settled before a desk may be opened: the trader's word for live, and keys where a mode needs them.

Nothing is connected while this asks. The yes to live holds for this start of the program and is written nowhere, so that no setting, no
script and no restart of the machine can ever say it in the trader's place.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.domain.errors import FathomError
from gui.accounts.backend import AccountsBackend
from gui.accounts.dialog import AccountsDialog
from gui.choice import Question, StartChoice, keys_question, live_question
from gui.main_window import MainWindow
from gui.modes import NEED_KEYS
from gui.theme import Theme
from gui.ticket.confirm import ask

_NOT_CONNECTED = "Not connected."


@dataclass(frozen=True, slots=True)
class Go:
    """How to open the desk."""

    mode: str
    live_confirmed: bool = False


class Starter:
    """Asks in the middle of the window.

    Args:
        backend: makes the accounts' backend; called when it is first needed, because it takes its time.
        emulated: whether a mode's exchanges are a local program.
        by_itself: the accounts dialog may open without being asked for; not for a picture.

    Attributes:
        asking: set while a question is on the screen.
    """

    def __init__(
        self,
        window: MainWindow,
        theme: Theme,
        report: Callable[[BaseException, str], None],
        backend: Callable[[], AccountsBackend],
        emulated: Callable[[str], bool],
        *,
        by_itself: bool = True,
    ) -> None:
        self._window, self._theme, self._report = window, theme, report
        self._make_backend, self._emulated = backend, emulated
        self._by_itself = by_itself
        self._backend: AccountsBackend | None = None
        self._dialog: AccountsDialog | None = None
        self.asking = asyncio.Event()

    async def settle(self, mode: str, venues: Sequence[str] = (), missing: Sequence[str] = ()) -> Go | None:
        """Ask what must be asked; None when the trader would rather quit.

        Args:
            venues: that were asked for; empty for all that there are keys for.
            missing: exchanges that the desk has found to have no keys.

        Raises:
            FathomError: an unknown venue, or a development setting that can't be read.
        """
        while mode in NEED_KEYS:
            self._window.say("Looking for API keys…")
            known = [account.exchange for account in await self._accounts().open_keys(mode).accounts()]
            self._window.say(_NOT_CONNECTED)
            lacking = [exchange for exchange in missing if exchange not in known]
            if known and not lacking:
                if mode != "live":
                    break
                question = live_question(_concerned(known, venues), emulated=self._emulated(mode))
            else:
                question = keys_question(mode, lacking)
                if self._by_itself:
                    self._by_itself = False
                    await self.show_accounts(mode)
                    continue
            answer = await self._ask(question)
            if answer == "live":
                return Go(mode, live_confirmed=True)
            if answer == "quit":
                return None
            if answer == "paper":
                mode = "paper"
            else:
                await self.show_accounts(mode)
        return Go(mode)

    async def show_accounts(self, mode: str) -> None:
        """The accounts dialog, until it is closed; the one that is open already comes to the front."""
        if self._dialog is not None:
            self._dialog.raise_()
            return
        keyed = mode if mode in NEED_KEYS else "live"
        try:
            emulated = self._emulated(keyed)
            self._dialog = AccountsDialog(self._accounts(), keyed, self._theme, self._report, self._window, emulated=emulated)
            await ask(self._dialog)
        finally:
            self._dialog = None

    async def _ask(self, question: Question) -> str:
        choice = StartChoice(question, self._theme, self._window)
        self.asking.set()
        try:
            return await choice.answered()
        finally:
            self.asking.clear()

    def _accounts(self) -> AccountsBackend:
        if self._backend is None:
            self._backend = self._make_backend()
        return self._backend


def _concerned(exchanges: Sequence[str], venues: Sequence[str]) -> list[str]:
    """Those of `exchanges` on which anything can be sent."""
    if not venues:
        return list(exchanges)
    from core.desk.exchanges import account_of, find_venues

    owners = {account_of(venue) for venue in find_venues(venues)}
    return [exchange for exchange in exchanges if exchange in owners] or list(exchanges)


def is_emulated(mode: str) -> bool:
    """Whether this mode's exchanges are a local program; a setting that can't be read is told when the desk is opened."""
    from core.desk.profile import emulator_of

    try:
        return emulator_of(mode) is not None
    except FathomError:
        return False
