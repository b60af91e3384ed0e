"""The parameters form, made from a strategy's pydantic model.

It has no room for sentences: what is wrong goes to the ticket's foot, which is always in view, and the
field is outlined, so that a mistake never pushes the rest of the ticket down. Fields stand in two columns where their titles allow.
"""

from __future__ import annotations

from decimal import Decimal

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QLineEdit, QSizePolicy, QWidget

from core.domain.enums import ExecutionStrategy
from core.domain.errors import BadParams
from core.domain.numbers import plain
from gui.ticket.fields import COVERED_BY_VENUES, Field, FieldKind, check, fields_of, human_duration
from gui.ticket.number_edit import NumberEdit, NumberRules
from gui.ticket.small import label

ROW_PX = 24
_PAIR_CHARACTERS = 28  # the longest two titles that fit in one line, with their fields
Editor = QCheckBox | QComboBox | QLineEdit


class ParamsForm(QWidget):
    """Fields of one strategy. `changed` on every edit; `params` and `fault` are up to date by then."""

    changed = Signal()
    committed = Signal()  # Enter in a field

    def __init__(self, strategy: ExecutionStrategy, base: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._strategy = strategy
        self._fields = [field for field in fields_of(strategy) if field.name not in COVERED_BY_VENUES]
        self._editors: dict[str, Editor] = {}
        self.params: dict[str, object] = {}
        self.fault = ""
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setHorizontalSpacing(6)
        layout.setVerticalSpacing(4)
        longest = sorted((len(field.title) for field in self._fields), reverse=True)[:2]
        columns = 2 if len(self._fields) > 1 and sum(longest) <= _PAIR_CHARACTERS else 1
        for number, field in enumerate(self._fields):
            self._place(layout, field, number // columns, number % columns * 3, base)
        self._read()

    def _place(self, layout: QGridLayout, field: Field, row: int, column: int, base: str) -> None:
        editor = self._editor(field)
        editor.setToolTip(field.help)
        editor.setObjectName(field.name)
        editor.setFixedHeight(ROW_PX)
        editor.setMinimumWidth(0)
        editor.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        title = label(field.title, buddy=editor)
        title.setToolTip(field.help)
        unit = _unit(field, base)
        layout.addWidget(title, row, column)
        layout.addWidget(editor, row, column + 1, 1, 1 if unit else 2)
        layout.addWidget(label(unit), row, column + 2)
        layout.setColumnStretch(column + 1, 1)
        self._editors[field.name] = editor

    def editor(self, name: str) -> Editor:
        """The widget of one parameter."""
        return self._editors[name]

    def settle(self) -> None:
        """End editing in every field."""
        for editor in self._editors.values():
            if isinstance(editor, NumberEdit):
                editor.settle()

    def _editor(self, field: Field) -> Editor:
        match field.kind:
            case FieldKind.BOOL:
                box = QCheckBox()
                box.setChecked(bool(field.default))
                box.toggled.connect(self._edited)
                return box
            case FieldKind.CHOICE:
                combo = QComboBox()
                combo.addItems([choice.capitalize() for choice in field.choices])
                combo.setCurrentIndex(field.choices.index(str(field.default)))
                combo.currentIndexChanged.connect(self._edited)
                return combo
            case FieldKind.TEXT:
                line = QLineEdit(str(field.default or ""))
                line.textEdited.connect(self._edited)
                line.returnPressed.connect(self.committed)
                return line
            case _:
                return self._number(field)

    def _number(self, field: Field) -> NumberEdit:
        show = human_duration if field.kind is FieldKind.SECONDS else plain
        edit = NumberEdit(NumberRules(field.title, field.number, show, field.step))
        edit.setText(field.shown(field.default))
        edit.settle()
        if field.optional:
            edit.setPlaceholderText("auto")
        edit.changed.connect(self._edited)
        edit.committed.connect(self.committed)
        return edit

    def _edited(self) -> None:
        self._read()
        self.changed.emit()

    def _value(self, field: Field) -> object:
        editor = self._editors[field.name]
        if isinstance(editor, QCheckBox):
            return editor.isChecked()
        if isinstance(editor, QComboBox):
            return field.choices[editor.currentIndex()]
        return field.read(editor.text())

    def _read(self) -> None:
        """Fields one by one, then together; the first mistake wins the slot."""
        values: dict[str, object] = {}
        self.fault = ""
        for field in self._fields:
            wrong = ""
            try:
                values[field.name] = self._value(field)
            except BadParams as error:
                wrong = str(error)
            editor = self._editors[field.name]
            if isinstance(editor, NumberEdit):
                editor.mark(bool(wrong))
            self.fault = self.fault or wrong
        if not self.fault:
            try:
                check(self._strategy, values)
            except BadParams as error:
                self.fault = str(error)
        self.params = {name: _hashable(value) for name, value in values.items()}


def _unit(field: Field, base: str) -> str:
    """The unit behind the number, where the title doesn't say it already."""
    if field.unit == "base":
        return base
    return field.unit if field.unit == "%" else ""


def _hashable(value: object) -> object:
    """0.50 and 0.5 are the same parameter, also to the eye that compares drafts."""
    return value.normalize() if isinstance(value, Decimal) and value else value
