"""`fathom report` as it is typed: three files and a line, or one sentence of why not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from core.journal.journal import Journal
from gui.commands.report import main

NO_QT = """
import sys
from gui.__main__ import main
code = main(sys.argv[1:])
assert not [name for name in sys.modules if name.split(".")[0] in ("PySide6", "shiboken6", "qasync", "ccxt")]
sys.exit(code)
"""


@pytest.fixture
def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With an empty journal of paper trading."""
    monkeypatch.delenv("FATHOM_EMULATOR", raising=False)
    made = tmp_path / "profile"
    Journal(made / "paper" / "journal.db").close()
    return made


def test_it_writes_three_tables_and_says_where(profile: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "out"), "--mode", "paper", "--profile", str(profile)]) == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["fills.csv", "orders.csv", "tca.csv"]
    said = capsys.readouterr()
    assert (said.out.startswith("0 parent orders with 0 children and 0 fills: "), said.err) == (True, "")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--mode", "live"], "There is no journal"),
        (["--mode", "nonsense"], "invalid choice"),
        (["--since", "yesterday"], "a date looks like 2026-01-31"),
    ],
)
def test_a_mistake_is_one_sentence(
    arguments: list[str], says: str, profile: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code = main([str(tmp_path / "out"), "--profile", str(profile), *arguments])
    except SystemExit as exit_:
        code = int(exit_.code or 0)
    error = capsys.readouterr().err
    assert code in (1, 2)
    assert says in error
    assert error.count("\n") == 1


def test_a_mode_that_keeps_no_journal_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), "--mode", "demo"]) == 1
    assert "keeps a journal only in a profile" in capsys.readouterr().err


def test_it_needs_no_qt_and_no_exchange_library(profile: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-c", NO_QT, "report", str(tmp_path / "out"), "--mode", "paper", "--profile", str(profile)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
