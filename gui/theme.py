"""One `Theme` dresses the whole window; widgets ask it for colours and fonts and repaint on `changed`.

Widgets don't set style sheets of their own. They set the dynamic property `role` (listed in
`resources/style.qss`) and, after changing it at run time, call `restyle(widget)`.
Fonts come from here too, because a font named in a style sheet loses its tabular digits.
"""

from __future__ import annotations

from string import Template

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication, QWidget

import resources
from gui.tokens import PaletteName, ThemeName, tokens, venue_hue

UI_PX = 12
GRID_PX = 4
BAND_ALPHA = 0.35
PLAN_ALPHA = 0.90
_FONT_FILES = ("Inter-Regular", "Inter-Medium", "Inter-SemiBold")


class Theme(QObject):
    """Colours, fonts and the style sheet, in one of two themes and two palettes."""

    changed = Signal()

    def __init__(
        self,
        name: ThemeName = "dark",
        palette: PaletteName = "standard",
        *,
        swap: bool = False,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._app: QApplication | None = None
        self.name: ThemeName = name
        self.palette_name: PaletteName = palette
        self.swap = swap
        self._tokens = tokens(name, palette, swap=swap)

    def hex(self, token: str) -> str:
        """`#rrggbb` of a token such as 'text', 'muted', 'buy', 'divider'."""
        return self._tokens[token]

    def color(self, token: str, alpha: float = 1.0) -> QColor:
        """A token as a QColor, `alpha` from 0 to 1."""
        color = QColor(self._tokens[token])
        color.setAlphaF(alpha)
        return color

    def venue_hex(self, venue: str) -> str:
        return venue_hue(venue)

    def venue_color(self, venue: str, alpha: float = 1.0) -> QColor:
        """The venue's own hue; bands use `BAND_ALPHA`, the plan `PLAN_ALPHA`."""
        color = QColor(venue_hue(venue))
        color.setAlphaF(alpha)
        return color

    def side_hex(self, side: str) -> str:
        """The colour of 'buy' or 'sell' (an `OrderSide` is such a string)."""
        return self._tokens["buy" if side == "buy" else "sell"]

    def side_color(self, side: str, alpha: float = 1.0) -> QColor:
        return self.color("buy" if side == "buy" else "sell", alpha)

    def ui_font(self, px: int = UI_PX, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
        """The interface font with tabular digits: columns of numbers stand still."""
        font = QFont("Inter")
        font.setPixelSize(px)
        font.setWeight(weight)
        font.setFeature(QFont.Tag("tnum"), 1)
        font.setStyleStrategy(QFont.StyleStrategy.PreferAntialias)
        font.setHintingPreference(QFont.HintingPreference.PreferVerticalHinting)
        return font

    def select(self, name: ThemeName, palette: PaletteName, *, swap: bool) -> None:
        """Change the look at run time; widgets that paint themselves listen to `changed`."""
        self.name, self.palette_name, self.swap = name, palette, swap
        self._tokens = tokens(name, palette, swap=swap)
        if self._app is not None:
            self._dress(self._app)
        self.changed.emit()

    def apply(self, app: QApplication) -> None:
        """Load the font and dress `app`. Once, before the first widget is shown."""
        for name in _FONT_FILES:
            QFontDatabase.addApplicationFont(str(resources.path_of(f"fonts/{name}.otf")))
        self._app = app
        app.setStyle("Fusion")
        self._dress(app)

    def _dress(self, app: QApplication) -> None:
        app.setFont(self.ui_font())
        app.setPalette(self._qt_palette())
        # Qt reads forward slashes in url() on every system.
        icons = {name: resources.path_of(f"icons/{name}-{self.name}.svg").as_posix() for name in ("chevron", "check")}
        app.setStyleSheet(Template(resources.text_of("style.qss")).substitute(self._tokens, **icons))

    def _qt_palette(self) -> QPalette:
        roles = QPalette.ColorRole
        palette = QPalette()
        for role, token in {
            roles.Window: "background",
            roles.WindowText: "text",
            roles.Base: "field",
            roles.AlternateBase: "panel",
            roles.Text: "text",
            roles.Button: "raised",
            roles.ButtonText: "text",
            roles.BrightText: "strong",
            roles.PlaceholderText: "muted",
            roles.Highlight: "selection",
            roles.HighlightedText: "strong",
            roles.ToolTipBase: "raised",
            roles.ToolTipText: "text",
            roles.Link: "accent",
            roles.Light: "hover",
            roles.Mid: "divider",
            roles.Dark: "background",
        }.items():
            palette.setColor(role, self.color(token))
        for role in (roles.WindowText, roles.Text, roles.ButtonText):
            palette.setColor(QPalette.ColorGroup.Disabled, role, self.color("muted", 0.6))
        return palette


def restyle(widget: QWidget) -> None:
    """Make Qt look again at a widget whose `role` (or other styled property) changed."""
    style = widget.style()
    style.unpolish(widget)
    style.polish(widget)
    widget.update()


def set_role(widget: QWidget, role: str) -> None:
    """Set the `role` that the style sheet selects by, if it is not that already."""
    if widget.property("role") != role:
        widget.setProperty("role", role)
        restyle(widget)
