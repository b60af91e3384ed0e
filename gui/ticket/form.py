"""Forms made from a pydantic model: a strategy's parameters in the ticket, and whatever else is kept in one.

They have no room for sentences: what is wrong goes to the ticket's foot, which is always in view, and the
field is outlined, so that a mistake never pushes the rest of the ticket down. Fields stand in two columns where their titles allow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QLineEdit, QSizePolicy, QWidget

from core.domain.enums import ExecutionStrategy
from core.domain.errors import BadParams, BadRequest
from gui.ticket.fields import COVERED_BY_VENUES, Field, FieldKind, check, fields_of
from gui.ticket.number_edit import NumberEdit, NumberRules
from gui.ticket.small import label

ROW_PX = 24
_PAIR_CHARACTERS = 28  # the longest two titles that fit in one line, with their fields
Editor = QCheckBox | QComboBox | QLineEdit


class ModelForm(QWidget):
    """Fields of one model. `changed` on every edit; `params` and `fault` are up to date by then.

    Args:
        fields: with what they show at first as their default.
        check: looks at all values together; raises a BadRequest with the sentence to show.
        base: what amounts are in.
    """

    changed = Signal()
    committed = Signal()  # Enter in a field

    def __init__(
        self, fields: Iterable[Field], check: Callable[[Mapping[str, object]], object], base: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._fields = list(fields)
        self._check = check
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
        unit = self.unit(field, base)
        layout.addWidget(title, row, column)
        layout.addWidget(editor, row, column + 1, 1, 1 if unit else 2)
        layout.addWidget(label(unit), row, column + 2)
        layout.setColumnStretch(column + 1, 1)
        self._editors[field.name] = editor

    def unit(self, field: Field, base: str) -> str:
        """What stands behind the number."""
        return base if field.unit == "base" else "" if field.unit == "s" else field.unit

    def editor(self, name: str) -> Editor:
        """The widget of one field."""
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
        edit = NumberEdit(NumberRules(field.title, field.number, field.text, field.step))
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
                self._check(values)
            except BadRequest as error:
                self.fault = str(error)
        self.params = {name: _hashable(value) for name, value in values.items()}


class ParamsForm(ModelForm):
    """Fields of one strategy."""

    def __init__(self, strategy: ExecutionStrategy, base: str, parent: QWidget | None = None) -> None:
        fields = [field for field in fields_of(strategy) if field.name not in COVERED_BY_VENUES]
        super().__init__(fields, partial(check, strategy), base, parent)

    def unit(self, field: Field, base: str) -> str:
        """Only where the title doesn't say it already: the ticket is narrow."""
        return super().unit(field, base) if field.unit in ("base", "%") else ""


def _hashable(value: object) -> object:
    """0.50 and 0.5 are the same parameter, also to the eye that compares drafts."""
    return value.normalize() if isinstance(value, Decimal) and value else value
