"""The symbol in the top bar: a field to type into, and a list that follows the typing.

Arrows move in the list, Enter takes the best, Esc and a click elsewhere bring the symbol back. What is shown at rest is always the symbol
that the window trades, or the one it is connecting to; a half-typed word never stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QEvent, QObject, QStringListModel, Qt, Signal
from PySide6.QtGui import QFocusEvent, QFont, QKeyEvent, QWheelEvent
from PySide6.QtWidgets import QComboBox, QCompleter, QLineEdit, QListView, QWidget

from gui.symbols import meant, offered, remembered
from gui.theme import Theme

_LEAST_PX = 128
_LIST_PX = 220
_LINES = 14


class SymbolPicker(QComboBox):
    """`symbol_chosen` when the trader has chosen another one."""

    symbol_chosen = Signal(str)

    def __init__(self, theme: Theme, symbol: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._symbols: tuple[str, ...] = (symbol,)
        self._recent: tuple[str, ...] = ()
        self._current = symbol
        self.setFont(theme.ui_font(13, QFont.Weight.DemiBold))
        self.setAccessibleName("Symbol")
        self.setToolTip("Symbol (Ctrl+K): type a part of its name")
        self.setMinimumWidth(_LEAST_PX)
        self.setEditable(True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        edit = self.lineEdit()
        assert isinstance(edit, QLineEdit)
        self._edit = edit
        self._offers = QStringListModel(self)
        self._completer = QCompleter(self._offers, self)
        self._completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        self._completer.setMaxVisibleItems(_LINES)
        self.popup = QListView()
        self.popup.setUniformItemSizes(True)
        self.popup.setFont(theme.ui_font(12))
        self.popup.setMinimumWidth(_LIST_PX)
        self._completer.setPopup(self.popup)
        self._completer.setWidget(edit)
        self._completer.activated.connect(self._take)
        self.setCompleter(None)  # type: ignore[arg-type]  # the combo's own would search its own list; Qt takes none, its stub forgets it
        self._edit.textEdited.connect(self._offer)
        self._edit.returnPressed.connect(self._take_best)
        self._edit.installEventFilter(self)
        self._edit.setText(symbol)
        self.setEnabled(False)

    @property
    def current(self) -> str:
        """What the window trades, or is connecting to."""
        return self._current

    @property
    def recent(self) -> tuple[str, ...]:
        """What was used lately, newest first."""
        return self._recent

    @property
    def offers(self) -> list[str]:
        """The list as it stands."""
        return self._offers.stringList()

    def remember(self, recent: Iterable[str]) -> None:
        """Symbols used in earlier runs, newest first."""
        self._recent = tuple(recent)

    def set_symbols(self, symbols: Sequence[str]) -> None:
        """What can be chosen from; from the first time on it can be."""
        self._symbols = tuple(symbols)
        self.setEnabled(True)

    def show_symbol(self, symbol: str) -> None:
        """This is what the window trades now."""
        self._current = symbol
        self._settle()

    def used(self, symbol: str) -> None:
        """It is connected, so it goes on top of the list."""
        self._recent = remembered(symbol, self._recent)

    def search(self) -> None:
        """Put the cursor in, with everything that can be chosen under it."""
        if self.isEnabled():
            self.setFocus(Qt.FocusReason.ShortcutFocusReason)
            self._edit.selectAll()
            self._offer("")

    def showPopup(self) -> None:  # noqa: N802 - Qt's name
        self.search()

    def _offer(self, text: str) -> None:
        self._offers.setStringList(offered(text, self._symbols, self._recent))
        if self._offers.rowCount():
            self._completer.complete()
            self.popup.setCurrentIndex(self._offers.index(0))
        else:
            self.popup.hide()

    def _take_best(self) -> None:
        text, popup = self._edit.text(), self.popup
        if popup.isVisible() and popup.currentIndex().isValid():  # moved to with the arrows
            found: str | None = popup.currentIndex().data()
        else:
            found = text if text in self._symbols else meant(text, self._symbols, self._recent)
        if found is None:
            self._settle()
        else:
            self._take(found)

    def _take(self, symbol: str) -> None:
        self.popup.hide()
        before, self._current = self._current, symbol
        self._settle()
        if symbol != before:
            self.symbol_chosen.emit(symbol)

    def _settle(self) -> None:
        self._edit.setText(self._current)
        self._edit.setCursorPosition(0)
        self._edit.deselect()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._edit and event.type() == QEvent.Type.MouseButtonPress and not self.hasFocus():
            self.search()
            return True
        return super().eventFilter(watched, event)

    # The combo has the keyboard, and hands what it does not take to its field.

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._settle()
        elif event.key() == Qt.Key.Key_Down:
            self._offer("")
        elif event.key() not in (Qt.Key.Key_Up, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):  # they would step through a list it has not
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """A turn of the wheel must not change what is traded."""
        event.ignore()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self._settle()
