"""From a draft to an order: asks where it must, sends once, and turns a refusal into a sentence.

An order counts as sent *before* the engine has answered, so that a second press in the meantime is
questioned; a refusal takes that back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from core.domain.clock import Clock
from core.domain.errors import FathomError
from core.domain.instruments import Instrument
from gui import formats
from gui.modes import look_of
from gui.theme import Theme
from gui.ticket.caution import CONFIRM_ABOVE, RecentOrders, question_for
from gui.ticket.confirm import ConfirmDialog, ask
from gui.ticket.grid import Grid
from gui.ticket.model import Draft

if TYPE_CHECKING:
    from core.desk.desk import Desk

CONFIRM_CHOICES = (Decimal(0), Decimal(10_000), CONFIRM_ABOVE, Decimal(250_000), Decimal(1_000_000))


class Sender:
    """Sends one order at a time.

    Attributes:
        confirm_above: orders of this worth or more, in quote, are confirmed; 0 asks always.
        busy: an order is being asked about or sent.
    """

    def __init__(self, desk: Desk, theme: Theme, clock: Clock, owner: QWidget) -> None:
        self._desk, self._theme, self._owner = desk, theme, owner
        self._recent = RecentOrders(clock)
        self.confirm_above = CONFIRM_ABOVE
        self.busy = False

    async def send(self, draft: Draft, grid: Grid, instruments: Mapping[str, Instrument], unusable: Collection[str]) -> str:
        """Ask if need be, then send. Returns why it was refused, one sentence; empty when it was sent or the trader went back."""
        self.busy = True
        try:
            request = self._desk.engine.request(**draft.arguments(instruments))
            plan = self._desk.engine.preview(request)
            repeated_s = self._recent.seconds_since(draft)
            question = question_for(draft, plan, grid, instruments, above=self.confirm_above, repeated_s=repeated_s, unusable=unusable)
            look = look_of(self._desk.settings.mode)
            if question and not await ask(
                ConfirmDialog(question, draft.submit_label, draft.side.value, self._theme, self._owner, look=look)
            ):
                return ""
            self._recent.remember(draft)
            await self._desk.engine.execute(request, repeats=True)  # a repeat has been asked about above
        except FathomError as refused:
            self._recent.forget(draft)
            return str(refused)
        finally:
            self.busy = False
        return ""

    def menu(self) -> QMenu:
        """The ticket's settings: from which worth on to ask."""
        menu = QMenu(self._owner)
        menu.addSection("Confirm orders above")
        group = QActionGroup(menu)
        for worth in CONFIRM_CHOICES:
            action = menu.addAction(formats.fixed(worth, 0) if worth else "Every order")
            action.setCheckable(True)
            action.setChecked(worth == self.confirm_above)
            action.triggered.connect(partial(self._confirm_above, worth))
            group.addAction(action)
        return menu

    def _confirm_above(self, worth: Decimal, _checked: bool) -> None:
        self.confirm_above = worth
