"""`fathom report`: the journal of one profile and mode as CSV files, also while Fathom is trading with it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from gui.cli import MODES, Parser
from gui.places import journal_profile


def main(argv: Sequence[str]) -> int:
    """Write the report; 1 after one sentence on stderr when it can't be."""
    given = _parser().parse_args(argv)
    from core.desk.profile import emulator_of, profile_name
    from core.desk.report import FILES, write_report
    from core.domain.errors import FathomError

    profile = journal_profile(given.profile, given.mode)
    if profile is None:
        sys.stderr.write(f"fathom: Mode {given.mode} keeps a journal only in a profile: --profile DIR.\n")
        return 1
    try:
        name = profile_name(given.mode, emulated=emulator_of(given.mode) is not None)
        written = write_report(profile / name / "journal.db", given.folder, since_us=given.since)
    except FathomError as error:
        sys.stderr.write(f"fathom: {error}\n")
        return 1
    sys.stdout.write(
        f"{written.parents} parent orders with {written.orders - written.parents} children and {written.fills} fills: "
        f"{', '.join(str(written.folder / file) for file in FILES)}\n"
    )
    if written.unreadable:
        sys.stderr.write(f"fathom: {len(written.unreadable)} orders can't be read from the journal: {', '.join(written.unreadable)}.\n")
    return 1 if written.unreadable else 0


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="fathom report", description="Orders, fills and costs of a profile's journal, as CSV files.", allow_abbrev=False)
    add = parser.add_argument
    add("folder", metavar="DIR", type=Path, help="where orders.csv, fills.csv and tca.csv are written")
    add("--mode", choices=MODES, default="live", help="whose journal (default live)")
    add("--profile", metavar="DIR", type=Path, help="of the journal (default: the system's place for data)")
    add("--since", metavar="DATE", type=_midnight_us, default=0, help="only orders from this day on (2026-01-31, UTC)")
    return parser


def _midnight_us(text: str) -> int:
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise argparse.ArgumentTypeError(f"a date looks like 2026-01-31, not {text!r}") from None
    return round(day.timestamp()) * 1_000_000
