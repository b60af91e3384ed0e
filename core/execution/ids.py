"""Ids that are never used twice: ours for parents, the venues' client ids for children.

A client id is `f` + 17 characters of base 36 = 18 lowercase alphanumerics, safe on every venue: 40 bits of
milliseconds and 47 random ones, so two desks or a clock set back do not collide.
"""

from __future__ import annotations

import secrets

PREFIX = "f"
_LENGTH = 18
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def _base36(number: int, width: int) -> str:
    text = ""
    for _ in range(width):
        number, digit = divmod(number, 36)
        text = _DIGITS[digit] + text
    return text


def new_client_id(now_us: int) -> str:
    """An id for a child: 18 lowercase alphanumerics, later ones sort after earlier ones."""
    return PREFIX + _base36(now_us // 1_000, 9)[-8:] + _base36(secrets.randbits(46), 9)


def seed_of(parent_id: str) -> int:
    """What a parent's jitter comes from: the same after a restart."""
    return sum(map(ord, parent_id))


def new_parent_id(now_us: int) -> str:
    """An id for a parent: `P-` and 12 characters, short enough to read aloud."""
    return "P-" + _base36(now_us // 1_000, 9)[-8:] + _base36(secrets.randbits(20), 4)


def is_ours(client_id: str) -> bool:
    """Whether an id looks like one that some desk of Fathom made; not proof that it was this one."""
    return len(client_id) == _LENGTH and client_id.startswith(PREFIX) and all(digit in _DIGITS for digit in client_id)
