"""A report says what was traded, to the last digit, from the journal alone."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from core.desk.desk import open_desk
from core.desk.report import FILES, write_report
from core.desk.settings import Settings
from core.domain.clock import MICROSECONDS
from core.domain.errors import FathomError, JournalError
from core.domain.orders import Fill, OrderSnapshot
from core.domain.tca import TcaReport
from core.journal.journal import Journal


@dataclass
class Traded:
    """What the desk said of two orders before it was closed, and where its journal is."""

    journal: Path
    parents: list[OrderSnapshot]
    children: list[OrderSnapshot]
    fills: list[Fill]
    costs: list[TcaReport]


@pytest.fixture
async def traded(tmp_path: Path) -> Traded:
    """A sweep over all venues and a market sell, on the demo market."""
    async with open_desk(Settings(profile=tmp_path / "profile")) as desk:
        orders = [
            await desk.engine.execute_order("BTC/USDT", "buy", "2", "market", strategy="price_optimized_liquidity"),
            await desk.engine.execute_order("BTC/USDT", "sell", "0.05", "market", strategy="best_price"),
        ]
        for order in orders:
            await order.done()
        snapshots = desk.order_manager.snapshots()
        children = [one for one in snapshots if not one.is_parent]
        fills = [fill for child in children for fill in desk.order_manager.order(child.id).fills]
        costs = [desk.engine.tca(order.id) for order in orders]
        parents = [one for one in snapshots if one.is_parent]
    return Traded(tmp_path / "profile" / "demo" / "journal.db", parents, children, fills, costs)


def _table(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_order_and_fill_is_in_it_with_all_of_its_digits(traded: Traded, tmp_path: Path) -> None:
    written = write_report(traded.journal, tmp_path / "out")
    assert (written.parents, written.orders, written.fills) == (2, 2 + len(traded.children), len(traded.fills))
    orders = {row["order_id"]: row for row in _table(tmp_path / "out", "orders.csv")}
    assert set(orders) == {order.id for order in (*traded.parents, *traded.children)}
    for order in (*traded.parents, *traded.children):
        row = orders[order.id]
        assert Decimal(row["amount"]) == order.amount
        assert Decimal(row["filled_amount"]) == order.filled_amount
        assert (row["status"], row["parent_id"]) == (order.status.value, order.parent_id or "")
    fills = {(row["venue"], row["trade_id"]): row for row in _table(tmp_path / "out", "fills.csv")}
    for fill in traded.fills:
        row = fills[fill.venue, fill.trade_id]
        assert (Decimal(row["price"]), Decimal(row["amount"]), Decimal(row["fee"])) == (fill.price, fill.amount, fill.fee)
        assert Decimal(row["notional"]) == fill.price * fill.amount


def test_the_costs_are_those_that_the_inspector_showed(traded: Traded, tmp_path: Path) -> None:
    write_report(traded.journal, tmp_path)
    rows = {row["order_id"]: row for row in _table(tmp_path, "tca.csv")}
    for report in traded.costs:
        assert report.costs is not None
        row = rows[report.order_id]
        parts = [Decimal(row[f"{name}_quote"]) for name, _ in report.costs.parts()]
        assert parts == [part for _, part in report.costs.parts()]
        assert Decimal(row["shortfall_quote"]) == report.costs.shortfall == sum(parts)
        assert row["running"] == "no"


def test_no_number_has_an_exponent_and_every_time_is_utc(traded: Traded, tmp_path: Path) -> None:
    write_report(traded.journal, tmp_path)
    for name in FILES:
        for row in _table(tmp_path, name):
            for column, cell in row.items():
                if column.endswith("_utc"):
                    assert cell == "" or (len(cell) == len("2026-01-31T12:00:00.000001Z") and cell.endswith("Z")), column
                elif column not in ("params", "notes", "reason") and cell.replace("-", "").replace(".", "").replace("E", "").isdigit():
                    assert "E" not in cell, column


def test_the_days_before_are_left_out(traded: Traded, tmp_path: Path) -> None:
    second = max(traded.parents, key=lambda order: order.created_us)
    written = write_report(traded.journal, tmp_path, since_us=second.created_us)
    assert written.parents == 1
    assert {row["order_id"] for row in _table(tmp_path, "tca.csv")} == {second.id}
    assert write_report(traded.journal, tmp_path, since_us=second.created_us + MICROSECONDS).parents == 0


def test_it_reads_beside_a_desk_that_is_trading(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = Journal(path)
    try:
        assert write_report(path, tmp_path / "out").parents == 0
        assert all((tmp_path / "out" / name).read_text().count("\n") == 1 for name in FILES), "the headings, and no more"
    finally:
        journal.close()


def test_an_order_that_makes_no_sense_is_named_and_the_others_are_there(traded: Traded, tmp_path: Path) -> None:
    journal = Journal(traded.journal)
    journal.append(1, "pdamaged", "parent", {"symbol": "BTC/USDT"})
    journal.close()
    written = write_report(traded.journal, tmp_path)
    assert written.unreadable == ("pdamaged",)
    assert written.parents == 2


def test_without_a_journal_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="There is no journal"):
        write_report(tmp_path / "live" / "journal.db", tmp_path)


def test_where_it_can_not_write_it_says_so(traded: Traded, tmp_path: Path) -> None:
    blocked = tmp_path / "a_file"
    blocked.write_text("")
    with pytest.raises(FathomError, match="The report can't be written to"):
        write_report(traded.journal, blocked)
