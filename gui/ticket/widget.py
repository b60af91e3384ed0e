"""The order ticket as a whole: inputs on top, the planned children under them, and a foot that never scrolls away.

The button always says what would be sent *now*, also in the middle of typing; a click therefore sends
what the eye has just read. The preview follows on the bridge's clock, and only when the inputs or the market have changed.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QFrame, QScrollArea, QToolButton, QVBoxLayout, QWidget

from core.domain.clock import Clock, SystemClock
from core.domain.enums import ExecutionStrategy, MarketType, OrderSide
from core.domain.errors import FathomError
from core.domain.instruments import Instrument
from core.domain.market import BookState
from core.domain.plan import ExecutionRequest, Plan
from gui.modes import look_of
from gui.theme import Theme
from gui.ticket.chooser import StrategyChooser
from gui.ticket.entry import EntryPanel
from gui.ticket.foot import TicketFoot
from gui.ticket.form import ParamsForm
from gui.ticket.grid import Grid
from gui.ticket.model import Draft, preset_amounts
from gui.ticket.preview import one_line, read_plan
from gui.ticket.preview_panel import PreviewPanel
from gui.ticket.sender import Sender
from gui.ticket.small import divider
from gui.ticket.terms import MarginRow, TermsRow
from gui.ticket.venues import ROW_PX, VenueChecklist

if TYPE_CHECKING:
    from core.desk.desk import Desk
    from gui.bridge import Bridge


# What stands beside the list of venues, with a form of one row and five children.
_BESIDE_VENUES_PX = 544


class TicketWidget(QWidget):
    """One parent order in the making.

    Args:
        human_clock: times the ten seconds in which an identical order is questioned.
    """

    plan_changed = Signal(object)  # Plan, or None while there is nothing to plan
    draft_changed = Signal(object)  # Draft
    venues_changed = Signal(object)  # tuple[str, ...]: the ticked venues

    def __init__(
        self, desk: Desk, bridge: Bridge, theme: Theme, parent: QWidget | None = None, *, human_clock: Clock | None = None
    ) -> None:
        super().__init__(parent)
        self._desk, self._bridge, self._theme = desk, bridge, theme
        self._look = look_of(desk.settings.mode)
        self.sending = Sender(desk, theme, human_clock or SystemClock(), self)
        self._symbol = ""
        self._instruments: dict[str, Instrument] = {}
        self._grid = Grid(Decimal("0.01"), Decimal("0.00001"), "", "")
        self._forms: dict[ExecutionStrategy, ParamsForm] = {}
        self._draft = Draft("")
        self._plan: Plan | None = None
        self._seen: object = None
        self._unusable: frozenset[str] = frozenset()
        self._refusal = ""  # of the last try to send; gone with the next edit
        self._plan_error = ""
        self._halted = ""
        self._presets_placed = False

        self.entry = EntryPanel(self._menu_button())
        self.strategy = StrategyChooser(desk.strategies(), theme)
        self.venues = VenueChecklist()
        self.terms, self.margin = TermsRow(), MarginRow()
        self.preview = PreviewPanel(theme)
        self.foot = TicketFoot(theme)
        self._form_place = QVBoxLayout()
        self._lay_out()
        self._connect()
        self.set_symbol(desk.settings.symbol)

    # -- what others do with the ticket ------------------------------------------------------------------------------

    @property
    def draft(self) -> Draft:
        """What the ticket asks for at this moment."""
        return self._draft

    @property
    def plan(self) -> Plan | None:
        return self._plan

    @property
    def grid(self) -> Grid:
        """The steps of prices and amounts over the ticked venues."""
        return self._grid

    def request(self) -> ExecutionRequest:
        """The draft as the engine takes it.

        Raises:
            BadRequest: it can't be an order; the sentence says why.
        """
        return self._desk.engine.request(**self._draft.arguments(self._instruments))

    def set_symbol(self, symbol: str) -> None:
        """Trade another symbol: amount and price are emptied, strategy and parameters stay."""
        if symbol == self._symbol:
            return
        self._symbol = symbol
        self._presets_placed = False
        self._forms.clear()  # their units name the base
        self.entry.clear()
        self._read_instruments()
        self._show_strategy()
        self.refresh()

    def set_price(self, price: Decimal) -> None:
        """A click in the chart: a limit price, or the trigger of an order that has one, snapped to the tick."""
        self.entry.set_price(price)

    def set_amount(self, amount: Decimal) -> None:
        """A Shift-click in the chart: an amount in base, snapped to the lot."""
        self.entry.amount.set_value(amount)

    def halt(self, why: str) -> None:
        """Nothing may be sent, one sentence; empty when it may again."""
        if why != self._halted:
            self._halted = why
            self.refresh()

    def refresh(self) -> None:
        """Plan again now, whether or not anything changed."""
        self._seen = None
        self._tick()

    # -- building ----------------------------------------------------------------------------------------------------

    def _menu_button(self) -> QToolButton:
        button = QToolButton()
        button.setText("⋯")
        button.setToolTip("Ticket settings")
        button.setProperty("role", "quiet")
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setMenu(self.sending.menu())
        return button

    def _lay_out(self) -> None:
        inside = QFrame()
        inside.setProperty("role", "panel")
        column = QVBoxLayout(inside)
        column.setContentsMargins(8, 6, 8, 2)
        column.setSpacing(4)
        column.addWidget(self.entry)
        column.addWidget(self.terms)
        column.addWidget(self.strategy)
        column.addLayout(self._form_place)
        for part in (divider(), self.venues, self.margin, divider(), self.preview):
            column.addWidget(part)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(inside)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(scroll, 1)
        layout.addWidget(self.foot)

    def _connect(self) -> None:
        for part in (self.entry, self.terms, self.margin):
            part.changed.connect(self._edited)
            part.committed.connect(self.refresh)
        self.strategy.chosen.connect(lambda _strategy: self._strategy_chosen())
        self.venues.changed.connect(self._venues_ticked)
        self.venues.folded_changed.connect(lambda folded: self.margin.setVisible(not folded))
        self.entry.said.connect(self.strategy.interject)
        self.foot.submit.clicked.connect(self._submit)
        for keys in ("Ctrl+Return", "Ctrl+Enter"):
            shortcut = QShortcut(QKeySequence(keys), self, self._submit, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.setAutoRepeat(False)
        self._bridge.preview_tick.connect(self._tick_if_seen)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.venues.set_room(max(self.height() - _BESIDE_VENUES_PX, 0) // ROW_PX)

    def sizeHint(self) -> QSize:
        return QSize(340, 580)

    def minimumSizeHint(self) -> QSize:
        return QSize(300, 240)

    # -- inputs ------------------------------------------------------------------------------------------------------

    @property
    def form(self) -> ParamsForm:
        """The parameters of the chosen strategy."""
        return self._forms[self._draft.strategy]

    def _strategy_chosen(self) -> None:
        self._show_strategy()
        self.refresh()

    def _show_strategy(self) -> None:
        """Each strategy keeps its own form, and with it what was entered there."""
        strategy = self.strategy.value
        if (item := self._form_place.takeAt(0)) is not None and (old := item.widget()) is not None:
            old.hide()
            if old not in self._forms.values():
                old.deleteLater()
        if strategy not in self._forms:
            form = ParamsForm(strategy, self._grid.base)
            form.changed.connect(self._edited)
            form.committed.connect(self.refresh)
            self._forms[strategy] = form
        self._form_place.addWidget(self._forms[strategy])
        self._forms[strategy].show()
        self._edited()

    def _venues_ticked(self) -> None:
        self._use_finest_grid()
        self._edited()
        self.venues_changed.emit(self.venues.chosen)

    def _read_instruments(self) -> None:
        self._instruments = dict(self._desk.instruments(self._symbol))
        self.venues.set_instruments(self._instruments)
        self._use_finest_grid()
        self.venues_changed.emit(self.venues.chosen)

    def _use_finest_grid(self) -> None:
        chosen = [self._instruments[venue] for venue in self.venues.chosen]
        found = Grid.finest(chosen or self._instruments.values())
        self._grid = found or Grid(self._grid.tick, self._grid.lot, *self._symbol.split("/")[:2])  # no venue has said its steps yet
        self.entry.set_grid(self._grid)

    def _edited(self) -> None:
        self._allow_terms()
        strategy = self.strategy.value
        form = self._forms.get(strategy)
        draft = Draft(
            symbol=self._symbol,
            **self.entry.asked,
            **self.terms.asked,
            **self.margin.asked,
            strategy=strategy,
            params=form.params if form else {},
            venues=self.venues.chosen,
            fault=self.entry.fault or self.terms.fault or self.margin.fault or (form.fault if form else ""),
        )
        if draft != self._draft:
            self._draft = draft
            self._refusal = ""
            self.draft_changed.emit(draft)
        self.foot.say_what(draft, self._look)
        self._show_state()

    def _allow_terms(self) -> None:
        """Grey what this order type and these venues can't have."""
        perps = any(self._instruments[venue].market_type is MarketType.PERP for venue in self.venues.chosen)
        self.terms.allow(self.entry.chosen_type, perps=perps)
        self.margin.allow(perps=perps)
        leverage = self.margin.chosen_leverage
        self.venues.say_in_head(f"{leverage}×" if leverage else "")
        self.entry.say_watched(self.entry.chosen_type.waits or self.terms.expires)

    # -- the preview -------------------------------------------------------------------------------------------------

    def _tick_if_seen(self) -> None:
        if self.isVisible():
            self._tick()

    def _tick(self) -> None:
        if self._desk.instruments(self._symbol).keys() != self._instruments.keys():
            self._read_instruments()
            self._edited()
        health = self._desk.venue_health(self._symbol)
        # Books also change by growing old, which is no new version.
        seen = (self._draft, self._desk.orderbooks.version(self._symbol), tuple((one.venue, one.state) for one in health))
        if seen == self._seen:
            return
        self._seen = seen
        self._unusable = frozenset(one.venue for one in health if one.state is not BookState.LIVE)
        market = self._desk.market(self._symbol)
        self.venues.show_market(market.books, health, self._draft.side, maker=self._draft.post_only and self._draft.takes_post_only)
        self.entry.set_touches(market.touch(OrderSide.SELL), market.touch(OrderSide.BUY))
        if not self._presets_placed:
            self.entry.set_presets(preset_amounts(market.mid))
            self._presets_placed = market.mid is not None
        self._make_plan()

    def _make_plan(self) -> None:
        plan, error = None, self._draft.problem
        if not error:
            try:
                plan = self._desk.engine.preview(self.request())
            except FathomError as refused:
                error = str(refused)
        self._plan_error = error
        if plan != self._plan or plan is None:
            self._plan = plan
            self.plan_changed.emit(plan)
        self._show_state()

    def _show_state(self) -> None:
        """The preview and the sentence over the button; the button works only when both allow it."""
        error = self._halted or self._draft.problem or self._refusal or self._plan_error or (self._plan.blocking if self._plan else "")
        plan = None if self._draft.problem else self._plan
        shown = read_plan(plan, self._grid, self._instruments, self._unusable)
        self.preview.show_preview(shown, valid=not error)
        self.foot.figures.show_figures(shown.figures, valid=not error)
        if error:
            self.foot.say(error, "muted" if self._draft.is_blank and not self._halted else "error")
        else:
            self.foot.sum_up(one_line(plan, self._grid) if plan else "", shown)
        self.foot.submit.setEnabled(not error and plan is not None and not self.sending.busy)

    # -- sending -----------------------------------------------------------------------------------------------------

    def _submit(self) -> None:
        """End editing everywhere, plan once more, and send unless something speaks against it."""
        for part in (self.entry, self.terms, self.margin, self.form):
            part.settle()
        self._refusal = ""
        self.refresh()
        if self.foot.submit.isEnabled():
            self.sending.busy = True
            _ = self._bridge.run(self._send(self._draft), self._draft.submit_label)
            self._show_state()

    async def _send(self, draft: Draft) -> None:
        refusal = await self.sending.send(draft, self._grid, self._instruments, self._unusable)
        if draft == self._draft:
            self._refusal = refusal
        self._show_state()
