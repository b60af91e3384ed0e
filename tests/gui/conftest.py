"""Fixtures of the window's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication

from gui.theme import Theme


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    """The dark theme, worn by the application as in the program."""
    worn = Theme()
    worn.apply(qapp)
    yield worn
    qapp.setStyleSheet("")
