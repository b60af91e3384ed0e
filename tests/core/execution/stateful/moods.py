"""What a market may do: move, thin out and fill up, trade, and show books that can't be trusted."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import strategies as st
from hypothesis.stateful import rule

from core.domain.enums import OrderSide
from tests.core.execution.stateful.machine import Desk, pick, sides, waits, which
from tests.core.execution.stateful.market import MIDDLE
from tests.core.execution.stateful.world import World


class Moods(Desk):
    """Rules of the market."""

    @rule(venue=which, everywhere=st.booleans(), by=st.sampled_from(["0.5", "-0.5", "1", "-1", "3", "-3"]), wait=waits)
    def move(self, venue: int, everywhere: bool, by: str, wait: float) -> None:
        def act(world: World) -> None:
            books = list(world.books.values())
            for book in books if everywhere else [pick(books, venue)]:
                book.middle = min(max(book.middle + Decimal(by), MIDDLE - 8), MIDDLE + 8)
                book.show()

        self.step(wait, act)

    @rule(venue=which, depth=st.sampled_from(["1", "0.1", "5", "0.03"]), wait=waits)
    def fill_up_or_thin_out(self, venue: int, depth: str, wait: float) -> None:
        def act(world: World) -> None:
            book = pick(list(world.books.values()), venue)
            book.depth = Decimal(depth)
            book.show()

        self.step(wait, act)

    @rule(venue=which, side=sides, size=st.sampled_from(["0", "0.05", "3"]), wait=waits)
    def change_the_touch(self, venue: int, side: OrderSide, size: str, wait: float) -> None:
        self.step(wait, lambda world: pick(list(world.books.values()), venue).level(side, size))

    @rule(venue=which, taker=sides, away=st.sampled_from(["0", "0.5", "1", "4"]), size=st.sampled_from(["0.1", "1", "20"]), wait=waits)
    def trades_print(self, venue: int, taker: OrderSide, away: str, size: str, wait: float) -> None:
        self.step(wait, lambda world: pick(list(world.books.values()), venue).trade(taker, away, size))

    @rule(venue=which, kind=st.sampled_from(["gap", "lost", "frozen", "silent", "back"]), wait=waits)
    def the_book_breaks(self, venue: int, kind: str, wait: float) -> None:
        self.step(wait, lambda world: break_book(world, pick(list(world.venues), venue), kind))


def break_book(world: World, venue: str, kind: str) -> None:
    book, faults = world.books[venue], world.venues[venue].faults
    if kind == "gap":
        faults.arm_gap()
        book.level(OrderSide.BUY, "1")
    elif kind == "lost":
        book.feed.gap()
    elif kind == "frozen":
        faults.market_frozen = True
    elif kind == "silent":
        book.silent = True
    else:
        book.silent, faults.market_frozen = False, False
        book.show()
