"""The end of a GTD order: what a caller may say, and how it is said back.

A moment without a time zone is refused, not guessed: midnight is a different moment on every desk.
"""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import TypeAdapter, ValidationError

from core.domain.clock import MICROSECONDS
from core.domain.enums import TimeInForce
from core.domain.errors import BadRequest, NotPossible
from core.strategies.params import Seconds

_SECONDS: TypeAdapter[float] = TypeAdapter(Seconds)
# A longer wait than this is a number in the wrong unit.
LONGEST_US = 366 * 86_400 * MICROSECONDS


def parse_expiry(
    time_in_force: TimeInForce, *, expire_at: object = None, expire_us: object = None, expires_in: object = None, now_us: int
) -> int | None:
    """The end of a GTD order in µs since the epoch; None for every other time in force.

    Args:
        expire_at: a datetime with a time zone, or microseconds since the epoch.
        expire_us: microseconds since the epoch.
        expires_in: seconds from now, or words like '5m'.

    Raises:
        NotPossible: missing, contradictory, or for an order that is not GTD.
        BadRequest: not a moment, or not in the coming year.
    """
    given = [value for value in (expire_at, expire_us, expires_in) if value is not None]
    if time_in_force is not TimeInForce.GTD:
        if given:
            raise NotPossible(f"An expiry belongs to a gtd order; this one is {time_in_force.value}.")
        return None
    if len(given) != 1:
        wrong = "needs its end" if not given else "has one end"
        raise NotPossible(f"A gtd order {wrong}: give one of expire_at, expire_us and expires_in.")
    end_us = _from_now(expires_in, now_us) if expires_in is not None else _moment(given[0])
    if end_us <= now_us:
        raise BadRequest(f"The order would expire in the past ({_words(end_us)}); give a later moment, in microseconds or as a datetime.")
    if end_us - now_us > LONGEST_US:
        raise BadRequest("The order would expire in more than a year; expire_us counts microseconds.")
    return end_us


def expired_sentence(expire_us: int) -> str:
    """`expired at 14:03:00 UTC`."""
    return f"expired at {clock_time(expire_us)}"


def clock_time(moment_us: int) -> str:
    """`14:03:00 UTC`."""
    return datetime.fromtimestamp(moment_us / MICROSECONDS, UTC).strftime("%H:%M:%S UTC")


def _moment(value: object) -> int:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise BadRequest("The expiry has no time zone; write datetime(..., tzinfo=UTC).")
        return round(value.timestamp() * MICROSECONDS)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise BadRequest(f"The expiry must be a datetime with a time zone or whole microseconds, not {value!r}.")


def _from_now(value: object, now_us: int) -> int:
    try:
        seconds = _SECONDS.validate_python(value)
        return now_us + round(seconds * MICROSECONDS)
    except (ValidationError, ValueError, OverflowError) as error:
        raise BadRequest(f"expires_in must be seconds or words like '5m', not {value!r}.", detail=error) from None


def _words(moment_us: int) -> str:
    try:
        return datetime.fromtimestamp(moment_us / MICROSECONDS, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return str(moment_us)
