"""A journal as three tables for a spreadsheet: orders, fills, and what each parent cost.

It reads beside a running Fathom and takes no lock, so a report is of the moment it was asked for. Numbers are written as they
are, to the last digit and with a point, times in UTC: a table that was rounded or made local can't be checked against the exchange's own.
"""

from __future__ import annotations

import csv
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import orjson

from core.domain.errors import FathomError, JournalError
from core.domain.orders import Fill, OrderSnapshot
from core.domain.tca import TcaReport
from core.execution.history import read_executions
from core.execution.records import rebuild
from core.execution.snapshots import child_snapshot, parent_snapshot
from core.execution.tca import tca
from core.journal.entry import Entry, Story
from core.journal.store import read_entries

log = logging.getLogger(__name__)

FILES = ("orders.csv", "fills.csv", "tca.csv")
_BPS_DECIMALS = Decimal("0.0001")
_PRICE_DIGITS = 16  # of an average, which has no last digit

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class ReportFiles:
    """What was written.

    Attributes:
        parents, orders, fills: how many; `orders` counts parents and children.
        unreadable: ids of parents that the journal's lines do not make sense of; they are in no table.
    """

    folder: Path
    parents: int
    orders: int
    fills: int
    unreadable: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Parent:
    order: OrderSnapshot
    children: Sequence[OrderSnapshot]
    venue_ids: Mapping[str, str]
    fills: Sequence[Fill]
    costs: TcaReport


def write_report(journal: Path, folder: Path, *, since_us: int = 0) -> ReportFiles:
    """Write `FILES` into `folder`, which is made if need be; files of an earlier report are replaced.

    Args:
        journal: the database file.
        since_us: only parents that were made at or after this moment, µs since 1970.

    Raises:
        JournalError: there is no journal, or it can't be read.
        FathomError: the tables can't be written.
    """
    if not journal.is_file():
        raise JournalError(f"There is no journal {journal}: nothing has been traded with this profile in this mode.")
    unreadable: list[str] = []
    parents = list(_read(read_entries(journal), since_us, unreadable))
    tables = {
        "orders.csv": [row for parent in parents for row in _order_rows(parent)],
        "fills.csv": [_fill_row(parent.order.id, fill) for parent in parents for fill in parent.fills],
        "tca.csv": [_cost_row(parent.costs) for parent in parents],
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, rows in tables.items():
            _write(folder / name, _COLUMNS[name], rows)
    except OSError as error:
        raise FathomError(f"The report can't be written to {folder}: {error.strerror or error}.", detail=error) from error
    return ReportFiles(folder, len(parents), len(tables["orders.csv"]), len(tables["fills.csv"]), tuple(unreadable))


def _read(entries: Sequence[Entry], since_us: int, unreadable: list[str]) -> Iterator[_Parent]:
    stories: dict[str, list[Entry]] = {}
    for entry in entries:
        stories.setdefault(entry.parent_id, []).append(entry)
    for parent_id, lines in stories.items():
        if lines[0].ts_us < since_us:
            continue
        try:
            state = rebuild(Story(parent_id, over=True, entries=lines))
            costs = tca(read_executions(lines)[parent_id])
        except (ValueError, KeyError, TypeError):
            log.exception("order %s can't be rebuilt", parent_id)
            unreadable.append(parent_id)
            continue
        children = state.children.values()
        yield _Parent(
            parent_snapshot(state),
            [child_snapshot(child) for child in children],
            {child.client_id: child.venue_order_id or "" for child in children},
            sorted(state.executed.fills, key=lambda fill: fill.ts_us),
            costs,
        )


# -- rows ------------------------------------------------------------------------------------------


def _order_rows(parent: _Parent) -> Iterator[Row]:
    yield _order_row(parent.order, "")
    for child in parent.children:
        yield _order_row(child, parent.venue_ids[child.id])


def _order_row(order: OrderSnapshot, venue_id: str) -> Row:
    return {
        "order_id": order.id,
        "parent_id": order.parent_id or "",
        "kind": "parent" if order.is_parent else "child",
        "created_utc": _time(order.created_us),
        "updated_utc": _time(order.updated_us),
        "symbol": order.symbol,
        "side": order.side.value,
        "order_type": order.order_type.value,
        "time_in_force": order.time_in_force.value,
        "strategy": order.strategy.value if order.strategy else "",
        "venue": order.exchange or " ".join(order.exchanges),
        "venue_order_id": venue_id,
        "price": _number(order.price),
        "trigger_price": _number(order.trigger_price),
        "amount": _number(order.amount),
        "filled_amount": _number(order.filled_amount),
        "average_price": _rounded(order.average_price),
        "fees": _fees(order.fees),
        "live_amount": _number(order.live_amount),
        "status": order.status.value,
        "knowledge": order.knowledge.value,
        "flags": " ".join(sorted(order.flags)),
        "reason": order.reason,
        "params": orjson.dumps(dict(order.params), default=str).decode() if order.params else "",
    }


def _fill_row(parent_id: str, fill: Fill) -> Row:
    return {
        "time_utc": _time(fill.ts_us),
        "parent_id": parent_id,
        "order_id": fill.client_id,
        "venue": fill.venue,
        "trade_id": fill.trade_id,
        "symbol": fill.symbol,
        "side": fill.side.value,
        "price": _number(fill.price),
        "amount": _number(fill.amount),
        "notional": _number(fill.price * fill.amount),
        "fee": _number(fill.fee),
        "fee_currency": fill.fee_currency,
        "liquidity": fill.liquidity.value,
    }


def _cost_row(report: TcaReport) -> Row:
    costs, predicted = report.costs, report.predicted
    return {
        "order_id": report.order_id,
        "symbol": report.symbol,
        "side": report.side.value,
        "strategy": report.strategy.value,
        "decision_utc": _time(report.decision_us),
        "arrival_utc": _time(report.arrival_us),
        "measured_utc": _time(report.measured_us),
        "running": "yes" if report.running else "no",
        "amount": _number(report.amount),
        "filled_amount": _number(report.filled_amount),
        "average_price": _rounded(report.average_price),
        "decision_mid": _number(report.decision_mid),
        "arrival_mid": _number(report.arrival_mid),
        "end_mid": _number(report.end_mid),
        **{f"{part}_quote": _number(getattr(costs, part, None)) for part in _PARTS},
        "shortfall_bps": _bps(report.bps(costs.shortfall) if costs else None),
        "slippage_bps": _bps(report.slippage_bps),
        "all_in_bps": _bps(report.all_in_bps if report.filled_amount else None),
        "half_spread_bps": _bps(report.half_spread_bps),
        "predicted_all_in_bps": _bps(predicted.all_in_bps if predicted else None),
        "market_volume": _number(report.market_volume),
        "market_vwap": _rounded(report.market_vwap),
        "market_twap": _rounded(report.market_twap),
        "against_vwap_bps": _bps(report.against(report.market_vwap)),
        "against_twap_bps": _bps(report.against(report.market_twap)),
        "other_fees": _fees(report.other_fees),
        "notes": " ".join(report.notes),
    }


_PARTS = ("delay", "spread", "timing", "opportunity", "fees", "shortfall")
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "orders.csv": (
        *("order_id", "parent_id", "kind", "created_utc", "updated_utc", "symbol", "side", "order_type", "time_in_force", "strategy"),
        *("venue", "venue_order_id", "price", "trigger_price", "amount", "filled_amount", "average_price", "fees", "live_amount"),
        *("status", "knowledge", "flags", "reason", "params"),
    ),
    "fills.csv": (
        *("time_utc", "parent_id", "order_id", "venue", "trade_id", "symbol", "side", "price", "amount", "notional"),
        *("fee", "fee_currency", "liquidity"),
    ),
    "tca.csv": (
        *("order_id", "symbol", "side", "strategy", "decision_utc", "arrival_utc", "measured_utc", "running", "amount", "filled_amount"),
        *("average_price", "decision_mid", "arrival_mid", "end_mid", *(f"{part}_quote" for part in _PARTS)),
        *("shortfall_bps", "slippage_bps", "all_in_bps", "half_spread_bps", "predicted_all_in_bps"),
        *("market_volume", "market_vwap", "market_twap", "against_vwap_bps", "against_twap_bps", "other_fees", "notes"),
    ),
}


# -- cells -----------------------------------------------------------------------------------------


def _write(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """In one step: whoever has the old table open never reads half of the new one."""
    draft = path.with_suffix(".tmp")
    with draft.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, columns)
        table.writeheader()
        table.writerows(rows)
    draft.replace(path)


def _time(ts_us: int | None) -> str:
    """`2026-01-31T12:00:00.000001Z`; empty for none."""
    if ts_us is None:
        return ""
    whole_s = datetime.fromtimestamp(ts_us // 1_000_000, UTC)
    return f"{whole_s:%Y-%m-%dT%H:%M:%S}.{ts_us % 1_000_000:06}Z"


def _number(value: Decimal | None) -> str:
    """Every digit, no exponent, no zeros behind the last digit that says something."""
    if value is None:
        return ""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _rounded(price: Decimal | None) -> str:
    """To as many digits as a price can mean."""
    return "" if price is None else _number(price.quantize(Decimal(1).scaleb(price.adjusted() + 1 - _PRICE_DIGITS)))


def _bps(value: Decimal | None) -> str:
    return "" if value is None else _number(value.quantize(_BPS_DECIMALS))


def _fees(fees: Mapping[str, Decimal]) -> str:
    """`1.25 USDT; 0.0004 BTC`."""
    return "; ".join(f"{_number(fee)} {currency}" for currency, fee in sorted(fees.items()))
