"""Only `core/domain/clock.py` knows what time it is; the lint says so to everyone else.

A replay at full speed and a day of TWAP in a test both depend on it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

TAKES_THE_TIME = {
    "time.time": "import time\n\nNOW = time.time()\n",
    "time.time under another name": "from time import time as t\n\nNOW = t()\n",
    "time.time_ns": "import time\n\nNOW = time.time_ns()\n",
    "time.monotonic": "import time as clock\n\nNOW = clock.monotonic()\n",
    "time.monotonic_ns": "from time import monotonic_ns\n\nNOW = monotonic_ns()\n",
    "time.sleep": "import time\n\ntime.sleep(1)\n",
    "datetime.now": "from datetime import UTC, datetime\n\nNOW = datetime.now(UTC)\n",
    "datetime.utcnow": "import datetime\n\nNOW = datetime.datetime.utcnow()\n",
    "date.today": "from datetime import date\n\nTODAY = date.today()\n",
}


def banned_names(code: str, path: str) -> bool:
    """Whether the lint finds a banned name in `code`, were it saved as `path`."""
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--select", "TID251", "--stdin-filename", path, "-"]
    result = subprocess.run(command, cwd=ROOT, input=code, capture_output=True, text=True, check=False)
    assert result.returncode in (0, 1), result.stderr
    return "TID251" in result.stdout


@pytest.mark.parametrize("code", TAKES_THE_TIME.values(), ids=TAKES_THE_TIME)
@pytest.mark.parametrize("path", ["core/execution/engine.py", "gui/bridge.py"])
def test_taking_the_time_is_reported(code: str, path: str) -> None:
    assert banned_names(code, path)


def test_the_clock_may_take_the_time() -> None:
    assert not banned_names(TAKES_THE_TIME["time.time"], "core/domain/clock.py")


def test_measuring_our_own_work_is_no_time() -> None:
    assert not banned_names("import time\n\nSTART = time.perf_counter()\n", "gui/bridge.py")


def test_nobody_takes_the_time() -> None:
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--select", "TID251", "core", "gui"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout
