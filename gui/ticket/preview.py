"""A plan as the ticket shows it: rows, figures and the warnings under them. Qt-free.

The number of figures never changes with the plan, so that nothing below them moves.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal

from core.domain.instruments import Instrument
from core.domain.numbers import plain
from core.domain.plan import Plan
from gui import formats
from gui.ticket.fields import human_duration
from gui.ticket.grid import Grid

COLUMNS = ("Venue", "Price", "Amount", "Fee")
MONEY_DECIMALS = 2


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of the preview. `tone`: '', 'warn' or 'muted'."""

    label: str
    text: str
    tone: str = ""
    help: str = ""


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """One planned child as shown; `note` is its tooltip."""

    venue: str
    price: str
    amount: str
    fee: str
    note: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What the ticket shows of a plan.

    Attributes:
        warnings: what the trader should know before sending; none of it forbids sending.
        remarks: what the planner wants to add.
        unused: why it preferred other venues.
    """

    rows: tuple[PreviewRow, ...] = ()
    figures: tuple[Figure, ...] = ()
    warnings: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()


def read_plan(plan: Plan | None, grid: Grid, instruments: Mapping[str, Instrument], unusable: Collection[str] = ()) -> Preview:
    """A plan in words and fixed decimals; with None the same shape, empty.

    Args:
        unusable: venues whose book can't be used now: leaving those out deserves a warning, a planner's choice doesn't.
    """
    if plan is None:
        return Preview(figures=_figures(None, grid))
    unused = tuple(_left_out(venue, why) for venue, why in plan.left_out.items() if venue not in unusable)
    return Preview(tuple(_rows(plan, grid, instruments)), _figures(plan, grid), warnings_of(plan, grid, unusable), plan.notes, unused)


def _rows(plan: Plan, grid: Grid, instruments: Mapping[str, Instrument]) -> list[PreviewRow]:
    rows = []
    for child in plan.children:
        instrument = instruments.get(child.exchange)
        price_decimals = instrument.price_decimals if instrument else 2
        # A lot can be worth a fraction of a cent: what is not money is in the note, or the number would not fit.
        amount_decimals = formats.worthwhile_decimals(instrument.amount_decimals if instrument else 8, child.price)
        expected = (
            "rests in the book" if child.expected_price is None else f"expected {formats.price(child.expected_price, price_decimals)}"
        )
        rows.append(
            PreviewRow(
                venue=child.exchange,
                price=formats.price(child.price, price_decimals),
                amount=formats.amount(child.amount, amount_decimals),
                fee=formats.fixed(child.expected_fee, MONEY_DECIMALS),
                note=f"{plain(child.amount)} {grid.base}, {child.time_in_force.value.upper()}, {expected}"
                + (", post-only" if child.post_only else ""),
            )
        )
    return rows


def _figures(plan: Plan | None, grid: Grid) -> tuple[Figure, ...]:
    average = formats.price(plan.average_price if plan else None, grid.price_decimals)
    worst = formats.price(plan.worst_price if plan else None, grid.price_decimals)
    slippage = formats.bps(plan.slippage_bps if plan else None, 2, signed=True)
    fees = formats.amount(plan.fees if plan else None, MONEY_DECIMALS, grid.quote)
    all_in = formats.bps(plan.all_in_bps if plan else None, 2, signed=True)
    left = plan.unallocated if plan else None
    residual = formats.EMPTY if left is None else f"{plain(left)} {grid.base}"
    return (
        Figure("Average", average, help="Expected average of what fills now."),
        Figure("Worst", worst, help="The worst limit among the child orders."),
        Figure("Slippage", slippage, help="Average against the merged mid; plus is worse."),
        Figure("Fees", fees, help="Expected fees of what fills now."),
        Figure("All-in", all_in, help="Slippage and fees together, against the merged mid."),
        Figure("Residual", residual, "warn" if left else "", "What no venue would take now."),
        Figure("Duration", _duration(plan), help="How long the order works."),
        Figure("Scheduled", _scheduled(plan, grid), help="Sent later, by the schedule."),
    )


def _duration(plan: Plan | None) -> str:
    if plan is None:
        return formats.EMPTY
    if not plan.duration_s:
        return "at once"
    return f"{human_duration(Decimal(str(plan.duration_s)))} · {plan.slices} slices"


def _scheduled(plan: Plan | None, grid: Grid) -> str:
    if plan is None or not plan.slices:
        return formats.EMPTY
    return f"{plain(plan.scheduled)} {grid.base}"


def warnings_of(plan: Plan, grid: Grid, unusable: Collection[str] = ()) -> tuple[str, ...]:
    """What is lost or missing: residual, dust, venues that can't be used."""
    said = [_left_out(venue, why) for venue, why in plan.left_out.items() if venue in unusable]
    if plan.dust:
        said.append(f"{plain(plan.dust)} {grid.base} is too small for any venue.")
    if plan.unallocated > plan.dust:
        said.append(f"{plain(plan.unallocated - plan.dust)} {grid.base} has no venue at this price.")
    return tuple(said)


def _left_out(venue: str, why: str) -> str:
    return f"{venue} is left out: {why.rstrip('.')}."


def one_line(plan: Plan, grid: Grid) -> str:
    """The plan in one line, for the slot above the button."""
    count = len(plan.children)
    orders = f"{count} order{'' if count == 1 else 's'}" + (f" now, {plan.slices} slices" if plan.slices else "")
    if plan.average_price is None:
        return f"{orders} · nothing fills at once"
    average, all_in = formats.price(plan.average_price, grid.price_decimals), formats.bps(plan.all_in_bps, 1, signed=True)
    return f"{orders} · avg {average} · all-in {all_in}"
