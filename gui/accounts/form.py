"""The form for one account's keys.

All three secrets are shown as dots from the first character on: the window is photographed, shared and projected more often than a
key is typed by hand. What is typed is handed over once, by `take`, and the fields are emptied in a way that Ctrl+Z can't undo.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QCompleter, QGridLayout, QLineEdit, QWidget

from core.domain.credentials import Credentials
from gui.ticket.small import label

_LABEL_PX = 84
_HINTED = 12  # characters; the end of a shorter key says too much of it


class AccountForm(QWidget):
    """Exchange, label, key, secret and, where the exchange has one, a passphrase."""

    changed = Signal()

    def __init__(self, exchanges: Sequence[str], needs_passphrase: Callable[[str], bool], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._needs_passphrase = needs_passphrase
        self._exchanges = tuple(exchanges)
        self.exchange = QComboBox()
        self.exchange.setEditable(True)
        self.exchange.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.exchange.addItems(list(exchanges))
        self.exchange.setMaxVisibleItems(14)
        completer = QCompleter(list(exchanges), self.exchange)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.exchange.setCompleter(completer)
        self.label = QLineEdit()
        self.label.setPlaceholderText("what you call it")
        self.key, self.secret, self.passphrase = _hidden(), _hidden(), _hidden()
        self._key_end = label("")
        self._secret_end = label("")
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(6)
        grid.setColumnMinimumWidth(0, _LABEL_PX)
        grid.setColumnStretch(1, 1)
        grid.setColumnMinimumWidth(2, _LABEL_PX)
        self._passphrase_label = label("&Passphrase", buddy=self.passphrase)
        rows: tuple[tuple[QWidget, QWidget, QWidget | None], ...] = (
            (label("&Exchange", buddy=self.exchange), self.exchange, None),
            (label("&Label", buddy=self.label), self.label, None),
            (label("API &key", buddy=self.key), self.key, self._key_end),
            (label("API &secret", buddy=self.secret), self.secret, self._secret_end),
            (self._passphrase_label, self.passphrase, None),
        )
        for row, (name, editor, remark) in enumerate(rows):
            grid.addWidget(name, row, 0)
            grid.addWidget(editor, row, 1)
            if remark is not None:
                grid.addWidget(remark, row, 2)
        self.exchange.currentTextChanged.connect(lambda _text: self._edited())
        for line in (self.label, self.key, self.secret, self.passphrase):
            line.textChanged.connect(lambda _text: self._edited())
        self._edited()

    @property
    def chosen_exchange(self) -> str:
        """As the exchange list spells it; what was typed when it is none of the list."""
        return self.exchange.currentText().strip().lower()

    @property
    def fault(self) -> str:
        """What is missing, one sentence; empty when it can be saved. Never repeats what was typed into a secret field."""
        if self.chosen_exchange not in self._exchanges:
            return "Choose an exchange from the list."
        for line, what in ((self.key, "key"), (self.secret, "secret")):
            if not line.text().strip():
                return f"Enter the {what}."
        if self._needs_passphrase(self.chosen_exchange) and not self.passphrase.text():
            return f"{self.chosen_exchange} keys have a passphrase: enter it."
        return ""

    @property
    def is_blank(self) -> bool:
        """No secret has been entered yet."""
        return not any(line.text() for line in (self.key, self.secret, self.passphrase))

    def read(self) -> Credentials:
        """What has been entered.

        Raises:
            BadRequest: it can't be an account's keys.
        """
        passphrase = self.passphrase.text() if self._needs_passphrase(self.chosen_exchange) else ""
        return Credentials(self.chosen_exchange, self.label.text(), self.key.text(), self.secret.text(), passphrase)

    def show_account(self, exchange: str, name: str) -> None:
        """Take over what is known of an account; its keys are not."""
        self.exchange.setCurrentText(exchange)
        self.label.setText(name)
        self.forget()

    def forget(self) -> None:
        """Empty the secret fields, and what they could undo."""
        for line in (self.key, self.secret, self.passphrase):
            line.setText("")  # `clear` would leave it to be undone

    def _edited(self) -> None:
        needed = self._needs_passphrase(self.chosen_exchange)
        self.passphrase.setVisible(needed)
        self._passphrase_label.setVisible(needed)
        key = self.key.text().strip()
        self._key_end.setText(f"ends in {key[-4:]}" if len(key) >= _HINTED else "")
        self._secret_end.setText(f"{len(self.secret.text().strip())} characters" if self.secret.text() else "")
        self.changed.emit()


def _hidden() -> QLineEdit:
    line = QLineEdit()
    line.setEchoMode(QLineEdit.EchoMode.Password)
    line.setInputMethodHints(
        Qt.InputMethodHint.ImhSensitiveData | Qt.InputMethodHint.ImhNoPredictiveText | Qt.InputMethodHint.ImhHiddenText
    )
    line.setContextMenuPolicy(Qt.ContextMenuPolicy.DefaultContextMenu)
    return line
