"""What the accounts hold, as their venues last said: balances by currency, positions by symbol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from core.execution.risk.funds import AccountWords


class HoldingKind(StrEnum):
    BALANCE = "balance"
    POSITION = "position"


@dataclass(frozen=True, slots=True)
class Holding:
    """One line of one account.

    Attributes:
        name: the currency of a balance, the symbol of a position.
        total: in that currency; a position's in base, negative when short.
        free: what open orders do not hold; None of a position.
        asked_us: when the venue was asked, µs since the Unix epoch.
    """

    venue: str
    kind: HoldingKind
    name: str
    total: Decimal
    free: Decimal | None
    asked_us: int


def holdings(accounts: Mapping[str, AccountWords], symbol: str) -> list[Holding]:
    """Everything that is not zero, venue by venue: positions first, then the currencies of `symbol`, then the others by name."""
    first = {currency: place for place, currency in enumerate(symbol.split("/"))}
    found: list[Holding] = []
    for venue, account in accounts.items():
        positions = sorted(account.positions.items(), key=lambda one: (one[0] != symbol, one[0]))
        balances = sorted(account.balances.items(), key=lambda one: (first.get(one[0], len(first)), one[0]))
        found += [Holding(venue, HoldingKind.POSITION, name, held, None, account.asked_us) for name, held in positions]
        found += [Holding(venue, HoldingKind.BALANCE, name, one.total, one.free, account.asked_us) for name, one in balances]
    return [one for one in found if one.total]
