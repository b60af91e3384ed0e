"""A ticket on a fake desk. Tests move its clocks by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from pytestqt.qtbot import QtBot

from core.domain.clock import SimulatedClock
from gui.bridge import Bridge
from gui.theme import Theme
from gui.ticket.widget import TicketWidget
from tests.gui.fakes import FakeDesk


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk()


@pytest.fixture
def human_clock() -> SimulatedClock:
    return SimulatedClock()


@pytest_asyncio.fixture
async def ticket(desk: FakeDesk, human_clock: SimulatedClock, theme: Theme, qtbot: QtBot) -> AsyncIterator[TicketWidget]:
    """At the size it has in the window. Errors that would reach the reporter fail the test."""
    reported: list[BaseException] = []
    bridge = Bridge(desk, lambda error, _doing: reported.append(error))  # type: ignore[arg-type]  # a fake desk
    widget = TicketWidget(desk, bridge, theme, human_clock=human_clock)  # type: ignore[arg-type]  # a fake desk
    qtbot.addWidget(widget)
    widget.resize(340, 580)
    widget.show()
    yield widget
    await bridge.close()
    assert not reported
