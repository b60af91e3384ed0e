"""Every text must be readable in every look, and numbers must stand in columns."""

from __future__ import annotations

import json

import pytest
from PySide6.QtGui import QFont, QFontMetricsF
from pytestqt.qtbot import QtBot

import resources
from gui.theme import Theme
from gui.tokens import PALETTES, THEMES, PaletteName, ThemeName, contrast, tokens, venue_hue

LOOKS = [(theme, palette, swap) for theme in THEMES for palette in PALETTES for swap in (False, True)]
VENUES = ("binance_spot", "binance_perp", "bybit_spot", "bybit_perp", "okx_spot", "kraken_spot")


@pytest.mark.parametrize(("theme", "palette", "swap"), LOOKS)
def test_text_is_readable_on_every_surface(theme: ThemeName, palette: PaletteName, swap: bool) -> None:
    colors = tokens(theme, palette, swap=swap)
    for surface in ("background", "panel", "raised", "field", "selection"):
        for text in ("text", "strong", "muted", "warn", "error", "ok", "buy", "sell"):
            assert contrast(colors[text], colors[surface]) >= 4.5, f"{text} on {surface}"
    for button in ("buy_button", "sell_button", "danger_button", "danger_button_hover"):
        assert contrast(colors["on_button"], colors[button]) >= 4.5, button
    for badge in ("demo_badge", "replay_badge"):
        assert contrast(colors["on_badge"], colors[badge]) >= 4.5, badge
    assert contrast(colors["on_button"], colors["live_badge"]) >= 4.5
    assert contrast(colors["on_accent"], colors["accent"]) >= 4.5


def test_swapping_exchanges_buy_and_sell() -> None:
    usual, swapped = tokens("dark"), tokens("dark", swap=True)
    assert (swapped["buy"], swapped["sell"]) == (usual["sell"], usual["buy"])
    assert (swapped["buy_button"], swapped["sell_button"]) == (usual["sell_button"], usual["buy_button"])


def test_the_colour_blind_palette_is_blue_and_orange() -> None:
    assert (tokens("dark", "colour_blind")["buy"], tokens("dark", "colour_blind")["sell"]) == ("#4aa3ff", "#ff9f43")


def test_no_two_venues_that_we_know_share_a_hue() -> None:
    known = json.loads(resources.text_of("theme.json"))["venues"]
    assert len(set(known.values())) == len(known)


def test_the_demo_venues_have_six_different_hues_and_keep_them() -> None:
    assert len({venue_hue(venue) for venue in VENUES}) == len(VENUES)
    assert venue_hue("some_new_venue") == venue_hue("some_new_venue")


@pytest.mark.parametrize("weight", [QFont.Weight.Normal, QFont.Weight.Medium, QFont.Weight.DemiBold])
def test_digits_are_all_equally_wide(theme: Theme, weight: QFont.Weight) -> None:
    metrics = QFontMetricsF(theme.ui_font(12, weight))
    widths = [metrics.horizontalAdvance(digit * 8) for digit in "0123456789"]
    assert max(widths) - min(widths) < 0.5


def test_changing_the_look_tells_the_widgets(theme: Theme, qtbot: QtBot) -> None:
    with qtbot.waitSignal(theme.changed):
        theme.select("light", "colour_blind", swap=False)
    assert theme.hex("panel") == "#ffffff"
    assert theme.color("buy", 0.5).alphaF() == pytest.approx(0.5, abs=0.01)
