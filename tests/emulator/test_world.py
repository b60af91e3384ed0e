"""The emulator's own book-keeping: update ids, entry prices, and one trade told once."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.domain.enums import OrderSide
from core.domain.market import BookMessage
from tests.emulator import Emulator, HandFeed
from tests.emulator.book import PublicPrint, WireBook
from tests.emulator.markets import SYMBOL, instrument
from tests.emulator.orders import Change, OrderChange, OrderWords
from tests.emulator.positions import Position
from tests.emulator.world import new_order


def message(bids: dict[int, int], asks: dict[int, int], *, snapshot: bool = False) -> BookMessage:
    sides = (list(bids), list(bids.values()), list(asks), list(asks.values()))
    return BookMessage(snapshot, "binance_spot", SYMBOL, 1, 1, None, None, *sides)


def test_update_ids_never_skip_and_what_changes_nothing_has_none() -> None:
    book = WireBook(instrument("binance_spot"))
    first = book.apply(message({200: 5, 199: 6}, {201: 7}, snapshot=True))
    again = book.apply(message({200: 5}, {}))
    second = book.apply(message({200: 0, 198: 1}, {}))
    assert first is not None
    assert second is not None
    assert again is None
    assert second.first_id == first.last_id + 1
    assert book.levels() == ({199: 6, 198: 1}, {201: 7})


def test_a_snapshot_removes_what_it_does_not_name() -> None:
    book = WireBook(instrument("binance_spot"))
    book.apply(message({200: 5, 199: 6}, {201: 7}, snapshot=True))
    change = book.apply(message({199: 6}, {202: 8}, snapshot=True))
    assert change is not None
    assert (change.bids, change.asks) == ({200: 0}, {201: 0, 202: 8})


@pytest.mark.parametrize(
    ("trades", "amount", "entry", "realised"),
    [
        ([("1", "100"), ("1", "110")], "2", "105", "0"),
        ([("2", "100"), ("-1", "130")], "1", "100", "30"),
        ([("1", "100"), ("-3", "90")], "-2", "90", "-10"),
        ([("-2", "100"), ("2", "80")], "0", "0", "40"),
    ],
)
def test_entry_prices_average_stay_and_start_anew(trades: list[tuple[str, str]], amount: str, entry: str, realised: str) -> None:
    position = Position()
    for signed, price in trades:
        position.add(Decimal(signed), Decimal(price))
    assert (position.amount, position.entry, position.realised) == (Decimal(amount), Decimal(entry), Decimal(realised))


def test_a_print_that_fills_us_is_told_once_and_our_own_taking_is_a_print(feed: HandFeed) -> None:
    venue = Emulator(feed).venues["binance_spot"]
    feed.snapshot("binance_spot", {"100": "1"}, {"100.5": "1"})
    prints: list[PublicPrint] = []
    changes: list[OrderChange] = []
    venue.on_print(prints.append)
    venue.on_order(changes.append)
    words = OrderWords()
    resting = venue.place(new_order("c1", SYMBOL, OrderSide.SELL, Decimal(1), Decimal("100.5"), words), words)
    feed.trade("binance_spot", OrderSide.BUY, "101", "3")
    venue.place(new_order("c2", SYMBOL, OrderSide.SELL, Decimal("0.5"), Decimal(100), words), words)
    assert [(one.side, one.amount) for one in prints] == [(OrderSide.BUY, 3), (OrderSide.SELL, Decimal("0.5"))]
    assert [change.kind for change in changes] == [Change.NEW, Change.TRADE, Change.NEW, Change.TRADE]
    assert not resting.is_open
    assert changes[-1].fill is not None
    assert changes[-1].fill.number == prints[-1].number
