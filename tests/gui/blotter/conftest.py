"""A blotter on a fake desk, and a bridge whose clock tests move by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from pytestqt.qtbot import QtBot

from gui.blotter.widget import BlotterWidget
from gui.bridge import Bridge
from gui.theme import Theme
from tests.gui.fakes import FakeDesk


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk()


@pytest_asyncio.fixture
async def bridge(desk: FakeDesk, theme: Theme) -> AsyncIterator[Bridge]:
    """Errors that would reach the reporter fail the test."""
    reported: list[BaseException] = []
    joined = Bridge(desk, lambda error, _doing: reported.append(error))  # type: ignore[arg-type]  # a fake desk
    yield joined
    await joined.close()
    assert not reported


@pytest_asyncio.fixture
async def blotter(desk: FakeDesk, bridge: Bridge, theme: Theme, qtbot: QtBot) -> BlotterWidget:
    widget = BlotterWidget(desk, bridge, theme)  # type: ignore[arg-type]  # a fake desk
    qtbot.addWidget(widget)
    widget.resize(1360, 300)
    widget.show()
    return widget
