"""Which symbols to offer for what has been typed, best first. Qt-free.

An exchange lists thousands. Whoever types `btc` means BTC/USDT and not 1000BTC/USDT, so a base that *is* the text comes before one
that begins with it, and that before one that only contains it; what was used lately comes first within each. A slash is never needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

MOST_OFFERED = 200
MOST_REMEMBERED = 8


def offered(text: str, symbols: Sequence[str], recent: Sequence[str] = (), *, at_most: int = MOST_OFFERED) -> list[str]:
    """The symbols that `text` may mean, best first; for no text those used lately, then all in their order."""
    known = set(symbols)
    lately = [symbol for symbol in recent if symbol in known]
    ordered = [*lately, *(symbol for symbol in symbols if symbol not in set(lately))]
    wanted = _plain(text)
    if not wanted:
        return ordered[:at_most]
    ranked = [(rank, place, symbol) for place, symbol in enumerate(ordered) if (rank := _rank(wanted, symbol)) is not None]
    return [symbol for _, _, symbol in sorted(ranked)[:at_most]]


def meant(text: str, symbols: Sequence[str], recent: Sequence[str] = ()) -> str | None:
    """The one symbol that Enter takes for `text`; None when there is none."""
    return next(iter(offered(text, symbols, recent, at_most=1)), None) if _plain(text) else None


def remembered(symbol: str, recent: Iterable[str]) -> tuple[str, ...]:
    """`recent` with `symbol` in front, without the oldest."""
    return (symbol, *(other for other in recent if other != symbol))[:MOST_REMEMBERED]


def _rank(wanted: str, symbol: str) -> int | None:
    """0 the symbol itself, 1 its base, 2 its beginning, 3 somewhere inside; None: not at all."""
    plain = _plain(symbol)
    if plain == wanted:
        return 0
    if _plain(symbol.partition("/")[0]) == wanted:
        return 1
    if plain.startswith(wanted):
        return 2
    return 3 if wanted in plain else None


def _plain(text: str) -> str:
    return "".join(character for character in text.upper() if character.isalnum())
