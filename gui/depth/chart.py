"""The painted depth chart. A plain widget: 0.7 ms a frame where a plot item costs two to eight, and no library to load.

`show_depth` computes every polygon; `paintEvent` only draws what is ready, so that it can't raise.
Fills are not antialiased: at these sizes nobody sees it and it would cost half the frame.
"""

from __future__ import annotations

from time import perf_counter

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from core.domain.market import MergedDepth
from core.domain.plan import Plan
from gui.depth import axes
from gui.depth.geometry import Frame, shapes_of, visible_count
from gui.depth.polygons import SidePolygons, polygons_of
from gui.depth.ranges import CentreFollower, HeightChooser, SpanChooser
from gui.depth.reading import crossed_bps, taken_by
from gui.theme import BAND_ALPHA, PLAN_ALPHA, Theme

_EDGE_ALPHA = 0.6
_LEFT_PX, _RIGHT_PX, _TOP_PX, _BOTTOM_PX = 52, 0, 26, 22


class DepthChart(QWidget):
    """Cumulative depth around the mid.

    Attributes:
        span: half-width in bps, chosen or automatic.
        frame_ms: what the latest frame cost, geometry and painting together.
    """

    price_hovered = Signal(object)  # float | None
    picked = Signal(float, bool)  # price, with Shift
    zoomed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.span = SpanChooser()
        self._centre = CentreFollower()
        self._height = HeightChooser()
        self._depth: MergedDepth | None = None
        self._plan: Plan | None = None
        self._frame: Frame | None = None
        self._sides: tuple[SidePolygons, SidePolygons] = (SidePolygons(), SidePolygons())
        self._overlay = False
        self._cursor_x: float | None = None
        self._decimals = 2
        self._quiet = "waiting for depth…"
        self.frame_ms = 0.0
        self._geometry_ms = 0.0
        self.setMouseTracking(True)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Merged depth chart")
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(900, 480)

    def minimumSizeHint(self) -> QSize:
        return QSize(280, 160)

    @property
    def plot_pixels(self) -> int:
        """Half the width of the plot: how many prices can be told apart on a side."""
        return max((self.width() - _LEFT_PX - _RIGHT_PX) // 2, 50)

    @property
    def frame(self) -> Frame | None:
        return self._frame

    @property
    def gliding(self) -> bool:
        """The view is still on its way: draw on, even when the market stands still."""
        return self._centre.moving or self.span.moving or self._height.moving

    def clear(self, text: str) -> None:
        """Forget the market (another symbol); quiet text instead."""
        self._depth = self._frame = None
        self._sides = (SidePolygons(), SidePolygons())
        self._quiet = text
        self._centre.reset()
        self._height.reset()
        self.span.reset()
        self.update()

    def set_decimals(self, decimals: int) -> None:
        self._decimals = decimals

    def set_overlay(self, overlay: bool) -> None:
        self._overlay = overlay
        self._height.reset()
        self._rebuild()

    def set_plan(self, plan: Plan | None) -> None:
        """Draw what `plan` would take brighter, and its worst price dashed; None draws none."""
        if plan is not self._plan:
            self._plan = plan
            self._rebuild()

    def show_depth(self, depth: MergedDepth, useful_bps: float | None) -> None:
        """One frame of the market.

        Args:
            useful_bps: how far out depth is worth showing, when that was looked at now.
        """
        started_s = perf_counter()
        self._depth = depth
        if not (len(depth.bids.prices) or len(depth.asks.prices)):
            self._quiet = "no depth from the chosen venues"
        mid = _middle(depth)
        if mid is not None:
            self.span.update(useful_bps)
            self._centre.update(mid, mid * self.span.bps / 10_000)
        self._rebuild()
        self._geometry_ms = (perf_counter() - started_s) * 1000

    def _rebuild(self) -> None:
        depth, centre = self._depth, self._centre.value
        if depth is None or centre is None:
            self._frame = None
            self.update()
            return
        half_width = centre * self.span.bps / 10_000
        area = (float(_LEFT_PX), float(_TOP_PX), float(self.width() - _RIGHT_PX), float(self.height() - _BOTTOM_PX))
        frame = Frame(*area, centre, half_width, self._height.value)
        self._height.update(_tallest(depth, frame))
        frame = Frame(*area, centre, half_width, self._height.value)
        self._frame = frame
        taken = taken_by(self._plan)
        buys = self._plan is not None and self._plan.side.sign > 0
        self._sides = (
            polygons_of(
                shapes_of(depth.bids, depth.venues, frame, is_bid=True, overlay=self._overlay, taken=None if buys else taken), depth.venues
            ),
            polygons_of(
                shapes_of(depth.asks, depth.venues, frame, is_bid=False, overlay=self._overlay, taken=taken if buys else None), depth.venues
            ),
        )
        self.update()

    # -- painting ----------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        started_s = perf_counter()
        painter = QPainter(self)
        self.draw(painter)
        painter.end()
        self.frame_ms = self._geometry_ms + (perf_counter() - started_s) * 1000

    def draw(self, painter: QPainter) -> None:
        """Everything, onto any painter of the widget's size."""
        painter.fillRect(self.rect(), self._theme.color("panel"))
        painter.setFont(self._theme.ui_font(11))
        frame, depth = self._frame, self._depth
        if frame is None or depth is None:
            painter.setPen(self._theme.color("muted"))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._quiet)
            return
        painter.setClipRect(QRectF(frame.left, frame.top, frame.right - frame.left, frame.bottom - frame.top))
        # Lines and pixels coincide; half-pixel offsets would blur one-pixel lines on the raster.
        for side in self._sides:
            self._draw_bands(painter, side, depth.stale)
        axes.draw_grid(painter, self._theme, frame, depth.mid)
        for side, token in zip(self._sides, ("buy", "sell"), strict=True):
            self._draw_lines(painter, side, token)
        painter.setClipping(False)
        axes.draw_labels(painter, self._theme, frame, depth, self._decimals, crossed_bps(depth))
        if not (len(depth.bids.prices) or len(depth.asks.prices)):
            painter.setPen(self._theme.color("muted"))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._quiet)
        if self._cursor_x is not None:
            axes.draw_crosshair(painter, self._theme, frame, self._cursor_x, depth, self._decimals)
        if self._plan is not None and self._plan.worst_price is not None and self._plan.children:
            axes.draw_worst(painter, self._theme, frame, float(self._plan.worst_price), self._decimals)

    def _draw_bands(self, painter: QPainter, side: SidePolygons, stale: frozenset[str]) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        for venue, band in side.bands:
            hue = self._theme.venue_color(venue)
            if self._overlay:
                painter.setBrush(self._theme.venue_color(venue, BAND_ALPHA / 3))
                painter.drawPolygon(band)
            elif venue in stale:
                painter.setBrush(self._mixed(hue, BAND_ALPHA / 3))
                painter.drawPolygon(band)
            else:
                painter.setBrush(self._mixed(hue, BAND_ALPHA))
                painter.drawPolygon(band)
            if venue in stale:
                painter.setBrush(QBrush(self._mixed(hue, BAND_ALPHA * 1.4), Qt.BrushStyle.BDiagPattern))
                painter.drawPolygon(band)
        for venue, part in side.plan:
            painter.setBrush(self._mixed(self._theme.venue_color(venue), PLAN_ALPHA))
            painter.drawPolygon(part)

    def _draw_lines(self, painter: QPainter, side: SidePolygons, token: str) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for venue, top in side.tops if self._overlay else side.tops[1:]:
            # One pixel and opaque: a wider or translucent line takes Qt's slow path, ten times the cost.
            hue = self._theme.venue_color(venue)
            painter.setPen(QPen(hue if self._overlay else self._mixed(hue, _EDGE_ALPHA), 1.0))
            painter.drawPolyline(top)
        if side.outline is None:
            return
        if self._overlay:
            painter.setPen(QPen(self._theme.color(token), 1.0, Qt.PenStyle.DashLine))
            painter.drawPolyline(side.outline)
            return
        painter.setPen(QPen(self._theme.color(token), 1.0))
        painter.drawPolyline(side.outline)
        painter.drawPolyline(side.outline.translated(0.0, 1.0))

    def _mixed(self, hue: QColor, alpha: float) -> QColor:
        """`hue` at `alpha` over the panel, opaque: nothing is blended while drawing."""
        under = self._theme.color("panel")
        pairs = ((hue.red(), under.red()), (hue.green(), under.green()), (hue.blue(), under.blue()))
        return QColor(*(round(over * alpha + below * (1 - alpha)) for over, below in pairs))

    # -- mouse -------------------------------------------------------------------------------------

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(event.position())

    def leaveEvent(self, _event: QEvent) -> None:
        self._cursor_x = None
        self.price_hovered.emit(None)
        self.update()

    def _hover(self, at: QPointF) -> None:
        frame = self._frame
        inside = frame is not None and frame.left <= at.x() <= frame.right and at.y() <= frame.bottom
        self._cursor_x = at.x() if inside else None
        self.price_hovered.emit(frame.price_at(at.x()) if inside and frame is not None else None)
        self.update()

    @property
    def hovered_price(self) -> float | None:
        """Under the crosshair now; the market moves under a mouse that stands still."""
        return self._frame.price_at(self._cursor_x) if self._frame is not None and self._cursor_x is not None else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        self._hover(event.position())
        if (price := self.hovered_price) is not None:
            self.picked.emit(price, bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))

    def wheelEvent(self, event: QWheelEvent) -> None:
        if steps := event.angleDelta().y():
            self.span.zoom(-1 if steps > 0 else 1)
            self.zoomed.emit()
        event.accept()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._rebuild()


def _middle(depth: MergedDepth) -> float | None:
    """The mid, or the middle of stale books: their picture stays where it was."""
    if depth.mid is not None:
        return float(depth.mid)
    if len(depth.bids.prices) and len(depth.asks.prices):
        return float(depth.bids.prices[0] + depth.asks.prices[0]) / 2
    return None


def _tallest(depth: MergedDepth, frame: Frame) -> float:
    tallest = 0.0
    for side, is_bid in ((depth.bids, True), (depth.asks, False)):
        if count := visible_count(side, frame, is_bid=is_bid):
            tallest = max(tallest, float(side.cumulative[count - 1]))
    return tallest
