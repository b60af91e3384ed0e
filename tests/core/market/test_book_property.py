"""Any sequence of messages leaves the book exactly as a plain dict would be."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.domain.market import BookState, Levels
from core.market.book import OrderBook
from tests.core.making import NOW_US, instrument
from tests.core.market.messages import delta, snapshot

# Close together so that levels meet, cross and empty; and now and then from another world.
TICKS = st.one_of(st.integers(1, 40), st.integers(1, 40), st.integers(1, 10_000_000))
SIZES = st.one_of(st.just(0), st.integers(0, 5), st.integers(0, 10**15))
SIDE = st.lists(st.tuples(TICKS, SIZES), max_size=12)
# A kind, its levels, and whether somebody looks at the book afterwards: the arrays are patched only then.
STEPS = st.lists(st.tuples(st.sampled_from(["snapshot", "delta", "delta", "delta", "gap"]), SIDE, SIDE, st.booleans()), max_size=25)

Step = tuple[str, list[tuple[int, int]], list[tuple[int, int]], bool]


class PlainBook:
    """What a book is, without any cleverness."""

    def __init__(self) -> None:
        self.sides: tuple[dict[int, int], dict[int, int]] | None = None

    def apply(self, step: Step) -> None:
        kind, bids, asks, _ = step
        if kind == "gap":
            self.sides = None
        elif kind == "snapshot":
            self.sides = ({}, {})
        if self.sides is not None:
            for side, levels in zip(self.sides, (bids, asks), strict=True):
                side.update(levels)
                for tick in [tick for tick, size in side.items() if not size]:
                    del side[tick]

    @property
    def bids(self) -> list[tuple[int, int]]:
        return sorted(self.sides[0].items(), reverse=True) if self.sides else []

    @property
    def asks(self) -> list[tuple[int, int]]:
        return sorted(self.sides[1].items()) if self.sides else []

    @property
    def crossed(self) -> bool:
        return bool(self.bids and self.asks) and self.bids[0][0] >= self.asks[0][0]


def pairs(levels: Levels) -> list[tuple[int, int]]:
    return list(zip(levels.ticks.tolist(), levels.sizes.tolist(), strict=True))


@given(STEPS)
def test_a_book_equals_a_plain_dict_after_every_message(steps: list[Step]) -> None:
    book, plain = OrderBook(instrument()), PlainBook()
    for step in steps:
        kind, bids, asks, somebody_looks = step
        if kind == "gap":
            book.gap("lost")
        else:
            book.apply(snapshot(bids, asks) if kind == "snapshot" else delta(bids, asks))
        plain.apply(step)

        assert book.best_bid_tick == (plain.bids[0][0] if plain.bids else None)
        assert book.best_ask_tick == (plain.asks[0][0] if plain.asks else None)
        assert (book.state is BookState.CROSSED) == plain.crossed
        assert (book.state in (BookState.GAP, BookState.EMPTY)) == (plain.sides is None)
        if somebody_looks:
            view = book.view(NOW_US, 1)
            assert (pairs(view.bids), pairs(view.asks)) == (plain.bids, plain.asks)
    assert (pairs(book.levels("bids")), pairs(book.levels("asks"))) == (plain.bids, plain.asks)
    assert all(book.size_at(is_bid=True, tick=tick) == size for tick, size in plain.bids)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=20))
def test_a_numbered_book_is_live_only_on_an_unbroken_chain(steps: list[tuple[int, int]]) -> None:
    """Each step is a delta that skips so many numbers and spans so many more."""
    book = OrderBook(instrument())
    book.apply(snapshot([(10, 1)], [(20, 1)], seq=100))
    last, broken = 100, False
    for skipped, spanned in steps:
        prev = last + skipped
        last = prev + 1 + spanned
        book.apply(delta([(10, 1 + last)], seq=last, prev=prev))
        broken = broken or skipped > 0
        assert (book.state is BookState.GAP) == broken
