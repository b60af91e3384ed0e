"""`fathom doctor`: what Fathom needs on this computer and whether it is there, a line each."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from gui.cli import Parser, names_of
from gui.places import journal_profile
from gui.qt_libraries import explain_missing

_SIGNS = {"ok": "  ok  ", "warning": " warn ", "failed": "FAILED"}


def main(argv: Sequence[str]) -> int:
    """Print every finding; 1 when one of them is a failure."""
    given = _parser().parse_args(argv)
    return asyncio.run(_examine(given))


async def _examine(given: argparse.Namespace) -> int:
    missing = explain_missing()
    failed = missing is not None
    _line("failed" if missing else "ok", "Qt", missing or "Every library that a window needs is there.")
    from core.desk.doctor import Level, examine
    from core.desk.exchanges import PAPER_VENUES
    from core.domain.errors import FathomError

    try:
        async for finding in examine(given.venues or PAPER_VENUES, journal_profile(given.profile, "live")):
            failed = failed or finding.level is Level.FAILED
            _line(finding.level, finding.about, finding.sentence)
    except FathomError as error:
        sys.stderr.write(f"fathom: {error}\n")
        return 1
    return 1 if failed else 0


def _line(level: str, about: str, sentence: str) -> None:
    sys.stdout.write(f"[{_SIGNS[level]}] {about}: {sentence}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="fathom doctor", description="Check Qt, key store, clock, exchanges and journals.", allow_abbrev=False)
    add = parser.add_argument
    add("--venues", metavar="A,B", type=names_of, default=(), help="whose exchanges are asked (default: those of paper trading)")
    add("--profile", metavar="DIR", type=Path, help="whose journals are looked through (default: the system's place for data)")
    return parser
