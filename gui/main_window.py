"""The frame: menus, top bar, docks and status bar. It knows no desk and no order; `workspace` fills it.

In live mode the frame itself is red, all around, and so is that of every panel that floats: a badge can be overlooked, and a trader
with two windows open looks at neither.

It is shown empty before anything heavy is imported, with every panel's place at its final size, so that
nothing jumps when the panels arrive. Closing is not decided here: `closeEvent` asks and ignores.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QByteArray, QSize, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QCloseEvent, QKeySequence, QPaintEvent, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QMenu, QMenuBar, QSizePolicy, QVBoxLayout, QWidget

from gui.banner import HEIGHT_PX, Banner
from gui.dock import PanelDock
from gui.edge import BORDER_PX, paint_edge
from gui.icons import Icons
from gui.layouts import Layout
from gui.modes import look_of
from gui.statusbar import StatusBar
from gui.theme import Theme
from gui.tokens import PALETTES, THEMES, PaletteName, ThemeName
from gui.topbar import TopBar

_Name = TypeVar("_Name", bound=str)

_STATE_VERSION = 2
TICKET_PX = 340
_BLOTTER_SHARE = 0.36
_BARS_PX = 86  # menus, top bar, status bar and the line between the docks
_BLOTTER_LEAST_PX = 150  # its title, its header, and four orders
_INSPECTOR_SHARE = 0.32
_TICKET_WANTS_PX = 654  # for its venues and five children: the blotter gives way first


class MainWindow(QMainWindow):
    """Docks, and what is fixed around them.

    Attributes:
        ticket_dock, depth_dock, blotter_dock, inspector_dock: the panels' places (`depth` alone is a method of every QWidget).
        top_bar, status_bar, banner: the fixed parts.
        look: how the mode is shown.
        icons: empty until somebody loads them, after the window is on the screen.
    """

    close_asked = Signal()
    limits_asked = Signal()
    accounts_asked = Signal()

    def __init__(self, theme: Theme, mode: str, symbol: str) -> None:
        super().__init__()
        self.setMinimumSize(960, 600)
        self.setDockNestingEnabled(True)
        self.setDockOptions(QMainWindow.DockOption.AllowNestedDocks | QMainWindow.DockOption.AllowTabbedDocks)
        self._theme = theme
        self._may_close = False
        self._symbol = symbol
        self.look = look_of(mode)

        self.icons = Icons(theme, self)
        self.top_bar = TopBar(theme, mode, symbol, self)
        self.banner = Banner(self)
        self.status_bar = StatusBar(self)
        self.setStatusBar(self.status_bar)
        self.ticket_dock = PanelDock("ticket", "Ticket", theme, self)
        self.depth_dock = PanelDock("depth", "Depth", theme, self)
        self.blotter_dock = PanelDock("blotter", "Blotter", theme, self)
        self.inspector_dock = PanelDock("inspector", "Inspector", theme, self)
        self._docks = (self.ticket_dock, self.depth_dock, self.blotter_dock, self.inspector_dock)
        self.ticket_dock.setMinimumWidth(300)
        self.ticket_dock.setMaximumWidth(420)
        self.depth_dock.setMinimumSize(420, 220)
        self.blotter_dock.setMinimumSize(748, 140)  # its title row too
        self.inspector_dock.setMinimumSize(440, 140)  # its title row, once the panel's switches are in it
        self.icons.dress(self.top_bar.kill, "kill", "error")
        self._menus = self._make_menus()
        self._set_head()
        find = QShortcut(QKeySequence("Ctrl+K"), self, self.top_bar.picker.search)
        find.setAutoRepeat(False)
        theme.changed.connect(self.update)
        self.show_mode(mode)
        self.reset_layout()

    # -- mode --------------------------------------------------------------------------------------

    def show_mode(self, mode: str, *, emulated: bool = False) -> None:
        """Make the whole window say which mode this is."""
        self.look = look_of(mode, emulated=emulated)
        self.top_bar.show_mode(self.look)
        edge = BORDER_PX if self.look.border else 0
        self.setContentsMargins(edge, edge, edge, edge)
        for dock in self._docks:
            dock.show_edge(self.look.border)
        self.name_symbol(self._symbol)
        self.update()

    def name_symbol(self, symbol: str) -> None:
        """What the window is about, where the system lists windows."""
        self._symbol = symbol
        self.setWindowTitle(self.look.said(f"Fathom — {symbol}"))

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.look.border:
            paint_edge(self, self._theme.color(self.look.border))

    def sizeHint(self) -> QSize:
        return QSize(1600, 940)

    # -- layout ------------------------------------------------------------------------------------

    def reset_layout(self) -> None:
        """Ticket left, depth beside it, blotter and inspector below: as on the first day."""
        for dock in self._docks:
            dock.setFloating(False)
            self.removeDockWidget(dock)
        self.addDockWidget(Qt.DockWidgetArea.TopDockWidgetArea, self.ticket_dock)
        self.splitDockWidget(self.ticket_dock, self.depth_dock, Qt.Orientation.Horizontal)
        self.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, self.blotter_dock)
        self.splitDockWidget(self.blotter_dock, self.inspector_dock, Qt.Orientation.Horizontal)
        for dock in self._docks:
            dock.show()
        self._share_out()

    def _share_out(self) -> None:
        self.resizeDocks([self.ticket_dock, self.depth_dock], [TICKET_PX, max(self.width() - TICKET_PX, 600)], Qt.Orientation.Horizontal)
        room = self.height() - _BARS_PX
        blotter = max(min(round(self.height() * _BLOTTER_SHARE), room - _TICKET_WANTS_PX), _BLOTTER_LEAST_PX)
        self.resizeDocks([self.depth_dock, self.blotter_dock], [room - blotter, blotter], Qt.Orientation.Vertical)
        inspector = round(self.width() * _INSPECTOR_SHARE)
        self.resizeDocks([self.blotter_dock, self.inspector_dock], [self.width() - inspector, inspector], Qt.Orientation.Horizontal)

    def say(self, text: str) -> None:
        """Quiet text in every panel that is not there yet."""
        for dock in self._docks:
            dock.say(text)

    def restore(self, layout: Layout) -> None:
        """Arrange the window as it was left; what can't be restored stays as it is."""
        self.top_bar.picker.remember(layout.symbols)
        if layout.geometry:
            self.restoreGeometry(_bytes(layout.geometry))
        else:
            self.resize(self.sizeHint())
        if not (layout.state and self.restoreState(_bytes(layout.state), _STATE_VERSION)):
            self._share_out()

    def layout_now(self) -> Layout:
        """What `restore` needs to bring this arrangement back."""
        return Layout(
            geometry=_text(self.saveGeometry()),
            state=_text(self.saveState(_STATE_VERSION)),
            theme=self._theme.name,
            palette=self._theme.palette_name,
            swap=self._theme.swap,
            symbols=self.top_bar.picker.recent,
        )

    # -- menus -------------------------------------------------------------------------------------

    def _set_head(self) -> None:
        head = QWidget(self)
        rows = QVBoxLayout(head)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        first = QHBoxLayout()
        first.setContentsMargins(0, 0, 0, 0)
        first.addWidget(self._menus)
        first.addWidget(self.banner, 1)
        first.addStretch()
        rows.addLayout(first)
        rows.addWidget(self.top_bar)
        self.setMenuWidget(head)

    def _make_menus(self) -> QMenuBar:
        bar = QMenuBar(self)
        bar.setFixedHeight(HEIGHT_PX)
        bar.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        file = bar.addMenu("&File")
        self.icons.dress(self._action(file, "&Accounts…", self.accounts_asked.emit), "accounts")
        self.limits_action = self._action(file, "Risk &limits…", self.limits_asked.emit)
        self.limits_action.setEnabled(False)
        self.icons.dress(self.limits_action, "limits")
        file.addSeparator()
        self.icons.dress(self._action(file, "&Quit", self.close, QKeySequence(QKeySequence.StandardKey.Quit)), "quit")
        view = bar.addMenu("&View")
        for dock in self._docks:
            view.addAction(dock.toggleViewAction())
        view.addSeparator()
        self._choices(view, "&Theme", "theme", THEMES, lambda: self._theme.name, self._set_theme)
        self._choices(view, "&Colours", "palette", PALETTES, lambda: self._theme.palette_name, self._set_palette)
        swap = QAction("&Swap buy and sell colours", self, checkable=True, checked=self._theme.swap)
        swap.toggled.connect(lambda on: self._theme.select(self._theme.name, self._theme.palette_name, swap=on))
        self._theme.changed.connect(lambda: swap.setChecked(self._theme.swap))
        view.addAction(swap)
        view.addSeparator()
        self.icons.dress(self._action(view, "&Reset layout", self.reset_layout), "reset")
        return bar

    def _action(self, menu: QMenu, text: str, do: Callable[[], object], shortcut: QKeySequence | None = None) -> QAction:
        action = QAction(text, self)
        if shortcut is not None:
            action.setShortcut(shortcut)
        action.triggered.connect(lambda _checked=False: do())
        menu.addAction(action)
        return action

    def _choices(
        self, menu: QMenu, title: str, icon: str, names: tuple[_Name, ...], current: Callable[[], str], choose: Callable[[_Name], None]
    ) -> None:
        group = QActionGroup(self)
        submenu = menu.addMenu(title)
        self.icons.dress(submenu.menuAction(), icon)

        def add(name: _Name) -> None:
            action = QAction(name.replace("_", "-").capitalize(), self, checkable=True)
            action.setChecked(name == current())
            action.triggered.connect(lambda _checked=False: choose(name))
            group.addAction(action)
            submenu.addAction(action)

        for name in names:
            add(name)

    def _set_theme(self, name: ThemeName) -> None:
        self._theme.select(name, self._theme.palette_name, swap=self._theme.swap)

    def _set_palette(self, palette: PaletteName) -> None:
        self._theme.select(self._theme.name, palette, swap=self._theme.swap)

    # -- closing -----------------------------------------------------------------------------------

    def allow_close(self) -> None:
        """From now on a close closes: the desk has been shut down."""
        self._may_close = True

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._may_close:
            event.accept()
        else:
            event.ignore()
            self.close_asked.emit()


def _bytes(text: str) -> QByteArray:
    return QByteArray(base64.b64decode(text, validate=False))


def _text(data: QByteArray) -> str:
    return base64.b64encode(data.data()).decode("ascii")
