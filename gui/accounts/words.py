"""What the accounts dialog says. Qt-free.

Permissions are said as what somebody who has the key could do, because that is what a trader has to judge.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

from core.domain.numbers import plain

_MOST_BALANCES = 4


class Account(Protocol):
    """As `core.desk.keys` lists it."""

    @property
    def exchange(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def key_hint(self) -> str: ...


class Check(Protocol):
    """As `core.desk.accounts.check_account` answers."""

    @property
    def ok(self) -> bool: ...
    @property
    def sentence(self) -> str: ...
    @property
    def permissions(self) -> Sequence[str]: ...
    @property
    def can_withdraw(self) -> bool | None: ...
    @property
    def warning(self) -> str: ...
    @property
    def refused(self) -> Sequence[str]: ...
    @property
    def balances(self) -> Sequence[tuple[str, Decimal]]: ...


def row_of(account: Account, *, writable: bool) -> tuple[str, str, str, str]:
    """Exchange, label, the end of the key, and where the key is kept."""
    hint = f"…{account.key_hint}" if account.key_hint else "…"
    return account.exchange, account.label, hint, "key store" if writable else "environment"


def said_of(check: Check) -> list[tuple[str, str]]:
    """What a test of the connection found: lines, each with its tone ('ok', 'error', 'warn', 'muted')."""
    lines = [(check.sentence, "ok" if check.ok else "error")]
    if check.permissions:
        lines.append(
            (f"The key may: {', '.join(check.permissions)}{'; not ' if check.refused else ''}{' or '.join(check.refused)}.", "muted")
        )
    elif check.ok:
        lines.append(("The exchange does not say what the key may do.", "muted"))
    if check.warning:
        lines.append((check.warning, "warn"))
    elif check.can_withdraw is None and check.ok:
        lines.append(("Whether it may withdraw can't be seen from here: look on the exchange's page.", "warn"))
    if check.balances:
        held = ", ".join(f"{plain(total)} {currency}" for currency, total in check.balances[:_MOST_BALANCES])
        more = len(check.balances) - _MOST_BALANCES
        lines.append((f"Holds {held}{f' and {more} more' if more > 0 else ''}.", "muted"))
    return lines


def removal_question(account: Account, mode: str) -> str:
    """Before an account's keys are forgotten."""
    return f"Forget the {mode} keys of {account.exchange}?"


REMOVAL_DETAIL = (
    "Fathom can't read them back afterwards; on the exchange the key stays valid until you delete it there. "
    "A desk that is open keeps trading with them until it is closed."
)
