"""What a desk needs and whether it is there: keys, clocks, exchanges, journals. It looks only: nothing is signed, repaired or sent.

Each check stands alone, and one that breaks is a finding and not the end of the examination.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from core.desk.exchanges import find_venues
from core.desk.keys import KEYED_MODES, open_keys
from core.desk.profile import emulator_of
from core.domain.clock import MICROSECONDS, Clock, SystemClock
from core.domain.errors import FathomError, NotPossible
from core.exchanges.ccxt.access import Access
from core.exchanges.ccxt.clients import ExchangeClients
from core.exchanges.ccxt.server_time import server_time
from core.exchanges.ccxt.venues import parse_venue
from core.journal.health import inspect

# Binance refuses a request that is older than 5 s (recvWindow) or more than 1 s from the future; Bybit the same:
# https://developers.binance.com/docs/binance-spot-api-docs/rest-api/request-security
SKEW_WARNING_US = 500_000
SKEW_FAILURE_US = 1_000_000
_PATIENCE_S = 20.0


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check.

    Attributes:
        about: what was looked at, in two words.
        sentence: what was found, one calm sentence.
    """

    about: str
    level: Level
    sentence: str


async def examine(venues: Sequence[str], profile: Path | None, *, clock: Clock | None = None) -> AsyncIterator[Finding]:
    """Everything that can be looked at without a window, each as soon as it is known.

    Args:
        venues: whose exchanges are asked for the time; names as people say them.
        profile: the directory that holds the modes' journals; None when there is none.

    Raises:
        UnknownVenue: not a venue's name.
    """
    clock = clock or SystemClock()
    names = find_venues(venues)
    for mode in KEYED_MODES:
        yield await _keys(mode)
    for finding in _journals(profile):
        yield finding
    # One after the other: each starts a process to read its exchange's list of markets.
    for ccxt_id in dict.fromkeys(parse_venue(name).ccxt_id for name in names):
        yield await _exchange(ccxt_id, clock)


async def _keys(mode: str) -> Finding:
    about = f"keys for {mode}"
    try:
        store = open_keys(mode)
        accounts = await store.accounts()
    except FathomError as error:
        return Finding(about, Level.FAILED, str(error))
    known = f"Known: {', '.join(account.exchange for account in accounts)}." if accounts else "No account is known."
    return Finding(about, Level.OK if store.writable else Level.WARNING, f"{store.explanation} {known}")


def _journals(profile: Path | None) -> list[Finding]:
    paths = sorted(profile.glob("*/journal.db")) if profile is not None and profile.is_dir() else []
    if not paths:
        return [Finding("journal", Level.OK, "There is none yet; the first order makes it.")]
    return [_journal(path) for path in paths]


def _journal(path: Path) -> Finding:
    about = f"journal of {path.parent.name}"
    try:
        health = inspect(path)
    except FathomError as error:
        return Finding(about, Level.FAILED, str(error))
    unfinished = f"{health.unfinished} parent orders are unfinished" if health.unfinished else "no order is unfinished"
    sentence = f"Whole: {health.entries:,} entries in {health.bytes / 1e6:,.1f} MB, {unfinished}."
    return Finding(about, Level.OK, sentence)


async def _exchange(ccxt_id: str, clock: Clock) -> Finding:
    try:
        async with asyncio.timeout(_PATIENCE_S):
            return await _ask(ccxt_id, clock)
    except TimeoutError:
        return Finding(ccxt_id, Level.FAILED, f"No answer within {_PATIENCE_S:.0f} s.")
    except FathomError as error:
        return Finding(ccxt_id, Level.FAILED, str(error))


async def _ask(ccxt_id: str, clock: Clock) -> Finding:
    clients = ExchangeClients(ccxt_id, Access("public", None, emulator_of("paper")), clock)
    try:
        await clients.open()
        try:
            answer = await server_time(clients.market, clock)
        except NotPossible:
            return Finding(ccxt_id, Level.OK, "Reachable; it tells no time, so the clock can't be compared.")
    finally:
        await clients.close()
    skew_us = abs(answer.ahead_us)
    level = Level.OK if skew_us < SKEW_WARNING_US else Level.WARNING if skew_us < SKEW_FAILURE_US else Level.FAILED
    which = "behind" if answer.ahead_us > 0 else "ahead"
    clock_words = f"this computer's clock is {skew_us / MICROSECONDS:.2f} s {which}"
    advice = "" if level is Level.OK else "; set it, or orders are refused"
    return Finding(ccxt_id, level, f"Answers in {answer.round_trip_us / 1_000:.0f} ms; {clock_words}{advice}.")
