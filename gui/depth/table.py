"""The reading beside the chart: bids and asks out to the same distance, in total and by venue.

It sits in a fixed place with fixed columns, so that following the mouse moves nothing but digits. Each
venue's row is also its switch and its legend.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QBrush, QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QVBoxLayout, QWidget

from gui import formats
from gui.depth.reading import Reading, SideReading
from gui.theme import BAND_ALPHA, Theme

WIDTH_PX = 276
_ROW_PX = 22
_NAME_PX = 124
_COLUMN_PX = 68
_EDGE_PX = 8
_NUMBER = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_TEXT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter

_Cell = Callable[[SideReading], str]


def _column(index: int, y: int) -> QRect:
    return QRect(_EDGE_PX + _NAME_PX + index * _COLUMN_PX, y, _COLUMN_PX, _ROW_PX)


class Totals(QWidget):
    """Price, base, quote, average and cost of trading out to the crosshair (or the edge)."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._reading: Reading | None = None
        self._rows: tuple[tuple[str, _Cell], ...] = ()
        self.set_units("BTC", "USDT", 2)
        self.setFixedSize(WIDTH_PX, _ROW_PX * (len(self._rows) + 1) + 8)
        theme.changed.connect(self.update)

    def set_units(self, base: str, quote: str, price_decimals: int, amount_decimals: int = 3) -> None:
        self._rows = (
            ("To price", lambda side: formats.price(side.price, price_decimals)),
            (f"Amount {base}", lambda side: formats.fixed(side.base, amount_decimals)),
            (f"Value {quote}", lambda side: formats.compact(side.quote, 4)),
            ("Average", lambda side: formats.price(side.average, price_decimals)),
            ("Cost bps", lambda side: formats.bps(side.cost_bps, 2, unit=False)),
        )

    def show_reading(self, reading: Reading | None) -> None:
        if reading != self._reading:
            self._reading = reading
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme, reading = self._theme, self._reading
        painter.setFont(theme.ui_font(11, QFont.Weight.DemiBold))
        painter.setPen(theme.color("muted"))
        distance = f"± {formats.bps(reading.distance_bps, 1)}" if reading is not None else ""
        painter.drawText(QRect(_EDGE_PX, 2, _NAME_PX, _ROW_PX), _TEXT, distance)
        for index, (text, token) in enumerate((("▲ BIDS", "buy"), ("ASKS ▼", "sell"))):
            painter.setPen(theme.color(token))
            painter.drawText(_column(index, 2), _NUMBER, text)
        painter.setFont(theme.ui_font(12))
        for i, (name, cell) in enumerate(self._rows, 1):
            y = 2 + i * _ROW_PX
            painter.setPen(theme.color("muted"))
            painter.drawText(QRect(_EDGE_PX, y, _NAME_PX, _ROW_PX), _TEXT, name)
            painter.setPen(theme.color("text"))
            for index, side in enumerate((reading.bids, reading.asks) if reading is not None else ()):
                painter.drawText(_column(index, y), _NUMBER, cell(side))
        painter.setPen(QPen(theme.color("divider"), 1.0))
        painter.drawLine(0, self.height() - 1, self.width(), self.height() - 1)
        painter.end()


class VenueRow(QAbstractButton):
    """One venue: swatch, name, its depth on both sides. Click or Space switches it on and off."""

    def __init__(self, venue: str, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.venue = venue
        self._theme = theme
        self._cells = ("", "")
        self._stale = False
        self._note = ""
        self.setCheckable(True)
        self.setChecked(True)
        self.setFixedSize(WIDTH_PX, _ROW_PX)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(f"Show {venue} in the depth chart")
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        theme.changed.connect(self.update)
        self._explain()

    def sizeHint(self) -> QSize:
        return QSize(WIDTH_PX, _ROW_PX)

    def show_depth(self, bids: float | None, asks: float | None, decimals: int, *, stale: bool, note: str) -> None:
        """Amounts in base; None where the venue is not in the book, `note` says why."""
        cells = (formats.fixed(bids, decimals), formats.fixed(asks, decimals))
        if (cells, stale, note) != (self._cells, self._stale, self._note):
            self._cells, self._stale, self._note = cells, stale, note
            self._explain()
            self.update()

    def _explain(self) -> None:
        words = self._note or ("stale: shown hatched, not used for touch, mid or orders" if self._stale else "")
        self.setToolTip("\n".join(filter(None, (self.venue, words, "Click to show or hide in the chart"))))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self.underMouse() or self.hasFocus():
            painter.fillRect(self.rect(), self._theme.color("raised"))
        self._paint_swatch(painter)
        painter.setFont(self._theme.ui_font(12))
        word, token = self._word()
        self._paint_name(painter, word if self._cells_shown else "", token)
        if self._cells_shown:
            painter.setPen(self._theme.color("muted" if self._stale else "text"))
            for index, cell in enumerate(self._cells):
                painter.drawText(_column(index, 0), _NUMBER, cell)
        else:
            painter.setPen(self._theme.color(token))
            painter.drawText(_column(1, 0), _NUMBER, word)
        painter.end()

    @property
    def _cells_shown(self) -> bool:
        return self.isChecked() and not self._note

    def _word(self) -> tuple[str, str]:
        """What there is to say instead of, or beside, the numbers, and its colour."""
        if not self.isChecked():
            return "hidden", "muted"
        if self._note:
            return "no book", "warn"
        return ("stale", "warn") if self._stale else ("", "muted")

    def _paint_swatch(self, painter: QPainter) -> None:
        painter.setPen(QPen(self._theme.venue_color(self.venue), 1.0))
        if self.isChecked():
            pattern = Qt.BrushStyle.BDiagPattern if self._stale else Qt.BrushStyle.SolidPattern
            painter.setBrush(QBrush(self._theme.venue_color(self.venue, 1.0 if self._stale else BAND_ALPHA + 0.2), pattern))
        painter.drawRect(QRectF(_EDGE_PX + 0.5, 6.5, 9, 9))

    def _paint_name(self, painter: QPainter, word: str, token: str) -> None:
        metrics = painter.fontMetrics()
        room = _NAME_PX - 20
        box = QRect(_EDGE_PX + 16, 0, room, _ROW_PX)
        if word:
            painter.setPen(self._theme.color(token))
            painter.drawText(box, _NUMBER, word)
            room -= metrics.horizontalAdvance(word) + 4
        painter.setPen(self._theme.color("text" if self._cells_shown else "muted"))
        painter.drawText(box, _TEXT, metrics.elidedText(self.venue, Qt.TextElideMode.ElideMiddle, room))


class DepthTable(QWidget):
    """Totals above, venues below.

    Attributes:
        totals, rows: what it is made of; a row per venue, in stacking order.
    """

    venues_changed = Signal(object)  # tuple[str, ...]: the venues that are on, in stacking order

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.rows: list[VenueRow] = []
        self._amount_decimals = 3
        self.totals = Totals(theme, self)
        self.setFixedWidth(WIDTH_PX)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(0)
        self._box.addWidget(self.totals)
        self._box.addSpacing(4)
        self._box.addStretch(1)

    def set_market(self, venues: Sequence[str], base: str, quote: str, price_decimals: int, amount_decimals: int) -> None:
        """A row for each venue; one that was switched off stays off."""
        off = {row.venue for row in self.rows if not row.isChecked()}
        self._amount_decimals = amount_decimals
        self.totals.set_units(base, quote, price_decimals, amount_decimals)
        for row in self.rows:
            self._box.removeWidget(row)
            row.deleteLater()
        self.rows = [VenueRow(venue, self._theme, self) for venue in venues]
        for i, row in enumerate(self.rows):
            row.setChecked(row.venue not in off)
            row.toggled.connect(self._toggled)
            self._box.insertWidget(2 + i, row)

    def forget_choices(self) -> None:
        """Switch every venue on again, and tell nobody: for another symbol."""
        for row in self.rows:
            row.blockSignals(True)
            row.setChecked(True)
            row.blockSignals(False)

    @property
    def venues_on(self) -> tuple[str, ...]:
        return tuple(row.venue for row in self.rows if row.isChecked())

    def _toggled(self, _on: bool) -> None:
        self.venues_changed.emit(self.venues_on)

    def show_reading(self, reading: Reading | None, venues: Sequence[str], stale: frozenset[str], left_out: dict[str, str]) -> None:
        self.totals.show_reading(reading)
        by_venue = (
            dict(zip(venues, zip(reading.bids.by_venue, reading.asks.by_venue, strict=True), strict=True)) if reading is not None else {}
        )
        for row in self.rows:
            bids, asks = by_venue.get(row.venue, (None, None))
            row.show_depth(bids, asks, self._amount_decimals, stale=row.venue in stale, note=left_out.get(row.venue, ""))
