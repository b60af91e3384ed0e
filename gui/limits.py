"""The risk limits of this mode, in a form made from their model.

They apply from the next order on; what is open stays. Nothing here says no by itself: the gate does, with a sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from core.desk.limits import RiskLimits, check_limits
from gui.theme import set_role
from gui.ticket.fields import Field, model_fields
from gui.ticket.form import ModelForm
from gui.ticket.small import divider, label

_WIDTH_PX = 420
_SAYS = "From the next order on, in {mode} mode only. What is open stays as it is."


class LimitsDialog(QDialog):
    """Edits one set of limits.

    Attributes:
        limits: as the form has them; those it was opened with while the form has a mistake.
    """

    def __init__(self, limits: RiskLimits, defaults: RiskLimits, mode: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Risk limits — {mode}")
        self.setMinimumWidth(_WIDTH_PX)
        self.limits = limits
        self._defaults = defaults
        self._says = _SAYS.format(mode=mode)
        self._place = QVBoxLayout()
        self._sentence: QLabel = label("", "muted")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 12)
        layout.setSpacing(8)
        layout.addLayout(self._place)
        layout.addWidget(divider())
        layout.addWidget(self._sentence)
        layout.addLayout(self._buttons())
        self.form = self._make_form(limits)

    @property
    def sentence(self) -> str:
        """What stands under the form: a mistake, or what the limits are for."""
        return self._sentence.text()

    def _buttons(self) -> QHBoxLayout:
        self.defaults = QPushButton("Defaults")
        self.defaults.setProperty("role", "quiet")
        self.defaults.setAutoDefault(False)
        self.defaults.clicked.connect(self._use_defaults)
        self.back = QPushButton("Go back")
        self.back.setAutoDefault(False)
        self.back.clicked.connect(self.reject)
        self.use = QPushButton("Use these limits")
        self.use.setProperty("role", "primary")
        self.use.setAutoDefault(False)  # Enter ends editing in a field, and no more
        self.use.clicked.connect(self._accept)
        row = QHBoxLayout()
        row.addWidget(self.defaults)
        row.addStretch(1)
        row.addWidget(self.back)
        row.addWidget(self.use)
        return row

    def _make_form(self, limits: RiskLimits) -> ModelForm:
        fields = [_with_value(field, limits) for field in model_fields(RiskLimits)]
        form = ModelForm(fields, _check)
        form.changed.connect(self._edited)
        self._place.addWidget(form)
        self.form = form
        self._edited()
        return form

    def _use_defaults(self) -> None:
        self._place.removeWidget(self.form)
        self.form.deleteLater()
        self._make_form(self._defaults)

    def _edited(self) -> None:
        fault = self.form.fault
        self._sentence.setText(fault or self._says)
        set_role(self._sentence, "error" if fault else "muted")
        self.use.setEnabled(not fault)
        if not fault:
            self.limits = check_limits(self.form.params)

    def _accept(self) -> None:
        self.form.settle()
        if not self.form.fault:
            self.accept()


def _with_value(field: Field, limits: RiskLimits) -> Field:
    return replace(field, default=getattr(limits, field.name))


def _check(values: Mapping[str, object]) -> object:
    return check_limits(values)
