"""The venue checklist: a box per venue with its health, its fee and its touch.

Venues the trader has *not* switched off are used, so one that appears later (a connector that took longer)
joins in by itself. It takes the room there is: a line per venue, two venues a line, or folded to its head.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from enum import Enum
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
_NAME_PX = {1: 128, 2: 88}  # by venues a line
_DOT = {BookState.LIVE: "ok", BookState.EMPTY: "muted"}  # everything else warns
_STATE_WORDS = {BookState.EMPTY: "no book", BookState.STALE: "stale", BookState.GAP: "gap", BookState.CROSSED: "crossed"}


class Density(Enum):
    """How many venues stand in a line; none when the list is folded away."""

    FOLDED = 0
    FULL = 1
    PAIRS = 2


def density_for(venues: int, lines: int) -> Density:
    """The roomiest that shows `venues` in `lines`. Qt-free."""
    if venues <= lines:
        return Density.FULL
    return Density.PAIRS if (venues + 1) // 2 <= lines else Density.FOLDED


class VenueChecklist(QWidget):
    """`changed` when the trader ticks; `chosen` are the ticked venues in the order of the list."""

    changed = Signal()
    folded_changed = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._instruments: dict[str, Instrument] = {}
        self._off: set[str] = set()
        self._rows: dict[str, _Row] = {}
        self._lines = 8
        self._density = Density.FULL
        self._wants_open: bool | None = None  # None: as the room allows
        self._remark = ""
        self.head = tool("", self._toggle_fold, "fold", "Show or fold the list of venues")
        self.head.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        head = QHBoxLayout()
        head.setSpacing(2)
        head.addWidget(self.head)
        head.addStretch(1)
        for text, wanted in _QUICK.items():
            head.addWidget(tool(text, self._picker(wanted), tip=f"{text} venues"))
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(6)
        self._grid.setVerticalSpacing(0)
        self._list = QWidget()
        self._list.setLayout(self._grid)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(head)
        layout.addWidget(self._list)

    @property
    def folded(self) -> bool:
        """Only the head shows."""
        return self._density is Density.FOLDED

    def set_room(self, lines: int) -> None:
        """There is room for so many lines of `ROW_PX` under the head."""
        if lines != self._lines:
            self._lines = lines
            self._arrange()

    def say_in_head(self, remark: str) -> None:
        """What else is folded away, in a word."""
        if remark != self._remark:
            self._remark = remark
            self._show_count()

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
        for venue, instrument in instruments.items():
            row = _Row(venue, instrument)
            row.box.setChecked(venue not in self._off)
            row.box.toggled.connect(self._toggler(venue))
            self._rows[venue] = row
        self._arrange()

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

    def _toggle_fold(self) -> None:
        self._wants_open = self.folded
        self._arrange()

    def _arrange(self) -> None:
        was_folded = self.folded
        fits = density_for(len(self._rows), self._lines)
        if self._wants_open is None:
            self._density = fits
        elif self._wants_open:
            self._density = Density.PAIRS if fits is Density.FOLDED else fits
        else:
            self._density = Density.FOLDED
        self._list.setVisible(not self.folded)
        columns = max(self._density.value, 1)
        for number, row in enumerate(self._rows.values()):
            row.place(self._grid, number // columns, number % columns * _Row.COLUMNS, alone=columns == 1)
        for column in range(2):
            self._grid.setColumnStretch(column * _Row.COLUMNS + 1, int(column < columns))
        self._show_count()
        if self.folded != was_folded:
            self.folded_changed.emit(self.folded)

    def _show_count(self) -> None:
        text = f"{'▸' if self.folded else '▾'} Venues {len(self.chosen)}/{len(self._instruments)}"
        if self.folded and self._remark:
            text += f" · {self._remark}"
        if self.head.text() != text:
            self.head.setText(text)


_QUICK: dict[str, Callable[[Instrument], bool]] = {
    "All": lambda _: True,
    "None": lambda _: False,
    "Spot": lambda instrument: instrument.market_type is MarketType.SPOT,
    "Perp": lambda instrument: instrument.market_type is MarketType.PERP,
}


class _Row:
    """The widgets of one venue; a plain object, the grid owns the widgets."""

    COLUMNS = 4

    def __init__(self, venue: str, instrument: Instrument) -> None:
        self._venue, self._instrument = venue, instrument
        self._alone = True
        self.box = QCheckBox(venue)
        self.box.setFixedHeight(ROW_PX)
        self._dot = label("●")
        self._fee = _right_aligned("muted")
        self._touch = _right_aligned("")
        metrics = self._touch.fontMetrics()
        self._touch.setMinimumWidth(metrics.horizontalAdvance("0") * (8 + instrument.price_decimals))
        self.box.setToolTip(f"{venue}\n{instrument.market_type.value}, tick {instrument.tick}, lot {instrument.lot} {instrument.base}")
        self.box.setAccessibleName(venue)

    def place(self, grid: QGridLayout, line: int, first_column: int, *, alone: bool) -> None:
        """`alone` in its line, with its touch, or one of two."""
        self._alone = alone
        name = self.box.fontMetrics().elidedText(self._venue, Qt.TextElideMode.ElideMiddle, _NAME_PX[1 if alone else 2])
        self.box.setText(name)
        self._touch.setVisible(alone)
        self._fee.setMinimumWidth(self._fee.fontMetrics().horizontalAdvance("00.0 bps" if alone else "00.0"))
        for column, widget in enumerate((self._dot, self.box, self._fee, self._touch)):
            grid.addWidget(widget, line, first_column + column)

    def remove(self, grid: QGridLayout) -> None:
        for widget in (self._dot, self.box, self._fee, self._touch):
            grid.removeWidget(widget)
            widget.deleteLater()

    def show(self, book: BookView | None, health: VenueHealth | None, side: OrderSide, *, maker: bool) -> None:
        state = health.state if health else BookState.EMPTY
        live = state is BookState.LIVE
        set_role(self._dot, _DOT.get(state, "warn"))
        late = f"{state.value}, last update {formats.age(health.age_ms)} ago" if health and health.age_ms is not None else state.value
        said = ". ".join(filter(None, (late, health.note, health.account))) if health else late
        fee = self._instrument.maker_fee if maker else self._instrument.taker_fee
        quietly_set(self._fee, formats.bps(fee * _BPS, 1, unit=self._alone))
        best = None if book is None else book.best_ask if side is OrderSide.BUY else book.best_bid
        quietly_set(self._touch, formats.price(best, self._instrument.price_decimals) if live else _STATE_WORDS.get(state, state.value))
        set_role(self._touch, "" if live else "warn")
        note = f"{self._venue}: {self._touch.text()}\n{said}"
        if self._dot.toolTip() != note:
            self._dot.setToolTip(note)


def _right_aligned(role: str) -> QLabel:
    made = label("", role)
    made.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return made
