"""A TCA report as two columns of figures. Qt-free.

Plus is always a cost and minus always a gain, whatever the side: a trader who sells should not have to turn signs in
the head. The word stands beside the colour.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from core.domain.tca import TcaReport
from gui import formats
from gui.blotter.rows import Digits

MONEY_DECIMALS = 2
_PART_NAMES = {
    "delay": ("Delay", "The market's way from your decision to the first order, on what filled."),
    "spread": ("Spread", "Fills against the mid at which each order went out or was hit; resting orders earn here."),
    "timing": ("Impact and timing", "How far the mid had moved since arrival: our own impact, and the market."),
    "opportunity": ("Opportunity", "What the market did to the part that did not fill, since your decision."),
    "fees": ("Fees", "In quote; fees paid in base at the price of their fill."),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a sheet.

    Attributes:
        text, second: right-aligned columns; `second` may be empty.
        tone: a theme token for both; '' is the normal one.
        strong: the sum of those below: heavier, with a rule under it.
        heading: a column head: muted throughout, with a rule under it.
    """

    label: str
    text: str = ""
    second: str = ""
    tone: str = ""
    help: str = ""
    strong: bool = False
    heading: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """Blocks of lines, side by side where there is room."""

    blocks: tuple[tuple[Line, ...], ...] = ()


def costs_sheet(report: TcaReport, digits: Digits) -> Sheet:
    """The shortfall and its parts first, then prices and benchmarks."""
    return Sheet((tuple(_shortfall(report)), tuple(_prices(report, digits))))


def _prices(report: TcaReport, digits: Digits) -> list[Line]:
    predicted = report.predicted.all_in_bps if report.predicted else None
    end = "Mid now" if report.running else "Mid at the end"
    return [
        Line("Benchmark", "price", "average vs it", heading=True),
        Line("Average", formats.price(report.average_price, digits.price), help="Of all fills, without fees."),
        _benchmark("Arrival mid", report, report.arrival_mid, digits, "When the first order could be sent."),
        _benchmark("Market VWAP", report, report.market_vwap, digits, "What the venues traded from arrival to end."),
        _benchmark("Market TWAP", report, report.market_twap, digits, "The merged mid from arrival to end, by time."),
        _benchmark(end, report, report.end_mid, digits, "What the residual is valued at."),
        Line(
            "All-in, foreseen",
            second=formats.bps(predicted, 2, signed=True),
            tone="muted",
            help=f"What was expected at arrival, against the mid. {report.predicted.note if report.predicted else ''}".strip(),
        ),
        Line("All-in, realised", "", formats.bps(report.all_in_bps, 2, signed=True), tone_of(report.all_in_bps), "Price and fees."),
    ]


def _benchmark(name: str, report: TcaReport, price: Decimal | None, digits: Digits, help_text: str) -> Line:
    against = report.against(price)
    text = formats.price(price, digits.price)
    return Line(name, text, formats.bps(against, 2, signed=True), tone_of(against), f"{help_text} Plus: our average is worse.")


def _shortfall(report: TcaReport) -> list[Line]:
    total = report.costs.shortfall if report.costs is not None else None
    lines = [_cost("Shortfall", total, report, "Against all of it done at the decision's mid, free of charge.", strong=True)]
    for part, (name, help_text) in _PART_NAMES.items():
        cost = dict(report.costs.parts())[part] if report.costs is not None else None
        lines.append(_cost(name, cost, report, help_text))
    spread = report.half_spread_bps
    lines.append(
        Line(
            "Half spread " + ("earned" if spread is not None and spread < 0 else "paid"),
            "",
            formats.bps(abs(spread) if spread is not None else None, 2),
            tone_of(spread),
            "Per unit filled, against the mid at each fill.",
        )
    )
    return lines


def _cost(name: str, cost: Decimal | None, report: TcaReport, help_text: str, *, strong: bool = False) -> Line:
    share = report.bps(cost) if cost is not None else None
    quote = report.symbol.split("/")[1]
    money = formats.fixed(cost, MONEY_DECIMALS, signed=True)
    text = f"{money} {quote}" if cost is not None else money
    return Line(name, text, formats.bps(share, 2, signed=True), tone_of(cost), f"{help_text} Plus costs, minus gains.", strong=strong)


def tone_of(cost: Decimal | None) -> str:
    """Costs in the colour of losses, gains in that of gains; nothing for nothing."""
    return "" if not cost else "error" if cost > 0 else "ok"


def footnotes(report: TcaReport) -> str:
    """What stands behind a figure that is not what it seems; and how much of the market we were."""
    said = list(report.notes)
    if report.participation is not None:
        said.append(f"{formats.percent(report.participation)} of what the venues traded meanwhile.")
    return " ".join(said)
