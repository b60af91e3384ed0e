"""Comparisons as a trader reads them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from core.domain.comparison import Comparison
from core.domain.enums import ExecutionStrategy
from gui.compare.model import BEST_MARK, Column, blank_rows, headline, rows_of, titles
from gui.ticket.grid import Grid
from gui.ticket.model import Draft

D = Decimal
S = ExecutionStrategy
GRID = Grid(D("0.01"), D("0.00001"), "BTC", "USDT")

SWEEP = Comparison(
    S.PRICE_OPTIMIZED_LIQUIDITY,
    D(5),
    all_in_bps=D("5.6449"),
    average_price=D("61753.361"),
    worst_price=D("61754.5"),
    fees=D("154.3834"),
    expected_amount=D(5),
)
PASSIVE = replace(SWEEP, strategy=S.TWAP, all_in_bps=D("-0.5"), duration_s=300.0, estimated=True, note="80% passive")
REFUSED = Comparison(S.VWAP, D(5), duration_s=None, residual=D(5), why_not="VWAP is not available yet.")


def cells(*comparisons: Comparison) -> list[tuple[str, ...]]:
    return [row.cells for row in rows_of(comparisons, GRID)]


def test_a_row_says_what_a_strategy_costs_in_fixed_decimals() -> None:
    (row,) = cells(replace(SWEEP, residual=D("0.25")))
    assert row[Column.ALL_IN] == "+5.64"
    assert row[Column.AVERAGE] == "61,753.36"
    assert row[Column.WORST] == "61,754.50"
    assert row[Column.FEES] == "154.38"
    assert row[Column.DURATION] == "at once"
    assert row[Column.RESIDUAL] == "0.25000"


def test_an_estimate_is_marked_in_its_own_cell_and_explained() -> None:
    (row,) = rows_of([PASSIVE], GRID)
    assert row.cells[Column.ALL_IN] == "≈\u22120.50"
    assert row.cells[Column.DURATION] == "5 m"
    assert "adverse selection" in row.help
    assert row.gains


def test_the_best_wears_a_star_and_is_alone() -> None:
    rows = rows_of([SWEEP, PASSIVE, REFUSED], GRID)
    assert [row.best for row in rows] == [False, True, False]
    assert rows[1].cells[Column.STRATEGY] == f"{BEST_MARK} TWAP"
    assert not rows[0].cells[Column.STRATEGY].startswith(BEST_MARK)


def test_a_strategy_that_can_not_serve_says_why_and_shows_no_figures() -> None:
    (row,) = rows_of([REFUSED], GRID)
    assert not row.serves
    assert row.cells[Column.NOTE] == "VWAP is not available yet."
    assert set(row.cells[1 : Column.NOTE]) == {"–"}


def test_a_duration_that_nobody_knows_is_open() -> None:
    assert cells(replace(PASSIVE, duration_s=None))[0][Column.DURATION] == "open"


def test_copying_gives_raw_values() -> None:
    (row,) = rows_of([SWEEP], GRID)
    assert row.raw[Column.AVERAGE] == "61753.361"
    assert row.raw[Column.STRATEGY] == "price_optimized_liquidity"


def test_before_there_is_anything_to_compare_every_strategy_has_its_row() -> None:
    assert [row.strategy for row in blank_rows()] == list(ExecutionStrategy)
    assert not any(row.serves for row in blank_rows())


def test_units_stand_in_the_headers() -> None:
    assert titles(GRID)[Column.FEES] == "Fees USDT"
    assert titles(GRID)[Column.RESIDUAL] == "Residual BTC"


def test_the_headline_says_what_is_compared() -> None:
    draft = Draft("BTC/USDT", amount=D("5.0"), price=D("61900"), venues=("a", "b"))
    assert headline(draft, GRID) == "BUY 5 BTC/USDT · limit 61,900.00 · 2 venues"
