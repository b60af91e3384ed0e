"""The program as the system sees it: a process with arguments, signals and an exit code."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from time import perf_counter

import pytest
from PySide6.QtGui import QImage

from gui.tokens import tokens

PROGRAM = [sys.executable, "-W", "error", "-m", "gui"]
CLOSE_S = 2.0  # on a free machine; `tests.bench.bench_startup` holds it to that
START_S = 30.0


def _start(*arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen([*PROGRAM, "--timings", *arguments], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _wait_for(program: subprocess.Popen[str], what: str) -> None:
    assert program.stdout is not None
    for line in program.stdout:
        if what in line:
            return
    pytest.fail(f"the program ended without {what!r}: {program.communicate()[1]}")


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent differently there")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "terminate"])
@pytest.mark.parametrize("moment", ["window visible", "first live depth"])
def test_a_signal_closes_it_cleanly_within_two_seconds(number: int, moment: str) -> None:
    program = _start()
    _wait_for(program, moment)
    if moment == "window visible":
        _wait_for_handlers(program)
    sent_s = perf_counter()
    program.send_signal(number)
    _, error = program.communicate(timeout=START_S)
    took_s = perf_counter() - sent_s
    assert (program.returncode, error) == (0, "")
    assert took_s < CLOSE_S or took_s < 2 * _seconds_to_import_it()


def _seconds_to_import_it() -> float:
    """What two seconds are worth on a machine that is busy with something else; one at most on a free one."""
    started_s = perf_counter()
    subprocess.run([sys.executable, "-c", "import gui.bootstrap, gui.session, gui.workspace, core.desk.desk"], check=True)
    return perf_counter() - started_s


def _wait_for_handlers(program: subprocess.Popen[str]) -> None:
    _wait_for(program, "opening the desk")


def test_a_screenshot_is_a_picture_of_the_live_desk(tmp_path: Path) -> None:
    picture = tmp_path / "window.png"
    program = _start("--screenshot", str(picture), "--after", "0.5", "--size", "1366x768")
    _, error = program.communicate(timeout=START_S)
    assert (program.returncode, error) == (0, "")
    image = QImage(str(picture))
    assert (image.width(), image.height()) == (1366, 768)
    assert len({image.pixel(x, y) for x in range(0, 1366, 7) for y in range(0, 768, 7)}) > 20


def test_a_picture_of_live_is_the_question_and_nothing_has_been_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FATHOM_EMULATOR", raising=False)
    monkeypatch.setenv("FATHOM_BINANCE_KEY", "no-key-at-all")
    monkeypatch.setenv("FATHOM_BINANCE_SECRET", "no-secret-at-all")
    picture, profile = tmp_path / "window.png", tmp_path / "profile"
    program = _start("--mode", "live", "--screenshot", str(picture), "--after", "0", "--profile", str(profile))
    _, error = program.communicate(timeout=START_S)
    assert (program.returncode, error) == (0, "")
    image = QImage(str(picture))
    assert {image.pixelColor(x, 0).name() for x in range(image.width())} == {tokens("dark")["live"]}
    assert not (profile / "live").exists()


def test_an_unknown_symbol_is_one_sentence_and_no_picture(tmp_path: Path) -> None:
    picture = tmp_path / "window.png"
    program = _start("--screenshot", str(picture), "--symbol", "NOPE/USDT")
    _, error = program.communicate(timeout=START_S)
    assert program.returncode == 1
    assert error.count("NOPE/USDT") == 1
    assert "(None)" not in error
    assert "Traceback" not in error
    assert not picture.exists()


def test_a_damaged_recording_is_one_sentence(tmp_path: Path) -> None:
    recording = tmp_path / "damaged.jsonl.gz"
    recording.write_bytes(b"this is not gzip")
    program = _start("--mode", "replay", "--replay", str(recording), "--screenshot", str(tmp_path / "window.png"))
    _, error = program.communicate(timeout=START_S)
    assert program.returncode == 1
    assert error == "fathom: damaged.jsonl.gz is not a gzip file.\n"


def test_a_bad_argument_opens_no_window() -> None:
    program = _start("--mode", "nonsense")
    out, error = program.communicate(timeout=START_S)
    assert (program.returncode, out) == (2, "")
    assert error.count("\n") == 1


def test_the_log_is_kept_in_the_profile(tmp_path: Path) -> None:
    program = _start("--screenshot", str(tmp_path / "w.png"), "--after", "0", "--profile", str(tmp_path / "profile"))
    program.communicate(timeout=START_S)
    assert program.returncode == 0
    assert "first live depth" in (tmp_path / "profile" / "logs" / "fathom.log").read_text(encoding="utf-8")
