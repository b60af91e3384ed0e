"""Errors from slots, tasks and threads all reach the trader, each kind once."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.domain.errors import VenueRefused
from gui.banner import Banner
from gui.reporter import Report, Reporter


@pytest.fixture
def reports(qapp: QApplication) -> Iterator[tuple[Reporter, list[Report]]]:
    reporter = Reporter()
    seen: list[Report] = []
    reporter.reported.connect(seen.append)
    reporter.install()
    yield reporter, seen
    reporter.remove()


def _fail(times: int) -> None:
    for _ in range(times):
        try:
            raise ZeroDivisionError("x")
        except ZeroDivisionError as error:
            sys.excepthook(type(error), error, error.__traceback__)


def test_the_same_fault_is_counted_and_logged_rarely(reports: tuple[Reporter, list[Report]], caplog: pytest.LogCaptureFixture) -> None:
    _fail(99)
    assert [report.count for report in reports[1]] == list(range(1, 100))
    assert len(caplog.records) == 2
    assert "ZeroDivisionError" in caplog.text


def test_a_fault_of_the_program_does_not_show_its_insides(reports: tuple[Reporter, list[Report]]) -> None:
    _fail(1)
    assert reports[1][0].sentence == "Something in Fathom went wrong. The log has the details."
    assert reports[1][0].is_fault


def test_our_own_errors_speak_for_themselves(reports: tuple[Reporter, list[Report]]) -> None:
    reporter, seen = reports
    reporter.report(VenueRefused("binance_spot refused the order: price is off its tick.", detail="-1013"), "submitting")
    assert seen[0].sentence == "Submitting failed: binance_spot refused the order: price is off its tick."
    assert not seen[0].is_fault


def test_different_sentences_are_different_reports(reports: tuple[Reporter, list[Report]]) -> None:
    reporter, seen = reports
    reporter.report(VenueRefused("one"))
    reporter.report(VenueRefused("two"))
    assert [report.count for report in seen] == [1, 1]


def test_an_error_in_a_thread_arrives_in_the_windows_thread(reports: tuple[Reporter, list[Report]], qtbot: QtBot) -> None:
    reporter, seen = reports
    arrived_in: list[threading.Thread] = []
    reporter.reported.connect(lambda _report: arrived_in.append(threading.current_thread()))
    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: bool(seen))
    assert arrived_in == [threading.main_thread()]


def test_an_error_in_a_callback_of_the_loop_is_reported(reports: tuple[Reporter, list[Report]]) -> None:
    reporter, seen = reports

    async def fail_in_a_callback() -> None:
        loop = asyncio.get_running_loop()
        reporter.watch(loop)
        loop.call_soon(lambda: 1 / 0)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    asyncio.run(fail_in_a_callback())
    assert len(seen) == 1


def test_a_cancelled_task_is_no_error(reports: tuple[Reporter, list[Report]]) -> None:
    reports[0].report(asyncio.CancelledError())
    assert reports[1] == []


def test_the_hooks_go_back_to_where_they_were(qapp: QApplication) -> None:
    before = (sys.excepthook, threading.excepthook)
    reporter = Reporter()
    reporter.install()
    assert sys.excepthook is not before[0]
    reporter.remove()
    assert (sys.excepthook, threading.excepthook) == before


def test_the_banner_counts_and_does_not_interrupt_a_question(qtbot: QtBot) -> None:
    banner = Banner()
    qtbot.addWidget(banner)
    banner.show_report(Report("Something failed.", 3, is_fault=True))
    assert banner.text == "Something failed.  (×3)"
    answers: list[str] = []
    banner.ask("Leave them?", [("Stay", "quiet", lambda: answers.append("stay"))])
    banner.show_report(Report("Another failure.", 1, is_fault=True))
    assert banner.text == "Leave them?"
    banner.answer("Stay")
    assert answers == ["stay"]
    assert banner.isHidden()
