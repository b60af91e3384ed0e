"""Recordings as they are found: whole, damaged, cut off, or something else altogether."""

from __future__ import annotations

import gzip
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.domain.errors import MarketDataError, RecordingError
from core.domain.market import BookMessage, FeedGap, MarketMessage, PublicTrade
from core.market.recording import RecordedLine, Remark, decode, read_recording, stated_instrument
from core.market.recording_writer import RecordingWriter
from tests.core.making import instrument
from tests.core.market import messages
from tests.core.market.lines import START_US, Line, delta, opening, snapshot, text_of, trade, write


def read(path: Path) -> tuple[list[RecordedLine], list[Remark]]:
    items = list(read_recording(path))
    return [item for item in items if isinstance(item, RecordedLine)], [item for item in items if isinstance(item, Remark)]


@pytest.mark.parametrize("name", ["day.jsonl.gz", "day.jsonl"])
def test_lines_come_in_order_with_their_receive_times(tmp_path: Path, name: str) -> None:
    lines, remarks = read(write(tmp_path / name, [opening(), b"", delta(5), trade(7)]))
    assert [(line.kind, line.time_us - START_US) for line in lines] == [("snapshot", 0), ("delta", 5_000), ("trade", 7_000)]
    assert remarks == []


def test_a_perp_is_called_like_its_spot_and_a_line_without_rx_is_timed_by_the_exchange(tmp_path: Path) -> None:
    line = opening("binance_perp", at_ms=3)
    del line["rx"]
    (read_line,), _ = read(write(tmp_path / "day.jsonl", [line]))
    assert (read_line.symbol, read_line.market_type, read_line.time_us) == ("BTC/USDT", "perp", START_US + 3_000)


NOT_A_RECORDING = {
    "missing.jsonl.gz": (None, "There is no recording missing.jsonl.gz."),
    "empty.jsonl": (b"", "empty.jsonl is empty."),
    "empty.jsonl.gz": (gzip.compress(b""), "empty.jsonl.gz is empty."),
    "nothing.jsonl.gz": (b"", "nothing.jsonl.gz is empty."),
    "text.jsonl.gz": (b"hello\n", "text.jsonl.gz is not a gzip file."),
    "poem.jsonl": (b"so much depends\nupon\n", "poem.jsonl holds no line that Fathom can read."),
    "blank.jsonl": (b"\n\n", "blank.jsonl holds no line that Fathom can read."),
    "head.jsonl.gz": (gzip.compress(b"x")[:6], "head.jsonl.gz holds no line that Fathom can read."),
}


@pytest.mark.parametrize("name", NOT_A_RECORDING)
def test_a_file_that_is_no_recording_is_refused_in_one_sentence(tmp_path: Path, name: str) -> None:
    content, sentence = NOT_A_RECORDING[name]
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(RecordingError) as refused:
        read(tmp_path / name)
    assert str(refused.value) == sentence
    assert refused.value.detail is not None


def test_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"can't be read\."):
        read(tmp_path)


@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_what_came_before_the_damage_of_a_gzip_is_played(tmp_path: Path, damage: str) -> None:
    # Prices that do not compress, so that the file is long enough to be damaged in the middle.
    rows = [delta(number, [(f"{99 + number * 0.01:.2f}", f"{number * 7919 % 10_007}")]) for number in range(5_000)]
    packed = bytearray(gzip.compress(text_of([opening(), *rows])))
    path = tmp_path / "day.jsonl.gz"
    if damage == "cut":
        del packed[len(packed) // 2 :]
    else:
        packed[-6] ^= 0xFF  # in the checksum: everything is there, but it may not be what was written
    path.write_bytes(packed)
    lines, remarks = read(path)
    assert lines[0].kind == "snapshot"
    assert len(lines) > 1_000
    (remark,) = remarks
    assert remark.breaks_book
    assert remark.venue is None
    assert remark.sentence == f"day.jsonl.gz is cut off or damaged after line {len(lines):,}; what came before was played."


def without(line: dict[str, Any], field: str) -> dict[str, Any]:
    return {name: value for name, value in line.items() if name != field}


# What the line is, the sentence about it, and whose book it costs ('?': anybody's; None: nobody's).
DAMAGED: dict[str, tuple[Line, str, str | None]] = {
    "cut in the middle": (text_of([delta(1)])[:-20], "Line 2 of day.jsonl is not JSON and is left out.", "binance_spot"),
    "rubbish": (b"\xff\xfe rubbish", "Line 2 of day.jsonl is not JSON and is left out.", "?"),
    "a list": (b"[1,2]", "Line 2 of day.jsonl is not a message and is left out.", "?"),
    "a trade cut": (text_of([trade(1)])[:-20], "Line 2 of day.jsonl is not JSON and is left out.", None),
    "no bids": (without(delta(1), "bids"), "Line 2 of day.jsonl lacks bids and is left out.", "binance_spot"),
    "no venue": (without(delta(1), "venue"), "Line 2 of day.jsonl lacks venue and is left out.", "?"),
    "a number as symbol": (delta(1) | {"symbol": 7}, "Line 2 of day.jsonl names no venue and symbol and is left out.", "binance_spot"),
    "a text as time": (delta(1) | {"ts": "now"}, "Line 2 of day.jsonl has no usable time in ts and is left out.", "binance_spot"),
    "no number as number": (delta(1, seq=1.5), "Line 2 of day.jsonl has no usable number in seq and is left out.", "binance_spot"),
    "no list of levels": (delta(1) | {"asks": {}}, "Line 2 of day.jsonl has no lists of levels and is left out.", "binance_spot"),
    "a year ahead": (
        delta(1) | {"rx": START_US + 365 * 86_400_000_000},
        "Line 2 of day.jsonl was received a day or more from when it was sent and is left out.",
        "binance_spot",
    ),
    "a misspelt type": (delta(1) | {"type": "dleta"}, "Line 2 of day.jsonl has the unknown type 'dleta' and is left out.", "binance_spot"),
    "another type": ({"type": "funding", "rate": "0.01"}, "day.jsonl holds lines of the type 'funding', which Fathom leaves out.", None),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_a_damaged_line_is_left_out_and_said(tmp_path: Path, case: str) -> None:
    line, sentence, costs = DAMAGED[case]
    lines, (remark,) = read(write(tmp_path / "day.jsonl", [opening(), line, delta(2)]))
    assert [line.number for line in lines] == [1, 3]
    assert remark.sentence == sentence
    assert remark.breaks_book == (costs is not None)
    if costs is not None:
        assert remark.venue == (None if costs == "?" else costs)


def test_unknown_fields_are_ignored_and_said_once(tmp_path: Path) -> None:
    lines, (remark,) = read(write(tmp_path / "day.jsonl", [opening(), delta(1, weather="fine"), delta(2, weather="rain")]))
    assert len(lines) == 3
    assert remark.sentence == "day.jsonl holds fields that Fathom does not know: weather."
    assert not remark.breaks_book


def test_a_line_from_the_past_is_played_late(tmp_path: Path) -> None:
    lines, (remark,) = read(write(tmp_path / "day.jsonl", [opening(), delta(9), delta(4), delta(3), delta(12)]))
    assert [(line.time_us - START_US) // 1_000 for line in lines] == [0, 9, 9, 9, 12]
    assert remark.sentence == "day.jsonl runs back in time in places; such lines are played late, not left out."


def decoded(tmp_path: Path, *lines: Line) -> list[MarketMessage]:
    rules = instrument(tick="0.01", lot="0.00001")
    return [decode(line, rules) for line in read(write(tmp_path / "day.jsonl", lines))[0]]


def test_a_line_becomes_a_message_in_ticks_and_units(tmp_path: Path) -> None:
    book, print_ = decoded(tmp_path, opening(seq=5), trade(1, "100.10", "0.25"))
    assert isinstance(book, BookMessage)
    assert (book.is_snapshot, book.seq, book.prev_seq) == (True, 5, None)
    assert (book.bid_ticks, book.bid_sizes) == ([9990, 9980], [150_000, 200_000])
    assert isinstance(print_, PublicTrade)
    assert (print_.price_ticks, print_.size_units, print_.side) == (10_010, 25_000, "buy")


@pytest.mark.parametrize(
    "line",
    [
        delta(1, [("100.005", "1")]),
        delta(1, [("-1", "1")]),
        delta(1, [("a lot", "1")]),
        delta(1, [("100.00", "-1")]),
        delta(1, [("100.00", "NaN")]),
        delta(1) | {"bids": [["100.00"]]},
        delta(1) | {"bids": [7]},
        trade(1, side="neither"),
        trade(1) | {"price": None},
    ],
    ids=["off the tick", "negative price", "no price", "negative size", "no size", "a price alone", "no level", "no side", "null"],
)
def test_a_line_that_makes_no_sense_is_a_market_data_error(tmp_path: Path, line: Line) -> None:
    with pytest.raises(MarketDataError):
        decoded(tmp_path, opening(), line)


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    rules = instrument("binance_perp", tick="0.01", lot="0.00000001")
    sent: list[MarketMessage] = [
        messages.snapshot([(9990, 5)], [(10_010, 7)], seq=1, venue="binance_perp"),
        messages.delta([(9990, 0)], [], seq=2, prev=1, venue="binance_perp"),
        messages.trade(10_010, 123_456_789, venue="binance_perp"),
        messages.gap("binance_perp lost its connection", venue="binance_perp"),
    ]
    path = tmp_path / "mine.jsonl.gz"
    with RecordingWriter(path) as writer:
        for message in sent:
            writer.write(message, rules)
    lines, remarks = read(path)
    assert [decode(line, rules) for line in lines] == sent
    assert remarks == []
    assert lines[0].fields["symbol"] == "BTC/USDT:USDT"
    assert lines[0].fields["bids"] == [["99.90", "0.00000005"]]
    assert isinstance(decode(lines[3], rules), FeedGap)


def test_a_recording_states_the_rules_of_its_venues(tmp_path: Path) -> None:
    rules = replace(instrument("kraken_perp", tick="0.5", lot="0.0001"), min_notional=Decimal(7), maker_fee=Decimal("-0.0001"))
    path = tmp_path / "mine.jsonl.gz"
    with RecordingWriter(path) as writer:
        writer.write_instrument(rules, START_US)
        writer.write(messages.snapshot(venue="kraken_perp"), rules)
    (stated, _), remarks = read(path)
    assert stated_instrument(stated) == rules
    assert remarks == []


@pytest.mark.parametrize("rule", [{"tick": "much"}, {"lot": "-1"}, {"taker_fee": "nan"}, {"tick": "0"}, {"min_amount": [1]}])
def test_a_rule_that_can_not_be_is_refused(tmp_path: Path, rule: dict[str, object]) -> None:
    line = {"type": "instrument", "ts": START_US // 1_000, "venue": "binance_spot", "symbol": "BTC/USDT", "tick": "0.1", "lot": "1"}
    (stated, _), _ = read(write(tmp_path / "day.jsonl", [{**line, **rule}, opening()]))
    with pytest.raises(MarketDataError):
        stated_instrument(stated)


def test_a_recording_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"mine\.jsonl\.gz can't be written\."):
        RecordingWriter(tmp_path / "nowhere" / "mine.jsonl.gz")


def test_sizes_keep_every_digit_of_the_wire(tmp_path: Path) -> None:
    rules = instrument(tick="0.01", lot="0.001", size_unit=Decimal("0.00000001"))
    (line,), _ = read(write(tmp_path / "day.jsonl", [snapshot(0, [("100.00", "12345.00000617")], [])]))
    message = decode(line, rules)
    assert isinstance(message, BookMessage)
    assert rules.amount_of(message.bid_sizes[0]) == Decimal("12345.00000617")
