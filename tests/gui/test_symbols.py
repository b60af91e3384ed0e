"""Finding one of thousands by a few letters."""

from __future__ import annotations

from time import perf_counter

import pytest

from gui.symbols import MOST_REMEMBERED, meant, offered, remembered

SYMBOLS = ["1000BTT/USDT", "ADA/BTC", "BTC/EUR", "BTC/USDT", "BTCDOM/USDT", "ETH/BTC", "ETH/USDT", "WBTC/USDT"]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("btc", "BTC/EUR"),
        ("btc/usdt", "BTC/USDT"),
        ("btcusdt", "BTC/USDT"),
        ("BTC USDT", "BTC/USDT"),
        ("btcd", "BTCDOM/USDT"),
        ("wb", "WBTC/USDT"),
        ("eth", "ETH/BTC"),
        ("usdt", "1000BTT/USDT"),
    ],
)
def test_what_was_meant_comes_first(typed: str, first: str) -> None:
    assert offered(typed, SYMBOLS)[0] == meant(typed, SYMBOLS) == first


def test_everything_that_contains_the_letters_is_offered() -> None:
    assert offered("btc", SYMBOLS) == ["BTC/EUR", "BTC/USDT", "BTCDOM/USDT", "ADA/BTC", "ETH/BTC", "WBTC/USDT"]


def test_what_was_used_lately_wins_among_equals() -> None:
    assert offered("btc", SYMBOLS, ["BTC/USDT"])[:2] == ["BTC/USDT", "BTC/EUR"]
    assert offered("btc", SYMBOLS, ["WBTC/USDT"])[0] == "BTC/EUR", "but not over a better match"


def test_without_a_letter_those_used_lately_stand_on_top() -> None:
    assert offered("", SYMBOLS, ["ETH/USDT", "GONE/USDT", "BTC/USDT"])[:3] == ["ETH/USDT", "BTC/USDT", "1000BTT/USDT"]


def test_nonsense_means_nothing() -> None:
    assert offered("xyz", SYMBOLS) == []
    assert meant("xyz", SYMBOLS) is None
    assert meant("  /", SYMBOLS) is None


def test_a_few_are_remembered_each_once() -> None:
    recent: tuple[str, ...] = ()
    for symbol in [f"S{number}/USDT" for number in range(20)] + ["S15/USDT"]:
        recent = remembered(symbol, recent)
    assert recent[:3] == ("S15/USDT", "S19/USDT", "S18/USDT")
    assert len(recent) == len(set(recent)) == MOST_REMEMBERED


def test_a_letter_in_four_thousand_symbols_takes_no_frame() -> None:
    many = [f"{chr(65 + number % 26)}{number}/USDT" for number in range(4_000)]
    started_s = perf_counter()
    for typed in ("u", "us", "usd", "1"):
        offered(typed, many, ["A26/USDT"])
    assert (perf_counter() - started_s) / 4 < 0.1, "a keystroke; 16 ms on a free machine, with room for a busy one"
