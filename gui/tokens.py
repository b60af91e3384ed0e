"""The window's colours by name, read once from `resources/theme.json`. Qt-free, so that contrast is tested without a screen.

Buy and sell are a *palette* on top of a theme, because they change apart from it: a colour-blind trader
wants blue and orange in the dark and the light theme alike, and much of Asia swaps green and red.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

import resources

ThemeName = Literal["dark", "light"]
PaletteName = Literal["standard", "colour_blind"]
THEMES: tuple[ThemeName, ...] = ("dark", "light")
PALETTES: tuple[PaletteName, ...] = ("standard", "colour_blind")


@cache
def _file() -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = json.loads(resources.text_of("theme.json"))
    return loaded


def tokens(theme: ThemeName = "dark", palette: PaletteName = "standard", *, swap: bool = False) -> dict[str, str]:
    """Colour names to `#rrggbb`.

    Args:
        swap: buy takes sell's colours and the other way round.
    """
    sides: dict[str, str] = dict(_file()["palettes"][palette][theme])
    if swap:
        sides = {
            "buy": sides["sell"],
            "sell": sides["buy"],
            "buy_button": sides["sell_button"],
            "sell_button": sides["buy_button"],
        }
    return {**_file()["themes"][theme], **sides}


def venue_hue(venue: str) -> str:
    """A hue that stays with the venue's name, whatever else is on screen: Okabe-Ito's eight, then lighter and darker ones of them.

    Unknown venues take one by a checksum of their name: two of those may share a hue, none changes it.
    """
    known: Mapping[str, str] = _file()["venues"]
    hues: list[str] = _file()["hues"]
    return known.get(venue) or hues[zlib.crc32(venue.encode()) % len(hues)]


def _luminance(color: str) -> float:
    channels = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast ratio of two `#rrggbb` colours: 1 (same) to 21 (black on white)."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)
