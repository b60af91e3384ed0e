"""The venue checklist: a box per venue with its health, its fee and its touch.

Venues the trader has *not* switched off are used, so one that appears later (a connector that took longer)
joins in by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from core.domain.enums import MarketType, OrderSide
from core.domain.instruments import Instrument
from core.domain.market import BookState, BookView
from gui import formats
from gui.theme import set_role
from gui.ticket.small import label, quietly_set, tool

if TYPE_CHECKING:
    from core.desk.health import VenueHealth

ROW_PX = 20
_BPS = Decimal(10_000)
_DOT = {BookState.LIVE: "ok", BookState.EMPTY: "muted"}  # everything else warns
_STATE_WORDS = {BookState.EMPTY: "no book", BookState.STALE: "stale", BookState.GAP: "gap", BookState.CROSSED: "crossed"}


class VenueChecklist(QWidget):
    """`changed` when the trader ticks; `chosen` are the ticked venues in the order of the list."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._instruments: dict[str, Instrument] = {}
        self._off: set[str] = set()
        self._rows: dict[str, _Row] = {}
        self._count = label("")
        head = QHBoxLayout()
        head.setSpacing(2)
        head.addWidget(label("Venues", "heading"))
        head.addWidget(self._count)
        head.addStretch(1)
        for text, wanted in _QUICK.items():
            head.addWidget(tool(text, self._picker(wanted), tip=f"{text} venues"))
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(6)
        self._grid.setVerticalSpacing(0)
        self._grid.setColumnStretch(1, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(head)
        layout.addLayout(self._grid)

    @property
    def chosen(self) -> tuple[str, ...]:
        return tuple(venue for venue in self._instruments if venue not in self._off)

    def box(self, venue: str) -> QCheckBox:
        """The check box of one venue."""
        return self._rows[venue].box

    def set_instruments(self, instruments: Mapping[str, Instrument]) -> None:
        """Show these venues; what was switched off stays off."""
        if self._instruments == dict(instruments):
            return
        self._instruments = dict(instruments)
        for row in self._rows.values():
            row.remove(self._grid)
        self._rows = {}
        for number, (venue, instrument) in enumerate(instruments.items()):
            row = _Row(venue, instrument)
            row.place(self._grid, number)
            row.box.setChecked(venue not in self._off)
            row.box.toggled.connect(self._toggler(venue))
            self._rows[venue] = row
        self._show_count()

    def choose(self, venues: Iterable[str]) -> None:
        """Tick exactly these."""
        wanted = set(venues)
        self._off = {venue for venue in self._instruments if venue not in wanted}
        for venue, row in self._rows.items():
            row.box.blockSignals(True)
            row.box.setChecked(venue in wanted)
            row.box.blockSignals(False)
        self._show_count()
        self.changed.emit()

    def show_market(self, books: Mapping[str, BookView], health: Iterable[VenueHealth], side: OrderSide, *, maker: bool) -> None:
        """Dots, fees and touches as they are now. `maker`: the order can only add liquidity."""
        states = {one.venue: one for one in health}
        for venue, row in self._rows.items():
            row.show(books.get(venue), states.get(venue), side, maker=maker)

    def _toggler(self, venue: str) -> Callable[[bool], None]:
        def toggled(checked: bool) -> None:
            self._off.discard(venue) if checked else self._off.add(venue)
            self._show_count()
            self.changed.emit()

        return toggled

    def _picker(self, wanted: Callable[[Instrument], bool]) -> Callable[[], None]:
        return lambda: self.choose([venue for venue, instrument in self._instruments.items() if wanted(instrument)])

    def _show_count(self) -> None:
        quietly_set(self._count, f"{len(self.chosen)}/{len(self._instruments)}")


_QUICK: dict[str, Callable[[Instrument], bool]] = {
    "All": lambda _: True,
    "None": lambda _: False,
    "Spot": lambda instrument: instrument.market_type is MarketType.SPOT,
    "Perp": lambda instrument: instrument.market_type is MarketType.PERP,
}


class _Row:
    """The widgets of one venue; a plain object, the grid owns the widgets."""

    def __init__(self, venue: str, instrument: Instrument) -> None:
        self._instrument = instrument
        self.box = QCheckBox(venue)
        self.box.setFixedHeight(ROW_PX)
        self._dot = label("●")
        self._fee = _right_aligned("muted")
        self._touch = _right_aligned("")
        metrics = self._touch.fontMetrics()
        self._touch.setMinimumWidth(metrics.horizontalAdvance("0") * (8 + instrument.price_decimals))
        self._fee.setMinimumWidth(metrics.horizontalAdvance("00.0 bps"))
        self.box.setToolTip(f"{instrument.market_type.value}, tick {instrument.tick}, lot {instrument.lot} {instrument.base}")

    def place(self, grid: QGridLayout, number: int) -> None:
        for column, widget in enumerate((self._dot, self.box, self._fee, self._touch)):
            grid.addWidget(widget, number, column)

    def remove(self, grid: QGridLayout) -> None:
        for widget in (self._dot, self.box, self._fee, self._touch):
            grid.removeWidget(widget)
            widget.deleteLater()

    def show(self, book: BookView | None, health: VenueHealth | None, side: OrderSide, *, maker: bool) -> None:
        state = health.state if health else BookState.EMPTY
        live = state is BookState.LIVE
        set_role(self._dot, _DOT.get(state, "warn"))
        late = f"{state.value}, last update {formats.age(health.age_ms)} ago" if health and health.age_ms is not None else state.value
        note = f"{late}. {health.note}" if health and health.note else late
        if self._dot.toolTip() != note:
            self._dot.setToolTip(note)
        fee = self._instrument.maker_fee if maker else self._instrument.taker_fee
        quietly_set(self._fee, formats.bps(fee * _BPS, 1))
        best = None if book is None else book.best_ask if side is OrderSide.BUY else book.best_bid
        quietly_set(self._touch, formats.price(best, self._instrument.price_decimals) if live else _STATE_WORDS.get(state, state.value))
        set_role(self._touch, "" if live else "warn")


def _right_aligned(role: str) -> QLabel:
    made = label("", role)
    made.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return made
