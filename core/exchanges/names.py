"""What people call venues: `binanceusdm`, `binance_swap` and `Binance_Futures` are all `binance_perp`.

A bare exchange name means its spot venue where that is known (as in ccxt, where the id `binance` is
the spot market) and its only venue otherwise. Nothing is guessed beyond that: `binancecoinm` is
inverse, which we do not trade, so it is unknown.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import islice

from core.domain.errors import UnknownVenue

_MOST_NAMED = 12

SPOT = "_spot"
PERP = "_perp"

_PERP_SUFFIXES = ("_perpetual", "_futures", "_future", "_linear", "_swap", "_usdm", "usdm", PERP)


def resolve_venue(name: object, known: Collection[str]) -> str:
    """The venue of `known` that `name` means; case and surrounding spaces do not matter.

    Raises:
        UnknownVenue: no known venue, or several; the sentence lists the known ones.
    """
    wanted = name.strip().lower() if isinstance(name, str) else ""
    if wanted in known:
        return wanted
    for suffix in _PERP_SUFFIXES:
        exchange = wanted.removesuffix(suffix)
        if exchange != wanted and exchange + PERP in known:
            return exchange + PERP
    family = sorted(venue for venue in known if wanted and venue.startswith(wanted + "_"))
    if wanted + SPOT in family:
        return wanted + SPOT
    if len(family) == 1:
        return family[0]
    problem = f"{name!r} could mean several venues" if family else f"There is no venue {name!r}"
    raise UnknownVenue(f"{problem}; known: {', '.join(sorted(known)) or 'none'}.")


def some_of(names: Collection[str]) -> str:
    """`A, B, C and 2,341 more`: a sentence has room for a dozen symbols, and a real venue lists thousands. 'none' when there are none."""
    named = ", ".join(islice(sorted(names), _MOST_NAMED))
    more = len(names) - _MOST_NAMED
    return f"{named} and {more:,} more" if more > 0 else named or "none"
