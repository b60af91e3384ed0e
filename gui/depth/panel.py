"""The depth panel: chart, reading, and the controls that go into its dock's title row.

It reads the desk on the bridge's clock and only while it is visible and something changed: a hidden
dock costs nothing, a still market neither.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QToolButton, QWidget

from core.domain.instruments import Instrument
from core.domain.market import MergedDepth
from core.domain.plan import Plan
from gui.bridge import Bridge
from gui.depth.chart import DepthChart
from gui.depth.ranges import bucket_step
from gui.depth.reading import picked_amount, picked_price, read_at, useful_bps
from gui.depth.table import DepthTable
from gui.theme import Theme

if TYPE_CHECKING:
    from core.desk.desk import Desk

_OFFERED_BPS = (5, 10, 25, 50, 100)
_NEAR_BPS = 100.0  # real books reach to zero; what a trader works with lies within this
_LOOK_AROUND_EVERY = 12  # frames between looks at the whole book, for the automatic span


class DepthPanel(QWidget):
    """Shows one symbol's merged depth; emits what is clicked.

    Attributes:
        chart, table: the two halves.
        controls: for the dock's title row.
        shown: the depth that is drawn now; None before the first.
    """

    price_picked = Signal(object)  # Decimal, on the finest tick
    amount_picked = Signal(object)  # Decimal, base, whole lots
    drawn = Signal(float)  # ms the frame before took
    first_depth = Signal()

    def __init__(self, desk: Desk, bridge: Bridge, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._symbol = ""
        self._instruments: dict[str, Instrument] = {}
        self._seen: tuple[object, ...] = ()
        self._frames = 0
        self.shown: MergedDepth | None = None
        self.chart = DepthChart(theme, self)
        self.table = DepthTable(theme, self)
        line = QFrame(self)
        line.setProperty("role", "vdivider")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.chart, 1)
        row.addWidget(line)
        row.addWidget(self.table)
        self.controls = _Controls(self)
        self.controls.span_chosen.connect(self._choose_span)
        self.controls.overlay_chosen.connect(self.chart.set_overlay)
        self.chart.zoomed.connect(lambda: self.controls.show_span(self.chart.span.chosen_bps))
        self.chart.price_hovered.connect(lambda _price: self._read())
        self.chart.picked.connect(self._pick)
        self.table.venues_changed.connect(lambda _venues: self._look(force=True))
        bridge.book_tick.connect(self._look)

    def set_symbol(self, symbol: str) -> None:
        """Show another market, from an empty chart."""
        self._symbol = symbol
        self._instruments = {}
        self.shown = None
        self._frames = 0
        self.chart.clear("waiting for depth…")
        self.table.forget_choices()
        self._read_instruments()
        self._look(force=True)

    def _read_instruments(self) -> None:
        """Which venues trade it; one that connects late joins in."""
        found = self._desk.instruments(self._symbol)
        if not found or found.keys() == self._instruments.keys():
            return
        self._instruments = dict(found)
        instruments = list(found.values())
        decimals = max(instrument.price_decimals for instrument in instruments)
        lots = min(3, max(instrument.amount_decimals for instrument in instruments))
        self.chart.set_decimals(decimals)
        self.table.set_market(list(found), instruments[0].base, instruments[0].quote, decimals, lots)

    def set_plan(self, plan: Plan | None) -> None:
        self.chart.set_plan(plan)

    def _choose_span(self, bps: float | None) -> None:
        self.chart.span.chosen_bps = bps
        self._look(force=True)

    # -- the clock ---------------------------------------------------------------------------------

    def _look(self, *, force: bool = False) -> None:
        if not self._symbol or not self.isVisible():
            return
        self._read_instruments()
        view = (self._desk.orderbooks.version(self._symbol), self.chart.size(), self.table.venues_on)
        still_gliding = self.chart.gliding
        # A silent book goes stale without a message: look now and then all the same.
        self._frames += 1
        if not force and not still_gliding and view == self._seen and self._frames % _LOOK_AROUND_EVERY:
            return
        self._seen = view
        self._draw()

    def _draw(self) -> None:
        useful = None
        venues = self.table.venues_on
        mid = self.shown.mid if self.shown is not None else None
        if mid is None or self._frames % _LOOK_AROUND_EVERY == 0:
            useful = useful_bps(self._desk.depth(self._symbol, venues=venues, span_bps=_NEAR_BPS))
        span = self.chart.span.bps
        tick = min((instrument.tick for instrument in self._instruments.values()), default=None)
        step = bucket_step(tick, float(mid) * span / 10_000, self.chart.plot_pixels) if mid is not None and tick is not None else None
        # Half as much again as is shown: the centre lags behind the mid, and spans glide.
        depth = self._desk.depth(self._symbol, venues=venues, price_step=step, span_bps=span * 1.5 if step is not None else None)
        is_first = mid is None and depth.mid is not None
        self.shown = depth
        self.drawn.emit(self.chart.frame_ms)
        self.chart.show_depth(depth, useful)
        self._read()
        if is_first:
            self.first_depth.emit()

    def _read(self) -> None:
        depth, frame = self.shown, self.chart.frame
        if depth is None or frame is None:
            self.table.show_reading(None, (), frozenset(), dict(depth.left_out) if depth is not None else {})
            return
        price = self.chart.hovered_price
        reading = read_at(depth, frame.high if price is None else price)
        self.table.show_reading(reading, depth.venues, depth.stale, dict(depth.left_out))

    # -- clicks ------------------------------------------------------------------------------------

    def _pick(self, price: float, with_shift: bool) -> None:
        depth = self.shown
        if depth is None or not self._instruments:
            return
        if not with_shift:
            self.price_picked.emit(picked_price(price, min(instrument.tick for instrument in self._instruments.values())))
            return
        reading = read_at(depth, price)
        if reading is not None and depth.mid is not None:
            side = reading.bids if price < float(depth.mid) else reading.asks
            self.amount_picked.emit(picked_amount(side.base, min(instrument.lot for instrument in self._instruments.values())))


class _Controls(QWidget):
    """Span and stacking, as two rows of joined buttons."""

    span_chosen = Signal(object)  # float bps | None for automatic
    overlay_chosen = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 0, 0)
        row.setSpacing(0)
        self._spans = QButtonGroup(self)
        self._by_span: dict[float | None, QToolButton] = {}
        for bps in (None, *_OFFERED_BPS):
            tip = "Fit the span to the depth" if bps is None else f"Show {bps} bps on either side of the mid (the wheel zooms too)"
            button = _segment("Auto" if bps is None else str(bps), tip, partial(self.span_chosen.emit, bps))
            self._spans.addButton(button)
            self._by_span[bps] = button
            row.addWidget(button)
        unit = QToolButton(self)
        unit.setText("bps")
        unit.setProperty("role", "quiet")
        unit.setEnabled(False)
        row.addWidget(unit)
        row.addSpacing(8)
        self._stacking = QButtonGroup(self)
        for text, tip, overlay in (
            ("Stacked", "One venue on top of the other: the top edge is what the market holds", False),
            ("Overlay", "Every venue from zero: compare them with each other", True),
        ):
            button = _segment(text, tip, partial(self.overlay_chosen.emit, overlay))
            button.setChecked(not overlay)
            self._stacking.addButton(button)
            row.addWidget(button)
        self._by_span[None].setChecked(True)
        row.addStretch(1)

    def show_span(self, bps: float | None) -> None:
        """After a zoom with the wheel: no button fits every span."""
        self._spans.setExclusive(False)
        for span, button in self._by_span.items():
            button.setChecked(span == bps)
        self._spans.setExclusive(True)


def _segment(text: str, tip: str, do: Callable[[], object]) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    button.setProperty("role", "segment")
    button.setCheckable(True)
    button.setFixedHeight(20)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.clicked.connect(lambda _checked=False: do())
    return button
