"""Comparisons as rows of text. Qt-free.

Every strategy keeps its row, also while it can't serve: a table whose rows jump can't be clicked. An estimate is marked
with ≈ in its own cell, because it stands beside figures that the book itself answers for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum

from core.domain.comparison import Comparison, best_of
from core.domain.enums import ExecutionStrategy
from core.domain.numbers import plain
from gui import formats
from gui.ticket.fields import human_duration
from gui.ticket.grid import Grid
from gui.ticket.model import Draft

MONEY_DECIMALS = 2
BEST_MARK = "★"
ESTIMATE_MARK = "≈"
_NO_MARK = "\u2003"  # as wide as the star: names stay in line


class Column(IntEnum):
    STRATEGY = 0
    ALL_IN = 1
    AVERAGE = 2
    WORST = 3
    FEES = 4
    DURATION = 5
    RESIDUAL = 6
    NOTE = 7


NUMBERS = frozenset({Column.ALL_IN, Column.AVERAGE, Column.WORST, Column.FEES, Column.DURATION, Column.RESIDUAL})
WIDTHS = (196, 84, 84, 84, 80, 80, 96, 280)
HELP = (
    "Click a row to use the strategy. ★ is the cheapest of those that fill everything.",
    "Price and fees together against the merged mid; plus is worse. ≈ is an estimate.",
    "Of what is expected to fill, without fees.",
    "No order would trade past it.",
    "In quote, of what is expected to fill.",
    "How long the order would work.",
    "Not expected to fill: it rests, waits, or finds no venue.",
    "Why the strategy can't serve, or what else to know.",
)
ESTIMATE_HELP = "Estimated from what trades now; the market's drift and adverse selection are not counted."


def titles(grid: Grid) -> tuple[str, ...]:
    """Headers, by `Column`; units stand here and not in every cell."""
    return (
        "Strategy",
        "All-in bps",
        "Average",
        "Worst",
        f"Fees {grid.quote}".rstrip(),
        "Duration",
        f"Residual {grid.base}".rstrip(),
        "What to know",
    )


@dataclass(frozen=True, slots=True)
class CompareRow:
    """One strategy.

    Attributes:
        cells: texts by `Column`.
        raw: what copying gives.
        help: the whole of the last cell, and what an estimate leaves out.
        best: the one to recommend; said with a star as well as with weight.
        serves: it could be sent now.
        gains: it is expected to earn rather than to cost.
    """

    strategy: ExecutionStrategy
    cells: tuple[str, ...]
    raw: tuple[str, ...]
    help: str = ""
    best: bool = False
    serves: bool = True
    gains: bool = False


def blank_rows() -> tuple[CompareRow, ...]:
    """The table before there is anything to compare: same rows, no figures."""
    return tuple(
        CompareRow(strategy, (_name(strategy), *[formats.EMPTY] * 6, ""), (strategy.value, *[""] * (len(Column) - 1)), serves=False)
        for strategy in ExecutionStrategy
    )


def rows_of(comparisons: Sequence[Comparison], grid: Grid) -> tuple[CompareRow, ...]:
    """One row per comparison, in their order."""
    best = best_of(comparisons)
    return tuple(_row(each, grid, best=each.strategy is best) for each in comparisons)


def headline(draft: Draft, grid: Grid) -> str:
    """`BUY 5 BTC/USDT · limit 61,900.00 · 8 venues`: what is compared."""
    size = plain(draft.amount) if draft.amount else formats.EMPTY
    price = f"limit {formats.price(draft.price, grid.price_decimals)}" if draft.price else draft.order_type.value.replace("_", " ")
    count = len(draft.venues)
    return f"{draft.side.value.upper()} {size} {draft.symbol} · {price} · {count} venue{'' if count == 1 else 's'}"


def _row(each: Comparison, grid: Grid, *, best: bool) -> CompareRow:
    name = _name(each.strategy, best=best)
    if each.why_not:
        return CompareRow(each.strategy, (name, *[formats.EMPTY] * 6, each.why_not), _raw(each), each.why_not, serves=False)
    mark = ESTIMATE_MARK if each.estimated else ""
    all_in = formats.fixed(each.all_in_bps, 2, signed=True)
    cells = (
        name,
        f"{mark}{all_in}" if all_in != formats.EMPTY else all_in,
        formats.price(each.average_price, grid.price_decimals),
        formats.price(each.worst_price, grid.price_decimals),
        formats.fixed(each.fees, MONEY_DECIMALS) if each.expected_amount else formats.EMPTY,
        duration_text(each),
        formats.amount(each.residual, min(grid.amount_decimals, 5)),
        each.note,
    )
    gains = each.all_in_bps is not None and each.all_in_bps < 0
    help_text = ". ".join(text for text in (each.note, ESTIMATE_HELP if each.estimated else "") if text)
    return CompareRow(each.strategy, cells, _raw(each), help_text, best=best, gains=gains)


def duration_text(each: Comparison) -> str:
    """`at once`, `≈ 5 m`, `open` where nobody can say."""
    if each.duration_s is None:
        return "open"
    if not each.duration_s:
        return "at once"
    return human_duration(Decimal(round(each.duration_s)))


def _name(strategy: ExecutionStrategy, *, best: bool = False) -> str:
    return f"{BEST_MARK if best else _NO_MARK} {strategy.label}"


def _raw(each: Comparison) -> tuple[str, ...]:
    numbers = (each.all_in_bps, each.average_price, each.worst_price, each.fees)
    return (
        each.strategy.value,
        *("" if number is None else plain(number) for number in numbers),
        "" if each.duration_s is None else f"{each.duration_s:g}",
        plain(each.residual),
        each.why_not or each.note,
    )
