"""The checks of `leaks.py` notice what they are there for, and leave tidy tests alone."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

pytest_plugins = ["pytester"]

PREAMBLE = """
import asyncio
import gc
import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

@pytest.fixture
async def worker():
    task = asyncio.create_task(asyncio.sleep(10))
    yield task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
"""

TIDY = {
    "a_task_that_its_fixture_cancels_and_awaits": """
async def test(worker):
    await asyncio.sleep(0)
""",
    "a_timer_of_a_widget_that_is_closed": """
def test(qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    timer = QTimer(widget)
    timer.start(50)
""",
}

LEAKS = {
    "a_task_that_nobody_awaits": (
        """
async def test():
    asyncio.create_task(asyncio.sleep(10))
    await asyncio.sleep(0)
""",
        "1 tasks left running*",
    ),
    "a_timer_that_nobody_stops": (
        """
def test(qapp):
    QTimer(qapp).start(50)
""",
        "Timers left running: every 50 ms of*",
    ),
    "an_error_that_nobody_looked_at": (
        """
async def fail():
    raise ValueError("lost")

async def test():
    task = asyncio.create_task(fail())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    del task
    gc.collect()
""",
        "*asyncio reported*",
    ),
}


def run(pytester: pytest.Pytester, code: str) -> pytest.RunResult:
    """Run `code` as a test module with the same checks, in a process whose leaks are not ours."""
    pytester.makepyfile(PREAMBLE + code)
    options = ("asyncio_mode=auto", "asyncio_default_fixture_loop_scope=function", "qt_api=pyside6", f"pythonpath={ROOT}")
    return pytester.runpytest_subprocess("-p", "no:cacheprovider", *(word for option in options for word in ("-o", option)))


@pytest.fixture(autouse=True)
def same_checks(pytester: pytest.Pytester) -> None:
    pytester.makeconftest('pytest_plugins = ["tests.leaks"]')


@pytest.mark.parametrize("code", TIDY.values(), ids=TIDY)
def test_a_tidy_test_passes(code: str, pytester: pytest.Pytester) -> None:
    run(pytester, code).assert_outcomes(passed=1)


@pytest.mark.parametrize(("code", "sentence"), LEAKS.values(), ids=LEAKS)
def test_what_is_left_running_fails_the_test(code: str, sentence: str, pytester: pytest.Pytester) -> None:
    result = run(pytester, code)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines([f"*{sentence}"])
