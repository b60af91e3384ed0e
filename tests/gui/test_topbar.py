"""The fixed rows: touch, spread, health and the numbers at the bottom."""

from __future__ import annotations

from decimal import Decimal

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from core.domain.market import BookState
from gui.health import HealthStrip, chip_of, grouped, rest_of
from gui.statusbar import LagMeter, StatusBar
from gui.theme import Theme
from gui.topbar import TopBar, spread_bps
from tests.gui.fakes import FakeHealth


@pytest.mark.parametrize(
    ("bid", "ask", "bps"), [("999", "1001", "20"), ("1001", "999", "-20"), ("1000", "1000", "0")], ids=["open", "crossed", "locked"]
)
def test_the_spread_is_negative_when_venues_cross(bid: str, ask: str, bps: str) -> None:
    assert spread_bps(Decimal(bid), Decimal(ask)) == Decimal(bps)


def test_without_both_sides_there_is_no_spread() -> None:
    assert spread_bps(None, Decimal(1)) is None


def test_a_troubled_venue_is_named_in_words() -> None:
    gap = chip_of(FakeHealth("binance_spot", BookState.GAP, note="binance_spot skipped 12 updates"))
    assert gap.value == "gap"
    assert "skipped 12 updates" in gap.tip
    assert chip_of(FakeHealth("okx_spot", BookState.EMPTY, age_ms=None)).value == "no book"
    assert chip_of(FakeHealth("okx_spot", BookState.LIVE)).value == "12 ms"


def test_a_venue_that_is_silent_about_our_orders_is_no_green_dot_although_its_book_lives() -> None:
    silent = chip_of(FakeHealth("okx_spot", BookState.LIVE, account="the private stream is down"))
    assert (silent.state, silent.value) == ("silent", "12 ms")
    assert "orders: the private stream is down" in silent.tip
    assert chip_of(FakeHealth("okx_spot", BookState.STALE, account="the private stream is down")).state == "stale"
    assert rest_of([silent, chip_of(FakeHealth("bybit_spot", BookState.LIVE))]).value == "silent"


@pytest.mark.parametrize("width", [1200, 500, 90])
def test_health_fits_any_width(theme: Theme, qtbot: QtBot, width: int) -> None:
    strip = HealthStrip(theme)
    qtbot.addWidget(strip)
    strip.resize(width, 36)
    strip.show_health([FakeHealth(f"venue_{i}", state) for i, state in enumerate(BookState)])
    strip.grab()
    assert max(box.right() for box in strip._boxes) <= width


def test_venues_without_room_share_a_chip_that_shows_the_worst_of_them(theme: Theme, qtbot: QtBot) -> None:
    strip = HealthStrip(theme)
    qtbot.addWidget(strip)
    strip.resize(240, 36)
    states = (BookState.LIVE, BookState.LIVE, BookState.LIVE, BookState.STALE, BookState.GAP, BookState.LIVE)
    strip.show_health([FakeHealth(f"some_venue_{i}", state) for i, state in enumerate(states)])
    strip.grab()
    *_, rest = strip.shown
    assert rest.venue == f"+{len(states) - len(strip.shown) + 1}"
    assert rest.state == "gap"
    assert "some_venue_4: gap" in rest.tip


EIGHT = [f"{exchange}_{kind}" for exchange in ("binance", "bybit", "okx", "kraken") for kind in ("spot", "perp")]


def test_a_venue_that_is_not_connected_says_why(theme: Theme) -> None:
    why = "not connected: okx refused the keys; tried again every 300 s"
    chip = chip_of(FakeHealth("okx_perp", BookState.EMPTY, age_ms=None, latency_ms=None, note=why, connected=False))
    assert (chip.state, chip.value) == ("offline", "offline")
    assert chip.tip == f"okx_perp: {why}"


def test_eight_venues_and_their_states_are_in_sight_at_1366_pixels(theme: Theme, qtbot: QtBot) -> None:
    for mode in ("paper", "testnet", "live"):
        bar = TopBar(theme, mode, "BTC/USDT")
        qtbot.addWidget(bar)
        bar.resize(1366, 36)
        bar.show()
        bar.show_touch(Decimal("61837.63"), Decimal("61837.64"), 2)
        bar.show_health([FakeHealth(venue, BookState.LIVE) for venue in EIGHT])
        bar.grab()
        assert [chip.venue for chip in bar.health.shown] == EIGHT, mode


def test_where_names_have_no_room_an_exchange_is_named_once() -> None:
    chips = [chip_of(FakeHealth(venue, BookState.LIVE)) for venue in (*EIGHT[:3], "odd")]
    assert [chip.written for chip in grouped(chips)] == ["binance spot", "perp", "bybit spot", "odd"]
    assert [chip.written for chip in grouped(chips, letters=1)] == ["binance s", "p", "bybit s", "odd"]
    assert [chip.tip for chip in grouped(chips)] == [chip.tip for chip in chips]


def test_the_tooltip_is_that_of_the_chip_under_the_mouse(theme: Theme, qtbot: QtBot) -> None:
    strip = HealthStrip(theme)
    qtbot.addWidget(strip)
    strip.resize(420, 36)
    strip.show_health([FakeHealth(venue, BookState.LIVE) for venue in EIGHT])
    strip.grab()
    boxes = dict(zip((chip.venue for chip in strip.shown), strip._boxes, strict=True))
    assert boxes["bybit_perp"].left() == boxes["bybit_spot"].right() + 1
    assert all(not one.intersects(other) for venue, one in boxes.items() for name, other in boxes.items() if venue != name)


def test_numbers_do_not_move_what_stands_beside_them(theme: Theme, qtbot: QtBot) -> None:
    bar = TopBar(theme, "demo", "BTC/USDT")
    qtbot.addWidget(bar)
    bar.resize(1366, 36)
    bar.show()
    bar.show_touch(Decimal("61837.63"), Decimal("61837.64"), 2)
    layout = bar.layout()
    assert layout is not None
    layout.activate()
    before = bar.health.x()
    bar.show_touch(Decimal("9837.1"), Decimal("9838"), 2)
    layout.activate()
    assert bar.health.x() == before


def test_kill_is_one_click_without_a_question(theme: Theme, qtbot: QtBot) -> None:
    bar = TopBar(theme, "demo", "BTC/USDT")
    qtbot.addWidget(bar)
    bar.set_symbols(["BTC/USDT", "ETH/USDT"], "BTC/USDT")
    with qtbot.waitSignal(bar.kill.kill_asked, timeout=1000):
        QTest.mouseClick(bar.kill, Qt.MouseButton.LeftButton)


def test_lag_is_the_worst_lateness_since_the_last_look() -> None:
    meter = LagMeter(0.05)
    for now in (0.0, 0.05, 0.13, 0.18):
        meter.tick(now)
    assert meter.read_ms() == pytest.approx(30)
    assert meter.read_ms() == 0


def test_the_status_bar_says_what_is_old(theme: Theme, qtbot: QtBot) -> None:
    bar = StatusBar()
    qtbot.addWidget(bar)
    bar.show_oldest("kraken_spot", 3_400)
    bar.show_rate(1234)
    bar.show_frame(2.345)
    bar.show_oldest(None, None)
