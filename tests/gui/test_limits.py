"""The limits dialog: what it shows is what applies, and nothing senseless can be kept."""

from __future__ import annotations

from decimal import Decimal

import pytest
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from core.desk.limits import RiskLimits, default_limits
from gui.limits import LimitsDialog


@pytest.fixture
def dialog(qtbot: QtBot) -> LimitsDialog:
    made = LimitsDialog(RiskLimits(max_open=77, duplicate_window_s=90), default_limits("demo"), "demo")
    qtbot.addWidget(made)
    return made


def type_into(dialog: LimitsDialog, name: str, text: str) -> None:
    editor = dialog.form.editor(name)
    assert isinstance(editor, QLineEdit)
    editor.setText(text)
    editor.textEdited.emit(text)


def shown(dialog: LimitsDialog, name: str) -> str:
    editor = dialog.form.editor(name)
    assert isinstance(editor, QLineEdit)
    return editor.text()


def test_every_limit_has_a_field_with_its_present_value(dialog: LimitsDialog) -> None:
    assert all(dialog.form.editor(name) is not None for name in RiskLimits.model_fields)
    assert shown(dialog, "max_open") == "77"
    assert shown(dialog, "max_order_notional") == "50,000.00"
    assert shown(dialog, "duplicate_window_s") == "1 m 30 s"


def test_opened_and_accepted_it_changes_nothing(dialog: LimitsDialog) -> None:
    dialog.use.click()
    assert dialog.result() == dialog.DialogCode.Accepted
    assert dialog.limits == RiskLimits(max_open=77, duplicate_window_s=90)


def test_what_is_typed_is_what_applies(dialog: LimitsDialog) -> None:
    type_into(dialog, "max_order_notional", "12500.5")
    type_into(dialog, "price_collar_bps", "75")
    dialog.use.click()
    assert (dialog.limits.max_order_notional, dialog.limits.price_collar_bps) == (Decimal("12500.5"), 75)


@pytest.mark.parametrize(("name", "text"), [("max_open", "0"), ("price_collar_bps", "x"), ("max_parent_notional", ""), ("max_open", "1.5")])
def test_a_mistake_is_said_and_can_not_be_kept(dialog: LimitsDialog, name: str, text: str) -> None:
    before = dialog.limits
    type_into(dialog, name, text)
    assert not dialog.use.isEnabled()
    assert str(RiskLimits.model_fields[name].title) in dialog.sentence
    assert dialog.limits == before


def test_defaults_are_those_of_the_mode(dialog: LimitsDialog) -> None:
    type_into(dialog, "max_open", "x")
    dialog.defaults.click()
    dialog.use.click()
    assert dialog.limits == default_limits("demo")
